"""Early stopping by a validation score."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.metrics import check_scoring

from skdnn._estimator.rows import LabelledRows


class StoppingRule:
    """Monitors a score over the epochs and keeps the best fitted state.

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
    best : FittedState
        That with the highest score; of equal ones, the first.
    best_position : int
        Index of that score in `scores`.
    """

    def __init__(self, n_iter_no_change: int, tol: float) -> None:
        self._n_iter_no_change = n_iter_no_change
        self._tol = tol
        self._score_to_beat = -np.inf
        self._no_improvement_count = 0
        self.scores: list[float] = []
        self.best: Any = None
        self.best_position = 0

    def update(self, score: float, fitted_state: Any) -> bool:
        """Update the rule with an epoch's score.

        Parameters
        ----------
        score : float
            Greater is better.
        fitted_state : FittedState
            Kept if the score is the best.

        Returns
        -------
        stop : bool
            Whether the score has not improved for `n_iter_no_change` epochs.

        Raises
        ------
        ValueError
            If the score is NaN, which can't be compared.
        """
        if np.isnan(score):
            raise ValueError(
                "scoring gave NaN on the validation rows; early stopping needs numbers (R² "
                "is one of two rows or more)"
            )
        self.scores.append(float(score))
        if self.best is None or score > self.scores[self.best_position]:
            self.best, self.best_position = fitted_state, len(self.scores) - 1
        if score > self._score_to_beat + self._tol or self._score_to_beat == -np.inf:
            self._score_to_beat, self._no_improvement_count = score, 0
        else:
            self._no_improvement_count += 1
        return self._no_improvement_count >= self._n_iter_no_change


def score_on(
    rows: LabelledRows, estimator: Any, scoring: str | Callable[..., float] | None
) -> float:
    """Score an estimator on validation data.

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
        Weighted by `sample_weight`. Exceptions of the scorer get a note.
    """
    metadata = {} if rows.sample_weight is None else {"sample_weight": rows.sample_weight}
    scorer = check_scoring(estimator, scoring)
    try:
        return float(scorer(estimator, rows.X, rows.y, **metadata))
    except Exception as error:
        error.add_note(f"raised by {scoring=} on {len(rows.y)} validation rows")
        raise
