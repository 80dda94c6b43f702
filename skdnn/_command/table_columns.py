"""What the columns of a table hold: what can't be learnt from, and what should not be."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from skdnn._command.inputs import InputError
from skdnn._messages import brief
from skdnn.preprocessing.columns import columns_of

_FEW_ROWS = 20  # in which different values in each row may be chance
_NEARLY_ALL = 0.95  # different values a row, which text of an identifier has
_MOST_TEXTS = 1_000  # by which dates are recognised

_TIME = r"\d{1,2}:\d{2}(?::\d{2}.*)?"
_DAY = "|".join(
    [
        r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}",
        r"\d{1,2}[-/.]\d{1,2}[-/.](?:\d{4}|\d{2})",
        r"\d{1,2}\.?[ -][^\W\d_]{3,9}\.?,?[ -]\d{4}",
        r"[^\W\d_]{3,9}\.? \d{1,2},? \d{4}",
    ]
)
_DATE = rf"\s*(?:(?:{_DAY})(?:[ T]+{_TIME})?|{_TIME})\s*"


def check_learnable(path: Path, features: Any) -> None:
    """Raise an error that names a column if a network can't learn from a table.

    Parameters
    ----------
    path : Path
        Of the table.
    features : pandas.DataFrame
        Its columns, without the target.
    """
    learnable = False
    for column in columns_of(features):
        try:
            learnable |= column.holds("numbers") or column.holds("categories")
        except (ValueError, TypeError) as error:
            raise InputError(f"{error} ({_drop(str(column.key))})") from error
        check_not_dates(path, column.values)
    if not learnable:
        raise InputError(
            f"{path} must have a column besides the target with two different values, got none "
            f"in {len(features):,} rows of {features.shape[1]} columns"
        )


def check_not_dates(path: Path, values: Any) -> None:
    """Raise an error if a column holds dates or times as text.

    Parameters
    ----------
    path : Path
        Of the table.
    values : pandas.Series
        The column.
    """
    if values.dtype.kind in "biufc" or str(values.dtype) == "category":
        return
    texts = values.dropna().drop_duplicates().iloc[:_MOST_TEXTS].astype(str)
    dates = texts[texts.str.fullmatch(_DATE).astype(bool)]
    if len(dates) > len(texts) / 2:
        raise InputError(
            f"column {values.name!r} in {path} holds dates or times, such as "
            f"{brief(dates.iloc[0])}, of which a network learns nothing as they are: write "
            "numbers instead, such as the year and the month, or leave the column out "
            f"({_drop(str(values.name))})"
        )


def remarks_on(features: Any, target: Any) -> Iterator[str]:
    """Yield a warning on each column that tells nothing, or too much.

    Parameters
    ----------
    features : pandas.DataFrame
        Without the target.
    target : pandas.Series
        Of the same rows, without gaps.
    """
    n_target = target.nunique()
    for name in features.columns:
        values = features[name]
        n_different = values.nunique()
        if n_different + values.hasnans < 2:
            yield f"warning: {name!r} is the same in all rows, and not used"
        elif _is_same(values, n_different, target, n_target):
            yield (
                f"warning: {name!r} tells the {target.name!r} of each row: if it is not known "
                f"beforehand, leave it out ({_drop(name)})"
            )
        elif _is_identifier(values, n_different):
            yield (
                f"warning: {name!r} differs in {n_different:,} of {len(values):,} rows, as an "
                f"identifier does: if it is one, leave it out ({_drop(name)})"
            )


def _drop(name: str) -> str:
    return f"--drop {shlex.quote(name)}"


def _is_same(values: Any, n_different: int, target: Any, n_target: int) -> bool:
    """Tell whether each value stands with one value of the target, and each of that with it."""
    if values.hasnans:
        return False
    if n_target <= len(target) / 2:
        if n_different != n_target:
            return False
        codes = values.factorize()[0], target.factorize()[0]
        return len(np.unique(codes[0] * n_target + codes[1])) == n_target
    if values.dtype.kind not in "iuf" or target.dtype.kind not in "iuf" or len(values) < 3:
        return bool((values.astype(str) == target.astype(str)).all())
    correlation = abs(np.corrcoef(values, target)[0, 1])
    return bool(correlation > 1 - 1e-9)


def _is_identifier(values: Any, n_different: int) -> bool:
    if len(values) < _FEW_ROWS or values.dtype.kind in "bf":
        return False
    if values.dtype.kind in "iu":
        return n_different == len(values)
    return n_different >= _NEARLY_ALL * len(values)
