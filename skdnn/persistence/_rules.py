"""Validation of manifest and header, for all formats."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skdnn.persistence._container import Entry, LoadError

Arrays = dict[str, NDArray[Any]]

# What an array must be: kinds of dtype, a shape or "vector", and the one dtype if there is one.
Expected = tuple[str, tuple[int, ...] | str | None, "np.dtype[Any] | None"]


def require(valid: bool, message: str) -> None:
    """Raise a LoadError with a short message unless it is valid."""
    if not valid:
        raise LoadError(message if len(message) <= 300 else f"{message[:300]}...")


def validate_fields(record: Any, types: Mapping[str, Any]) -> dict[str, Any]:
    """Validate a JSON object: these keys, with values of these types, and no others."""
    valid = isinstance(record, dict) and record.keys() == types.keys()
    require(valid, f"a part of its manifest must have exactly {sorted(types)}")
    for name, kind in types.items():
        valid = isinstance(record[name], kind) and (
            kind is bool or not isinstance(record[name], bool)
        )
        require(valid, f"{name!r} in its manifest has a wrong type")
    return dict(record)


def check_texts(name: str, texts: Any) -> None:
    """Check that a list holds different texts."""
    valid = isinstance(texts, list) and all(type(text) is str for text in texts)
    require(valid and len(set(texts)) == len(texts), f"{name} must hold different texts")


def names_record(estimator: Any) -> list[str] | None:
    """Return the names of the columns that an estimator saw in `fit`, if it saw any."""
    names = getattr(estimator, "feature_names_in_", None)
    return None if names is None else [str(name) for name in names]


def restored_names(names: list[str] | None) -> Arrays:
    """Return the attribute with the names of columns, of which each must occur once."""
    if names is None:
        return {}
    check_texts("feature_names_in_", names)
    return {"feature_names_in_": np.array(names, dtype=object)}


def check_entry(
    name: str,
    entry: Entry | None,
    kinds: str,
    shape: tuple[int, ...] | str | None,
    dtype: np.dtype[Any] | None = None,
) -> None:
    """Check what a header says of an array, before it is read."""
    if entry is None:
        raise LoadError(f"tensor {name!r} is missing")
    # Not `in (None, ...)`: to NumPy, None is float64.
    valid = entry.dtype.kind in kinds and (dtype is None or dtype == entry.dtype)
    require(valid, f"tensor {name!r} can't have dtype {entry.dtype}")
    valid = len(entry.shape) == 1 if shape == "vector" else entry.shape == shape
    require(valid, f"tensor {name!r} can't have shape {entry.shape} in this network")


def numbered(prefix: str, names: Mapping[str, Any]) -> list[str]:
    """Return the names that are a prefix and a number, which must count from 0."""
    n = sum(name.startswith(f"{prefix}.") for name in names)
    found = [f"{prefix}.{i}" for i in range(n)]
    require(all(name in names for name in found), f"{prefix} must be counted from 0")
    return found
