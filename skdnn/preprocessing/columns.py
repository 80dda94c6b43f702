"""The columns of a table, one by one: what each holds, as numbers or as text."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from numbers import Real
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

from skdnn._messages import brief

Kind = Literal["numbers", "categories"]

GAP = "missing"
"""The category of a gap, and of an empty string, which is what a gap is in a CSV file."""

_DATES = (datetime.date, datetime.time, datetime.timedelta, np.datetime64, np.timedelta64)


@dataclass(frozen=True)
class Column:
    """A column of a table: a Series of pandas or polars, or a column of an array."""

    key: str | int  # what a ColumnTransformer finds it by
    label: str  # what messages call it
    values: Any

    def holds(self, kind: Kind) -> bool:
        """Tell whether the column is of a kind, and has two values, or one and gaps.

        Raise where it is of no kind that a network learns from.
        """
        if self._kind() != kind:
            return False
        if kind == "categories":
            return len(set(self.texts())) > 1
        numbers = self.numbers()
        known = numbers[~np.isnan(numbers)]
        return bool(len(known)) and (len(known) < len(numbers) or known.min() < known.max())

    def _kind(self) -> Kind | None:
        letter = _letter(self.values.dtype)
        if letter in "iuf":
            return "numbers"
        if letter in ("b", "U"):
            return "categories"
        held = _types_of(self._objects())
        if letter in "mM" or any(issubclass(t, _DATES) or t.__name__ == "Period" for t in held):
            raise ValueError(
                f"{self.label} holds dates or times, of which a network learns nothing as they "
                "are: make numbers of them, such as the year, the month or the days since a "
                "date (.dt.year, .dt.month, (dates - start).dt.days), or leave the column out"
            )
        if not held:
            return None
        if all(issubclass(t, str) for t in held) or all(_is_bool(t) for t in held):
            return "categories"
        if all(_is_number(t) for t in held):
            return "numbers"
        examples = " and ".join(brief(value) for value in list(held.values())[:2])
        raise ValueError(
            f"{self.label} must hold numbers, or strings, or booleans, got values such as "
            f"{examples}: make them one kind, such as by pandas.to_numeric or .astype(str)"
        )

    def numbers(self) -> NDArray[np.float64]:
        """Return the values in float64, gaps as NaN; raise where one is not a finite number."""
        numbers = np.asarray(self._converted(), np.float64)
        infinite = np.isinf(numbers)
        if infinite.any():
            raise ValueError(
                f"{self.label} must hold finite numbers or gaps, got "
                f"{brief(numbers[infinite][0])} in row {infinite.argmax()}: put a gap, NaN, in "
                "its place, which is filled in"
            )
        return numbers

    def _converted(self) -> Any:
        values, letter = self.values, _letter(self.values.dtype)
        if letter not in "iufb":
            return [self._number(value) for value in self._objects()]
        if hasattr(values, "iloc"):
            return values.to_numpy(dtype=np.float64, na_value=np.nan)
        return values.cast(float).to_numpy() if hasattr(values, "to_list") else values

    def _number(self, value: Any) -> float:
        if _is_gap(value):
            return np.nan
        if _is_number(type(value)) or _is_bool(type(value)):
            return float(value)
        raise ValueError(f"{self.label} must hold numbers, got {brief(value)}")

    def texts(self) -> list[str]:
        """Return the values as text, gaps and empty strings as `GAP`."""
        return [
            value if type(value) is str and value else _text(value) for value in self._objects()
        ]

    def _objects(self) -> list[Any]:
        values = self.values
        listed: list[Any] = values.to_list() if hasattr(values, "to_list") else values.tolist()
        return listed


def columns_of(X: Any, *, whole: bool = True) -> Iterator[Column]:
    """Yield the columns of a pandas or polars frame, or of an array.

    They are found by name where all names are strings, and else by place: integers mean places
    to a `ColumnTransformer`. Places in a part of an array tell a user nothing.
    """
    names, series = _names_and_series(X)
    by_name = all(isinstance(name, str) for name in names)
    unknown = isinstance(X, np.ndarray) and not whole
    for place, (name, values) in enumerate(zip(names, series, strict=True)):
        label = "a column" if unknown else f"column {name!r}"
        yield Column(name if by_name else place, label, values)


def _names_and_series(X: Any) -> tuple[list[Any], Iterable[Any]]:
    if hasattr(X, "iloc") and hasattr(X, "columns"):
        return list(X.columns), (X.iloc[:, place] for place in range(X.shape[1]))
    if hasattr(X, "get_columns") and hasattr(X, "columns"):
        return list(X.columns), X.get_columns()
    if isinstance(X, np.ndarray) and X.ndim == 2:
        return list(range(X.shape[1])), X.T
    if issparse(X):
        raise TypeError(
            "a table must be a frame or a dense array, got a sparse matrix: the estimators "
            "take it as it is, and behind MaxAbsScaler"
        )
    shape = f" of shape {X.shape}" if hasattr(X, "shape") else ""
    raise TypeError(
        "a table must be a pandas or polars frame, or an array of rows and columns, got "
        f"{type(X).__name__}{shape}"
    )


def _letter(dtype: Any) -> str:
    """Return the letter that NumPy has for a dtype of NumPy, pandas or polars."""
    if hasattr(dtype, "is_numeric"):
        if dtype.is_numeric():
            return "f"
        if dtype.is_temporal():
            return "M"
        letters = {"Boolean": "b", "String": "U", "Categorical": "U", "Enum": "U"}
        return letters.get(type(dtype).__name__, "O")
    if str(dtype) in ("category", "str", "string"):
        return "U"
    return str(getattr(dtype, "kind", "O"))


def _types_of(objects: list[Any]) -> dict[type, Any]:
    """Return the types of the values that are no gaps, each with its first value."""
    held: dict[type, Any] = {}
    for kind in set(map(type, objects)):
        for value in objects:
            if type(value) is kind and not _is_gap(value):
                held[kind] = value
                break
    return held


def _is_gap(value: Any) -> bool:
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, float | np.floating | Decimal) and bool(value != value)


def _is_bool(kind: type) -> bool:
    return issubclass(kind, bool | np.bool_)


def _is_number(kind: type) -> bool:
    return issubclass(kind, Real | Decimal) and not _is_bool(kind)


def _text(value: Any) -> str:
    if _is_gap(value):
        return GAP
    # Integers that had gaps beside them are floats, and the same category all the same.
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value) or GAP
