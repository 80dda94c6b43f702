"""A table pipeline in a manifest and arrays."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate, pairwise
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from skdnn._estimator.base import KerasDNNBase
from skdnn._messages import brief
from skdnn.persistence import _table_settings
from skdnn.persistence._rules import (
    Arrays,
    Expected,
    check_texts,
    names_record,
    require,
    restored_names,
    validate_fields,
)
from skdnn.persistence._table_transformer import (
    Kind,
    TableState,
    fitted_transformer,
    groups_infrequent,
    state_of,
)

FIELDS: dict[str, Any] = {
    "columns": list,
    "feature_names": list | None,
    "settings": dict,
    "transform_input": list | None,
    "verbose": bool,
}

STEPS = ["columns", "dnn"]

# Of the columns of numbers, and of the texts of all categories, in UTF-8 one behind the other.
_STATISTICS, _GAPS = "numbers.statistics", "numbers.gaps"
_CENTER, _SCALE = "numbers.center", "numbers.scale"
_COUNTS, _LENGTHS = "categories.counts", "categories.lengths"
_INFREQUENT, _TEXTS = "categories.infrequent", "categories.texts"

_FLOAT, _INT = np.dtype(np.float64), np.dtype(np.int64)
_BOOL, _BYTE = np.dtype(np.bool_), np.dtype(np.uint8)


# -- from a pipeline to a record and arrays -----------------------------------------------


def describe(pipeline: Pipeline) -> tuple[dict[str, Any], Arrays]:
    """Return the record of a pipeline for the manifest, and its arrays.

    Parameters
    ----------
    pipeline : Pipeline
        Fitted.

    Returns
    -------
    record : dict
        What JSON has.
    arrays : dict of ndarray
        By name.

    Raises
    ------
    NotFittedError
        If the transformer is not fitted.
    ValueError
        If a step or setting is not as `make_table_pipeline` makes it, and not one that a file
        keeps; names it.
    """
    transformer = pipeline.steps[0][1]
    if type(transformer) is not ColumnTransformer:
        raise ValueError(
            f"can't save columns={brief(transformer)}: a file holds the ColumnTransformer of "
            "make_table_pipeline here; save the pipeline with skops"
        )
    if pipeline.memory is not None:
        raise ValueError(
            f"can't save memory={brief(pipeline.memory)}: call set_params(memory=None)"
        )
    check_is_fitted(transformer)
    state = state_of(transformer, _table_settings.encode(transformer))
    record = {
        "columns": list(state.columns),
        "feature_names": names_record(transformer),
        "settings": state.settings,
        "transform_input": pipeline.transform_input,
        "verbose": pipeline.verbose,
    }
    return record, {**_number_arrays(state), **_category_arrays(state)}


def check_attributes(pipeline: Pipeline, loaded: Pipeline) -> None:
    """Check that no step has an attribute that is not there in what was loaded of its file.

    Parameters
    ----------
    pipeline, loaded : Pipeline
        What is to be saved, and what its file gives.

    Raises
    ------
    ValueError
        If one has, such as that of `set_output`.
    """
    for (name, given), (_, restored) in zip(_parts(pipeline), _parts(loaded), strict=True):
        unknown = sorted(vars(given).keys() ^ vars(restored).keys())
        if unknown:
            raise ValueError(
                f"can't save {name}, whose attributes {unknown} a fit of make_table_pipeline "
                "does not leave, but set_output or set_callbacks: fit without, or save the "
                "pipeline with skops"
            )


def _parts(pipeline: Pipeline) -> Iterator[tuple[str, BaseEstimator]]:
    transformer = pipeline.steps[0][1]
    yield from (("the pipeline", pipeline), (STEPS[0], transformer))
    for name in ("numbers", "categories"):
        inner = transformer.named_transformers_[name]
        yield f"{STEPS[0]}__{name}", inner
        for step, each in inner.steps:
            yield f"{STEPS[0]}__{name}__{step}", each


def _number_arrays(state: TableState) -> Arrays:
    if not len(state.gaps):
        return {}
    arrays = {
        _STATISTICS: state.statistics,
        _GAPS: state.gaps,
        _CENTER: state.center,
        _SCALE: state.scale,
    }
    return {name: each for name, each in arrays.items() if each is not None}


def _category_arrays(state: TableState) -> Arrays:
    if not state.categories:
        return {}
    # A half of a surrogate pair is in no UTF-8, but may be in a str.
    texts = [
        text.encode("utf-8", "surrogatepass") for each in state.categories for text in each
    ]
    return {
        _COUNTS: np.array([len(each) for each in state.categories]),
        _LENGTHS: np.array([len(text) for text in texts]),
        _INFREQUENT: np.concatenate(state.infrequent),
        _TEXTS: np.frombuffer(b"".join(texts), np.uint8),
    }


# -- from a record and arrays to a pipeline -----------------------------------------------


def entries(record: Any) -> dict[str, Expected]:
    """Return the arrays that a record needs, before any is read.

    Parameters
    ----------
    record : object
        From :func:`describe`, or from an attacker.

    Returns
    -------
    entries : dict
        By name.

    Raises
    ------
    LoadError
        If the record breaks a rule.
    """
    fields = validate_fields(record, FIELDS)
    columns = fields["columns"]
    valid = all(isinstance(kind, str) and kind in get_args(Kind) for kind in columns)
    require(valid, f"each of its columns must be one of {get_args(Kind)}")
    settings = _table_settings.decode(fields["settings"])
    expected: dict[str, Expected] = {}
    if n := columns.count("numbers"):
        if settings["numbers__impute__strategy"] != "constant":
            expected[_STATISTICS] = ("f", (n,), _FLOAT)
        expected[_GAPS] = ("b", (n,), _BOOL)
        for name, setting in ((_CENTER, "with_centering"), (_SCALE, "with_scaling")):
            if settings[f"numbers__scale__{setting}"]:
                expected[name] = ("f", "vector", _FLOAT)
    if n := columns.count("categories"):
        expected[_COUNTS] = ("i", (n,), _INT)
        expected[_LENGTHS] = ("i", "vector", _INT)
        expected[_INFREQUENT] = ("b", "vector", _BOOL)
        expected[_TEXTS] = ("u", "vector", _BYTE)
    return expected


def restore(record: Any, arrays: Arrays, estimator: KerasDNNBase) -> Pipeline:
    """Rebuild a pipeline.

    Parameters
    ----------
    record : dict
        Checked by :func:`entries`.
    arrays : dict of ndarray
        By name.
    estimator : KerasDNNBase
        Fitted.

    Returns
    -------
    pipeline : Pipeline

    Raises
    ------
    LoadError, ValueError, TypeError
        If a value breaks a rule.
    """
    if record["transform_input"] is not None:
        check_texts("transform_input", record["transform_input"])
    state = _state(record, arrays)
    n, shape = state.n_outputs, estimator.input_shape_
    require(shape == (n,), f"its columns become rows of {n}, its network takes {shape}")
    steps = list(zip(STEPS, (fitted_transformer(state), estimator), strict=True))
    return Pipeline(steps, transform_input=record["transform_input"], verbose=record["verbose"])


def _state(record: Any, arrays: Arrays) -> TableState:
    columns, settings = record["columns"], _table_settings.decode(record["settings"])
    names = restored_names(record["feature_names"]).get("feature_names_in_")
    valid = names is None or len(names) == len(columns)
    require(valid, "its columns must have as many names, or none")
    categories, infrequent = _categories(arrays) if "categories" in columns else ([], [])
    valid = groups_infrequent(settings) or not any(each.any() for each in infrequent)
    require(valid, "it has infrequent categories, which its settings do not allow")
    state = TableState(
        columns,
        names,
        settings,
        statistics=arrays.get(_STATISTICS),
        gaps=arrays.get(_GAPS, np.zeros(0, bool)),
        center=arrays.get(_CENTER),
        scale=arrays.get(_SCALE),
        categories=categories,
        infrequent=infrequent,
    )
    _check_numbers(state)
    return state


def _check_numbers(state: TableState) -> None:
    valid = state.settings["numbers__impute__add_indicator"] or not state.gaps.any()
    require(valid, "it has indicators of gaps, which its settings do not allow")
    n = state.n_scaled
    for name, each, length in (
        (_STATISTICS, state.statistics, len(state.gaps)),
        (_CENTER, state.center, n),
        (_SCALE, state.scale, n),
    ):
        if each is not None:
            require(len(each) == length, f"{name} must have {length} numbers: {len(each)}")
            require(bool(np.isfinite(each).all()), f"{name} must be finite")
    valid = state.scale is None or bool((state.scale > 0).all())
    require(valid, f"{_SCALE} must be positive")


def _categories(arrays: Arrays) -> tuple[list[NDArray[np.object_]], list[NDArray[np.bool_]]]:
    texts = _texts(arrays[_TEXTS].tobytes(), arrays[_LENGTHS].tolist())
    infrequent = arrays[_INFREQUENT]
    require(len(infrequent) == len(texts), f"{_INFREQUENT} must tell of each category")
    spans = _spans(_COUNTS, arrays[_COUNTS].tolist(), len(texts))
    categories = [np.array(texts[begin:end], object) for begin, end in spans]
    for each in categories:
        valid = all(left < right for left, right in pairwise(each))
        require(valid, "the categories of a column must be in order, and different")
    return categories, [infrequent[begin:end] for begin, end in spans]


def _texts(data: bytes, lengths: list[int]) -> list[str]:
    spans = _spans(_LENGTHS, lengths, len(data))
    return [data[begin:end].decode("utf-8", "surrogatepass") for begin, end in spans]


def _spans(name: str, lengths: list[int], n: int) -> list[tuple[int, int]]:
    """Return begins and ends of parts that fill something of length `n`."""
    valid = all(length > 0 for length in lengths) and sum(lengths) == n
    require(valid, f"{name} must be positive, and {n} together")
    return list(pairwise(accumulate(lengths, initial=0)))
