"""Training and validation data, as the engine takes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

# An array, or a SciPy matrix or array in compressed rows.
Matrix: TypeAlias = Any

_FEWEST_ROWS = 256


@dataclass(frozen=True)
class Rows:
    """Rows, targets and weights.

    Parameters
    ----------
    X : ndarray of shape (n_rows, ...), or sparse matrix in rows
        Any numeric dtype that float32 holds exactly; read batch by batch, never written.
    y : ndarray of shape (n_rows,) or (n_rows, n_outputs)
        Encoded targets: class indices, multilabel indicators, or numbers.
    sample_weight : ndarray of float32, shape (n_rows,), or None
        Weight of each row; rows with zero weight are left out. None weighs all alike.
    """

    X: Matrix
    y: np.ndarray
    sample_weight: np.ndarray | None = None

    def weighted(self) -> np.ndarray:
        """Return the indices of the rows with positive weight."""
        if self.sample_weight is None:
            return np.arange(len(self.y))
        return np.flatnonzero(self.sample_weight)


def padded_batch_size(batch_size: int, n_rows: int) -> int:
    """Return the size to which a batch is padded.

    Parameters
    ----------
    batch_size : int
        The hyperparameter.
    n_rows : int
        Rows with positive weight.

    Returns
    -------
    size : int
        `batch_size`; or, if it exceeds the number of rows, a power of two that holds them, so
        that folds of nearly equal size share a program.
    """
    return min(batch_size, max(_FEWEST_ROWS, 1 << (n_rows - 1).bit_length()))


def write_rows(X: Matrix, taken: Any, out: np.ndarray) -> None:
    """Write some rows of a matrix into a dense float32 array.

    Parameters
    ----------
    X : ndarray or sparse matrix in rows, of shape (n_rows, ...)
        The matrix; a sparse one is never made dense as a whole.
    taken : slice or ndarray of int
        The rows to take.
    out : ndarray of float32
        The output, of as many rows as are taken.
    """
    if not isinstance(X, np.ndarray):
        out[:] = X[taken].toarray()
    elif isinstance(taken, slice) or X.dtype != np.float32:
        out[:] = X[taken]
    else:
        # "clip" writes into `out` at once, where "raise" would go through a copy.
        np.take(X, taken, axis=0, out=out, mode="clip")
