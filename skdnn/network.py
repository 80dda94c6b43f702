"""Hyperparameters become a Keras network.

:func:`build_network` is the one place where layers are put together. It is a scikeras build
function, so it serves a plain :class:`scikeras.wrappers.KerasClassifier` as well as
:class:`skdnn.KerasDNNClassifier`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

if TYPE_CHECKING:
    import keras

    from skdnn._optimizers import OptimizerChoice

Activation: TypeAlias = str | Callable[..., Any]


@dataclass(frozen=True)
class Architecture:
    """What decides the layers of a network, and nothing else.

    Two fits with equal architectures share one Keras model and its compiled programs.

    Parameters
    ----------
    input_shape : tuple of int
        Shape of one row: ``(784,)``, or ``(28, 28)`` for a network that flattens.
    n_classes : int
        Number of classes, at least 2.
    hidden_units : tuple of int
        Units of each hidden layer.
    activation : tuple of str or callable
        Activation of each hidden layer.
    """

    input_shape: tuple[int, ...]
    n_classes: int
    hidden_units: tuple[int, ...]
    activation: tuple[Activation, ...]

    @classmethod
    def from_parameters(
        cls,
        input_shape: tuple[int, ...],
        n_classes: int,
        hidden_units: int | Sequence[int],
        activation: Activation | Sequence[Activation],
    ) -> Architecture:
        """Check the parameters and give each hidden layer its activation.

        Parameters
        ----------
        input_shape : tuple of int
            Shape of one row.
        n_classes : int
            Number of classes, at least 2.
        hidden_units : int or sequence of int
            Units of each hidden layer; an int means one hidden layer.
        activation : str, callable, or sequence of those
            One for all hidden layers, or one per hidden layer.

        Returns
        -------
        architecture : Architecture
            The checked description.

        Raises
        ------
        ValueError
            If a number of units is not positive, an activation has no such name in Keras,
            or the number of activations differs from the number of hidden layers.
        TypeError
            If a number of units is not an integer, or an activation is neither a name nor a
            function.
        """
        units = _checked_units(hidden_units)
        return cls(input_shape, n_classes, units, _activation_per_layer(activation, len(units)))

    def build(self, seed: int | None = None) -> keras.Sequential:
        """Put the layers together, not compiled.

        Parameters
        ----------
        seed : int, optional
            Seed of the start weights; see :func:`build_network`.

        Returns
        -------
        model : keras.Sequential
            The network.
        """
        from keras import Sequential, layers

        seeds = layer_seeds(seed, len(self.hidden_units) + 1)
        stack = [layers.Input(self.input_shape, dtype="float32")]
        if len(self.input_shape) > 1:
            stack.append(layers.Flatten(name="flatten", dtype="float32"))
        for number, (units, activation) in enumerate(
            zip(self.hidden_units, self.activation, strict=True), start=1
        ):
            stack.append(_dense(units, activation, seeds[number - 1], f"hidden_{number}"))
        if self.n_classes == 2:
            stack.append(_dense(1, "sigmoid", seeds[-1], "output"))
        else:
            stack.append(_dense(self.n_classes, "softmax", seeds[-1], "output"))
        return Sequential(stack, name="dnn")


def build_network(
    meta: Mapping[str, Any],
    compile_kwargs: Mapping[str, Any],
    hidden_units: int | Sequence[int] = (100,),
    activation: Activation | Sequence[Activation] = "relu",
    seed: int | None = None,
) -> keras.Sequential:
    """Build and compile a dense network; a build function for scikeras.

    Rows of more than one dimension pass a ``Flatten`` layer first. Two classes end in one
    sigmoid unit with binary cross-entropy, more classes in a softmax with sparse categorical
    cross-entropy. The loss of a batch is the mean weighted by the sample weights.

    Parameters
    ----------
    meta : mapping
        What scikeras learnt from the data; ``X_shape_`` and ``n_classes_`` are used.
    compile_kwargs : mapping
        What scikeras passes on to ``Model.compile``; ``loss`` and ``metrics`` are filled in
        where they are None.
    hidden_units : int or sequence of int, default=(100,)
        Units of each hidden layer; ``()`` is a linear model.
    activation : str, callable, or sequence of those, default="relu"
        Activation of the hidden layers, one for all or one per layer: a name known to
        :func:`keras.activations.get`, or a function of a tensor.
    seed : int, optional
        Seed of the start weights. None draws new ones each time, from Keras's own generator.

    Returns
    -------
    model : keras.Sequential
        The network, compiled.

    Raises
    ------
    ValueError
        If `hidden_units` or `activation` does not describe a network.
    TypeError
        If `hidden_units` or `activation` is of a wrong type.

    See Also
    --------
    skdnn.KerasDNNClassifier : The estimator that builds its network with this function.

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
    architecture = Architecture.from_parameters(
        input_shape=tuple(meta["X_shape_"][1:]),
        n_classes=int(meta["n_classes_"]),
        hidden_units=hidden_units,
        activation=activation,
    )
    model = architecture.build(seed)
    kwargs = dict(compile_kwargs)
    if kwargs.get("loss") is None:
        kwargs["loss"] = cross_entropy(architecture.n_classes)
    if kwargs.get("metrics") is None:
        kwargs["metrics"] = ["accuracy"]
    model.compile(**kwargs)
    return model


