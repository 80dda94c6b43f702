"""Any Keras optimizer's own update rule as a pure function."""

from __future__ import annotations

from typing import Any

import keras

# Keras's TensorFlow optimizers put a tf.distribute layer in front of the backend-neutral rule.
# `stateless_apply` is public and works on TensorFlow tensors: only that layer refuses it.
_DISTRIBUTION_LAYER = next(
    cls for cls in keras.optimizers.Optimizer.__mro__ if cls.__name__ == "TFOptimizer"
)

# Held to Keras's own results by a test. A class outside may keep state of its own beside its
# variables, as ScheduleFreeAdamW does, and would be trained wrongly without a word.
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
    """A metaclass may choose the method resolution order: leave the layer out."""

    def mro(cls) -> list[type]:
        return [each for each in super().mro() if each is not _DISTRIBUTION_LAYER]


def stateless(optimizer: keras.optimizers.Optimizer) -> Any:
    """Copy an optimizer into one whose ``stateless_apply`` works under TensorFlow.

    Parameters
    ----------
    optimizer : keras.optimizers.Optimizer
        Any optimizer; it is read, not changed.

    Returns
    -------
    optimizer : keras.optimizers.Optimizer
        Of a subclass without the distribution layer, unbuilt, with the same configuration.

    Raises
    ------
    ValueError
        If the update branches on its own counter (`use_ema`, `gradient_accumulation_steps`)
        or wraps another optimizer, or the class is not one of those tested: part of the
        update would be lost without a word.
    """
    reason = _reason_to_refuse(optimizer)
    if reason is not None:
        raise ValueError(
            f"optimizer {type(optimizer).__name__} can't be trained with {reason}: its update "
            "can't be compiled as a pure function"
        )
    cls = type(optimizer)
    bare: Any = _WithoutDistribution(cls.__name__, (cls,), {})
    return bare.from_config(optimizer.get_config())


def _reason_to_refuse(optimizer: keras.optimizers.Optimizer) -> str | None:
    if optimizer.use_ema:
        return "use_ema=True"
    if optimizer.gradient_accumulation_steps:
        return f"gradient_accumulation_steps={optimizer.gradient_accumulation_steps}"
    if (
        isinstance(optimizer, keras.optimizers.LossScaleOptimizer)
        or optimizer.loss_scale_factor
    ):
        return "loss scaling"
    if type(optimizer) not in _TESTED:
        return "its own kind of update"
    return None
