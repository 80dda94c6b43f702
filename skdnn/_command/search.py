"""A grid search in a thread that can be stopped."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import joblib
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from sklearn.base import BaseEstimator, clone
from sklearn.callback import CallbackContext
from sklearn.model_selection import BaseCrossValidator, GridSearchCV, ParameterGrid

from skdnn._command.halving import FACTOR, RESOURCE, HalvingSearch, Round, halving_rounds
from skdnn.callbacks import HistoryMonitor, SearchProgress
from skdnn.callbacks._steps import PipelineCallback
from skdnn.cluster import dask_config
from skdnn.displays._candidates import candidate_names


class SearchStopped(Exception):
    """Raised in a fit after the search was stopped."""


@dataclass(frozen=True)
class SearchPlan:
    """Settings of a search.

    Parameters
    ----------
    pipeline : estimator
        What is searched: a pipeline, unfitted, whose last step is ``dnn``.
    grid : dict of str to list
        Parameter grid for it.
    cv : int or cross-validation splitter
        Folds: stratified ones, if an int and the pipeline ends in a classifier.
    scoring : str or None
        Name of a scorer; None takes the pipeline's own score.
    jobs : int
        Fits at a time.
    seed : int
        Of initial weights and shuffling.
    backend : {"threading", "dask"}
        joblib's: where the fits run.
    halving : bool
        Whether it is a halving search, with up to as many epochs as the pipeline has.
    """

    pipeline: BaseEstimator
    grid: dict[str, list[Any]]
    cv: int | BaseCrossValidator
    scoring: str | None
    jobs: int
    seed: int
    backend: str = "threading"
    halving: bool = False

    @property
    def candidates(self) -> list[dict[str, Any]]:
        """The variants, in the order of ``cv_results_``; of halving, its first round."""
        return list(ParameterGrid(self.grid))

    @property
    def rounds(self) -> list[Round]:
        """The rounds of the search, one but for halving."""
        n_candidates, epochs = len(self.candidates), self.pipeline.get_params()[RESOURCE]
        if self.halving:
            return halving_rounds(n_candidates, epochs)
        return [Round(n_candidates, epochs)]

    @property
    def n_fits(self) -> int:
        """Number of fits of folds."""
        return self.n_splits * sum(each.n_candidates for each in self.rounds)

    @property
    def n_splits(self) -> int:
        """Number of folds."""
        return self.cv if isinstance(self.cv, int) else int(self.cv.get_n_splits())

    @property
    def names(self) -> list[str]:
        """Names of the variants, such as ``relu, adam``."""
        return candidate_names(self.candidates)

    def names_of(self, candidates: Sequence[Mapping[str, Any]]) -> list[str]:
        """Return the names of variants, whatever their round.

        Parameters
        ----------
        candidates : sequence of mapping
            ``cv_results_["params"]``.

        Returns
        -------
        names : list of str
        """
        named = list(zip(self.candidates, self.names, strict=True))
        without = [{k: v for k, v in c.items() if k in self.grid} for c in candidates]
        return [next(name for params, name in named if params == each) for each in without]

    def new_search(self, memory: str | None = None) -> GridSearchCV | HalvingSearch:
        """Return the search, not fitted.

        Parameters
        ----------
        memory : str or None
            Folder for the weights that later rounds of halving go on from.

        Returns
        -------
        search : GridSearchCV or HalvingSearch
        """
        common = {
            "cv": self.cv,
            "scoring": self.scoring,
            "n_jobs": self.jobs,
            "error_score": "raise",
        }
        if not self.halving:
            return GridSearchCV(self.pipeline, self.grid, **common)
        pipeline = clone(self.pipeline).set_params(dnn__memory=memory)
        return HalvingSearch(
            pipeline,
            self.grid,
            **common,
            resource=RESOURCE,
            min_resources=self.rounds[0].epochs,
            max_resources=self.rounds[-1].epochs,
            factor=FACTOR,
            return_train_score=False,
            random_state=self.seed,
        )


class StopRequest(PipelineCallback):
    """A scikit-learn callback that makes every fit of this process fail at its next epoch."""

    def __init__(self) -> None:
        self._stopped = threading.Event()

    def stop_fits(self) -> None:
        """Make every fit fail at its next epoch."""
        self._stopped.set()

    def on_fit_task_begin(self, estimator: Any, context: CallbackContext) -> None:
        """Raise an error after `stop_fits`."""
        super().on_fit_task_begin(estimator, context)
        if self._stopped.is_set():
            raise SearchStopped

    def __getstate__(self) -> dict[str, Any]:
        # A copy on a cluster can't be reached.
        return {"max_propagation_depth": self.max_propagation_depth}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._stopped = threading.Event()


@dataclass
class RunningSearch:
    """A grid search in a thread of its own, so that the caller can be interrupted.

    Parameters
    ----------
    plan : SearchPlan
        What to search.
    X, y : ndarray or DataFrame, and ndarray
        Rows and targets.
    console : rich.console.Console
        Where to show the progress.
    groups : ndarray, optional
        Of the rows, if the plan's splitter keeps them together.
    memory : str, optional
        Folder for the weights that later rounds of halving go on from.

    Attributes
    ----------
    progress : SearchProgress
        Has the scores of the folds that are done.
    monitor : HistoryMonitor
        Has their training curves.
    """

    plan: SearchPlan
    X: Any
    y: NDArray[Any]
    console: Console
    groups: NDArray[Any] | None = None
    memory: str | None = None
    monitor: HistoryMonitor = field(default_factory=HistoryMonitor)
    _stop_request: StopRequest = field(default_factory=StopRequest)
    _outcome: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.progress = SearchProgress(self.console)
        self._search = self.plan.new_search(self.memory)
        # An event, not Thread.join: an interrupted join marks a live thread as stopped
        # (https://github.com/python/cpython/issues/90882).
        self._ended = threading.Event()
        threading.Thread(target=self._run, daemon=True).start()

    def wait(self) -> GridSearchCV | HalvingSearch:
        """Wait for the search to end. Ctrl-C raises KeyboardInterrupt meanwhile.

        Returns
        -------
        search : GridSearchCV or HalvingSearch
            Fitted.
        """
        while not self._ended.wait(timeout=0.1):
            pass
        if "error" in self._outcome:
            raise self._outcome["error"]
        return self._search

    def stop(self, grace_period: float) -> bool:
        """Stop the search; return whether it ended within `grace_period` seconds."""
        self._stop_request.stop_fits()
        return self._ended.wait(timeout=grace_period)

    @property
    def candidates(self) -> list[dict[str, Any]]:
        """The variants so far, in the order of ``cv_results_``."""
        return getattr(self._search, "evaluated", self.plan.candidates)

    def fold_scores(self) -> NDArray[np.float64]:
        """Return the scores so far.

        Returns
        -------
        scores : ndarray of shape (n_candidates, n_folds)
            NaN where a fold was not finished.
        """
        scores = np.full((len(self.candidates), self.plan.n_splits), np.nan)
        for place, score in self.progress.fold_scores.items():
            scores[place] = score
        return scores

    def _run(self) -> None:
        try:
            self._fit()
        except BaseException as error:  # raised in the thread that waits
            self._outcome["error"] = error
        finally:
            self._ended.set()

    def _fit(self) -> None:
        search = self._search
        search.set_callbacks(self._stop_request, self.monitor)
        self.progress.follow(search)
        # Threads share the rows and the compiled programs, and import TensorFlow once.
        where = (
            dask_config(scatter=[self.X, self.y])
            if self.plan.backend == "dask"
            else joblib.parallel_config(self.plan.backend)
        )
        with where:
            groups = {} if self.groups is None else {"groups": self.groups}
            search.fit(self.X, self.y, **groups)
        if self.plan.halving:
            search.best_estimator_.set_params(dnn__memory=None)  # a file can't hold a folder
