"""Fitted networks as nodes: rows become the outputs that a model of one has."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from skdnn._estimator.base import KerasDNNBase
from skdnn._estimator.classes import Classes
from skdnn._estimator.networks import architecture_of
from skdnn._estimator.numbers import Numbers
from skdnn._estimator.state import weight_shapes
from skdnn._estimator.targets import Target
from skdnn.classifier import KerasDNNClassifier
from skdnn.network.outputs import EXPONENTIAL, LINEAR
from skdnn.onnx._activations import activation_builder
from skdnn.onnx._graph import Graph
from skdnn.regressor import KerasDNNRegressor

# Name, type and shape of each, in their order.
Outputs: TypeAlias = dict[str, tuple[str, list[Any]]]

# keras.layers.BatchNormalization's default, which is what the networks here have.
_EPSILON = 1e-3


def outputs_of(estimator: KerasDNNBase) -> Outputs:
    """Return what a model of a fitted estimator answers."""
    return _ANSWERS[estimator._kind][1](estimator)


def add_network(graph: Graph, estimator: KerasDNNBase, rows: str) -> None:
    """Add a fitted estimator, from float32 rows to its outputs."""
    _ANSWERS[estimator._kind][0](graph, estimator, _layers(graph, estimator, rows))


# -- layers -------------------------------------------------------------------------------


def _layers(graph: Graph, estimator: KerasDNNBase, rows: str) -> str:
    architecture = architecture_of(estimator._fitted_state)
    weights = dict(
        zip(weight_shapes(architecture), estimator._fitted_state["weights"], strict=True)
    )
    names = {name: graph.constant(weight, name) for name, weight in weights.items()}
    value = rows
    for number, activation in enumerate(architecture.activation, start=1):
        dense = f"hidden_{number}"
        if architecture.batch_normalization[number - 1]:
            value = graph.add("MatMul", value, names[f"{dense}.kernel"])
            value = _normalized(graph, value, f"batch_normalization_{number}", names)
        else:
            value = _dense(graph, value, dense, names)
        units = architecture.hidden_units[number - 1]
        value = activation_builder(activation)(graph, value, units)
    value = _dense(graph, value, "output", names)
    units, output = architecture.output
    if output == LINEAR:
        return value
    if output == EXPONENTIAL:
        return graph.add("Exp", value)
    if units == 1:
        yes = graph.add("Sigmoid", value)
        no = graph.add("Sub", graph.constant(1), yes)
        return graph.add("Concat", no, yes, axis=1, out="probabilities")
    if output == "sigmoid":
        return graph.add("Sigmoid", value, out="probabilities")
    return graph.add("Softmax", value, axis=1, out="probabilities")


def _dense(graph: Graph, value: str, layer: str, names: dict[str, str]) -> str:
    return graph.add("Gemm", value, names[f"{layer}.kernel"], names[f"{layer}.bias"])


def _normalized(graph: Graph, value: str, layer: str, names: dict[str, str]) -> str:
    order = ("gamma", "beta", "moving_mean", "moving_variance")
    settings = [names[f"{layer}.{name}"] for name in order]
    return graph.add("BatchNormalization", value, *settings, epsilon=_EPSILON)


# -- from probabilities to labels ---------------------------------------------------------


def _labels(graph: Graph, classifier: KerasDNNClassifier, probabilities: str) -> None:
    if classifier._fitted_state["multilabel"]:
        more = graph.add("Greater", probabilities, graph.constant(0.5))
        graph.cast(more, "int64", out="label")
        return
    classes = _classes(classifier.classes_)
    number = graph.add("ArgMax", probabilities, axis=1, keepdims=0)
    names = graph.constant(classes, "classes", classes.dtype)
    graph.add("Gather", names, number, out="label")


def _classes(classes: NDArray[Any]) -> NDArray[Any]:
    if classes.dtype.kind in "biuf":
        numbers = classes.astype(np.int64)
        if (numbers.astype(classes.dtype) != classes).any() or (
            classes.dtype.kind == "u" and classes.max() > np.iinfo(np.int64).max
        ):
            raise ValueError(f"classes_ must fit int64 to become ONNX's, got {classes}")
        return numbers
    texts = classes.astype(object)
    if not all(isinstance(each, str) for each in texts):
        raise ValueError(f"classes_ must be numbers, bools or text, got dtype {classes.dtype}")
    return texts


def _class_outputs(classifier: KerasDNNClassifier) -> Outputs:
    n = len(classifier.classes_)
    texts = classifier.classes_.dtype.kind not in "biuf"
    label = ["n", n] if classifier._fitted_state["multilabel"] else ["n"]
    return {
        "label": ("string" if texts else "int64", label),
        "probabilities": ("float32", ["n", n]),
    }


# -- from outputs to numbers --------------------------------------------------------------


def _prediction(graph: Graph, regressor: KerasDNNRegressor, outputs: str) -> None:
    target = regressor._fitted_target()
    scaled = graph.add("Mul", outputs, graph.constant(target.scale, "units.scale"))
    flat = graph.flat_numbers and target.one_dimensional
    last = None if flat else "prediction"
    numbers = graph.add("Add", scaled, graph.constant(target.shift, "units.shift"), out=last)
    if flat:
        axis = graph.constant([1], dtype=np.int64)
        graph.add("Squeeze", numbers, axis, out="prediction")


def _number_outputs(regressor: KerasDNNRegressor) -> Outputs:
    target = regressor._fitted_target()
    shape = ["n"] if target.one_dimensional else ["n", len(target.shift)]
    return {"prediction": ("float32", shape)}


_ANSWERS: dict[type[Target], tuple[Callable[..., None], Callable[..., Outputs]]] = {
    Classes: (_labels, _class_outputs),
    Numbers: (_prediction, _number_outputs),
}
