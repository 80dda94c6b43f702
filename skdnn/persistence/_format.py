"""Base of the file formats: from a file to a fitted estimator.

There is a format for each estimator, whose targets it stores, and for tables in front of each.
Changes must keep earlier files loadable.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, cast

import numpy as np
from sklearn import config_context
from sklearn.pipeline import Pipeline
from sklearn.utils._param_validation import validate_parameter_constraints

from skdnn._estimator.base import KerasDNNBase
from skdnn._estimator.networks import FittedState
from skdnn._estimator.state import check_layers, slot_shapes, weight_shapes
from skdnn.network.architecture import Architecture
from skdnn.network.outputs import Output
from skdnn.persistence import _image_pipeline, _values
from skdnn.persistence._container import MOST_DIMENSIONS, Header
from skdnn.persistence._keras_names import OPTIMIZERS
from skdnn.persistence._rules import (
    Arrays,
    Expected,
    check_entry,
    check_texts,
    numbered,
    require,
    restored_names,
    validate_fields,
)

REQUEST_METHODS = ("fit", "partial_fit", "score")

_KERAS_OPTIMIZERS = "keras.src.optimizers."


class Format(ABC):
    """One format, by its number.

    `estimator` is the class that it stores; `kind` and `pipeline_kind` are its names in the
    manifest, alone and behind a transformer: that of images, or of tables where `for_tables`.
    `manifest` and `network` are the fields of the manifest, and of its part "network", that
    depend on the targets, with their types.
    """

    number: ClassVar[int]
    estimator: ClassVar[type[KerasDNNBase]]
    kind: ClassVar[str]
    pipeline_kind: ClassVar[str]
    for_tables: ClassVar[bool] = False
    manifest: ClassVar[Mapping[str, Any]] = {}
    network: ClassVar[Mapping[str, Any]] = {}

    # -- what a format says of its targets --------------------------------------------------

    @abstractmethod
    def describe(self, estimator: Any) -> tuple[dict[str, Any], dict[str, Any], Arrays]:
        """Return the fields of manifest and network that depend on the targets, and arrays.

        Raises
        ------
        ValueError
            If a file can't store the targets.
        """

    @abstractmethod
    def output(self, network: Mapping[str, Any]) -> Output:
        """Return the output layer, before any array is read."""

    @abstractmethod
    def entries(self, manifest: Mapping[str, Any]) -> dict[str, Expected]:
        """Return the arrays that the targets need."""

    @abstractmethod
    def record(self, network: Mapping[str, Any], arrays: Arrays) -> dict[str, Any]:
        """Return the record of the target, for the fitted state."""

    def attributes(
        self,
        manifest: Mapping[str, Any],  # noqa: ARG002
        arrays: Arrays,  # noqa: ARG002
    ) -> dict[str, Any]:
        """Return the fitted attributes that belong to the targets."""
        return {}

    # -- what a format says of the step before the network ---------------------------------

    def pipeline_entries(self, record: Any) -> dict[str, Expected]:  # noqa: ARG002
        """Return the arrays that the transformer needs."""
        return {}

    def pipeline(
        self,
        record: Any,
        arrays: Arrays,  # noqa: ARG002
        estimator: KerasDNNBase,
    ) -> Pipeline:
        """Return the pipeline of a fitted transformer and the network."""
        return _image_pipeline.restore(record, estimator)

    # -- from a file to an estimator --------------------------------------------------------

    def check_header(self, header: Header) -> None:
        """Check that the arrays in the header are those of the network, before any is read.

        Parameters
        ----------
        header : Header
            Of this format.

        Raises
        ------
        LoadError
            If the manifest has other entries than it should, or an array is missing, surplus,
            or of another type or shape.
        """
        manifest = validate_fields(header.manifest, {**_MANIFEST, **self.manifest})
        architecture = self._architecture(manifest["network"])
        left = dict(header.entries)
        require(len(architecture.hidden_units) < len(left), "it has more layers than tensors")
        for name, shape in weight_shapes(architecture).items():
            check_entry(name, left.pop(name, None), "f", shape, np.dtype(np.float32))
        shapes = slot_shapes(architecture)
        for name in numbered("slots", left):
            entry = left.pop(name)
            check_entry(name, entry, "fiu", entry.shape if entry.shape in shapes else None)
        expecting = {
            **_history(manifest),
            **self.entries(manifest),
            **self.pipeline_entries(manifest["pipeline"]),
        }
        for name, expected in expecting.items():
            check_entry(name, left.pop(name, None), *expected)
        require(not left, f"it has tensors that no estimator needs: {sorted(left)}")

    def restore(self, manifest: Mapping[str, Any], arrays: Arrays) -> Any:
        """Rebuild an estimator or pipeline.

        Parameters
        ----------
        manifest : mapping
            Checked by `check_header`.
        arrays : dict of ndarray
            By name.

        Returns
        -------
        estimator : KerasDNNBase or sklearn.pipeline.Pipeline

        Raises
        ------
        LoadError, ValueError, TypeError
            If a value breaks a rule.
        """
        record = manifest["pipeline"]
        kind = self.kind if record is None else self.pipeline_kind
        require(manifest["kind"] == kind, f"its kind must be {kind!r}: {manifest['kind']!r}")
        estimator = self._estimator(manifest, arrays)
        return estimator if record is None else self.pipeline(record, arrays, estimator)

    def _architecture(self, record: Any) -> Architecture:
        layers = validate_fields(record, {**_LAYERS, **self.network})
        require(len(layers["input_shape"]) <= MOST_DIMENSIONS, "input_shape is too long")
        for name in ("input_shape", "hidden_units"):
            layers[name] = tuple(layers[name])
            require(all(type(n) is int for n in layers[name]), f"{name} must hold ints")
        functions = (_values.decode("activation", each) for each in layers["activation"])
        layers["activation"] = tuple(functions)
        layers["batch_normalization"] = tuple(layers["batch_normalization"])
        check_layers(layers)
        return Architecture(
            output=self.output(layers), **{name: layers[name] for name in _LAYERS}
        )

    def _estimator(self, manifest: Mapping[str, Any], arrays: Arrays) -> KerasDNNBase:
        estimator = self._unfitted(manifest["parameters"])
        fitted_state = self._fitted_state(manifest, arrays)
        history = {name: arrays[f"history.{name}"].tolist() for name in manifest["history"]}
        fitted = {
            "_fitted_state": fitted_state,
            "input_shape_": fitted_state["input_shape"],
            "n_features_in_": fitted_state["input_shape"][0],
            "history_": history,
            "n_iter_": fitted_state["epoch"],
            "n_parameters_": sum(weight.size for weight in fitted_state["weights"]),
            **self.attributes(manifest, arrays),
            **restored_names(manifest["feature_names"]),
        }
        if manifest["best_iteration"] is not None:
            fitted["best_iteration_"] = manifest["best_iteration"]
            fitted["validation_scores_"] = arrays["validation_scores"]
        estimator.__setstate__({**vars(estimator), **fitted})
        _request(estimator, manifest["requests"])
        return estimator

    def _unfitted(self, encoded: Mapping[str, Any]) -> KerasDNNBase:
        cls = self.estimator
        parameters = {name: _values.decode(name, each) for name, each in encoded.items()}
        own = {name: value for name, value in parameters.items() if "__" not in name}
        unknown = sorted(own.keys() - set(cls._get_param_names()))
        require(not unknown, f"it has unknown hyperparameters {unknown}: of a later version?")
        # What is missing was not there yet when the file was written: it takes its default.
        validate_parameter_constraints(
            cls._parameter_constraints, own, caller_name=cls.__name__
        )
        return cls().set_params(**parameters)

    def _fitted_state(self, manifest: Mapping[str, Any], arrays: Arrays) -> FittedState:
        architecture = self._architecture(manifest["network"])
        training = validate_fields(manifest["training"], _TRAINING)
        check_optimizer(training["optimizer"])
        fitted_state = {
            **self.record(manifest["network"], arrays),
            **{name: getattr(architecture, name) for name in _LAYERS},
            **training,
            "weights": [arrays[name] for name in weight_shapes(architecture)],
            "slots": [arrays[name] for name in numbered("slots", arrays)],
        }
        return cast(FittedState, fitted_state)


def check_optimizer(key: str) -> None:
    """Check that an optimizer's state is one of Keras's own.

    Parameters
    ----------
    key : str
        Class and settings, as `FittedState` has it.

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


