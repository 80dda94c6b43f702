"""Base of the estimators: fit and its epochs, early stopping, memory, the network, the state.

It asks its subclass for a target and a loss, and never which estimator it is.
"""

from __future__ import annotations

import copy
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.callback import CallbackSupportMixin
from sklearn.metrics import check_scoring
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from skdnn._engine.interrupts import interrupts_deferred
from skdnn._estimator import fitting, networks
from skdnn._estimator.hyperparameters import (
    check_combinations,
    optimizer_of,
    regularization_of,
    settings_of,
)
from skdnn._estimator.memory import TrainingMemory
from skdnn._estimator.routing import RoutedParametersMixin
from skdnn._estimator.rows import (
    LabelledRows,
    Table,
    hold_out,
)
from skdnn._estimator.skops_files import StorableBySkopsMixin
from skdnn._estimator.state import validate_state
from skdnn._estimator.stopping import StoppingRule, score_on
from skdnn._estimator.targets import SampleWeight, Target
from skdnn._estimator.validation import DataValidationMixin

if TYPE_CHECKING:
    from sklearn.utils import Tags

    from skdnn.network.layer_settings import Regularization
    from skdnn.network.losses import Loss


class KerasDNNBase(
    CallbackSupportMixin,
    RoutedParametersMixin,
    StorableBySkopsMixin,
    DataValidationMixin,
    BaseEstimator,
):
    """A dense Keras network as a scikit-learn estimator, for any kind of target.

    Subclasses have the hyperparameters, the public methods with their documentation, and the
    targets.
    """

    _routing_parameters: ClassVar[tuple[str, ...]] = ("optimizer", "callbacks")

    _kind: ClassVar[type[Target]]

    _parameter_hints: ClassVar[Mapping[str, str]]  # for names in other libraries

    _fitted_state: networks.FittedState
    best_iteration_: int
    history_: dict[str, list[float]]
    n_iter_: int

    early_stopping: bool
    epochs: int
    memory: Any
    n_iter_no_change: int
    random_state: int | np.random.RandomState | None
    scoring: str | Callable[..., float] | None
    tol: float
    validation_fraction: float
    verbose: int
    warm_start: bool

    # -- targets, which a subclass has ----------------------------------------------------

    @abstractmethod
    def _new_target(
        self,
        y: NDArray[Any],
        sample_weight: SampleWeight | None,
        *,
        classes: ArrayLike | None,
        incremental: bool,
    ) -> Target:
        """Fit the target of a new fit, and set its attributes."""

    @abstractmethod
    def _continued_target(
        self,
        y: NDArray[Any],
        sample_weight: SampleWeight | None,
        *,
        classes: ArrayLike | None,
    ) -> Target:
        """Return the target of the last fit, checked against what is asked for now."""

    @abstractmethod
    def _loss(self) -> Loss:
        """Return the loss that the hyperparameters describe."""

    def _training_table(
        self, rows: LabelledRows, target: Target, sample_weight: SampleWeight | None
    ) -> Table:
        """Encode the training data for the engine."""
        return rows.table(target, sample_weight=sample_weight)

    # -- training -------------------------------------------------------------------------

    def _fit_epochs(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None,
        *validation_data: ArrayLike | None,
    ) -> Self:
        """Implement `fit`."""
        reset = not (self.warm_start and self.__sklearn_is_fitted__())
        return self._fit(X, y, sample_weight, validation_data, epochs=self.epochs, reset=reset)

    def _fit_one_epoch(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None,
        classes: ArrayLike | None = None,
    ) -> Self:
        """Implement `partial_fit`."""
        if self.early_stopping:
            raise ValueError(
                "partial_fit is one epoch: it can't be used with early_stopping=True; call "
                "fit, or set early_stopping=False"
            )
        reset = not self.__sklearn_is_fitted__()
        return self._fit(
            X, y, sample_weight, epochs=1, reset=reset, incremental=True, classes=classes
        )

    def _fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None,
        validation_data: Sequence[ArrayLike | None] = (),
        *,
        epochs: int,
        reset: bool,
        incremental: bool = False,
        classes: ArrayLike | None = None,
    ) -> Self:
        metadata = None if sample_weight is None else {"sample_weight": sample_weight}
        # X as the user gave it: to predict on validated rows would warn of missing names.
        callback_args = {"estimator": self, "X": X, "y": y, "metadata": metadata}
        task = self._init_callback_context(max_subtasks=epochs)
        task.call_on_fit_task_begin(**callback_args)
        previous = self.__dict__.copy()
        try:
            with interrupts_deferred(grace_period=1.0):  # a chunk takes less, as a rule
                rows = self._validate_rows(X, y, sample_weight, reset=reset)
                target = self._fit_target(rows, reset, incremental, classes)
                fit, validation = self._prepare(rows, target, epochs, reset, validation_data)
                self._train(fit, epochs, reset, validation, task, callback_args)
            task.call_on_fit_task_end(**callback_args, reconstruction_attributes={})
        except BaseException:
            self.__dict__ = previous  # in one step: the state before the call, or none
            raise
        return self

    def _prepare(
        self,
        rows: LabelledRows,
        target: Target,
        epochs: int,
        reset: bool,
        validation_data: Sequence[ArrayLike | None],
    ) -> tuple[fitting.Fit, LabelledRows | None]:
        """Validate hyperparameters and validation data, and set up the training."""
        seed = _draw_seed(self.random_state) if reset else self._fitted_state["seed"]
        settings = settings_of(self, self.input_shape_, target, self._loss(), epochs, seed)
        validation = self._validate_validation_data(target, *validation_data)
        check_combinations(
            self,
            settings,
            has_validation_data=validation is not None,
            takes_validation_data=bool(validation_data),
        )
        sample_weight = None
        if self.early_stopping and validation is None:
            sample_weight, validation = hold_out(rows, target, self.validation_fraction, seed)
        fit = fitting.Fit(
            settings,
            self._training_table(rows, target, sample_weight),
            None if validation is None else validation.table(target),
            None if reset else self._fitted_state,
        )
        return fit, validation

    def _train(
        self,
        fit: fitting.Fit,
        epochs: int,
        reset: bool,
        validation: LabelledRows | None,
        task: Any,
        callback_args: Mapping[str, Any],
    ) -> None:
        if self.verbose:
            print(f"engine: {fit.engine} ({fit.why})")
        final_epoch = fit.epoch + epochs
        memory = (
            self._resume_from_memory(fit, epochs) if self.memory is not None and reset else None
        )
        initial_epoch = fit.epoch
        self._reset_history(initial_epoch)
        stopping = self._stopping_rule()
        with fit.training():
            self._run_epochs(
                fit, initial_epoch, final_epoch, validation, stopping, task, callback_args
            )
        self.__dict__.update(
            self._fitted_attributes(fit.fitted_state(), stopping, initial_epoch)
        )
        if memory is not None:
            memory.store(self.n_iter_, self._fitted_state, self.history_)

    def _fit_target(
        self, rows: LabelledRows, reset: bool, incremental: bool, classes: ArrayLike | None
    ) -> Target:
        """Fit the target and the shape of a row, or check them against the last fit."""
        if not reset:
            return self._continued_target(rows.y, rows.sample_weight, classes=classes)
        target = self._new_target(
            rows.y, rows.sample_weight, classes=classes, incremental=incremental
        )
        self.__dict__.pop("_fitted_state", None)  # it belongs to other targets
        self.input_shape_ = rows.X.shape[1:]
        return target

    # -- epochs ---------------------------------------------------------------------------

    def _run_epochs(
        self,
        fit: fitting.Fit,
        initial_epoch: int,
        final_epoch: int,
        validation: LabelledRows | None,
        stopping: StoppingRule | None,
        task: Any,
        callback_args: Mapping[str, Any],
    ) -> None:
        def attributes_so_far() -> dict[str, Any]:
            return self._fitted_attributes(fit.fitted_state(), stopping, initial_epoch)

        watched = hasattr(self, "_skl_callbacks") or fit.runs_between_epochs
        while fit.epoch < final_epoch and not (watched or stopping):
            first = fit.epoch + 1
            for epoch, logs in enumerate(fit.run_epochs(final_epoch - fit.epoch), first):
                self._log_epoch(logs, epoch, final_epoch)
        while fit.epoch < final_epoch:
            subtask = task.subcontext(task_name="epoch")
            subtask.call_on_fit_task_begin(
                **callback_args, reconstruction_attributes=attributes_so_far
            )
            logs, stop = fit.run_epoch()
            self._log_epoch(logs, fit.epoch, final_epoch)
            if stopping is not None and validation is not None:
                fitted_state = fit.fitted_state()
                score = self._validation_score(fitted_state, logs, validation)
                stop |= stopping.update(score, fitted_state)
            stop |= subtask.call_on_fit_task_end(
                **callback_args, reconstruction_attributes=attributes_so_far
            )
            if stop:
                break

    def _resume_from_memory(self, fit: fitting.Fit, epochs: int) -> TrainingMemory:
        """Let a fit continue from the stored state of one with fewer epochs."""
        memory = TrainingMemory(self.memory, fit.identity)
        stored = memory.load(epochs)
        if stored is not None:
            fitted_state, self.history_ = stored[0], dict(stored[1])
            fit.resume(fitted_state)
        return memory

    def _reset_history(self, initial_epoch: int) -> None:
        """Copy the history of earlier calls, or drop it; likewise the validation scores."""
        history = self.history_ if initial_epoch else {}
        self.history_ = {name: list(values) for name, values in history.items()}
        if not (initial_epoch and self.early_stopping):
            for name in ("validation_scores_", "best_iteration_"):
                self.__dict__.pop(name, None)

    def _stopping_rule(self) -> StoppingRule | None:
        if not self.early_stopping:
            return None
        if self.scoring != "loss":
            check_scoring(self, self.scoring)  # before the first epoch
        return StoppingRule(self.n_iter_no_change, self.tol)

    def _validation_score(
        self,
        fitted_state: networks.FittedState,
        logs: Mapping[str, float],
        validation: LabelledRows,
    ) -> float:
        if self.scoring == "loss":
            return -logs["val_loss"]
        scored = copy.copy(self)
        scored._fitted_state = fitted_state
        scored.__dict__.pop("feature_names_in_", None)  # validated rows have none
        return score_on(validation, scored, self.scoring)

    def _log_epoch(self, logs: Mapping[str, float], epoch: int, final_epoch: int) -> None:
        for name, value in logs.items():
            self.history_.setdefault(name, []).append(float(value))
        if self.verbose:
            values = [f"{name}: {value:.4f}" for name, value in logs.items()]
            print(" - ".join([f"Epoch {epoch}/{final_epoch}", *values]))

    def _fitted_attributes(
        self,
        fitted_state: networks.FittedState,
        stopping: StoppingRule | None,
        initial_epoch: int,
    ) -> dict[str, Any]:
        """Return the attributes of an estimator whose fit ends here."""
        attributes = {
            "_fitted_state": fitted_state,
            "history_": {name: list(values) for name, values in self.history_.items()},
            "n_iter_": fitted_state["epoch"],
            "n_parameters_": sum(w.size for w in fitted_state["weights"]),
        }
        if stopping is None or not stopping.scores:
            return attributes
        best: Mapping[str, Any] = stopping.best
        best_iteration = initial_epoch + stopping.best_position + 1
        earlier = getattr(self, "validation_scores_", np.full(initial_epoch, np.nan))
        if not np.isnan(earlier).all() and np.nanmax(earlier) >= max(stopping.scores):
            best, best_iteration = self._fitted_state, self.best_iteration_
        restored = ("weights", "slots", "optimizer", *self._kind.keys)
        attributes["_fitted_state"] = {
            **fitted_state,
            **{name: best[name] for name in restored},
        }
        scores = np.append(earlier, stopping.scores)
        return attributes | {"validation_scores_": scores, "best_iteration_": best_iteration}

    # -- prediction -----------------------------------------------------------------------

    def _outputs(self, X: ArrayLike) -> NDArray[np.float32]:
        """Return the outputs of the network."""
        check_is_fitted(self)
        return networks.outputs(self._fitted_state, self._validate_features(X))

    # -- the Keras model ------------------------------------------------------------------

    def summary(self, print_fn: Callable[[str], object] | None = None) -> None:
        """Print a summary of the network, as ``keras.Model.summary`` does.

        Parameters
        ----------
        print_fn : callable, default=None
            Function to call with the text instead of printing it.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the estimator is not fitted.
        """
        check_is_fitted(self)
        self.model_.summary(print_fn=print_fn)

    def __getattr__(self, name: str) -> Any:
        # Not a property: dir(), the HTML representation and completion read every property
        # there is, and each access builds a Keras model.
        if name == "model_" and "_fitted_state" in self.__dict__:
            fitted_state, regularization = self._fitted_state, self._regularization_of_fitted()
            model = networks.keras_model(
                fitted_state, optimizer_of(self), regularization, self._loss()
            )
            return networks.model_in_own_units(model, fitted_state)
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def _regularization_of_fitted(self) -> Regularization | None:
        n_hidden = len(self._fitted_state["hidden_units"])
        try:
            return regularization_of(self, n_hidden)
        except (TypeError, ValueError):  # changed since the fit, for other layers
            return None

    # -- scikit-learn's protocols ---------------------------------------------------------

    def __setstate__(self, state: Any) -> None:
        super().__setstate__(validate_state(self, state))

    def __sklearn_is_fitted__(self) -> bool:
        return "_fitted_state" in self.__dict__

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.input_tags.sparse = True
        return tags


def _draw_seed(random_state: int | np.random.RandomState | None) -> int:
    # Not check_random_state(None): that is NumPy's global generator.
    rng = np.random.RandomState() if random_state is None else check_random_state(random_state)
    return int(rng.randint(2**31 - 1))
