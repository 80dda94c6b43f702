"""A fitted estimator or image pipeline as a manifest and arrays, in the newest format."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from platform import python_version
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from skdnn._estimator.networks import Learnt, architecture_of
from skdnn._estimator.state import weight_shapes
from skdnn.classifier import KerasDNNClassifier
from skdnn.persistence import _format1, _values
from skdnn.pipeline import image_pipeline_parts

Arrays = dict[str, NDArray[Any]]

_PACKAGES = ("skdnn", "keras", "numpy", "safetensors", "scikit-learn", "tensorflow")

# What a fitted classifier has beside its hyperparameters.
_KNOWN_ATTRIBUTES = {
    "_learnt",
    "_metadata_request",
    "_routed",
    "best_iteration_",
    "classes_",
    "feature_names_in_",
    "history_",
    "input_shape_",
    "n_features_in_",
    "n_iter_",
    "n_parameters_",
    "validation_scores_",
}


def described(estimator: Any) -> tuple[dict[str, Any], Arrays]:
    """Describe a fitted classifier or image pipeline.

    Parameters
    ----------
    estimator : KerasDNNClassifier or sklearn.pipeline.Pipeline
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
    pipeline, classifier = None, estimator
    if isinstance(estimator, Pipeline):
        settings, classifier = image_pipeline_parts(estimator)
        pipeline = _pipeline_record(estimator, settings)
    if type(classifier) is not KerasDNNClassifier:
        raise TypeError(
            "only a KerasDNNClassifier or a pipeline as made by make_image_pipeline can be "
            f"saved, got {type(classifier).__name__}; skops saves other estimators"
        )
    _check_attributes(classifier)
    learnt = classifier._learnt
    classes, arrays = _classes_record(classifier.classes_)
    manifest = {
        "format": _format1.NUMBER,
        "kind": _format1.CLASSIFIER if pipeline is None else _format1.PIPELINE,
        "versions": {"python": python_version(), **{name: version(name) for name in _PACKAGES}},
        "parameters": {
            name: _values.spelled(name, value)
            for name, value in classifier.get_params(deep=True).items()
        },
        "network": _network_record(learnt),
        "training": {name: learnt[name] for name in ("optimizer", "seed", "epoch")},
        "classes": classes,
        "feature_names": _names_record(classifier),
        "history": list(classifier.history_),
        "best_iteration": getattr(classifier, "best_iteration_", None),
        "requests": _requests_record(classifier),
        "pipeline": pipeline,
    }
    _format1.check_optimizer(learnt["optimizer"])
    arrays.update(zip(weight_shapes(architecture_of(learnt)), learnt["weights"], strict=True))
    arrays.update((f"slots.{i}", np.asarray(slot)) for i, slot in enumerate(learnt["slots"]))
    for name, values in classifier.history_.items():
        arrays[f"history.{name}"] = np.array(values, np.float64)
    if hasattr(classifier, "validation_scores_"):
        arrays["validation_scores"] = classifier.validation_scores_
    return manifest, arrays


def _check_attributes(classifier: KerasDNNClassifier) -> None:
    if "_skl_callbacks" in vars(classifier):
        raise ValueError("can't save callbacks: call set_callbacks() with none before saving")
    known = _KNOWN_ATTRIBUTES | set(classifier._get_param_names())
    unknown = sorted(vars(classifier).keys() - known)
    if unknown:
        raise ValueError(
            f"can't save attributes {unknown}, which a fit does not set; delete them first"
        )


def _network_record(learnt: Learnt) -> dict[str, Any]:
    return {
        "input_shape": [int(n) for n in learnt["input_shape"]],
        "n_classes": int(learnt["n_classes"]),
        "hidden_units": list(learnt["hidden_units"]),
        "activation": [_values.spelled("activation", each) for each in learnt["activation"]],
        "batch_normalization": list(learnt["batch_normalization"]),
        "multilabel": learnt["multilabel"],
    }


def _classes_record(classes: NDArray[Any]) -> tuple[dict[str, Any] | None, Arrays]:
    if classes.dtype.kind in "biuf":
        return None, {"classes": classes}
    texts = classes.tolist()
    if classes.dtype.kind not in "UO" or not all(type(each) is str for each in texts):
        raise ValueError(
            f"can't save classes_ of dtype {classes.dtype}: only numbers, bools and text; fit "
            "with labels of one of these"
        )
    return {"texts": texts, "objects": classes.dtype.kind == "O"}, {}


def _names_record(estimator: Any) -> list[str] | None:
    names = getattr(estimator, "feature_names_in_", None)
    return None if names is None else [str(name) for name in names]


def _requests_record(classifier: KerasDNNClassifier) -> dict[str, Any]:
    requests = getattr(classifier, "_metadata_request", None)
    if requests is None:
        return {}
    return {
        method: dict(getattr(requests, method).requests) for method in _format1.REQUEST_METHODS
    }


def _pipeline_record(pipeline: Pipeline, settings: Mapping[str, Any]) -> dict[str, Any]:
    shape, transformer = settings["image_shape"], pipeline.steps[0][1]
    return {
        "scale": _values.spelled("scale", settings["scale"]),
        "flatten": bool(settings["flatten"]),
        "image_shape": None if shape is None else [int(n) for n in shape],
        "n_features": getattr(transformer, "n_features_in_", None),
        "feature_names": _names_record(transformer),
        "transform_input": pipeline.transform_input,
        "verbose": pipeline.verbose,
    }
