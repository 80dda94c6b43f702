"""Estimators of skdnn for skl2onnx: what it calls when it comes upon one."""

from __future__ import annotations

from typing import Any

from skdnn.onnx._network import add_network, outputs_of
from skdnn.onnx._within import Within, tensor_type

# BatchNormalization and HardSwish have their form since then.
_LEAST_OPSET = 15


# skl2onnx compares the names of parameters with those of its own converters.


def network_shapes(operator: Any) -> None:
    """Set the types and shapes of a network's outputs."""
    n = operator.inputs[0].get_first_dimension()
    outputs = outputs_of(operator.raw_operator).items()
    for variable, (name, (dtype, shape)) in zip(operator.outputs, outputs, strict=True):
        column = [1] if name == "prediction" and len(shape) == 1 else []
        variable.type = tensor_type(dtype, [n, *shape[1:], *column])


def convert_network(scope: Any, operator: Any, container: Any) -> None:
    """Add a network's nodes."""
    opset = container.target_opset_any_domain("")
    if opset < _LEAST_OPSET:
        raise ValueError(
            f"target_opset must be at least {_LEAST_OPSET} for a network of skdnn, got {opset}"
        )
    estimator = operator.raw_operator
    names = dict(zip(outputs_of(estimator), operator.output_full_names, strict=True))
    graph = Within(scope, container, names)
    rows = graph.rows(operator.inputs)
    if len(operator.inputs[0].type.shape) > 2:
        rows = graph.add("Flatten", rows, axis=1)
    add_network(graph, estimator, rows)
