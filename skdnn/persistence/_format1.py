"""Format 1: a classifier, alone or behind the image transformer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from skdnn._estimator.classes import Classes
from skdnn.classifier import KerasDNNClassifier
from skdnn.network.outputs import Output
from skdnn.persistence._format import Format
from skdnn.persistence._rules import Arrays, Expected, check_texts, require, validate_fields

_MOST_TEXT_BYTES = 64 * 2**20


class ClassifierFormat(Format):
    """Classes are an array, or, if they are text, a list in the manifest."""

    number = 1
    estimator = KerasDNNClassifier
    kind, pipeline_kind = "classifier", "image pipeline"
    manifest: ClassVar[Mapping[str, Any]] = {"classes": dict | None}
    network: ClassVar[Mapping[str, Any]] = {"n_classes": int, "multilabel": bool}

    def describe(self, estimator: Any) -> tuple[dict[str, Any], dict[str, Any], Arrays]:
        """Describe the classes and the output layer."""
        classes, arrays = _classes_record(estimator.classes_)
        fitted_state = estimator._fitted_state
        network = {
            "n_classes": int(fitted_state["n_classes"]),
            "multilabel": fitted_state["multilabel"],
        }
        return {"classes": classes}, network, arrays

    def output(self, network: Mapping[str, Any]) -> Output:
        """Return a sigmoid or a softmax."""
        Classes.check_record(network)
        return Classes.output_of(network)

    def entries(self, manifest: Mapping[str, Any]) -> dict[str, Expected]:
        """Return the array of classes that are not text."""
        if manifest["classes"] is not None:
            return {}
        return {"classes": ("biuf", (manifest["network"]["n_classes"],), None)}

    def record(self, network: Mapping[str, Any], arrays: Arrays) -> dict[str, Any]:  # noqa: ARG002
        """Return the number of classes, and whether they are labels."""
        return {name: network[name] for name in Classes.keys}

    def attributes(self, manifest: Mapping[str, Any], arrays: Arrays) -> dict[str, Any]:
        """Return the classes."""
        return {"classes_": _classes(manifest["classes"], arrays)}


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


def _classes(record: Any, arrays: Arrays) -> NDArray[Any]:
    if record is None:
        return arrays["classes"]
    fields = validate_fields(record, {"texts": list, "objects": bool})
    texts = fields["texts"]
    check_texts("classes", texts)
    if fields["objects"]:
        return np.array(texts, dtype=object)
    # NumPy gives each text the room of the longest.
    n_bytes = 4 * len(texts) * max(map(len, texts), default=0)
    require(n_bytes <= _MOST_TEXT_BYTES, f"its classes would take {n_bytes} bytes")
    return np.array(texts, dtype=np.str_)
