"""The target of a table: whether it is classes or numbers, and its values."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skdnn._command.inputs import InputError
from skdnn._messages import brief, few

# Different whole numbers that are taken for classes: the ten digits, marks, yes and no as 1 and
# 0; counts and prices have more.
_MOST_CLASSES = 10

_FEWEST = 3  # rows of a class: two for cross-validation, and one to keep back


@dataclass(frozen=True)
class Target:
    """What is to be predicted.

    Parameters
    ----------
    name : str
        Of the column.
    y : ndarray of shape (n_rows,)
        Labels, or numbers as float64.
    is_classes : bool
        Whether it is labels.
    about : str
        What the column holds and what follows, in words.
    """

    name: str
    y: NDArray[Any]
    is_classes: bool
    about: str

    @property
    def n_different(self) -> int:
        """Number of different values."""
        return len(np.unique(self.y))


def target_of(path: Path, values: Any, task: str | None) -> Target:
    """Find out what the target of a table is.

    Text, booleans and at most ten different whole numbers are classes; other numbers are not.

    Parameters
    ----------
    path : Path
        Of the table.
    values : pandas.Series
        Without gaps.
    task : {"classification", "regression"} or None
        None decides by the values.

    Returns
    -------
    target : Target

    Raises
    ------
    InputError
        If it can't be predicted, or not by this task.
    """
    label, name = f"the target {values.name!r} in {path}", str(values.name)
    kind, y = _labels(label, values)
    n_different = len(np.unique(y))
    if task is None:
        few_whole = kind == "whole numbers" and n_different <= _MOST_CLASSES
        is_classes = kind in ("text", "booleans") or few_whole
    else:
        is_classes = task == "classification"
        _check_task(label, kind, y, is_classes)
    if is_classes:
        _check_counts(label, y, kind)
    else:
        y = y.astype(np.float64)
    task = "classification" if is_classes else "regression"
    other = ""
    if kind == "whole numbers":
        other = f" (or --task {'regression' if is_classes else 'classification'})"
    about = f"{name}: {kind}, {n_different:,} different: {task}{other}"
    return Target(name, y, is_classes, about)


def _labels(label: str, values: Any) -> tuple[str, NDArray[Any]]:
    """Return what values are, and the values in a dtype of their own."""
    from pandas.api.types import is_bool_dtype, is_numeric_dtype

    listed = values.tolist() if values.dtype.kind == "O" else []
    if is_bool_dtype(values) or (listed and all(isinstance(v, bool) for v in listed)):
        return "booleans", values.to_numpy(bool)
    if is_numeric_dtype(values):
        numbers = values.to_numpy(np.float64)
        if not np.isfinite(numbers).all():
            raise InputError(f"{label} must be finite; it holds infinity")
        if (numbers == numbers.round()).all():
            fits = abs(numbers).max() < 2**53
            return "whole numbers", numbers.astype(np.int64) if fits else numbers
        return "numbers", numbers
    if listed and all(isinstance(value, str) for value in listed):
        return "text", np.array(listed, str)
    raise InputError(
        f"{label} must hold numbers, text or booleans, got values such as "
        f"{brief(values.iloc[0])}"
    )


def _check_task(label: str, kind: str, y: NDArray[Any], is_classes: bool) -> None:
    if is_classes and kind == "numbers":
        raise InputError(
            f"--task classification needs text, booleans or whole numbers; {label} holds "
            f"{brief(y[y != y.round()][0])}"
        )
    if not is_classes and kind in ("text", "booleans"):
        raise InputError(f"--task regression needs numbers; {label} holds {kind}: {few(y[:2])}")


def _check_counts(label: str, y: NDArray[Any], kind: str) -> None:
    counts = Counter(y.tolist())
    small = [name for name, count in counts.items() if count < _FEWEST]
    if len(counts) < 2:
        raise InputError(f"{label} must have at least 2 classes; it has {few(counts)}")
    if small:
        remedy = "leave those rows out, or join classes"
        if kind == "whole numbers":
            remedy += ", or predict numbers: --task regression"
        raise InputError(
            f"each class of {label} must have at least {_FEWEST} rows, one of them to keep "
            f"back; fewer have {few(small)} ({remedy})"
        )
