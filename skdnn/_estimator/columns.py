"""Checks of columns and containers of `X`: text, dates, and what is neither array nor table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

from skdnn._messages import brief, few

# TensorFlow's, PyTorch's and Keras's, by name: whoever passes one has imported it, not we.
_DATASETS = {"DatasetV2", "Dataset", "DataLoader", "PyDataset"}

_MEASURED = (
    "a date or a time span is a number only in some unit: make numbers of it first, such as "
    "the days since a date or the month"
)


def check_containers(X: Any) -> None:
    """Raise an error for input that is no array or table of numbers.

    Parameters
    ----------
    X : array-like
        As the user gave it.

    Raises
    ------
    TypeError
        If it is no container of rows.
    ValueError
        If it holds dates, time spans or complex numbers.
    """
    if issparse(X):  # one kind of which is a dict
        return
    _check_container(X)
    if _is_table(X):
        dates = [name for name, dtype in zip(X.columns, X.dtypes, strict=True) if _dated(dtype)]
        if dates:
            raise ValueError(
                f"X must hold numbers, and columns {few(dates)} don't: {_MEASURED}"
            )
        return
    dtype = getattr(X, "dtype", None)
    if _dated(dtype):
        raise ValueError(f"X must hold numbers, got dtype {dtype}: {_MEASURED}")
    if getattr(dtype, "names", None):
        raise ValueError(
            "X must hold numbers, got a structured array; pandas.DataFrame(X) makes a table"
        )
    if getattr(dtype, "kind", None) == "c":
        raise ValueError(f"Complex data not supported: X has dtype {dtype}")


def _check_container(X: Any) -> None:
    remedy = None
    if isinstance(X, Mapping):
        remedy = "pandas.DataFrame(X) makes a table of columns"
    elif isinstance(X, Iterator):
        remedy = "list(X) holds all of them"
    elif not hasattr(X, "__array__") and _DATASETS & {cls.__name__ for cls in type(X).__mro__}:
        remedy = "pass the arrays that it is made of as X and y"
    if remedy is not None:
        raise TypeError(
            "X must be an array, a table or a sparse matrix with a row for each sample, got "
            f"{type(X).__name__}; {remedy}"
        )


def _is_table(X: Any) -> bool:
    """Tell whether it has named columns, as those of pandas and polars."""
    return hasattr(X, "columns") and hasattr(X, "dtypes")


def _dated(dtype: Any) -> bool:
    if getattr(dtype, "kind", "") in ("m", "M"):
        return True
    of_polars = getattr(dtype, "is_temporal", None)
    return of_polars is not None and bool(of_polars())


def with_columns_named(X: Any, error: Exception) -> Exception:
    """Say which columns could not be converted to numbers.

    Parameters
    ----------
    X : array-like
        As the user gave it.
    error : ValueError or TypeError
        What the conversion raised.

    Returns
    -------
    error : ValueError or TypeError
        With the names of the columns; the same where nothing is wrong with single columns.
    """
    found = _without_numbers(X)
    if not found:
        return error
    names, example = list(found), next(iter(found.values()))
    kind = TypeError if isinstance(error, TypeError) else ValueError
    return kind(
        f"{str(error).rstrip('.')}. Columns {few(names)} of X hold other than numbers, such as "
        f"{brief(example)}: leave them out, or encode them, for example with OneHotEncoder in "
        "a make_column_transformer"
    )


def _without_numbers(X: Any) -> dict[Any, Any]:
    """Find the columns with what is no number, and the first such value of each."""
    found = {name: _first_other(column) for name, column in _columns(X)}
    return {name: others[0] for name, others in found.items() if others}


def _columns(X: Any) -> Iterator[tuple[Any, NDArray[Any]]]:
    if _is_table(X):
        for position, name in enumerate(X.columns):
            yield name, np.asarray(X.iloc[:, position] if hasattr(X, "iloc") else X[name])
        return
    try:
        values = np.asarray(X)
    except ValueError:  # rows of different lengths
        return
    if values.ndim == 2:
        yield from enumerate(values.T)


def _first_other(column: NDArray[Any]) -> list[Any]:
    for value in () if column.dtype.kind in "biuf" else column:
        try:
            float(value)
        except (TypeError, ValueError):
            if value is not None and type(value).__name__ not in ("NAType", "NaTType"):
                return [value]
    return []


def with_plain_dtypes(y: Any) -> Any:
    """Return a target of pandas' nullable dtypes in NumPy's, where no value is missing.

    scikit-learn makes floats of them, so that labels come back as 1.0 for True, and integers
    beyond 2**53 are taken for one another.

    Parameters
    ----------
    y : array-like
        Targets as the user gave them.

    Returns
    -------
    y : array-like
        The same values.
    """
    if not (hasattr(y, "isna") and hasattr(y, "astype")):
        return y
    if hasattr(y, "columns"):
        plain: Any = {
            name: dtype.numpy_dtype
            for name, dtype in zip(y.columns, y.dtypes, strict=True)
            if hasattr(dtype, "numpy_dtype")
        }
    else:
        plain = getattr(getattr(y, "dtype", None), "numpy_dtype", None)
    if not plain or np.any(y.isna()):
        return y
    return y.astype(plain)
