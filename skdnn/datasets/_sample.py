"""How the bundled sample of Fashion-MNIST was drawn."""

import numpy as np
from numpy.typing import NDArray

_N_TRAIN = 60_000
_N_PER_CLASS = {"train": 500, "test": 100}


def draw_sample(
    images: NDArray[np.uint8], target: NDArray[np.int64]
) -> dict[str, NDArray[np.uint8]]:
    """Draw the sample that `load_fashion_mnist_sample` loads.

    Parameters
    ----------
    images : ndarray of shape (70000, 28, 28), dtype uint8
        All images of Fashion-MNIST: the training set, then the test set.
    target : ndarray of shape (70000,), dtype int64
        The garment on each image, 0 to 9.

    Returns
    -------
    dict of str to ndarray of dtype uint8
        `train_images` of shape (5000, 28, 28), `train_target` of shape (5000,),
        `test_images` of shape (1000, 28, 28) and `test_target` of shape (1000,): what
        the bundled file holds.

    Examples
    --------
    The bundled file was written by:

    >>> import numpy as np
    >>> from skdnn.datasets import fetch_fashion_mnist
    >>> from skdnn.datasets._sample import draw_sample
    >>> everything = fetch_fashion_mnist(subset="all", return_X_y=True)  # doctest: +SKIP
    >>> sample = draw_sample(*everything)  # doctest: +SKIP
    >>> np.savez_compressed("fashion_mnist_sample.npz", **sample)  # doctest: +SKIP
    """
    # RandomState's stream is frozen: the draw is the same with every version of NumPy.
    random_state = np.random.RandomState(0)
    sample = {}
    for subset, rows in ("train", slice(None, _N_TRAIN)), ("test", slice(_N_TRAIN, None)):
        chosen = _draw_stratified(target[rows], _N_PER_CLASS[subset], random_state)
        sample[f"{subset}_images"] = images[rows][chosen]
        sample[f"{subset}_target"] = target[rows][chosen].astype(np.uint8)
    return sample


def _draw_stratified(
    target: NDArray[np.int64], n_per_class: int, random_state: np.random.RandomState
) -> NDArray[np.intp]:
    """Draw as many rows of each class, without repeating one; in the order they had."""
    chosen = [
        random_state.choice(np.flatnonzero(target == label), n_per_class, replace=False)
        for label in np.unique(target)
    ]
    return np.sort(np.concatenate(chosen))
