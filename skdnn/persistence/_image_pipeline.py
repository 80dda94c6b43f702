"""An image pipeline in a manifest."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

from sklearn.pipeline import Pipeline

from skdnn._estimator.base import KerasDNNBase
from skdnn.persistence import _values
from skdnn.persistence._container import MOST_DIMENSIONS
from skdnn.persistence._rules import (
    check_texts,
    names_record,
    require,
    restored_names,
    validate_fields,
)
from skdnn.pipeline import make_image_pipeline

STEPS = ["scale", "dnn"]

FIELDS: dict[str, Any] = {
    "scale": int | float,
    "flatten": bool,
    "image_shape": list | None,
    "n_features": int | None,
    "feature_names": list | None,
    "transform_input": list | None,
    "verbose": bool,
}


def describe(pipeline: Pipeline, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the record of a pipeline for the manifest.

    Parameters
    ----------
    pipeline : Pipeline
        Fitted.
    settings : mapping
        Of its transformer, from :func:`skdnn.pipeline.image_pipeline_parts`.

    Returns
    -------
    record : dict
        What JSON has.
    """
    shape, transformer = settings["image_shape"], pipeline.steps[0][1]
    return {
        "scale": _values.encode("scale", settings["scale"]),
        "flatten": bool(settings["flatten"]),
        "image_shape": None if shape is None else [int(n) for n in shape],
        "n_features": getattr(transformer, "n_features_in_", None),
        "feature_names": names_record(transformer),
        "transform_input": pipeline.transform_input,
        "verbose": pipeline.verbose,
    }


def restore(record: Any, estimator: KerasDNNBase) -> Pipeline:
    """Rebuild a pipeline.

    Parameters
    ----------
    record : object
        From :func:`describe`, or from an attacker.
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
    fields = validate_fields(record, FIELDS)
    shape, inputs = fields["image_shape"], fields["transform_input"]
    valid = fields["scale"] > 0 and len(shape or ()) <= MOST_DIMENSIONS
    for numbers in (shape, None if (n := fields["n_features"]) is None else [n]):
        valid = valid and all(type(n) is int and n > 0 for n in numbers or ())
    require(valid, "its scale, image_shape and n_features must be positive")
    rows = estimator.input_shape_
    valid = not fields["flatten"] or len(rows) == 1
    if shape is not None:
        valid = valid and rows == ((prod(shape),) if fields["flatten"] else tuple(shape))
    require(valid, f"its image_shape or flatten does not fit a network for rows of {rows}")
    pipeline = make_image_pipeline(
        scale=fields["scale"],
        flatten=fields["flatten"],
        image_shape=None if shape is None else tuple(shape),
    )
    if inputs is not None:
        check_texts("transform_input", inputs)
    transformer = pipeline.steps[0][1]
    if fields["n_features"] is not None:
        transformer.n_features_in_ = fields["n_features"]
    vars(transformer).update(restored_names(fields["feature_names"]))
    pipeline.set_params(transform_input=inputs, verbose=fields["verbose"], dnn=estimator)
    return pipeline
