"""Hyperparameters as JSON and back: plain values, and a fixed list of Keras's names.

What is in a file is only ever looked up in `_keras_names`; nothing is imported by a name from a
file, and Keras's own deserialisation is not called.
"""

from __future__ import annotations

import math
import random
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from skdnn._engine.backend import load_tensorflow
from skdnn.persistence._keras_names import ACTIVATIONS, INITIALIZERS, OPTIMIZERS, SCHEDULES

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")

# What a file may not hold, and what to do about it.
_REMEDIES = {
    "activation": "take a name of Keras's own activations",
    "kernel_initializer": "take a name or an instance of Keras's own initializers",
    "optimizer": "take one of Keras's own optimizers, with plain numbers as settings",
    "learning_rate": "take a number or one of Keras's own schedules",
    "loss": "take the name of a loss",
    "memory": "call set_params(memory=None): a directory of pickles is not part of a model",
    "random_state": "call set_params(random_state=None) or give an int: going on needs neither",
    "callbacks": "call set_params(callbacks=None): what they did is in the weights",
    "scoring": "call set_params(scoring=...) with the name of a scorer",
}


def encode(name: str, value: Any) -> Any:
    """Encode a hyperparameter as JSON.

    Parameters
    ----------
    name : str
        The hyperparameter's, for messages.
    value : object
        Its value.

    Returns
    -------
    encoded : object
        None, bool, int, float, str, list or dict.

    Raises
    ------
    ValueError
        If a file may not hold it; names the hyperparameter and the remedy.
    """
    try:
        encoded = _encode(value)
        _check_kinds(name, encoded)
        check_value(name, value)
    except ValueError as error:
        raise ValueError(f"can't save {name}={value!r}: {error}; {_remedy(name)}") from None
    return encoded


def decode(name: str, encoded: Any) -> Any:
    """Decode a hyperparameter of a file.

    Parameters
    ----------
    name : str
        The hyperparameter's.
    encoded : object
        From :func:`encode`, or from an attacker.

    Returns
    -------
    value : object

    Raises
    ------
    ValueError
        If :func:`encode` would not write it; names the hyperparameter.
    """
    try:
        _check_kinds(name, encoded)
        value = _decode(encoded)
        check_value(name, value)
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"hyperparameter {name!r}: {error}") from error
    return value


def check_value(name: str, value: Any) -> None:
    """Check a hyperparameter against the rules for files.

    Parameters
    ----------
    name : str
        The hyperparameter's.
    value : object
        Its value.

    Raises
    ------
    ValueError
        If it is a name outside the fixed list, or something that reaches beyond the file.
    """
    if "__" in name:
        parameter, _, setting = name.partition("__")
        valid = parameter == "optimizer" and _IDENTIFIER.fullmatch(setting) is not None
        _require(valid, "only settings of the optimizer can be in a file")
        _require(_is_schedule(value) or _is_plain_number(value), "it is no plain number")
    elif name in ("memory", "callbacks"):
        _require(value is None, "a file holds None here")
    elif name in _NAMES:
        known = _NAMES[name]()
        for each in value if isinstance(value, list | tuple | np.ndarray) else (value,):
            valid = not isinstance(each, str) or each in known
            _require(valid, f"{each!r} is not one of {sorted(known)}")


# The objects of Keras that a hyperparameter may be or, in a sequence, hold.
_KINDS = {
    "activation": {"activation"},
    "kernel_initializer": {"initializer"},
    "learning_rate": {"schedule"},
    "optimizer": {"optimizer", "optimizer_class"},
    "optimizer__learning_rate": {"schedule"},
}


def _check_kinds(name: str, encoded: Any) -> None:
    surplus = set(_keras_kinds(encoded)) - _KINDS.get(name, set())
    _require(not surplus, f"it can't be or hold {' or '.join(sorted(surplus))}")


def _keras_kinds(encoded: Any) -> Iterator[str]:
    if isinstance(encoded, list):
        for each in encoded:
            yield from _keras_kinds(each)
    elif isinstance(encoded, dict):
        for kind, inner in encoded.items():
            if kind in ("tuple", "array", "dict"):
                yield from _keras_kinds(inner)
            elif kind != "settings":
                yield kind


