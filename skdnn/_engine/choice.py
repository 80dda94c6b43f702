"""Which engine trains a fit, and why."""

from __future__ import annotations

from collections.abc import Sequence

import keras

from skdnn._engine.overridden import hooks_on_batches
from skdnn._engine.stateless import reason_not_to_fuse

_ROUNDED_AWAY = 1e-6


def choose_engine(
    wanted: str,
    optimizer: keras.optimizers.Optimizer,
    callbacks: Sequence[keras.callbacks.Callback],
    validation: bool = False,
    normalizes: bool = False,
) -> tuple[str, str]:
    """Choose the engine.

    Parameters
    ----------
    wanted : {"auto", "fused", "keras"}
        What the user asked for.
    optimizer : keras.optimizers.Optimizer
        Read, not changed.
    callbacks : sequence of keras.callbacks.Callback
        Read, not called.
    validation : bool, default=False
        Whether there are validation rows.
    normalizes : bool, default=False
        Whether the network has batch normalisation.

    Returns
    -------
    engine : {"fused", "keras"}
        The fused engine wherever it trains the same network.
    why : str
        The reason, for the log.

    Raises
    ------
    ValueError
        If the fused engine was asked for and would not train right.
    """
    obstacle = (
        reason_not_to_fuse(optimizer)
        or _batch_hooks(callbacks, validation)
        or (_masked_by_epsilon() if normalizes else None)
    )
    if wanted == "keras":
        return "keras", "as asked"
    if obstacle is None:
        return "fused", "as asked" if wanted == "fused" else "nothing needs single batches"
    if wanted == "fused":
        raise not_fused(obstacle)
    return "keras", obstacle


def not_fused(obstacle: str) -> ValueError:
    """Return the error of a fit that asks for the fused engine and can't have it."""
    return ValueError(f"engine='fused' can't be used: {obstacle}; take engine='auto'")


def check_keras_limits(epochs: int, steps: int) -> None:
    """Check that ``keras.config``'s limits for debugging don't shorten the training.

    Parameters
    ----------
    epochs : int
        Number of epochs.
    steps : int
        Number of steps per epoch.

    Raises
    ------
    ValueError
        If Keras's own `fit` would train less.
    """
    for name, wanted in (("epochs", epochs), ("steps_per_epoch", steps)):
        most = getattr(keras.config, f"max_{name}", lambda: None)()
        if most and most < wanted:
            raise ValueError(
                f"keras.config.max_{name}() is {most}, which cuts Keras's fits short, but "
                f"here are {wanted} {name.partition('_')[0]}: set epochs and batch_size "
                f"instead, and keras.config.set_max_{name}(None)"
            )


def _masked_by_epsilon() -> str | None:
    # Keras divides the sums over a masked batch by its number of rows plus this. The fused
    # engine masks what fills up a batch, and float32 rounds Keras's default away.
    epsilon = keras.config.epsilon()
    if epsilon <= _ROUNDED_AWAY:
        return None
    return f"batch normalisation adds keras.config.epsilon()={epsilon:g} to the number of rows"


def _batch_hooks(callbacks: Sequence[keras.callbacks.Callback], validation: bool) -> str | None:
    for callback in callbacks:
        hooks = hooks_on_batches(callback, validation)
        if hooks:
            return f"callback {type(callback).__name__} has {hooks[0]}, which needs batches"
    return None
