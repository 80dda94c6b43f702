"""The main job: a grid search over the document's variants that can be watched and stopped."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import joblib
import numpy as np
from numpy.typing import NDArray
from sklearn.callback import CallbackContext
from sklearn.model_selection import GridSearchCV, ParameterGrid

from skdnn.pipeline import make_image_pipeline
from skdnn.variants import document_variants


class SearchStopped(Exception):
    """Raised inside a fit when the search was asked to stop."""


class Watcher(Protocol):
    """Whoever is told how a search gets on, from several threads."""

    def epoch_done(self) -> None:
        """Take note of a trained epoch."""

    def fit_done(self, name: str, score: float) -> None:
        """Take note of a trained and scored fold."""


@dataclass
class FitRecord:
    """One fold of one variant, trained and scored."""

    candidate: int
    fold: int
    score: float
    seconds: float
    history: Mapping[str, Sequence[float]]


@dataclass(frozen=True)
class SearchPlan:
    """What to search.

    Parameters
    ----------
    hidden_units : sequence of tuple of int
        Networks.
    cv : int
        Stratified folds.
    epochs : int
        Epochs of each fit.
    jobs : int
        Fits at a time, in threads.
    seed : int
        Decides start weights and the order of rows.
    scale : float
        Value of a pixel that becomes 1.
    """

    hidden_units: Sequence[tuple[int, ...]]
    cv: int
    epochs: int
    jobs: int
    seed: int
    scale: float

    @property
    def grid(self) -> dict[str, list[Any]]:
        """The parameter grid."""
        return document_variants(hidden_units=self.hidden_units)

    @property
    def candidates(self) -> list[dict[str, Any]]:
        """The variants, in the order of ``cv_results_``."""
        return list(ParameterGrid(self.grid))

    def name(self, params: Mapping[str, Any]) -> str:
        """Name a variant by what tells it from the others: ``relu, adam, 300-100 units``."""
        parts = [params["dnn__activation"], params["dnn__optimizer"]]
        if len(self.hidden_units) > 1:
            parts.append("-".join(map(str, params["dnn__hidden_units"])) + " units")
        return ", ".join(parts)

    @property
    def n_fits(self) -> int:
        """Folds of all variants and the winner's refit."""
        return len(self.candidates) * self.cv + 1


class SearchLog:
    """A scikit-learn callback and scorer that keeps every finished fold and can stop a search.

    Parameters
    ----------
    plan : SearchPlan
        What is searched.
    watcher : Watcher
        Who is told.
    """

    max_propagation_depth = None  # from the search down to the epochs

    def __init__(self, plan: SearchPlan, watcher: Watcher) -> None:
        self.records: list[FitRecord] = []
        self._plan = plan
        self._candidates = plan.candidates
        self._watcher = watcher
        self._stop = threading.Event()
        self._fit = threading.local()  # a fold is trained and scored in one thread

    def stop(self) -> None:
        """Make every fit fail at its next epoch."""
        self._stop.set()

    def setup(self, estimator: Any, context: CallbackContext) -> None:
        """Do nothing: one log serves one search."""

    def teardown(self, estimator: Any, context: CallbackContext) -> None:
        """Do nothing."""

    def on_fit_task_begin(self, estimator: Any, context: CallbackContext) -> None:  # noqa: ARG002
        """Note which fold this thread is about to train."""
        if self._stop.is_set():
            raise SearchStopped
        if context.source_task_name == "candidate-split-evaluation":
            self._fit.number, self._fit.started = context.task_id, time.perf_counter()

    def on_fit_task_end(self, estimator: Any, context: CallbackContext) -> None:  # noqa: ARG002
        """Count epochs, and keep the history of a fold."""
        if context.task_name == "epoch":
            self._watcher.epoch_done()
        elif context.source_task_name == "candidate-split-evaluation":
            self._fit.seconds = time.perf_counter() - self._fit.started

    def score(self, estimator: Any, X: NDArray[Any], y: NDArray[Any]) -> float:
        """Score a fold by its accuracy, as `GridSearchCV` would, and keep it."""
        accuracy = float(estimator.score(X, y))
        candidate, fold = divmod(self._fit.number, self._plan.cv)
        history = {name: list(values) for name, values in estimator[-1].history_.items()}
        record = FitRecord(candidate, fold, accuracy, self._fit.seconds, history)
        self.records.append(record)
        self._watcher.fit_done(self._plan.name(self._candidates[candidate]), accuracy)
        return accuracy

    def fold_histories(self, search: Any) -> list[list[Mapping[str, Sequence[float]]]]:
        """Return the training curves as `HistoryMonitor` does: ``[candidate][fold]``."""
        n_candidates = len(search.cv_results_["params"])
        by_place = {(record.candidate, record.fold): record.history for record in self.records}
        return [
            [by_place[candidate, fold] for fold in range(self._plan.cv)]
            for candidate in range(n_candidates)
        ]

    def histories(self) -> dict[str, list[Mapping[str, Sequence[float]]]]:
        """Return the training curves of the finished folds by the name of the variant."""
        found: dict[str, list[Mapping[str, Sequence[float]]]] = {}
        for record in sorted(self.records, key=lambda r: (r.candidate, r.fold)):
            name = self._plan.name(self._candidates[record.candidate])
            found.setdefault(name, []).append(record.history)
        return found


