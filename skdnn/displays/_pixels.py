"""Shapes of images and of grids of images."""

from __future__ import annotations

from math import ceil, isqrt, prod
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


def validate_images(
    images: ArrayLike, image_shape: tuple[int, ...] | None = None
) -> NDArray[Any]:
    """Validate images, and give them a shape that matplotlib draws.

    Parameters
    ----------
    images : array-like of shape (n, height, width), (n, height, width, channels) or (n, pixels)
        Pixels.
    image_shape : tuple of int, default=None
        Shape of an image, ``(height, width)`` or ``(height, width, channels)``. None takes
        that of `images`, and squares for rows of pixels.

    Returns
    -------
    images : ndarray of shape (n, height, width) or (n, height, width, 3 or 4)

    Raises
    ------
    TypeError
        If `image_shape` is no tuple.
    ValueError
        If the rows are no images of that shape.
    """
    pixels = np.asarray(images)
    if isinstance(image_shape, str) or (image_shape is not None and np.ndim(image_shape) != 1):
        raise TypeError(f"image_shape must be a tuple such as (28, 28), got {image_shape!r}")
    shape = pixels.shape[1:] if image_shape is None else tuple(image_shape)
    if len(shape) == 1 and isqrt(shape[0]) ** 2 == shape[0]:
        shape = (isqrt(shape[0]),) * 2
    if pixels.ndim < 2 or prod(pixels.shape[1:]) != prod(shape) or not _drawable(shape):
        raise ValueError(
            "image_shape must be (height, width) or (height, width, channels) with 1, 3 or 4 "
            f"channels, and hold as many pixels as an image has: got {image_shape} for images "
            f"of shape {pixels.shape}"
        )
    if shape[-1] == 1 and len(shape) == 3:
        shape = shape[:2]
    return pixels.reshape(len(pixels), *shape)


def grid_shape(number: int, columns: int | None = None) -> tuple[int, int]:
    """Return rows and columns of a grid for `number` images, wide rather than high.

    Parameters
    ----------
    number : int
        Number of images.
    columns : int, optional
        At most this many; None chooses.

    Returns
    -------
    shape : tuple of int
        Rows and columns, each at least 1.
    """
    across = columns or max(1, ceil((number * 1.3) ** 0.5))
    across = min(across, max(number, 1))
    return max(1, ceil(number / across)), across


def _drawable(shape: tuple[int, ...]) -> bool:
    return len(shape) == 2 or (len(shape) == 3 and shape[2] in (1, 3, 4))
