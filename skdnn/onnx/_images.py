"""Images, scaled and flattened, as nodes; and models of one input that holds rows or images."""

from __future__ import annotations

from math import prod
from typing import Any

from skdnn._estimator.base import KerasDNNBase
from skdnn.onnx._graph import Graph, Model
from skdnn.onnx._network import add_network, outputs_of

_INPUT_DTYPES = ("uint8", "int32", "int64", "float32", "float64")


def add_scaling(graph: Graph, images: str, scale: float, **output: Any) -> str:
    """Add the division of float32 pixels."""
    return graph.add("Div", images, graph.constant(scale, "scale"), **output)


def model_of_one_input(
    estimator: KerasDNNBase,
    scaling: dict[str, Any] | None,
    input_dtype: str | None,
    image_shape: tuple[int, ...] | None,
) -> Any:
    """Return the model of a network, or of an image pipeline.

    Parameters
    ----------
    estimator : KerasDNNClassifier or KerasDNNRegressor
        Fitted.
    scaling : dict or None
        Arguments of :func:`skdnn.scale_and_flatten`; None without a pipeline.
    input_dtype, image_shape
        As those of :func:`skdnn.onnx.to_onnx`.

    Returns
    -------
    model : onnx.ModelProto
    """
    graph = Model()
    dtype = validate_dtype(input_dtype or ("float32" if scaling is None else "uint8"))
    add_network(graph, estimator, _flattened_rows(graph, estimator, scaling, dtype))
    shape = _input_shape(estimator, scaling, image_shape)
    return graph.model(dtype, shape, outputs_of(estimator))


def validate_dtype(dtype: str) -> str:
    """Return the name of a type that an input of numbers can have."""
    if dtype not in _INPUT_DTYPES:
        raise ValueError(f"input_dtype must be one of {_INPUT_DTYPES}, got {dtype!r}")
    return dtype


def _flattened_rows(
    graph: Graph, estimator: KerasDNNBase, scaling: dict[str, Any] | None, dtype: str
) -> str:
    value = "input" if dtype == "float32" else graph.cast("input", "float32")
    if scaling is not None:
        value = add_scaling(graph, value, scaling["scale"])
    flat = len(estimator.input_shape_) == 1 and scaling is None
    return value if flat else graph.add("Flatten", value, axis=1)


def _input_shape(
    estimator: KerasDNNBase,
    scaling: dict[str, Any] | None,
    image_shape: tuple[int, ...] | None,
) -> list[Any]:
    rows = estimator.input_shape_
    known = scaling["image_shape"] if scaling is not None and scaling["flatten"] else rows
    if known is None and image_shape is None:
        raise ValueError(
            f"the pipeline flattens images to {rows[0]} pixels and has not learnt their shape: "
            "pass image_shape, such as image_shape=(28, 28), or the images as X"
        )
    shape = tuple(map(int, image_shape or known))
    if known not in (None, shape) or prod(shape) != prod(rows):
        raise ValueError(
            f"image_shape must be that of the images, {known or f'{rows[0]} pixels'}, got "
            f"{image_shape}"
        )
    return ["n", *shape]
