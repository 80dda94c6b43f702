"""Early stopping by a validation score."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.metrics import check_scoring

from skdnn._estimator.rows import LabelledRows
from skdnn._estimator.targets import SEVERAL_LABELS, Target

# Names of scikit-learn's scorers, and how others begin. What is none of them is let through.
_OF_TWO_CLASSES = (
    "f1",
    "jaccard",
    "neg_negative_likelihood_ratio",
    "positive_likelihood_ratio",
    "precision",
    "recall",
    "roc_auc",
)
_OF_NUMBERS = (
    "d2_absolute",
    "explained_variance",
    "max_error",
    "neg_max_error",
    "neg_mean_",
    "neg_median_",
    "neg_root_",
    "r2",
)
_OF_CLASSES = (
    "accuracy",
    "adjusted_",
    "average_precision",
    "balanced_",
    "completeness",
    "d2_brier",
    "d2_log_loss",
    "f1",
    "fowlkes",
    "homogeneity",
    "jaccard",
    "matthews",
    "mutual_info",
    "neg_brier",
    "neg_log_loss",
    "normalized_mutual",
    "precision",
    "rand_score",
    "recall",
    "roc_auc",
    "top_k",
    "v_measure",
)


def scored_by(name: str) -> str:
    """Tell what a scorer of scikit-learn scores, by its name.

    Parameters
    ----------
    name : str
        As `scoring` takes it.

    Returns
    -------
    kind : {"numbers", "two classes", "classes", "several labels a row", ""}
        Empty where that is not known.
    """
    if name.endswith("_samples"):
        return SEVERAL_LABELS
    if name in _OF_TWO_CLASSES:
        return "two classes"
    if name.startswith(_OF_NUMBERS):
        return "numbers"
    return "classes" if name.startswith(_OF_CLASSES) else ""


def check_scorer(
    estimator: Any, scoring: str | Callable[..., float] | None, target: Target
) -> None:
    """Check that validation rows can be scored, before the first epoch.

    Parameters
    ----------
    estimator : object
        To be scored.
    scoring : str, callable or None
        As scikit-learn takes it, or "loss".
    target : Target
        What `y` holds.

    Raises
    ------
    ValueError
        If there is no such scorer, or it is one of other targets; names some that fit.
    """
    if scoring == "loss":
        return
    advice = f"scorers that fit are, for example, {['loss', *target.scorers]}"
    if isinstance(scoring, str) and not _fits(scoring, target):
        raise ValueError(
            f"scoring={scoring!r} scores {scored_by(scoring)}, and y holds "
            f"{target.scored_as}; {advice}, or one made by make_scorer"
        )
    try:
        check_scoring(estimator, scoring)
    except ValueError as error:
        error.add_note(advice)
        raise


def _fits(name: str, target: Target) -> bool:
    kind, given = scored_by(name), target.scored_as
    if kind in ("two classes", SEVERAL_LABELS):
        return given == kind or (given == SEVERAL_LABELS and name == "roc_auc")
    return not kind or (kind == "numbers") == (given == "numbers")


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
