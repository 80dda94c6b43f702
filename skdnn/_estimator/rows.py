"""Training and validation data: rows with targets and weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypedDict

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split

from skdnn._estimator.targets import SampleWeight, Target
from skdnn._messages import brief, few, warn_user

# A column with fewer steps of float32 from its minimum to its maximum is warned of.
_FEWEST_STEPS = 16


@dataclass(frozen=True)
class LabelledRows:
    """Validated rows, with targets as the user gave them.

    Parameters
    ----------
    X : ndarray or sparse matrix in rows, of shape (n_rows, ...)
        Rows.
    y : ndarray of shape (n_rows,) or (n_rows, n_outputs)
        Labels or numbers.
    sample_weight : ndarray of float64, shape (n_rows,), or None
        Sample weights.
    """

    X: Any
    y: NDArray[Any]
    sample_weight: SampleWeight | None

    def table(
        self,
        target: Target,
        class_weight: Mapping[Any, float] | str | None = None,
        sample_weight: SampleWeight | None = None,
    ) -> Table:
        """Encode the rows for the engine.

        Parameters
        ----------
        target : Target
            Encodes the targets.
        class_weight : mapping, "balanced" or None
            Multiplies the weights.
        sample_weight : ndarray of float64, shape (n_rows,), or None
            Replaces `sample_weight` of the rows.

        Returns
        -------
        table : Table
        """
        sample_weight = self.sample_weight if sample_weight is None else sample_weight
        encoded = target.encode(self.y, sample_weight)
        weights = target.row_weights(sample_weight, class_weight, encoded)
        return {"X": self.X, "y": encoded, "sample_weight": weights}


def warn_of_lost_digits(X: Any, rows: Any) -> None:
    """Warn of columns that the cast to float32 makes nearly or wholly constant.

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
        arrays = np.asarray(X)[:, suspects]
        lost = suspects[arrays.min(axis=0) != arrays.max(axis=0)]
        if len(lost):
            names = np.asarray(getattr(X, "columns", np.arange(rows.shape[1])))[lost]
            warn_user(
                f"columns {few(names)} of X hold numbers that are so close together for their "
                f"size, such as {brief(rows[0, lost[0]])}, that float32 can hardly tell them "
                "apart: centre them first, for example with StandardScaler"
            )


def check_not_masked(**arrays: Any) -> None:
    """Check that no values are masked: scikit-learn drops the mask.

    Parameters
    ----------
    **arrays : array-like
        By the names of the user's arguments.

    Raises
    ------
    ValueError
        If one is a masked array and anything in it is masked.
    """
    for name, values in arrays.items():
        mask = np.ma.getmaskarray(values) if isinstance(values, np.ma.MaskedArray) else False
        if np.any(mask):
            raise ValueError(
                f"{name} is a masked array, and {np.sum(mask):,} of its {np.size(mask):,} "
                f"values are masked: fill them, by {name}.filled(...), or leave out their rows"
            )


class Table(TypedDict):
    """Rows for the engine: ``X``, encoded ``y`` and ``sample_weight`` or None."""

    X: Any
    y: NDArray[Any]
    sample_weight: NDArray[np.float32] | None


def hold_out(
    rows: LabelledRows, target: Target, fraction: float, seed: int
) -> tuple[SampleWeight, LabelledRows]:
    """Split validation data off the training data.

    Parameters
    ----------
    rows : LabelledRows
        All rows.
    target : Target
        Its classes are stratified.
    fraction : float or int
        Share of the rows, or their number.
    seed : int
        Of the split.

    Returns
    -------
    sample_weight : ndarray of float64, shape (n_rows,)
        Sample weights of all rows, 0 for those held out, so that no rows are copied.
    held_out : LabelledRows
        The validation data.

    Raises
    ------
    ValueError
        If there are too few rows for a stratified split.
    """
    encoded = target.encode(rows.y, rows.sample_weight)
    sample_weight = (
        np.ones(len(encoded)) if rows.sample_weight is None else rows.sample_weight.copy()
    )
    weighted = np.flatnonzero(sample_weight)
    strata = target.strata(encoded[weighted])
    try:
        _, taken = train_test_split(
            weighted,
            test_size=fraction,
            random_state=seed,
            stratify=strata,
        )
    except ValueError as error:
        raise ValueError(
            f"early_stopping=True can't set validation_fraction={fraction!r} of "
            f"{len(weighted)} rows aside: {str(error).rstrip('.')}. "
            f"Pass X_val and y_val to fit, {_remedy(len(weighted), strata)}, or set "
            "early_stopping=False."
        ) from error
    taken = np.sort(taken)
    held_out = LabelledRows(
        rows.X[taken],
        rows.y[taken],
        None if rows.sample_weight is None else rows.sample_weight[taken],
    )
    sample_weight[taken] = 0
    return sample_weight, held_out


def _remedy(n_rows: int, strata: NDArray[Any] | None) -> str:
    """Return a remedy: the sizes of the validation data that can be stratified."""
    least = 1 if strata is None else len(np.unique(strata))
    if n_rows < 2 * least:
        return "pass more rows"
    return f"change validation_fraction to a number of rows from {least} to {n_rows - least}"
