"""The scorer and the folds of a search, for others than its candidates."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import is_classifier
from sklearn.metrics import check_scoring
from sklearn.model_selection import check_cv

from skdnn._messages import brief
from skdnn.displays._scores import metric_of

Scorer = Callable[[Any, Any, Any], float]
Folds = list[tuple[NDArray[np.intp], NDArray[np.intp]]]


def scorer_for(search: Any) -> Scorer:
    """Return what scored the candidates of a search.

    Parameters
    ----------
    search : fitted search
        Such as GridSearchCV. Of several metrics, the one that `refit` names is taken.

    Returns
    -------
    scorer : callable
        ``scorer(estimator, X, y)`` returns a number; the greater, the better.
    """
    metric = metric_of(search)
    scoring = search.scorer_
    if isinstance(scoring, Mapping):
        scoring = scoring[metric]
    scoring = getattr(scoring, "scoring", scoring)  # of SearchProgress.scorer

    def scorer(estimator: Any, X: Any, y: Any) -> float:
        score = check_scoring(estimator, scoring=scoring)(estimator, X, y)
        return float(score[metric] if isinstance(score, Mapping) else score)

    return scorer


def folds_of(search: Any, X: Any, y: Any, groups: Any) -> Folds:
    """Return the folds in which the candidates of a search were scored.

    Parameters
    ----------
    search : fitted search
        Such as GridSearchCV.
    X, y, groups
        The data that it was fitted on.

    Returns
    -------
    folds : list of tuple of ndarray
        Rows to train on and rows to score on.

    Raises
    ------
    ValueError
        If the search does not tell its folds: `cv` makes others at each call, it can be used
        only once, or the last candidates were scored on part of the rows.
    """
    _check_all_rows_were_used(search, X)
    splitter = check_cv(search.cv, y, classifier=is_classifier(search.estimator))
    folds, again = (list(splitter.split(X, y, groups)) for _ in range(2))
    if len(folds) != search.n_splits_:
        raise ValueError(
            f"search.cv must give the {search.n_splits_} folds of the search again, got "
            f"{len(folds)}: an iterator is used up after one search. Pass cv=list(...) to the "
            "search"
        )
    same = all(
        np.array_equal(rows, others)
        for fold, other in zip(folds, again, strict=True)
        for rows, others in zip(fold, other, strict=True)
    )
    if not same:
        raise ValueError(
            "search.cv must give the same folds at each call, got "
            f"{brief(search.cv)}, which shuffles anew. Set its random_state to an integer"
        )
    return folds


def _check_all_rows_were_used(search: Any, X: Any) -> None:
    if getattr(search, "resource", None) != "n_samples":
        return
    used = int(search.cv_results_["n_resources"][search.best_index_])
    n_rows = X.shape[0] if hasattr(X, "shape") else len(X)
    if used < n_rows:
        raise ValueError(
            f"search must have scored its winner on folds of all {n_rows:,} rows, got "
            f"{type(search).__name__} with resource='n_samples', which took {used:,} of them"
        )
