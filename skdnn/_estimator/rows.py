"""Rows with targets and weights: what is trained on, and what is held out of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypedDict

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split

from skdnn._estimator.targets import Target, Weights
from skdnn._messages import brief, few, warn_user

# A column with fewer steps of float32 from its least to its greatest number is told of.
_FEWEST_STEPS = 16


@dataclass(frozen=True)
class LabelledRows:
    """Rows as the user has them, checked.

    Parameters
    ----------
    X : ndarray or sparse matrix in rows, of shape (n_rows, ...)
        Rows.
    y : ndarray of shape (n_rows,) or (n_rows, n_outputs)
        Labels or numbers.
    weight : ndarray of float64, shape (n_rows,), or None
        Sample weights.
    """

    X: Any
    y: NDArray[Any]
    weight: Weights | None

    def table(
        self,
        target: Target,
        class_weight: Mapping[Any, float] | str | None = None,
        weight: Weights | None = None,
    ) -> Table:
        """Bring the rows into the form that the engine takes.

        Parameters
        ----------
        target : Target
            Says how.
        class_weight : mapping, "balanced" or None
            Multiplies the weights.
        weight : ndarray of float64, shape (n_rows,), or None
            In place of the rows' own.

        Returns
        -------
        table : Table
        """
        weight = self.weight if weight is None else weight
        encoded = target.encode(self.y, weight)
        weights = target.row_weights(weight, class_weight, encoded)
        return {"X": self.X, "y": encoded, "weight": weights}


def warn_of_lost_digits(X: Any, rows: Any) -> None:
    """Tell of columns that float32 makes nearly or wholly constant.

    Parameters
    ----------
    X : array-like
        Rows as the user gave them.
    rows : ndarray or sparse matrix, of shape (n_rows, ...)
        The same after the cast.
    """
    if not isinstance(rows, np.ndarray) or rows.dtype != np.float32 or rows.ndim != 2:
        return
    if getattr(X, "dtype", None) == rows.dtype:
        return
    least, greatest = rows.min(axis=0), rows.max(axis=0)
    steps = np.spacing(np.maximum(abs(least), abs(greatest)))
    suspects = np.flatnonzero(greatest - least < _FEWEST_STEPS * steps)
    if len(suspects):
        given = np.asarray(X)[:, suspects]
        lost = suspects[given.min(axis=0) != given.max(axis=0)]
        if len(lost):
            names = np.asarray(getattr(X, "columns", np.arange(rows.shape[1])))[lost]
            warn_user(
                f"columns {few(names)} of X hold numbers that are so close together for their "
                f"size, such as {brief(rows[0, lost[0]])}, that float32 can hardly tell them "
                "apart: centre them first, for example with StandardScaler"
            )


def refuse_masked(**given: Any) -> None:
    """Refuse masked values, which would be taken for numbers: scikit-learn drops the mask.

    Parameters
    ----------
    **given : array-like
        What the user gave, by the names of the arguments.

    Raises
    ------
    ValueError
        If one is a masked array and anything in it is masked.
    """
    for name, values in given.items():
        mask = np.ma.getmaskarray(values) if isinstance(values, np.ma.MaskedArray) else False
        if np.any(mask):
            raise ValueError(
                f"{name} is a masked array, and {np.sum(mask):,} of its {np.size(mask):,} "
                f"values are masked: fill them, by {name}.filled(...), or leave out their rows"
            )


class Table(TypedDict):
    """Rows for the engine: ``X``, encoded ``y`` and ``weight`` or None."""

    X: Any
    y: NDArray[Any]
    weight: NDArray[np.float32] | None


def hold_out(
    rows: LabelledRows, target: Target, fraction: float, seed: int
) -> tuple[Weights, LabelledRows]:
    """Set a part of the training rows aside.

    Parameters
    ----------
    rows : LabelledRows
        All rows.
    target : Target
        Says what keeps its share, such as each class.
    fraction : float or int
        Share of the rows, or their number.
    seed : int
        Decides which.

    Returns
    -------
    weight : ndarray of float64, shape (n_rows,)
        Sample weights that are 0 where a row was set aside, so that nothing is copied.
    held_out : LabelledRows
        What was set aside.

    Raises
    ------
    ValueError
        If the rows are too few to be split with a share of each class on both sides.
    """
    encoded = target.encode(rows.y, rows.weight)
    weight = np.ones(len(encoded)) if rows.weight is None else rows.weight.copy()
    counting = np.flatnonzero(weight)
    strata = target.strata(encoded[counting])
    try:
        _, taken = train_test_split(
            counting,
            test_size=fraction,
            random_state=seed,
            stratify=strata,
        )
    except ValueError as error:
        raise ValueError(
            f"early_stopping=True can't set validation_fraction={fraction!r} of "
            f"{len(counting)} rows aside: {str(error).rstrip('.')}. "
            f"Pass X_val and y_val to fit, {_remedy(len(counting), strata)}, or set "
            "early_stopping=False."
        ) from error
    taken = np.sort(taken)
    held_out = LabelledRows(
        rows.X[taken], rows.y[taken], None if rows.weight is None else rows.weight[taken]
    )
    weight[taken] = 0
    return weight, held_out


def _remedy(n_rows: int, strata: NDArray[Any] | None) -> str:
    """Name the numbers of rows that can be set aside with a share of each class."""
    least = 1 if strata is None else len(np.unique(strata))
    if n_rows < 2 * least:
        return "pass more rows"
    return f"change validation_fraction to a number of rows from {least} to {n_rows - least}"
