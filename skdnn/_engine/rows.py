"""What is learnt from, and in which order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_FEWEST_ROWS = 256


@dataclass(frozen=True)
class Rows:
    """Rows, class numbers and weights.

    Parameters
    ----------
    X : ndarray of shape (n_rows, ...)
        Any numeric dtype that float32 holds exactly; read batch by batch, never written.
    y : ndarray of int32, shape (n_rows,)
        Class numbers.
    weight : ndarray of float32, shape (n_rows,), or None
        Weight of each row; rows of weight 0 count as removed. None weighs all alike.
    """

    X: np.ndarray
    y: np.ndarray
    weight: np.ndarray | None = None

    def counting(self) -> np.ndarray:
        """Return the numbers of the rows that count."""
        if self.weight is None:
            return np.arange(len(self.y))
        return np.flatnonzero(self.weight)


def padded_batch_size(batch_size: int, n_rows: int) -> int:
    """Return the size to which a batch is filled up.

    Parameters
    ----------
    batch_size : int
        As the user set it.
    n_rows : int
        Rows that count.

    Returns
    -------
    size : int
        `batch_size`; or, where it is larger than all rows together, what holds them: a power
        of two, so that folds of nearly equal size share a program.
    """
    return min(batch_size, max(_FEWEST_ROWS, 1 << (n_rows - 1).bit_length()))


def epoch_order(counting: np.ndarray, seed: int, epoch: int) -> np.ndarray:
    """Return the order in which an epoch takes the rows.

    Parameters
    ----------
    counting : ndarray of int
        Numbers of the rows that count.
    seed, epoch : int
        Decide the order, so that an epoch that is trained alone, after a warm start or in
        another process is the same epoch.

    Returns
    -------
    order : ndarray of int
        A permutation of `counting`.
    """
    return np.random.default_rng((seed, epoch)).permutation(counting)
