"""Steps of scikit-learn's that skl2onnx has in part: gaps that are told, and rare categories.

What it has it goes on to convert.
"""

from __future__ import annotations

from math import isnan
from typing import Any

import numpy as np

from skdnn.onnx._within import Within, is_text, tensor_type

# -- gaps ---------------------------------------------------------------------------------


def imputer_shape(operator: Any) -> None:
    """Set the type and shape of what a `SimpleImputer` gives."""
    if not _tells_gaps(operator.raw_operator):
        from skl2onnx.shape_calculators import imputer

        imputer.calculate_sklearn_imputer_output_shapes(operator)
        return
    operator.outputs[0].type = tensor_type(
        "float32", [operator.inputs[0].get_first_dimension(), None]
    )


def convert_imputer(scope: Any, operator: Any, container: Any) -> None:
    """Add the nodes of a `SimpleImputer`: ours with ``add_indicator=True``."""
    step = operator.raw_operator
    if not _tells_gaps(step):
        from skl2onnx.operator_converters import imputer_op

        imputer_op.convert_sklearn_imputer(scope, operator, container)
        return
    _check_gaps_are_nan(step)
    graph = Within(scope, container, {"rows": operator.outputs[0].full_name})
    rows = graph.rows(operator.inputs)
    gaps = graph.add("IsNaN", rows)
    statistics = np.asarray(step.statistics_, np.float64)
    kept = graph.constant(np.flatnonzero(~np.isnan(statistics)), dtype=np.int64)
    filled = graph.add("Where", gaps, graph.constant(np.nan_to_num(statistics)), rows)
    filled = graph.add("Gather", filled, kept, axis=1)
    told = _gaps_of(graph, gaps, step.indicator_)
    graph.add("Concat", filled, told, axis=1, out="rows")


def indicator_shape(operator: Any) -> None:
    """Set the type and shape of what a `MissingIndicator` gives."""
    n, columns = operator.inputs[0].get_first_dimension(), operator.raw_operator.features_
    operator.outputs[0].type = tensor_type("float32", [n, len(columns)])


def convert_indicator(scope: Any, operator: Any, container: Any) -> None:
    """Add the nodes of a `MissingIndicator`, which skl2onnx has not."""
    step = operator.raw_operator
    _check_gaps_are_nan(step)
    graph = Within(scope, container, {"rows": operator.outputs[0].full_name})
    gaps = graph.add("IsNaN", graph.rows(operator.inputs))
    _gaps_of(graph, gaps, step, out="rows")


def _tells_gaps(imputer: Any) -> bool:
    return bool(imputer.add_indicator and len(imputer.indicator_.features_))


def _check_gaps_are_nan(step: Any) -> None:
    gap = step.missing_values
    if not isinstance(gap, float) or not isnan(gap):
        raise NotImplementedError(f"missing_values must be NaN, got {gap!r}")


def _gaps_of(graph: Within, gaps: str, indicator: Any, **output: Any) -> str:
    columns = graph.constant(indicator.features_, dtype=np.int64)
    return graph.cast(graph.add("Gather", gaps, columns, axis=1), "float32", **output)


# -- rare categories ----------------------------------------------------------------------


def encoder_shape(operator: Any) -> None:
    """Set the type and shape of what a `OneHotEncoder` gives."""
    step = operator.raw_operator
    if not _has_rare(step):
        from skl2onnx.shape_calculators import one_hot_encoder

        one_hot_encoder.calculate_sklearn_one_hot_encoder_output_shapes(operator)
        return
    n, columns = operator.inputs[0].get_first_dimension(), step.get_feature_names_out()
    operator.outputs[0].type = tensor_type("float32", [n, len(columns)])


def convert_encoder(scope: Any, operator: Any, container: Any) -> None:
    """Add the nodes of a `OneHotEncoder`: ours where rare categories share a column."""
    step = operator.raw_operator
    if not _has_rare(step):
        from skl2onnx.operator_converters import one_hot_encoder

        one_hot_encoder.convert_sklearn_one_hot_encoder(scope, operator, container)
        return
    if step.drop is not None or step.handle_unknown == "error":
        raise NotImplementedError(
            "infrequent categories need drop=None and handle_unknown other than 'error', got "
            f"drop={step.drop!r} and handle_unknown={step.handle_unknown!r}"
        )
    graph = Within(scope, container, {"rows": operator.outputs[0].full_name})
    columns = _columns(graph, operator.inputs)
    parts = []
    for column, categories, rare in zip(columns, step.categories_, _rare(step), strict=True):
        seldom = set() if rare is None else set(rare.tolist())
        others = bool(seldom) and step.handle_unknown != "ignore"
        parts.append(_encoded(graph, *column, categories.tolist(), seldom, others))
    graph.add("Concat", *parts, axis=1, out="rows")


def _has_rare(encoder: Any) -> bool:
    """Tell whether new categories are rare ones; skl2onnx has those that are errors or none."""
    shared = any(rare is not None for rare in _rare(encoder))
    return shared or encoder.handle_unknown in ("infrequent_if_exist", "warn")


def _rare(encoder: Any) -> list[Any]:
    """Return the rare categories of each column, None where it has none."""
    none = [None] * len(encoder.categories_)
    # Without min_frequency and max_categories there is not even the attribute.
    return list(getattr(encoder, "infrequent_categories_", none))


def _columns(graph: Within, variables: Any) -> list[tuple[str, bool]]:
    """Return columns, and whether each is text: an encoder gets one or several side by side."""
    columns = []
    for variable in variables:
        width = variable.get_second_dimension()
        text = is_text(variable)
        value = variable.full_name if text else graph.rows([variable])
        if width == 1:
            columns.append((value, text))
            continue
        for place in range(width):
            index = graph.constant([place], dtype=np.int64)
            columns.append((graph.add("Gather", value, index, axis=1), text))
    return columns


def _encoded(
    graph: Within,
    column: str,
    text: bool,
    categories: list[Any],
    seldom: set[Any],
    others: bool,
) -> str:
    """Add a column for each frequent category and, if any are rare, one for those.

    New ones are among them if `others`, and else none.
    """
    if not text and any(category != category for category in categories):
        raise NotImplementedError(
            "categories that are numbers must not be missing: impute them before"
        )
    frequent = [category for category in categories if category not in seldom]
    last = len(frequent)
    place = {category: number for number, category in enumerate(frequent)}
    keys: dict[str, Any] = (
        {"keys_strings": [str(category) for category in categories]}
        if text
        else {"keys_floats": [float(category) for category in categories]}
    )
    numbers = [place.get(category, last) for category in categories]
    number = graph.add(
        "LabelEncoder",
        column,
        values_int64s=numbers,
        default_int64=last if others else -1,
        **keys,
    )
    places = graph.constant(np.arange(last + bool(seldom))[None], dtype=np.int64)
    return graph.cast(graph.add("Equal", number, places), "float32")
