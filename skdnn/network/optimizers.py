"""The hyperparameter `optimizer` becomes one description that fits can share.

A name, a class or a configured instance, with routed settings or without, is checked here and
split into what a compiled program depends on (class and settings) and what each fit may choose
at no cost (a constant learning rate).
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np

from skdnn._engine.backend import float32_by_default, load_tensorflow
from skdnn.network.optimizer_settings import as_number, convert_settings, normalized_settings


@dataclass(frozen=True)
class OptimizerSpec:
    """A validated optimizer.

    Parameters
    ----------
    key : str
        Class and settings, without a constant learning rate, as text. Specs with equal
        keys can continue from each other's state. Where `custom_code` is empty, it says all
        that a compiled program depends on.
    learning_rate : float or None
        Constant learning rate; None leaves the optimizer's own default or schedule.
    custom_classes : tuple of type
        Custom classes: one that was edited and defined again is another.
    template : keras.optimizers.Optimizer
        With the settings; to be read, never to be trained with.
    options : mapping or None
        Constructor arguments that the user gave beside a name or a class; None for an
        instance.
    """

    key: str
    learning_rate: float | None
    custom_classes: tuple[type, ...]
    template: Any = field(compare=False)
    options: Mapping[str, Any] | None = field(compare=False)

    @property
    def schedule(self) -> Any:
        """Return the learning-rate schedule if it is a custom one.

        Returns
        -------
        schedule : keras.optimizers.schedules.LearningRateSchedule or None
            The object itself; no text says what it does.
        """
        rate = self._custom_rate
        return None if rate is None or inspect.isroutine(rate) else rate

    @property
    def custom_code(self) -> tuple[Any, ...]:
        """Return the custom objects that decide a training: a class, a schedule, a function."""
        cls, rate = type(self.template), self._custom_rate
        return (*_custom_classes(cls), *(() if rate is None else (rate,)))

    @property
    def _custom_rate(self) -> Any:
        from skdnn._engine.optimizer_copies import is_keras_class, schedule_of

        rate = schedule_of(self.template)
        return None if rate is None or is_keras_class(type(rate)) else rate

    def make(self) -> Any:
        """Make a new optimizer with all its settings, as a plain Keras user would have it."""
        from skdnn._engine.optimizer_copies import copy_optimizer

        optimizer = copy_optimizer(self.template)
        if self.learning_rate is not None:
            optimizer.learning_rate = self.learning_rate
        return optimizer


def validate_optimizer(
    optimizer: Any, learning_rate: Any = None, routed: Mapping[str, Any] | None = None
) -> OptimizerSpec:
    """Validate an optimizer and its settings.

    Parameters
    ----------
    optimizer : str, class or instance
        Name known to :func:`keras.optimizers.get`, subclass of
        :class:`keras.optimizers.Optimizer`, or an instance of one, which is copied.
    learning_rate : float, LearningRateSchedule or function, optional
        None leaves the optimizer's own. A function takes no arguments, as Keras calls it.
    routed : mapping, optional
        Values of ``optimizer__<name>`` parameters, without the prefix.

    Returns
    -------
    spec : OptimizerSpec
        The validated optimizer.

    Raises
    ------
    ValueError
        If the name or a setting is not known, or two parameters set the same thing.
    TypeError
        If `optimizer` is neither name, class nor instance.

    Examples
    --------
    >>> from skdnn.network.optimizers import validate_optimizer
    >>> validate_optimizer("sgd", 0.1, {"momentum": 0.9}).learning_rate
    0.1
    """
    load_tensorflow()
    import keras

    from skdnn._engine.optimizer_copies import make_copyable

    make_copyable()
    routed = dict(routed or {})
    _check_combinations(optimizer, learning_rate, routed)
    if isinstance(optimizer, keras.optimizers.Optimizer):
        return _from_instance(optimizer)
    cls = _optimizer_class(optimizer)
    label = "learning_rate" if learning_rate is not None else "optimizer__learning_rate"
    rate = routed.pop("learning_rate", learning_rate)
    return _from_class(cls, convert_settings(cls, routed), _validate_rate(label, rate))


def _check_combinations(optimizer: Any, learning_rate: Any, routed: dict[str, Any]) -> None:
    import keras

    if learning_rate is not None and "learning_rate" in routed:
        raise ValueError(
            "set learning_rate or optimizer__learning_rate, not both: got "
            f"learning_rate={learning_rate!r} and "
            f"optimizer__learning_rate={routed['learning_rate']!r}"
        )
    if not isinstance(optimizer, keras.optimizers.Optimizer):
        return
    conflicting = [f"optimizer__{name}={value!r}" for name, value in routed.items()]
    if learning_rate is not None:
        conflicting.insert(0, f"learning_rate={learning_rate!r}")
    if conflicting:
        raise ValueError(
            "an optimizer instance has its settings already; set them on the instance or give "
            f"its class: got optimizer={_describe(optimizer)} beside {', '.join(conflicting)}"
        )


@dataclass(frozen=True)
class _OptimizerConfig:
    """A class and constructor arguments, compared by their text."""

    cls: type
    text: str
    options: dict[str, Any] = field(compare=False)


def _from_class(cls: type, settings: dict[str, Any], rate: Any) -> OptimizerSpec:
    from skdnn._engine.optimizer_copies import with_rate

    constant = rate is None or isinstance(rate, float)
    options = settings if constant else {**settings, "learning_rate": rate}
    try:
        # Keras checks names and values in the constructor. The instance also names the
        # settings that were left to their defaults, so that equal optimizers get equal keys.
        template = _template_of(cls, settings)
    except (TypeError, ValueError) as error:
        listed = ", ".join(f"optimizer__{name}={value!r}" for name, value in options.items())
        raise ValueError(
            f"optimizer {cls.__name__} does not take {listed or 'its defaults'}: {error}"
        ) from None
    if not constant:
        template = with_rate(template, rate)
    return _spec(template, options, rate if isinstance(rate, float) else None)


def _template_of(cls: type, settings: dict[str, Any]) -> Any:
    plain = all(value is None or type(value) in _PLAIN for value in settings.values())
    if plain and not _custom_classes(cls):
        return _template(_OptimizerConfig(cls, _as_text(settings), settings))
    with float32_by_default():
        return cls(**settings)


_PLAIN = (bool, float, int, str)


# Every optimizer that Keras makes leaves some 70 KiB behind for good: make one for all fits
# that ask for the same. A custom class or object may have changed since.
@lru_cache(maxsize=128)
def _template(config: _OptimizerConfig) -> Any:
    with float32_by_default():
        return config.cls(**config.options)


def _from_instance(optimizer: Any) -> OptimizerSpec:
    try:
        return _spec(optimizer, None, None)
    except (NotImplementedError, TypeError, ValueError) as error:
        raise ValueError(
            f"optimizer={_describe(optimizer)} can't be copied for each fit: {error}"
        ) from error


def _spec(template: Any, options: dict[str, Any] | None, rate: float | None) -> OptimizerSpec:
    """Describe an optimizer; `rate` replaces a constant learning rate of its own."""
    from skdnn._engine.optimizer_copies import (
        constructor_arguments,
        excluded_from_decay,
        schedule_of,
    )

    cls, changing = type(template), schedule_of(template)
    config = constructor_arguments(template)
    own_rate = config.pop("learning_rate", None)
    if changing is not None:
        rate, config["learning_rate"] = None, own_rate
    elif rate is None and isinstance(own_rate, float | int):
        # Keras gives back the float32 nearest to 0.01 as 0.00999999977...: say 0.01 again.
        rate = float(str(np.float32(own_rate)))
    excluded = excluded_from_decay(template)
    if excluded is not None:
        config["excluded from weight decay"] = excluded
    classes = (
        *_custom_classes(cls),
        *(() if changing is None else _custom_classes(type(changing))),
    )
    return OptimizerSpec(_key(cls, config), rate, classes, template, options)


def _custom_classes(cls: type) -> tuple[type, ...]:
    from skdnn._engine.optimizer_copies import is_keras_class

    return () if is_keras_class(cls) else (cls,)


def _validate_rate(label: str, rate: Any) -> Any:
    """Return a float, a schedule, a function or None."""
    import keras

    from skdnn._engine.optimizer_copies import float_schedule

    if rate is None or isinstance(rate, keras.optimizers.schedules.LearningRateSchedule):
        return float_schedule(rate)
    if callable(rate) and not isinstance(rate, type):
        _check_takes_nothing(label, rate)
        return rate
    number = as_number(rate)
    if number is None:
        raise ValueError(
            f"{label} must be a number, an instance of "
            "keras.optimizers.schedules.LearningRateSchedule or a function, got "
            f"{rate!r}"
        )
    if not (0 < number < float("inf")):
        raise ValueError(f"the learning rate must be a positive number, got {label}={rate!r}")
    return float(number)


def _check_takes_nothing(label: str, function: Any) -> None:
    try:
        inspect.signature(function).bind()
    except TypeError:
        raise ValueError(
            f"{label} must be a function without arguments, as Keras calls it, got "
            f"{function!r}; for a function of the step write a subclass of "
            "keras.optimizers.schedules.LearningRateSchedule"
        ) from None
    except ValueError:  # built in: it does not say
        return


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
    text = _as_text(normalized_settings(cls, settings))
    return f"{cls.__module__}.{cls.__qualname__} {text}"


def _as_text(settings: dict[str, Any]) -> str:
    return json.dumps(_plain(settings), sort_keys=True)


def _plain(value: Any) -> Any:
    """Write a setting as JSON; a custom object by where it is defined."""
    import keras

    from skdnn._engine.optimizer_copies import is_keras_class

    if value is None or type(value) in _PLAIN:
        return value
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if is_keras_class(type(value)):
        try:
            return keras.saving.serialize_keras_object(value)
        except (NotImplementedError, TypeError, ValueError):
            pass
    return _where_defined(value)


def _where_defined(value: Any) -> dict[str, Any]:
    named = value if hasattr(value, "__qualname__") else type(value)
    config: Any = None
    try:
        config = _plain(value.get_config())
    except Exception:  # a custom get_config may be missing, or raise anything
        config = None
    return {"module": named.__module__, "qualname": named.__qualname__, "config": config}


def _describe(optimizer: Any) -> str:
    return f"<keras.optimizers.{type(optimizer).__name__} instance>"
