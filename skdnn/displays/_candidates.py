"""Names, parameters and scores of a search's candidates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import is_regressor

from skdnn._messages import few
from skdnn.displays._arguments import validate_names

_MISSING = object()  # a list of grids need not have the same parameters in each


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
        From 1, the best.
    """
    rounds, means = rounds_of(search), fold_scores_of(search).mean(axis=1)
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


def validate_candidate_names(search: Any, names: Sequence[str] | None) -> list[str]:
    """Validate names of the candidates, or make them from the parameters.

    Parameters
    ----------
    search : fitted search
        Such as GridSearchCV.
    names : sequence of str or None
        As the user gave them.

    Returns
    -------
    names : list of str
        All different.

    Raises
    ------
    ValueError
        If there is not one for each candidate, or one twice.
    """
    params = search.cv_results_["params"]
    if names is None:
        return candidate_names(params)
    names = validate_names("names", names)
    if len(names) != len(params):
        raise ValueError(
            f"names must hold a name for each of the {len(params)} candidates, got {len(names)}"
        )
    twice = sorted(name for name, count in Counter(names).items() if count > 1)
    if twice:
        raise ValueError(f"names must all be different, got {few(twice)} more than once")
    return [str(name) for name in names]


def varied_parameters(params: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the names of the parameters in which candidates differ.

    Parameters
    ----------
    params : sequence of mapping
        ``cv_results_["params"]``.

    Returns
    -------
    names : list of str
    """
    names = dict.fromkeys(name for candidate in params for name in candidate)
    return [
        name
        for name in names
        if len({_text_or_missing(candidate, name) for candidate in params}) > 1
    ]


def candidate_names(params: Sequence[Mapping[str, Any]]) -> list[str]:
    """Name candidates by the parameters in which they differ: ``relu, adam, l2=0.001``.

    Parameters
    ----------
    params : sequence of mapping
        ``cv_results_["params"]``.

    Returns
    -------
    names : list of str
        All different.
    """
    varied = varied_parameters(params) or list(params[0])
    short = short_names(varied)
    names = [candidate_name(candidate, short) for candidate in params]
    counts = Counter(names)
    return [
        name if name and counts[name] == 1 else f"{name} (candidate {number})".strip()
        for number, name in enumerate(names, start=1)
    ]


def candidate_name(params: Mapping[str, Any], short: Mapping[str, str]) -> str:
    """Return the name of a candidate.

    Parameters
    ----------
    params : mapping
        All of its parameters.
    short : mapping of str to str
        Parameters for the name, by their short names; a candidate need not have all.

    Returns
    -------
    name : str
        Such as ``relu, adam, l2=0.001``.
    """
    return ", ".join(_part(short[name], params[name]) for name in short if name in params)


def candidate_network(search: Any, row: int) -> Any:
    """Return the unfitted estimator of a candidate.

    Parameters
    ----------
    search : fitted search
        Such as GridSearchCV.
    row : int
        Index of the candidate in ``cv_results_``.

    Returns
    -------
    network : estimator or None
        Not a pipeline, but its last step. None where the search keeps no estimator.
    """
    from sklearn.base import clone
    from sklearn.pipeline import Pipeline

    estimator = getattr(search, "estimator", None)
    if estimator is None:
        return None
    params = clone(search.cv_results_["params"][row], safe=False)  # as the search does
    candidate = clone(estimator).set_params(**params)
    return candidate[-1] if isinstance(candidate, Pipeline) else candidate


def short_names(names: Sequence[str]) -> dict[str, str]:
    """Return the last part of each parameter's name, or all of it where that is ambiguous.

    Parameters
    ----------
    names : sequence of str
        Such as ``dnn__optimizer``.

    Returns
    -------
    short : dict of str
        By name.
    """
    last = {name: name.rsplit("__", 1)[-1] for name in names}
    counts = Counter(last.values())
    return {name: part if counts[part] == 1 else name for name, part in last.items()}


def value_text(value: Any) -> str:
    """Write a parameter's value for a table or a legend.

    Parameters
    ----------
    value : object
        A number, name, tuple, function, class, or configured object.

    Returns
    -------
    text : str
        Without memory addresses and line breaks.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, float | np.floating):
        return f"{value:.4g}"
    if isinstance(value, tuple | list):
        joint = "-" if all(isinstance(part, int | np.integer) for part in value) else ", "
        return joint.join(map(value_text, value)) or "none"
    if isinstance(value, Mapping):
        return ", ".join(f"{key}={value_text(part)}" for key, part in value.items())
    if isinstance(value, type) or type(value).__name__ == "function":
        return str(value.__name__)
    return _object_text(value)


def _object_text(value: Any) -> str:
    text = " ".join(repr(value).split())
    if " at 0x" not in text:
        return text if len(text) <= 60 else text[:59] + "…"
    rate = value.get_config().get("learning_rate") if hasattr(value, "get_config") else None
    return type(value).__name__ + (f"({rate:.4g})" if isinstance(rate, float) else "")


def _text_or_missing(candidate: Mapping[str, Any], name: str) -> object:
    return value_text(candidate[name]) if name in candidate else _MISSING


def _part(name: str, value: Any) -> str:
    plain = isinstance(value, bool | int | float | np.number | tuple | list | dict | None)
    return f"{name}={value_text(value)}" if plain else value_text(value)
