"""Callbacks in scikit-learn's sense: what follows a fit, a pipeline or a whole search.

They are set by ``set_callbacks`` (scikit-learn 1.9, experimental there). Keras callbacks are
something else: a hyperparameter of :class:`skdnn.KerasDNNClassifier`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

# The same transport that scikit-learn's own ScoringMonitor uses.
from sklearn.callback._transport import can_reuse_listener, open_listener, send
from sklearn.utils.validation import check_is_fitted

if TYPE_CHECKING:
    from sklearn.callback import CallbackContext

__all__ = ["HistoryMonitor"]

_FOLD = "candidate-split-evaluation"


class HistoryMonitor:
    """Keeps the training history of every fold and candidate of a search.

    scikit-learn throws the estimators of a search away, and their histories with them. Set
    this callback on the search, and the learning curves of all of them are at hand
    afterwards. It works in threads and in processes alike.

    See Also
    --------
    sklearn.callback.ScoringMonitor : Scores on the training rows at every epoch.
    skdnn.displays.TrainingCurvesDisplay : Draws histories.

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

    max_propagation_depth = None  # from the search down to the classifier

    def __init__(self) -> None:
        self._records: list[tuple[int | None, dict[str, list[float]]]] = []
        # Opened here, so that copies in other processes know where to send what they see.
        self._listener = open_listener(self._records.append, owner=self)

    def fold_histories(self, search: Any) -> list[list[dict[str, list[float]]]]:
        """Return the histories of the last search.

        Parameters
        ----------
        search : fitted search, such as sklearn.model_selection.GridSearchCV
            The one that this callback was set on. Not a halving search, which evaluates
            candidates several times.

        Returns
        -------
        histories : list of list of dict
            ``histories[candidate][fold]`` is the `history_` of that fit, in the order of
            ``search.cv_results_["params"]``.

        Raises
        ------
        ValueError
            If the fits seen are not those of `search`: another one, or one with failed fits.
        sklearn.exceptions.NotFittedError
            If `search` is not fitted.
        TypeError
            If it is no search.
        """
        if not hasattr(search, "cv"):
            raise TypeError(f"search must be a search, such as GridSearchCV, got {search!r}")
        check_is_fitted(search, "cv_results_")
        n_folds, n_candidates = search.n_splits_, len(search.cv_results_["params"])
        by_number = {number: history for number, history in self._records if number is not None}
        if sorted(by_number) != list(range(n_folds * n_candidates)):
            raise ValueError(
                f"search has {n_candidates} candidates in {n_folds} folds, but "
                f"{len(by_number)} fits of folds were seen: it must be the search that this "
                "callback was set on, with no failed fit, and no halving search"
            )
        return [
            [by_number[candidate * n_folds + fold] for fold in range(n_folds)]
            for candidate in range(n_candidates)
        ]

    @property
    def histories(self) -> list[dict[str, list[float]]]:
        """Histories of all fits seen, in the order in which they ended.

        Returns
        -------
        histories : list of dict
            The `history_` of each.
        """
        return [history for _, history in self._records]

    # -- scikit-learn's protocol of a callback --------------------------------------------

    # They have comments in place of docstrings: their contract is scikit-learn's.

    def setup(self, estimator: Any, context: CallbackContext) -> None:  # noqa: ARG002, D102
        self._records.clear()  # what an earlier fit left

    def teardown(self, estimator: Any, context: CallbackContext) -> None:  # noqa: D102
        pass  # what was seen stays

    def on_fit_task_begin(  # noqa: D102
        self, estimator: Any, context: CallbackContext, **_: Any
    ) -> None:
        pass

    def on_fit_task_end(  # noqa: D102
        self, estimator: Any, context: CallbackContext, **_: Any
    ) -> None:
        history = getattr(estimator, "history_", None)
        if history is not None and context.task_name != "epoch":
            send(self._listener, (_fold_number(context), {**history}))

    def __getstate__(self) -> dict[str, Any]:
        # The listener's thread may append while this is pickled.
        return {**self.__dict__, "_records": list(self._records)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        if not can_reuse_listener(self._listener):
            self._listener = open_listener(self._records.append, owner=self)


def _fold_number(context: CallbackContext | None) -> int | None:
    """Find which evaluation of the search a task belongs to; None for a refit or no search."""
    while context is not None:
        if _FOLD in (context.task_name, getattr(context, "source_task_name", None)):
            return int(context.task_id)
        context = context.parent
    return None
