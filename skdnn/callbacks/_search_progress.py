"""A live display of a search."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, TypeVar

from sklearn.metrics import get_scorer
from sklearn.model_selection import ParameterGrid

from skdnn._messages import brief
from skdnn.callbacks._channel import Channel
from skdnn.callbacks._progress_state import SearchState
from skdnn.callbacks._reported_scorer import ReportedScorer, last_in_thread, reported_scoring
from skdnn.callbacks._steps import PipelineCallback
from skdnn.callbacks._tasks import (
    evaluation_number,
    evaluation_round,
    is_fold,
    is_refit,
    is_search,
)
from skdnn.displays._candidates import candidate_name, short_names, varied_parameters

if TYPE_CHECKING:
    from rich.console import Console
    from sklearn.callback import CallbackContext

_METRICS = ("loss", "accuracy", "mean_absolute_error")
_FIGURES = {*_METRICS, *(f"val_{name}" for name in _METRICS)}

_ReportedScorer = ReportedScorer  # as pickles of before name it

_setting_up = threading.Lock()

_Search = TypeVar("_Search", bound=Any)


class SearchProgress(PipelineCallback):
    """Callback that displays the progress of a search.

    It shows the number of fits done and left, the remaining time, the best score so far, and
    the epoch, loss and metric of each running fit. A terminal shows the display below other
    output, a notebook below the cell, without widgets. Nothing is written to other outputs,
    such as log files. It works with sequential fits, threads, processes and a Dask cluster.

    Use :meth:`follow` for a search. To show a single fit of a pipeline or an estimator, use
    ``set_callbacks``.

    Parameters
    ----------
    console : rich.console.Console, default=None
        Console to write to. None uses standard output.

    See Also
    --------
    skdnn.callbacks.HistoryMonitor : Records the training curves of a search.
    sklearn.callback.ProgressBar : Progress bars for any estimator.

    Notes
    -----
    In a notebook, the display is updated HTML, whose last state stays in the saved notebook.
    The remaining time is estimated from the epochs done so far. The first fits of a network
    structure also compile it, and take longer.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import GridSearchCV
    >>> from skdnn import KerasDNNClassifier
    >>> from skdnn.callbacks import SearchProgress
    >>> X, y = load_iris(return_X_y=True)
    >>> progress = SearchProgress()
    >>> search = GridSearchCV(
    ...     KerasDNNClassifier(epochs=3, random_state=0),
    ...     {"optimizer": ["sgd", "adam"]},
    ...     cv=2,
    ... )
    >>> search = progress.follow(search).fit(X, y)
    >>> len(progress.fold_scores)
    4
    """

    def __init__(self, console: Console | None = None) -> None:
        self._console = console
        self._state = SearchState()
        self._channel = Channel(self._state.receive)
        self._root: str | None = None  # of the search that is shown
        self._varied: dict[str, str] = {}
        self._view = ExitStack()

    def follow(self, search: _Search) -> _Search:
        """Show the progress of a search when it is fitted.

        This sets the callback on the search, beside those it has, and wraps its `scoring` so
        that the display gets the scores; with several metrics, those of the one that `refit`
        names.

        Parameters
        ----------
        search : search, such as sklearn.model_selection.GridSearchCV
            The search, fitted or not. It is changed in place, and its clones keep the
            changes; set `scoring` and `refit` before.

        Returns
        -------
        search : search
            The same object: ``progress.follow(search).fit(X, y)``.

        Raises
        ------
        TypeError
            If it is not a search, or does not support callbacks.
        ValueError
            If its `scoring` is not the name of a scorer.
        """
        if not (is_search(search) and hasattr(search, "set_callbacks")):
            raise TypeError(
                "search must be a search that takes callbacks, such as GridSearchCV, got "
                f"{brief(search)}; call set_callbacks of a pipeline or a network"
            )
        others = [
            callback
            for callback in getattr(search, "_skl_callbacks", [])
            if not isinstance(callback, SearchProgress)  # its place is taken
        ]
        search.scoring = reported_scoring(search, self._channel)
        search.set_callbacks(*others, self)
        return search

    def scorer(self, scoring: str | Callable[..., float] | None = None) -> Callable[..., float]:
        """Return a scorer that reports its scores to the display.

        :meth:`follow` does this for a search. scikit-learn tells callbacks about fits but not
        about scores, so without this scorer the best score so far is not shown.

        Parameters
        ----------
        scoring : str, callable or None, default=None
            A single metric, as in ``GridSearchCV``. None uses the estimator's score method.

        Returns
        -------
        scorer : callable
            Scorer with the signature ``scorer(estimator, X, y)``. Its scores and metadata
            requests are those of `scoring`. With None it requests no metadata: name the metric
            if you route metadata to it.

        Raises
        ------
        ValueError
            If `scoring` is a string but not the name of a scorer.
        TypeError
            If `scoring` has another type.
        """
        if not (scoring is None or isinstance(scoring, str) or callable(scoring)):
            raise TypeError(
                f"scoring must be a name, a callable or None (one metric), got {scoring!r}"
            )
        if isinstance(scoring, str):
            get_scorer(scoring)  # raises an error for a wrong name
        return ReportedScorer(scoring, self._channel)

    @property
    def fold_scores(self) -> dict[tuple[int, int], float]:
        """Scores of the last search by candidate and fold, both counted from 0.

        Available also after an interruption. Requires :meth:`follow` or :meth:`scorer`.

        Returns
        -------
        scores : dict of (int, int) to float
            Candidates are in the order of ``cv_results_["params"]``.
        """
        return self._state.fold_scores

    # -- scikit-learn's protocol of a callback --------------------------------------------

    def setup(self, estimator: Any, context: CallbackContext) -> None:
        with _setting_up:
            if self._root is not None:  # it shows another fit already
                return
            self._root = str(context.root_uuid)
        super().setup(estimator, context)
        self._channel.listen(self._state.receive)
        self._state.restart(self._root)
        self._varied = _varied_in(estimator)
        if not is_search(estimator):
            self._send("planned", fits=1)
        if self._channel.is_original:
            self._show()

    def teardown(self, estimator: Any, context: CallbackContext) -> None:
        if str(context.root_uuid) == self._root:
            super().teardown(estimator, context)
            self._state.finish()
            self._view.close()
            self._root = None

    def on_fit_task_begin(self, estimator: Any, context: CallbackContext) -> None:
        if str(context.root_uuid) != self._root:
            return
        super().on_fit_task_begin(estimator, context)
        if is_search(estimator) and context.task_name == "fit":
            self._send("planned", fits=int(estimator.refit is not False))
        if is_search(estimator) and not context.sequential_subtasks:
            self._send("planned", fits=context.max_subtasks, folds=estimator.n_splits_)
        elif _is_whole_fit(estimator, context):
            self._begin(estimator, context)

    def on_fit_task_end(self, estimator: Any, context: CallbackContext) -> None:
        if str(context.root_uuid) != self._root:
            return
        super().on_fit_task_end(estimator, context)
        if context.task_name == "epoch":
            self._epoch(estimator, context)
        elif is_search(estimator) and not context.sequential_subtasks:
            self._send("ended_round", fit=_path(context))
        elif _is_whole_fit(estimator, context):
            self._send("ended_fit", fit=_path(context))

    def __getstate__(self) -> dict[str, Any]:
        # A copy reports; it has nothing to draw on.
        kept = ("_channel", "_root", "_varied", "max_propagation_depth")
        return {name: getattr(self, name) for name in kept}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._console, self._state, self._view = None, SearchState(), ExitStack()
        self.__dict__.update(state)

    # -- what is reported -----------------------------------------------------------------

    def _send(self, event: str, **what: Any) -> None:
        self._channel.send({"event": event, "root": self._root, **what})

    def _begin(self, estimator: Any, context: CallbackContext) -> None:
        path, number = _path(context), evaluation_number(context)
        place = {"fit": path, "number": number, "round": evaluation_round(context)}
        last_in_thread.fit = {"root": self._root, **place}
        self._send(
            "began_fit",
            **place,
            name=candidate_name(estimator.get_params(), self._varied),
            where=f"{socket.gethostname()}-{os.getpid()}-{threading.get_ident()}",
        )

    def _epoch(self, estimator: Any, context: CallbackContext) -> None:
        history = getattr(estimator, "history_", {})
        self._send(
            "epoch",
            fit=_path(_whole_fit_of(context)),
            done=_epochs_done(estimator, context),
            epochs=context.parent.max_subtasks or 0,
            figures={name: float(history[name][-1]) for name in _FIGURES & set(history)},
        )

    def _show(self) -> None:
        from rich.console import Console

        from skdnn.callbacks._progress_view import shown

        console = self._console
        if console is None:
            console = Console()
            # FORCE_COLOR asks for colours in a file, not for a picture that moves.
            if not (console.is_jupyter or console.file.isatty()):
                return
        self._view.enter_context(shown(self._state.snapshot, console))


def _epochs_done(estimator: Any, context: CallbackContext) -> int:
    """Return the epochs of a fit, with those that it took from its `memory`."""
    done = int(context.task_id) + 1
    if getattr(estimator, "memory", None) is None:
        return done
    return max(done, len(getattr(estimator, "history_", {}).get("loss", ())))


def _is_whole_fit(estimator: Any, context: CallbackContext) -> bool:
    """Tell whether a task is a fit that the display counts: of a fold, the refit, or alone."""
    alone = context.parent is None and not is_search(estimator)
    return is_fold(context) or is_refit(context) or alone


def _whole_fit_of(context: CallbackContext) -> CallbackContext:
    """Return the counted fit that a task belongs to."""
    while not (is_fold(context) or is_refit(context) or context.parent is None):
        context = context.parent
    return context


def _path(context: CallbackContext) -> str:
    """Return the path of a task, which has that of its parent as prefix."""
    numbers = []
    place: CallbackContext | None = context
    while place is not None:
        numbers.append(f"{place.task_id}/")
        place = place.parent
    return "".join(reversed(numbers))


def _varied_in(search: Any) -> dict[str, str]:
    """Return the parameters that a search varies, and short names of them."""
    grid = getattr(search, "param_grid", None)
    if grid is not None:
        params = list(ParameterGrid(grid))
        return short_names(varied_parameters(params) or list(*params[:1]))
    distributions = getattr(search, "param_distributions", {})
    sets = [distributions] if isinstance(distributions, dict) else distributions
    return short_names(list(dict.fromkeys(name for each in sets for name in each)))
