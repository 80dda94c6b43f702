"""Training steps compiled as one program.

    state, sums = program.run(state, X, y, sample_weight, n_batches)

A program trains on a *chunk*: up to ``chunk_batches`` batches of shuffled rows. The chunk's
shape depends on the structure alone, so folds that differ by a row, other seeds, other learning
rates and other numbers of epochs reuse the compiled program; and as weights and optimizer state
are inputs and outputs, any number of threads can share it.

XLA compiles for fixed shapes. A plain graph can leave the units of hidden layers and the batch
size open: `Program.resized` is then the same graph for other ones, so that a search over units
traces once.
"""

from __future__ import annotations

import copy
import itertools
import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from skdnn._engine.backend import float32_by_default
from skdnn._engine.layout import Layout, Shape, open_shapes
from skdnn._engine.objective import objective_of
from skdnn._engine.stateless import apply_gradients, stateless

# Bytes of X in a chunk: large enough that a call's overhead (0.2 ms) vanishes, small enough
# to be gathered from cache-friendly pieces and to end well under a second.
_CHUNK_BYTES = 8 * 2**20
_MOST_BATCHES = 128


class State(NamedTuple):
    """What a step reads and changes; weights and slots as `Program.layout` packs them."""

    weights: list[tf.Tensor]
    slots: list[tf.Tensor]
    generators: list[tf.Tensor]  # of the dropout layers


