"""A fitted estimator or image pipeline as a manifest and arrays."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from platform import python_version
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from skdnn._estimator.base import KerasDNNBase
from skdnn._estimator.networks import architecture_of
from skdnn._estimator.state import weight_shapes
from skdnn.persistence import _values
from skdnn.persistence._format import REQUEST_METHODS, check_optimizer
from skdnn.persistence._formats import format_of
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


def describe(estimator: Any) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Describe a fitted estimator or image pipeline.

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
    pipeline, network = None, estimator
    if isinstance(estimator, Pipeline):
        settings, network = image_pipeline_parts(estimator)
        pipeline = _pipeline_record(estimator, settings)
    file_format = format_of(network)
    if file_format is None:
        raise TypeError(
            "only a KerasDNNClassifier, a KerasDNNRegressor or a pipeline as made by "
            f"make_image_pipeline can be saved, got {type(network).__name__}; skops saves "
            "other estimators"
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
        "feature_names": _names_record(network),
        "requests": _requests_record(network),
        "pipeline": pipeline,
    }
    return manifest, {**_arrays(network), **arrays}


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


def _arrays(estimator: KerasDNNBase) -> dict[str, NDArray[Any]]:
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


def _names_record(estimator: Any) -> list[str] | None:
    names = getattr(estimator, "feature_names_in_", None)
    return None if names is None else [str(name) for name in names]


def _requests_record(estimator: KerasDNNBase) -> dict[str, Any]:
    requests = getattr(estimator, "_metadata_request", None)
    if requests is None:
        return {}
    return {method: dict(getattr(requests, method).requests) for method in REQUEST_METHODS}


def _pipeline_record(pipeline: Pipeline, settings: Mapping[str, Any]) -> dict[str, Any]:
    shape, transformer = settings["image_shape"], pipeline.steps[0][1]
    return {
        "scale": _values.encode("scale", settings["scale"]),
        "flatten": bool(settings["flatten"]),
        "image_shape": None if shape is None else [int(n) for n in shape],
        "n_features": getattr(transformer, "n_features_in_", None),
        "feature_names": _names_record(transformer),
        "transform_input": pipeline.transform_input,
        "verbose": pipeline.verbose,
    }
