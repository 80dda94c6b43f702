"""Scores of a search: of which metric, in which folds, and which candidates are ahead."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import is_regressor

from skdnn.displays._candidates import value_text


def check_searched(search: Any) -> None:
    """Raise an error unless a search is fitted and has candidates.

    Parameters
    ----------
    search : object
        As the user gave it.

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If it is a search that is not fitted.
    TypeError
        If it is no search.
    """
    from sklearn.exceptions import NotFittedError

    if hasattr(search, "cv_results_"):
        return
    if hasattr(search, "fit") and hasattr(search, "scoring") and hasattr(search, "refit"):
        raise NotFittedError(
            f"search must be fitted, got a {type(search).__name__} without cv_results_"
        )
    raise TypeError(
        "search must be a fitted search, such as GridSearchCV or RandomizedSearchCV, got "
        f"{type(search).__name__}"
    )


def check_refitted(search: Any) -> None:
    """Raise an error unless a search is fitted and has refitted its winner.

    Parameters
    ----------
    search : object
        As the user gave it.

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If it is a search that is not fitted.
    TypeError
        If it is no search.
    ValueError
        If it has no refitted winner.
    """
    check_searched(search)
    if not hasattr(search, "best_estimator_"):
        raise ValueError(
            f"search must have a refitted winner, got a search with refit={search.refit!r}"
        )


def metric_of(search: Any) -> str:
    """Return the name of the metric in the keys of ``cv_results_``.

    Parameters
    ----------
    search : fitted search
        Such as GridSearchCV.

    Returns
    -------
    metric : str
    """
    return search.refit if isinstance(search.refit, str) else "score"


def score_name_of(search: Any) -> str:
    """Return the name of a search's scores, in words.

    Parameters
    ----------
    search : fitted search
        Such as GridSearchCV.

    Returns
    -------
    name : str
    """
    metric = metric_of(search)
    return scorer_words(metric if metric != "score" else scorer_of(search) or "score")


def scorer_words(scorer: str) -> str:
    """Return the name of a scorer, in words.

    Parameters
    ----------
    scorer : str
        Its name in scikit-learn, such as ``neg_mean_absolute_error``.

    Returns
    -------
    words : str
        Such as ``negative mean absolute error``.
    """
    if scorer == "r2":
        return "R²"
    negative = scorer.startswith("neg_")
    return "negative " * negative + scorer.removeprefix("neg_").replace("_", " ")


def scorer_of(search: Any) -> str | None:
    """Return scikit-learn's name of a search's scorer.

    Parameters
    ----------
    search : fitted search
        Such as GridSearchCV.

    Returns
    -------
    scorer : str or None
        None if it has no name: a function, or a result of `make_scorer`.
    """
    scoring, metric = search.scoring, metric_of(search)
    if metric != "score":
        scoring = scoring.get(metric) if isinstance(scoring, Mapping) else metric
    scoring = getattr(scoring, "scoring", scoring)  # of SearchProgress.scorer
    if scoring is None:  # the estimator's own score
        return "r2" if _learns_numbers(search) else "accuracy"
    return scoring if isinstance(scoring, str) else None


def _learns_numbers(search: Any) -> bool:
    estimator = getattr(search, "estimator", None)
    return hasattr(estimator, "__sklearn_tags__") and is_regressor(estimator)


def validate_score_name(search: Any, score_name: str | None) -> str:
    """Validate `score_name`: what the scores of a search are called.

    Parameters
    ----------
    search : fitted search
        Such as GridSearchCV.
    score_name : str or None
        As the user gave it.

    Returns
    -------
    name : str

    Raises
    ------
    ValueError
        If it is the name of another metric of the search than the one that `refit` names.
    """
    if score_name is None:
        return score_name_of(search)
    if f"mean_test_{score_name}" in search.cv_results_ and score_name != metric_of(search):
        raise ValueError(
            f"score_name is what the scores are called, and those of refit={search.refit!r} "
            f"are taken; got score_name={score_name!r}, another metric. For its scores, set "
            "search.refit to its name"
        )
    return score_name


def fold_scores_of(search: Any) -> NDArray[np.float64]:
    """Return the score of each candidate in each fold.

    Parameters
    ----------
    search : fitted search
        Such as GridSearchCV.

    Returns
    -------
    scores : ndarray of shape (n_candidates, n_folds)
        Of the metric that `refit` names, where there are several; NaN for failed fits.

    Raises
    ------
    ValueError
        If there are several metrics and `refit` names none.
    """
    results, metric = search.cv_results_, metric_of(search)
    if f"split0_test_{metric}" not in results:
        raise ValueError(
            f"search must have one metric, or refit must name one of several, got "
            f"refit={search.refit!r}"
        )
    columns = [results[f"split{fold}_test_{metric}"] for fold in range(search.n_splits_)]
    return np.array(columns, np.float64).T


def rounds_of(search: Any) -> NDArray[np.int64]:
    """Return the round of each candidate.

    Parameters
    ----------
    search : fitted search
        Such as GridSearchCV.

    Returns
    -------
    rounds : ndarray of int, shape (n_candidates,)
        0 but for halving searches. Their winner is the best of the last round, whatever the
        scores of others were.
    """
    results = search.cv_results_
    is_halving = hasattr(search, "n_resources_")
    return np.asarray(results["iter"] if is_halving else [0] * len(results["params"]), np.int64)


def ranks_of(search: Any) -> NDArray[np.int64]:
    """Return the rank of each candidate by its round, the last first, then by its mean score.

    Parameters
    ----------
    search : fitted search
        Such as GridSearchCV.

    Returns
    -------
    ranks : ndarray of int, shape (n_candidates,)
        From 1, the best. Those with a failed fit come last in their round.
    """
    rounds, means = rounds_of(search), fold_scores_of(search).mean(axis=1)
    means = np.where(np.isnan(means), -np.inf, means)
    ahead = [
        (rounds > last) | ((rounds == last) & (means > mean))
        for last, mean in zip(rounds, means, strict=True)
    ]
    return np.array([1 + int(others.sum()) for others in ahead])


def best_first(search: Any) -> list[int]:
    """Return the candidates of the last round from best to worst, then those of others.

    Parameters
    ----------
    search : fitted search
        Such as GridSearchCV.

    Returns
    -------
    rows : list of int
        Indices into ``cv_results_``. A candidate of a halving search that got into a later
        round is there once, with what it has learnt at the end.
    """
    rounds, means = rounds_of(search), fold_scores_of(search).mean(axis=1)
    # NaN, the score of a failed fit, comes last in a sort of the negatives.
    rows = np.lexsort([-means, -rounds])
    resource = getattr(search, "resource", None)
    latest: dict[object, int] = {}
    for row in rows.tolist():
        params = search.cv_results_["params"][row].items()
        same = tuple((name, value_text(value)) for name, value in params if name != resource)
        latest.setdefault(same if resource else row, row)
    return list(latest.values())
