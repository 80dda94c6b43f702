"""The kinds of targets, and the kind that a record is of."""

from __future__ import annotations

from collections.abc import Iterable

from skdnn._estimator.classes import Classes
from skdnn._estimator.numbers import Numbers
from skdnn._estimator.targets import Target

_KINDS: tuple[type[Target], ...] = (Classes, Numbers)


def kind_of(record: Iterable[str]) -> type[Target]:
    """Return the kind of target of a record.

    Parameters
    ----------
    record : iterable of str, such as a mapping
        The record of a target, perhaps with other keys.

    Returns
    -------
    kind : type of Target
        The first one if there is none, whose checks name what is missing.
    """
    return next((kind for kind in _KINDS if set(kind.keys) <= set(record)), _KINDS[0])
