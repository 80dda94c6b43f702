"""Scores of simple models on the folds of a search: what its network must beat."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.model_selection import cross_validate
from threadpoolctl import ThreadpoolController

from skdnn._messages import brief
from skdnn.displays._scores import check_refitted
from skdnn.report._baseline_models import (
    Task,
    baseline_models,
    has_not_converged,
    innermost,
)
from skdnn.report._facts import Comparison, SearchFacts
from skdnn.report._scoring import Folds, Scorer, folds_of, scorer_for

_LARGE = 20_000_000  # numbers that an iteration goes through, from which threads pay
# Names in a sentence.
_SUBJECTS = {
    "linear model": "a linear model",
    "most frequent class": "always the most frequent class",
    "most frequent labels": "always the most frequent labels",
    "mean of the target": "always the mean of the target",
}


@dataclass(frozen=True)
class Baselines:
    """Scores of simple models, as :func:`score_baselines` returns them.

    Parameters
    ----------
    names : list of str
        Of the models, simplest first.
    models : list of str
        Their classes in scikit-learn.
    scores : ndarray of shape (n_baselines, n_folds)
        By the scorer of the search; greater is better.
    fit_times : ndarray of shape (n_baselines,)
        Mean seconds of a fit, with the preprocessing.
    seconds : float
        Time that all of this took.
    notes : list of str
        Sentences on models that were left out, or stopped before they had converged.
    """

    names: list[str]
    models: list[str]
    scores: NDArray[np.float64]
    fit_times: NDArray[np.float64]
    seconds: float
    notes: list[str]


def score_baselines(
    search: Any, X: ArrayLike, y: ArrayLike, *, groups: ArrayLike | None = None
) -> Baselines:
    """Score simple models on the folds of a search, to see whether its network is worth it.

    These are the most frequent class or the mean of the target
    (:class:`~sklearn.dummy.DummyClassifier`, :class:`~sklearn.dummy.DummyRegressor`), a linear
    model (:class:`~sklearn.linear_model.LogisticRegression`,
    :class:`~sklearn.linear_model.Ridge`) and, for a table, gradient boosting
    (:class:`~sklearn.ensemble.HistGradientBoostingClassifier`,
    :class:`~sklearn.ensemble.HistGradientBoostingRegressor`), at their defaults. The last two
    stand in the network's place in the best pipeline of the search, behind its other steps.

    Parameters
    ----------
    search : GridSearchCV or RandomizedSearchCV
        A fitted and refitted search, as for :func:`write_report`. It is not changed.
    X, y : array-like
        The data that the search was fitted on.
    groups : array-like of shape (n_samples,), default=None
        The `groups` that the search was fitted with.

    Returns
    -------
    baselines : Baselines
        For the argument `baselines` of :func:`write_report`. A model that can't be fitted or
        scored is left out, and `notes` says why.

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If the search is not fitted.
    TypeError
        If `search` is not a search.
    ValueError
        If the search was not refitted, or if its folds can't be made again: `cv` shuffles with
        ``random_state=None`` or is a generator, or a halving search took part of the rows.

    See Also
    --------
    write_report : Sets them beside the candidates.

    Notes
    -----
    Other parameters of ``search.fit``, such as `sample_weight`, are not passed on: the models
    are fitted without.

    A table has two dimensions and at most 200 columns. Gradient boosting is left out where rows
    x features x classes exceed 50 million. On much data, the logistic regression stops after
    at least 30 iterations, and `notes` says so where it has not converged.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import GridSearchCV
    >>> from skdnn import KerasDNNClassifier
    >>> from skdnn.report import score_baselines
    >>> X, y = load_iris(return_X_y=True)
    >>> search = GridSearchCV(
    ...     KerasDNNClassifier(epochs=3, random_state=0), {"optimizer": ["sgd", "adam"]}, cv=2
    ... ).fit(X, y)
    >>> baselines = score_baselines(search, X, y)
    >>> for name, score in zip(baselines.names, baselines.scores.mean(axis=1)):
    ...     print(f"{name}: {score:.2f}")
    most frequent class: 0.33
    linear model: 0.96
    gradient boosting: 0.95
    """
    begun = perf_counter()
    check_refitted(search)
    winner, notes, scored = search.best_estimator_, [], []
    folds, scorer = folds_of(search, X, y, groups), scorer_for(search)
    task = Task.of(winner, X, y)
    for name, model in baseline_models(winner, task).items():
        try:
            scored.append(_scored(name, model, task, X, y, folds, scorer))
        except Exception as error:  # whatever a scorer may raise of a model that is no network
            reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
            notes.append(f"The {name} was left out, since it could not be scored: {reason}")
    if task.table and task.without_boosting:
        notes.append(task.without_boosting)
    return Baselines(
        names=[each.name for each in scored],
        models=[each.model for each in scored],
        scores=np.array([each.scores for each in scored]).reshape(len(scored), len(folds)),
        fit_times=np.array([each.fit_time for each in scored]),
        seconds=perf_counter() - begun,
        notes=notes + [each.note for each in scored if each.note],
    )


def best_baseline(baselines: Baselines | None, facts: SearchFacts) -> Comparison | None:
    """Compare the best of the baselines with the winner of a search.

    Parameters
    ----------
    baselines : Baselines or None
        As the user gave them.
    facts : SearchFacts
        Of the search.

    Returns
    -------
    comparison : Comparison or None
        None where there is no baseline.

    Raises
    ------
    TypeError
        If they are something else.
    ValueError
        If they were not scored on as many folds.
    """
    if baselines is None:
        return None
    if not isinstance(baselines, Baselines):
        raise TypeError(
            "baselines must be what score_baselines(search, X, y) returns, got "
            f"{brief(baselines)}"
        )
    n_folds = baselines.scores.shape[1]
    if n_folds != facts.n_folds:
        raise ValueError(
            f"baselines must be those of the search, with its {facts.n_folds} folds, got "
            f"{n_folds} folds"
        )
    if not baselines.names:
        return None
    best = int(baselines.scores.mean(axis=1).argmax())
    name = _SUBJECTS.get(baselines.names[best], baselines.names[best])
    return facts.compared(name, baselines.scores[best], baselines.fit_times[best])


@dataclass(frozen=True)
class _Scored:
    """A model, with its scores and time, and a note on how it was fitted."""

    name: str
    model: str
    scores: NDArray[np.float64]
    fit_time: float
    note: str


def _scored(
    name: str, model: Any, task: Task, X: Any, y: Any, folds: Folds, scorer: Scorer
) -> _Scored:
    with warnings.catch_warnings(), _few_threads(task):
        # The preprocessing has warned in the search; what has not converged is noted.
        warnings.simplefilter("ignore")
        results = cross_validate(
            model, X, y, cv=folds, scoring=scorer, error_score="raise", return_estimator=True
        )
    scores: NDArray[np.float64] = results["test_score"]
    if not np.isfinite(scores).all():
        raise ValueError(f"a score is {scores[~np.isfinite(scores)][0]}")
    kind = innermost(model)
    stopped = any(map(has_not_converged, results["estimator"]))
    note = (
        f"The {name} was stopped after {kind.max_iter} iterations, before it had converged."
        if stopped
        else ""
    )
    return _Scored(name, type(kind).__name__, scores, float(results["fit_time"].mean()), note)


def _few_threads(task: Task) -> Any:
    """Limit the threads that libraries start for small steps.

    They wait for each other in loops: beside another busy process, a fit that takes one thread
    0.1 s has taken two threads 3 s.
    """
    controller = ThreadpoolController()
    if task.size >= _LARGE:  # for the trees of gradient boosting
        controller = controller.select(user_api="blas")
    return controller.limit(limits=1)
