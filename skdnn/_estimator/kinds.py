"""The kinds of targets there are, and which of them a record is of."""

from __future__ import annotations

from collections.abc import Iterable

from skdnn._estimator.classes import Classes
from skdnn._estimator.numbers import Numbers
from skdnn._estimator.targets import Target

_KINDS: tuple[type[Target], ...] = (Classes, Numbers)


def kind_of(record: Iterable[str]) -> type[Target]:
    """Return the kind of target whose record this is, or holds.

    Parameters
    ----------
    record : iterable of str, such as a mapping
        What is kept of a target, perhaps among other things.

    Returns
    -------
    kind : type of Target
        Where it is none of any, the first, whose checks name what is missing.
    """
    return next((kind for kind in _KINDS if set(kind.keys) <= set(record)), _KINDS[0])
