"""Scorers that tell a callback what they scored."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextlib import suppress
from inspect import signature
from typing import TYPE_CHECKING, Any

from sklearn.metrics import check_scoring, get_scorer
from sklearn.utils.metadata_routing import MetadataRequest

if TYPE_CHECKING:
    from skdnn.callbacks._channel import Channel

# `fit`: the one that this thread was last in. It is scored where it was trained.
last_in_thread = threading.local()


class ReportedScorer:
    """A scorer that also tells a channel the score of a fold, the first after each fit.

    Parameters
    ----------
    scoring : str, callable or None
        What scores.
    channel : Channel
        Who is told.
    estimator : estimator, default=None
        Whose `score` it is, if `scoring` is None: it says which metadata it takes.
    metric : str, default=None
        The score that is told, where `scoring` returns several by their names.
    """

    _estimator: Any = None
    metric: str | None = None

    def __init__(
        self, scoring: Any, channel: Channel, estimator: Any = None, metric: str | None = None
    ) -> None:
        self.scoring = scoring
        self.metric = metric
        self._channel = channel
        self._estimator = estimator

    def __call__(self, estimator: Any, X: Any, y: Any = None, **kwargs: Any) -> Any:
        scorer = check_scoring(estimator, scoring=self.scoring)
        score = scorer(estimator, X, y, **kwargs)
        # The rows held out are scored first, and then perhaps those of the training.
        fit = last_in_thread.__dict__.pop("fit", None)
        told: Any = score.get(self.metric) if isinstance(score, Mapping) else score
        if fit is not None:
            with suppress(TypeError, ValueError):  # no number: scikit-learn says so
                self._channel.send({"event": "scored", "score": float(told), **fit})
        return score

    def get_metadata_routing(self) -> Any:
        """Return the metadata request of what scores.

        Returns
        -------
        request : sklearn.utils.metadata_routing.MetadataRequest
        """
        scorer = self._scorer()
        if hasattr(scorer, "get_metadata_routing"):
            return scorer.get_metadata_routing()
        return MetadataRequest(owner=repr(self))

    def _accept_sample_weight(self) -> bool:
        # scikit-learn asks every scorer for this.
        scorer = self._scorer()
        if hasattr(scorer, "_accept_sample_weight"):
            return bool(scorer._accept_sample_weight())
        return callable(scorer) and "sample_weight" in signature(scorer).parameters

    def _scorer(self) -> Any:
        """Return what scores, or None where that is the `score` of an unknown estimator."""
        if self.scoring is None and self._estimator is not None:
            return check_scoring(self._estimator)
        return get_scorer(self.scoring)

    def __sklearn_clone__(self) -> ReportedScorer:
        return self  # a clone of the search reports to the same display

    def __repr__(self) -> str:
        return f"<reported {self.scoring!r}>"


def reported_scoring(search: Any, channel: Channel) -> Any:
    """Make a `scoring` that is that of a search, and tells a channel what the folds score.

    Parameters
    ----------
    search : search, such as sklearn.model_selection.GridSearchCV
        Not changed. Of several metrics the one that its `refit` names is told.
    channel : Channel
        Who is told.

    Returns
    -------
    scoring : callable, or that of `search`
        A dict for several metrics.
    """
    estimator, scoring = search.estimator, _as_given(search.scoring)
    # What is wrong with it is told at once, and of a name without listing all.
    check_scoring(estimator, get_scorer(scoring) if isinstance(scoring, str) else scoring)
    metric = search.refit if isinstance(search.refit, str) else None
    if scoring is None or isinstance(scoring, str) or callable(scoring):
        return ReportedScorer(scoring, channel, estimator, metric)
    if metric not in scoring:
        return scoring
    named = scoring if isinstance(scoring, Mapping) else {name: name for name in scoring}
    return {**named, metric: ReportedScorer(named[metric], channel, estimator)}


def _as_given(scoring: Any) -> Any:
    """Return a `scoring` without the reports to another channel."""
    if isinstance(scoring, Mapping):
        return {name: _as_given(scorer) for name, scorer in scoring.items()}
    return scoring.scoring if isinstance(scoring, ReportedScorer) else scoring
