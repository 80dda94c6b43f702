"""The update rule of a Keras optimizer as a pure function."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from skdnn._engine.functions import SideEffectError, schedule_key
from skdnn._engine.optimizer_copies import (
    constructor_arguments,
    excluded_from_decay,
    is_keras_class,
    make_optimizer,
    schedule_of,
)

# Keras's TensorFlow optimizers put a tf.distribute layer in front of the backend-neutral rule.
# `apply` is public and works on TensorFlow tensors: only that layer refuses it.
_DISTRIBUTION_LAYER = next(
    cls for cls in keras.optimizers.Optimizer.__mro__ if cls.__name__ == "TFOptimizer"
)

# Compared with Keras's results by tests. Other classes may keep state outside of their
# variables, as ScheduleFreeAdamW does.
_TESTED = frozenset(
    {
        keras.optimizers.Adadelta,
        keras.optimizers.Adafactor,
        keras.optimizers.Adagrad,
        keras.optimizers.Adam,
        keras.optimizers.AdamW,
        keras.optimizers.Adamax,
        keras.optimizers.Ftrl,
        keras.optimizers.Lamb,
        keras.optimizers.Lion,
        keras.optimizers.Muon,
        keras.optimizers.Nadam,
        keras.optimizers.RMSprop,
        keras.optimizers.SGD,
    }
)


class _WithoutDistribution(type):
    """A metaclass that leaves the layer out of the method resolution order."""

    def mro(cls) -> list[type]:
        return [each for each in super().mro() if each is not _DISTRIBUTION_LAYER]


def stateless(optimizer: keras.optimizers.Optimizer) -> Any:
    """Copy an optimizer into one whose ``apply`` works on TensorFlow's tensors.

    Parameters
    ----------
    optimizer : keras.optimizers.Optimizer
        Any optimizer; it is read, not changed.

    Returns
    -------
    optimizer : keras.optimizers.Optimizer
        Of a subclass without the distribution layer, unbuilt, with the same configuration.
    """
    cls = type(optimizer)
    bare: Any = _WithoutDistribution(cls.__name__, (cls,), {})
    return make_optimizer(bare, constructor_arguments(optimizer))


def apply_gradients(
    optimizer: Any,
    placeholders: Sequence[keras.Variable],
    weights: Sequence[tf.Tensor],
    slots: Sequence[tf.Tensor],
    gradients: Sequence[tf.Tensor],
) -> tuple[list[tf.Tensor], list[tf.Tensor]]:
    """Update weights and slots by an optimizer's rule.

    Parameters
    ----------
    optimizer : keras.optimizers.Optimizer
        From `stateless`, built for the placeholders.
    placeholders : sequence of keras.Variable
        One for each weight.
    weights, slots, gradients : sequence of Tensor
        Unlike in Keras's ``stateless_apply``, dimensions may be unknown.

    Returns
    -------
    weights, slots : list of Tensor
        After the step.
    """
    variables = [*placeholders, *optimizer.variables]
    with keras.StatelessScope() as scope:
        for variable, value in zip(variables, [*weights, *slots], strict=True):
            variable.assign(value)
        optimizer.apply(gradients)
    changed = [scope.get_current_value(variable) for variable in variables]
    return changed[: len(placeholders)], changed[len(placeholders) :]


def reason_not_to_fuse(optimizer: keras.optimizers.Optimizer) -> str | None:
    """Return why an optimizer's update can't be compiled as a pure function.

    Parameters
    ----------
    optimizer : keras.optimizers.Optimizer
        Read, not changed.

    Returns
    -------
    reason : str or None
        None if it can. Averages of weights (`use_ema`) and accumulated gradients branch on
        the optimizer's own counter, and those updates would be lost silently; classes that
        are not tested may keep state outside of their variables. So may a custom schedule; it
        can be compiled if it is a function of the step alone.

    Raises
    ------
    ValueError
        If the schedule fails when it is called with a step, which Keras does too.
    """
    name = type(optimizer).__name__
    if optimizer.use_ema:
        return f"optimizer {name} has use_ema=True"
    if optimizer.gradient_accumulation_steps:
        steps = optimizer.gradient_accumulation_steps
        return f"optimizer {name} has gradient_accumulation_steps={steps}"
    if optimizer.loss_scale_factor:
        return f"optimizer {name} has loss_scale_factor={optimizer.loss_scale_factor}"
    if excluded_from_decay(optimizer) is not None:  # by names that Keras gives TensorFlow's
        return f"optimizer {name} excludes variables from weight decay by their names"
    if type(optimizer) not in _TESTED:
        return f"optimizer {name} is not one of those that are tested as a pure function"
    return _reason_not_to_fuse_rate(schedule_of(optimizer))


def _reason_not_to_fuse_rate(rate: Any) -> str | None:
    if rate is None or is_keras_class(type(rate)):
        return None
    if not isinstance(rate, keras.optimizers.schedules.LearningRateSchedule):
        return "the learning rate is a function of your own"
    name = type(rate).__name__
    if tf.config.functions_run_eagerly():
        return f"schedule {name} runs eagerly"
    try:
        reads = schedule_key(rate).variables
    except SideEffectError:
        reads = (0,)
    return f"schedule {name} depends on more than the step" if reads else None
