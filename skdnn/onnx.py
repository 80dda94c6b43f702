"""Fitted estimators as ONNX models: prediction without Python, Keras or skdnn.

The graph is put together by ``onnx.helper``, node by node, from the arrays that a fitted
estimator holds. It needs the extra ``skdnn[onnx]``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from skdnn._estimator.base import KerasDNNBase
from skdnn._estimator.classes import Classes
from skdnn._estimator.networks import architecture_of
from skdnn._estimator.numbers import Numbers
from skdnn._estimator.state import weight_shapes
from skdnn._estimator.targets import Target
from skdnn.classifier import KerasDNNClassifier
from skdnn.network.outputs import EXPONENTIAL, LINEAR
from skdnn.pipeline import image_pipeline_parts
from skdnn.regressor import KerasDNNRegressor

if TYPE_CHECKING:
    import onnx

__all__ = ["to_onnx"]

# Operators as of ONNX 1.14; what reads a later version reads these.
_OPSET, _IR_VERSION = 18, 8

# keras.layers.BatchNormalization's default, which is what the networks here have.
_EPSILON = 1e-3


def to_onnx(
    estimator: KerasDNNClassifier | KerasDNNRegressor | Pipeline,
    *,
    input_dtype: str | None = None,
    image_shape: tuple[int, ...] | None = None,
) -> onnx.ModelProto:
    """Convert a fitted network or image pipeline into an ONNX model.

    Parameters
    ----------
    estimator : KerasDNNClassifier, KerasDNNRegressor or sklearn.pipeline.Pipeline
        Fitted; a pipeline as :func:`skdnn.make_image_pipeline` makes it, whose scaling and
        flattening become part of the model.
    input_dtype : {"uint8", "int32", "int64", "float32", "float64"}, default=None
        Type of the model's input. None takes uint8 for a pipeline and float32 for a
        network alone.
    image_shape : tuple of int, default=None
        Shape of an image, such as ``(28, 28)``. Needed for a pipeline that flattens and was
        made without `image_shape`: nothing in it has learnt the shape.

    Returns
    -------
    model : onnx.ModelProto
        One input, ``"input"``: rows of shape (n, ...) or raw images. A classifier has two
        outputs: ``"label"``, of shape (n,), int64 or string as the classes are (numbers and
        bools become int64), for multilabel targets zeros and ones of shape (n, n_labels); and
        ``"probabilities"``, float32 of shape (n, n_classes), as `predict_proba` gives them.
        A regressor has one, ``"prediction"``: float32 in the shape of `y` and in its units.

    Raises
    ------
    ImportError
        If the package onnx is missing.
    sklearn.exceptions.NotFittedError
        If the estimator is not fitted.
    TypeError
        If it is another estimator or pipeline.
    ValueError
        If ONNX can't express it: an activation of your own, classes beyond int64; or if
        `image_shape` is missing, or is not that of the images.

    See Also
    --------
    skdnn.persistence.save : A file that trains further, too.

    Notes
    -----
    Unlike `predict_proba` the model does not check its input: NaN goes in and comes out.

    References
    ----------
    `ONNX operators <https://onnx.ai/onnx/operators/>`_

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skdnn import KerasDNNClassifier
    >>> from skdnn.onnx import to_onnx
    >>> X, y = load_iris(return_X_y=True)
    >>> network = KerasDNNClassifier((20,), epochs=3, random_state=0).fit(X, y)
    >>> model = to_onnx(network)
    >>> [node.op_type for node in model.graph.node]
    ['Gemm', 'Relu', 'Gemm', 'Softmax', 'ArgMax', 'Gather']
    >>> [output.name for output in model.graph.output]
    ['label', 'probabilities']
    """
    check_is_fitted(estimator)
    scaling, classifier = None, estimator
    if isinstance(estimator, Pipeline):
        scaling, classifier = image_pipeline_parts(estimator)
    if not isinstance(classifier, KerasDNNClassifier | KerasDNNRegressor):
        raise TypeError(
            "only a KerasDNNClassifier, a KerasDNNRegressor or a pipeline as made by "
            f"make_image_pipeline can be converted, got {type(classifier).__name__}; skl2onnx "
            "converts scikit-learn's own"
        )
    graph = _Graph()
    dtype = input_dtype or ("float32" if scaling is None else "uint8")
    rows = _flattened_rows(graph, classifier, scaling, dtype)
    answered, outputs = _ANSWERS[classifier._kind]
    answered(graph, classifier, _network(graph, classifier, rows))
    shape = _input_shape(classifier, scaling, image_shape)
    return graph.model(dtype, shape, outputs(classifier))


# -- a graph under construction -----------------------------------------------------------


class _Graph:
    """Nodes and constants of a model; every method returns the name of its result."""

    def __init__(self) -> None:
        try:
            import onnx.helper
            import onnx.numpy_helper
        except ImportError as error:
            raise ImportError(
                "to_onnx needs the package onnx: install skdnn with the extra, "
                "pip install 'skdnn[onnx]'"
            ) from error
        self._onnx = onnx
        self._nodes: list[Any] = []
        self._constants: list[Any] = []

    def add(self, op: str, *inputs: str, out: str | None = None, **attributes: Any) -> str:
        name = out or f"{op.lower()}_{len(self._nodes)}"
        node = self._onnx.helper.make_node(op, list(inputs), [name], name, **attributes)
        self._nodes.append(node)
        return name

    def largest_first(self, value: str, units: int) -> str:
        k = self.constant([units], dtype=np.int64)
        name = f"topk_{len(self._nodes)}"
        outputs = [name, f"{name}_places"]
        self._nodes.append(self._onnx.helper.make_node("TopK", [value, k], outputs, name))
        return name

    def constant(self, value: Any, name: str | None = None, dtype: Any = np.float32) -> str:
        name = name or f"constant_{len(self._constants)}"
        array = np.ascontiguousarray(value, dtype).reshape(np.shape(value))
        self._constants.append(self._onnx.numpy_helper.from_array(array, name))
        return name

    def cast(self, value: str, dtype: str, out: str | None = None) -> str:
        return self.add("Cast", value, out=out, to=self.type(dtype))

    def type(self, dtype: str) -> int:
        names = {"string": "STRING", "float32": "FLOAT", "float64": "DOUBLE"}
        return int(getattr(self._onnx.TensorProto, names.get(dtype, dtype.upper())))

    def model(self, dtype: str, shape: Sequence[Any], outputs: dict[str, Any]) -> Any:
        helper = self._onnx.helper
        graph = helper.make_graph(
            self._nodes,
            "skdnn",
            [helper.make_tensor_value_info("input", self.type(dtype), shape)],
            [
                helper.make_tensor_value_info(name, self.type(kind), output_shape)
                for name, (kind, output_shape) in outputs.items()
            ],
            self._constants,
        )
        model = helper.make_model(
            graph,
            producer_name="skdnn",
            opset_imports=[helper.make_opsetid("", _OPSET)],
            ir_version=_IR_VERSION,
        )
        self._onnx.checker.check_model(model, full_check=True)
        return model


# -- from the input to the network's outputs ----------------------------------------------

_INPUT_DTYPES = ("uint8", "int32", "int64", "float32", "float64")


def _flattened_rows(graph: _Graph, classifier: KerasDNNBase, scaling: Any, dtype: str) -> str:
    if dtype not in _INPUT_DTYPES:
        raise ValueError(f"input_dtype must be one of {_INPUT_DTYPES}, got {dtype!r}")
    value = "input" if dtype == "float32" else graph.cast("input", "float32")
    if scaling is not None:
        value = graph.add("Div", value, graph.constant(scaling["scale"], "scale"))
    flat = len(classifier.input_shape_) == 1 and scaling is None
    return value if flat else graph.add("Flatten", value, axis=1)


def _network(graph: _Graph, estimator: KerasDNNBase, rows: str) -> str:
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
        value = _activation_builder(activation)(graph, value, units)
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


def _dense(graph: _Graph, value: str, layer: str, names: dict[str, str]) -> str:
    return graph.add("Gemm", value, names[f"{layer}.kernel"], names[f"{layer}.bias"])


def _normalized(graph: _Graph, value: str, layer: str, names: dict[str, str]) -> str:
    order = ("gamma", "beta", "moving_mean", "moving_variance")
    settings = [names[f"{layer}.{name}"] for name in order]
    return graph.add("BatchNormalization", value, *settings, epsilon=_EPSILON)


# -- from probabilities to labels ---------------------------------------------------------


def _labels(graph: _Graph, classifier: KerasDNNClassifier, probabilities: str) -> None:
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


def _outputs(classifier: KerasDNNClassifier) -> dict[str, tuple[str, list[Any]]]:
    n = len(classifier.classes_)
    texts = classifier.classes_.dtype.kind not in "biuf"
    label = ["n", n] if classifier._fitted_state["multilabel"] else ["n"]
    return {
        "label": ("string" if texts else "int64", label),
        "probabilities": ("float32", ["n", n]),
    }


# -- from outputs to numbers --------------------------------------------------------------


def _prediction(graph: _Graph, regressor: KerasDNNRegressor, outputs: str) -> None:
    target = regressor._fitted_target()
    scaled = graph.add("Mul", outputs, graph.constant(target.scale, "units.scale"))
    flat = target.one_dimensional
    last = None if flat else "prediction"
    numbers = graph.add("Add", scaled, graph.constant(target.shift, "units.shift"), out=last)
    if flat:
        axis = graph.constant([1], dtype=np.int64)
        graph.add("Squeeze", numbers, axis, out="prediction")


def _number_outputs(regressor: KerasDNNRegressor) -> dict[str, tuple[str, list[Any]]]:
    target = regressor._fitted_target()
    shape = ["n"] if target.one_dimensional else ["n", len(target.shift)]
    return {"prediction": ("float32", shape)}


_ANSWERS: dict[type[Target], tuple[Callable[..., None], Callable[..., dict[str, Any]]]] = {
    Classes: (_labels, _outputs),
    Numbers: (_prediction, _number_outputs),
}

# -- the input ----------------------------------------------------------------------------


def _input_shape(
    classifier: KerasDNNBase, scaling: Any, image_shape: tuple[int, ...] | None
) -> list[Any]:
    rows = classifier.input_shape_
    flattened = scaling is not None and scaling["flatten"]
    known = scaling["image_shape"] if flattened else rows
    if known is None and image_shape is None:
        raise ValueError(
            f"the pipeline flattens images to {rows[0]} pixels and has not learnt their shape: "
            "pass image_shape, such as image_shape=(28, 28)"
        )
    shape = tuple(map(int, image_shape or known))
    if known not in (None, shape) or prod(shape) != prod(rows):
        raise ValueError(
            f"image_shape must be that of the images, {known or f'{rows[0]} pixels'}, got "
            f"{image_shape}"
        )
    return ["n", *shape]


# -- activations --------------------------------------------------------------------------

_Builder: TypeAlias = Callable[[_Graph, str, int], str]


def _activation_builder(activation: Any) -> _Builder:
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


def _operator(op: str, **attributes: Any) -> _Builder:
    return lambda graph, x, _: graph.add(op, x, **attributes)


def _linear(graph: _Graph, x: str, _: int) -> str:  # noqa: ARG001
    return x


def _times(factor: _Builder) -> _Builder:
    return lambda graph, x, units: graph.add("Mul", x, factor(graph, x, units))


def _clip(low: float, high: float) -> _Builder:
    return lambda graph, x, _: graph.add("Clip", x, graph.constant(low), graph.constant(high))


def _gelu(graph: _Graph, x: str, _: int) -> str:
    error = graph.add("Erf", graph.add("Mul", x, graph.constant(np.sqrt(0.5))))
    half = graph.add("Mul", x, graph.constant(0.5))
    return graph.add("Mul", half, graph.add("Add", error, graph.constant(1)))


def _log_sigmoid(graph: _Graph, x: str, _: int) -> str:
    return graph.add("Neg", graph.add("Softplus", graph.add("Neg", x)))


def _mish(graph: _Graph, x: str, _: int) -> str:
    return graph.add("Mul", x, graph.add("Tanh", graph.add("Softplus", x)))


def _sparse_plus(graph: _Graph, x: str, units: int) -> str:
    # 0 up to -1, (x + 1)² / 4 up to 1, then x
    clipped = graph.add("Add", _clip(-1, 1)(graph, x, units), graph.constant(1))
    parabola = graph.add("Mul", graph.add("Mul", clipped, clipped), graph.constant(0.25))
    beyond = graph.add("Relu", graph.add("Sub", x, graph.constant(1)))
    return graph.add("Add", parabola, beyond)


def _sparse_sigmoid(graph: _Graph, x: str, units: int) -> str:
    halved = graph.add("Mul", graph.add("Add", x, graph.constant(1)), graph.constant(0.5))
    return _clip(0, 1)(graph, halved, units)


def _squareplus(graph: _Graph, x: str, _: int) -> str:
    root = graph.add("Sqrt", graph.add("Add", graph.add("Mul", x, x), graph.constant(4)))
    return graph.add("Mul", graph.add("Add", x, root), graph.constant(0.5))


def _tanh_shrink(graph: _Graph, x: str, _: int) -> str:
    return graph.add("Sub", x, graph.add("Tanh", x))


def _sparsemax(graph: _Graph, x: str, units: int) -> str:
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
_ACTIVATIONS: dict[str, _Builder] = {
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
