"""Which engine trains a fit, and why."""

from __future__ import annotations

from collections.abc import Sequence

import keras

from skdnn._engine.hooks import hooks_on_batches
from skdnn._engine.stateless import reason_not_to_fuse


def choose_engine(
    wanted: str,
    optimizer: keras.optimizers.Optimizer,
    callbacks: Sequence[keras.callbacks.Callback],
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

    Returns
    -------
    engine : {"fused", "keras"}
        The fused engine wherever it trains the same network.
    why : str
        For the person who reads the log.

    Raises
    ------
    ValueError
        If the fused engine was asked for and would not train right.
    """
    obstacle = reason_not_to_fuse(optimizer) or _batch_hooks(callbacks)
    if wanted == "keras":
        return "keras", "as asked"
    if obstacle is None:
        return "fused", "as asked" if wanted == "fused" else "nothing needs single batches"
    if wanted == "fused":
        raise ValueError(f"engine='fused' can't be used: {obstacle}; take engine='auto'")
    return "keras", obstacle


def _batch_hooks(callbacks: Sequence[keras.callbacks.Callback]) -> str | None:
    for callback in callbacks:
        hooks = hooks_on_batches(callback)
        if hooks:
            return f"callback {type(callback).__name__} has {hooks[0]}, which needs batches"
    return None
