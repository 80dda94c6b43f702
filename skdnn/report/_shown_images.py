"""Images in the page, each with its prediction."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from skdnn.displays._images import drawable
from skdnn.report._pictures import data_uri


@dataclass(frozen=True)
class ShownImage:
    """A picture of a wrong prediction.

    Parameters
    ----------
    uri : str
        Data URI of the image.
    text : str
        Text alternative.
    words : tuple of str
        The prediction and the truth.
    """

    uri: str
    text: str
    words: tuple[str, str]


def shown_images(
    images: NDArray[Any],
    among: NDArray[Any],
    texts: Iterable[str],
    words: Iterable[tuple[str, str]],
) -> list[ShownImage]:
    """Put images into the page.

    Parameters
    ----------
    images : ndarray of shape (n, height, width) or (n, height, width, channels)
        What is shown.
    among : ndarray of the same dimensions
        All images: their lowest value is black and their highest is white.
    texts : iterable of str
        Text alternatives.
    words : iterable of tuple of str
        Prediction and truth of each.

    Returns
    -------
    shown : list of ShownImage
    """
    low, high = (float(among.min()), float(among.max())) if among.size else (0.0, 1.0)
    uris = [data_uri(drawable(image), low, max(high, low + 1e-12)) for image in images]
    return [ShownImage(*parts) for parts in zip(uris, texts, words, strict=True)]
