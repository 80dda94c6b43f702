"""Training by Keras's own ``fit``: the reference, and the fallback for what can't be fused."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from skdnn._engine.backend import float32_by_default
from skdnn._engine.interrupts import interrupted, stop_if_interrupted
from skdnn._engine.objective import Objective, objective_of
from skdnn._engine.overridden import TEST_BATCH_HOOKS, TRAIN_BATCH_HOOKS, overrides
from skdnn._engine.program import seed_generators
from skdnn._engine.randomness import dropout_states, epoch_permutation
from skdnn._engine.rows import Rows, write_rows
from skdnn._engine.training import TrainingState, assign

# Two threads in Keras's fit at once have crashed the process.
_fit_lock = threading.Lock()


class KerasTraining:
    """A training by ``Model.fit``, one epoch at a time.

    Parameters
    ----------
    model : keras.Sequential
        Compiled, with the weights and the optimizer's state to start from; owned by this
        training, and the ``model`` of the callbacks.
    rows : Rows
        Training data; at least one row with positive weight.
    batch_size : int
        Rows of a batch.
    epoch : int
        Epochs trained before.
    seed : int
        Together with the epoch, seeds the shuffling.
    callbacks : sequence of keras.callbacks.Callback
        Their hooks on batches are called here; those on epochs are called by the caller.

    Attributes
    ----------
    epoch : int
        Epochs trained, those of earlier trainings included.
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
        self._callbacks = _wrap_batch_hooks(callbacks)
        self.epoch = epoch
        self.model.history = keras.callbacks.History()  # what `fit` returns
        self.model.make_train_function()  # callbacks may look at it; nothing is traced yet
        self._objective = objective_of(model.loss, model.output_shape[-1])
        self._weighted = rows.weighted()

    def run_epoch(self, one_batch: bool = False) -> dict[str, float]:
        """Train one epoch; see `FusedTraining.run_epoch`."""
        order = epoch_permutation(self._weighted, self._seed, self.epoch)
        self._seed_dropout()
        batches = _Batches(self._rows, order, self._batch_size, self._objective)
        end = _EpochEnd()
        with _fit_lock, float32_by_default():
            self.model.fit(
                batches,
                steps_per_epoch=len(batches),  # or keras.config.max_steps_per_epoch warns
                shuffle=False,
                verbose=0,
                callbacks=self._list(*self._callbacks, end, _Interrupts(one_batch)),
            )
        stop_if_interrupted()
        if self.model.optimizer.use_ema:
            self.model.set_weights(end.weights)
        self.epoch += 1
        return {n: float(end.logs[n]) for n in (self._objective.metric_name, "loss")}

    def test(self, rows: Rows) -> None:
        """Run ``Model.evaluate`` for callbacks with hooks on test batches.

        Parameters
        ----------
        rows : Rows
            Validation data.
        """
        hooked = [each.callback for each in self._callbacks]
        if any(overrides(each, hook) for each in hooked for hook in TEST_BATCH_HOOKS):
            batches = _Batches(rows, rows.weighted(), self._batch_size, self._objective)
            with _fit_lock, float32_by_default():
                self.model.evaluate(batches, verbose=0, callbacks=self._list(*self._callbacks))

    def _list(self, *callbacks: keras.callbacks.Callback) -> keras.callbacks.CallbackList:
        # Made here, since `fit` would add a History of its own to the model.
        return keras.callbacks.CallbackList(list(callbacks), model=self.model)

    def _seed_dropout(self) -> None:
        generators = seed_generators(self.model)
        states = dropout_states(len(generators), self._seed, self.epoch)
        for generator, state in zip(generators, states, strict=True):
            generator.state.assign(state)

    def finish(self) -> None:
        """Replace the weights by their moving averages if the optimizer has `use_ema`."""
        self.model.optimizer.finalize_variable_values(self.model.trainable_weights)

    def resume(self, state: TrainingState) -> None:
        """Continue from a state."""
        self.epoch = state.epoch
        self.model.set_weights(state.weights)
        assign(self.model.optimizer.variables, state.slots)

    def state(self) -> TrainingState:
        """Return weights and optimizer state."""
        slots = [variable.numpy() for variable in self.model.optimizer.variables]
        return TrainingState(self.model.get_weights(), slots, self.epoch)

    def copy_to(self, model: keras.Model) -> None:
        """Do nothing: the callbacks' model is the one in training."""

    def copy_from(self, model: keras.Model) -> None:
        """Do nothing, for the same reason."""


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
        return (X, y) if rows.sample_weight is None else (X, y, rows.sample_weight[taken])


class _EpochEnd(keras.callbacks.Callback):
    """Keeps an epoch's logs, and the weights that `fit` replaces by their averages at its end.

    Each epoch is a call of `fit`, but averages are for the end of the training.
    """

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002
        self.logs = logs
        self.weights = self.model.get_weights() if self.model.optimizer.use_ema else []


class _Interrupts(keras.callbacks.Callback):
    """Stops an epoch between batches at Ctrl-C.

    Parameters
    ----------
    one_batch : bool
        Whether to stop after the first batch, because a callback has set ``stop_training``.
    """

    def __init__(self, one_batch: bool) -> None:
        super().__init__()
        self._one_batch = one_batch

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002
        self.model.stop_training = self._one_batch  # which `fit` has set to False

    # At the begin of a batch: with a hook at its end Keras would wait for each batch's logs.
    # And by stop_training, not by an exception: the data of an epoch that an exception has
    # ended are released much later, and block whoever happens to release them.
    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:  # noqa: ARG002
        self.model.stop_training |= interrupted()


def _wrap_batch_hooks(
    callbacks: Sequence[keras.callbacks.Callback],
) -> list[_BatchHooks]:
    hooks = (*TRAIN_BATCH_HOOKS, *TEST_BATCH_HOOKS)
    return [
        _BatchHooks(callback)
        for callback in callbacks
        if any(overrides(callback, hook) for hook in hooks)
    ]


class _BatchHooks(keras.callbacks.Callback):
    """Passes on the hooks on batches, and no others."""

    def __init__(self, callback: keras.callbacks.Callback) -> None:
        super().__init__()
        self.callback = callback

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        self.callback.on_train_batch_begin(batch, logs=logs)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.callback.on_train_batch_end(batch, logs=logs)

    def on_test_batch_begin(self, batch: int, logs: Any = None) -> None:
        self.callback.on_test_batch_begin(batch, logs=logs)

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        self.callback.on_test_batch_end(batch, logs=logs)
