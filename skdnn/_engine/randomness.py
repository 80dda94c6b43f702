"""What is random about an epoch, as a function of its seed and its number.

An epoch that is trained alone, after a warm start, in another process or by the other engine is
the same epoch.
"""

from __future__ import annotations

import numpy as np


def epoch_order(weighted: np.ndarray, seed: int, epoch: int) -> np.ndarray:
    """Return the order in which an epoch takes the rows.

    Parameters
    ----------
    weighted : ndarray of int
        Indices of the rows with positive weight.
    seed, epoch : int
        Decide the order.

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
        Decide the states.

    Returns
    -------
    states : list of ndarray of int64, shape (2,)
        In the form of :class:`keras.random.SeedGenerator`: a seed and a count of draws.
    """
    # Another stream than that of the order: the spawn key tells them apart.
    words = np.random.SeedSequence((seed, epoch), spawn_key=(1,)).generate_state(n_layers)
    return [np.array([word & 0x7FFFFFFF, 0], np.int64) for word in words]