@dataclass
class RunningSearch:
    """A grid search in a thread of its own, so that the caller can stop waiting for it.

    Parameters
    ----------
    plan : SearchPlan
        What to search.
    log : SearchLog
        Its callback and scorer.
    X, y : ndarray
        Images and labels.
    """

    plan: SearchPlan
    log: SearchLog
    X: NDArray[Any]
    y: NDArray[Any]
    _done: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # Not the thread itself is asked whether it has ended: an interrupted join takes a
        # live thread for a dead one (https://github.com/python/cpython/issues/90882).
        self._ended = threading.Event()
        threading.Thread(target=self._run, daemon=True).start()

    def wait(self) -> GridSearchCV:
        """Wait for the end, open to Ctrl-C.

        Returns
        -------
        search : sklearn.model_selection.GridSearchCV
            Fitted.
        """
        while not self._ended.wait(timeout=0.1):
            pass
        if "error" in self._done:
            raise self._done["error"]
        search: GridSearchCV = self._done["search"]
        return search

    def stop(self, patience: float) -> bool:
        """Ask the search to end; return whether it did within `patience` seconds."""
        self.log.stop()
        return self._ended.wait(timeout=patience)

    def _run(self) -> None:
        try:
            self._done["search"] = _search(self.plan, self.log, self.X, self.y)
        except BaseException as error:  # handed to the thread that waits
            self._done["error"] = error
        finally:
            self._ended.set()


def _search(plan: SearchPlan, log: SearchLog, X: NDArray[Any], y: NDArray[Any]) -> GridSearchCV:
    pipeline = make_image_pipeline(scale=plan.scale, epochs=plan.epochs, random_state=plan.seed)
    search = GridSearchCV(
        pipeline,
        plan.grid,
        scoring=log.score,
        cv=plan.cv,  # stratified: the pipeline ends in a classifier
        n_jobs=plan.jobs,
        error_score="raise",
    )
    search.set_callbacks(log)
    # Threads share the images and the compiled programs, and import TensorFlow once.
    with joblib.parallel_config("threading"):
        return search.fit(X, y)


def fold_scores(records: Sequence[FitRecord], candidate: int, cv: int) -> NDArray[np.float64]:
    """Return a variant's score by fold, NaN where a fold was not finished."""
    scores = np.full(cv, np.nan)
    for record in records:
        if record.candidate == candidate:
            scores[record.fold] = record.score
    return scores