def compiled_network(architecture: Architecture, choice: OptimizerChoice) -> keras.Sequential:
    """Build and compile a network through scikeras, as `KerasDNNClassifier` does.

    Parameters
    ----------
    architecture : Architecture
        The layers.
    choice : OptimizerChoice
        The optimizer. What the user gave beside its name is routed by scikeras, as
        ``optimizer__<name>``.

    Returns
    -------
    model : keras.Sequential
        The network, compiled; its start weights mean nothing.
    """
    from scikeras.wrappers import KerasClassifier

    optimizer: Any
    if choice.options is None:  # an instance: a copy of it, that is
        optimizer, routed = choice.make(), {}
    else:
        optimizer, routed = type(choice.template), dict(choice.options)
        if choice.learning_rate is not None:
            routed["learning_rate"] = choice.learning_rate
    wrapper = KerasClassifier(
        model=build_network,
        model__hidden_units=architecture.hidden_units,
        model__activation=architecture.activation,
        model__seed=0,
        optimizer=optimizer,
        **{f"optimizer__{name}": value for name, value in routed.items()},
    )
    # Any array that names every class tells scikeras all it needs to know of the data.
    X = np.zeros((architecture.n_classes, *architecture.input_shape), np.float32)
    model: keras.Sequential = wrapper.initialize(X, np.arange(architecture.n_classes)).model_
    return model


def cross_entropy(n_classes: int) -> Any:
    """Return the loss of a network.

    Parameters
    ----------
    n_classes : int
        Number of classes.

    Returns
    -------
    loss : keras.losses.Loss
        Binary or sparse categorical cross-entropy. It divides by the weights, not by the
        rows (Keras's default), so that a weight of 2 is a repeated row, as scikit-learn has
        it.
    """
    from keras import losses

    kind = losses.BinaryCrossentropy if n_classes == 2 else losses.SparseCategoricalCrossentropy
    return kind(reduction="mean_with_sample_weight")


