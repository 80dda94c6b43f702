"""Copies of optimizers that users configured, without Keras's registry.

Keras copies by a class's registered name and its ``get_config``. Custom optimizers and
schedules often have neither, and Keras trains with them all the same. Here a schedule is passed
on as the object that it is, and an optimizer is its class and constructor arguments.
"""

from __future__ import annotations

import copy
import inspect
from contextlib import suppress
from typing import Any

import keras

from skdnn._engine.backend import float32_by_default

_Schedule = keras.optimizers.schedules.LearningRateSchedule
_COLLECTING = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


def is_keras_class(cls: type) -> bool:
    """Tell whether a class is part of Keras, not a custom one."""
    return cls.__module__.partition(".")[0] == "keras"


def schedule_of(optimizer: keras.optimizers.Optimizer) -> Any:
    """Return the schedule or function that an optimizer takes its learning rate from, or None.

    Keras's public property calls it and gives a number.
    """
    rate = getattr(optimizer, "_learning_rate", None)
    return rate if isinstance(rate, _Schedule) or callable(rate) else None


def with_rate(optimizer: keras.optimizers.Optimizer, rate: Any) -> keras.optimizers.Optimizer:
    """Make a view of an optimizer with another learning rate, to be read, never trained with.

    It shares the variables: each optimizer that Keras makes leaves some 70 KiB behind for good.
    """
    view: keras.optimizers.Optimizer = object.__new__(type(optimizer))
    vars(view).update(vars(optimizer), _learning_rate=rate)
    return view


def constructor_arguments(optimizer: keras.optimizers.Optimizer) -> dict[str, Any]:
    """Return constructor arguments that make an equal optimizer.

    Parameters
    ----------
    optimizer : keras.optimizers.Optimizer
        Read, not changed.

    Returns
    -------
    arguments : dict
        As ``get_config`` gives them, a schedule or function as the object that it is. What
        ``get_config`` of a custom class leaves out is taken from attributes of the arguments'
        names.
    """
    cls, rate = type(optimizer), schedule_of(optimizer)
    read = optimizer if rate is None else with_rate(optimizer, 0.5)  # a rate to be replaced
    try:
        arguments = dict(read.get_config())
    except Exception:
        if is_keras_class(cls):
            raise
        ours: Any = next(each for each in cls.__mro__ if is_keras_class(each))
        arguments = dict(ours.get_config(read))
    for name, value in arguments.items():
        if isinstance(value, list):  # Keras's lists know their owner
            arguments[name] = list(value)
    if rate is not None:
        arguments["learning_rate"] = float_schedule(rate)
    return arguments if is_keras_class(cls) else _completed(optimizer, arguments)


def _completed(optimizer: Any, arguments: dict[str, Any]) -> dict[str, Any]:
    taken = inspect.signature(type(optimizer)).parameters
    named = {name for name, each in taken.items() if each.kind not in _COLLECTING}
    for name in named - arguments.keys():
        if hasattr(optimizer, name):
            value = getattr(optimizer, name)
            is_rate = isinstance(value, keras.Variable)
            arguments[name] = as_float(value.numpy()) if is_rate else value
    if any(each.kind is each.VAR_KEYWORD for each in taken.values()):
        return arguments
    return {name: value for name, value in arguments.items() if name in named}


def copy_optimizer(optimizer: keras.optimizers.Optimizer) -> keras.optimizers.Optimizer:
    """Make an equal optimizer that has not been trained with.

    Parameters
    ----------
    optimizer : keras.optimizers.Optimizer
        Read, not changed.

    Returns
    -------
    optimizer : keras.optimizers.Optimizer
        Of the same class, with the same schedule or function as learning rate.

    Raises
    ------
    TypeError
        If a custom optimizer can't be copied: it has been trained with, and its
        ``get_config`` does not give what its constructor takes.
    """
    cls = type(optimizer)
    if not is_keras_class(cls) and not optimizer.built:
        with suppress(Exception):  # it holds what can't be copied
            return _copy_attributes(optimizer)
    return make_optimizer(cls, constructor_arguments(optimizer), excluded_from_decay(optimizer))


def _copy_attributes(optimizer: Any) -> Any:
    copied = object.__new__(type(optimizer))
    shared = [optimizer._distribution_strategy, schedule_of(optimizer)]
    memo: dict[int, Any] = {id(each): each for each in shared if each is not None}
    memo[id(optimizer)] = copied
    vars(copied).update(copy.deepcopy(vars(optimizer), memo))
    return copied


def make_optimizer(cls: Any, arguments: dict[str, Any], excluded: str | None = None) -> Any:
    """Make an optimizer of a class, of `constructor_arguments` and `excluded_from_decay`."""
    try:
        with float32_by_default():
            optimizer = cls.from_config(dict(arguments))
    except TypeError as error:
        if is_keras_class(cls):
            raise
        raise TypeError(
            f"optimizer {cls.__name__} can't be made anew from its get_config: {error}. Let "
            "get_config return all that the constructor takes, or give an instance that has "
            "not been trained with"
        ) from error
    if excluded is not None:
        optimizer.exclude_from_weight_decay(var_names=[excluded])
    return optimizer


