"""Format 1: a manifest and arrays become a fitted estimator or image pipeline.

Never to be changed so that a file of this format no longer loads; another format gets a module
of its own beside this one.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn import config_context
from sklearn.pipeline import Pipeline
from sklearn.utils._param_validation import validate_parameter_constraints

from skdnn._estimator.networks import Learnt
from skdnn._estimator.state import checked_architecture, slot_shapes, weight_shapes
from skdnn.classifier import KerasDNNClassifier
from skdnn.network.architecture import Architecture
from skdnn.persistence import _values
from skdnn.persistence._container import MOST_DIMENSIONS, Entry, Header, LoadError
from skdnn.persistence._keras_names import OPTIMIZERS
from skdnn.pipeline import make_image_pipeline

Arrays = dict[str, NDArray[Any]]

NUMBER = 1
CLASSIFIER, PIPELINE = "classifier", "image pipeline"
REQUEST_METHODS = ("fit", "partial_fit", "score")

_KERAS_OPTIMIZERS = "keras.src.optimizers."
_MOST_TEXT_BYTES = 64 * 2**20


def check_header(header: Header) -> None:
    """Check that the arrays announced are those that the network needs, before any is read.

    Parameters
    ----------
    header : Header
        Of format 1.

    Raises
    ------
    LoadError
        If the manifest has other entries than it should, or an array is missing, surplus,
        or of another type or shape.
    """
    manifest = _fields(header.manifest, _MANIFEST)
    architecture = _architecture(manifest["network"])
    left = dict(header.entries)
    _require(len(architecture.hidden_units) < len(left), "it has more layers than tensors")
    for name, shape in weight_shapes(architecture).items():
        _check_entry(name, left.pop(name, None), "f", shape, np.dtype(np.float32))
    shapes = slot_shapes(architecture)
    for name in _numbered("slots", left):
        entry = left.pop(name)
        _check_entry(name, entry, "fiu", entry.shape if entry.shape in shapes else None)
    _check_texts("history", manifest["history"])
    for name in manifest["history"]:
        key = f"history.{name}"
        _check_entry(key, left.pop(key, None), "f", "vector", np.dtype(np.float64))
    if manifest["classes"] is None:
        shape = (manifest["network"]["n_classes"],)
        _check_entry("classes", left.pop("classes", None), "biuf", shape)
    if manifest["best_iteration"] is not None:
        scores = left.pop("validation_scores", None)
        _check_entry("validation_scores", scores, "f", "vector", np.dtype(np.float64))
    _require(not left, f"it has tensors that no estimator needs: {sorted(left)}")


def restored(manifest: Mapping[str, Any], arrays: Arrays) -> Any:
    """Put a classifier or image pipeline together again.

    Parameters
    ----------
    manifest : mapping
        Checked by :func:`check_header`.
    arrays : dict of ndarray
        By name.

    Returns
    -------
    estimator : KerasDNNClassifier or sklearn.pipeline.Pipeline

    Raises
    ------
    LoadError, ValueError, TypeError
        If a value breaks a rule.
    """
    classifier = _classifier(manifest, arrays)
    record = manifest["pipeline"]
    fine = (manifest["kind"] == PIPELINE) == (record is not None)
    _require(fine and manifest["kind"] in (CLASSIFIER, PIPELINE), "its kind is unknown")
    return classifier if record is None else _pipeline(record, classifier)


def _classifier(manifest: Mapping[str, Any], arrays: Arrays) -> KerasDNNClassifier:
    parameters = {name: _values.read(name, v) for name, v in manifest["parameters"].items()}
    own = {name: value for name, value in parameters.items() if "__" not in name}
    unknown = sorted(own.keys() - set(KerasDNNClassifier._get_param_names()))
    _require(not unknown, f"it has unknown hyperparameters {unknown}: of a later version?")
    # What is missing was not there yet when the file was written: it takes its default.
    validate_parameter_constraints(
        KerasDNNClassifier._parameter_constraints, own, caller_name="KerasDNNClassifier"
    )
    classifier = KerasDNNClassifier().set_params(**parameters)
    learnt = _learnt(manifest, arrays)
    fitted = {
        "_learnt": learnt,
        "classes_": _classes(manifest["classes"], arrays),
        "input_shape_": learnt["input_shape"],
        "n_features_in_": learnt["input_shape"][0],
        "history_": {name: arrays[f"history.{name}"].tolist() for name in manifest["history"]},
        "n_iter_": learnt["epoch"],
        "n_parameters_": sum(weight.size for weight in learnt["weights"]),
        **_names("feature_names_in_", manifest["feature_names"]),
    }
    if manifest["best_iteration"] is not None:
        fitted["best_iteration_"] = manifest["best_iteration"]
        fitted["validation_scores_"] = arrays["validation_scores"]
    classifier.__setstate__({**vars(classifier), **fitted})
    _request(classifier, manifest["requests"])
    return classifier


def _learnt(manifest: Mapping[str, Any], arrays: Arrays) -> Learnt:
    architecture = _architecture(manifest["network"])
    training = _fields(manifest["training"], {"optimizer": str, "seed": int, "epoch": int})
    check_optimizer(training["optimizer"])
    return {
        "n_classes": manifest["network"]["n_classes"],
        "multilabel": manifest["network"]["multilabel"],
        "input_shape": architecture.input_shape,
        "hidden_units": architecture.hidden_units,
        "activation": architecture.activation,
        "batch_normalization": architecture.batch_normalization,
        "optimizer": training["optimizer"],
        "weights": [arrays[name] for name in weight_shapes(architecture)],
        "slots": [arrays[name] for name in _numbered("slots", arrays)],
        "seed": training["seed"],
        "epoch": training["epoch"],
    }


def _architecture(record: Any) -> Architecture:
    layers: dict[str, Any] = _fields(record, _NETWORK)
    _require(len(layers["input_shape"]) <= MOST_DIMENSIONS, "input_shape is too long")
    for name in ("input_shape", "hidden_units"):
        layers[name] = tuple(layers[name])
        _require(all(type(n) is int for n in layers[name]), f"{name} must hold ints")
    layers["activation"] = tuple(_values.read("activation", v) for v in layers["activation"])
    layers["batch_normalization"] = tuple(layers["batch_normalization"])
    return checked_architecture(layers)


def _classes(record: Any, arrays: Arrays) -> NDArray[Any]:
    if record is None:
        return arrays["classes"]
    fields = _fields(record, {"texts": list, "objects": bool})
    texts = fields["texts"]
    _check_texts("classes", texts)
    if fields["objects"]:
        return np.array(texts, dtype=object)
    # NumPy gives each text the room of the longest.
    n_bytes = 4 * len(texts) * max(map(len, texts), default=0)
    _require(n_bytes <= _MOST_TEXT_BYTES, f"its classes would take {n_bytes} bytes")
    return np.array(texts, dtype=np.str_)


def _names(attribute: str, names: list[str] | None) -> dict[str, NDArray[Any]]:
    if names is None:
        return {}
    _check_texts(attribute, names)
    return {attribute: np.array(names, dtype=object)}


def _request(classifier: KerasDNNClassifier, requests: Mapping[str, Any]) -> None:
    if not requests:
        return
    with config_context(enable_metadata_routing=True):
        for method, names in _fields(requests, dict.fromkeys(REQUEST_METHODS, dict)).items():
            getattr(classifier, f"set_{method}_request")(**names)


def _pipeline(record: Any, classifier: KerasDNNClassifier) -> Pipeline:
    fields = _fields(record, _PIPELINE_FIELDS)
    shape, inputs = fields["image_shape"], fields["transform_input"]
    fine = fields["scale"] > 0 and len(shape or ()) <= MOST_DIMENSIONS
    for numbers in (shape, None if (n := fields["n_features"]) is None else [n]):
        fine = fine and all(type(n) is int and n > 0 for n in numbers or ())
    _require(fine, "its scale, image_shape and n_features must be positive")
    rows = classifier.input_shape_
    fine = not fields["flatten"] or len(rows) == 1
    if shape is not None:
        fine = fine and rows == ((prod(shape),) if fields["flatten"] else tuple(shape))
    _require(fine, f"its image_shape or flatten does not fit a network for rows of {rows}")
    pipeline = make_image_pipeline(
        scale=fields["scale"],
        flatten=fields["flatten"],
        image_shape=None if shape is None else tuple(shape),
    )
    if inputs is not None:
        _check_texts("transform_input", inputs)
    transformer = pipeline.steps[0][1]
    if fields["n_features"] is not None:
        transformer.n_features_in_ = fields["n_features"]
    vars(transformer).update(_names("feature_names_in_", fields["feature_names"]))
    pipeline.set_params(transform_input=inputs, verbose=fields["verbose"], dnn=classifier)
    return pipeline


def check_optimizer(key: str) -> None:
    """Check that an optimizer's state is one of Keras's own.

    Parameters
    ----------
    key : str
        Class and settings, as `Learnt` has it.

    Raises
    ------
    ValueError
        If it is the state of another class.
    """
    path = key.partition(" ")[0]
    if not (path.startswith(_KERAS_OPTIMIZERS) and path.rpartition(".")[2] in OPTIMIZERS):
        raise ValueError(
            f"can't save the state of optimizer {path}, which is not one of Keras's own "
            f"({', '.join(sorted(OPTIMIZERS))}); fit with one of them, or keep "
            "model_ by its save method"
        )


# -- rules of a manifest ------------------------------------------------------------------

_MANIFEST: dict[str, Any] = {
    "format": int,
    "kind": str,
    "versions": dict,
    "parameters": dict,
    "network": dict,
    "training": dict,
    "classes": dict | None,
    "feature_names": list | None,
    "history": list,
    "best_iteration": int | None,
    "requests": dict,
    "pipeline": dict | None,
}

_NETWORK: dict[str, Any] = {
    "input_shape": list,
    "n_classes": int,
    "hidden_units": list,
    "activation": list,
    "batch_normalization": list,
    "multilabel": bool,
}

_PIPELINE_FIELDS: dict[str, Any] = {
    "scale": int | float,
    "flatten": bool,
    "image_shape": list | None,
    "n_features": int | None,
    "feature_names": list | None,
    "transform_input": list | None,
    "verbose": bool,
}


def _fields(record: Any, types: Mapping[str, Any]) -> dict[str, Any]:
    """Check that a JSON object has these keys, with values of these types, and no others."""
    fine = isinstance(record, dict) and record.keys() == types.keys()
    _require(fine, f"a part of its manifest must have exactly {sorted(types)}")
    for name, kind in types.items():
        fine = isinstance(record[name], kind) and (
            kind is bool or not isinstance(record[name], bool)
        )
        _require(fine, f"{name!r} in its manifest has a wrong type")
    return dict(record)


def _check_texts(name: str, texts: Any) -> None:
    fine = isinstance(texts, list) and all(type(text) is str for text in texts)
    _require(fine and len(set(texts)) == len(texts), f"{name} must hold different texts")


def _check_entry(
    name: str,
    entry: Entry | None,
    kinds: str,
    shape: tuple[int, ...] | str | None,
    dtype: np.dtype[Any] | None = None,
) -> None:
    if entry is None:
        raise LoadError(f"tensor {name!r} is missing")
    fine = entry.dtype.kind in kinds and dtype in (None, entry.dtype)
    _require(fine, f"tensor {name!r} can't have dtype {entry.dtype}")
    fine = len(entry.shape) == 1 if shape == "vector" else entry.shape == shape
    _require(fine, f"tensor {name!r} can't have shape {entry.shape} in this network")


def _numbered(prefix: str, names: Mapping[str, Any]) -> list[str]:
    n = sum(name.startswith(f"{prefix}.") for name in names)
    numbered = [f"{prefix}.{i}" for i in range(n)]
    _require(all(name in names for name in numbered), f"{prefix} must be counted from 0")
    return numbered


def _require(fine: bool, message: str) -> None:
    if not fine:
        raise LoadError(message if len(message) <= 300 else f"{message[:300]}...")
