"""The file formats, by number and by estimator."""

from __future__ import annotations

from typing import Any

from skdnn.persistence._format import Format
from skdnn.persistence._format1 import ClassifierFormat
from skdnn.persistence._format2 import RegressorFormat

# A classifier is still written in format 1, so that earlier versions can read it.
_FORMATS: tuple[Format, ...] = (ClassifierFormat(), RegressorFormat())

NUMBERS = tuple(file_format.number for file_format in _FORMATS)


def format_of_number(number: Any) -> Format | None:
    """Return the format with a number, or None."""
    return next((file_format for file_format in _FORMATS if file_format.number == number), None)


def format_of(estimator: Any) -> Format | None:
    """Return the format of an estimator; None for a subclass, whose code can't be stored."""
    return next(
        (file_format for file_format in _FORMATS if file_format.estimator is type(estimator)),
        None,
    )
