"""Aligned arrays that TensorFlow reads without a copy."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import tensorflow as tf

# Eigen's kernels read packets of up to 64 bytes, and TensorFlow aborts the process on a
# foreign buffer that is not aligned to them. Only arrays made here are ever shared.
_ALIGNMENT = 64


class Chunk(NamedTuple):
    """Batches of one call of a program."""

    X: np.ndarray  # float32 (chunk_batches, batch_size, ...), aligned
    y: np.ndarray  # (chunk_batches, batch_size), or with one more axis
    sample_weight: np.ndarray  # float32 (chunk_batches, batch_size), 0 for padding
    n_batches: int


def aligned_zeros(shape: tuple[int, ...], n_used: int) -> np.ndarray:
    """Make an aligned float32 array whose rows from `n_used` on are zero.

    Parameters
    ----------
    shape : tuple of int
        Shape of the array.
    n_used : int
        Number of rows that the caller writes; they are not initialized.

    Returns
    -------
    array : ndarray of float32
        Aligned to 64 bytes.
    """
    n_bytes = 4 * int(np.prod(shape))
    raw = np.empty(n_bytes + _ALIGNMENT, np.uint8)
    start = -raw.ctypes.data % _ALIGNMENT
    array = raw[start : start + n_bytes].view(np.float32).reshape(shape)
    array[n_used:] = 0
    return array


def as_tensor(array: np.ndarray) -> tf.Tensor:
    """Return a tensor that shares the memory of an array from `aligned_zeros`.

    The array must not be written to afterwards.
    """
    return tf.experimental.dlpack.from_dlpack(array.__dlpack__())
