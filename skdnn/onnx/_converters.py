"""Converters for skl2onnx: what it calls for an estimator of ours in a pipeline."""

from __future__ import annotations

from math import prod
from typing import Any

from skdnn.onnx._images import add_scaling
from skdnn.onnx._network import add_network, outputs_of
from skdnn.onnx._within import Within, tensor_type
from skdnn.preprocessing import make_image_transformer, scale_and_flatten

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


def function_shape(operator: Any) -> None:
    """Set the type and shape of what a `FunctionTransformer` gives."""
    if operator.raw_operator.func is not scale_and_flatten:
        from skl2onnx.shape_calculators import function_transformer

        function_transformer.calculate_sklearn_function_transformer_output_shapes(operator)
        return
    n, *sides = operator.inputs[0].type.shape
    if len(operator.inputs) > 1:
        sides = [sum(variable.type.shape[1] for variable in operator.inputs)]
    if _scaling(operator)["flatten"]:
        sides = [None if None in sides else prod(sides)]
    operator.outputs[0].type = tensor_type("float32", [n, *sides])


def convert_function(scope: Any, operator: Any, container: Any) -> None:
    """Add the nodes of a `FunctionTransformer`: skl2onnx's unless the function is ours."""
    if operator.raw_operator.func is not scale_and_flatten:
        from skl2onnx.operator_converters import function_transformer

        function_transformer.convert_sklearn_function_transformer(scope, operator, container)
        return
    scaling = _scaling(operator)
    graph = Within(scope, container, {"rows": operator.outputs[0].full_name})
    images = graph.rows(operator.inputs)
    if scaling["flatten"] and len(operator.inputs[0].type.shape) > 2:
        graph.add("Flatten", add_scaling(graph, images, scaling["scale"]), axis=1, out="rows")
    else:
        add_scaling(graph, images, scaling["scale"], out="rows")


def _scaling(operator: Any) -> dict[str, Any]:
    """Return all arguments of `scale_and_flatten`, those left at their defaults too."""
    defaults: dict[str, Any] = make_image_transformer().kw_args
    return {**defaults, **(operator.raw_operator.kw_args or {})}
