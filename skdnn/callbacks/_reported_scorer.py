"""Scorers that report scores to a callback."""

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

# `fit`: the last fit of this thread. It is scored in the thread that trained it.
last_in_thread = threading.local()


class ReportedScorer:
    """A scorer that also sends a fold's score, the first after each fit, to a channel.

    Parameters
    ----------
    scoring : str, callable or None
        The scorer.
    channel : Channel
        Where to send scores.
    estimator : estimator, default=None
        The estimator whose `score` is used if `scoring` is None, for metadata routing.
    metric : str, default=None
        The score to send if `scoring` returns several.
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
        # The test rows of a fold are scored first, then perhaps the training rows.
        fit = last_in_thread.__dict__.pop("fit", None)
        monitored: Any = score.get(self.metric) if isinstance(score, Mapping) else score
        if fit is not None:
            with suppress(TypeError, ValueError):  # scikit-learn raises an error
                self._channel.send({"event": "scored", "score": float(monitored), **fit})
        return score

    def get_metadata_routing(self) -> Any:
        """Return the metadata request of the scorer.

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
        """Return the scorer, or None if it is the `score` of an unknown estimator."""
        if self.scoring is None and self._estimator is not None:
            return check_scoring(self._estimator)
        return get_scorer(self.scoring)

    def __sklearn_clone__(self) -> ReportedScorer:
        return self  # a clone of the search reports to the same display

    def __repr__(self) -> str:
        return f"<reported {self.scoring!r}>"


def reported_scoring(search: Any, channel: Channel) -> Any:
    """Wrap the `scoring` of a search so that it sends the scores of folds to a channel.

    Parameters
    ----------
    search : search, such as sklearn.model_selection.GridSearchCV
        Not changed. Of several metrics the one that its `refit` names is sent.
    channel : Channel
        Where to send scores.

    Returns
    -------
    scoring : callable, or that of `search`
        A dict for several metrics.
    """
    estimator, scoring = search.estimator, _as_given(search.scoring)
    # Raises errors now, and for a wrong name without listing all of them.
    check_scoring(estimator, get_scorer(scoring) if isinstance(scoring, str) else scoring)
    metric = search.refit if isinstance(search.refit, str) else None
    if scoring is None or isinstance(scoring, str) or callable(scoring):
        return ReportedScorer(scoring, channel, estimator, metric)
    if metric not in scoring:
        return scoring
    named = scoring if isinstance(scoring, Mapping) else {name: name for name in scoring}
    return {**named, metric: ReportedScorer(named[metric], channel, estimator)}


def _as_given(scoring: Any) -> Any:
    """Unwrap a `scoring` that reports to another channel."""
    if isinstance(scoring, Mapping):
        return {name: _as_given(scorer) for name, scorer in scoring.items()}
    return scoring.scoring if isinstance(scoring, ReportedScorer) else scoring
