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
    """Calls the hooks of Keras callbacks and passes their changes on to the training.

    Parameters
    ----------
    callbacks : sequence of keras.callbacks.Callback
        Called in order.
    model : keras.Sequential
        The ``model`` of the callbacks: compiled, of the training's network.
    training : FusedTraining or KerasTraining
        The training.
    params : dict
        The ``params`` of the callbacks: ``"epochs"``, ``"steps"`` and ``"verbose"``.
    switch_to_keras : callable
        Called with the model and a reason if a callback has made a change that only Keras's
        own trainer honours; returns the training to continue with.
    """

    def __init__(
        self,
        callbacks: Sequence[keras.callbacks.Callback],
        model: keras.Sequential,
        training: Training,
        params: dict[str, int],
        switch_to_keras: Callable[[keras.Sequential, str], KerasTraining],
    ) -> None:
        self._model = model
        self._training = training
        self._params = params
        self._switch_to_keras = switch_to_keras
        # Not keras.callbacks.CallbackList: it passes a copy of the logs to its callbacks, so
        # that what they add would be lost.
        self._callbacks = list(callbacks)
        self._logs: dict[str, float] = {}
        self._started = False
        self._new_optimizer = False
        self._reason: str | None = None
        _build_metrics(model)
        _make_convertible(model)
        self._described = describe(model)

    @property
    def new_optimizer(self) -> bool:
        """Whether a callback has replaced the optimizer."""
        return self._new_optimizer

    @contextmanager
    def training(self) -> Iterator[None]:
        """Call ``on_train_begin`` and ``on_train_end`` around the epochs."""
        self._model.stop_training = False
        with self._synchronized():
            self._set_callbacks()
            self._call("on_train_begin", {})
        self._resume_from_backup()
        yield
        if self._overridden("on_train_end"):
            with self._synchronized():
                self._call("on_train_end", self._logs)

    def epoch_begin(self, epoch: int) -> bool:
        """Call ``on_epoch_begin``, where a scheduler may set the learning rate.

        Returns
        -------
        stop : bool
            Whether a callback has set ``stop_training``: Keras then trains one batch only.
        """
        if self._overridden("on_epoch_begin"):
            with self._synchronized():
                self._call("on_epoch_begin", epoch, {})
        self._started = True
        return bool(self._model.stop_training)

    def evaluate(self, evaluate: Callable[[], dict[str, float]]) -> dict[str, float]:
        """Evaluate on validation rows, between ``on_test_begin`` and ``on_test_end``."""
        if self._overridden("on_test_begin"):
            with self._synchronized():
                self._call("on_test_begin", {})
        found = evaluate()
        if self._overridden("on_test_end"):
            with self._synchronized():
                logs = {name.removeprefix("val_"): value for name, value in found.items()}
                self._call("on_test_end", logs)
        return found

    def epoch_end(self, epoch: int, logs: dict[str, float]) -> bool:
        """Call ``on_epoch_end``; return whether a callback has set ``stop_training``.

        Callbacks may add to `logs`, as ``ReduceLROnPlateau`` does.
        """
        self._logs = dict(logs)
        with self._synchronized():
            self._call("on_epoch_end", epoch, logs)
        return bool(self._model.stop_training)

    def _set_callbacks(self) -> None:
        """Do what Keras's `fit` does before ``on_train_begin``."""
        if not any(isinstance(each, keras.callbacks.History) for each in self._callbacks):
            self._callbacks.append(keras.callbacks.History())
        for callback in self._callbacks:
            if isinstance(callback, keras.callbacks.History):
                self._model.history = callback
            callback.set_model(self._model)
            self._check_changes(callback, "set_model")
        for callback in self._callbacks:
            callback.set_params(self._params)

    def _resume_from_backup(self) -> None:
        # BackupAndRestore gives the epoch to resume from in this attribute alone.
        epoch = getattr(self._model, "_initial_epoch", None)
        if epoch:
            self._training.epoch = epoch
            self._model._initial_epoch = None

    def _overridden(self, hook: str) -> bool:
        return any(overrides(callback, hook) for callback in self._callbacks)

    def _call(self, hook: str, *args: Any) -> None:
        # Always with logs, as Keras calls them: custom functions may require the argument.
        for callback in self._callbacks:
            if overrides(callback, hook):
                getattr(callback, hook)(*args)
                self._check_changes(callback, hook)
                if hook == "on_epoch_end":
                    _check_logs(callback, args[-1])

    @contextmanager
    def _synchronized(self) -> Iterator[None]:
        self._training.copy_to(self._model)
        yield
        if self._reason is None:
            self._training.copy_from(self._model)
        else:
            optimizer = self._model.optimizer
            if not optimizer.built:  # a callback has put it there
                optimizer.build(self._model.trainable_variables)
            self._training = self._switch_to_keras(self._model, self._reason)
            self._reason = None
            self._described = describe(self._model)

    def _check_changes(self, callback: keras.callbacks.Callback, hook: str) -> None:
        """Handle a callback's change of what training steps are compiled from."""
        described = describe(self._model)
        change = difference(self._described, described)
        if change is None:
            return
        self._described = described
        what = f"callback {type(callback).__name__} changed {change} in {hook}"
        if hook == "on_train_end":
            return  # training is over, and the model belongs to the callbacks
        _check_change(change, what, self._started)
        self._new_optimizer |= change.optimizer
        if not self._started or change.steps:
            self._reason = what
        else:
            warnings.warn(
                f"{what}, after the first step: as in Keras, the steps go on as they were "
                "compiled. Change it in on_train_begin, or call "
                "self.model.make_train_function(force=True) after it",
                stacklevel=2,
            )


def _check_change(change: Change, what: str, started: bool) -> None:
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
    if change.optimizer and started:
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


def _build_metrics(model: keras.Sequential) -> None:
    """Build a model's metrics, as Keras does at the first batch.

    A callback that monitors the accuracy reads from them whether greater is better.
    """
    n_outputs = model.output_shape[-1]
    objective = objective_of(model.loss, n_outputs)
    targets = objective.targets(np.zeros((1, *objective.target_shape), objective.target_dtype))
    model.compute_metrics(None, targets, np.zeros((1, n_outputs), np.float32))
    model.reset_metrics()


class _Variable(keras.Variable):
    """A variable that NumPy 2 converts without a warning: Keras 3.15's takes no `copy`."""

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        array: np.ndarray = super().__array__(dtype)
        return array.copy() if copy else array


def _make_convertible(model: keras.Sequential) -> None:
    # ReduceLROnPlateau, checkpoints and others convert variables: users' fits would warn.
    for variable in [*model.weights, *model.optimizer.variables]:
        if type(variable) is keras.Variable:
            variable.__class__ = _Variable
