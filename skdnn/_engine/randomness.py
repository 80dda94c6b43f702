"""Randomness of an epoch, as a function of the seed and the epoch.

So an epoch is the same after a warm start, in another process and with the other engine.
"""

from __future__ import annotations

import numpy as np


def epoch_permutation(weighted: np.ndarray, seed: int, epoch: int) -> np.ndarray:
    """Return the shuffled rows of an epoch.

    Parameters
    ----------
    weighted : ndarray of int
        Indices of the rows with positive weight.
    seed, epoch : int
        Seed the permutation.

    Returns
    -------
    order : ndarray of int
        A permutation of `weighted`.
    """
    return np.random.default_rng((seed, epoch)).permutation(weighted)


def dropout_states(n_layers: int, seed: int, epoch: int) -> list[np.ndarray]:
    """Return the states of the dropout layers' generators at the start of an epoch.

    Parameters
    ----------
    n_layers : int
        Number of dropout layers.
    seed, epoch : int
        Seed the states.

    Returns
    -------
    states : list of ndarray of int64, shape (2,)
        In the form of :class:`keras.random.SeedGenerator`: a seed and a count of draws.
    """
    # The spawn key makes the stream independent of that of the permutation.
    words = np.random.SeedSequence((seed, epoch), spawn_key=(1,)).generate_state(n_layers)
    return [np.array([word & 0x7FFFFFFF, 0], np.int64) for word in words]
