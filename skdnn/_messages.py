"""Messages to users: shortened values, and warnings at the user's line."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterable
from typing import Any

import numpy as np

_MOST = 5
_WIDEST = 60

# Packages between the user's line and ours: pipelines and searches, and what runs them.
_PASSED_THROUGH = (
    "skdnn",
    "sklearn",
    "joblib",
    "threading",
    "multiprocessing",
    "concurrent",
    "contextlib",
)


def few(values: Iterable[Any], most: int = _MOST) -> str:
    """Write a list of values for a message: the first of them, and how many more.

    Parameters
    ----------
    values : iterable
        Labels, names or numbers, Python's or NumPy's.
    most : int
        How many are written.

    Returns
    -------
    text : str
        As Python writes a list: ``['a', 'b']``, ``[0, 1, 2, 3, 4, and 995 more]``.
    """
    listed = list(values)
    shown = [brief(value) for value in listed[:most]]
    if len(listed) > most:
        shown.append(f"and {len(listed) - most:,} more")
    return f"[{', '.join(shown)}]"


def brief(value: Any, width: int = _WIDEST) -> str:
    """Write a value for a message, on one line and not too long.

    Parameters
    ----------
    value : object
        Whatever the user gave; a scalar of NumPy is written as Python's.
    width : int
        Most characters.

    Returns
    -------
    text : str
        Its representation, cut in the middle where it is longer.
    """
    if isinstance(value, np.generic):
        value = str(value) if value.dtype.kind in "mM" else value.item()
    text = " ".join(repr(value).split())
    if len(text) <= width:
        return text
    half = (width - 5) // 2
    return f"{text[:half]} ... {text[-half:]}"


def warn_user(message: str) -> None:
    """Give a `UserWarning` that points at the user's line, not at a line of a library.

    Parameters
    ----------
    message : str
        The same text for the same fault, so that Python shows it once for a line.
    """
    level, frame = 1, sys._getframe()
    while frame.f_back is not None and _passed_through(frame.f_globals.get("__name__", "")):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, UserWarning, stacklevel=level)


def _passed_through(module: str) -> bool:
    return module.partition(".")[0] in _PASSED_THROUGH
