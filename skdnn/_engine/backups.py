"""Backups by Keras's ``BackupAndRestore``, each of one training.

Keras restores whatever the directory holds. In a search, that can be the weights of another
fold.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

import keras
import tensorflow as tf

_OWNER = "training.txt"
_WEIGHTS = "latest.weights.h5"


def tag_backups(
    callbacks: Sequence[keras.callbacks.Callback], identity: Callable[[], str]
) -> None:
    """Tag each backup directory with the training that it belongs to.

    Parameters
    ----------
    callbacks : sequence of keras.callbacks.Callback
        Those that keep no backups are ignored.
    identity : callable
        Returns text that is the same for the same training.

    Raises
    ------
    ValueError
        If a directory holds the backup of another training.
    """
    for callback in callbacks:
        if isinstance(callback, keras.callbacks.BackupAndRestore):
            _tag(os.fspath(callback.backup_dir), identity())


def _tag(directory: str, identity: str) -> None:
    files = tf.io.gfile
    owner = f"{directory}/{_OWNER}"
    if files.exists(owner):
        with files.GFile(owner) as file:
            others = file.read() != identity
        if others and files.exists(f"{directory}/{_WEIGHTS}"):
            raise ValueError(
                f"callback BackupAndRestore: backup_dir={directory!r} holds the backup of "
                "another training (other rows or hyperparameters): give each its own "
                "directory, or delete this one"
            )
    files.makedirs(directory)
    with files.GFile(owner, "w") as file:
        file.write(identity)
