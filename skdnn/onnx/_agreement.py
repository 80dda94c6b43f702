"""What a model answers, compared with what its estimator answers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

from skdnn._estimator.base import KerasDNNBase
from skdnn._messages import brief
from skdnn.onnx._inputs import Input
from skdnn.onnx._network import outputs_of
from skdnn.onnx._steps import last_step

# Far above what float32 rounds off, far below what another meaning makes of a value.
_PART, _ABSOLUTE = 1e-4, 1e-3


def answers_of(estimator: Any, rows: Any) -> tuple[NDArray[Any], Any]:
    """Return what a model of an estimator is to answer, and the unit of a difference.

    Parameters
    ----------
    estimator : estimator
        Fitted: a network, a transformer, or a pipeline that ends in one of them.
    rows : array-like or frame

    Returns
    -------
    answers : ndarray
        Probabilities, numbers or transformed rows.
    unit : float or ndarray of shape (n_outputs,)
        How far numbers spread, 1 for others.
    """
    last = last_step(estimator)
    if not isinstance(last, KerasDNNBase):
        transformed = estimator.transform(rows)
        dense = transformed.toarray() if issparse(transformed) else transformed
        return np.asarray(dense), 1.0
    if "probabilities" in outputs_of(last):
        return estimator.predict_proba(rows), 1.0
    return estimator.predict(rows), last._fitted_target().scale


def disagreement(
    model: Any, inputs: list[Input], expected: NDArray[Any], unit: Any
) -> str | None:
    """Say how a model's answers differ from an estimator's.

    Parameters
    ----------
    model : onnx.ModelProto
        Its inputs are those given, in their order; what is compared is its last output.
    inputs : list of Input
    expected : ndarray
    unit : float or ndarray

    Returns
    -------
    difference : str or None
        The end of a sentence about a step; None if it is that of rounding alone.
    """
    from onnx.reference import ReferenceEvaluator

    described = zip(model.graph.input, inputs, strict=True)
    feeds = {info.name: each.values for info, each in described}
    given = np.asarray(ReferenceEvaluator(model).run(None, feeds)[-1])
    given = given.reshape(expected.shape) if given.size == expected.size else given
    if given.shape != expected.shape:
        return f"returns {_width(expected)}, but {_width(given)} when converted by skl2onnx"
    wrong = _wrong(given, expected, unit)
    if not wrong.any():
        return None
    place = tuple(np.argwhere(wrong)[0])
    return (
        f"returns {brief(expected[place])}, but {brief(given[place])} when converted by "
        f"skl2onnx, in row {place[0]} and {len(set(np.argwhere(wrong)[:, 0])) - 1} others"
    )


def reason_of(error: Exception) -> str:
    """Write an error of a conversion as the end of a sentence about a step."""
    if type(error).__name__ in ("MissingConverter", "MissingShapeCalculator"):
        return "can't be converted to ONNX: skl2onnx does not support it"
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    line = lines[0] if lines else type(error).__name__
    return f"can't be converted to ONNX: {line.partition(' You may raise an issue')[0]}"


def _wrong(given: NDArray[Any], expected: NDArray[Any], unit: Any) -> NDArray[np.bool_]:
    if expected.dtype.kind not in "buif":
        return np.asarray(given.astype(str) != expected.astype(str))
    given, expected = given.astype(np.float64), expected.astype(np.float64)
    most = _ABSOLUTE * unit + _PART * abs(expected)
    with np.errstate(invalid="ignore"):
        near = abs(given - expected) <= most
    same = near | (given == expected) | (np.isnan(given) & np.isnan(expected))
    return ~np.asarray(same, bool)


def _width(values: NDArray[Any]) -> str:
    columns = values.shape[1] if values.ndim > 1 else 1
    return f"{columns} column{'' if columns == 1 else 's'}"
