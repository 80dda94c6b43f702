"""Images become rows: scaling to [0, 1] and flattening."""

from __future__ import annotations

from math import prod
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import issparse
from sklearn.preprocessing import FunctionTransformer

from skdnn._messages import warn_user


def scale_and_flatten(
    images: ArrayLike,
    *,
    scale: float = 255.0,
    flatten: bool = True,
    image_shape: tuple[int, ...] | None = None,
) -> NDArray[np.float32]:
    """Divide pixels by `scale` and lay each image out as one row.

    Parameters
    ----------
    images : array-like of shape (n_images, ...)
        Pixels of any integer, bool or float dtype. Read only.
    scale : float, default=255.0
        Value that becomes 1: 255 for 8-bit pixels.
    flatten : bool, default=True
        False keeps the shape, for a network with a ``Flatten`` layer of its own.
    image_shape : tuple of int, optional
        Shape that each image must have. None takes any.

    Returns
    -------
    rows : ndarray of float32, shape (n_images, n_pixels) or that of `images`
        A new array.

    Raises
    ------
    ValueError
        If `images` has no dimension beside the images, does not hold numbers, or its images
        have another shape than `image_shape`; or if `scale` is not a positive number.

    Warns
    -----
    UserWarning
        If pixels are of another scale: floats that reach no further than 1, or are negative,
        beside a `scale` above 1; or values above a `scale` of 255 or more.

    Examples
    --------
    >>> import numpy as np
    >>> from skdnn import scale_and_flatten
    >>> scale_and_flatten(np.array([[[0, 51], [102, 255]]], np.uint8))
    array([[0. , 0.2, 0.4, 1. ]], dtype=float32)
    """
    if not isinstance(scale, Real) or isinstance(scale, bool) or not 0 < scale < float("inf"):
        raise ValueError(f"scale must be a positive number, got {scale!r}")
    if not isinstance(flatten, bool | np.bool_):
        raise ValueError(f"flatten must be True or False, got {flatten!r}")
    pixels = np.asarray(images)
    if issparse(images):
        raise ValueError("images must be dense, got a sparse matrix: pass images.toarray()")
    if pixels.ndim < 2:
        raise ValueError(
            "images must have a dimension for the images and at least one for their pixels, "
            f"got an array of shape {pixels.shape}"
        )
    if image_shape is not None and pixels.shape[1:] != _checked_shape(image_shape):
        raise ValueError(
            f"each image must have shape {_checked_shape(image_shape)}, got "
            f"{pixels.shape[1:]} in an array of shape {pixels.shape}"
        )
    if pixels.dtype.kind not in "buif":
        raise ValueError(f"images must hold numbers, got dtype {pixels.dtype}")
    _warn_of_another_scale(pixels, scale)
    # Asked for in float32, or NumPy divides integers in float64: eight bytes a pixel.
    scaled: NDArray[np.float32] = np.divide(
        pixels, np.float32(scale), dtype=np.float32, casting="same_kind"
    )
    return scaled.reshape(len(scaled), prod(scaled.shape[1:])) if flatten else scaled


def _checked_shape(image_shape: Any) -> tuple[int, ...]:
    """Return the shape as a tuple of Python's integers."""
    try:
        shape = tuple(int(side) for side in image_shape)
        if not isinstance(image_shape, str) and shape == tuple(image_shape) and min(shape) > 0:
            return shape
    except (TypeError, ValueError):
        pass
    raise ValueError(
        "image_shape must hold positive integers, one per dimension of an image, such as "
        f"(28, 28), got {image_shape!r}"
    )


def _warn_of_another_scale(pixels: NDArray[Any], scale: float) -> None:
    if not pixels.size or scale <= 1:
        return
    if pixels.dtype.kind == "f":
        _warn_if_scaled_before(pixels, scale)
    # A scale of 255 or more is the largest value of so many bits; a smaller one may be chosen.
    if scale >= 255 and pixels.dtype.itemsize > 1 and pixels.max() > scale:
        warn_user(
            f"the largest pixel is {pixels.max():g}, above scale={scale:g}; pass the value "
            "that is to become 1, such as scale=65535 for 16-bit images"
        )


def _warn_if_scaled_before(pixels: NDArray[Any], scale: float) -> None:
    if 0 < pixels.max() <= 1:
        warn_user(
            f"the largest pixel is {pixels.max():g}, and all are divided by scale={scale:g}; "
            "pass scale=1 for images that are in [0, 1]"
        )
    elif pixels.min() < 0:
        warn_user(
            f"the smallest pixel is {pixels.min():g}, and all are divided by scale={scale:g}; "
            "pass scale=1 for images that are standardised already"
        )


def make_image_transformer(
    *, scale: float = 255.0, flatten: bool = True, image_shape: tuple[int, ...] | None = None
) -> FunctionTransformer:
    """Make scikit-learn's `FunctionTransformer` around :func:`scale_and_flatten`.

    Parameters
    ----------
    scale : float, default=255.0
        Value that becomes 1.
    flatten : bool, default=True
        Whether each image becomes one row. In a grid: ``kw_args``.
    image_shape : tuple of int, optional
        Shape that each image must have; names the output columns (``pixel_0_0``,
        ``pixel_0_1``, ...). Without it only a table's own column names are known, since a
        `FunctionTransformer` learns no shape.

    Returns
    -------
    transformer : sklearn.preprocessing.FunctionTransformer
        Stateless.

    Examples
    --------
    >>> import numpy as np
    >>> from skdnn.preprocessing import make_image_transformer
    >>> images = np.zeros((3, 28, 28), np.uint8)
    >>> transformer = make_image_transformer(image_shape=(28, 28)).fit(images)
    >>> transformer.transform(images).shape
    (3, 784)
    >>> transformer.get_feature_names_out()[:2]
    array(['pixel_0_0', 'pixel_0_1'], dtype=object)
    """
    return FunctionTransformer(
        scale_and_flatten,
        feature_names_out=_pixel_names,
        kw_args={"scale": scale, "flatten": flatten, "image_shape": image_shape},
    )


def _pixel_names(transformer: FunctionTransformer, input_features: Any) -> list[str]:
    shape = (transformer.kw_args or {}).get("image_shape")
    if shape is not None:
        return [
            "_".join(["pixel", *map(str, place)])
            for place in np.ndindex(*_checked_shape(shape))
        ]
    if hasattr(transformer, "feature_names_in_"):
        return list(input_features)
    raise ValueError(
        "names of pixels follow from the shape of an image, which a FunctionTransformer does "
        "not learn: pass image_shape, such as image_shape=(28, 28), when making it"
    )
