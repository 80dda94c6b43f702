"""The steps of a pipeline one by one, each with what comes before it."""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from typing import Any

from sklearn.compose import ColumnTransformer
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import FunctionTransformer


def last_step(estimator: Any) -> Any:
    """Return what stands at the end of a pipeline, or the estimator itself."""
    while isinstance(estimator, Pipeline):
        estimator = estimator.steps[-1][1]
    return estimator


def spelt_out(estimator: Any) -> Any:
    """Return an estimator whose pipelines have an identity for "passthrough".

    skl2onnx knows the one and not the other.

    Parameters
    ----------
    estimator : estimator
        Fitted; it is not changed.
    """
    if isinstance(estimator, str) or estimator is None:
        return FunctionTransformer()
    if isinstance(estimator, Pipeline):
        return Pipeline([(name, spelt_out(step)) for name, step in estimator.steps])
    if isinstance(estimator, ColumnTransformer):
        entries = [
            (name, spelt_out(step) if isinstance(step, Pipeline) else step, columns)
            for name, step, columns in estimator.transformers_
        ]
        return _with(estimator, transformers_=entries)
    return estimator


def steps_of(pipeline: Any) -> Iterator[tuple[str, Any]]:
    """Yield each step and the fitted pipeline up to it.

    Parameters
    ----------
    pipeline : estimator
        Fitted.

    Yields
    ------
    step : str
        Its names, from the outermost to its own, and its class.
    upto : estimator
        What ends with it, and has nothing beside it.
    """
    for names, step, upto in _parts(pipeline):
        where = f"step {' of '.join(map(repr, reversed(names)))}" if names else "the estimator"
        yield f"{where} ({type(step).__name__})", upto


def _parts(estimator: Any) -> Iterator[tuple[list[str], Any, Any]]:
    if isinstance(estimator, Pipeline):
        for number, (name, step) in enumerate(estimator.steps):
            for names, inner, part in _parts(step):
                steps = [*estimator.steps[:number], (name, part)]
                yield [name, *names], inner, Pipeline(steps)
        return
    if isinstance(estimator, ColumnTransformer):
        for name, step, columns in estimator.transformers_:
            for names, inner, part in _parts(step):
                only = _with(estimator, transformers_=[(name, part, columns)])
                yield [name, *names], inner, only
    if isinstance(estimator, FeatureUnion):
        for name, step in estimator.transformer_list:
            for names, inner, part in _parts(step):
                yield [name, *names], inner, _with(estimator, transformer_list=[(name, part)])
    if not isinstance(estimator, str):
        yield [], estimator, estimator


def _with(estimator: Any, **attributes: Any) -> Any:
    copied = copy(estimator)
    vars(copied).update(attributes)
    return copied
