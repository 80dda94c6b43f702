"""The formats there are: which one a file is of, and which one an estimator is written in."""

from __future__ import annotations

from typing import Any

from skdnn.persistence._format import Format
from skdnn.persistence._format1 import OfClasses
from skdnn.persistence._format2 import OfNumbers

# A classifier is written in format 1 still, so that earlier versions read it.
_FORMATS: tuple[Format, ...] = (OfClasses(), OfNumbers())

NUMBERS = tuple(form.number for form in _FORMATS)


def format_of_number(number: Any) -> Format | None:
    """Return the format that a file says it is of, or None where it is unknown."""
    return next((form for form in _FORMATS if form.number == number), None)


def format_of(estimator: Any) -> Format | None:
    """Return the format for an estimator; None for a subclass, whose own code is no data."""
    return next((form for form in _FORMATS if form.estimator is type(estimator)), None)
