"""Hyperparameters become a compiled Keras network.

:func:`build_network` is a scikeras build function, so it serves a plain
:class:`scikeras.wrappers.KerasClassifier` or `KerasRegressor` as well as skdnn's estimators.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from skdnn._engine.backend import float32_by_default, load_tensorflow
from skdnn.network.architecture import Architecture
from skdnn.network.initializers import validate_initializers
from skdnn.network.layer_settings import Activation, Regularization
from skdnn.network.losses import Loss, default_loss
from skdnn.network.outputs import (
    EXPONENTIAL,
    LINEAR,
    Output,
    output_of_classes,
    output_of_labels,
    output_of_numbers,
)

if TYPE_CHECKING:
    import keras

    from skdnn.network.optimizers import OptimizerSpec


def build_network(
    meta: Mapping[str, Any],
    compile_kwargs: Mapping[str, Any],
    hidden_units: int | Sequence[int] = (100,),
    activation: Activation | Sequence[Activation] = "relu",
    seed: int | None = None,
    *,
    kernel_initializer: Any = "glorot_uniform",
    batch_normalization: bool | Sequence[bool] = False,
    dropout: float | Sequence[float] = 0.0,
    l2: float | Sequence[float] = 0.0,
) -> keras.Sequential:
    """Build and compile a dense network, as a model-building function for scikeras.

    Samples with more than one dimension first pass through a ``Flatten`` layer. The output
    layer and the default loss depend on the target:

    - two classes: one sigmoid unit, binary cross-entropy;
    - more classes: softmax, sparse categorical cross-entropy;
    - multilabel: one sigmoid unit per label, binary cross-entropy;
    - regression: one linear unit per output, mean squared error; exponential units if the
      loss is Keras's Poisson. `y` is not scaled.

    The loss of a batch is the mean weighted by the sample weights.

    Parameters
    ----------
    meta : mapping
        Metadata that scikeras collects from the data. Used are ``X_shape_``,
        ``target_type_`` and ``n_classes_``, or ``n_outputs_`` for regressors.
    compile_kwargs : mapping
        Arguments that scikeras passes to ``Model.compile``. Defaults replace ``loss`` and
        ``metrics`` if they are None.
    hidden_units : int or sequence of int, default=(100,)
        Number of units in each hidden layer; ``()`` is a linear model.
    activation : str, callable, or sequence of those, default="relu"
        Activation of the hidden layers, one for all or one per layer: a name known to
        :func:`keras.activations.get`, or a function of a tensor.
    seed : int, optional
        Seed of the initial weights. None draws new ones each time, from Keras's generator.
    kernel_initializer : str, Initializer, callable or sequence, default="glorot_uniform"
        Initializer of the kernel weights, one for all layers or one per layer, the output
        layer's last.
    batch_normalization : bool or sequence of bool, default=False
        Whether to apply batch normalization before the activation of the hidden layers.
    dropout : float or sequence of float, default=0.0
        Fraction of the outputs of a hidden layer to drop at each training step.
    l2 : float or sequence of float, default=0.0
        L2 regularization of the kernel weights, as in :class:`keras.regularizers.L2`; one
        value for all layers or one per layer, the output layer's last.

    Returns
    -------
    model : keras.Sequential
        The compiled network.

    Raises
    ------
    ValueError
        If a parameter is invalid.
    TypeError
        If a parameter has the wrong type.

    See Also
    --------
    skdnn.KerasDNNClassifier : Builds its network with this function.
    skdnn.KerasDNNRegressor : Builds its network with this function.

    References
    ----------
    `Scikeras: keras.Model and its build function
    <https://adriangb.com/scikeras/stable/advanced.html>`_

    Examples
    --------
    >>> from scikeras.wrappers import KerasClassifier
    >>> from sklearn.datasets import load_iris
    >>> from skdnn import build_network
    >>> X, y = load_iris(return_X_y=True)
    >>> classifier = KerasClassifier(
    ...     model=build_network,
    ...     model__hidden_units=(20, 10),
    ...     model__activation="tanh",
    ...     model__seed=0,
    ...     optimizer="adam",
    ...     optimizer__learning_rate=0.01,
    ...     epochs=20,
    ...     verbose=0,
    ... )
    >>> classifier.fit(X, y).predict(X[:3]).shape
    (3,)
    """
    output = _output_of(meta, compile_kwargs.get("loss"))
    architecture = Architecture.from_parameters(
        input_shape=tuple(meta["X_shape_"][1:]),
        output=output,
        hidden_units=hidden_units,
        activation=activation,
        batch_normalization=batch_normalization,
    )
    n_hidden = len(architecture.hidden_units)
    model = architecture.build(
        seed,
        Regularization.from_parameters(n_hidden, dropout, l2),
        validate_initializers(kernel_initializer, n_hidden),
    )
    kwargs = dict(compile_kwargs)
    if kwargs.get("loss") is None:
        kwargs["loss"] = default_loss(output).loss(output)
    if kwargs.get("metrics") is None:
        kwargs["metrics"] = [default_loss(output).metric(output)]
    model.compile(**{"auto_scale_loss": False, **kwargs})  # the layers are of float32
    return model


def _output_of(meta: Mapping[str, Any], loss: Any) -> Output:
    """Return the output layer that fits what scikeras learnt of the targets."""
    if "n_classes_" not in meta:  # KerasRegressor
        return output_of_numbers(int(meta["n_outputs_"]), positive=_is_poisson(loss))
    multilabel = _validate_target_type(meta) == "multilabel-indicator"
    if multilabel and "categorical_crossentropy" in str(loss):
        raise ValueError(
            "y holds a column of zeros and ones per label, which is multilabel here, with a "
            f"sigmoid each: it can't be used with loss={loss!r}; for one "
            "class per row, pass y.argmax(axis=1)"
        )
    return (output_of_labels if multilabel else output_of_classes)(int(meta["n_classes_"]))


def _is_poisson(loss: Any) -> bool:
    from keras import losses

    poisson = (losses.Poisson, losses.poisson)
    return isinstance(loss, losses.Poisson) or loss in (*poisson, "poisson", "Poisson")


def _validate_target_type(meta: Mapping[str, Any]) -> Any:
    kind = meta.get("target_type_")
    if kind not in (None, "binary", "multiclass", "multilabel-indicator"):
        raise ValueError(
            "build_network makes classifiers: y must hold one class per row, or a column of "
            f"zeros and ones per label, got a target of type {kind!r}; "
            "numbers are for scikeras.wrappers.KerasRegressor"
        )
    return kind


@float32_by_default()
def compiled_network(
    architecture: Architecture,
    spec: OptimizerSpec,
    regularization: Regularization | None = None,
    loss: Loss | None = None,
) -> keras.Sequential:
    """Build and compile a network through scikeras, as the estimators do.

    Parameters
    ----------
    architecture : Architecture
        The layers.
    spec : OptimizerSpec
        The optimizer. What the user gave beside its name is routed by scikeras, as
        ``optimizer__<name>``.
    regularization : Regularization, optional
        Dropout and penalties.
    loss : Loss, optional
        The loss; by default that of the output layer.

    Returns
    -------
    model : keras.Sequential
        The network, compiled; its start weights mean nothing.
    """
    load_tensorflow()
    from scikeras.wrappers import KerasClassifier, KerasRegressor

    from skdnn._engine.optimizer_copies import make_copyable

    make_copyable()  # scikeras has patched Keras's optimizers at import
    regularization = regularization or Regularization.none(len(architecture.hidden_units))
    loss = loss or default_loss(architecture.output)
    optimizer, routed = _optimizer_arguments(spec)
    y, is_classifier = _dummy_y(architecture.output)
    wrapper = (KerasClassifier if is_classifier else KerasRegressor)(
        model=build_network,
        model__hidden_units=architecture.hidden_units,
        model__activation=architecture.activation,
        model__seed=0,
        model__batch_normalization=architecture.batch_normalization,
        loss=loss.loss(architecture.output),
        optimizer=optimizer,
        # All of its fields: one that build_network does not take is an error.
        **{f"model__{name}": value for name, value in vars(regularization).items()},
        **{f"optimizer__{name}": value for name, value in routed.items()},
    )
    X = np.zeros((len(y), *architecture.input_shape), np.float32)
    model: keras.Sequential = wrapper.initialize(X, y).model_
    return model


def _optimizer_arguments(spec: OptimizerSpec) -> tuple[Any, dict[str, Any]]:
    """Return what scikeras takes as `optimizer`, and the parameters that it routes to it."""
    if spec.options is None:  # an instance: a copy of it
        return spec.make(), {}
    routed = dict(spec.options)
    if spec.learning_rate is not None:
        routed["learning_rate"] = spec.learning_rate
    return type(spec.template), routed


def _dummy_y(output: Output) -> tuple[Any, bool]:
    """Return targets that hold every class, or numbers, and whether they are classes."""
    n, activation = output
    if activation in (LINEAR, EXPONENTIAL):
        return np.full((2, n), 0.5), False
    several_labels = activation == "sigmoid" and n > 1
    return np.eye(n + 1, n, dtype=int) if several_labels else np.arange(max(n, 2)), True


def rescaled_network(
    model: keras.Sequential, scale: Sequence[float], shift: Sequence[float]
) -> keras.Sequential:
    """Append a layer to a compiled network that scales its outputs to other units.

    Parameters
    ----------
    model : keras.Sequential
        Compiled; its layers and its optimizer become the new model's.
    scale, shift : sequence of float
        Each output is multiplied by the first and the second is added.

    Returns
    -------
    model : keras.Sequential
        Compiled for targets in these units.

    Raises
    ------
    ValueError
        If there are several outputs and Keras is set to "channels_first", which its layer
        would take for theirs.
    """
    from keras import Sequential, config, layers, metrics

    units: Any = (scale, shift)
    if len(scale) == 1:
        units = (scale[0], shift[0])
    elif config.image_data_format() == "channels_first":
        raise ValueError(
            "Keras's Rescaling, the last layer of model_, takes several outputs for channels "
            "of images under keras.config.image_data_format()='channels_first': call "
            "keras.config.set_image_data_format('channels_last')"
        )
    layer = layers.Rescaling(*units, name="units", dtype="float32")
    first = layers.Input(model.input_shape[1:], dtype="float32")
    rescaled = Sequential([first, *model.layers, layer], name=model.name)
    rescaled.dtype_policy = model.dtype_policy
    metric = metrics.MeanAbsoluteError("mean_absolute_error", "float32")
    rescaled.compile(model.optimizer, model.loss, metrics=[metric], auto_scale_loss=False)
    return rescaled
