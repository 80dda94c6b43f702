"""A fit by Keras's own trainer: the reference, and the way out for what can't be fused."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from skdnn._engine.backend import float32_by_default
from skdnn._engine.interrupts import interrupted, stop_if_interrupted
from skdnn._engine.objective import Objective
from skdnn._engine.program import seed_generators
from skdnn._engine.randomness import dropout_states, epoch_order
from skdnn._engine.rows import Rows, write_rows
from skdnn._engine.training import TrainingState, assign

# Two threads in Keras's fit at once have crashed the process.
_one_at_a_time = threading.Lock()


class KerasTraining:
    """A fit under way, trained by ``Model.fit`` one epoch at a time.

    Parameters
    ----------
    model : keras.Sequential
        Compiled, with the weights and the optimizer's state to start from; owned by this
        training, and what callbacks see.
    rows : Rows
        What to learn from; at least one row of positive weight.
    batch_size : int
        Rows of a batch.
    epoch : int
        Epochs done.
    seed : int
        With the number of the epoch, decides the order of the rows.
    callbacks : sequence of keras.callbacks.Callback
        Their hooks on batches are called; those on epochs are the caller's to call.

    Attributes
    ----------
    epoch : int
        Epochs done, those before this training included.
    compiled : bool
        True: Keras lets XLA compile its steps.
    """

    compiled = True

    def __init__(
        self,
        model: keras.Sequential,
        rows: Rows,
        *,
        batch_size: int,
        epoch: int,
        seed: int,
        callbacks: Sequence[keras.callbacks.Callback] = (),
    ) -> None:
        self.model = model
        self._rows = rows
        self._batch_size = batch_size
        self._seed = seed
        self._callbacks = [_BatchHooks(callback) for callback in callbacks]
        self.epoch = epoch
        self._objective = Objective(model.loss, model.output_shape[-1])
        self._counting = rows.counting()

    def run_epoch(self) -> dict[str, float]:
        """Train one epoch; see `FusedTraining.run_epoch`."""
        order = epoch_order(self._counting, self._seed, self.epoch)
        self._seed_dropout()
        batches = _Batches(self._rows, order, self._batch_size, self._objective)
        before_averaging = _BeforeAveraging()
        callbacks = [*self._callbacks, before_averaging, _Interrupts()]
        with _one_at_a_time, float32_by_default():
            history = self.model.fit(
                batches, shuffle=False, verbose=0, callbacks=callbacks
            ).history
        stop_if_interrupted()
        if self.model.optimizer.use_ema:
            self.model.set_weights(before_averaging.weights)
        self.epoch += 1
        return {name: float(history[name][0]) for name in ("accuracy", "loss")}

    def _seed_dropout(self) -> None:
        generators = seed_generators(self.model)
        states = dropout_states(len(generators), self._seed, self.epoch)
        for generator, state in zip(generators, states, strict=True):
            generator.state.assign(state)

    def finish(self) -> None:
        """Replace the weights by their averages where the optimizer keeps such (`use_ema`)."""
        self.model.optimizer.finalize_variable_values(self.model.trainable_weights)

    def resume(self, state: TrainingState) -> None:
        """Go on from a state."""
        self.epoch = state.epoch
        self.model.set_weights(state.weights)
        assign(self.model.optimizer.variables, state.slots)

    def state(self) -> TrainingState:
        """Copy weights and optimizer state out."""
        slots = [variable.numpy() for variable in self.model.optimizer.variables]
        return TrainingState(self.model.get_weights(), slots, self.epoch)

    def publish(self, model: keras.Model) -> None:
        """Do nothing: the model that callbacks see is the one that is trained."""

    def adopt(self, model: keras.Model) -> None:
        """Do nothing: what callbacks changed is changed."""


class _Batches(keras.utils.PyDataset):
    """Batches in a given order, cast one by one."""

    def __init__(
        self, rows: Rows, order: np.ndarray, batch_size: int, objective: Objective
    ) -> None:
        super().__init__()
        self._rows, self._order, self._batch_size = rows, order, batch_size
        self._objective = objective

    def __len__(self) -> int:
        return -(-len(self._order) // self._batch_size)

    def __getitem__(self, number: int) -> tuple[np.ndarray, ...]:
        start = number * self._batch_size
        taken = self._order[start : start + self._batch_size]
        rows = self._rows
        X = np.empty((len(taken), *rows.X.shape[1:]), np.float32)
        write_rows(rows.X, taken, X)
        y = np.asarray(self._objective.targets(rows.y[taken]))
        return (X, y) if rows.weight is None else (X, y, rows.weight[taken])


class _BeforeAveraging(keras.callbacks.Callback):
    """Keeps the weights that Keras's `fit` replaces by their averages as it ends.

    An epoch here is a call of `fit`, but averages are for the end of the training.
    """

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002
        self.weights = self.model.get_weights()


class _Interrupts(keras.callbacks.Callback):
    """Lets Ctrl-C end an epoch between its batches."""

    # As a batch begins: with a hook for its end Keras would wait for each batch's figures. And
    # Keras ends its epoch itself: data of one that an error has ended are given up much later,
    # and whoever meets that waits for them.
    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:  # noqa: ARG002
        self.model.stop_training |= interrupted()


class _BatchHooks(keras.callbacks.Callback):
    """Passes on the hooks on batches, and no others."""

    def __init__(self, callback: keras.callbacks.Callback) -> None:
        super().__init__()
        self._callback = callback

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        self._callback.on_train_batch_begin(batch, logs)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self._callback.on_train_batch_end(batch, logs)
