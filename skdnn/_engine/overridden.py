"""Which hooks a Keras callback overrides."""

from __future__ import annotations

from typing import Any

import keras

TRAIN_BATCH_HOOKS = (
    "on_batch_begin",
    "on_batch_end",
    "on_train_batch_begin",
    "on_train_batch_end",
)
TEST_BATCH_HOOKS = ("on_test_batch_begin", "on_test_batch_end")


def hooks_on_batches(callback: keras.callbacks.Callback, validation: bool = False) -> list[str]:
    """Name the hooks on batches that a callback needs.

    Parameters
    ----------
    callback : keras.callbacks.Callback
        Read, not called.
    validation : bool, default=False
        Whether there is validation data, so that hooks on test batches are needed too.

    Returns
    -------
    hooks : list of str
        Empty if it works on epochs alone, with its settings.
    """
    names = (*TRAIN_BATCH_HOOKS, *(TEST_BATCH_HOOKS if validation else ()))
    return [name for name in names if overrides(callback, name) and not _idle(callback, name)]


def overrides(callback: Any, hook: str) -> bool:
    """Tell whether a hook is overridden: by the class or on the instance."""
    own = getattr(callback, hook)
    return getattr(own, "__func__", own) is not getattr(keras.callbacks.Callback, hook)


def _idle(callback: Any, hook: str) -> bool:
    """Tell whether a hook of a Keras class does nothing with the callback's settings."""
    callbacks = keras.callbacks
    if hook in vars(callback):
        return False
    owner = next(cls for cls in type(callback).__mro__ if hook in vars(cls))
    if owner in (callbacks.ModelCheckpoint, callbacks.BackupAndRestore):
        return bool(callback.save_freq == "epoch")
    if owner is callbacks.TensorBoard:
        # The profiler starts and stops at batches.
        profiles = getattr(callback, "_should_trace", False) or getattr(
            callback, "_start_batch", 0
        )
        return callback.update_freq == "epoch" and not profiles
    if owner is callbacks.ProgbarLogger:
        return hook in TEST_BATCH_HOOKS  # silent within a fit
    # A loss that is no number ends the epoch's fit with an error, callback or not.
    return owner is callbacks.TerminateOnNaN
