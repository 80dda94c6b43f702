"""The two-step pipelines: images or tables to rows, rows to classes or numbers."""

from __future__ import annotations

from numbers import Real
from typing import Any

from sklearn.base import clone
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer

from skdnn._estimator.base import KerasDNNBase
from skdnn._messages import brief
from skdnn.classifier import KerasDNNClassifier
from skdnn.preprocessing import make_image_transformer, make_table_transformer

_L2_OF_TABLES = 1e-3
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
    transformer = make_image_transformer(scale=scale, flatten=flatten, image_shape=image_shape)
    return Pipeline([("scale", transformer), ("dnn", _network(estimator, hyperparameters))])


def make_table_pipeline(
    *,
    estimator: KerasDNNBase | None = None,
    max_categories: int | None = 50,
    min_frequency: float | None = 2,
    **hyperparameters: Any,
) -> Pipeline:
    """Make the pipeline ``columns`` → ``dnn``, from a table to classes or numbers.

    The table is a pandas or polars frame, or an array; its columns are found at `fit`.
    ``columns`` fills gaps in and brings numbers on one scale, against outliers too, and makes
    zeros and ones of categories: :func:`skdnn.preprocessing.make_table_transformer` tells how.
    ``dnn`` is the network. Their names read well in a grid: ``dnn__optimizer``,
    ``columns__numbers__scale``, ``columns__categories__encode__max_categories``.

    Parameters
    ----------
    estimator : KerasDNNClassifier or KerasDNNRegressor, default=None
        What learns from the rows: a :class:`skdnn.KerasDNNRegressor` for numbers. It is cloned:
        what is passed is neither changed nor fitted. None takes a
        :class:`skdnn.KerasDNNClassifier`.
    max_categories : int or None, default=50
        Most columns of zeros and ones that a column of categories becomes.
    min_frequency : int, float or None, default=2
        Rows, or share of the rows, that a category must have for a column of its own.
    **hyperparameters : dict
        Hyperparameters of the estimator, ``optimizer__<name>`` included; they take the place
        of those that `estimator` has. A table is learnt by heart more easily than images: an
        `estimator` without `l2` gets ``l2=0.001`` here. ``l2=0`` among these takes none.

    Returns
    -------
    pipeline : sklearn.pipeline.Pipeline
        Steps ``"columns"`` (:class:`sklearn.compose.ColumnTransformer`) and ``"dnn"`` (the
        estimator).

    Raises
    ------
    TypeError
        If `estimator` is something else; in `fit`, if `X` is no table.
    ValueError
        If a name is not a hyperparameter of the estimator. In `fit`, if a column holds dates,
        values of several kinds or infinity, or if all rows are the same; in `predict`, if a
        column is missing, or one of numbers holds something else. The message names it.

    See Also
    --------
    skdnn.preprocessing.make_table_transformer : The first step alone, for other estimators.
    skdnn.make_image_pipeline : The same for images.

    Notes
    -----
    Its defaults beside scikit-learn's `MLPClassifier` and `MLPRegressor` (on standardized `y`)
    and `LogisticRegression` and `Ridge`, all behind the same ``columns``, and
    `HistGradientBoosting`, at their defaults too. Five folds; below 2,000 rows the mean over
    three seeds. ``python docs/benchmarks/real_tables.py`` makes the table; this one is of
    28 November 2026, on two cores of an AMD EPYC:

    ==================  ==============  ========  ======  ======  ======  ========
    table               rows x columns  score     skdnn   MLP     linear  boosting
    ==================  ==============  ========  ======  ======  ======  ========
    breast cancer       569 x 30        accuracy  0.978   0.975   0.982   0.965
    wine                178 x 13        accuracy  0.972   0.970   0.974   0.961
    penguins, sex       333 x 7         accuracy  0.918   0.917   0.911   0.911
    titanic             1,309 x 3       accuracy  0.786   0.786   0.780   0.786
    credit              4,454 x 13      accuracy  0.797   0.787   0.805   0.783
    churn               5,000 x 19      accuracy  0.792   0.775   0.799   0.795
    adult, made up      5,000 x 11      accuracy  0.816   0.791   0.812   0.806
    covertype, made up  5,000 x 54      accuracy  0.807   0.788   0.737   0.731
    diabetes            442 x 10        R²        0.471   0.464   0.493   0.397
    linnerud            20 x 3          R²        -0.122  -0.244  -0.018  -0.142
    mpg                 234 x 9         R²        0.943   0.921   0.895   0.853
    sacramento          932 x 8         R²        0.690   0.678   0.695   0.676
    ames                2,930 x 73      R²        0.889   0.868   0.867   0.910
    hotels              5,000 x 26      R²        0.929   0.908   0.885   0.943
    diamonds            5,000 x 9       R²        0.969   0.970   0.918   0.969
    ==================  ==============  ========  ======  ======  ======  ========

    Another seed moves most of them by less than 0.01; linnerud has 20 rows, too few for any of
    the four. Where a linear model is ahead, a stronger `l2` or fewer epochs are worth a search.

    Examples
    --------
    >>> import pandas as pd
    >>> from skdnn import KerasDNNRegressor, make_table_pipeline
    >>> houses = pd.DataFrame(
    ...     {
    ...         "rooms": [1, 2, None, 4, 5, 3] * 20,
    ...         "town": ["Ulm", "Bonn", "Ulm", None, "Bonn", "Ulm"] * 20,
    ...         "garden": [False, True, True, False, True, False] * 20,
    ...     }
    ... )
    >>> price = 100_000 * houses["rooms"].fillna(6) + 50_000 * houses["garden"]
    >>> pipeline = make_table_pipeline(estimator=KerasDNNRegressor(), random_state=0)
    >>> bool(pipeline.fit(houses, price).score(houses, price) > 0.9)
    True

    Classes:

    >>> pipeline = make_table_pipeline(epochs=20, random_state=0).fit(houses, price > 350_000)
    >>> bool(pipeline.score(houses, price > 350_000) > 0.9)
    True
    >>> [str(name) for name in pipeline[:-1].get_feature_names_out()[-2:]]
    ['categories__garden_False', 'categories__garden_True']
    """
    transformer = make_table_transformer(
        max_categories=max_categories, min_frequency=min_frequency
    )
    network = _network(estimator, hyperparameters)
    if "l2" not in hyperparameters and _is_nought(network.get_params()["l2"]):
        network.set_params(l2=_L2_OF_TABLES)
    return Pipeline([("columns", transformer), ("dnn", network)])


def _is_nought(value: Any) -> bool:
    return isinstance(value, Real) and value == 0


def _network(estimator: KerasDNNBase | None, hyperparameters: dict[str, Any]) -> KerasDNNBase:
    """Return a classifier, or a clone of what was given, with hyperparameters."""
    network = KerasDNNClassifier() if estimator is None else clone(_checked(estimator))
    prefixed = sorted(name for name in hyperparameters if name.startswith("dnn__"))
    if prefixed:
        raise ValueError(
            f"hyperparameters have {type(network).__name__}'s names here: "
            f"{prefixed[0][5:]!r}, not {prefixed[0]!r}"
        )
    return network.set_params(**hyperparameters)


def _checked(estimator: Any) -> KerasDNNBase:
    if isinstance(estimator, KerasDNNBase):
        return estimator
    remedy = ""
    if isinstance(estimator, type) and issubclass(estimator, KerasDNNBase):
        remedy = f": write {estimator.__name__}()"
    raise TypeError(
        "estimator must be a KerasDNNClassifier or a KerasDNNRegressor, got "
        f"{brief(estimator)}{remedy}; make_pipeline takes others, behind "
        "make_image_transformer() or make_table_transformer()"
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
