"""The kinds of targets, and the kind of an estimator."""

from __future__ import annotations

from typing import Any

from sklearn.base import is_regressor

from skdnn.report._classes import Classes
from skdnn.report._numbers import Numbers
from skdnn.report._targets import Target


def target_of(estimator: Any) -> Target:
    """Return the kind of target of an estimator.

    Parameters
    ----------
    estimator : estimator
        Such as `best_estimator_`.

    Returns
    -------
    target : Target
    """
    return Numbers() if is_regressor(estimator) else Classes()