def initial_weights(model: keras.Sequential, seed: int) -> list[np.ndarray]:
    """Draw the weights that the network would have if it were built anew with `seed`.

    Building takes milliseconds and names in Keras's global state; drawing from the layers'
    own initialisers takes neither.

    Parameters
    ----------
    model : keras.Sequential
        A network made by :meth:`Architecture.build`.
    seed : int
        Seed of the start weights.

    Returns
    -------
    weights : list of ndarray of float32
        In the order of ``model.weights``.
    """
    drawn = {}
    dense = [layer for layer in model.layers if hasattr(layer, "kernel_initializer")]
    for layer, layer_seed in zip(dense, layer_seeds(seed, len(dense)), strict=True):
        config = {**layer.kernel_initializer.get_config(), "seed": layer_seed}
        initializer = type(layer.kernel_initializer).from_config(config)
        kernel = initializer(layer.kernel.shape, dtype=layer.kernel.dtype)
        drawn[id(layer.kernel)] = np.asarray(kernel)
    # What has no seed (biases) starts as it was built.
    return [
        drawn.get(id(variable), np.asarray(variable.numpy())).copy()
        for variable in model.weights
    ]


def layer_seeds(seed: int | None, n_layers: int) -> list[int] | list[None]:
    """Give each layer a seed of its own.

    Parameters
    ----------
    seed : int or None
        Seed of the network; None leaves every layer unseeded.
    n_layers : int
        Number of layers with weights.

    Returns
    -------
    seeds : list of int or of None
        One per layer. Equal seeds would give equal columns to layers of one shape.
    """
    if seed is None:
        return [None] * n_layers
    # Keras's initialisers take seeds that fit a signed 32-bit integer.
    words = np.random.SeedSequence(seed).generate_state(n_layers)
    return [int(word) & 0x7FFFFFFF for word in words]


def _dense(units: int, activation: Activation, seed: int | None, name: str) -> Any:
    from keras import initializers, layers

    return layers.Dense(
        units,
        activation=activation,
        kernel_initializer=initializers.GlorotUniform(seed=seed),
        dtype="float32",
        name=name,
    )


def _checked_units(hidden_units: int | Sequence[int]) -> tuple[int, ...]:
    listed = [hidden_units] if isinstance(hidden_units, Integral) else list(hidden_units)  # type: ignore[arg-type]
    rule = f"hidden_units must hold one positive integer per hidden layer, got {hidden_units!r}"
    if any(isinstance(n, (bool, np.bool_)) or not isinstance(n, Integral) for n in listed):
        raise TypeError(rule)
    if any(n < 1 for n in listed):
        raise ValueError(rule)
    return tuple(int(n) for n in listed)


def _activation_per_layer(
    activation: Activation | Sequence[Activation], n_layers: int
) -> tuple[Activation, ...]:
    if isinstance(activation, str) or callable(activation):
        return (_checked_activation(activation),) * n_layers
    per_layer = tuple(_checked_activation(each) for each in activation)
    if len(per_layer) != n_layers:
        raise ValueError(
            "activation must be one for all hidden layers or one per hidden layer, got "
            f"{len(per_layer)} activations for {n_layers} hidden layers: {activation!r}"
        )
    return per_layer


def _checked_activation(activation: Activation) -> Activation:
    import keras

    if isinstance(activation, str):
        known = _activation_names()
        if activation not in known:
            raise ValueError(
                f"activation must be a function or one of {known}, got {activation!r}"
            )
        return str(activation)
    if isinstance(activation, keras.layers.Layer | type) or not callable(activation):
        raise TypeError(
            "activation must be a name or a function of a tensor (for settings, take "
            f"functools.partial(keras.activations.<name>, ...)), got {activation!r}"
        )
    return activation


def _activation_names() -> list[str]:
    import keras

    functions = inspect.getmembers(keras.activations, inspect.isfunction)
    # `glu` halves its input, which Dense does not foresee; `threshold` needs two arguments
    # more, so it can't be had by its name.
    not_activations = {"deserialize", "get", "glu", "serialize"}
    return [
        name
        for name, function in functions
        if name not in not_activations and _works_on_a_tensor_alone(function)
    ]


def _works_on_a_tensor_alone(function: Callable[..., Any]) -> bool:
    parameters = inspect.signature(function).parameters.values()
    return sum(parameter.default is parameter.empty for parameter in parameters) == 1
