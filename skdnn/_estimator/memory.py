"""Fitted states in a cache on disk, for fits of the same rows with more epochs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import joblib
from sklearn.utils.validation import check_memory

History = Mapping[str, list[float]]

# The part of a fitted state that is needed to go on. The rest is in the identity of the
# training, and may be functions that can't be pickled.
_KEPT = ("weights", "slots", "epoch")


class TrainingMemory:
    """Fitted states of one training by number of epochs, in a cache on disk.

    Parameters
    ----------
    memory : str or object with the joblib.Memory interface
        The cache.
    identity : object
        All that the training depends on, but for the number of epochs.

    Raises
    ------
    ValueError
        If `memory` has no such interface.
    """

    def __init__(self, memory: Any, identity: Any) -> None:
        self._kept = check_memory(memory).cache(_kept, ignore=["state"])
        if not hasattr(self._kept, "check_call_in_cache"):
            raise ValueError(
                f"memory must be a directory or a joblib.Memory, got {memory!r}, whose cache "
                "can't tell what it holds"
            )
        self._key = joblib.hash(identity, coerce_mmap=True)

    def load(self, epochs: int) -> tuple[Any, History] | None:
        """Return state and history after the most epochs stored, at most `epochs`."""
        for number in range(epochs, 0, -1):
            if self._kept.check_call_in_cache(self._key, number, None):
                found: tuple[Any, History] = self._kept(self._key, number, None)
                return found
        return None

    def store(self, epochs: int, fitted_state: Any, history: History) -> None:
        """Store state and history after `epochs` epochs."""
        state = {name: fitted_state[name] for name in _KEPT}
        self._kept(self._key, epochs, (state, dict(history)))


def _kept(key: str, epochs: int, state: Any) -> Any:  # noqa: ARG001
    return state
