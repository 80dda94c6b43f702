"""Whole pipelines as models: skl2onnx puts them together, and they must answer as they do."""

from __future__ import annotations

from math import inf
from operator import itemgetter
from typing import Any

import numpy as np

from skdnn._estimator.base import KerasDNNBase
from skdnn._messages import few
from skdnn.onnx._agreement import answers_of, disagreement, reason_of
from skdnn.onnx._graph import IR_VERSION, OPSET, element_type, imported_onnx
from skdnn.onnx._images import validate_dtype
from skdnn.onnx._inputs import Input, inputs_of, sample_of
from skdnn.onnx._network import Outputs, outputs_of
from skdnn.onnx._registration import imported_skl2onnx, register_converters, register_network
from skdnn.onnx._steps import last_step, spelt_out, steps_of

_ML_OPSET = 3  # of the operators in ai.onnx.ml, such as Imputer; of the same ONNX as OPSET

# Before all names that skl2onnx gives, so that none is that of a column.
_PREFIX = "skl2onnx."


def model_of_pipeline(pipeline: Any, X: Any, input_dtype: str | None) -> Any:
    """Return the model of any fitted pipeline that ends in a network.

    Parameters
    ----------
    pipeline : Pipeline, KerasDNNClassifier or KerasDNNRegressor
        Fitted.
    X : array-like or frame
        Rows: what they hold tells the inputs, and the model must answer them as the pipeline.
    input_dtype : str or None
        As that of :func:`skdnn.onnx.to_onnx`.

    Returns
    -------
    model : onnx.ModelProto

    Raises
    ------
    ValueError
        If skl2onnx can't express a step, or expresses it so that it answers otherwise.
    """
    dtype = validate_dtype(input_dtype or "float32")
    rows = sample_of(X)
    inputs, network = inputs_of(rows), last_step(pipeline)
    outputs = outputs_of(network)
    _check_names(inputs, outputs)
    register_converters()
    register_network(type(network))
    answers = answers_of(pipeline, rows)
    refusals = []
    # Steps take bools for numbers, as scalers do, or for categories.
    for as_text in (False, True) if any(each.kind == "bools" for each in inputs) else (False,):
        inner = [each.without_bools(as_text) for each in inputs]
        try:
            model = _finished(_converted(pipeline, inner), inputs, inner, outputs, dtype)
            reason = disagreement(model, inputs, *answers)
        except Exception as error:  # skl2onnx raises whatever it comes upon
            reason = reason_of(error)
        if reason is None:
            return model
        refusals.append(_refusal(pipeline, rows, inner) or (inf, f"the pipeline {reason}"))
    # What goes further is what was meant.
    raise ValueError(max(reversed(refusals), key=itemgetter(0))[1])


def _check_names(inputs: list[Input], outputs: Outputs) -> None:
    shared = [each.name for each in inputs if each.name in outputs]
    if shared:
        raise ValueError(
            "X must not have columns with the names of the model's outputs, got "
            f"{few(shared)}: rename them before fit"
        )


def _converted(estimator: Any, inputs: list[Input]) -> Any:
    """Convert an estimator or a transformer; all numbers that go in are float32."""
    skl2onnx = imported_skl2onnx()
    from skl2onnx.common.data_types import FloatTensorType, StringTensorType

    types = []
    for each in inputs:
        kind = StringTensorType if each.kind == "text" else FloatTensorType
        types.append((each.name, kind([None, *each.values.shape[1:]])))
    last = last_step(estimator)
    classifies = isinstance(last, KerasDNNBase) and "label" in outputs_of(last)
    model = skl2onnx.convert_sklearn(
        spelt_out(estimator),
        "skdnn",
        types,
        target_opset={"": OPSET, "ai.onnx.ml": _ML_OPSET},
        options={id(last): {"zipmap": False}} if classifies else None,
    )
    # skl2onnx writes the version in which the operators that are used changed last.
    for used in model.opset_import:
        used.version = used.version if used.domain else OPSET
    model.ir_version = IR_VERSION
    return model


def _refusal(pipeline: Any, rows: Any, inputs: list[Input]) -> tuple[float, str] | None:
    """Return which step can't be expressed, by number and in words.

    It is the first that can't, taken with those before it.
    """
    for number, (step, upto) in enumerate(steps_of(pipeline)):
        try:
            model = _converted(upto, inputs)
            reason = disagreement(model, inputs, *answers_of(upto, rows))
            if len(model.graph.output) > 1 and not isinstance(last_step(upto), KerasDNNBase):
                reason = "is not converted as a transformer by skl2onnx"
        except Exception as error:  # skl2onnx raises whatever it comes upon
            reason = reason_of(error)
        if reason is not None:
            return number, f"{step} {reason}"
    return None


def _finished(
    model: Any, inputs: list[Input], inner: list[Input], outputs: Outputs, dtype: str
) -> Any:
    """Return the model with the names, types and shapes that models of skdnn have."""
    onnx = imported_onnx()
    from onnx.compose import add_prefix

    model = add_prefix(model, _PREFIX)
    helper, described = onnx.helper, onnx.helper.make_tensor_value_info
    types = {"numbers": dtype, "bools": "bool", "text": "string"}
    first, texts = _from_inputs(model.graph.input, inputs, inner, dtype)
    last, axes = _to_outputs(model.graph.output, outputs)
    graph = helper.make_graph(
        [*first, *model.graph.node, *last],
        "skdnn",
        [
            described(
                each.name, element_type(onnx, types[each.kind]), ["n", *each.values.shape[1:]]
            )
            for each in inputs
        ],
        [
            described(name, element_type(onnx, kind), shape)
            for name, (kind, shape) in outputs.items()
        ],
        [*model.graph.initializer, *texts, *axes],
    )
    finished = helper.make_model(
        graph,
        producer_name="skdnn",
        opset_imports=model.opset_import,
        functions=model.functions,
        ir_version=IR_VERSION,
    )
    onnx.checker.check_model(finished, full_check=True)
    return finished


def _from_inputs(
    converted: Any, inputs: list[Input], inner: list[Input], dtype: str
) -> tuple[list[Any], list[Any]]:
    """Return nodes and their constants: inputs become what was converted takes."""
    onnx = imported_onnx()
    nodes, constants = [], []
    for info, each, taken in zip(converted, inputs, inner, strict=True):
        op, values, how = "Identity", [each.name], {}
        if each.kind == "bools" and taken.kind == "text":
            op, values = "Where", [each.name, "bools.true", "bools.false"]
            constants = [
                onnx.numpy_helper.from_array(np.array([text], object), name)
                for text, name in zip(("True", "False"), values[1:], strict=True)
            ]
        elif each.kind == "bools" or (each.kind == "numbers" and dtype != "float32"):
            op, how = "Cast", {"to": onnx.TensorProto.FLOAT}
        nodes.append(onnx.helper.make_node(op, values, [info.name], info.name, **how))
    return nodes, constants


def _to_outputs(inner: Any, outputs: Outputs) -> tuple[list[Any], list[Any]]:
    """Return nodes and their constants: `predict` gives numbers of one output as (n,)."""
    onnx = imported_onnx()
    nodes, constants = [], []
    for info, (name, (_, shape)) in zip(inner, outputs.items(), strict=True):
        op, more = "Identity", []
        if name == "prediction" and len(shape) == 1:
            op, more = "Squeeze", ["units.axis"]
            constants = [onnx.numpy_helper.from_array(np.array([1]), *more)]
        nodes.append(onnx.helper.make_node(op, [info.name, *more], [name], name))
    return nodes, constants
