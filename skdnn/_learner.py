"""Hyperparameters and fitted arrays become engine calls.

The one module between the estimator, which knows no TensorFlow, and the engine, which knows
no estimator. TensorFlow loads when the first of these functions is called.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypedDict

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import keras

    from skdnn._engine import EpochHooks, Evaluation, FusedTraining, KerasTraining
    from skdnn._optimizers import OptimizerChoice
    from skdnn.network import Activation, Architecture


class Table(TypedDict):
    """Rows that were checked: ``X``, class numbers ``y`` and ``weight`` or None."""

    X: NDArray[Any]
    y: NDArray[np.int32]
    weight: NDArray[np.float32] | None


@dataclass(frozen=True)
class Settings:
    """What a call of `fit` or `partial_fit` asks for.

    Parameters
    ----------
    architecture : Architecture
        The layers.
    optimizer : OptimizerChoice
        The optimizer.
    batch_size, epochs, seed : int
        As the engine takes them.
    engine : {"auto", "fused", "keras"}
        Which engine.
    callbacks : sequence of keras.callbacks.Callback
        As the user gave them; copied for each fit.
    """

    architecture: Architecture
    optimizer: OptimizerChoice
    batch_size: int
    epochs: int
    seed: int
    engine: str
    callbacks: Sequence[keras.callbacks.Callback]


class Learnt(TypedDict):
    """What a training leaves behind: arrays and plain Python, so that it can be kept safely.

    ``input_shape``, ``n_classes``, ``hidden_units`` and ``activation`` are the architecture;
    ``weights`` and ``slots`` (the optimizer's state) are lists of arrays; ``optimizer`` says
    which optimizer the slots belong to; ``seed`` and ``epoch`` (epochs done) decide the order
    of the rows in the epochs to come.
    """

    input_shape: tuple[int, ...]
    n_classes: int
    hidden_units: tuple[int, ...]
    activation: tuple[Activation, ...]
    optimizer: str
    weights: list[NDArray[Any]]
    slots: list[NDArray[Any]]
    seed: int
    epoch: int


class Fit:
    """A fit under way: the training, the callbacks around it and its validation.

    Parameters
    ----------
    settings : Settings
        Hyperparameters, checked.
    rows : Table
        What to learn from.
    validation : Table or None
        What to evaluate on after each epoch.
    learnt : Learnt or None
        Where to go on; None starts from new weights. The optimizer's state is kept if the
        optimizer is the same but for its learning rate.

    Attributes
    ----------
    engine, why : str
        The engine that trains, and the reason.

    Raises
    ------
    ValueError
        If the layers are not those of `learnt`, or the engine asked for can't train this.
    """

    def __init__(
        self,
        settings: Settings,
        rows: Table,
        validation: Table | None,
        learnt: Learnt | None,
    ) -> None:
        from skdnn import _engine

        if learnt is not None:
            _check_same_layers(settings.architecture, learnt)
        self._settings = settings
        callbacks = copy.deepcopy(list(settings.callbacks))
        self.engine, self.why = _engine.choose_engine(
            settings.engine, settings.optimizer.template, callbacks
        )
        self._training: FusedTraining | KerasTraining
        if self.engine == "fused":
            self._training = _fused(settings, rows, learnt)
        else:
            self._training = _by_keras(settings, rows, learnt, callbacks)
        self._hooks = self._around(callbacks)
        self._evaluation = None if validation is None else _evaluation(settings, validation)

    @property
    def epoch(self) -> int:
        """Epochs done, those of earlier fits that this one goes on from included."""
        return self._training.epoch

    @contextmanager
    def under_way(self) -> Iterator[None]:
        """Surround all epochs."""
        with nullcontext() if self._hooks is None else self._hooks.training():
            yield
            self._training.finish()

    def run_epoch(self) -> tuple[dict[str, float], bool]:
        """Train one epoch.

        Returns
        -------
        logs : dict of float
            ``accuracy`` and ``loss``, and the same with ``val_`` where there are validation
            rows.
        stop : bool
            Whether a callback asked to stop.
        """
        epoch = self.epoch
        if self._hooks is not None:
            self._hooks.epoch_begin(epoch)
        logs = self._training.run_epoch()
        self._check_finite(logs["loss"])
        if self._evaluation is not None:
            logs |= self._evaluation(self._training.state().weights)
        stop = self._hooks is not None and self._hooks.epoch_end(epoch, logs)
        return logs, stop

    def learnt(self) -> Learnt:
        """Copy out what has been reached."""
        state = self._training.state()
        architecture = self._settings.architecture
        return {
            "input_shape": architecture.input_shape,
            "n_classes": architecture.n_classes,
            "hidden_units": architecture.hidden_units,
            "activation": architecture.activation,
            "optimizer": self._settings.optimizer.key,
            "weights": state.weights,
            "slots": state.slots,
            "seed": self._settings.seed,
            "epoch": state.epoch,
        }

    def _check_finite(self, loss: float) -> None:
        if not np.isfinite(loss):
            rate = self._settings.optimizer.learning_rate
            raise ValueError(
                f"the loss became {loss} in epoch {self.epoch}: the steps are too large "
                f"(learning_rate={'a schedule' if rate is None else f'{rate:g}'}) or the "
                "features are (scale them, for example with StandardScaler)"
            )

    def _around(self, callbacks: list[keras.callbacks.Callback]) -> EpochHooks | None:
        from skdnn import _engine

        if not callbacks:
            return None
        model = getattr(self._training, "model", None) or _model_to_look_at(self._settings)
        last = self.epoch + self._settings.epochs
        return _engine.EpochHooks(callbacks, model, self._training, last)


def listed_callbacks(callbacks: Any) -> list[keras.callbacks.Callback]:
    """List Keras callbacks, checked.

    Parameters
    ----------
    callbacks : keras.callbacks.Callback, sequence of those, or None
        As the user gave them.

    Returns
    -------
    callbacks : list of keras.callbacks.Callback

    Raises
    ------
    TypeError
        If one is something else; names it.
    """
    if callbacks is None:
        return []
    import keras

    single = isinstance(callbacks, keras.callbacks.Callback | type | str)
    listed = [callbacks] if single else list(callbacks)
    for position, callback in enumerate(listed):
        if not isinstance(callback, keras.callbacks.Callback):
            raise TypeError(
                "callbacks must hold instances of keras.callbacks.Callback, got "
                f"{callback!r} at position {position}"
            )
    return listed


def architecture_of(learnt: Learnt) -> Architecture:
    """Return the layers that the weights belong to."""
    from skdnn.network import Architecture

    return Architecture(
        learnt["input_shape"], learnt["n_classes"], learnt["hidden_units"], learnt["activation"]
    )


def class_probabilities(learnt: Learnt, X: NDArray[Any]) -> NDArray[np.float32]:
    """Compute the probability of each class.

    Parameters
    ----------
    learnt : Learnt
        What was trained.
    X : ndarray of shape (n_rows, ...)
        Rows.

    Returns
    -------
    probabilities : ndarray of float32, shape (n_rows, n_classes)
    """
    from skdnn import _engine

    architecture = architecture_of(learnt)
    outputs = _engine.forward(_compiled_forward(architecture), learnt["weights"], X)
    return np.hstack([1 - outputs, outputs]) if architecture.n_classes == 2 else outputs


def keras_model(learnt: Learnt, choice: OptimizerChoice) -> keras.Sequential:
    """Make a compiled Keras model with the weights, and the optimizer's state if it fits.

    Parameters
    ----------
    learnt : Learnt
        What was trained.
    choice : OptimizerChoice
        The optimizer to compile with.

    Returns
    -------
    model : keras.Sequential
        Independent of anything else.
    """
    from skdnn.network import compiled_network

    model = compiled_network(architecture_of(learnt), choice)
    model.set_weights(learnt["weights"])
    model.optimizer.build(model.trainable_variables)
    if learnt["optimizer"] == choice.key:
        for variable, value in zip(model.optimizer.variables, learnt["slots"], strict=True):
            variable.assign(value)
    return model


def _check_same_layers(architecture: Architecture, learnt: Learnt) -> None:
    if architecture_of(learnt) != architecture:
        raise ValueError(
            "a fitted network is trained further with the layers it has, hidden_units="
            f"{learnt['hidden_units']} and activation={learnt['activation']}, got hidden_units="
            f"{architecture.hidden_units} and activation={architecture.activation}; to start "
            "afresh, call fit with warm_start=False"
        )


def _fused(settings: Settings, rows: Table, learnt: Learnt | None) -> FusedTraining:
    from skdnn import _engine
    from skdnn.network import compiled_network, initial_weights

    choice = settings.optimizer
    table = _engine.Rows(**rows)
    batch_size = _engine.padded_batch_size(settings.batch_size, len(table.counting()))
    program = _engine.program_for(
        _engine.Structure(settings.architecture, choice.key, batch_size),
        lambda: compiled_network(settings.architecture, choice),
    )
    slots = program.first_slots
    if learnt is None:
        weights, epoch = initial_weights(program.model, settings.seed), 0
    else:
        weights, epoch = learnt["weights"], learnt["epoch"]
        if learnt["optimizer"] == choice.key:
            slots = learnt["slots"]
    return _engine.FusedTraining(
        program,
        _engine.TrainingState(
            weights, program.with_learning_rate(slots, choice.learning_rate), epoch
        ),
        table,
        epochs=settings.epochs,
        seed=settings.seed,
    )


def _by_keras(
    settings: Settings,
    rows: Table,
    learnt: Learnt | None,
    callbacks: list[keras.callbacks.Callback],
) -> KerasTraining:
    from skdnn import _engine
    from skdnn.network import compiled_network, initial_weights

    choice = settings.optimizer
    if learnt is None:
        model = compiled_network(settings.architecture, choice)
        model.set_weights(initial_weights(model, settings.seed))
        model.optimizer.build(model.trainable_variables)  # some start from the weights
        epoch = 0
    else:
        model, epoch = keras_model(learnt, choice), learnt["epoch"]
        if choice.learning_rate is not None:
            model.optimizer.learning_rate = choice.learning_rate
    return _engine.KerasTraining(
        model,
        _engine.Rows(**rows),
        batch_size=settings.batch_size,
        epoch=epoch,
        seed=settings.seed,
        callbacks=callbacks,
    )


def _model_to_look_at(settings: Settings) -> keras.Sequential:
    from skdnn.network import compiled_network

    model = compiled_network(settings.architecture, settings.optimizer)
    model.optimizer.build(model.trainable_variables)
    return model


def _evaluation(settings: Settings, validation: Table) -> Evaluation:
    from skdnn import _engine
    from skdnn.network import cross_entropy

    return _engine.Evaluation(
        _compiled_forward(settings.architecture),
        cross_entropy(settings.architecture.n_classes),
        _engine.Rows(**validation),
    )


def _compiled_forward(architecture: Architecture) -> Any:
    from skdnn import _engine

    # Seeded, though its weights mean nothing: Keras draws a missing seed from Python's random.
    return _engine.forward_for(architecture, lambda: architecture.build(seed=0))
