"""Hyperparameters and fitted arrays become engine calls.

The one module between the estimator, which knows no TensorFlow, and the engine, which knows
no estimator. TensorFlow loads when the first of these functions is called.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NotRequired, TypedDict, cast

import joblib
import numpy as np
from numpy.typing import NDArray

from skdnn._engine.backend import load_tensorflow
from skdnn._estimator.kinds import kind_of

if TYPE_CHECKING:
    import keras

    from skdnn._engine.evaluation import Evaluation, RowLosses
    from skdnn._engine.hooks import EpochHooks
    from skdnn._engine.keras_training import KerasTraining
    from skdnn._engine.training import FusedTraining
    from skdnn._estimator.rows import Table
    from skdnn.network.architecture import Architecture
    from skdnn.network.initializers import InitializerChoice
    from skdnn.network.layer_settings import Activation, Regularization
    from skdnn.network.losses import Loss
    from skdnn.network.optimizers import OptimizerChoice


@dataclass(frozen=True)
class Settings:
    """What a call of `fit` or `partial_fit` asks for.

    Parameters
    ----------
    architecture : Architecture
        The layers.
    target : mapping
        The record of the target: what is kept of it.
    loss : Loss
        What the network is trained for.
    regularization : Regularization
        What the layers do while they are trained.
    initializers : sequence of InitializerChoice
        Of each layer's kernel.
    optimizer : OptimizerChoice
        The optimizer.
    batch_size, epochs, seed : int
        As the engine takes them.
    engine : {"auto", "fused", "keras"}
        Which engine.
    callbacks : sequence of keras.callbacks.Callback
        This fit's own.
    verbose : int
        As callbacks are told; 1 or more prints it where another engine takes over.
    """

    architecture: Architecture
    target: Mapping[str, Any]
    loss: Loss
    regularization: Regularization
    initializers: Sequence[InitializerChoice]
    optimizer: OptimizerChoice
    batch_size: int
    epochs: int
    seed: int
    engine: str
    callbacks: Sequence[keras.callbacks.Callback]
    verbose: int = 0


class Learnt(TypedDict):
    """What a training leaves behind: arrays and plain Python, so that it can be kept safely.

    ``input_shape`` to ``batch_normalization`` are the layers; the output layer follows from the
    record of the target (`Target.record`), which is here too. ``weights`` and ``slots`` (the
    optimizer's state) are lists of arrays; ``optimizer`` says which optimizer the slots belong
    to; ``seed`` and ``epoch`` (epochs done) decide the order of the rows in the epochs to come.
    """

    input_shape: tuple[int, ...]
    hidden_units: tuple[int, ...]
    activation: tuple[Activation, ...]
    batch_normalization: tuple[bool, ...]
    optimizer: str
    weights: list[NDArray[Any]]
    slots: list[NDArray[Any]]
    seed: int
    epoch: int
    n_classes: NotRequired[int]
    multilabel: NotRequired[bool]
    output_activation: NotRequired[str]
    one_dimensional: NotRequired[bool]
    shift: NotRequired[NDArray[np.float64]]
    scale: NotRequired[NDArray[np.float64]]


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
        from skdnn._engine.choice import choose_engine, refuse_limits

        self._settings = settings
        self._network = settings.architecture.key()
        if learnt is not None:
            _check_same_layers(settings.architecture, learnt)
        self._tables = (rows, validation)
        callbacks = list(settings.callbacks)
        self._steps = _batches(rows, settings.batch_size)
        refuse_limits(settings.epochs, self._steps)
        self.engine, self.why = choose_engine(
            settings.engine,
            settings.optimizer.template,
            callbacks,
            validation=validation is not None,
            normalizes=any(settings.architecture.batch_normalization),
        )
        self._training: FusedTraining | KerasTraining
        if self.engine == "fused":
            self._training = _fused(settings, self._network, rows, learnt)
        else:
            self._training = _by_keras(settings, rows, learnt, callbacks)
        self._evaluation = self._evaluated_on(validation)
        self._hooks = self._around(callbacks)

    @property
    def identity(self) -> list[Any]:
        """All that decides what is learnt, but for the number of epochs.

        Raises
        ------
        ValueError
            If that can't be told.
        """
        import keras

        settings = self._settings
        _refuse_what_memory_cannot_tell(settings.optimizer, self._network)
        return [
            _versions(),
            self.engine,
            self._training.compiled,  # graph and XLA round differently
            keras.config.epsilon(),
            self._training.state().weights,
            settings.seed,
            *self._asked_for,
        ]

    @property
    def _asked_for(self) -> list[Any]:
        """What is trained on what, by any engine and from any start weights."""
        settings = self._settings
        return [
            self._network,
            settings.loss,
            settings.regularization,
            _optimizer_key(settings.optimizer),
            settings.optimizer.learning_rate,
            settings.batch_size,
            self._tables,
        ]

    def resume(self, learnt: Learnt) -> None:
        """Go on from what a fit of the same identity has learnt."""
        from skdnn._engine.training import TrainingState

        self._training.resume(
            TrainingState(learnt["weights"], learnt["slots"], learnt["epoch"])
        )

    @property
    def epoch(self) -> int:
        """Epochs done, those of earlier fits that this one goes on from included."""
        return self._training.epoch

    @contextmanager
    def under_way(self) -> Iterator[None]:
        """Surround all epochs; a callback may go on from a backup."""
        self._claim_backups()
        with nullcontext() if self._hooks is None else self._hooks.training():
            yield
            self._training.finish()

    def run_epoch(self) -> tuple[dict[str, float], bool]:
        """Train one epoch.

        Returns
        -------
        logs : dict of float
            ``loss`` and the metric, and the same with ``val_`` where there are validation
            rows.
        stop : bool
            Whether a callback asked to stop.
        """
        epoch = self.epoch
        one_batch = self._hooks is not None and self._hooks.epoch_begin(epoch)
        logs = self._training.run_epoch(one_batch)
        self._check_finite(logs["loss"])
        if self._evaluation is not None:
            hooks = self._hooks
            logs |= self._evaluate() if hooks is None else hooks.evaluated(self._evaluate)
        stop = self._hooks is not None and self._hooks.epoch_end(epoch, logs)
        return logs, stop

    def learnt(self) -> Learnt:
        """Copy out what has been reached; weights that are not finite are an error."""
        state = self._training.state()
        if not all(np.isfinite(weight).all() for weight in state.weights):  # by the last step
            raise self._diverged("weights became infinite or NaN")
        architecture = self._settings.architecture
        learnt = {
            **self._settings.target,
            "input_shape": architecture.input_shape,
            "hidden_units": architecture.hidden_units,
            "activation": architecture.activation,
            "batch_normalization": architecture.batch_normalization,
            "optimizer": self._optimizer_key(),
            "weights": state.weights,
            "slots": state.slots,
            "seed": self._settings.seed,
            "epoch": state.epoch,
        }
        return cast(Learnt, learnt)

    def _check_finite(self, loss: float) -> None:
        if not np.isfinite(loss):
            raise self._diverged(f"the loss became {loss}")

    def _diverged(self, what: str) -> ValueError:
        rate = self._settings.optimizer.learning_rate
        l2 = max(self._settings.regularization.l2)
        penalty = f" or the penalty is (l2={l2:g})" if l2 else ""
        return ValueError(
            f"{what} in epoch {self.epoch}: the steps are too large "
            f"(learning_rate={'a schedule' if rate is None else f'{rate:g}'}) or the "
            f"features are (scale them, for example with StandardScaler){penalty}"
        )

    def _optimizer_key(self) -> str:
        """Say whose state the slots are."""
        if self._hooks is None or not self._hooks.new_optimizer:
            return self._settings.optimizer.key
        cls = type(self._training.model.optimizer)
        return f"{cls.__module__}.{cls.__qualname__} of a callback"

    def _evaluated_on(self, validation: Table | None) -> Evaluation | None:
        from skdnn._engine.evaluation import Evaluation
        from skdnn._engine.rows import Rows

        if validation is None:
            return None
        compiled = _row_losses(self._settings, self._network)
        return Evaluation(compiled, self._training.model, Rows(**validation))

    def _evaluate(self) -> dict[str, float]:
        from skdnn._engine.keras_training import KerasTraining

        if self._evaluation is None:
            return {}
        if isinstance(self._training, KerasTraining):
            self._training.test(self._evaluation.rows)
        return self._evaluation(self._training.state().weights)

    def _around(self, callbacks: list[keras.callbacks.Callback]) -> EpochHooks | None:
        from skdnn._engine.hooks import EpochHooks
        from skdnn._engine.keras_training import KerasTraining

        if not callbacks:
            return None
        if isinstance(self._training, KerasTraining):
            model = self._training.model
        else:
            model = _model_to_look_at(self._settings)
        params = {
            "verbose": self._settings.verbose,
            "epochs": self.epoch + self._settings.epochs,
            "steps": self._steps,
        }
        return EpochHooks(callbacks, model, self._training, params, self._take_over)

    def _take_over(self, model: keras.Sequential, why: str) -> KerasTraining:
        """Let Keras's own trainer go on with a model that a callback has changed."""
        from skdnn._engine.choice import not_fused
        from skdnn._engine.keras_training import KerasTraining
        from skdnn._engine.rows import Rows

        settings = self._settings
        if isinstance(self._training, KerasTraining):
            return self._training
        if settings.engine == "fused":
            raise not_fused(why)
        rows, validation = self._tables
        self._training = KerasTraining(
            model,
            Rows(**rows),
            batch_size=settings.batch_size,
            epoch=self.epoch,
            seed=settings.seed,
            callbacks=settings.callbacks,
        )
        self._evaluation = self._evaluated_on(validation)
        self.engine, self.why = "keras", why
        if settings.verbose:
            print(f"engine: {self.engine} ({why})")
        return self._training

    def _claim_backups(self) -> None:
        from skdnn._engine.backups import claim_backups

        def identity() -> str:
            started_by = [
                str(getattr(choice.key, "__qualname__", choice.key))
                for choice in self._settings.initializers
            ]
            return str(joblib.hash([started_by, *self._asked_for], coerce_mmap=True))

        claim_backups(self._settings.callbacks, identity)


def architecture_of(learnt: Mapping[str, Any]) -> Architecture:
    """Return the layers that the weights belong to."""
    from skdnn.network.architecture import Architecture

    return Architecture(
        learnt["input_shape"],
        kind_of(learnt).output_of(learnt),
        learnt["hidden_units"],
        learnt["activation"],
        learnt["batch_normalization"],
    )


def outputs(learnt: Learnt, X: Any) -> NDArray[np.float32]:
    """Compute what the output layer gives for rows.

    Parameters
    ----------
    learnt : Learnt
        What was trained.
    X : ndarray of shape (n_rows, ...), or sparse matrix in rows
        Rows.

    Returns
    -------
    outputs : ndarray of float32, shape (n_rows, n_outputs)
    """
    load_tensorflow()
    from skdnn._engine.inference import forward

    architecture = architecture_of(learnt)
    return forward(_compiled_forward(architecture), learnt["weights"], X)


def keras_model(
    learnt: Learnt,
    choice: OptimizerChoice,
    regularization: Regularization | None,
    loss: Loss,
) -> keras.Sequential:
    """Make a compiled Keras model with the weights, and the optimizer's state if it fits.

    Parameters
    ----------
    learnt : Learnt
        What was trained.
    choice : OptimizerChoice
        The optimizer to compile with.
    regularization : Regularization or None
        What the layers do while they are trained.
    loss : Loss
        What the network is trained for.

    Returns
    -------
    model : keras.Sequential
        Independent of anything else.
    """
    from skdnn.network.building import compiled_network

    model = compiled_network(architecture_of(learnt), choice, regularization, loss)
    model.set_weights(learnt["weights"])
    model.optimizer.build(model.trainable_variables)
    if learnt["optimizer"] == choice.key:
        variables = model.optimizer.variables
        for variable, value in zip(variables, _fitting_slots(learnt, variables), strict=True):
            variable.assign(value)
    return model


def model_in_own_units(model: keras.Sequential, learnt: Learnt) -> keras.Sequential:
    """Let a model answer in the units of the targets, by a last layer where these are others.

    Parameters
    ----------
    model : keras.Sequential
        From `keras_model`; used up.
    learnt : Learnt
        What was trained.

    Returns
    -------
    model : keras.Sequential
        With the same weights and optimizer.
    """
    from skdnn.network.building import rescaled_network

    scale, shift = learnt.get("scale"), learnt.get("shift")
    if scale is None or shift is None or ((scale == 1).all() and not shift.any()):
        return model
    return rescaled_network(model, scale.tolist(), shift.tolist())


def _fitting_slots(learnt: Learnt, fresh: Sequence[Any]) -> list[NDArray[Any]]:
    """Return the optimizer's state, which may be from a file of another version of Keras."""
    kept, expected = (
        [f"{np.dtype(slot.dtype)}{list(slot.shape)}" for slot in slots]
        for slots in (learnt["slots"], fresh)
    )
    if kept != expected:
        raise ValueError(
            "the optimizer's state that was kept has another form than this version of Keras "
            f"gives it: {kept}, must be {expected}. Predictions are not concerned; to train, "
            "start afresh with fit and warm_start=False"
        )
    return learnt["slots"]


def _check_same_layers(architecture: Architecture, learnt: Learnt) -> None:
    fitted = architecture_of(learnt)
    changed = [
        f"{name}={getattr(fitted, name)!r}, got {getattr(architecture, name)!r}"
        for name in ("hidden_units", "activation", "batch_normalization")
        if getattr(fitted, name) != getattr(architecture, name)
    ]
    if changed and fitted.key() != architecture.key():  # other functions may do the same
        raise ValueError(
            "a fitted network is trained further with the layers it has: "
            f"{'; '.join(changed)}; to start afresh, call fit with warm_start=False"
        )


def _refuse_what_memory_cannot_tell(choice: OptimizerChoice, network: Architecture) -> None:
    if any(each is not choice.schedule for each in choice.own_code):
        raise ValueError(
            "memory can't tell what an optimizer of your own does, or a function as learning "
            "rate: leave out memory, or take one of Keras's optimizers and a schedule; got "
            f"optimizer={type(choice.template).__name__}"
        )
    if any(getattr(does, "variables", ()) for does in network.activation):
        raise ValueError(
            "memory can't tell what the variables hold that an activation reads: leave out "
            "memory, or let the activation read numbers"
        )


def _optimizer_key(choice: OptimizerChoice) -> tuple[Any, ...]:
    """Return what tells an optimizer from others: settings, and what a schedule does."""
    from skdnn._engine.functions import schedule_key

    return (choice.key, choice.schedule and schedule_key(choice.schedule))


def _versions() -> list[str]:
    import keras
    import tensorflow as tf

    from skdnn import __version__

    return [__version__, keras.__version__, tf.__version__, np.__version__]


def _fused(
    settings: Settings, network: Architecture, rows: Table, learnt: Learnt | None
) -> FusedTraining:
    from skdnn._engine.programs import Structure, program_for
    from skdnn._engine.rows import Rows, padded_batch_size
    from skdnn._engine.training import FusedTraining, TrainingState, worth_compiling
    from skdnn.network.initializers import initial_weights

    choice = settings.optimizer
    table = Rows(**rows)
    n_rows = len(table.counting())
    batch_size = padded_batch_size(settings.batch_size, n_rows)
    jit = worth_compiling(settings.epochs, n_rows, batch_size)
    program = program_for(
        Structure(
            network,
            settings.regularization,
            _optimizer_key(choice),
            batch_size,
            jit,
            settings.loss,
        ),
        lambda: _compiled(settings),
    )
    slots = program.first_slots
    if learnt is None:
        weights = initial_weights(program.model, settings.seed, settings.initializers)
        epoch = 0
    else:
        weights, epoch = learnt["weights"], learnt["epoch"]
        if learnt["optimizer"] == choice.key:
            slots = _fitting_slots(learnt, slots)
    return FusedTraining(
        program,
        TrainingState(weights, program.with_learning_rate(slots, choice.learning_rate), epoch),
        table,
        seed=settings.seed,
    )


def _by_keras(
    settings: Settings,
    rows: Table,
    learnt: Learnt | None,
    callbacks: list[keras.callbacks.Callback],
) -> KerasTraining:
    from skdnn._engine.keras_training import KerasTraining
    from skdnn._engine.rows import Rows
    from skdnn.network.initializers import initial_weights

    choice = settings.optimizer
    if learnt is None:
        model = _compiled(settings)
        model.set_weights(initial_weights(model, settings.seed, settings.initializers))
        model.optimizer.build(model.trainable_variables)  # some start from the weights
        epoch = 0
    else:
        model = keras_model(learnt, choice, settings.regularization, settings.loss)
        epoch = learnt["epoch"]
        if choice.learning_rate is not None:
            model.optimizer.learning_rate = choice.learning_rate
    return KerasTraining(
        model,
        Rows(**rows),
        batch_size=settings.batch_size,
        epoch=epoch,
        seed=settings.seed,
        callbacks=callbacks,
    )


def _compiled(settings: Settings) -> keras.Sequential:
    from skdnn.network.building import compiled_network

    return compiled_network(
        settings.architecture, settings.optimizer, settings.regularization, settings.loss
    )


def _model_to_look_at(settings: Settings) -> keras.Sequential:
    model = _compiled(settings)
    model.optimizer.build(model.trainable_variables)
    return model


def _row_losses(settings: Settings, network: Architecture) -> RowLosses:
    from skdnn._engine.evaluation import RowLosses
    from skdnn._engine.programs import row_losses_for

    architecture, loss = settings.architecture, settings.loss
    return row_losses_for(
        (network, loss),
        lambda: RowLosses(architecture.build(seed=0), loss.loss(architecture.output)),
    )


def _batches(rows: Table, batch_size: int) -> int:
    from skdnn._engine.rows import Rows

    return -(-len(Rows(**rows).counting()) // batch_size)


def _compiled_forward(architecture: Architecture) -> Any:
    from skdnn._engine.programs import forward_for

    # Seeded, though its weights mean nothing: Keras draws a missing seed from Python's random.
    return forward_for(architecture.key(), lambda: architecture.build(seed=0))
