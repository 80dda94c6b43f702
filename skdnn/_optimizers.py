"""What a user calls an optimizer becomes one description that fits can share.

A name, a class or a configured instance, with routed settings or without, is checked here and
split into what a compiled program depends on (class and settings) and what each fit may choose
anew at no cost (a constant learning rate).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
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
    maker : class or instance
        What scikeras builds the optimizer from.
    options : mapping
        Constructor arguments that go with a class.
    """

    key: str
    learning_rate: float | None
    maker: Any = field(compare=False)
    options: Mapping[str, Any] = field(compare=False)

    def make(self) -> Any:
        """Make a new optimizer with all its settings, as a plain Keras user would have it."""
        if not isinstance(self.maker, type):
            return type(self.maker).from_config(self.maker.get_config())
        rate = {} if self.learning_rate is None else {"learning_rate": self.learning_rate}
        return self.maker(**self.options, **rate)


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
    >>> from skdnn._optimizers import choose_optimizer
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


def _from_instance(optimizer: Any) -> OptimizerChoice:
    # The caller's instance is never used: its variables would tie fits together.
    copy = type(optimizer).from_config(optimizer.get_config())
    config = copy.get_config()
    rate = config.pop("learning_rate", None)
    # Keras gives back the float32 nearest to 0.01 as 0.00999999977...: say 0.01 again.
    constant = float(str(np.float32(rate))) if isinstance(rate, Real) else None
    if constant is None:
        config["learning_rate"] = rate
    return OptimizerChoice(_key(type(optimizer), config), constant, copy, {})


def _from_class(cls: type, options: dict[str, Any]) -> OptimizerChoice:
    try:
        # Keras checks names and values in the constructor. The instance also names the
        # settings that were left to their defaults, so that equal choices get equal keys.
        choice = _from_instance(cls(**options))
    except (TypeError, ValueError) as error:
        listed = ", ".join(f"optimizer__{name}={value!r}" for name, value in options.items())
        raise ValueError(
            f"optimizer {cls.__name__} does not take {listed or 'its defaults'}: {error}"
        ) from error
    static = {
        name: value
        for name, value in options.items()
        if name != "learning_rate" or choice.learning_rate is None
    }
    return OptimizerChoice(choice.key, choice.learning_rate, cls, static)


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
    import keras

    # The name is a label that Keras counts up; it changes nothing.
    settings = {name: value for name, value in config.items() if name != "name"}
    text = json.dumps(keras.saving.serialize_keras_object(settings), sort_keys=True)
    return f"{cls.__module__}.{cls.__qualname__} {text}"


def _describe(optimizer: Any) -> str:
    return f"<keras.optimizers.{type(optimizer).__name__} instance>"
