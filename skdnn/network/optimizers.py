"""What a user calls an optimizer becomes one description that fits can share.

A name, a class or a configured instance, with routed settings or without, is checked here and
split into what a compiled program depends on (class and settings) and what each fit may choose
anew at no cost (a constant learning rate).
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
from skdnn.network.optimizer_settings import as_keras_takes_them, as_number, without_spelling


@dataclass(frozen=True)
class OptimizerChoice:
    """A checked optimizer.

    Parameters
    ----------
    key : str
        Class and settings, without a constant learning rate, as text. Choices with equal
        keys can continue from each other's state. Where `own_code` is empty, it says all
        that a compiled program depends on.
    learning_rate : float or None
        Constant learning rate; None leaves the optimizer's own default or schedule.
    own_classes : tuple of type
        Classes that are not Keras's: one that was edited and defined again is another.
    template : keras.optimizers.Optimizer
        With the settings; to be read, never to be trained with.
    options : mapping or None
        Constructor arguments that the user gave beside a name or a class; None for an
        instance.
    """

    key: str
    learning_rate: float | None
    own_classes: tuple[type, ...]
    template: Any = field(compare=False)
    options: Mapping[str, Any] | None = field(compare=False)

    @property
    def schedule(self) -> Any:
        """Return the schedule of the learning rate where it is one of the user's own.

        Returns
        -------
        schedule : keras.optimizers.schedules.LearningRateSchedule or None
            The object itself; no text says what it does.
        """
        rate = self._own_rate
        return None if rate is None or inspect.isroutine(rate) else rate

    @property
    def own_code(self) -> tuple[Any, ...]:
        """Return what of the user's own decides a training: a class, a schedule, a function."""
        cls, rate = type(self.template), self._own_rate
        return (*_own(cls), *(() if rate is None else (rate,)))

    @property
    def _own_rate(self) -> Any:
        from skdnn._engine.optimizer_copies import is_keras_own, rate_of

        rate = rate_of(self.template)
        return None if rate is None or is_keras_own(type(rate)) else rate

    def make(self) -> Any:
        """Make a new optimizer with all its settings, as a plain Keras user would have it."""
        from skdnn._engine.optimizer_copies import copied

        optimizer = copied(self.template)
        if self.learning_rate is not None:
            optimizer.learning_rate = self.learning_rate
        return optimizer


def validate_optimizer(
    optimizer: Any, learning_rate: Any = None, routed: Mapping[str, Any] | None = None
) -> OptimizerChoice:
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
    return _from_class(cls, as_keras_takes_them(cls, routed), _validate_rate(label, rate))


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


def _from_class(cls: type, settings: dict[str, Any], rate: Any) -> OptimizerChoice:
    from skdnn._engine.optimizer_copies import with_rate

    constant = rate is None or isinstance(rate, float)
    options = settings if constant else {**settings, "learning_rate": rate}
    try:
        # Keras checks names and values in the constructor. The instance also names the
        # settings that were left to their defaults, so that equal choices get equal keys.
        template = _template_of(cls, settings)
    except (TypeError, ValueError) as error:
        listed = ", ".join(f"optimizer__{name}={value!r}" for name, value in options.items())
        raise ValueError(
            f"optimizer {cls.__name__} does not take {listed or 'its defaults'}: {error}"
        ) from None
    if not constant:
        template = with_rate(template, rate)
    return _choice(template, options, rate if isinstance(rate, float) else None)


def _template_of(cls: type, settings: dict[str, Any]) -> Any:
    plain = all(value is None or type(value) in _PLAIN for value in settings.values())
    if plain and not _own(cls):
        return _template(_Given(cls, _as_text(settings), settings))
    with float32_by_default():
        return cls(**settings)


_PLAIN = (bool, float, int, str)


# Every optimizer that Keras makes leaves some 70 KiB behind for good: make one for all fits
# that ask for the same. A class or an object of the user's own may have changed since.
@lru_cache(maxsize=128)
def _template(given: _Given) -> Any:
    with float32_by_default():
        return given.cls(**given.options)


def _from_instance(optimizer: Any) -> OptimizerChoice:
    try:
        return _choice(optimizer, None, None)
    except (NotImplementedError, TypeError, ValueError) as error:
        raise ValueError(
            f"optimizer={_describe(optimizer)} can't be copied for each fit: {error}"
        ) from error


def _choice(
    template: Any, options: dict[str, Any] | None, rate: float | None
) -> OptimizerChoice:
    """Describe an optimizer; `rate` replaces a constant learning rate of its own."""
    from skdnn._engine.optimizer_copies import arguments_of, excluded_from_decay, rate_of

    cls, changing = type(template), rate_of(template)
    config = arguments_of(template)
    own_rate = config.pop("learning_rate", None)
    if changing is not None:
        rate, config["learning_rate"] = None, own_rate
    elif rate is None and isinstance(own_rate, float | int):
        # Keras gives back the float32 nearest to 0.01 as 0.00999999977...: say 0.01 again.
        rate = float(str(np.float32(own_rate)))
    excluded = excluded_from_decay(template)
    if excluded is not None:
        config["excluded from weight decay"] = excluded
    classes = (*_own(cls), *(() if changing is None else _own(type(changing))))
    return OptimizerChoice(_key(cls, config), rate, classes, template, options)


def _own(cls: type) -> tuple[type, ...]:
    from skdnn._engine.optimizer_copies import is_keras_own

    return () if is_keras_own(cls) else (cls,)


def _validate_rate(label: str, rate: Any) -> Any:
    """Return a float, a schedule, a function or None."""
    import keras

    from skdnn._engine.optimizer_copies import schedule_in_floats

    if rate is None or isinstance(rate, keras.optimizers.schedules.LearningRateSchedule):
        return schedule_in_floats(rate)
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
    text = _as_text(without_spelling(cls, settings))
    return f"{cls.__module__}.{cls.__qualname__} {text}"


def _as_text(settings: dict[str, Any]) -> str:
    return json.dumps(_plain(settings), sort_keys=True)


def _plain(value: Any) -> Any:
    """Say in JSON what a setting is; of the user's own objects where they are defined."""
    import keras

    from skdnn._engine.optimizer_copies import is_keras_own

    if value is None or type(value) in _PLAIN:
        return value
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if is_keras_own(type(value)):
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
    except Exception:  # of one's own: it may be missing, or raise anything
        config = None
    return {"module": named.__module__, "qualname": named.__qualname__, "config": config}


def _describe(optimizer: Any) -> str:
    return f"<keras.optimizers.{type(optimizer).__name__} instance>"
