"""Hyperparameters become a Keras network.

:func:`build_network` is the one place where layers are put together. It is a scikeras build
function, so it serves a plain :class:`scikeras.wrappers.KerasClassifier` as well as
:class:`skdnn.KerasDNNClassifier`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from skdnn._backend import load_tensorflow
from skdnn._layer_settings import (
    Activation,
    Regularization,
    checked_activation,
    checked_flag,
    checked_units,
    per_layer,
)
from skdnn._start_weights import InitializerChoice, choose_initializers, layer_seeds

if TYPE_CHECKING:
    import keras

    from skdnn._optimizers import OptimizerChoice


@dataclass(frozen=True)
class Architecture:
    """What decides the weights of a network and its outputs, and nothing else.

    Fits with equal architectures share one forward pass, and can go on from each other.

    Parameters
    ----------
    input_shape : tuple of int
        Shape of one row: ``(784,)``, or ``(28, 28)`` for a network that flattens.
    n_classes : int
        Number of classes, at least 2; of labels, if `multilabel`.
    hidden_units : tuple of int
        Units of each hidden layer.
    activation : tuple of str or callable
        Activation of each hidden layer.
    batch_normalization : tuple of bool
        Whether each hidden layer is normalised before its activation.
    multilabel : bool
        Whether a row may have any number of the labels.
    """

    input_shape: tuple[int, ...]
    n_classes: int
    hidden_units: tuple[int, ...]
    activation: tuple[Activation, ...]
    batch_normalization: tuple[bool, ...]
    multilabel: bool = False

    @classmethod
    def from_parameters(
        cls,
        input_shape: tuple[int, ...],
        n_classes: int,
        hidden_units: int | Sequence[int],
        activation: Activation | Sequence[Activation] = "relu",
        batch_normalization: bool | Sequence[bool] = False,
        multilabel: bool = False,
    ) -> Architecture:
        """Check the parameters and give each hidden layer its own.

        Parameters
        ----------
        input_shape : tuple of int
            Shape of one row.
        n_classes : int
            Number of classes, at least 2; of labels, if `multilabel`.
        hidden_units : int or sequence of int
            Units of each hidden layer; an int means one hidden layer.
        activation : str, callable, or sequence of those
            One for all hidden layers, or one per hidden layer.
        batch_normalization : bool or sequence of bool
            One for all hidden layers, or one per hidden layer.
        multilabel : bool
            Whether a row may have any number of the labels.

        Returns
        -------
        architecture : Architecture
            The checked description.

        Raises
        ------
        ValueError
            If a number of units is not positive, an activation has no such name in Keras,
            or a sequence has not one value per hidden layer.
        TypeError
            If a number of units is not an integer, an activation is neither a name nor a
            function, or a normalisation is not a bool.
        """
        units = checked_units(hidden_units)
        return cls(
            input_shape,
            n_classes,
            units,
            per_layer("activation", activation, len(units), checked_activation),
            per_layer("batch_normalization", batch_normalization, len(units), checked_flag),
            multilabel,
        )

    @property
    def n_outputs(self) -> int:
        """Units of the output layer.

        Returns
        -------
        n_outputs : int
        """
        return 1 if self.n_classes == 2 and not self.multilabel else self.n_classes

    def build(
        self,
        seed: int | None = None,
        regularization: Regularization | None = None,
        initializers: Sequence[InitializerChoice] | None = None,
    ) -> keras.Sequential:
        """Put the layers together, not compiled.

        Parameters
        ----------
        seed : int, optional
            Seed of the start weights; see :func:`build_network`.
        regularization : Regularization, optional
            What the layers do while they are trained; nothing by default.
        initializers : sequence of InitializerChoice, optional
            Of each layer's kernel, the output's last; Keras's default by default.

        Returns
        -------
        model : keras.Sequential
            The network.
        """
        from keras import Sequential, layers

        n_layers = len(self.hidden_units) + 1
        kernels = _Kernels(
            layer_seeds(seed, n_layers),
            initializers or choose_initializers("glorot_uniform", n_layers - 1),
            regularization or Regularization.none(n_layers - 1),
        )
        stack = [layers.Input(self.input_shape, dtype="float32")]
        if len(self.input_shape) > 1:
            stack.append(layers.Flatten(name="flatten", dtype="float32"))
        for position in range(n_layers - 1):
            stack += self._hidden_layer(position, kernels)
        output = "sigmoid" if self.n_outputs == 1 or self.multilabel else "softmax"
        stack.append(kernels.dense(n_layers - 1, "output", self.n_outputs, output))
        return Sequential(stack, name="dnn")

    def _hidden_layer(self, position: int, kernels: _Kernels) -> list[keras.layers.Layer]:
        from keras import layers

        number, activation = position + 1, self.activation[position]
        dense = (position, f"hidden_{number}", self.hidden_units[position])
        if self.batch_normalization[position]:
            stack = [
                kernels.dense(*dense, use_bias=False),  # the normalisation has its own
                layers.BatchNormalization(
                    name=f"batch_normalization_{number}", dtype="float32"
                ),
                layers.Activation(activation, name=f"activation_{number}", dtype="float32"),
            ]
        else:
            stack = [kernels.dense(*dense, activation)]
        rate = kernels.regularization.dropout[position]
        if rate:
            # Which units drop out is decided anew at each epoch, by the engine.
            stack.append(layers.Dropout(rate, seed=0, name=f"dropout_{number}"))
        return stack


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
    """Build and compile a dense network; a build function for scikeras.

    Rows of more than one dimension pass a ``Flatten`` layer first. Two classes end in one
    sigmoid unit with binary cross-entropy, more classes in a softmax with sparse categorical
    cross-entropy, multilabel targets in a sigmoid unit per label with binary cross-entropy.
    The loss of a batch is the mean weighted by the sample weights.

    Parameters
    ----------
    meta : mapping
        What scikeras learnt from the data; ``X_shape_``, ``n_classes_`` and
        ``target_type_`` are used.
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
    kernel_initializer : str, Initializer, callable or sequence, default="glorot_uniform"
        Start weights of the layers, one for all or one per layer, the output layer's last.
    batch_normalization : bool or sequence of bool, default=False
        Whether hidden layers are normalised before their activation.
    dropout : float or sequence of float, default=0.0
        Share of a hidden layer's units that are dropped in a training step.
    l2 : float or sequence of float, default=0.0
        Penalty on the squares of the kernels, one for all layers or one per layer, the output
        layer's last; ``l2`` of :class:`keras.regularizers.L2`.

    Returns
    -------
    model : keras.Sequential
        The network, compiled.

    Raises
    ------
    ValueError
        If a parameter does not describe a network.
    TypeError
        If a parameter is of a wrong type.

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
    multilabel = meta.get("target_type_") == "multilabel-indicator"
    architecture = Architecture.from_parameters(
        input_shape=tuple(meta["X_shape_"][1:]),
        n_classes=int(meta["n_classes_"]),
        hidden_units=hidden_units,
        activation=activation,
        batch_normalization=batch_normalization,
        multilabel=multilabel,
    )
    n_hidden = len(architecture.hidden_units)
    model = architecture.build(
        seed,
        Regularization.from_parameters(n_hidden, dropout, l2),
        choose_initializers(kernel_initializer, n_hidden),
    )
    kwargs = dict(compile_kwargs)
    if kwargs.get("loss") is None:
        kwargs["loss"] = cross_entropy(architecture)
    if kwargs.get("metrics") is None:
        kwargs["metrics"] = [_accuracy(architecture)]
    model.compile(**kwargs)
    return model


