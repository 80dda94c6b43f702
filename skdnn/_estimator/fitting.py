"""A fit: a training of the engine with callbacks and validation.

Together with `trainings` and `networks` this connects the estimators, which know no TensorFlow,
with the engine, which knows no estimator.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, cast

import joblib
import numpy as np

from skdnn._estimator.networks import FittedState, architecture_of
from skdnn._estimator.trainings import (
    Settings,
    callbacks_model,
    fused_training,
    keras_training,
    n_batches,
    optimizer_key,
    row_losses,
)

if TYPE_CHECKING:
    import keras

    from skdnn._engine.evaluation import Evaluation
    from skdnn._engine.hooks import EpochHooks
    from skdnn._engine.keras_training import KerasTraining
    from skdnn._engine.training import FusedTraining
    from skdnn._estimator.rows import Table
    from skdnn.network.architecture import Architecture
    from skdnn.network.optimizers import OptimizerSpec


# Targets so large that steps may diverge: neither labels nor standardized numbers.
_LARGE = 1e4


class Fit:
    """A fit: the training, its callbacks and its validation.

    Parameters
    ----------
    settings : Settings
        Validated hyperparameters.
    rows : Table
        Training data.
    validation : Table or None
        Validation data, evaluated after each epoch.
    fitted_state : FittedState or None
        To start from; None initializes new weights. The optimizer's state is kept if the
        optimizer is the same but for its learning rate.

    Attributes
    ----------
    engine, why : str
        The engine that trains, and the reason.

    Raises
    ------
    ValueError
        If the layers are not those of `fitted_state`, or the engine asked for can't train this.
    """

    def __init__(
        self,
        settings: Settings,
        rows: Table,
        validation: Table | None,
        fitted_state: FittedState | None,
    ) -> None:
        from skdnn._engine.choice import check_keras_limits, choose_engine

        self._settings = settings
        self._network = settings.architecture.key()
        if fitted_state is not None:
            _check_same_layers(settings.architecture, fitted_state)
        self._tables = (rows, validation)
        callbacks = list(settings.callbacks)
        self._steps = n_batches(rows, settings.batch_size)
        check_keras_limits(settings.epochs, self._steps)
        self.engine, self.why = choose_engine(
            settings.engine,
            settings.optimizer.template,
            callbacks,
            validation=validation is not None,
            normalizes=any(settings.architecture.batch_normalization),
        )
        self._training: FusedTraining | KerasTraining
        if self.engine == "fused":
            self._training = fused_training(settings, self._network, rows, fitted_state)
        else:
            self._training = keras_training(settings, rows, fitted_state, callbacks)
        self._evaluation = self._make_evaluation(validation)
        self._hooks = self._make_hooks(callbacks)

    @property
    def identity(self) -> list[Any]:
        """All that the weights depend on, but for the number of epochs.

        Raises
        ------
        ValueError
            If it depends on custom code, whose result can't be known.
        """
        import keras

        settings = self._settings
        _check_memory_can_tell(settings.optimizer, self._network)
        return [
            _versions(),
            self.engine,
            self._training.compiled,  # graph and XLA round differently
            keras.config.epsilon(),
            self._training.state().weights,
            settings.seed,
            *self._training_key,
        ]

    @property
    def _training_key(self) -> list[Any]:
        """All that the training depends on, but for the engine and the initial weights."""
        settings = self._settings
        return [
            self._network,
            settings.loss,
            settings.regularization,
            optimizer_key(settings.optimizer),
            settings.optimizer.learning_rate,
            settings.batch_size,
            self._tables,
        ]

    def resume(self, fitted_state: FittedState) -> None:
        """Go on from the state of a fit with the same identity."""
        from skdnn._engine.training import TrainingState

        self._training.resume(
            TrainingState(fitted_state["weights"], fitted_state["slots"], fitted_state["epoch"])
        )

    @property
    def runs_between_epochs(self) -> bool:
        """Whether callbacks or an evaluation run between epochs."""
        return self._hooks is not None or self._evaluation is not None

    @property
    def epoch(self) -> int:
        """Epochs trained, those of earlier fits that this one continues included."""
        return self._training.epoch

    @contextmanager
    def training(self) -> Iterator[None]:
        """Call ``on_train_begin`` and ``on_train_end`` around the epochs."""
        self._tag_backups()
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
            Whether a callback has set ``stop_training``.
        """
        epoch = self.epoch
        one_batch = self._hooks is not None and self._hooks.epoch_begin(epoch)
        logs = self._training.run_epoch(one_batch)
        self._check_finite(logs["loss"], self.epoch)
        if self._evaluation is not None:
            hooks = self._hooks
            logs |= self._evaluate() if hooks is None else hooks.evaluate(self._evaluate)
        stop = self._hooks is not None and self._hooks.epoch_end(epoch, logs)
        return logs, stop

    def run_epochs(self, most: int) -> list[dict[str, float]]:
        """Train one epoch or more in one call of the engine.

        Parameters
        ----------
        most : int
            Number of epochs to train at most.

        Returns
        -------
        logs : list of dict of float
            ``loss`` and the metric of each epoch that was trained.
        """
        from skdnn._engine.training import FusedTraining

        first = self.epoch + 1
        if isinstance(self._training, FusedTraining):
            every = self._training.run_epochs(most)
        else:
            every = [self._training.run_epoch()]
        for epoch, logs in enumerate(every, first):
            self._check_finite(logs["loss"], epoch)
        return every

    def fitted_state(self) -> FittedState:
        """Return the state after the last epoch; weights that are not finite are an error."""
        state = self._training.state()
        if not all(np.isfinite(weight).all() for weight in state.weights):  # by the last step
            raise self._diverged("weights became infinite or NaN", self.epoch)
        architecture = self._settings.architecture
        fitted_state = {
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
        return cast(FittedState, fitted_state)

    def _check_finite(self, loss: float, epoch: int) -> None:
        if not np.isfinite(loss):
            raise self._diverged(f"the loss became {loss}", epoch)

    def _diverged(self, what: str, epoch: int) -> ValueError:
        rate = self._settings.optimizer.learning_rate
        l2 = max(self._settings.regularization.l2)
        penalty = f" or the penalty is (l2={l2:g})" if l2 else ""
        largest = abs(self._tables[0]["y"]).max()
        targets = f" or y is (up to {largest:.2g} in training)" if largest > _LARGE else ""
        return ValueError(
            f"{what} in epoch {epoch}: the steps are too large "
            f"(learning_rate={'a schedule' if rate is None else f'{rate:g}'}) or the "
            f"features are (scale them, for example with StandardScaler){penalty}{targets}"
        )

    def _optimizer_key(self) -> str:
        """Return the key of the optimizer that the slots belong to."""
        if self._hooks is None or not self._hooks.new_optimizer:
            return self._settings.optimizer.key
        cls = type(self._training.model.optimizer)
        return f"{cls.__module__}.{cls.__qualname__} of a callback"

    def _make_evaluation(self, validation: Table | None) -> Evaluation | None:
        from skdnn._engine.evaluation import Evaluation
        from skdnn._engine.rows import Rows

        if validation is None:
            return None
        compiled = row_losses(self._settings, self._network)
        return Evaluation(compiled, self._training.model, Rows(**validation))

    def _evaluate(self) -> dict[str, float]:
        from skdnn._engine.keras_training import KerasTraining

        if self._evaluation is None:
            return {}
        if isinstance(self._training, KerasTraining):
            self._training.test(self._evaluation.rows)
        return self._evaluation(self._training.state().weights)

    def _make_hooks(self, callbacks: list[keras.callbacks.Callback]) -> EpochHooks | None:
        from skdnn._engine.hooks import EpochHooks
        from skdnn._engine.keras_training import KerasTraining

        if not callbacks:
            return None
        if isinstance(self._training, KerasTraining):
            model = self._training.model
        else:
            model = callbacks_model(self._settings)
        params = {
            "verbose": self._settings.verbose,
            "epochs": self.epoch + self._settings.epochs,
            "steps": self._steps,
        }
        return EpochHooks(callbacks, model, self._training, params, self._switch_to_keras)

    def _switch_to_keras(self, model: keras.Sequential, why: str) -> KerasTraining:
        """Continue by Keras's own trainer, with a model that a callback has changed."""
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
        self._evaluation = self._make_evaluation(validation)
        self.engine, self.why = "keras", why
        if settings.verbose:
            print(f"engine: {self.engine} ({why})")
        return self._training

    def _tag_backups(self) -> None:
        from skdnn._engine.backups import tag_backups

        def identity() -> str:
            started_by = [
                str(getattr(spec.key, "__qualname__", spec.key))
                for spec in self._settings.initializers
            ]
            return str(joblib.hash([started_by, *self._training_key], coerce_mmap=True))

        tag_backups(self._settings.callbacks, identity)


def _check_same_layers(architecture: Architecture, fitted_state: FittedState) -> None:
    fitted = architecture_of(fitted_state)
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


def _check_memory_can_tell(spec: OptimizerSpec, network: Architecture) -> None:
    if any(each is not spec.schedule for each in spec.custom_code):
        raise ValueError(
            "memory can't tell what an optimizer of your own does, or a function as learning "
            "rate: leave out memory, or take one of Keras's optimizers and a schedule; got "
            f"optimizer={type(spec.template).__name__}"
        )
    if any(getattr(does, "variables", ()) for does in network.activation):
        raise ValueError(
            "memory can't tell what the variables hold that an activation reads: leave out "
            "memory, or let the activation read numbers"
        )


def _versions() -> list[str]:
    import keras
    import tensorflow as tf

    from skdnn import __version__

    return [__version__, keras.__version__, tf.__version__, np.__version__]
