"""Training steps compiled as one program.

    weights, slots, totals = program.run(weights, slots, X, y, row_weight, n_batches)

A program trains on a *chunk*: up to ``chunk_batches`` batches whose rows were gathered in the
epoch's order. The chunk's shape depends on the structure alone, so folds that differ by a row,
other seeds, other learning rates and other numbers of epochs run what is compiled already; and
as weights and optimizer state are inputs and outputs, any number of threads share a program.
"""

from __future__ import annotations

import threading
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from skdnn._engine.stateless import stateless

# Bytes of X in a chunk: large enough that a call's overhead (0.2 ms) vanishes, small enough
# to be gathered from cache-friendly pieces and to end well under a second.
_CHUNK_BYTES = 8 * 2**20
_MOST_BATCHES = 128


class Totals(NamedTuple):
    """Sums over the rows of a chunk."""

    loss: float
    hits: float
    rows: float


class Program:
    """One compiled network, optimizer and batch size.

    Parameters
    ----------
    model : keras.Sequential
        Compiled; a template whose layers, loss and optimizer are read and whose weights are
        not used.
    batch_size : int
        Rows of a batch.

    Attributes
    ----------
    chunk_batches : int
        Batches of a full chunk.
    first_slots : list of ndarray
        State of a fresh optimizer.
    """

    def __init__(self, model: keras.Sequential, batch_size: int) -> None:
        self.model = model
        self.batch_size = batch_size
        self.row_shape: tuple[int, ...] = tuple(model.input_shape[1:])
        self.binary = model.output_shape[-1] == 1
        row_bytes = 4 * int(np.prod(self.row_shape))
        self.chunk_batches = int(
            np.clip(_CHUNK_BYTES // (row_bytes * batch_size), 1, _MOST_BATCHES)
        )
        self._optimizer = stateless(model.optimizer)
        self._optimizer.build(model.trainable_variables)
        self.first_slots = [np.asarray(v.numpy()) for v in self._optimizer.variables]
        self._rate_slot = _position(self._optimizer.variables, "learning_rate")
        self._row_loss = model.loss.call  # a loss for each row, before any reduction
        self._lock = threading.Lock()
        self._compiled: dict[bool, Any] = {}

    def with_learning_rate(
        self, slots: list[np.ndarray], learning_rate: float | None
    ) -> list[np.ndarray]:
        """Put a learning rate into an optimizer state; None leaves it as it is."""
        if learning_rate is None or self._rate_slot is None:
            return slots
        changed = list(slots)
        changed[self._rate_slot] = np.asarray(learning_rate, slots[self._rate_slot].dtype)
        return changed

    def run(
        self,
        weights: list[tf.Tensor],
        slots: list[tf.Tensor],
        X: tf.Tensor,
        y: tf.Tensor,
        row_weight: tf.Tensor,
        n_batches: int,
        *,
        jit: bool,
    ) -> tuple[list[tf.Tensor], list[tf.Tensor], Totals]:
        """Train on the first `n_batches` batches of a chunk.

        Parameters
        ----------
        weights, slots : list of Tensor
            Network weights and optimizer state at the start.
        X : Tensor of float32, shape (chunk_batches, batch_size, ...)
        y : Tensor of int32, shape (chunk_batches, batch_size)
            Class numbers.
        row_weight : Tensor of float32, shape (chunk_batches, batch_size)
            0 marks a row that only fills the batch.
        n_batches : int
        jit : bool
            Whether XLA compiles the program.

        Returns
        -------
        weights, slots : list of Tensor
            After the last step.
        totals : Totals
            Loss and correct rows, summed.
        """
        flat = [*weights, *slots, X, y, row_weight, tf.constant(n_batches)]
        *state, totals = self._function(jit)(*flat)
        n_weights = len(weights)
        return state[:n_weights], state[n_weights:], Totals(*totals.numpy().tolist())

    def _function(self, jit: bool) -> Any:
        # One thread traces and compiles; the others wait for it instead of repeating it.
        if jit not in self._compiled:
            with self._lock:
                if jit not in self._compiled:
                    self._compiled[jit] = self._trace(jit)
        return self._compiled[jit]

    def _trace(self, jit: bool) -> Any:
        state = [*self.model.trainable_variables, *self._optimizer.variables]
        chunk = (self.chunk_batches, self.batch_size)
        signature = [
            *(tf.TensorSpec(v.shape, v.dtype) for v in state),
            tf.TensorSpec((*chunk, *self.row_shape), tf.float32),
            tf.TensorSpec(chunk, tf.int32),
            tf.TensorSpec(chunk, tf.float32),
            tf.TensorSpec((), tf.int32),
        ]
        function = tf.function(self._train, jit_compile=jit, autograph=False)
        traced = function.get_concrete_function(*signature)
        if jit:  # XLA compiles at the first call: make it here, under the lock
            traced(*(tf.zeros(spec.shape, spec.dtype) for spec in signature))
        return traced

    def _train(self, *flat: tf.Tensor) -> list[tf.Tensor]:
        n_weights, n_slots = len(self.model.trainable_variables), len(self._optimizer.variables)
        weights, slots = list(flat[:n_weights]), list(flat[n_weights : n_weights + n_slots])
        X, y, row_weight, n_batches = flat[n_weights + n_slots :]

        def step(batch: tf.Tensor, weights: Any, slots: Any, totals: tf.Tensor) -> Any:
            rows = tf.gather(X, batch), tf.gather(y, batch), tf.gather(row_weight, batch)
            gradients, batch_totals = self._gradients(weights, *rows)
            weights, slots = self._optimizer.stateless_apply(slots, gradients, weights)
            return batch + 1, list(weights), list(slots), totals + batch_totals

        _, weights, slots, totals = tf.while_loop(
            lambda batch, *_: batch < n_batches,
            step,
            (tf.constant(0), weights, slots, tf.zeros(3)),
        )
        return [*weights, *slots, totals]

    def _gradients(
        self, weights: list[tf.Tensor], X: tf.Tensor, y: tf.Tensor, row_weight: tf.Tensor
    ) -> tuple[list[tf.Tensor], tf.Tensor]:
        real = tf.cast(row_weight > 0, tf.float32)
        n_real = tf.reduce_sum(real)
        with tf.GradientTape() as tape:
            tape.watch(weights)
            output, _ = self.model.stateless_call(weights, [], X, training=True)
            losses = self._row_loss(y[:, None] if self.binary else y, output)
            # Keras's reduction "mean_with_sample_weight": a weight of 2 is a repeated row.
            loss = tf.reduce_sum(losses * row_weight) / tf.reduce_sum(row_weight)
        gradients = tape.gradient(loss, weights)
        hits = tf.reduce_sum(real * tf.cast(self._is_hit(y, output), tf.float32))
        return gradients, tf.stack([loss * n_real, hits, n_real])

    def _is_hit(self, y: tf.Tensor, output: tf.Tensor) -> tf.Tensor:
        if self.binary:
            return tf.equal(tf.cast(output[:, 0] > 0.5, tf.int32), y)
        return tf.equal(tf.argmax(output, axis=1, output_type=tf.int32), y)


def _position(variables: list[Any], name: str) -> int | None:
    names = [variable.name for variable in variables]
    return names.index(name) if name in names else None
