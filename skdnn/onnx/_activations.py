"""Keras's activations as nodes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from skdnn.onnx._graph import Graph

Builder: TypeAlias = Callable[[Graph, str, int], str]


def activation_builder(activation: Any) -> Builder:
    name = activation if isinstance(activation, str) else _name_in_keras(activation)
    if name not in _ACTIVATIONS:
        raise ValueError(
            f"activation {activation!r} can't be expressed in ONNX; those that can are "
            f"{sorted(_ACTIVATIONS)}"
        )
    return _ACTIVATIONS[name]


def _name_in_keras(function: Any) -> str | None:
    import keras

    name = getattr(function, "__name__", "")
    return name if getattr(keras.activations, name, None) is function else None


def _operator(op: str, **attributes: Any) -> Builder:
    return lambda graph, x, _: graph.add(op, x, **attributes)


def _linear(graph: Graph, x: str, _: int) -> str:  # noqa: ARG001
    return x


def _times(factor: Builder) -> Builder:
    return lambda graph, x, units: graph.add("Mul", x, factor(graph, x, units))


def _clip(low: float, high: float) -> Builder:
    return lambda graph, x, _: graph.add("Clip", x, graph.constant(low), graph.constant(high))


def _gelu(graph: Graph, x: str, _: int) -> str:
    error = graph.add("Erf", graph.add("Mul", x, graph.constant(np.sqrt(0.5))))
    half = graph.add("Mul", x, graph.constant(0.5))
    return graph.add("Mul", half, graph.add("Add", error, graph.constant(1)))


def _log_sigmoid(graph: Graph, x: str, _: int) -> str:
    return graph.add("Neg", graph.add("Softplus", graph.add("Neg", x)))


def _mish(graph: Graph, x: str, _: int) -> str:
    return graph.add("Mul", x, graph.add("Tanh", graph.add("Softplus", x)))


def _sparse_plus(graph: Graph, x: str, units: int) -> str:
    # 0 up to -1, (x + 1)² / 4 up to 1, then x
    clipped = graph.add("Add", _clip(-1, 1)(graph, x, units), graph.constant(1))
    parabola = graph.add("Mul", graph.add("Mul", clipped, clipped), graph.constant(0.25))
    beyond = graph.add("Relu", graph.add("Sub", x, graph.constant(1)))
    return graph.add("Add", parabola, beyond)


def _sparse_sigmoid(graph: Graph, x: str, units: int) -> str:
    halved = graph.add("Mul", graph.add("Add", x, graph.constant(1)), graph.constant(0.5))
    return _clip(0, 1)(graph, halved, units)


def _squareplus(graph: Graph, x: str, _: int) -> str:
    root = graph.add("Sqrt", graph.add("Add", graph.add("Mul", x, x), graph.constant(4)))
    return graph.add("Mul", graph.add("Add", x, root), graph.constant(0.5))


def _tanh_shrink(graph: Graph, x: str, _: int) -> str:
    return graph.add("Sub", x, graph.add("Tanh", x))


def _sparsemax(graph: Graph, x: str, units: int) -> str:
    """Do as Keras 3.15: it adds up the sums of the support, where the paper takes the last."""
    one, axis = graph.constant(1), graph.constant([1], dtype=np.int64)
    ordered = graph.largest_first(x, units)
    sums = graph.add("CumSum", ordered, graph.constant(1, dtype=np.int64))
    places = graph.constant(np.arange(1, units + 1))
    means = graph.add("Div", graph.add("Sub", sums, one), places)
    above = graph.add("Greater", graph.add("Sub", ordered, means), graph.constant(0))
    support = graph.cast(above, "float32")
    total = graph.add("ReduceSum", graph.add("Mul", sums, support), axis, keepdims=1)
    size = graph.add("ReduceSum", support, axis, keepdims=1)
    threshold = graph.add("Div", graph.add("Sub", total, one), size)
    return graph.add("Relu", graph.add("Sub", x, threshold))


# Each with the settings that Keras takes for its name alone.
_ACTIVATIONS: dict[str, Builder] = {
    "celu": _operator("Celu", alpha=1.0),
    "elu": _operator("Elu", alpha=1.0),
    "exponential": _operator("Exp"),
    "gelu": _gelu,
    "hard_shrink": _operator("Shrink", lambd=0.5, bias=0.0),
    "hard_sigmoid": _operator("HardSigmoid", alpha=1 / 6, beta=0.5),
    "hard_silu": _operator("HardSwish"),
    "hard_swish": _operator("HardSwish"),
    "hard_tanh": _clip(-1, 1),
    "leaky_relu": _operator("LeakyRelu", alpha=0.2),
    "linear": _linear,
    "log_sigmoid": _log_sigmoid,
    "log_softmax": _operator("LogSoftmax", axis=1),
    "mish": _mish,
    "relu": _operator("Relu"),
    "relu6": _clip(0, 6),
    "selu": _operator("Selu"),
    "sigmoid": _operator("Sigmoid"),
    "silu": _times(_operator("Sigmoid")),
    "soft_shrink": _operator("Shrink", lambd=0.5, bias=0.5),
    "softmax": _operator("Softmax", axis=1),
    "softplus": _operator("Softplus"),
    "softsign": _operator("Softsign"),
    "sparse_plus": _sparse_plus,
    "sparse_sigmoid": _sparse_sigmoid,
    "sparsemax": _sparsemax,
    "squareplus": _squareplus,
    "swish": _times(_operator("Sigmoid")),
    "tanh": _operator("Tanh"),
    "tanh_shrink": _tanh_shrink,
}
