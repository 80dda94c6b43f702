"""The variants of the document, a Keras notebook, as a parameter grid."""

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
    """Return a notebook's questions as a grid for `make_image_pipeline`.

    The document is a Keras notebook on Fashion-MNIST with one hidden layer, edited again and
    again: "What if ReLU? What if SGD, RMSprop, Adam?": sigmoid and relu, each with sgd,
    rmsprop and adam at Keras's default settings.

    Parameters
    ----------
    hidden_units : sequence of tuple of int, default=((100,),)
        Networks to try: more than one widens the grid.
    full : bool, default=False
        True adds the document's other two spellings: ``keras.optimizers.RMSprop()`` as an
        object beside the names, and flattening by a layer of the network beside flattening by
        the transformer. They compute the same and should score the same; 16 variants instead
        of 6.
    scale : float, default=255.0
        As it was given to `make_image_pipeline`: with ``full=True`` the grid sets all
        arguments of the transformer's function.
    image_shape : tuple of int, optional
        Likewise.

    Returns
    -------
    grid : dict of list
        For :class:`sklearn.model_selection.GridSearchCV` or
        :class:`sklearn.model_selection.ParameterGrid`.

    Raises
    ------
    ValueError
        If `hidden_units` does not hold a tuple of positive integers for each network.

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
