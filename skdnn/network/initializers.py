"""Kernel initializers and seeds become the weights that a network starts from."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from skdnn.network.layer_settings import per_layer

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class InitializerSpec:
    """A validated kernel initializer.

    Parameters
    ----------
    template : keras.initializers.Initializer or callable
        With its settings; to be copied with a seed, never called.
    """

    template: Any

    @property
    def key(self) -> Any:
        """Return what tells it from others; for a custom one that is the object."""
        if not self._is_keras_class:
            return self.template
        return type(self.template).__qualname__, self.template.get_config()

    def seeded(self, seed: int | None, memo: dict[int, Any] | None = None) -> Any:
        """Return a copy of the initializer, with a seed where it takes one.

        Layers that share a custom object share its copy where they share a `memo`,
        as :func:`copy.deepcopy` takes it: one that draws from a generator draws on.
        """
        if self._is_keras_class:
            config = self.template.get_config()
            if "seed" not in config:
                return self.template
            return type(self.template).from_config({**config, "seed": seed})
        return _with_seed(_copy(self.template, memo), seed)

    @property
    def _is_keras_class(self) -> bool:
        cls = type(self.template)
        return cls.__module__.partition(".")[0] == "keras" and hasattr(cls, "get_config")


def _copy(template: Any, memo: dict[int, Any] | None) -> Any:
    """Copy a custom initializer, which may keep a state."""
    try:
        return copy.deepcopy(template, memo)
    except Exception:  # it holds what can't be copied
        return template


def _with_seed(initializer: Any, seed: int | None) -> Any:
    """Give a copy of a custom initializer a seed: by its config if that says all."""
    if not hasattr(initializer, "seed") or not hasattr(initializer, "get_config"):
        return initializer
    with suppress(Exception):  # it is Keras's registry that needs a config, not a layer
        config = initializer.get_config()
        taken = inspect.signature(type(initializer)).parameters
        if "seed" in config and set(taken) <= set(config):
            return type(initializer).from_config({**config, "seed": seed})
    if seed is not None:
        initializer.seed = seed
    return initializer


def validate_initializers(
    kernel_initializer: Any, n_hidden: int
) -> tuple[InitializerSpec, ...]:
    """Validate kernel initializers and give each layer its own.

    Parameters
    ----------
    kernel_initializer : str, Initializer, callable, or sequence of those
        One for all layers, the output layer included, or one per layer.
    n_hidden : int
        Number of hidden layers.

    Returns
    -------
    initializers : tuple of InitializerSpec
        One per layer, the output's last.

    Raises
    ------
    ValueError
        If a name is not known, or a sequence has not one value per layer.
    TypeError
        If one is neither name, initializer nor function.
    """
    rule = "layer, the output's last"
    return per_layer(
        "kernel_initializer", kernel_initializer, n_hidden + 1, _validate_initializer, rule
    )


def initial_weights(
    model: keras.Sequential,
    seed: int,
    initializers: Sequence[InitializerSpec] | None = None,
    shapes: Sequence[tuple[int, ...]] | None = None,
) -> list[np.ndarray]:
    """Draw the weights that the network would have if it were built anew with `seed`.

    Building takes milliseconds and names in Keras's global state; drawing from the layers'
    own initialisers takes neither.

    Parameters
    ----------
    model : keras.Sequential
        A network made by :meth:`Architecture.build`.
    seed : int
        Seed of the start weights.
    initializers : sequence of InitializerSpec, optional
        Of each layer's kernel, the output's last; Keras's default by default.
    shapes : sequence of tuple of int, optional
        Of the weights, in the order of ``model.weights``, if the network has other numbers of
        units than the model.

    Returns
    -------
    weights : list of ndarray of float32
        In the order of ``model.weights``.
    """
    dense = [layer for layer in model.layers if hasattr(layer, "kernel_initializer")]
    initializers = initializers or validate_initializers("glorot_uniform", len(dense) - 1)
    seeds = layer_seeds(seed, len(dense))
    shapes = shapes or [variable.shape for variable in model.weights]
    shape_of = {id(v): shape for v, shape in zip(model.weights, shapes, strict=True)}
    memo: dict[int, Any] = {}
    drawn = {
        id(layer.kernel): _draw(
            spec.seeded(layer_seed, memo), shape_of[id(layer.kernel)], layer.kernel.dtype
        )
        for layer, spec, layer_seed in zip(dense, initializers, seeds, strict=True)
    }
    return [
        drawn[id(variable)]
        if id(variable) in drawn
        # Biases, and what normalises, start as all zeros or all ones.
        else np.full(shape, variable.numpy().flat[0], np.float32)
        for variable, shape in zip(model.weights, shapes, strict=True)
    ]


def layer_seeds(seed: int | None, n_layers: int) -> list[int] | list[None]:
    """Give each layer a seed of its own.

    Parameters
    ----------
    seed : int or None
        Seed of the network; None leaves every layer unseeded.
    n_layers : int
        Number of layers with weights.

    Returns
    -------
    seeds : list of int or of None
        One per layer. Equal seeds would give equal columns to layers of one shape.
    """
    if seed is None:
        return [None] * n_layers
    # Keras's initialisers take seeds that fit a signed 32-bit integer.
    words = np.random.SeedSequence(seed).generate_state(n_layers)
    return [int(word) & 0x7FFFFFFF for word in words]


def _draw(initializer: Any, shape: tuple[int, ...], dtype: str) -> np.ndarray:
    try:
        weights = initializer(shape, dtype=dtype)
        drawn = np.array(weights, dtype=np.float32)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"kernel_initializer {initializer!r} failed, called with "
            f"shape={tuple(shape)} and dtype={dtype!r} as Keras calls it: {error}"
        ) from error
    if drawn.shape != tuple(shape):
        raise ValueError(
            f"kernel_initializer {initializer!r} must return weights of shape "
            f"{tuple(shape)}, got {drawn.shape}"
        )
    if not np.isfinite(drawn).all():
        raise ValueError(f"kernel_initializer {initializer!r} must return finite weights")
    return drawn


def _validate_initializer(initializer: Any) -> InitializerSpec:
    if isinstance(initializer, str):
        try:
            return InitializerSpec(_from_name(initializer))
        except (KeyError, ValueError) as error:
            raise ValueError(
                f"kernel_initializer must be one of {_initializer_names()}, an instance of "
                f"keras.initializers.Initializer or a function, got {initializer!r}"
            ) from error
    if isinstance(initializer, type) or not callable(initializer):
        raise TypeError(
            "kernel_initializer must be a name, an instance of keras.initializers.Initializer "
            f"or a function of shape and dtype, got {initializer!r}"
        )
    return InitializerSpec(initializer)


def _from_name(name: str) -> Any:
    import keras

    cls = vars(keras.initializers).get(name)
    if isinstance(cls, type) and "seed" in inspect.signature(cls).parameters:
        return cls(seed=0)  # without a seed, Keras draws one from Python's generator
    return keras.initializers.get(name)


def _initializer_names() -> list[str]:
    import keras

    # `constant` can't be had by its name, and `stft` is not for a dense layer.
    not_names = {"constant", "deserialize", "get", "serialize", "stft"}
    names = [name for name in vars(keras.initializers) if name.islower()]
    return sorted(name for name in names if not name.startswith("_") and name not in not_names)
