"""Functions of skdnn in a `FunctionTransformer`, for skl2onnx, which has the identity alone."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any, TypeAlias

from skdnn.onnx._images import add_scaling
from skdnn.onnx._within import Within, tensor_type
from skdnn.preprocessing import make_image_transformer, scale_and_flatten
from skdnn.preprocessing.columns import GAP
from skdnn.preprocessing.tables import clip_smoothly, read_categories, read_numbers

_Shape: TypeAlias = Callable[[Any], tuple[str, list[Any]]]
_Nodes: TypeAlias = Callable[[Within, Any], None]


def function_shape(operator: Any) -> None:
    """Set the type and shape of what a `FunctionTransformer` gives."""
    ours = _ours(operator)
    if ours is not None:
        n = operator.inputs[0].get_first_dimension()
        kind, sides = ours[0](operator)
        operator.outputs[0].type = tensor_type(kind, [n, *sides])
        return
    from skl2onnx.shape_calculators import function_transformer

    function_transformer.calculate_sklearn_function_transformer_output_shapes(operator)


def convert_function(scope: Any, operator: Any, container: Any) -> None:
    """Add the nodes of a `FunctionTransformer`: skl2onnx's unless the function is ours."""
    ours = _ours(operator)
    if ours is not None:
        graph = Within(scope, container, {"rows": operator.outputs[0].full_name})
        ours[1](graph, operator)
        return
    from skl2onnx.operator_converters import function_transformer

    function_transformer.convert_sklearn_function_transformer(scope, operator, container)


def _sides(operator: Any) -> list[Any]:
    """Return the shape of a row, of all that goes in side by side."""
    sides = list(operator.inputs[0].type.shape[1:])
    if len(operator.inputs) > 1:
        sides = [sum(variable.type.shape[1] for variable in operator.inputs)]
    return sides


# -- images -------------------------------------------------------------------------------


def _scaling(operator: Any) -> dict[str, Any]:
    """Return all arguments of `scale_and_flatten`, those left at their defaults too."""
    defaults: dict[str, Any] = make_image_transformer().kw_args
    return {**defaults, **(operator.raw_operator.kw_args or {})}


def _image_shape(operator: Any) -> tuple[str, list[Any]]:
    sides = _sides(operator)
    if _scaling(operator)["flatten"]:
        sides = [None if None in sides else prod(sides)]
    return "float32", sides


def _image_rows(graph: Within, operator: Any) -> None:
    scaling = _scaling(operator)
    images = graph.rows(operator.inputs)
    if scaling["flatten"] and len(operator.inputs[0].type.shape) > 2:
        graph.add("Flatten", add_scaling(graph, images, scaling["scale"]), axis=1, out="rows")
    else:
        add_scaling(graph, images, scaling["scale"], out="rows")


# -- tables -------------------------------------------------------------------------------

# What stands for a gap among strings, beside the empty string.
_GAPS = ("", "nan", "None", "<NA>")


def _number_shape(operator: Any) -> tuple[str, list[Any]]:
    return "float32", _sides(operator)


def _text_shape(operator: Any) -> tuple[str, list[Any]]:
    return "string", _sides(operator)


def _numbers(graph: Within, operator: Any) -> None:
    graph.add("Identity", graph.rows(operator.inputs), out="rows")


def _categories(graph: Within, operator: Any) -> None:
    texts = graph.texts(operator.inputs)
    gap = graph.add(
        "LabelEncoder",
        texts,
        keys_strings=list(_GAPS),
        values_int64s=[1] * len(_GAPS),
        default_int64=0,
    )
    missing = graph.constant([GAP], dtype=object)
    graph.add("Where", graph.cast(gap, "bool"), missing, texts, out="rows")


def _clipped(graph: Within, operator: Any) -> None:
    """Add ``x / sqrt(1 + (x / limit) ** 2)``, both divided by what keeps squares in float32."""
    limit = (operator.raw_operator.kw_args or {}).get("limit", 3.0)
    rows = graph.rows(operator.inputs)
    far = graph.add("Div", rows, graph.constant(limit))
    one = graph.constant(1)
    most = graph.add("Max", graph.add("Abs", far), one)
    squares = [graph.add("Div", side, most) for side in (one, far)]
    squares = [graph.add("Mul", side, side) for side in squares]
    length = graph.add("Sqrt", graph.add("Add", *squares))
    graph.add("Div", graph.add("Div", rows, most), length, out="rows")


# Of each function what tells the type and shape of its rows, and what adds its nodes.
_FUNCTIONS: list[tuple[Any, _Shape, _Nodes]] = [
    (scale_and_flatten, _image_shape, _image_rows),
    (read_numbers, _number_shape, _numbers),
    (read_categories, _text_shape, _categories),
    (clip_smoothly, _number_shape, _clipped),
]


def _ours(operator: Any) -> tuple[_Shape, _Nodes] | None:
    function = operator.raw_operator.func
    return next((each[1:] for each in _FUNCTIONS if each[0] is function), None)
