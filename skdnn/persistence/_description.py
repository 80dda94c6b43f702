"""A fitted estimator or pipeline as a manifest and arrays."""

from __future__ import annotations

from importlib.metadata import version
from platform import python_version
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline

from skdnn._estimator.base import KerasDNNBase
from skdnn._estimator.networks import architecture_of
from skdnn._estimator.state import weight_shapes
from skdnn._messages import few
from skdnn.persistence import _image_pipeline, _table_pipeline, _values
from skdnn.persistence._format import REQUEST_METHODS, check_optimizer
from skdnn.persistence._formats import format_of
from skdnn.persistence._rules import Arrays, names_record
from skdnn.pipeline import image_pipeline_parts

_PACKAGES = ("skdnn", "keras", "numpy", "safetensors", "scikit-learn", "tensorflow")

# What every fitted estimator has, or may have, beside its hyperparameters.
_KNOWN_ATTRIBUTES = {
    "_fitted_state",
    "_metadata_request",
    "_routed",
    "best_iteration_",
    "feature_names_in_",
    "history_",
    "input_shape_",
    "n_features_in_",
    "n_iter_",
    "n_parameters_",
    "validation_scores_",
}


def describe(estimator: Any) -> tuple[dict[str, Any], Arrays]:
    """Describe a fitted estimator or pipeline.

    Parameters
    ----------
    estimator : KerasDNNClassifier, KerasDNNRegressor or sklearn.pipeline.Pipeline
        Fitted.

    Returns
    -------
    manifest : dict
        What JSON has.
    arrays : dict of ndarray
        By name.

    Raises
    ------
    TypeError
        If it is another estimator.
    ValueError
        If it holds what a file may not hold.
    """
    pipeline, of_pipeline, network = _pipeline_parts(estimator)
    file_format = format_of(network, for_tables=is_table_pipeline(estimator))
    if file_format is None:
        raise TypeError(
            "only a KerasDNNClassifier, a KerasDNNRegressor or a pipeline as made by "
            "make_image_pipeline or make_table_pipeline can be saved, got "
            f"{type(network).__name__}; skops saves other estimators"
        )
    _check_attributes(network)
    of_targets, output, arrays = file_format.describe(network)
    manifest = {
        "format": file_format.number,
        "kind": file_format.kind if pipeline is None else file_format.pipeline_kind,
        "versions": {"python": python_version(), **{name: version(name) for name in _PACKAGES}},
        "parameters": _parameters_record(network),
        "network": {**_layers_record(network), **output},
        **_training_record(network),
        **of_targets,
        "feature_names": names_record(network),
        "requests": _requests_record(network),
        "pipeline": pipeline,
    }
    return manifest, {**_arrays(network), **arrays, **of_pipeline}


def is_table_pipeline(estimator: Any) -> bool:
    """Tell whether it is a pipeline with the steps of `make_table_pipeline`."""
    return type(estimator) is Pipeline and _step_names(estimator) == _table_pipeline.STEPS


def _step_names(pipeline: Pipeline) -> list[str]:
    return [name for name, _ in pipeline.steps]


def _pipeline_parts(estimator: Any) -> tuple[dict[str, Any] | None, Arrays, Any]:
    """Return the record and the arrays of a pipeline, if it is one, and its network."""
    if not isinstance(estimator, Pipeline):
        return None, {}, estimator
    if is_table_pipeline(estimator):
        return *_table_pipeline.describe(estimator), estimator.steps[1][1]
    if (names := _step_names(estimator)) != _image_pipeline.STEPS:
        raise TypeError(
            "the pipeline must be as make_image_pipeline makes it, with steps 'scale' and "
            "'dnn', or make_table_pipeline, with steps 'columns' and 'dnn', got steps "
            f"{few(names)}: save the network alone, or the pipeline with skops"
        )
    settings, network = image_pipeline_parts(estimator)
    return _image_pipeline.describe(estimator, settings), {}, network


def _check_attributes(estimator: KerasDNNBase) -> None:
    if "_skl_callbacks" in vars(estimator):
        raise ValueError("can't save callbacks: call set_callbacks() with none before saving")
    known = {*_KNOWN_ATTRIBUTES, *estimator._kind.attributes, *estimator._get_param_names()}
    unknown = sorted(vars(estimator).keys() - known)
    if unknown:
        raise ValueError(
            f"can't save attributes {unknown}, which a fit does not set; delete them first"
        )


def _parameters_record(estimator: KerasDNNBase) -> dict[str, Any]:
    parameters = estimator.get_params(deep=True).items()
    return {name: _values.encode(name, value) for name, value in parameters}


def _layers_record(estimator: KerasDNNBase) -> dict[str, Any]:
    fitted_state = estimator._fitted_state
    return {
        "input_shape": [int(n) for n in fitted_state["input_shape"]],
        "hidden_units": list(fitted_state["hidden_units"]),
        "activation": [
            _values.encode("activation", each) for each in fitted_state["activation"]
        ],
        "batch_normalization": list(fitted_state["batch_normalization"]),
    }


def _training_record(estimator: KerasDNNBase) -> dict[str, Any]:
    fitted_state = estimator._fitted_state
    check_optimizer(fitted_state["optimizer"])
    return {
        "training": {
            "optimizer": fitted_state["optimizer"],
            "seed": fitted_state["seed"],
            "epoch": fitted_state["epoch"],
        },
        "history": list(estimator.history_),
        "best_iteration": getattr(estimator, "best_iteration_", None),
    }


def _arrays(estimator: KerasDNNBase) -> Arrays:
    fitted_state = estimator._fitted_state
    names = weight_shapes(architecture_of(fitted_state))
    arrays = dict(zip(names, fitted_state["weights"], strict=True))
    arrays.update(
        (f"slots.{i}", np.asarray(slot)) for i, slot in enumerate(fitted_state["slots"])
    )
    for name, values in estimator.history_.items():
        arrays[f"history.{name}"] = np.array(values, np.float64)
    if hasattr(estimator, "validation_scores_"):
        arrays["validation_scores"] = estimator.validation_scores_
    return arrays


def _requests_record(estimator: KerasDNNBase) -> dict[str, Any]:
    requests = getattr(estimator, "_metadata_request", None)
    if requests is None:
        return {}
    return {method: dict(getattr(requests, method).requests) for method in REQUEST_METHODS}
