"""The variants of a Keras notebook on Fashion-MNIST, as a parameter grid."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from typing import Any

import numpy as np


def document_variants(
    *,
    hidden_units: Sequence[Sequence[int]] = ((100,),),
    full: bool = False,
    scale: float = 255.0,
    image_shape: tuple[int, ...] | None = None,
) -> dict[str, list[Any]]:
    """Return the parameter grid of the demo search, for `make_image_pipeline`.

    The grid holds the variants of a typical Keras notebook ("document") on Fashion-MNIST:
    sigmoid and relu, each with sgd, rmsprop and adam, with Keras's default settings.

    Parameters
    ----------
    hidden_units : sequence of tuple of int, default=((100,),)
        Hidden layers to try, one tuple per network.
    full : bool, default=False
        If True, add two equivalent variants: ``keras.optimizers.RMSprop()`` as an instance,
        and flattening by a layer of the network instead of the transformer. They should give
        the same scores. The grid then has 16 variants instead of 6.
    scale : float, default=255.0
        The value that was passed to `make_image_pipeline`. Used with ``full=True``, where the
        grid sets all arguments of the transformer's function.
    image_shape : tuple of int, optional
        As for `scale`.

    Returns
    -------
    grid : dict of list
        Parameter grid for :class:`sklearn.model_selection.GridSearchCV` or
        :class:`sklearn.model_selection.ParameterGrid`.

    Raises
    ------
    ValueError
        If `hidden_units` does not contain a tuple of positive integers for each network.

    Examples
    --------
    >>> from sklearn.model_selection import ParameterGrid
    >>> from skdnn import document_variants
    >>> len(ParameterGrid(document_variants()))
    6
    >>> len(ParameterGrid(document_variants(hidden_units=[(100,), (300, 100)])))
    12
    """
    if not isinstance(hidden_units, Sequence | np.ndarray) or not all(
        map(_is_network, hidden_units)
    ):
        raise ValueError(
            "hidden_units must hold a tuple of integers for each network, such as "
            f"[(100,), (300, 100)], got {hidden_units!r}"
        )
    grid: dict[str, list[Any]] = {
        "dnn__activation": ["sigmoid", "relu"],
        "dnn__hidden_units": [tuple(units) for units in hidden_units],
        "dnn__optimizer": ["sgd", "rmsprop", "adam"],
    }
    if full:
        import keras

        grid["dnn__optimizer"].append(keras.optimizers.RMSprop())
        others = {"scale": scale, "image_shape": image_shape}
        grid["scale__kw_args"] = [{"flatten": True, **others}, {"flatten": False, **others}]
    return grid


def _is_network(units: Any) -> bool:
    listed = isinstance(units, Sequence | np.ndarray) and not isinstance(units, str)
    return listed and all(isinstance(n, Integral) and int(n) > 0 for n in units)
