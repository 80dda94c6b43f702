"""Validation of a network's parameters: one value for all layers, or one per layer."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cache
from numbers import Integral, Real
from typing import Any, TypeAlias, TypeVar

import numpy as np

from skdnn._messages import brief, few

# Names in MLPClassifier, PyTorch and papers, and Keras's name for each.
_ALIASES = {
    "logistic": "sigmoid",
    "identity": "linear",
    "none": "linear",
    "leakyrelu": "leaky_relu",
    "logsigmoid": "log_sigmoid",
    "logsoftmax": "log_softmax",
    "hardsigmoid": "hard_sigmoid",
    "hardswish": "hard_swish",
    "hardtanh": "hard_tanh",
}

Activation: TypeAlias = str | Callable[..., Any]
T = TypeVar("T")


def per_layer(
    name: str, value: Any, n: int, check: Callable[[Any], T], each: str = "hidden layer"
) -> tuple[T, ...]:
    """Give each layer its value of a parameter.

    Parameters
    ----------
    name : str
        The parameter's, for messages.
    value : object
        One for all, or a sequence of one per layer.
    n : int
        Number of layers.
    check : callable
        Returns a value checked, or raises.
    each : str
        What there is one value for.

    Returns
    -------
    values : tuple
        One per layer.

    Raises
    ------
    ValueError
        If a sequence has another length.
    """
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value.item()
    if isinstance(value, str) or not isinstance(value, Sequence | np.ndarray):
        return (check(value),) * n
    values = tuple(check(one) for one in value)
    if len(values) != n:
        raise ValueError(
            f"{name} must be one value for all or one per {each}: {n} here, got "
            f"{len(values)} values: {few(value)}"
        )
    return values


@dataclass(frozen=True)
class Regularization:
    """Dropout and penalties: used in training, not in predictions.

    Parameters
    ----------
    dropout : tuple of float
        Rate of each hidden layer, 0 for none.
    l2 : tuple of float
        Penalty of each layer's kernel, the output's last, 0 for none.
    """

    dropout: tuple[float, ...]
    l2: tuple[float, ...]

    @classmethod
    def none(cls, n_hidden: int) -> Regularization:
        """Return no dropout and no penalties."""
        return cls((0.0,) * n_hidden, (0.0,) * (n_hidden + 1))

    @classmethod
    def from_parameters(
        cls,
        n_hidden: int,
        dropout: float | Sequence[float] = 0.0,
        l2: float | Sequence[float] = 0.0,
    ) -> Regularization:
        """Validate the parameters and give each layer its own.

        Parameters
        ----------
        n_hidden : int
            Number of hidden layers.
        dropout : float or sequence of float
            One for all hidden layers, or one per hidden layer.
        l2 : float or sequence of float
            One for all layers, the output layer included, or one per layer.

        Returns
        -------
        regularization : Regularization
            The validated parameters.

        Raises
        ------
        ValueError
            If a value is out of its range, or a sequence has not one value per layer.
        TypeError
            If a value is not a number.
        """
        return cls(
            per_layer("dropout", dropout, n_hidden, _validate_rate),
            per_layer("l2", l2, n_hidden + 1, _validate_penalty, "layer, the output's last"),
        )


def validate_units(hidden_units: int | Sequence[int]) -> tuple[int, ...]:
    """Validate `hidden_units`; an int is one hidden layer."""
    rule = "hidden_units must hold one positive integer per hidden layer, got "
    rule += brief(hidden_units)
    if isinstance(hidden_units, str | Set | Mapping):  # a set has no order, a dict has keys
        raise TypeError(rule)
    listed = list(hidden_units) if np.iterable(hidden_units) else [hidden_units]
    if any(isinstance(n, (bool, np.bool_)) or not isinstance(n, Integral) for n in listed):
        raise TypeError(rule)
    if any(n < 1 for n in listed):
        raise ValueError(rule)
    return tuple(int(n) for n in listed)


def validate_activation(activation: Activation) -> Activation:
    """Validate an activation: a name that Keras knows, or a function."""
    import keras

    if isinstance(activation, str):
        known = _activation_names()
        if activation not in known:
            meant = _ALIASES.get(activation.lower(), activation.lower())
            hint = f"; did you mean {meant!r}?" if meant in known else ""
            raise ValueError(
                f"activation must be a function or one of {known}, got {brief(activation)}"
                f"{hint}"
            )
        return str(activation)
    if isinstance(activation, np.ufunc):
        raise TypeError(
            "activation must be a function of a tensor, such as one of keras.ops, got NumPy's "
            f"{activation!r}"
        )
    if isinstance(activation, keras.layers.Layer | type) or not callable(activation):
        raise TypeError(
            "activation must be a name or a function of a tensor (for settings, take "
            f"functools.partial(keras.activations.<name>, ...)), got {activation!r}"
        )
    return activation


@cache
def _activation_names() -> list[str]:
    import keras

    functions = inspect.getmembers(keras.activations, inspect.isfunction)
    # `glu` halves its input, which Dense does not foresee; `threshold` needs two arguments
    # more, so it can't be had by its name.
    not_activations = {"deserialize", "get", "glu", "serialize"}
    return [
        name
        for name, function in functions
        if name not in not_activations and _works_on_a_tensor_alone(function)
    ]


def _works_on_a_tensor_alone(function: Callable[..., Any]) -> bool:
    parameters = inspect.signature(function).parameters.values()
    return sum(parameter.default is parameter.empty for parameter in parameters) == 1


def validate_flag(flag: Any) -> bool:
    """Validate a value of `batch_normalization`."""
    if not isinstance(flag, bool | np.bool_):
        raise TypeError(f"batch_normalization must hold True or False, got {flag!r}")
    return bool(flag)


def _validate_rate(rate: Any) -> float:
    if not isinstance(rate, Real) or isinstance(rate, bool):
        raise TypeError(f"dropout must hold numbers from 0 to below 1, got {rate!r}")
    if not 0 <= float(rate) < 1:
        raise ValueError(f"dropout must hold numbers from 0 to below 1, got {rate!r}")
    return float(rate)


def _validate_penalty(penalty: Any) -> float:
    if not isinstance(penalty, Real) or isinstance(penalty, bool):
        raise TypeError(f"l2 must hold numbers that are not negative, got {penalty!r}")
    if not 0 <= float(penalty) < float("inf"):
        raise ValueError(f"l2 must hold finite numbers that are not negative, got {penalty!r}")
    return float(penalty)
