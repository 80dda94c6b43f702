"""Fast dense Keras networks as scikit-learn estimators.

Names are loaded on first use; TensorFlow is loaded when a network is first built.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from skdnn import callbacks, cluster, datasets, displays, onnx, persistence, report
    from skdnn.classifier import KerasDNNClassifier
    from skdnn.network import build_network
    from skdnn.pipeline import make_image_pipeline, make_table_pipeline
    from skdnn.preprocessing import scale_and_flatten
    from skdnn.regressor import KerasDNNRegressor
    from skdnn.variants import document_variants

__version__ = "0.1.0.dev0"

__all__ = [
    "KerasDNNClassifier",
    "KerasDNNRegressor",
    "build_network",
    "callbacks",
    "cluster",
    "datasets",
    "displays",
    "document_variants",
    "make_image_pipeline",
    "make_table_pipeline",
    "onnx",
    "persistence",
    "report",
    "scale_and_flatten",
]

_HOME = {
    "KerasDNNClassifier": "skdnn.classifier",
    "KerasDNNRegressor": "skdnn.regressor",
    "build_network": "skdnn.network",
    "document_variants": "skdnn.variants",
    "make_image_pipeline": "skdnn.pipeline",
    "make_table_pipeline": "skdnn.pipeline",
    "scale_and_flatten": "skdnn.preprocessing",
}


# Modules that hold public names beside those above.
_MODULES = {
    "callbacks",
    "classifier",
    "cluster",
    "datasets",
    "displays",
    "network",
    "onnx",
    "persistence",
    "pipeline",
    "preprocessing",
    "regressor",
    "report",
    "variants",
}


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    if name in _MODULES:
        return import_module(f"skdnn.{name}")
    raise AttributeError(f"module 'skdnn' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*__all__, *_MODULES, *(name for name in globals() if name.startswith("__"))})
