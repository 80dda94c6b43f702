"""How a state is checked: a rule, and the error of what breaks it."""

from __future__ import annotations

from numbers import Integral
from typing import Any


def require(fine: bool, rule: str, got: Any) -> None:
    """Raise a ValueError that names the rule and what was got, unless all is fine."""
    if not fine:
        text = repr(got)
        shown = text if len(text) <= 200 else f"{text[:200]}..."
        raise ValueError(f"invalid state of an estimator: {rule}, got {shown}")


def is_count(value: Any) -> bool:
    """Tell whether a value is an int from 0."""
    return isinstance(value, Integral) and not isinstance(value, bool) and int(value) >= 0