def _history(manifest: Mapping[str, Any]) -> dict[str, Expected]:
    check_texts("history", manifest["history"])
    names = [f"history.{name}" for name in manifest["history"]]
    if manifest["best_iteration"] is not None:
        names.append("validation_scores")
    return {name: ("f", "vector", np.dtype(np.float64)) for name in names}


def _request(estimator: KerasDNNBase, requests: Mapping[str, Any]) -> None:
    if not requests:
        return
    methods = validate_fields(requests, dict.fromkeys(REQUEST_METHODS, dict))
    with config_context(enable_metadata_routing=True):
        for method, names in methods.items():
            getattr(estimator, f"set_{method}_request")(**names)


# -- fields of a manifest, with their types -------------------------------------------------

_MANIFEST: dict[str, Any] = {
    "format": int,
    "kind": str,
    "versions": dict,
    "parameters": dict,
    "network": dict,
    "training": dict,
    "feature_names": list | None,
    "history": list,
    "best_iteration": int | None,
    "requests": dict,
    "pipeline": dict | None,
}

_LAYERS: dict[str, Any] = {
    "input_shape": list,
    "hidden_units": list,
    "activation": list,
    "batch_normalization": list,
}

_TRAINING: dict[str, Any] = {"optimizer": str, "seed": int, "epoch": int}
