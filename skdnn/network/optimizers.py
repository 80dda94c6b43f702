"""What a user calls an optimizer becomes one description that fits can share.

A name, a class or a configured instance, with routed settings or without, is checked here and
split into what a compiled program depends on (class and settings) and what each fit may choose
anew at no cost (a constant learning rate).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from numbers import Real
from typing import Any

import numpy as np


@dataclass(frozen=True)
class OptimizerChoice:
    """A checked optimizer.

    Parameters
    ----------
    key : str
        Class and settings, without a constant learning rate, as text. Choices with equal
        keys share compiled programs and can continue from each other's state.
    learning_rate : float or None
        Constant learning rate; None leaves the optimizer's own default or schedule.
    template : keras.optimizers.Optimizer
        With the settings; to be read, never to be trained with.
    options : mapping or None
        Constructor arguments that the user gave beside a name or a class; None for an
        instance.
    """

    key: str
    learning_rate: float | None
    template: Any = field(compare=False)
    options: Mapping[str, Any] | None = field(compare=False)

    def make(self) -> Any:
        """Make a new optimizer with all its settings, as a plain Keras user would have it."""
        config = self.template.get_config()
        if self.learning_rate is not None:
            config["learning_rate"] = self.learning_rate
        return type(self.template).from_config(config)


def choose_optimizer(
    optimizer: Any, learning_rate: Any = None, routed: Mapping[str, Any] | None = None
) -> OptimizerChoice:
    """Check an optimizer and its settings.

    Parameters
    ----------
    optimizer : str, class or instance
        Name known to :func:`keras.optimizers.get`, subclass of
        :class:`keras.optimizers.Optimizer`, or an instance of one, which is copied.
    learning_rate : float or LearningRateSchedule, optional
        None leaves the optimizer's own.
    routed : mapping, optional
        Values of ``optimizer__<name>`` parameters, without the prefix.

    Returns
    -------
    choice : OptimizerChoice
        The checked optimizer.

    Raises
    ------
    ValueError
        If the name or a setting is not known, or two parameters set the same thing.
    TypeError
        If `optimizer` is neither name, class nor instance.

    Examples
    --------
    >>> from skdnn.network.optimizers import choose_optimizer
    >>> choose_optimizer("sgd", 0.1, {"momentum": 0.9}).learning_rate
    0.1
    """
    import keras

    routed = dict(routed or {})
    _refuse_contradictions(optimizer, learning_rate, routed)
    if isinstance(optimizer, keras.optimizers.Optimizer):
        return _from_instance(optimizer)
    options = routed if learning_rate is None else {**routed, "learning_rate": learning_rate}
    return _from_class(_optimizer_class(optimizer), options)


def _refuse_contradictions(optimizer: Any, learning_rate: Any, routed: dict[str, Any]) -> None:
    import keras

    if learning_rate is not None and "learning_rate" in routed:
        raise ValueError(
            "set learning_rate or optimizer__learning_rate, not both: got "
            f"learning_rate={learning_rate!r} and "
            f"optimizer__learning_rate={routed['learning_rate']!r}"
        )
    if not isinstance(optimizer, keras.optimizers.Optimizer):
        return
    given = [f"optimizer__{name}={value!r}" for name, value in routed.items()]
    if learning_rate is not None:
        given.insert(0, f"learning_rate={learning_rate!r}")
    if given:
        raise ValueError(
            "an optimizer instance has its settings already; set them on the instance or give "
            f"its class: got optimizer={_describe(optimizer)} beside {', '.join(given)}"
        )


@dataclass(frozen=True)
class _Given:
    """A class and constructor arguments, told apart by their text."""

    cls: type
    text: str
    options: dict[str, Any] = field(compare=False)


# Every optimizer that Keras makes leaves some 70 KiB behind for good: make one for all fits
# that ask for the same.
@lru_cache(maxsize=128)
def _template(given: _Given) -> Any:
    return given.cls(**given.options)


def _from_instance(optimizer: Any, options: dict[str, Any] | None = None) -> OptimizerChoice:
    config = optimizer.get_config()
    rate = config.pop("learning_rate", None)
    # Keras gives back the float32 nearest to 0.01 as 0.00999999977...: say 0.01 again.
    constant = float(str(np.float32(rate))) if isinstance(rate, Real) else None
    if constant is None:
        config["learning_rate"] = rate
    return OptimizerChoice(_key(type(optimizer), config), constant, optimizer, options)


def _from_class(cls: type, options: dict[str, Any]) -> OptimizerChoice:
    rate = options.get("learning_rate")
    static = dict(options)
    if isinstance(rate, Real):
        _check_rate(float(rate))
        del static["learning_rate"]
    try:
        # Keras checks names and values in the constructor. The instance also names the
        # settings that were left to their defaults, so that equal choices get equal keys.
        choice = _from_instance(_template(_Given(cls, _as_text(static), static)), static)
    except (TypeError, ValueError) as error:
        listed = ", ".join(f"optimizer__{name}={value!r}" for name, value in options.items())
        raise ValueError(
            f"optimizer {cls.__name__} does not take {listed or 'its defaults'}: {error}"
        ) from None
    return replace(choice, learning_rate=float(rate)) if isinstance(rate, Real) else choice


def _check_rate(rate: float) -> None:
    if not (0 < rate < float("inf")):
        raise ValueError(f"the learning rate must be a positive number, got {rate!r}")


def _optimizer_class(optimizer: Any) -> type:
    import keras

    if isinstance(optimizer, type) and issubclass(optimizer, keras.optimizers.Optimizer):
        return optimizer
    if not isinstance(optimizer, str):
        raise TypeError(
            "optimizer must be a name, a subclass of keras.optimizers.Optimizer or an instance "
            f"of one, got {optimizer!r}"
        )
    classes = _classes_by_name()
    if optimizer.lower() in classes:
        return classes[optimizer.lower()]
    try:
        return type(keras.optimizers.get(optimizer))  # one that the user registered
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"optimizer must be one of {sorted(classes)}, got {optimizer!r}"
        ) from error


def _classes_by_name() -> dict[str, type]:
    """Find Keras's optimizers; `keras.optimizers.get` itself misses Lamb by its name."""
    import keras

    need_others = {"LossScaleOptimizer", "MultiOptimizer", "Optimizer"}
    return {
        name.lower(): value
        for name, value in vars(keras.optimizers).items()
        if isinstance(value, type)
        and issubclass(value, keras.optimizers.Optimizer)
        and name not in need_others
    }


def _key(cls: type, config: dict[str, Any]) -> str:
    # The name is a label that Keras counts up; it changes nothing.
    settings = {name: value for name, value in config.items() if name != "name"}
    return f"{cls.__module__}.{cls.__qualname__} {_as_text(settings)}"


def _as_text(settings: dict[str, Any]) -> str:
    import keras

    return json.dumps(keras.saving.serialize_keras_object(settings), sort_keys=True)


def _describe(optimizer: Any) -> str:
    return f"<keras.optimizers.{type(optimizer).__name__} instance>"
