"""The training histories of all the fits of a search."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from skdnn._messages import brief
from skdnn.callbacks._channel import Channel
from skdnn.callbacks._steps import PipelineCallback
from skdnn.callbacks._tasks import evaluation_number, evaluation_round

if TYPE_CHECKING:
    from sklearn.callback import CallbackContext

_Place = tuple[int, int]  # round of the search, and number of the fit in it
_Record = tuple[_Place | None, dict[str, list[float]]]


class HistoryMonitor(PipelineCallback):
    """Callback that records the training history of every fold and candidate of a search.

    scikit-learn discards the estimators fitted in a search, and their histories. Set this
    callback on the search to keep the training curves of all of them. It works with threads,
    processes and a Dask cluster.

    See Also
    --------
    sklearn.callback.ScoringMonitor : Records scores on the training data at every epoch.
    skdnn.displays.TrainingCurvesDisplay : Plots training histories.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import GridSearchCV
    >>> from skdnn import KerasDNNClassifier
    >>> from skdnn.callbacks import HistoryMonitor
    >>> X, y = load_iris(return_X_y=True)
    >>> search = GridSearchCV(
    ...     KerasDNNClassifier(epochs=3, random_state=0), {"optimizer": ["sgd", "adam"]}, cv=2
    ... )
    >>> monitor = HistoryMonitor()
    >>> search = search.set_callbacks(monitor).fit(X, y)
    >>> curves = monitor.fold_histories(search)
    >>> len(curves), len(curves[0]), len(curves[0][0]["loss"])
    (2, 2, 3)
    """

    def __init__(self) -> None:
        self._seen = _Seen()
        self._channel = Channel(self._seen.receive)

    def fold_histories(self, search: Any) -> list[list[dict[str, list[float]]]]:
        """Return the histories of the last search.

        Parameters
        ----------
        search : fitted search, such as sklearn.model_selection.GridSearchCV
            The search that this callback was set on.

        Returns
        -------
        histories : list of list of dict
            ``histories[candidate][fold]`` is the `history_` of that fit, in the order of
            ``search.cv_results_["params"]``, which has the candidates of each round of a
            halving search.

        Raises
        ------
        ValueError
            If the callback was set on another search, or fits failed.
        sklearn.exceptions.NotFittedError
            If `search` is not fitted.
        TypeError
            If `search` is not a search.
        """
        if not hasattr(search, "cv"):
            raise TypeError(
                f"search must be a search, such as GridSearchCV, got {brief(search)}"
            )
        check_is_fitted(search, "cv_results_")
        n_folds, n_candidates = search.n_splits_, len(search.cv_results_["params"])
        by_place = {place: history for place, history in self._seen.records if place}
        rounds = np.asarray(search.cv_results_.get("iter", np.zeros(n_candidates, int)))
        first_rows = np.searchsorted(rounds, rounds)  # of each candidate's round
        places = [
            [
                (int(rounds[row]), int(row - first_rows[row]) * n_folds + k)
                for k in range(n_folds)
            ]
            for row in range(n_candidates)
        ]
        if by_place.keys() != {place for row in places for place in row}:
            raise ValueError(
                f"search has {n_candidates} candidates in {n_folds} folds, but "
                f"{len(by_place)} fits of folds were seen: it must be the search that this "
                "callback was set on, with no failed fit"
            )
        return [[by_place[place] for place in row] for row in places]

    @property
    def histories(self) -> list[dict[str, list[float]]]:
        """Histories of all recorded fits, in the order in which they ended.

        Returns
        -------
        histories : list of dict
            The `history_` of each fit.
        """
        return [history for _, history in self._seen.records]

    # -- scikit-learn's protocol of a callback --------------------------------------------

    def setup(self, estimator: Any, context: CallbackContext) -> None:
        super().setup(estimator, context)
        self._seen.restart(str(context.root_uuid))  # without histories of earlier fits
        self._channel.listen(self._seen.receive)

    def teardown(self, estimator: Any, context: CallbackContext) -> None:
        super().teardown(estimator, context)
        self._seen.under_way = False

    def on_fit_task_end(self, estimator: Any, context: CallbackContext) -> None:
        super().on_fit_task_end(estimator, context)
        history = getattr(estimator, "history_", None)
        if history is not None and context.task_name != "epoch":
            root, number = str(context.root_uuid), evaluation_number(context)
            place = None if number is None else (evaluation_round(context), number)
            self._channel.send((root, place, {**history}))


class _Seen:
    """The histories of one search. Its own class: the channel must not hold the monitor."""

    def __init__(self) -> None:
        self.records: list[_Record] = []
        self.under_way = False
        self._root: str | None = None

    def restart(self, root: str) -> None:
        """Clear all histories at the beginning of a search.

        Parameters
        ----------
        root : str
            Id of the search.
        """
        self.records.clear()
        self._root, self.under_way = root, True

    def receive(
        self, message: tuple[str, _Place | None, Mapping[str, Sequence[float]]]
    ) -> None:
        """Store a history, unless it is of an earlier, interrupted search.

        Parameters
        ----------
        message : tuple of (str, tuple of int or None, mapping)
            The search, the place of the fold's fit in it, and its history.
        """
        root, place, history = message
        if self._root in (None, root):
            self.records.append((place, {name: list(v) for name, v in history.items()}))

    def __getstate__(self) -> dict[str, Any]:
        # During a search each fit pickles a copy, which needs no histories of others.
        kept = [] if self.under_way else list(self.records)
        return {"records": kept, "under_way": False, "_root": self._root}
