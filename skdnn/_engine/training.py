"""Training by compiled programs: epochs over rows in memory, a chunk at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from skdnn._engine.buffers import Chunk, aligned_zeros, as_tensor
from skdnn._engine.interrupts import stop_if_interrupted
from skdnn._engine.program import Program, State
from skdnn._engine.randomness import dropout_states, epoch_permutation
from skdnn._engine.rows import Rows, write_rows

# Seconds, measured on an AMD EPYC for networks of one to eight hidden layers: the cost of
# compiling by XLA, for a program and for each layer, and what it saves, for a step and for each
# weight. They differ on other processors, but not enough to change the rule.
_COMPILE, _COMPILE_LAYER = 0.7, 0.1
_STEP, _STEP_WEIGHT = 100e-6, 2e-9
# Fits that reuse a program: folds of a search, other learning rates, the next fit.
_FITS = 3


def worth_compiling(
    epochs: int, n_rows: int, batch_size: int, units: Sequence[int], dropout: bool = False
) -> bool:
    """Tell whether compiling the steps of a fit by XLA saves time.

    Only the fit decides, so that its result never depends on earlier fits in the process.

    Parameters
    ----------
    epochs : int
        Number of epochs to train.
    n_rows : int
        Rows with positive weight.
    batch_size : int
        Rows of a batch.
    units : sequence of int
        Number of inputs, then units of each layer.
    dropout : bool, default=False
        Whether there are dropout layers. XLA's random numbers on the CPU are slow: a step with
        them takes 1.4 to 9 times the processor time that it takes in a plain graph.

    Returns
    -------
    worth : bool
        Whether three such fits are faster with XLA, compiling included.
    """
    if dropout:
        return False
    steps = epochs * -(-n_rows // batch_size)
    weights = sum(inputs * outputs for inputs, outputs in pairwise(units))
    saved = steps * (_STEP + _STEP_WEIGHT * weights)
    return _FITS * saved >= _COMPILE + _COMPILE_LAYER * (len(units) - 1)


@dataclass(frozen=True)
class TrainingState:
    """The state of a training after an epoch.

    Parameters
    ----------
    weights : list of ndarray of float32
        Network weights, in the order of ``model.weights``.
    slots : list of ndarray
        Optimizer state, in the order of ``optimizer.variables``.
    epoch : int
        Epochs trained.
    """

    weights: list[np.ndarray]
    slots: list[np.ndarray]
    epoch: int = 0


def assign(variables: Sequence[Any], values: Sequence[Any]) -> None:
    """Assign values to Keras variables, one to one."""
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


class FusedTraining:
    """A training by a compiled program, which may be shared.

    Parameters
    ----------
    program : Program
        The compiled steps.
    state : TrainingState
        To start from.
    rows : Rows
        Training data; at least one row with positive weight.
    seed : int
        Together with the epoch, seeds shuffling and dropout.

    Attributes
    ----------
    epoch : int
        Epochs trained, those of earlier trainings included.
    compiled : bool
        Whether XLA compiles the steps.
    """

    def __init__(
        self, program: Program, state: TrainingState, rows: Rows, *, seed: int
    ) -> None:
        self._program = program
        self._rows = rows
        self._seed = seed
        self._generators: list[tf.Tensor] = []
        self.resume(state)
        self._weighted = rows.weighted()
        self.compiled = program.jit

    def run_epoch(self, one_batch: bool = False) -> dict[str, float]:
        """Train one epoch.

        Parameters
        ----------
        one_batch : bool, default=False
            Whether to train the first batch only.

        Returns
        -------
        logs : dict of float
            ``"loss"`` and the metric, such as ``"accuracy"``, as means over the epoch's rows
            while the weights changed, as in Keras's ``History``.
        """
        order = self._order(self.epoch)
        return self._run_epochs([order[: self._program.batch_size] if one_batch else order])[0]

    def run_epochs(self, most: int) -> list[dict[str, float]]:
        """Train at least one epoch, and as many more as fit into the same chunk.

        Parameters
        ----------
        most : int
            Number of epochs to train at most.

        Returns
        -------
        logs : list of dict of float
            As `run_epoch` returns them, one for each epoch that was trained.
        """
        batches = -(-len(self._weighted) // self._program.batch_size)
        together = max(1, min(most, self._program.chunk_batches // batches))
        if self._program.n_generators:  # they are reseeded in each epoch
            together = 1
        return self._run_epochs([self._order(self.epoch + i) for i in range(together)])

    def resume(self, state: TrainingState) -> None:
        """Continue from a state."""
        self.epoch = state.epoch
        self._set(state.weights, state.slots)

    @property
    def model(self) -> keras.Sequential:
        """A template of the network; its weights are not those of the training."""
        return self._program.model

    def state(self) -> TrainingState:
        """Return weights and optimizer state."""
        layout = self._program.layout
        return TrainingState(
            layout.unpack_weights([w.numpy() for w in self._weights]),
            layout.unpack_slots([s.numpy() for s in self._slots]),
            self.epoch,
        )

    def finish(self) -> None:
        """Do nothing: fused optimizers have nothing to finalize."""

    def copy_to(self, model: keras.Model) -> None:
        """Copy weights and optimizer state to a Keras model, for callbacks."""
        state = self.state()
        assign(model.weights, state.weights)
        assign(model.optimizer.variables, state.slots)

    def copy_from(self, model: keras.Model) -> None:
        """Copy weights and optimizer state from a model that callbacks may have changed."""
        self._set(
            [v.numpy() for v in model.weights], [v.numpy() for v in model.optimizer.variables]
        )

    def _set(self, weights: list[np.ndarray], slots: list[np.ndarray]) -> None:
        layout = self._program.layout
        self._weights = [tf.constant(w) for w in layout.pack_weights(weights)]
        self._slots = [tf.constant(s) for s in layout.pack_slots(slots)]

    def _order(self, epoch: int) -> np.ndarray:
        return epoch_permutation(self._weighted, self._seed, epoch)

    def _run_epochs(self, orders: list[np.ndarray]) -> list[dict[str, float]]:
        """Train one epoch, or several whose batches fit into one chunk."""
        states = dropout_states(self._program.n_generators, self._seed, self.epoch)
        self._generators = [tf.constant(state) for state in states]
        sums = np.concatenate([self._run(chunk) for chunk in self._chunks(orders)])
        self.epoch += len(orders)
        return [self._logs(each) for each in np.split(sums, len(orders))]

    def _logs(self, sums: np.ndarray) -> dict[str, float]:
        loss, metric, rows = sums.sum(axis=0, dtype=np.float64)
        name = self._program.objective.metric_name
        return {name: float(metric / rows), "loss": float(loss / rows)}

    def _run(self, chunk: Chunk) -> np.ndarray:
        stop_if_interrupted()
        (self._weights, self._slots, self._generators), sums = self._program.run(
            State(self._weights, self._slots, self._generators),
            as_tensor(chunk.X),
            tf.constant(chunk.y),
            tf.constant(chunk.sample_weight),
            chunk.n_batches,
        )
        return sums

    def _chunks(self, orders: list[np.ndarray]) -> Iterator[Chunk]:
        if len(orders) > 1:
            return iter([self._gather(orders)])
        [order] = orders
        size = self._program.chunk_batches * self._program.batch_size
        parts = [order[start : start + size] for start in range(0, len(order), size)]
        chunks = (self._gather([part]) for part in parts)
        return chunks if len(parts) == 1 else _one_ahead(chunks)

    def _gather(self, orders: list[np.ndarray]) -> Chunk:
        """Gather the rows of one or several epochs; each epoch begins with a new batch."""
        program, rows, n = self._program, self._rows, len(orders[0])
        size, objective = program.chunk_batches * program.batch_size, program.objective
        batches = -(-n // program.batch_size)
        X = aligned_zeros((size, *program.row_shape), n if len(orders) == 1 else 0)
        y = np.zeros((size, *objective.target_shape), objective.target_dtype)
        sample_weight = np.zeros(size, np.float32)
        for number, taken in enumerate(orders):
            start = number * batches * program.batch_size
            write_rows(rows.X, taken, X[start : start + n])
            y[start : start + n] = rows.y[taken]
            sample_weight[start : start + n] = (
                1 if rows.sample_weight is None else rows.sample_weight[taken]
            )
        shape = (program.chunk_batches, program.batch_size)
        return Chunk(
            X.reshape(*shape, *program.row_shape),
            y.reshape(*shape, *objective.target_shape),
            sample_weight.reshape(shape),
            len(orders) * batches,
        )


def _one_ahead(chunks: Iterator[Chunk]) -> Iterator[Chunk]:
    """Prefetch: gather a chunk in a thread while the program trains on the one before."""
    with ThreadPoolExecutor(1) as gatherer:
        following = gatherer.submit(next, chunks, None)
        while (chunk := following.result()) is not None:
            following = gatherer.submit(next, chunks, None)
            yield chunk
