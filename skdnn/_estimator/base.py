"""What the estimators are: fit and its epochs, early stopping, memory, the network, the state.

The base asks for a target and a loss (`_target_of`, `_loss`) and never which estimator it is.
"""

from __future__ import annotations

import copy
from abc import abstractmethod
from collections.abc import Callable, Mapping
from numbers import Number
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.callback import CallbackSupportMixin
from sklearn.metrics import check_scoring
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from skdnn._engine.interrupts import interrupts_kept
from skdnn._estimator import fitting, networks
from skdnn._estimator.hyperparameters import (
    chosen_optimizer,
    chosen_regularization,
    chosen_settings,
    refuse_contradictions,
)
from skdnn._estimator.memory import TrainingMemory
from skdnn._estimator.routing import RoutedParametersMixin
from skdnn._estimator.rows import (
    LabelledRows,
    Table,
    hold_out,
    refuse_masked,
    warn_of_lost_digits,
)
from skdnn._estimator.skops_files import StorableBySkopsMixin
from skdnn._estimator.state import checked_state
from skdnn._estimator.stopping import StoppingRule, score_on
from skdnn._estimator.targets import Target, Weights, checked_sample_weight

if TYPE_CHECKING:
    from sklearn.utils import Tags

    from skdnn.network.layer_settings import Regularization
    from skdnn.network.losses import Loss

# Kept as they are and cast batch by batch; anything else becomes float32 once.
_KEPT_DTYPES = (np.float32, np.uint8, np.int8, np.uint16, np.int16, np.bool_)

_CHECKS = {"dtype": _KEPT_DTYPES, "accept_sparse": "csr", "allow_nd": True}


