"""X as the inputs of a model: one for an array, one for each column of a frame."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from numbers import Real
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
    values : ndarray of float32, bool or object, shape (n_samples, ...)
        Numbers, bools or text.
    """

    name: str
    values: NDArray[Any]

    @property
    def kind(self) -> str:
        """Say what it holds: "numbers", "bools" or "text"."""
        return {"f": "numbers", "b": "bools", "O": "text"}[self.values.dtype.kind]

    def without_bools(self, as_text: bool) -> Input:
        """Return the input with numbers for bools, or text, as steps may take them."""
        if self.kind != "bools":
            return self
        values = self.values.astype(str).astype(object) if as_text else self.values
        return Input(self.name, values if as_text else values.astype(np.float32))


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
        raise ValueError("X must have at least one row")
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
        values = _values("X", X)
        return [Input("input", values.astype(np.float32) if X.dtype == bool else values)]
    names = [str(name) for name in X.columns]
    twice = [name for name, times in Counter(names).items() if times > 1]
    if twice:
        raise ValueError(f"the columns of X must have unique names, got {few(twice)} twice")
    return [
        Input(name, _values(f"column {name!r}", _held(X[column])).reshape(-1, 1))
        for name, column in zip(names, X.columns, strict=True)
    ]


def _held(column: Any) -> NDArray[Any]:
    """Return a column's values; categories are text, also those that are written as numbers."""
    if str(column.dtype) != "category":
        return np.asarray(column.to_numpy())
    values = column.astype(object).to_numpy()
    return np.array([value if _missing(value) else _written(value) for value in values], object)


def _written(category: Any) -> str:
    # Integers that had gaps beside them are floats, and the same categories all the same.
    whole = isinstance(category, float) and category.is_integer()
    return str(int(category)) if whole else str(category)


def _values(what: str, values: NDArray[Any]) -> NDArray[Any]:
    if values.dtype.kind == "b":
        return values
    if values.dtype.kind in "uif":
        return values.astype(np.float32)
    if values.dtype.kind not in "OUT":
        raise ValueError(f"{what} must contain numbers or strings, got dtype {values.dtype}")
    flat = values.astype(object).ravel()
    known = [value for value in flat if not _missing(value)]
    if known and all(isinstance(value, Real) and not _is_bool(value) for value in known):
        numbers = [np.nan if _missing(value) else float(value) for value in flat]
        return np.array(numbers, np.float32).reshape(values.shape)
    # Bools that have gaps beside them are categories, as they are for scikit-learn.
    if not (all(isinstance(value, str) for value in known) or all(map(_is_bool, known))):
        odd = next(value for value in known if not isinstance(value, str))
        raise ValueError(f"{what} must contain only numbers or only strings, got {brief(odd)}")
    # A gap becomes what skl2onnx makes of a category that is one.
    texts = np.array([str(value) for value in flat], object)
    return texts.reshape(values.shape)


def _is_bool(value: Any) -> bool:
    return isinstance(value, bool | np.bool_)


def _missing(value: Any) -> bool:
    """Tell None, NaN and pandas.NA, whose comparisons are no truth value."""
    return value is None or type(value).__name__ == "NAType" or bool(value != value)
