"""Keras callbacks around epochs, whichever engine trains them."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np

from skdnn._engine.changes import Change, describe, difference
from skdnn._engine.keras_training import KerasTraining
from skdnn._engine.objective import objective_of
from skdnn._engine.overridden import overrides
from skdnn._engine.training import FusedTraining

Training = FusedTraining | KerasTraining


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
    params : dict
        What callbacks are told: ``"epochs"``, ``"steps"`` and ``"verbose"``, as in Keras.
    take_over : callable
        Called with the model and a reason where a callback has changed what only Keras's own
        trainer honours; returns the training that goes on.
    """

    def __init__(
        self,
        callbacks: Sequence[keras.callbacks.Callback],
        model: keras.Sequential,
        training: Training,
        params: dict[str, int],
        take_over: Callable[[keras.Sequential, str], KerasTraining],
    ) -> None:
        self._model = model
        self._training = training
        self._params = params
        self._take_over = take_over
        # Not keras.callbacks.CallbackList: it hands its callbacks a copy of the logs, so that
        # what they add would be lost.
        self._callbacks = list(callbacks)
        self._logs: dict[str, float] = {}
        self._stepped = False
        self._new_optimizer = False
        self._reason: str | None = None
        _name_metrics(model)
        _readable_by_numpy(model)
        self._described = describe(model)

    @property
    def new_optimizer(self) -> bool:
        """Whether a callback has put another optimizer into the model."""
        return self._new_optimizer

    @contextmanager
    def training(self) -> Iterator[None]:
        """Surround the epochs with ``on_train_begin`` and ``on_train_end``."""
        self._model.stop_training = False
        with self._in_model():
            self._introduce()
            self._call("on_train_begin", {})
        self._go_on_from_backup()
        yield
        if self._needed("on_train_end"):
            with self._in_model():
                self._call("on_train_end", self._logs)

    def epoch_begin(self, epoch: int) -> bool:
        """Call ``on_epoch_begin``; a scheduler may set the learning rate there.

        Returns
        -------
        stop : bool
            Whether a callback has asked to stop: Keras then ends the epoch after one batch.
        """
        if self._needed("on_epoch_begin"):
            with self._in_model():
                self._call("on_epoch_begin", epoch, {})
        self._stepped = True
        return bool(self._model.stop_training)

    def evaluated(self, evaluate: Callable[[], dict[str, float]]) -> dict[str, float]:
        """Evaluate on validation rows, between ``on_test_begin`` and ``on_test_end``."""
        if self._needed("on_test_begin"):
            with self._in_model():
                self._call("on_test_begin", {})
        found = evaluate()
        if self._needed("on_test_end"):
            with self._in_model():
                logs = {name.removeprefix("val_"): value for name, value in found.items()}
                self._call("on_test_end", logs)
        return found

    def epoch_end(self, epoch: int, logs: dict[str, float]) -> bool:
        """Call ``on_epoch_end``; return whether a callback asked to stop.

        Callbacks may add to `logs`, as ``ReduceLROnPlateau`` does.
        """
        self._logs = dict(logs)
        with self._in_model():
            self._call("on_epoch_end", epoch, logs)
        return bool(self._model.stop_training)

    def _introduce(self) -> None:
        """Do what Keras's `fit` does before ``on_train_begin``."""
        if not any(isinstance(each, keras.callbacks.History) for each in self._callbacks):
            self._callbacks.append(keras.callbacks.History())
        for callback in self._callbacks:
            if isinstance(callback, keras.callbacks.History):
                self._model.history = callback
            callback.set_model(self._model)
            self._watch(callback, "set_model")
        for callback in self._callbacks:
            callback.set_params(self._params)

    def _go_on_from_backup(self) -> None:
        # BackupAndRestore says by this attribute alone where it goes on.
        epoch = getattr(self._model, "_initial_epoch", None)
        if epoch:
            self._training.epoch = epoch
            self._model._initial_epoch = None

    def _needed(self, hook: str) -> bool:
        return any(overrides(callback, hook) for callback in self._callbacks)

    def _call(self, hook: str, *args: Any) -> None:
        # With logs always, though empty ones, as Keras calls them: own functions may need them.
        for callback in self._callbacks:
            if overrides(callback, hook):
                getattr(callback, hook)(*args)
                self._watch(callback, hook)
                if hook == "on_epoch_end":
                    _check_logs(callback, args[-1])

    @contextmanager
    def _in_model(self) -> Iterator[None]:
        self._training.publish(self._model)
        yield
        if self._reason is None:
            self._training.adopt(self._model)
        else:
            optimizer = self._model.optimizer
            if not optimizer.built:  # a callback has put it there
                optimizer.build(self._model.trainable_variables)
            self._training = self._take_over(self._model, self._reason)
            self._reason = None
            self._described = describe(self._model)

    def _watch(self, callback: keras.callbacks.Callback, hook: str) -> None:
        """See to what a callback has changed that steps are compiled from."""
        described = describe(self._model)
        change = difference(self._described, described)
        if change is None:
            return
        self._described = described
        what = f"callback {type(callback).__name__} changed {change} in {hook}"
        if hook == "on_train_end":
            return  # nothing is trained any more, and the model is the callbacks' own
        _check_change(change, what, self._stepped)
        self._new_optimizer |= change.optimizer
        if not self._stepped or change.steps:
            self._reason = what
        else:
            warnings.warn(
                f"{what}, after the first step: as in Keras, the steps go on as they were "
                "compiled. Change it in on_train_begin, or call "
                "self.model.make_train_function(force=True) after it",
                stacklevel=2,
            )


def _check_change(change: Change, what: str, stepped: bool) -> None:
    if change.compiles:
        raise ValueError(
            f"{what}: a model that is trained can't be compiled anew, in Keras neither; set "
            "optimizer and the like as hyperparameters"
        )
    if change.outputs:
        raise ValueError(
            f"{what}: predictions are made by the layers that the hyperparameters describe "
            "(hidden_units, activation, batch_normalization); set those instead"
        )
    if change.optimizer and stepped:
        raise ValueError(
            f"{what}, after the first step, which Keras would not follow: set another "
            "optimizer in on_train_begin"
        )


def _check_logs(callback: keras.callbacks.Callback, logs: dict[str, Any]) -> None:
    for name, value in logs.items():
        try:
            float(value)
        except (TypeError, ValueError):
            raise ValueError(
                f"callback {type(callback).__name__} put {value!r} into logs[{name!r}]: "
                "history_ takes a number for each epoch"
            ) from None


def _name_metrics(model: keras.Sequential) -> None:
    """Let a model know its metrics, as Keras does at the first batch.

    A callback that monitors the accuracy looks there whether more of it is better.
    """
    n_outputs = model.output_shape[-1]
    objective = objective_of(model.loss, n_outputs)
    targets = objective.targets(np.zeros((1, *objective.target_shape), objective.target_dtype))
    model.compute_metrics(None, targets, np.zeros((1, n_outputs), np.float32))
    model.reset_metrics()


class _Variable(keras.Variable):
    """A variable that NumPy 2 converts without a warning: Keras 3.15's own lacks `copy`."""

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        array: np.ndarray = super().__array__(dtype)
        return array.copy() if copy else array


def _readable_by_numpy(model: keras.Sequential) -> None:
    # ReduceLROnPlateau, checkpoints and others convert variables: users' fits would warn.
    for variable in [*model.weights, *model.optimizer.variables]:
        if type(variable) is keras.Variable:
            variable.__class__ = _Variable
