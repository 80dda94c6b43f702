"""The file formats, by number and by what they store."""

from __future__ import annotations

from typing import Any

from skdnn.persistence._format import Format
from skdnn.persistence._format1 import ClassifierFormat
from skdnn.persistence._format2 import RegressorFormat
from skdnn.persistence._format3 import ClassifierTableFormat, RegressorTableFormat

# Each is written in the first format that can hold it, so that earlier versions can read it.
_FORMATS: tuple[Format, ...] = (
    ClassifierFormat(),
    RegressorFormat(),
    ClassifierTableFormat(),
    RegressorTableFormat(),
)

LATEST = max(file_format.number for file_format in _FORMATS)


def format_of_number(number: Any) -> Format | None:
    """Return the format with a number, or None."""
    return next((file_format for file_format in _FORMATS if file_format.number == number), None)


def format_of(estimator: Any, *, for_tables: bool) -> Format | None:
    """Return the format of an estimator; None for a subclass, whose code can't be stored."""
    return next(
        (
            file_format
            for file_format in _FORMATS
            if file_format.estimator is type(estimator) and file_format.for_tables == for_tables
        ),
        None,
    )
