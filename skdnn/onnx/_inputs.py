"""X as the inputs of a model: one for an array, one for each column of a frame."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

from skdnn._messages import brief, few

# So many rows show whether a model answers as its pipeline does.
_SAMPLE = 500


@dataclass(frozen=True)
class Input:
    """An input of a model.

    Parameters
    ----------
    name : str
        "input", or the column's name.
    values : ndarray of float32 or object, shape (n_samples, ...)
        Numbers, or text.
    """

    name: str
    values: NDArray[Any]

    @property
    def text(self) -> bool:
        """Whether it holds text."""
        return bool(self.values.dtype == object)


def sample_of(X: Any) -> Any:
    """Return rows of X, spread over it, in the form of X.

    Raises
    ------
    ValueError
        If there is none, or if X is sparse.
    """
    if issparse(X):
        raise ValueError("X must be dense, got a sparse matrix: pass X.toarray()")
    X = X if hasattr(X, "columns") else np.asarray(X)
    if not len(X):
        raise ValueError("X must hold at least one row: it shows what the inputs are")
    places = np.unique(np.linspace(0, len(X) - 1, _SAMPLE, dtype=np.int64))
    return X.iloc[places] if hasattr(X, "iloc") else X[places]


def inputs_of(X: Any) -> list[Input]:
    """Return X as inputs.

    Parameters
    ----------
    X : ndarray or frame of pandas or polars

    Raises
    ------
    ValueError
        If a column holds neither numbers nor text, or two have the same name.
    """
    if not hasattr(X, "columns"):
        return [Input("input", _values("X", X))]
    names = [str(name) for name in X.columns]
    twice = [name for name, times in Counter(names).items() if times > 1]
    if twice:
        raise ValueError(f"columns of X must have different names, got {few(twice)} twice")
    return [
        Input(name, _values(f"column {name!r}", X[column].to_numpy()).reshape(-1, 1))
        for name, column in zip(names, X.columns, strict=True)
    ]


def _values(what: str, values: NDArray[Any]) -> NDArray[Any]:
    if values.dtype.kind in "buif":
        return values.astype(np.float32)
    if values.dtype.kind not in "OUT":
        raise ValueError(f"{what} must hold numbers or text for ONNX, got {values.dtype}")
    flat = values.astype(object).ravel()
    kinds = {type(value) for value in flat if not _missing(value)}
    if kinds and all(
        issubclass(kind, bool | np.bool_ | int | float | np.number) for kind in kinds
    ):
        numbers = [np.nan if _missing(value) else float(value) for value in flat]
        return np.array(numbers, np.float32).reshape(values.shape)
    if not all(issubclass(kind, str) for kind in kinds):
        odd = next(
            value for value in flat if not _missing(value) and not isinstance(value, str)
        )
        raise ValueError(f"{what} must hold numbers or text alone for ONNX, got {brief(odd)}")
    # As skl2onnx writes a category that is missing.
    texts = np.array([str(value) for value in flat], object)
    return texts.reshape(values.shape)


def _missing(value: Any) -> bool:
    """Tell NaN, None and pandas.NA, none of which equals itself and is true."""
    return value is None or type(value).__name__ == "NAType" or value != value
