"""Keras callbacks around epochs, whichever engine trains them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np

from skdnn._engine.keras_training import KerasTraining
from skdnn._engine.objective import Objective
from skdnn._engine.training import FusedTraining

_BATCH_HOOKS = ("on_batch_begin", "on_batch_end", "on_train_batch_begin", "on_train_batch_end")


class EpochHooks:
    """Calls the hooks of Keras callbacks and hands what they change to the training.

    Parameters
    ----------
    callbacks : sequence of keras.callbacks.Callback
        Called in order.
    model : keras.Sequential
        The model that callbacks see: compiled, of the training's network.
    training : FusedTraining or KerasTraining
        What is trained.
    epochs : int
        Planned epochs.
    """

    def __init__(
        self,
        callbacks: Sequence[keras.callbacks.Callback],
        model: keras.Sequential,
        training: FusedTraining | KerasTraining,
        epochs: int,
    ) -> None:
        self._model = model
        self._training = training
        # Not keras.callbacks.CallbackList: it hands its callbacks a copy of the logs, so that
        # what they add would be lost.
        self._callbacks = list(callbacks)
        self._logs: dict[str, float] = {}
        _name_metrics(model)
        for callback in self._callbacks:
            callback.set_model(model)
            callback.set_params({"epochs": epochs, "verbose": 0})

    @contextmanager
    def training(self) -> Iterator[None]:
        """Surround the epochs with ``on_train_begin`` and ``on_train_end``."""
        self._model.stop_training = False
        with self._in_model():
            self._call("on_train_begin", self._logs)
        yield
        with self._in_model():
            self._call("on_train_end", self._logs)

    def epoch_begin(self, epoch: int) -> None:
        """Call ``on_epoch_begin``; a scheduler may set the learning rate there."""
        with self._in_model():
            self._call("on_epoch_begin", epoch, {})

    def epoch_end(self, epoch: int, logs: dict[str, float]) -> bool:
        """Call ``on_epoch_end``; return whether a callback asked to stop.

        Callbacks may add to `logs`, as ``ReduceLROnPlateau`` does.
        """
        with self._in_model():
            self._call("on_epoch_end", epoch, logs)
        self._logs = logs
        return bool(self._model.stop_training)

    def _call(self, hook: str, *args: Any) -> None:
        # With logs always, though empty ones, as Keras calls them: own functions may need them.
        for callback in self._callbacks:
            getattr(callback, hook)(*args)

    @contextmanager
    def _in_model(self) -> Iterator[None]:
        self._training.publish(self._model)
        yield
        self._training.adopt(self._model)


def _name_metrics(model: keras.Sequential) -> None:
    """Let a model know its metrics, as Keras does at the first batch.

    A callback that monitors the accuracy looks there whether more of it is better.
    """
    n_outputs = model.output_shape[-1]
    objective = Objective(model.loss, n_outputs)
    targets = objective.targets(np.zeros((1, *objective.target_shape), np.int32))
    model.compute_metrics(None, targets, np.zeros((1, n_outputs), np.float32))
    model.reset_metrics()


def hooks_on_batches(callback: keras.callbacks.Callback) -> list[str]:
    """Name the hooks on batches that a callback needs.

    Parameters
    ----------
    callback : keras.callbacks.Callback
        Read, not called.

    Returns
    -------
    hooks : list of str
        Empty if its settings make it work by epochs alone.
    """
    if _works_by_epochs(callback):
        return []
    return [name for name in _BATCH_HOOKS if _overrides(callback, name)]


def _works_by_epochs(callback: Any) -> bool:
    callbacks = keras.callbacks
    if isinstance(callback, callbacks.ModelCheckpoint):
        return bool(callback.save_freq == "epoch")
    if isinstance(callback, callbacks.TensorBoard):
        # The profiler starts and stops at batches.
        profiles = getattr(callback, "_should_trace", False) or getattr(
            callback, "_start_batch", 0
        )
        return callback.update_freq == "epoch" and not profiles
    # A loss that is no number ends the epoch's fit with an error, callback or not.
    return type(callback) is callbacks.TerminateOnNaN


def _overrides(callback: Any, name: str) -> bool:
    own = getattr(callback, name)
    return getattr(own, "__func__", own) is not getattr(keras.callbacks.Callback, name)
