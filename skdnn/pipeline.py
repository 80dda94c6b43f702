"""The two-step pipeline: images to rows, rows to classes or numbers."""

from __future__ import annotations

from typing import Any

from sklearn.base import clone
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer

from skdnn._estimator.base import KerasDNNBase
from skdnn._messages import brief
from skdnn.classifier import KerasDNNClassifier
from skdnn.preprocessing import make_image_transformer

_TRANSFORMER_ATTRIBUTES = {"feature_names_in_", "n_features_in_"}


def make_image_pipeline(
    *,
    estimator: KerasDNNBase | None = None,
    scale: float = 255.0,
    flatten: bool = True,
    image_shape: tuple[int, ...] | None = None,
    **hyperparameters: Any,
) -> Pipeline:
    """Make the pipeline ``scale`` → ``dnn``.

    The names of the steps read well in a grid: ``dnn__optimizer``, ``dnn__activation``,
    ``dnn__optimizer__learning_rate``.

    Rows of pixels in a DataFrame are taken by the order of its columns: a `FunctionTransformer`
    does not compare their names with those seen in `fit`.

    Parameters
    ----------
    estimator : KerasDNNClassifier or KerasDNNRegressor, default=None
        What learns from the rows: a :class:`skdnn.KerasDNNRegressor` for numbers. It is cloned:
        what is passed is neither changed nor fitted. None takes a
        :class:`skdnn.KerasDNNClassifier`.
    scale : float, default=255.0
        Value of a pixel that becomes 1.
    flatten : bool, default=True
        True flattens in the transformer; False only scales there, and the network flattens
        with a ``Flatten`` layer.
    image_shape : tuple of int, optional
        Shape that each image must have; see
        :func:`skdnn.preprocessing.make_image_transformer`.
    **hyperparameters : dict
        Hyperparameters of the estimator, ``optimizer__<name>`` included; they take the place
        of those that `estimator` has.

    Returns
    -------
    pipeline : sklearn.pipeline.Pipeline
        Steps ``"scale"`` (:class:`sklearn.preprocessing.FunctionTransformer`) and ``"dnn"``
        (the estimator).

    Raises
    ------
    TypeError
        If `estimator` is something else.
    ValueError
        If a name is not a hyperparameter of the estimator.

    Examples
    --------
    >>> from skdnn import make_image_pipeline
    >>> from skdnn.datasets import load_fashion_mnist_sample
    >>> images, target = load_fashion_mnist_sample(return_X_y=True)
    >>> pipeline = make_image_pipeline(activation="sigmoid", epochs=3, random_state=0)
    >>> bool(pipeline.fit(images, target).score(images, target) > 0.6)
    True

    Numbers, such as the age of who is in a picture; here, how bright it is:

    >>> from skdnn import KerasDNNRegressor
    >>> brightness = images.mean(axis=(1, 2))
    >>> pipeline = make_image_pipeline(
    ...     estimator=KerasDNNRegressor(loss="absolute_error"), epochs=10, random_state=0
    ... )
    >>> bool(pipeline.fit(images, brightness).score(images, brightness) > 0.9)
    True
    """
    network = KerasDNNClassifier() if estimator is None else clone(_checked(estimator))
    prefixed = sorted(name for name in hyperparameters if name.startswith("dnn__"))
    if prefixed:
        raise ValueError(
            f"hyperparameters have {type(network).__name__}'s names here: "
            f"{prefixed[0][5:]!r}, not {prefixed[0]!r}"
        )
    transformer = make_image_transformer(scale=scale, flatten=flatten, image_shape=image_shape)
    return Pipeline([("scale", transformer), ("dnn", network.set_params(**hyperparameters))])


def _checked(estimator: Any) -> KerasDNNBase:
    if isinstance(estimator, KerasDNNBase):
        return estimator
    remedy = ""
    if isinstance(estimator, type) and issubclass(estimator, KerasDNNBase):
        remedy = f": write {estimator.__name__}()"
    raise TypeError(
        "estimator must be a KerasDNNClassifier or a KerasDNNRegressor, got "
        f"{brief(estimator)}{remedy}; make_pipeline(make_image_transformer(), ...) takes others"
    )


def image_pipeline_parts(pipeline: Pipeline) -> tuple[dict[str, Any], Any]:
    """Take an image pipeline apart, for those who write it to a file.

    Parameters
    ----------
    pipeline : sklearn.pipeline.Pipeline
        As :func:`make_image_pipeline` makes it.

    Returns
    -------
    settings : dict
        ``scale``, ``flatten`` and ``image_shape`` of the transformer.
    estimator : estimator
        The second step.

    Raises
    ------
    TypeError
        If it is another pipeline.
    """
    names = [name for name, _ in pipeline.steps]
    given = pipeline.steps[0][1]
    standard = make_image_transformer()
    settings = {**standard.kw_args, **(getattr(given, "kw_args", None) or {})}
    fine = (
        type(pipeline) is Pipeline
        and names == ["scale", "dnn"]
        and type(given) is FunctionTransformer
        and {**given.get_params(), "kw_args": None}
        == {**standard.get_params(), "kw_args": None}
        and settings.keys() == standard.kw_args.keys()
        and vars(given).keys() - _TRANSFORMER_ATTRIBUTES == vars(standard).keys()
        and pipeline.memory is None
    )
    if not fine:
        raise TypeError(
            "the pipeline must be as make_image_pipeline makes it: steps 'scale' and 'dnn', "
            f"no memory and no output set; got steps {names}. Take the network alone, or "
            "skops for whole pipelines"
        )
    return settings, pipeline.steps[1][1]
