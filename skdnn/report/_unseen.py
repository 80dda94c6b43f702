"""Unseen data: rows that took no part in the search, with images and values to show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import issparse

from skdnn.displays._canvas import shortened
from skdnn.displays._pixels import validate_images

_MOST_COLUMNS = 6  # of a row's values: more can't be read beside each other


@dataclass(frozen=True)
class UnseenData:
    """Rows that took no part in the search.

    Parameters
    ----------
    X, y : array-like
        As the user gave them.
    true : ndarray of shape (n_rows,) or (n_rows, n_outputs)
        `y` as an array.
    pixels : ndarray of shape (n_rows, height, width) or (n_rows, height, width, channels), or \
None
        A picture of each row.
    first : tuple of int
        Places of the columns whose values are shown first; the others follow in order.
    """

    X: Any
    y: Any
    true: NDArray[Any]
    pixels: NDArray[Any] | None
    first: tuple[int, ...] = ()

    def __len__(self) -> int:
        return len(self.true)

    @property
    def noun(self) -> str:
        """What they are: "images" or "rows"."""
        return "rows" if self.pixels is None else "images"

    @property
    def columns(self) -> list[str]:
        """Names of the columns that are shown; empty if rows are not two-dimensional."""
        names = getattr(self.X, "columns", None)
        return [
            shortened(f"x{place}" if names is None else names[place], 24)
            for place in self._shown
        ]

    def labels(self, rows: Sequence[int]) -> list[str]:
        """Return labels of rows: of a DataFrame's index, or counted from 0."""
        names = self.X.index if hasattr(self.X, "iloc") else range(len(self))
        return [str(names[row]) for row in rows]

    def values(self, rows: Sequence[int]) -> list[list[str]]:
        """Return the shown columns of rows, as text."""
        if hasattr(self.X, "iloc"):
            found = self.X.iloc[list(rows), self._shown].to_numpy(dtype=object)
        elif issparse(self.X):
            found = self.X.tocsr()[list(rows)].toarray()[:, self._shown]
        else:
            table = self.X if hasattr(self.X, "columns") else np.asarray(self.X)
            found = np.asarray(table[list(rows)], object)[:, self._shown]
        return [list(map(_cell_text, row)) for row in found.tolist()]

    @property
    def _shown(self) -> list[int]:
        shape = np.shape(self.X) if not issparse(self.X) else self.X.shape
        if len(shape) != 2:
            return []
        return list(dict.fromkeys([*self.first, *range(shape[1])]))[:_MOST_COLUMNS]


def validate_unseen(
    X_test: ArrayLike | None, y_test: ArrayLike | None, images: ArrayLike | None, answers: str
) -> UnseenData | None:
    """Validate `X_test`, `y_test` and `images`.

    Parameters
    ----------
    X_test, y_test, images
        As for :func:`skdnn.report.write_report`.
    answers : str
        What `y_test` holds, for messages: "labels" or "numbers".

    Returns
    -------
    rows : UnseenData or None
    """
    if (X_test is None) != (y_test is None):
        missing = "X_test" if X_test is None else "y_test"
        raise ValueError(f"X_test and y_test must be given together, got {missing}=None")
    if X_test is None or y_test is None:
        return None
    true, n_rows = np.asarray(y_test), _number_of_rows(X_test)
    if np.ndim(true) < 1 or len(true) != n_rows:
        raise ValueError(
            f"y_test must hold the {answers} of the {n_rows} rows of X_test, got shape "
            f"{true.shape}"
        )
    if n_rows == 0:
        raise ValueError("X_test must hold at least one row, got none")
    return UnseenData(X_test, y_test, true, _pictures_of(X_test, images, n_rows))


def _cell_text(value: Any) -> str:
    nan = isinstance(value, float) and value != value
    if nan or type(value).__name__ in ("NoneType", "NAType", "NaTType"):
        return "missing"
    if not isinstance(value, float):
        return shortened(value, 24)
    return f"{value:.4g}" if abs(value) < 1e4 else f"{value:,.0f}"


def _number_of_rows(X: Any) -> int:
    return int(X.shape[0]) if hasattr(X, "shape") else len(X)


def _pictures_of(
    X_test: ArrayLike, images: ArrayLike | None, n_rows: int
) -> NDArray[Any] | None:
    if images is not None:
        pixels: NDArray[Any] = validate_images(images)
        if len(pixels) != n_rows:
            raise ValueError(
                f"images must hold one for each of the {n_rows} rows of X_test, got "
                f"{len(pixels)}"
            )
        return pixels
    shape = np.shape(X_test)
    if len(shape) == 3 or (len(shape) == 4 and shape[3] in (1, 3, 4)):
        return validate_images(X_test)
    return None