class KerasDNNBase(
    CallbackSupportMixin, RoutedParametersMixin, StorableBySkopsMixin, BaseEstimator
):
    """A dense Keras network under scikit-learn's contract, whatever it learns to answer.

    A subclass has the hyperparameters, the public methods with their documentation, and what is
    about its targets.
    """

    _routing_parameters: ClassVar[tuple[str, ...]] = ("optimizer", "callbacks")

    _kind: ClassVar[type[Target]]

    _said_of_names: ClassVar[Mapping[str, str]]  # of other libraries, beside what all say

    _learnt: networks.Learnt
    best_iteration_: int
    history_: dict[str, list[float]]
    input_shape_: tuple[int, ...]
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

    # -- what a subclass says of its targets ----------------------------------------------

    @abstractmethod
    def _checks_of_y(self, y: Any) -> dict[str, Any]:
        """Refuse what is no target, before NumPy makes one type of it.

        Returns
        -------
        checks : dict
            How ``validate_data`` shall look at `y`.
        """

    @abstractmethod
    def _new_target(self, y: NDArray[Any], weight: Weights | None, known: Any) -> Target:
        """Learn the target of a new fit, and set the attributes that tell of it.

        `known` is what the caller knows of it beside `y`, if anything.
        """

    @abstractmethod
    def _target_to_go_on(self, y: NDArray[Any], weight: Weights | None, known: Any) -> Target:
        """Return the target of the last fit; refuse another than is asked for now."""

    @abstractmethod
    def _loss(self) -> Loss:
        """Return what the hyperparameters say the network is trained for."""

    def _training_table(
        self, rows: LabelledRows, target: Target, weight: Weights | None
    ) -> Table:
        """Bring the rows into the form that the engine trains on."""
        return rows.table(target, weight=weight)

    # -- training -------------------------------------------------------------------------

    def _fit_all(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None,
        *validation: ArrayLike | None,
    ) -> Self:
        """Do as `fit` shall."""
        afresh = not (self.warm_start and self.__sklearn_is_fitted__())
        return self._fit(
            X, y, sample_weight, epochs=self.epochs, afresh=afresh, validation=validation
        )

    def _fit_one_epoch(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None, known: Any = None
    ) -> Self:
        """Do as `partial_fit` shall."""
        if self.early_stopping:
            raise ValueError(
                "partial_fit is one epoch: it can't be used with early_stopping=True; call "
                "fit, or set early_stopping=False"
            )
        afresh = not self.__sklearn_is_fitted__()
        return self._fit(X, y, sample_weight, epochs=1, afresh=afresh, known=known)

    def _fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None,
        *,
        epochs: int,
        afresh: bool,
        known: Any = None,
        validation: tuple[ArrayLike | None, ...] = (),
    ) -> Self:
        metadata = None if sample_weight is None else {"sample_weight": sample_weight}
        # X as it was given: whoever predicts on the checked one is warned of missing names.
        told = {"estimator": self, "X": X, "y": y, "metadata": metadata}
        task = self._init_callback_context(max_subtasks=epochs)
        task.call_on_fit_task_begin(**told)
        before = self.__dict__.copy()
        try:
            with interrupts_kept(patience=1.0):  # a chunk takes less, as a rule
                self._train(task, told, X, y, sample_weight, known, epochs, afresh, validation)
            task.call_on_fit_task_end(**told, reconstruction_attributes={})
        except BaseException:
            self.__dict__ = before  # in one step: all that was learnt before, or nothing
            raise
        return self

    def _train(
        self,
        task: Any,
        told: Mapping[str, Any],
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None,
        known: Any,
        epochs: int,
        afresh: bool,
        validation: tuple[ArrayLike | None, ...],
    ) -> None:
        rows = self._validated(X, y, sample_weight, reset=afresh)
        target = self._target_of(rows, known, afresh)
        seed = _drawn_seed(self.random_state) if afresh else self._learnt["seed"]
        settings = chosen_settings(self, self.input_shape_, target, self._loss(), epochs, seed)
        held_out = given = self._given(target, *validation)
        refuse_contradictions(self, settings, given is not None, takes_rows=bool(validation))
        weight = None
        if self.early_stopping and given is None:
            weight, held_out = hold_out(rows, target, self.validation_fraction, seed)
        fit = fitting.Fit(
            settings,
            self._training_table(rows, target, weight),
            None if held_out is None else held_out.table(target),
            None if afresh else self._learnt,
        )
        if self.verbose:
            print(f"engine: {fit.engine} ({fit.why})")
        last = fit.epoch + epochs
        memory = self._recalled(fit, epochs) if self.memory is not None and afresh else None
        earlier = fit.epoch
        rule = self._begin(earlier)
        with fit.under_way():
            self._run_epochs(fit, last, task, told, held_out, rule, earlier)
        self.__dict__.update(self._fitted_attributes(fit.learnt(), rule, earlier))
        if memory is not None:
            memory.keep(self.n_iter_, self._learnt, self.history_)

    # -- rows, and what is held out of them -----------------------------------------------

    def _validated(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None, *, reset: bool
    ) -> LabelledRows:
        refuse_masked(X=X, y=y, sample_weight=sample_weight)
        checks = self._checks_of_y(y)
        rows, answers = validate_data(self, X, y, reset=reset, **checks, **_CHECKS)
        if reset:
            warn_of_lost_digits(X, rows)
        else:
            self._check_row_shape(rows)
        answers = answers.toarray() if hasattr(answers, "toarray") else answers
        if isinstance(sample_weight, Number):  # Keras's third argument is batch_size
            raise ValueError(
                f"sample_weight must hold a weight for each row, got {sample_weight!r}; "
                "batch_size and epochs are parameters of the estimator"
            )
        return LabelledRows(rows, answers, checked_sample_weight(sample_weight, rows))

    def _given(
        self,
        target: Target,
        X_val: ArrayLike | None = None,
        y_val: ArrayLike | None = None,
        sample_weight_val: ArrayLike | None = None,
    ) -> LabelledRows | None:
        if (X_val is None) != (y_val is None):
            missing = "X_val" if X_val is None else "y_val"
            raise ValueError(f"X_val and y_val must be given together, got {missing}=None")
        if X_val is None or y_val is None:
            if sample_weight_val is not None:
                raise ValueError("sample_weight_val must be given with X_val and y_val")
            return None
        try:
            given = self._validated(X_val, y_val, sample_weight_val, reset=False)
            target.encode(given.y, given.weight)
            return given
        except ValueError as error:
            raise ValueError(f"in X_val, y_val or sample_weight_val: {error}") from error

    def _target_of(self, rows: LabelledRows, known: Any, afresh: bool) -> Target:
        """Learn the target and the shape of a row, or check them."""
        if not afresh:
            return self._target_to_go_on(rows.y, rows.weight, known)
        target = self._new_target(rows.y, rows.weight, known)
        self.__dict__.pop("_learnt", None)  # it belongs to other targets
        self.input_shape_ = rows.X.shape[1:]
        return target

    # -- epochs ---------------------------------------------------------------------------

    def _run_epochs(
        self,
        fit: fitting.Fit,
        last: int,
        task: Any,
        told: Mapping[str, Any],
        held_out: LabelledRows | None,
        rule: StoppingRule | None,
        earlier: int,
    ) -> None:
        def fitted_until_now() -> dict[str, Any]:
            return self._fitted_attributes(fit.learnt(), rule, earlier)

        watched = rule is not None or fit.watched or hasattr(self, "_skl_callbacks")
        while fit.epoch < last and not watched:
            first = fit.epoch + 1
            for number, logs in enumerate(fit.run_epochs(last - fit.epoch), first):
                self._record(logs, f"Epoch {number}/{last}")
        while fit.epoch < last:
            epoch = task.subcontext(task_name="epoch")
            epoch.call_on_fit_task_begin(**told, reconstruction_attributes=fitted_until_now)
            logs, stop = fit.run_epoch()
            self._record(logs, f"Epoch {fit.epoch}/{last}")
            if rule is not None and held_out is not None:
                learnt = fit.learnt()
                stop |= rule.update(self._validation_score(learnt, logs, held_out), learnt)
            stop |= epoch.call_on_fit_task_end(
                **told, reconstruction_attributes=fitted_until_now
            )
            if stop:
                break

    def _recalled(self, fit: fitting.Fit, epochs: int) -> TrainingMemory:
        """Let a fit go on from what was kept of one with fewer epochs."""
        memory = TrainingMemory(self.memory, fit.identity)
        found = memory.recall(epochs)
        if found is not None:
            learnt, self.history_ = found[0], dict(found[1])
            fit.resume(learnt)
        return memory

    def _begin(self, earlier: int) -> StoppingRule | None:
        """Go on with the history of earlier calls, or drop it; return what decides to stop."""
        history = self.history_ if earlier else {}
        self.history_ = {k: list(v) for k, v in history.items()}
        if not (earlier and self.early_stopping):
            for name in ("validation_scores_", "best_iteration_"):
                self.__dict__.pop(name, None)
        if not self.early_stopping:
            return None
        if self.scoring != "loss":
            check_scoring(self, self.scoring)  # a wrong name is told before the first epoch
        return StoppingRule(self.n_iter_no_change, self.tol)

    def _validation_score(
        self, learnt: networks.Learnt, logs: Mapping[str, float], held_out: LabelledRows
    ) -> float:
        if self.scoring == "loss":
            return -logs["val_loss"]
        scored = copy.copy(self)
        scored._learnt = learnt
        scored.__dict__.pop("feature_names_in_", None)  # the rows held out have lost them
        return score_on(held_out, scored, self.scoring)

    def _record(self, logs: Mapping[str, float], title: str) -> None:
        for name, value in logs.items():
            self.history_.setdefault(name, []).append(float(value))
        if self.verbose:
            print(" - ".join([title, *(f"{name}: {v:.4f}" for name, v in logs.items())]))

    def _fitted_attributes(
        self, learnt: networks.Learnt, rule: StoppingRule | None, earlier: int
    ) -> dict[str, Any]:
        """Return what an estimator gets from a fit that ends here."""
        attributes = {
            "_learnt": learnt,
            "history_": {name: list(values) for name, values in self.history_.items()},
            "n_iter_": learnt["epoch"],
            "n_parameters_": sum(w.size for w in learnt["weights"]),
        }
        if rule is None or not rule.scores:
            return attributes
        best, number = rule.best, earlier + rule.best_position + 1
        before = getattr(self, "validation_scores_", np.full(earlier, np.nan))
        if not np.isnan(before).all() and np.nanmax(before) >= max(rule.scores):
            best, number = self._learnt, self.best_iteration_  # of an earlier call
        of_best: Mapping[str, Any] = best
        taken_back = ("weights", "slots", "optimizer", *self._kind.keys)
        attributes["_learnt"] = {**learnt, **{name: of_best[name] for name in taken_back}}
        scores = np.append(before, rule.scores)
        return attributes | {"validation_scores_": scores, "best_iteration_": number}

    # -- prediction -----------------------------------------------------------------------

    def _outputs(self, X: ArrayLike) -> NDArray[np.float32]:
        """Return what the network's output layer gives for rows."""
        check_is_fitted(self)
        refuse_masked(X=X)
        rows = validate_data(self, X, reset=False, **_CHECKS)
        self._check_row_shape(rows)
        return networks.outputs(self._learnt, rows)

    def _check_row_shape(self, X: NDArray[Any]) -> None:
        if X.shape[1:] != self.input_shape_:
            raise ValueError(
                f"X has rows of shape {X.shape[1:]}, but {type(self).__name__} was fitted on "
                f"rows of shape {self.input_shape_}"
            )

    # -- the network in Keras's form ------------------------------------------------------

    def summary(self, print_fn: Callable[[str], object] | None = None) -> None:
        """Print the layers and the number of weights, as Keras does.

        Parameters
        ----------
        print_fn : callable, default=None
            Called with the text instead of printing it.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the estimator is not fitted: the data decide the first and the last layer.
        """
        check_is_fitted(self)
        self.model_.summary(print_fn=print_fn)

    def __getattr__(self, name: str) -> Any:
        # Not a property: dir(), the HTML representation and completion read every property
        # there is, and each access builds a Keras model.
        if name == "model_" and "_learnt" in self.__dict__:
            learnt, regularization = self._learnt, self._regularization_of_fitted()
            model = networks.keras_model(
                learnt, chosen_optimizer(self), regularization, self._loss()
            )
            return networks.model_in_own_units(model, learnt)
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def _regularization_of_fitted(self) -> Regularization | None:
        n_hidden = len(self._learnt["hidden_units"])
        try:
            return chosen_regularization(self, n_hidden)
        except (TypeError, ValueError):  # set since the fit, for other layers
            return None

    # -- what scikit-learn asks an estimator ----------------------------------------------

    def __setstate__(self, state: Any) -> None:
        super().__setstate__(checked_state(self, state))

    def __sklearn_is_fitted__(self) -> bool:
        return "_learnt" in self.__dict__

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.input_tags.sparse = True
        return tags


def _drawn_seed(random_state: int | np.random.RandomState | None) -> int:
    # Not check_random_state(None): that is NumPy's global generator.
    rng = np.random.RandomState() if random_state is None else check_random_state(random_state)
    return int(rng.randint(2**31 - 1))