def _optimizer_names() -> set[str]:
    return {encoded for name in OPTIMIZERS for encoded in (name, name.lower())}


def _initializer_names() -> set[str]:
    snake = {re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower() for name in INITIALIZERS}
    return (snake | INITIALIZERS) - {"constant", "Constant"}  # which need a value


def _scorer_names() -> set[str]:
    from sklearn.metrics import get_scorer_names

    return {"loss", *get_scorer_names()}


_NAMES: dict[str, Callable[[], set[str] | frozenset[str]]] = {
    "activation": lambda: ACTIVATIONS,
    "kernel_initializer": _initializer_names,
    "optimizer": _optimizer_names,
    "scoring": _scorer_names,
}


# -- values to JSON -----------------------------------------------------------------------


def _encode(value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or type(value) in (bool, int, str):
        return value
    if type(value) is float:
        _require(math.isfinite(value), "it is not finite")
        return value
    if type(value) is list:
        return [_encode(each) for each in value]
    if type(value) is tuple:
        return {"tuple": [_encode(each) for each in value]}
    if type(value) is dict:
        return {"dict": [[_encode(key), _encode(each)] for key, each in value.items()]}
    if isinstance(value, np.ndarray):
        valid = value.ndim == 1 and value.dtype.kind in "biufU"
        _require(valid, "only arrays of one dimension, of numbers or text, can be saved")
        return {"array": [_encode(each) for each in value]}
    return _encode_keras_object(value)


def _encode_keras_object(value: Any) -> dict[str, Any]:
    keras, name = _keras(), getattr(value, "__name__", None)
    if name in ACTIVATIONS and value is getattr(keras.activations, name):
        return {"activation": name}
    if isinstance(value, type):
        valid = name in OPTIMIZERS and value is getattr(keras.optimizers, name)
        _require(valid, "it is not a class of Keras's optimizers")
        return {"optimizer_class": name}
    for kind, (module, names) in _keras_modules().items():
        cls = type(value)
        if cls.__name__ in names and cls is getattr(module, cls.__name__):
            return {kind: cls.__name__, "settings": _encode_settings(kind, value)}
    raise ValueError(f"an object of type {type(value).__qualname__} is not data")


def _encode_settings(kind: str, value: Any) -> dict[str, Any]:
    config = _arguments(value) if kind == "optimizer" else dict(value.get_config())
    for name, each in config.items():
        config[name] = list(each) if isinstance(each, list) else each  # Keras's own lists
        _check_setting(kind, name, config[name])
    return {name: _encode(each) for name, each in config.items()}


def _arguments(optimizer: Any) -> dict[str, Any]:
    from skdnn._engine.optimizer_copies import (
        constructor_arguments,
        excluded_from_decay,
        schedule_of,
    )

    rate = schedule_of(optimizer)
    _require(rate is None or _is_schedule(rate), "its learning_rate is a function")
    excluded = excluded_from_decay(optimizer)
    _require(excluded is None, f"it excludes {excluded!r} from weight decay")
    return constructor_arguments(optimizer)


def _keras_modules() -> dict[str, tuple[Any, frozenset[str]]]:
    keras = _keras()
    return {
        "optimizer": (keras.optimizers, OPTIMIZERS),
        "schedule": (keras.optimizers.schedules, SCHEDULES),
        "initializer": (keras.initializers, INITIALIZERS),
    }


def _keras() -> Any:
    load_tensorflow()
    import keras

    return keras


# -- JSON to values -----------------------------------------------------------------------


def _decode(encoded: Any) -> Any:
    if isinstance(encoded, list):
        return [_decode(each) for each in encoded]
    if not isinstance(encoded, dict):
        return encoded
    kinds = _DECODERS.keys() & encoded.keys()
    _require(len(kinds) == 1, f"{sorted(encoded)} is no kind of value")
    kind = kinds.pop()
    _require(encoded.keys() <= {kind, "settings"}, f"{sorted(encoded)} is no kind of value")
    return _DECODERS[kind](kind, encoded)


def _decode_tuple(kind: str, encoded: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(_decode(each) for each in _items(kind, encoded))


def _decode_array(kind: str, encoded: dict[str, Any]) -> Any:
    items = _items(kind, encoded)
    valid = all(type(each) in (bool, int, float, str) for each in items)
    valid = valid and all(len(each) <= 64 for each in items if isinstance(each, str))
    _require(valid, "an array holds something else than numbers or short texts")
    return np.array(items)


def _decode_dict(kind: str, encoded: dict[str, Any]) -> dict[Any, Any]:
    pairs = _items(kind, encoded)
    valid = all(isinstance(pair, list) and len(pair) == 2 for pair in pairs)
    _require(valid, "a dict must hold pairs")
    record = {_decode(key): _decode(each) for key, each in pairs}
    _require(len(record) == len(pairs), "a dict holds a key twice")
    return record


def _decode_activation(kind: str, encoded: dict[str, Any]) -> Any:
    return getattr(_keras().activations, _known(kind, encoded, ACTIVATIONS))


def _decode_optimizer_class(kind: str, encoded: dict[str, Any]) -> Any:
    return getattr(_keras().optimizers, _known(kind, encoded, OPTIMIZERS))


def _decode_configured(kind: str, encoded: dict[str, Any]) -> Any:
    module, names = _keras_modules()[kind]
    name, settings = _known(kind, encoded, names), encoded.get("settings")
    _require(isinstance(settings, dict), f"{name} must have settings")
    values = {key: _decode(each) for key, each in (settings or {}).items()}
    for key, value in values.items():
        _check_setting(kind, key, value)
    with _python_random_restored():
        return getattr(module, name)(**values)


_DECODERS: dict[str, Callable[[str, dict[str, Any]], Any]] = {
    "tuple": _decode_tuple,
    "array": _decode_array,
    "dict": _decode_dict,
    "activation": _decode_activation,
    "optimizer_class": _decode_optimizer_class,
    "optimizer": _decode_configured,
    "schedule": _decode_configured,
    "initializer": _decode_configured,
}


def _items(kind: str, encoded: dict[str, Any]) -> list[Any]:
    items = encoded[kind]
    _require(isinstance(items, list) and len(encoded) == 1, f"{kind} must be a list")
    return list(items)


def _known(kind: str, encoded: dict[str, Any], names: frozenset[str]) -> str:
    name = encoded[kind]
    valid = isinstance(name, str) and name in names
    _require(valid, f"{kind} {name!r} is not one of {sorted(names)}")
    return str(name)


@contextmanager
def _python_random_restored() -> Iterator[None]:
    # An initializer without a seed draws one from Python's generator when it is made.
    state = random.getstate()
    try:
        yield
    finally:
        random.setstate(state)


# -- what both directions check -----------------------------------------------------------


def _check_setting(kind: str, name: str, value: Any) -> None:
    _require(_IDENTIFIER.fullmatch(name) is not None, f"{name!r} is no name of a setting")
    valid = _is_plain_number(value)
    if kind == "optimizer" and name == "learning_rate":
        valid = valid or _is_schedule(value)
    if name == "name" or kind == "initializer":  # a label, or one of Keras's words
        valid = valid or (isinstance(value, str) and _IDENTIFIER.fullmatch(value) is not None)
    if kind == "schedule" or value == []:
        valid = valid or (isinstance(value, list) and all(map(_is_plain_number, value)))
    _require(valid, f"its setting {name}={value!r} is no plain number")


def _is_plain_number(value: Any) -> bool:
    return value is None or isinstance(value, bool | int | float | np.number | np.bool_)


def _is_schedule(value: Any) -> bool:
    names = [cls.__name__ for cls in type(value).__mro__]
    return "LearningRateSchedule" in names


def _remedy(name: str) -> str:
    parameter = "optimizer" if name.startswith("optimizer__") else name.partition("__")[0]
    return _REMEDIES.get(parameter, "take plain values")


def _require(valid: bool, message: str) -> None:
    if not valid:
        raise ValueError(message)