class Program:
    """One compiled network, optimizer and batch size.

    Parameters
    ----------
    model : keras.Sequential
        Compiled; a template: its layers, loss and optimizer are used, its weights are not.
    batch_size : int
        Rows of a batch.
    jit : bool
        Whether XLA compiles the program.
    resizable : bool, default=False
        Whether units of hidden layers and batch size are left open. Not for XLA, nor for layers
        and optimizers that look at a weight's shape.

    Attributes
    ----------
    chunk_batches : int
        Batches of a full chunk.
    layout : Layout
        Of weights and optimizer state.
    n_generators : int
        Number of dropout layers.
    objective : Objective
        The loss.
    """

    def __init__(
        self, model: keras.Sequential, batch_size: int, *, jit: bool, resizable: bool = False
    ) -> None:
        self.model = model
        self.batch_size = batch_size
        self.jit = jit
        self.resizable = resizable
        self.row_shape: tuple[int, ...] = tuple(model.input_shape[1:])
        self.objective = objective_of(model.loss, model.output_shape[-1])
        self.chunk_batches = _chunk_batches(self.row_shape, batch_size)
        with float32_by_default():
            self.layout = Layout(
                model, lambda: stateless(model.optimizer), batch_size=batch_size, jit=jit
            )
        self._rate_slot = _position(self.layout.optimizer.variables, "learning_rate")
        self._generators = [generator.state for generator in seed_generators(model)]
        self.n_generators = len(self._generators)
        self._open_shapes = open_shapes(self.layout.shapes) if resizable else []
        # Traced at once, not at the first call: custom functions may have changed by then.
        self._function = self._traced()

    def resized(self, shapes: Sequence[Shape], batch_size: int) -> Program:
        """Return the program for other units of hidden layers and another batch size.

        Parameters
        ----------
        shapes : sequence of tuple of int
            Of the weights. The same ones must be packed.
        batch_size : int
            Rows of a batch.

        Returns
        -------
        program : Program
            Runs the graph of this one; its model is still for the shapes of this one.
        """
        other = copy.copy(self)
        other.layout = self.layout.resized(shapes)
        other.batch_size = batch_size
        other.chunk_batches = _chunk_batches(self.row_shape, batch_size)
        return other

    @property
    def initial_slots(self) -> list[np.ndarray]:
        """State of a new optimizer."""
        return self.layout.initial_slots

    def with_learning_rate(
        self, slots: list[np.ndarray], learning_rate: float | None
    ) -> list[np.ndarray]:
        """Return an optimizer state with a learning rate; None leaves it unchanged."""
        if learning_rate is None or self._rate_slot is None:
            return slots
        changed = list(slots)
        changed[self._rate_slot] = np.asarray(learning_rate, slots[self._rate_slot].dtype)
        return changed

    def run(
        self,
        state: State,
        X: tf.Tensor,
        y: tf.Tensor,
        sample_weight: tf.Tensor,
        n_batches: int,
    ) -> tuple[State, np.ndarray]:
        """Train on the first `n_batches` batches of a chunk.

        Parameters
        ----------
        state : State
            At the start.
        X : Tensor of float32, shape (chunk_batches, batch_size, ...)
        y : Tensor of shape (chunk_batches, batch_size, ...)
            Targets, of the objective's dtype.
        sample_weight : Tensor of float32, shape (chunk_batches, batch_size)
            0 marks padding.
        n_batches : int

        Returns
        -------
        state : State
            After the last step.
        sums : ndarray of float32, shape (n_batches, 3)
            Loss and metric of the rows of each batch, summed, and the number of its rows.
        """
        flat = [*itertools.chain(*state), X, y, sample_weight, tf.constant(n_batches)]
        if self.resizable:
            flat.append(tf.constant([*itertools.chain(*self.layout.shapes)]))
        *values, sums = self._function(*flat)
        return self._unflattened(values), sums.numpy()[:n_batches]

    def _traced(self) -> Any:
        signature = self._signature()
        function = tf.function(self._train, jit_compile=self.jit, autograph=False)
        traced = function.get_concrete_function(*signature)
        if self.jit:  # XLA compiles at the first call: make it here, where others wait for it
            try:
                traced(*(tf.zeros(spec.shape, spec.dtype) for spec in signature))
            except tf.errors.InvalidArgumentError as error:
                raise _not_compiled(error) from error
        return traced

    def _signature(self) -> list[tf.TensorSpec]:
        weights = [np.asarray(weight.numpy()) for weight in self.model.weights]
        weights_and_slots = [
            *self.layout.pack_weights(weights),
            *self.layout.pack_slots(self.initial_slots),
        ]
        chunk: tuple[int | None, ...] = (self.chunk_batches, self.batch_size)
        shapes: list[tuple[int | None, ...]] = [array.shape for array in weights_and_slots]
        if self.resizable:
            chunk, shapes = (None, None), [(None,) * len(shape) for shape in shapes]
        signature = [
            *map(tf.TensorSpec, shapes, [array.dtype for array in weights_and_slots]),
            *(tf.TensorSpec(v.shape, v.dtype) for v in self._generators),
            tf.TensorSpec((*chunk, *self.row_shape), tf.float32),
            tf.TensorSpec((*chunk, *self.objective.target_shape), self.objective.target_dtype),
            tf.TensorSpec(chunk, tf.float32),
            tf.TensorSpec((), tf.int32),
        ]
        if self.resizable:
            n_dimensions = sum(map(len, self.layout.shapes))
            signature.append(tf.TensorSpec((n_dimensions,), tf.int32))
        return signature

    def _unflattened(self, values: Sequence[Any]) -> State:
        n_slots, n_generators = len(self.layout.optimizer.variables), self.n_generators
        n_weights = len(values) - n_slots - n_generators
        return State(
            list(values[:n_weights]),
            list(values[n_weights : n_weights + n_slots]),
            list(values[n_weights + n_slots :]),
        )

    def _train(self, *flat: tf.Tensor) -> list[tf.Tensor]:
        shapes: Sequence[Any] = self.layout.shapes
        if self.resizable:
            *flat, dimensions = flat  # type: ignore[assignment]
            shapes = tf.split(dimensions, [len(shape) for shape in shapes])
        *values, X, y, sample_weight, n_batches = flat
        unpack = self.layout.unpacking(shapes)

        def step(batch: tf.Tensor, state: State, sums: tf.TensorArray) -> Any:
            rows = tf.gather(X, batch), tf.gather(y, batch), tf.gather(sample_weight, batch)
            state, batch_sums = self._step(State(*state), unpack, *rows)
            return batch + 1, state, sums.write(batch, batch_sums)

        n_chunk = X.shape[0] or tf.shape(X)[0]
        none = tf.TensorArray(tf.float32, n_chunk, element_shape=(3,))
        _, state, sums = tf.while_loop(
            lambda batch, *_: batch < n_batches,
            step,
            (tf.constant(0), self._unflattened(values), none),
        )
        return [*itertools.chain(*state), sums.stack()]

    def _step(
        self,
        state: State,
        unpack: Callable[[Sequence[tf.Tensor]], list[tf.Tensor]],
        X: tf.Tensor,
        y: tf.Tensor,
        sample_weight: tf.Tensor,
    ) -> tuple[State, tf.Tensor]:
        n_trainable = self.layout.n_trainable
        before, fixed = state.weights[:n_trainable], state.weights[n_trainable:]
        with tf.GradientTape() as tape:
            tape.watch(before)
            weights = unpack([*before, *fixed])
            if self.resizable:  # TensorFlow warns of operations on outputs of unknown shape
                for weight, shape in zip(weights, self._open_shapes, strict=True):
                    weight.set_shape(shape)
            losses, penalties, output, weights, generators = self._forward(
                state._replace(weights=weights), X, y, sample_weight
            )
        # Keras's reduction "mean_with_sample_weight": a weight of 2 is a repeated row. The
        # gradient of the mean is given, since derived it takes ten operations more.
        of_rows = sample_weight / tf.reduce_sum(sample_weight)
        gradients = tape.gradient(
            [losses, *penalties], before, [of_rows, *(tf.ones(()) for _ in penalties)]
        )
        loss = tf.add_n([tf.reduce_sum(losses * of_rows), *penalties])
        after, slots = apply_gradients(
            self.layout.optimizer, self.layout.placeholders, before, state.slots, gradients
        )
        weights = [*after, *self.layout.non_trainable(weights)]
        real = tf.cast(sample_weight > 0, tf.float32)
        n_real = tf.reduce_sum(real)
        metric = tf.reduce_sum(real * self.objective.metric(y, output))
        return State(weights, slots, generators), tf.stack([loss * n_real, metric, n_real])

    def _forward(
        self, state: State, X: tf.Tensor, y: tf.Tensor, sample_weight: tf.Tensor
    ) -> tuple[tf.Tensor, list[tf.Tensor], tf.Tensor, list[tf.Tensor], list[tf.Tensor]]:
        """Return losses of rows, penalties, outputs, and weights and generators as changed."""
        variables = [*self.model.weights, *self._generators]
        values = [*state.weights, *state.generators]
        with keras.StatelessScope() as scope:
            for variable, value in zip(variables, values, strict=True):
                variable.assign(value)  # may be of unknown shape, unlike the scope's mapping
            output = X
            for layer in self.model.layers:
                # A batch's mean and variance are those of its rows, without padding.
                normalises = isinstance(layer, keras.layers.BatchNormalization)
                mask = {"mask": sample_weight > 0} if normalises else {}
                output = layer(output, training=True, **mask)
            penalties = self.model.losses
        losses = self.objective.losses(y, output)
        changed = [scope.get_current_value(variable) for variable in variables]
        n_weights = len(state.weights)
        return losses, penalties, output, changed[:n_weights], changed[n_weights:]


def seed_generators(model: keras.Sequential) -> list[keras.random.SeedGenerator]:
    """List the generators of a model's dropout layers.

    Parameters
    ----------
    model : keras.Sequential
        Read, not changed.

    Returns
    -------
    generators : list of keras.random.SeedGenerator
        In the order of the layers.
    """
    dropout = [layer for layer in model.layers if isinstance(layer, keras.layers.Dropout)]
    return [layer.seed_generator for layer in dropout]


def _chunk_batches(row_shape: tuple[int, ...], batch_size: int) -> int:
    row_bytes = 4 * int(np.prod(row_shape))
    return int(np.clip(_CHUNK_BYTES // (row_bytes * batch_size), 1, _MOST_BATCHES))


def _not_compiled(error: tf.errors.InvalidArgumentError) -> ValueError:
    names = re.findall(r"(\w+) \(No registered", error.message) or [error.message[:200]]
    return ValueError(
        f"engine='fused' can't be used: XLA has no {', '.join(sorted(set(names)))}, which a "
        "function among the layers calls; take engine='keras'"
    )


def _position(variables: list[Any], name: str) -> int | None:
    names = [variable.name for variable in variables]
    return names.index(name) if name in names else None