def excluded_from_decay(optimizer: keras.optimizers.Optimizer) -> str | None:
    """Return the pattern given to ``exclude_from_weight_decay``, which no config holds."""
    if getattr(optimizer, "_exclude_from_weight_decay", None):
        raise ValueError(
            f"optimizer {type(optimizer).__name__} excludes variables of another network from "
            "weight decay: call exclude_from_weight_decay with var_names in place of var_list"
        )
    pattern = getattr(optimizer, "_exclude_from_weight_decay_pattern", None)
    return None if pattern is None else "|".join(sorted(pattern.pattern.split("|")))


def float_schedule(rate: Any) -> Any:
    """Copy a schedule of Keras with floats for ints; return anything else as it is.

    Keras computes in the type of the initial rate: ``ExponentialDecay(1, 10, 0.9)`` is 0 from
    its second step on.
    """
    if not is_keras_class(type(rate)) or not isinstance(rate, _Schedule):
        return rate
    config = {name: _as_floats(name, value) for name, value in rate.get_config().items()}
    return type(rate).from_config(config)


def _as_floats(name: str, value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_as_floats(name, each) for each in value]
    if isinstance(value, bool | str) or value is None:
        return value
    if name.endswith("steps") or name == "boundaries":
        return int(value) if value == int(value) else float(value)
    return as_float(value)


def as_float(number: Any) -> float:
    """Return a number as Python's float; 0.1 for ``np.float32(0.1)``, to which it rounds."""
    return float(str(number)) if hasattr(number, "dtype") else float(number)


# -- deepcopy, pickle and skops -----------------------------------------------------------


def make_copyable() -> None:
    """Let ``copy.deepcopy``, pickle and skops take any optimizer.

    scikit-learn copies the values of a grid by ``copy.deepcopy``, out of any estimator's sight.
    scikeras, as it is imported, gives ``keras.optimizers.Optimizer`` a ``__reduce__`` that goes
    through Keras's registry; these stand in its place.
    """
    optimizer: Any = keras.optimizers.Optimizer
    if vars(optimizer).get("__reduce__") is not _constructor_call:
        optimizer.__deepcopy__ = _deepcopy
        optimizer.__reduce_ex__ = _reduce_ex
        optimizer.__reduce__ = _constructor_call


def _deepcopy(optimizer: Any, memo: dict[int, Any]) -> Any:
    copied, rate = copy_optimizer(optimizer), schedule_of(optimizer)
    if rate is not None and not is_keras_class(type(rate)):
        with suppress(Exception):  # it holds what can't be copied, such as a lock: share it
            copied.learning_rate = copy.deepcopy(rate, memo)
    memo[id(optimizer)] = copied
    return copied


def _reduce_ex(optimizer: Any, protocol: Any) -> Any:  # noqa: ARG001
    cls: Any = type(optimizer)
    if cls.__reduce__ is not _constructor_call:  # a custom method
        return optimizer.__reduce__()
    # What Keras itself can copy is to be read where there is no skdnn.
    known_to_keras = is_keras_class(cls) and is_keras_class(type(schedule_of(optimizer) or cls))
    call = _in_order(optimizer) if known_to_keras else None
    return _reduce_by_arguments(optimizer) if call is None else (cls, call)


def _reduce_by_arguments(optimizer: Any) -> Any:
    cls, arguments = type(optimizer), constructor_arguments(optimizer)
    try:
        inspect.signature(cls).bind(**arguments)
    except TypeError as error:  # now, not when the pickle is read
        raise TypeError(
            f"optimizer {cls.__name__} can't be written to a pickle: it is made anew by its "
            f"constructor, and get_config leaves arguments out ({error})"
        ) from error
    return remade, (cls, arguments, excluded_from_decay(optimizer))


def remade(cls: Any, arguments: dict[str, Any], excluded: str | None) -> Any:
    """Make the optimizer of a pickle, which can be copied further in a new process."""
    make_copyable()
    return make_optimizer(cls, arguments, excluded)


def _constructor_call(optimizer: Any) -> Any:
    """Return the class and its arguments in order: the one form that skops can store."""
    call = _in_order(optimizer)
    if call is None:
        raise TypeError(
            f"skops can't store the optimizer {type(optimizer).__name__}, which is more than "
            "its class and the arguments of its constructor: give the class, with "
            "optimizer__<setting> beside it"
        )
    return type(optimizer), call


def _in_order(optimizer: Any) -> tuple[Any, ...] | None:
    arguments, names = constructor_arguments(optimizer), list[str]()
    for name, each in inspect.signature(type(optimizer)).parameters.items():
        if each.kind is not each.POSITIONAL_OR_KEYWORD or name not in arguments:
            break
        names.append(name)
    if excluded_from_decay(optimizer) is not None or set(names) != set(arguments):
        return None
    return tuple(arguments[name] for name in names)
