"""Rows that are not trained on: the user's, or a part of the training rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split

from skdnn._targets import Weights


@dataclass(frozen=True)
class ValidationRows:
    """Rows to evaluate on after each epoch.

    Parameters
    ----------
    X : ndarray or sparse matrix in rows, of shape (n_rows, ...)
        Rows.
    y : ndarray of shape (n_rows,) or (n_rows, n_labels)
        Labels, as the user has them.
    weight : ndarray of float64, shape (n_rows,), or None
        Sample weights.
    """

    X: Any
    y: NDArray[Any]
    weight: Weights | None


def hold_out(
    rows: ValidationRows, numbers: NDArray[np.int32], fraction: float, seed: int
) -> tuple[Weights, ValidationRows]:
    """Set a part of the training rows aside.

    Parameters
    ----------
    rows : ValidationRows
        All rows.
    numbers : ndarray of int32, shape (n_rows,) or (n_rows, n_labels)
        Class numbers; each class keeps its share, but for multilabel targets.
    fraction : float or int
        Share of the rows, or their number.
    seed : int
        Decides which.

    Returns
    -------
    weight : ndarray of float64, shape (n_rows,)
        Sample weights that are 0 where a row was set aside, so that nothing is copied.
    held_out : ValidationRows
        What was set aside.

    Raises
    ------
    ValueError
        If the rows are too few to be split with a share of each class on both sides.
    """
    weight = np.ones(len(numbers)) if rows.weight is None else rows.weight.copy()
    counting = np.flatnonzero(weight)
    try:
        _, taken = train_test_split(
            counting,
            test_size=fraction,
            random_state=seed,
            stratify=numbers[counting] if numbers.ndim == 1 else None,
        )
    except ValueError as error:
        raise ValueError(
            f"early_stopping=True can't set validation_fraction={fraction!r} of "
            f"{len(counting)} rows aside: {error} Pass X_val and y_val to fit, change "
            "validation_fraction, or set early_stopping=False."
        ) from error
    taken = np.sort(taken)
    held_out = ValidationRows(
        rows.X[taken], rows.y[taken], None if rows.weight is None else rows.weight[taken]
    )
    weight[taken] = 0
    return weight, held_out
