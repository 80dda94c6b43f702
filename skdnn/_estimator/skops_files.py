"""Errors with the parameter's name and a remedy if skops can't store an estimator.

skops itself fails on a value, or writes a file that can't be read, without naming the
parameter.
"""

from __future__ import annotations

import copyreg
import sys
from typing import Any

from sklearn.base import BaseEstimator

_REMEDIES = {
    "activation": "give a name of Keras's, or a function that a module defines by name",
    "callbacks": "call set_params(callbacks=None): what they did is in the weights",
    "kernel_initializer": "give a name of Keras's, or an object whose class a module defines",
    "learning_rate": "give a number, or an object whose class a module defines",
    "memory": "call set_params(memory=None)",
    "optimizer": (
        "give its name or class, with optimizer__learning_rate and other settings beside it"
    ),
    "scoring": "give the name of a scorer, or a function that a module defines by name",
}


class StorableBySkopsMixin(BaseEstimator):
    """Checks parameters for skops, and lets skops and pickle copy optimizers.

    skops calls ``__reduce__``; pickle, cloudpickle and ``copy`` call ``__reduce_ex__``.
    """

    def __reduce_ex__(self, protocol: Any) -> Any:
        if type(self).__reduce__ is not StorableBySkopsMixin.__reduce__:  # a subclass's method
            return self.__reduce__()
        return _reduced(self)

    def __reduce__(self) -> Any:
        if "skops.io" in sys.modules:
            for name, value in self.get_params(deep=True).items():
                _check_stored(name, value)
        return _reduced(self)


def _reduced(estimator: Any) -> Any:
    """Return what ``object.__reduce_ex__`` returns, which would call ``__reduce__``."""
    _make_optimizers_copyable()
    return copyreg.__newobj__, (type(estimator),), estimator.__getstate__()  # type: ignore[attr-defined]


def _make_optimizers_copyable() -> None:
    # If Keras is not loaded, there are none.
    if hasattr(sys.modules.get("keras"), "optimizers"):
        from skdnn._engine.optimizer_copies import make_copyable

        make_copyable()


def _check_stored(name: str, value: Any) -> None:
    """Check that skops can store and load a value, by doing so."""
    if value is None or isinstance(value, bool | int | float | str):
        return
    from skops.io import dumps, get_untrusted_types, loads  # type: ignore[import-untyped]

    try:
        data = dumps(value)
        loads(data, trusted=get_untrusted_types(data=data))
    except Exception as error:
        remedy = _REMEDIES.get(name.partition("__")[0], "take plain values")
        raise TypeError(
            f"skops can't store {name}={value!r} ({error}): {remedy}; or use cloudpickle"
        ) from error
