"""When a training has learnt what it can: early stopping by a score."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.metrics import check_scoring

from skdnn._estimator.rows import LabelledRows


class StoppingRule:
    """Watches a score over the epochs and keeps what was best.

    Parameters
    ----------
    n_iter_no_change : int
        Epochs without a better score after which to stop.
    tol : float
        A score is better if it is more than this above the best.

    Attributes
    ----------
    scores : list of float
        One per epoch, greater is better.
    best : object
        What was handed over with the highest score; of equal ones, the first.
    best_position : int
        Where that score stands in `scores`.
    """

    def __init__(self, n_iter_no_change: int, tol: float) -> None:
        self._n_iter_no_change = n_iter_no_change
        self._tol = tol
        self._to_beat = -np.inf
        self._waited = 0
        self.scores: list[float] = []
        self.best: Any = None
        self.best_position = 0

    def update(self, score: float, reached: Any) -> bool:
        """Take an epoch's score.

        Parameters
        ----------
        score : float
            Greater is better.
        reached : object
            What has that score; kept if it is the best.

        Returns
        -------
        stop : bool
            Whether the score has not become better for `n_iter_no_change` epochs.

        Raises
        ------
        ValueError
            If the score is NaN: it can't be compared.
        """
        if np.isnan(score):
            raise ValueError(
                "scoring gave NaN on the validation rows; early stopping needs numbers (R² "
                "is one of two rows or more)"
            )
        self.scores.append(float(score))
        if self.best is None or score > self.scores[self.best_position]:
            self.best, self.best_position = reached, len(self.scores) - 1
        if score > self._to_beat + self._tol or self._to_beat == -np.inf:
            self._to_beat, self._waited = score, 0
        else:
            self._waited += 1
        return self._waited >= self._n_iter_no_change


def score_on(
    rows: LabelledRows, estimator: Any, scoring: str | Callable[..., float] | None
) -> float:
    """Score an estimator on validation rows.

    Parameters
    ----------
    rows : LabelledRows
        The rows.
    estimator : object
        Fitted.
    scoring : str, callable or None
        As scikit-learn takes it.

    Returns
    -------
    score : float
        Weighted by the rows' weights. What the scorer raises gets a note that says whence.
    """
    weight = {} if rows.weight is None else {"sample_weight": rows.weight}
    scorer = check_scoring(estimator, scoring)
    try:
        return float(scorer(estimator, rows.X, rows.y, **weight))
    except Exception as error:
        error.add_note(f"raised by {scoring=} on {len(rows.y)} validation rows")
        raise
