"""Units and losses of a history's values, as far as hyperparameters tell them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from skdnn.displays._candidates import value_text
from skdnn.displays._scores import scorer_words

# Hyperparameters of a regressor.
_TELLING = ("loss", "standardize_y")


def measure_of(estimator: Any, metric: str) -> str:
    """Return what the values of an estimator's history measure.

    Parameters
    ----------
    estimator : object
        The estimator with the history, not a pipeline.
    metric : str
        Key of the history, or "validation_score".

    Returns
    -------
    words : str
        Such as ``squared error of standardized y``. Empty for a classifier, whose values have
        no unit.
    """
    params = estimator.get_params() if hasattr(estimator, "get_params") else {}
    if any(name not in params for name in _TELLING):
        return ""
    bare = metric.removeprefix("val_")
    if bare == "loss":
        return f"{_loss(params)} {_target(params)}{_penalty(params)}"
    if bare == "mean_absolute_error":
        return _target(params) if params["standardize_y"] else "in units of y"
    if bare == "validation_score":
        return _score(params)
    return ""


def shared_measure(estimators: Iterable[Any], metric: str) -> str:
    """Return what the values measure in the histories of several estimators.

    Parameters
    ----------
    estimators : iterable
        As for :func:`measure_of`.
    metric : str
        As for :func:`measure_of`.

    Returns
    -------
    words : str
        Empty if it is not the same for all.
    """
    found = {measure_of(estimator, metric) for estimator in estimators}
    return found.pop() if len(found) == 1 else ""


def _loss(params: dict[str, Any]) -> str:
    loss = params["loss"]
    if loss == "huber":
        return f"huber, delta={value_text(params.get('delta'))},"
    if loss == "quantile":
        return f"quantile {value_text(params.get('quantile'))}"
    return str(loss).replace("_", " ")


def _target(params: dict[str, Any]) -> str:
    if not params["standardize_y"]:
        return "of y"
    return "of y / mean" if params["loss"] == "poisson" else "of standardized y"


def _penalty(params: dict[str, Any]) -> str:
    return " + l2 penalty" if np.any(params.get("l2", 0)) else ""


def _score(params: dict[str, Any]) -> str:
    scoring = params.get("scoring")
    if scoring == "loss":
        return f"negative loss {_target(params)}{_penalty(params)}"
    if scoring is None or isinstance(scoring, str):
        return scorer_words(scoring or "r2")
    return ""
