"""Rules that a state is validated by, and their error."""

from __future__ import annotations

from numbers import Integral
from typing import Any


def require(valid: bool, rule: str, got: Any) -> None:
    """Raise a ValueError with the rule and the value unless it is valid."""
    if not valid:
        text = repr(got)
        shown = text if len(text) <= 200 else f"{text[:200]}..."
        raise ValueError(f"invalid state of an estimator: {rule}, got {shown}")


def is_count(value: Any) -> bool:
    """Tell whether a value is a non-negative int."""
    return isinstance(value, Integral) and not isinstance(value, bool) and int(value) >= 0
