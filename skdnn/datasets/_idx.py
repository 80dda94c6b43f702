"""The idx format, limited to the unsigned bytes that Fashion-MNIST's files hold.

An idx file is two zero bytes, one byte for the type of the values, one byte for the
number of dimensions, each dimension as a big-endian 32-bit integer, then the values in
C order.
"""

import math
import struct

import numpy as np
from numpy.typing import NDArray

_UNSIGNED_BYTE = 0x08


def parse_idx(content: bytes) -> NDArray[np.uint8]:
    """Read the array of unsigned bytes that an idx file holds.

    Parameters
    ----------
    content : bytes
        The whole file, decompressed.

    Returns
    -------
    ndarray of dtype uint8
        A read-only view of the values, of the shape that the header gives.

    Raises
    ------
    ValueError
        If the magic number, the type, the dimensions or the length are not those of an
        idx file of unsigned bytes.

    References
    ----------
    .. [1] Y. LeCun, C. Cortes and C. J. C. Burges, "The MNIST database of handwritten
       digits", section "File formats for the MNIST database".

    Examples
    --------
    >>> from skdnn.datasets._idx import parse_idx
    >>> parse_idx(bytes([0, 0, 8, 1, 0, 0, 0, 3, 7, 8, 9]))
    array([7, 8, 9], dtype=uint8)
    """
    shape, n_header = _parse_header(content)
    n_expected, n_values = math.prod(shape), len(content) - n_header
    if n_values != n_expected:
        raise ValueError(
            f"content must hold {n_expected} values for the shape {shape} in its header, "
            f"got {n_values}"
        )
    return np.frombuffer(content, dtype=np.uint8, offset=n_header).reshape(shape)


def format_idx(array: NDArray[np.uint8]) -> bytes:
    """Write an array of unsigned bytes as an idx file: the inverse of `parse_idx`.

    Parameters
    ----------
    array : ndarray of dtype uint8
        At least one dimension.

    Returns
    -------
    bytes
        The whole file, not compressed.

    Raises
    ------
    ValueError
        If `array` has another dtype or no dimension.

    Examples
    --------
    >>> import numpy as np
    >>> from skdnn.datasets._idx import format_idx
    >>> format_idx(np.array([7, 8, 9], dtype=np.uint8)).hex(" ")
    '00 00 08 01 00 00 00 03 07 08 09'
    """
    if array.dtype != np.uint8 or array.ndim == 0:
        raise ValueError(
            "array must have dtype uint8 and at least one dimension, "
            f"got dtype {array.dtype} and shape {array.shape}"
        )
    magic = bytes([0, 0, _UNSIGNED_BYTE, array.ndim])
    return magic + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def _parse_header(content: bytes) -> tuple[tuple[int, ...], int]:
    """Return the shape and the length of the header."""
    _check_magic(content[:4])
    n_dims = content[3]
    n_header = 4 + 4 * n_dims
    if len(content) < n_header:
        raise ValueError(
            f"content must start with a header of {n_header} bytes for its {n_dims} "
            f"dimension(s), got {len(content)} bytes in all"
        )
    return struct.unpack_from(f">{n_dims}I", content, 4), n_header


def _check_magic(magic: bytes) -> None:
    if len(magic) < 4 or magic[:2] != b"\0\0":
        raise ValueError(
            "content must start with the magic number of an idx file, two zero bytes and "
            f"two more, got {magic.hex(' ') or 'nothing'}"
        )
    if magic[2] != _UNSIGNED_BYTE:
        raise ValueError(
            f"content must hold unsigned bytes, type 0x{_UNSIGNED_BYTE:02x}, "
            f"got type 0x{magic[2]:02x}"
        )
    if magic[3] == 0:
        raise ValueError("content must have at least one dimension, got 0")
