"""Settings of Keras's optimizers: the type of each, by its default in Keras.

Keras takes 0.0 where it refuses 0 or goes wrong with it, and fails late and without a name on
what is no number. Here a number of any kind becomes the one that Keras wants, and what can only
be a mistake is refused by name.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from functools import lru_cache
from numbers import Real
from typing import Any

import numpy as np

from skdnn._engine.backend import load_tensorflow

_COUNT = re.compile(r"_(steps|frequency)$")
_SHARE = re.compile(r"(beta_[12]|rho|momentum)$")


def convert_settings(cls: type, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Convert settings to the types that Keras's constructors take; leave others as they are.

    Parameters
    ----------
    cls : type
        Subclass of :class:`keras.optimizers.Optimizer`.
    settings : mapping
        Constructor arguments, without the learning rate.

    Returns
    -------
    settings : dict
        With a float for any number, an int for a count and a bool for a flag.

    Raises
    ------
    ValueError
        If a value is of another kind, or beyond what it can mean; names the setting.
    """
    return {name: _converted(cls, name, value) for name, value in settings.items()}


def normalized_settings(cls: type, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Normalize numbers, so that equal settings are written alike.

    Parameters
    ----------
    cls : type
        Subclass of :class:`keras.optimizers.Optimizer`.
    settings : mapping
        As an optimizer has them.

    Returns
    -------
    settings : dict
    """
    defaults = _keras_defaults(_keras_class(cls))

    def spelled(name: str, value: Any) -> Any:
        default = defaults.get(name)
        if _is_number(default) and _is_number(value) and value == default:
            return default
        try:
            return _converted(cls, name, value)
        except ValueError:  # an instance that Keras took: it has its reasons
            return value

    return {name: spelled(name, value) for name, value in settings.items()}


def as_number(value: Any) -> float | int | None:
    """Return a number of any kind as Python's, or None for anything else.

    Parameters
    ----------
    value : object
        Python's, NumPy's, an array of no dimension, a fraction.

    Returns
    -------
    number : float, int or None
        ``0.1`` for ``np.float32(0.1)``, to which it rounds. None for a bool too.
    """
    from skdnn._engine.optimizer_copies import as_float

    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value[()]
    if not _is_number(value):
        return None
    return int(value) if isinstance(value, int | np.integer) else as_float(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def _converted(cls: type, name: str, value: Any) -> Any:
    ours = _keras_class(cls)
    defaults, common = _keras_defaults(ours), _keras_defaults(_optimizer())
    if name not in defaults or name == "name":
        return value
    default = defaults[name]
    optional = common.get(name, default) is None
    if value is None and (optional or default is None):
        return None
    if isinstance(default, bool):
        return _flag(name, value)
    if default is None and name not in common:  # such as names of layers
        return value
    number = as_number(value)
    if number is None:
        _raise(name, "a number or None" if optional else "a number", value)
    return _validate_number(name, number, default)


def _validate_number(name: str, number: Any, default: Any) -> float | int:
    if not abs(number) < float("inf"):
        _raise(name, "a finite number", number)
    if number < 0 and (default is None or default >= 0):
        _raise(name, "a number from 0", number)
    if _SHARE.search(name) and number > 1:
        _raise(name, "a number from 0 to 1", number)
    if not _COUNT.search(name):
        return float(number)
    if number != int(number):
        _raise(name, "a whole number", number)
    return int(number)


def _flag(name: str, value: Any) -> bool:
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value[()]
    if not (isinstance(value, bool | np.bool_) or (_is_number(value) and value in (0, 1))):
        _raise(name, "True or False", value)
    return bool(value)


def _raise(name: str, rule: str, value: Any) -> None:
    raise ValueError(f"optimizer__{name} must be {rule}, got {value!r}")


def _optimizer() -> type:
    load_tensorflow()
    import keras

    optimizer: type = keras.optimizers.Optimizer
    return optimizer


def _keras_class(cls: type) -> type:
    from skdnn._engine.optimizer_copies import is_keras_class

    return next(each for each in cls.__mro__ if is_keras_class(each))


@lru_cache(maxsize=64)
def _keras_defaults(cls: type) -> dict[str, Any]:
    """Return the defaults of a Keras class's arguments, those of its bases included."""
    return {
        name: parameter.default
        for each in reversed(cls.__mro__)
        if "__init__" in vars(each) and each is not object
        for name, parameter in inspect.signature(each).parameters.items()
        if parameter.default is not parameter.empty
    }
