"""The layers of a network: what they are, and how they are put together."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from skdnn._engine.functions import activation_key
from skdnn.network.initializers import InitializerSpec, layer_seeds, validate_initializers
from skdnn.network.layer_settings import (
    Activation,
    Regularization,
    per_layer,
    validate_activation,
    validate_flag,
    validate_units,
)
from skdnn.network.outputs import Output

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class Architecture:
    """The layers of a network: what its weights and outputs depend on, and nothing else.

    Fits with equal architectures share one forward pass, and can continue each other.

    Parameters
    ----------
    input_shape : tuple of int
        Shape of one row: ``(784,)``, or ``(28, 28)`` for a network that flattens.
    output : Output
        The output layer.
    hidden_units : tuple of int
        Units of each hidden layer.
    activation : tuple of str or callable
        Activation of each hidden layer.
    batch_normalization : tuple of bool
        Whether each hidden layer is normalised before its activation.
    """

    input_shape: tuple[int, ...]
    output: Output
    hidden_units: tuple[int, ...]
    activation: tuple[Activation, ...]
    batch_normalization: tuple[bool, ...]

    @classmethod
    def from_parameters(
        cls,
        input_shape: tuple[int, ...],
        output: Output,
        hidden_units: int | Sequence[int],
        activation: Activation | Sequence[Activation] = "relu",
        batch_normalization: bool | Sequence[bool] = False,
    ) -> Architecture:
        """Validate the parameters and give each hidden layer its own.

        Parameters
        ----------
        input_shape : tuple of int
            Shape of one row.
        output : Output
            The output layer.
        hidden_units : int or sequence of int
            Units of each hidden layer; an int means one hidden layer.
        activation : str, callable, or sequence of those
            One for all hidden layers, or one per hidden layer.
        batch_normalization : bool or sequence of bool
            One for all hidden layers, or one per hidden layer.

        Returns
        -------
        architecture : Architecture
            The validated parameters.

        Raises
        ------
        ValueError
            If a number of units is not positive, an activation has no such name in Keras,
            or a sequence has not one value per hidden layer.
        TypeError
            If a number of units is not an integer, an activation is neither a name nor a
            function, or a normalisation is not a bool.
        """
        units = validate_units(hidden_units)
        return cls(
            input_shape,
            output,
            units,
            per_layer("activation", activation, len(units), validate_activation),
            per_layer("batch_normalization", batch_normalization, len(units), validate_flag),
        )

    @property
    def units(self) -> tuple[int, ...]:
        """Number of inputs, then units of each layer.

        Returns
        -------
        units : tuple of int
        """
        return (math.prod(self.input_shape), *self.hidden_units, self.output.units)

    def key(self) -> Any:
        """Return a key for caches of what is compiled for these layers.

        Returns
        -------
        key : hashable
            Equal for architectures that do the same now, though their functions may be others.

        Raises
        ------
        ValueError
            If a function is no activation: see :func:`skdnn._engine.functions.activation_key`.
        """
        keys: dict[Any, Any] = {}
        for number, layer in enumerate(zip(self.activation, self.hidden_units, strict=True), 1):
            function, units = layer
            if callable(function) and (id(function), units) not in keys:
                what = f"activation {function!r:.80} of hidden layer {number}"
                keys[id(function), units] = activation_key(function, units, what)
        if not keys:
            return self
        layers = zip(self.activation, self.hidden_units, strict=True)
        does = tuple(keys.get((id(function), units), function) for function, units in layers)
        return replace(self, activation=does)

    @property
    def weight_shapes(self) -> list[tuple[int, ...]]:
        """Shapes of the weights of a network without batch normalisation, in Keras's order.

        Returns
        -------
        shapes : list of tuple of int
            A kernel and a bias for each layer.
        """
        return [shape for n, m in pairwise(self.units) for shape in ((n, m), (m,))]

    def without_units(self) -> Architecture | None:
        """Return a key for compiled graphs that leave the units of hidden layers open.

        Returns
        -------
        key : Architecture or None
            Without units. None if they must be known: batch normalisation reads them, and a
            custom activation may.
        """
        fixed = any(self.batch_normalization) or any(map(callable, self.activation))
        return None if fixed else replace(self, hidden_units=())

    def build(
        self,
        seed: int | None = None,
        regularization: Regularization | None = None,
        initializers: Sequence[InitializerSpec] | None = None,
    ) -> keras.Sequential:
        """Put the layers together, not compiled.

        Whatever dtype policy or image data format is set for all of Keras, the network
        computes in float32 and flattens a row in its own order.

        Parameters
        ----------
        seed : int, optional
            Seed of the start weights; see :func:`build_network`.
        regularization : Regularization, optional
            Dropout and penalties; none by default.
        initializers : sequence of InitializerSpec, optional
            Of each layer's kernel, the output's last; Keras's default by default.

        Returns
        -------
        model : keras.Sequential
            The network.
        """
        from keras import DTypePolicy, Sequential, layers

        n_layers = len(self.hidden_units) + 1
        kernels = _Kernels(
            layer_seeds(seed, n_layers),
            initializers or validate_initializers("glorot_uniform", n_layers - 1),
            regularization or Regularization.none(n_layers - 1),
        )
        stack = [layers.Input(self.input_shape, dtype="float32")]
        if len(self.input_shape) > 1:
            stack.append(layers.Flatten("channels_last", name="flatten", dtype="float32"))
        for position in range(n_layers - 1):
            stack += self._hidden_layer(position, kernels)
        stack.append(kernels.dense(n_layers - 1, "output", *self.output))
        model = Sequential(stack, name="dnn")
        model.dtype_policy = DTypePolicy("float32")
        return model

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
            # The engine reseeds it at each epoch.
            stack.append(
                layers.Dropout(rate, seed=0, name=f"dropout_{number}", dtype="float32")
            )
        return stack


@dataclass(frozen=True)
class _Kernels:
    """Initializers and regularizers of the kernels, layer by layer."""

    seeds: Sequence[int | None]
    initializers: Sequence[InitializerSpec]
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