def compiled_network(
    architecture: Architecture,
    choice: OptimizerChoice,
    regularization: Regularization | None = None,
) -> keras.Sequential:
    """Build and compile a network through scikeras, as `KerasDNNClassifier` does.

    Parameters
    ----------
    architecture : Architecture
        The layers.
    choice : OptimizerChoice
        The optimizer. What the user gave beside its name is routed by scikeras, as
        ``optimizer__<name>``.
    regularization : Regularization, optional
        What the layers do while they are trained.

    Returns
    -------
    model : keras.Sequential
        The network, compiled; its start weights mean nothing.
    """
    load_tensorflow()
    from scikeras.wrappers import KerasClassifier

    regularization = regularization or Regularization.none(len(architecture.hidden_units))
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
        model__batch_normalization=architecture.batch_normalization,
        model__dropout=regularization.dropout,
        model__l2=regularization.l2,
        loss=cross_entropy(architecture, regularization.label_smoothing),
        optimizer=optimizer,
        **{f"optimizer__{name}": value for name, value in routed.items()},
    )
    X, y = _tiny_data(architecture)
    model: keras.Sequential = wrapper.initialize(X, y).model_
    return model


def _tiny_data(architecture: Architecture) -> tuple[np.ndarray, np.ndarray]:
    """Make rows that name every class: all that scikeras needs to know of the data."""
    n = architecture.n_classes
    if architecture.multilabel:
        return np.zeros((n + 1, *architecture.input_shape), np.float32), np.eye(
            n + 1, n, dtype=int
        )
    return np.zeros((n, *architecture.input_shape), np.float32), np.arange(n)


def cross_entropy(architecture: Architecture, label_smoothing: float = 0.0) -> Any:
    """Return the loss of a network.

    Parameters
    ----------
    architecture : Architecture
        The layers; their outputs decide.
    label_smoothing : float
        Share of a label that is spread over all classes, as in Keras's losses.

    Returns
    -------
    loss : keras.losses.Loss
        Binary cross-entropy for sigmoid outputs. For a softmax sparse categorical
        cross-entropy; with `label_smoothing` the categorical one, whose targets are one-hot,
        because Keras's sparse one can't smooth. It divides by the weights, not by the rows
        (Keras's default), so that a weight of 2 is a repeated row, as scikit-learn has it.
    """
    from keras import losses

    reduction = {"reduction": "mean_with_sample_weight"}
    if architecture.multilabel or architecture.n_outputs == 1:
        return losses.BinaryCrossentropy(label_smoothing=label_smoothing, **reduction)
    if label_smoothing:
        return losses.CategoricalCrossentropy(label_smoothing=label_smoothing, **reduction)
    return losses.SparseCategoricalCrossentropy(**reduction)


def _accuracy(architecture: Architecture) -> Any:
    from keras import metrics

    # By its name, Keras would take the place of the largest label for the answer.
    return metrics.BinaryAccuracy(name="accuracy") if architecture.multilabel else "accuracy"


@dataclass(frozen=True)
class _Kernels:
    """What the dense layers' kernels start from and are held to, layer by layer."""

    seeds: Sequence[int | None]
    initializers: Sequence[InitializerChoice]
    regularization: Regularization

    def dense(
        self,
        position: int,
        name: str,
        units: int,
        activation: Activation | None = None,
        *,
        use_bias: bool = True,
    ) -> keras.layers.Layer:
        from keras import layers, regularizers

        penalty = self.regularization.l2[position]
        return layers.Dense(
            units,
            activation=activation,
            use_bias=use_bias,
            kernel_initializer=self.initializers[position].seeded(self.seeds[position]),
            kernel_regularizer=regularizers.L2(penalty) if penalty else None,
            dtype="float32",
            name=name,
        )
