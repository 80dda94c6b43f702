"""Memory that NumPy writes once and TensorFlow reads without a copy."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import tensorflow as tf

# Eigen's kernels read packets of up to 64 bytes, and TensorFlow aborts the process on a
# foreign buffer that is not aligned to them. Only arrays made here are ever shared.
_ALIGNMENT = 64


class Chunk(NamedTuple):
    """Rows of one call, in order of training."""

    X: np.ndarray  # float32 (chunk_batches, batch_size, ...), aligned
    y: np.ndarray  # (chunk_batches, batch_size), or with one more axis
    sample_weight: np.ndarray  # float32 (chunk_batches, batch_size), 0 where a row only fills
    n_batches: int


def aligned_zeros(shape: tuple[int, ...], n_used: int) -> np.ndarray:
    """Make an aligned float32 array whose rows from `n_used` on are zero.

    Parameters
    ----------
    shape : tuple of int
        Shape of the array.
    n_used : int
        The caller writes these first rows; they hold anything.

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
    """Share an array from `aligned_zeros` with TensorFlow; never write to it afterwards."""
    return tf.experimental.dlpack.from_dlpack(array.__dlpack__())
