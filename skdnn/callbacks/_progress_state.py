"""Progress of a search, from the messages of its fits."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any


@dataclass(frozen=True)
class RunningFit:
    """A fit that is running.

    Parameters
    ----------
    name : str
        Name of the candidate.
    fold : int or None
        From 1; None for a fit on all rows.
    where : str
        Machine, process and thread.
    epochs_done, epochs : int
        0 before the first report.
    figures : mapping of str to float
        Of its last epoch, such as the loss.
    """

    name: str
    fold: int | None
    where: str
    epochs_done: int = 0
    epochs: int = 0
    figures: Mapping[str, float] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """The candidate and the fold, in words."""
        rows = "all rows" if self.fold is None else f"fold {self.fold}"
        return f"{self.name}, {rows}" if self.name else rows

    @property
    def share(self) -> float:
        """Part of its epochs that is done."""
        return self.epochs_done / self.epochs if self.epochs else 0.0


@dataclass(frozen=True)
class Snapshot:
    """Progress of a search at one moment.

    Parameters
    ----------
    n_done, n_failed : int
        Fits that ended, and those of them that failed.
    n_fits : int
        All fits, the refit included, as far as known: a halving search adds some.
    seconds : float
        Since the beginning.
    seconds_left : float or None
        Estimated from the epochs that are done; None before the first, and at the end.
    best : (float, str) or None
        Best score of a fold so far, and the label of its fit.
    running : tuple of RunningFit
        In the order in which they began.
    """

    n_done: int
    n_failed: int
    n_fits: int
    seconds: float
    seconds_left: float | None
    best: tuple[float, str] | None
    running: tuple[RunningFit, ...]


class SearchState:
    """Thread-safe progress of a search.

    Parameters
    ----------
    clock : callable, default=time.monotonic
        Returns seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self.restart(None)

    def restart(self, root: str | None) -> None:
        """Reset at the beginning of a search.

        Parameters
        ----------
        root : str or None
            Id of the search. Messages of other ones are ignored: fits of an interrupted search
            may continue for a while.
        """
        with self._lock:
            self._root = root
            self._began = self._clock()
            self._ended: float | None = None
            self._n_fits, self._n_folds = 0, 1
            self._fits_of_rounds: list[int] = []
            self._running: dict[str, RunningFit] = {}
            self._labels: dict[str, str] = {}
            self._done: set[str] = set()
            self._failed: set[str] = set()
            self._scores: dict[str, tuple[int | None, int, float]] = {}

    def receive(self, message: Mapping[str, Any]) -> None:
        """Handle a message of a fit.

        Parameters
        ----------
        message : mapping
            ``root`` is the id of the search, ``event`` a method below; the rest are its
            arguments.
        """
        event = dict(message)
        handle = getattr(self, f"_{event.pop('event')}")
        with self._lock:
            if event.pop("root") == self._root:
                handle(**event)

    def finish(self) -> None:
        """Stop the clock at the end of the search."""
        with self._lock:
            self._ended = self._clock()

    def snapshot(self) -> Snapshot:
        """Return the progress now."""
        with self._lock:
            seconds = (self._ended or self._clock()) - self._began
            running = tuple(self._running.values())
            n_done = len(self._done | self._failed)
            worth = n_done + sum(fit.share for fit in running)
            left = None
            if self._ended is None and 0 < worth <= self._n_fits:
                left = seconds * (self._n_fits - worth) / worth
            best = max(self._scores.items(), key=lambda item: item[1][-1], default=None)
            return Snapshot(
                n_done=n_done,
                n_failed=len(self._failed),
                n_fits=self._n_fits,
                seconds=seconds,
                seconds_left=left,
                best=None if best is None else (best[1][-1], self._labels.get(best[0], "")),
                running=running,
            )

    @property
    def fold_scores(self) -> dict[tuple[int, int], float]:
        """Scores by candidate and fold, from 0; a halving search has some in each round."""
        with self._lock:
            return {
                divmod(sum(self._fits_of_rounds[:index]) + number, self._n_folds): score
                for number, index, score in self._scores.values()
                if number is not None
            }

    # -- events: the names and arguments of messages ----------------------------------------

    def _planned(self, fits: int, folds: int | None = None) -> None:
        self._n_fits += fits
        if folds is not None:  # a round of a search
            self._n_folds = folds
            self._fits_of_rounds.append(fits)

    def _began_fit(
        self,
        fit: str,
        number: int | None,
        name: str,
        where: str,
        round: int = 0,  # noqa: ARG002 # a key of all messages on a fit of a fold
    ) -> None:
        # A thread that begins another fit, not a nested one, has left the last by an exception.
        here = [key for key, other in self._running.items() if other.where == where]
        for key in here:
            if not fit.startswith(key) or fit == key:
                self._mark_failed(key)
        self._done.discard(fit)  # the fit of a worker that died is run again
        self._failed.discard(fit)
        fold = None if number is None else number % self._n_folds + 1
        self._running[fit] = RunningFit(name, fold, where)
        self._labels[fit] = self._running[fit].label

    def _epoch(self, fit: str, done: int, epochs: int, figures: Mapping[str, float]) -> None:
        if fit in self._running:
            self._running[fit] = replace(
                self._running[fit], epochs_done=done, epochs=epochs, figures=dict(figures)
            )

    def _ended_fit(self, fit: str) -> None:
        self._running.pop(fit, None)
        self._done.add(fit)

    def _scored(
        self,
        fit: str,
        number: int | None,
        score: float,
        round: int = 0,
    ) -> None:
        if score == score:  # NaN is no score
            self._scores[fit] = number, round, score

    def _ended_round(self, fit: str) -> None:
        for key in [key for key in self._running if key.startswith(fit)]:
            self._mark_failed(key)

    def _mark_failed(self, fit: str) -> None:
        del self._running[fit]
        self._failed.add(fit)
