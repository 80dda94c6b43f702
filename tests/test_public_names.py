"""The names that users write, and those that files hold: a rename breaks this list.

A public name that is new is added here; one that goes is deprecated first.
"""

import inspect
import re
from importlib import import_module
from pathlib import Path

import pytest

import skdnn

API = Path(__file__).parents[1] / "docs" / "api.md"

MODULES = [
    "skdnn",
    "skdnn.callbacks",
    "skdnn.classifier",
    "skdnn.cluster",
    "skdnn.datasets",
    "skdnn.displays",
    "skdnn.network",
    "skdnn.onnx",
    "skdnn.persistence",
    "skdnn.pipeline",
    "skdnn.preprocessing",
    "skdnn.regressor",
    "skdnn.report",
    "skdnn.variants",
]

# What is imported, and what it is called with; None where it is not called.
PUBLIC = {
    "skdnn.KerasDNNClassifier": (
        "(hidden_units=(100,), *, activation='relu', "
        "kernel_initializer='glorot_uniform', batch_normalization=False, dropout=0.0, "
        "l2=0.0, optimizer='adam', learning_rate=None, label_smoothing=0.0, epochs=100, "
        "batch_size=32, class_weight=None, early_stopping=False, "
        "validation_fraction=0.1, scoring='loss', n_iter_no_change=10, tol=0.0001, "
        "memory=None, random_state=None, warm_start=False, engine='auto', "
        "callbacks=None, verbose=0)"
    ),
    "skdnn.KerasDNNClassifier.fit": (
        "(self, X, y, sample_weight=None, *, X_val=None, y_val=None, sample_weight_val=None)"
    ),
    "skdnn.KerasDNNClassifier.get_params": "(self, deep=True)",
    "skdnn.KerasDNNClassifier.partial_fit": "(self, X, y, classes=None, sample_weight=None)",
    "skdnn.KerasDNNClassifier.predict": "(self, X)",
    "skdnn.KerasDNNClassifier.predict_log_proba": "(self, X)",
    "skdnn.KerasDNNClassifier.predict_proba": "(self, X)",
    "skdnn.KerasDNNClassifier.set_params": "(self, **params)",
    "skdnn.KerasDNNClassifier.summary": "(self, print_fn=None)",
    "skdnn.KerasDNNRegressor": (
        "(hidden_units=(100,), *, activation='relu', "
        "kernel_initializer='glorot_uniform', batch_normalization=False, dropout=0.0, "
        "l2=0.0, optimizer='adam', learning_rate=None, loss='squared_error', delta=1.0, "
        "quantile=0.5, standardize_y=True, epochs=100, batch_size=32, "
        "early_stopping=False, validation_fraction=0.1, scoring='loss', "
        "n_iter_no_change=10, tol=0.0001, memory=None, random_state=None, "
        "warm_start=False, engine='auto', callbacks=None, verbose=0)"
    ),
    "skdnn.KerasDNNRegressor.fit": (
        "(self, X, y, sample_weight=None, *, X_val=None, y_val=None, sample_weight_val=None)"
    ),
    "skdnn.KerasDNNRegressor.get_params": "(self, deep=True)",
    "skdnn.KerasDNNRegressor.partial_fit": "(self, X, y, sample_weight=None)",
    "skdnn.KerasDNNRegressor.predict": "(self, X)",
    "skdnn.KerasDNNRegressor.set_params": "(self, **params)",
    "skdnn.KerasDNNRegressor.summary": "(self, print_fn=None)",
    "skdnn.build_network": (
        "(meta, compile_kwargs, hidden_units=(100,), activation='relu', seed=None, *, "
        "kernel_initializer='glorot_uniform', batch_normalization=False, dropout=0.0, "
        "l2=0.0)"
    ),
    "skdnn.document_variants": (
        "(*, hidden_units=((100,),), full=False, scale=255.0, image_shape=None)"
    ),
    "skdnn.make_table_pipeline": (
        "(*, estimator=None, max_categories=50, min_frequency=2, **hyperparameters)"
    ),
    "skdnn.make_image_pipeline": (
        "(*, estimator=None, scale=255.0, flatten=True, image_shape=None, **hyperparameters)"
    ),
    "skdnn.scale_and_flatten": "(images, *, scale=255.0, flatten=True, image_shape=None)",
    "skdnn.callbacks.HistoryMonitor": "()",
    "skdnn.callbacks.HistoryMonitor.fold_histories": "(self, search)",
    "skdnn.callbacks.HistoryMonitor.histories": None,
    "skdnn.callbacks.HistoryMonitor.on_fit_task_begin": "(self, estimator, context)",
    "skdnn.callbacks.HistoryMonitor.on_fit_task_end": "(self, estimator, context)",
    "skdnn.callbacks.HistoryMonitor.setup": "(self, estimator, context)",
    "skdnn.callbacks.HistoryMonitor.teardown": "(self, estimator, context)",
    "skdnn.callbacks.SearchProgress": "(console=None)",
    "skdnn.callbacks.SearchProgress.fold_scores": None,
    "skdnn.callbacks.SearchProgress.follow": "(self, search)",
    "skdnn.callbacks.SearchProgress.on_fit_task_begin": "(self, estimator, context)",
    "skdnn.callbacks.SearchProgress.on_fit_task_end": "(self, estimator, context)",
    "skdnn.callbacks.SearchProgress.scorer": "(self, scoring=None)",
    "skdnn.callbacks.SearchProgress.setup": "(self, estimator, context)",
    "skdnn.callbacks.SearchProgress.teardown": "(self, estimator, context)",
    "skdnn.classifier.KerasDNNClassifier": "is skdnn.KerasDNNClassifier",
    "skdnn.cluster.ClusterError": None,
    "skdnn.cluster.dask_config": (
        "(client=None, *, scatter=None, seconds_without_workers=60.0)"
    ),
    "skdnn.datasets.fetch_fashion_mnist": (
        "(*, data_home=None, subset='train', download_if_missing=True, return_X_y=False, "
        "n_retries=3, delay=1.0)"
    ),
    "skdnn.datasets.load_fashion_mnist_sample": "(*, subset='train', return_X_y=False)",
    "skdnn.datasets.load_image_folder": (
        "(directory, *, labels='inferred', image_size=(28, 28), color_mode='grayscale', "
        "crop_to_aspect_ratio=False, pad_to_aspect_ratio=False, return_X_y=False)"
    ),
    "skdnn.displays.FirstLayerWeightsDisplay": "(*, weights)",
    "skdnn.displays.FirstLayerWeightsDisplay.from_estimator": (
        "(estimator, *, image_shape=None, n_units=100, ax=None)"
    ),
    "skdnn.displays.FirstLayerWeightsDisplay.plot": "(self, *, ax=None, cmap='RdBu_r')",
    "skdnn.displays.ImagesDisplay": "(*, images, y_true, y_pred, certainty=None, title='')",
    "skdnn.displays.ImagesDisplay.chosen": (
        "(images, y_true, y_pred, *, certainty=None, which='mistakes', n_images=20, "
        "image_shape=None)"
    ),
    "skdnn.displays.ImagesDisplay.from_estimator": (
        "(estimator, images, y, *, which='mistakes', n_images=20, target_names=None, "
        "image_shape=None, ax=None)"
    ),
    "skdnn.displays.ImagesDisplay.from_predictions": (
        "(images, y_true, y_pred, *, certainty=None, which='mistakes', n_images=20, "
        "image_shape=None, ax=None)"
    ),
    "skdnn.displays.ImagesDisplay.plot": "(self, *, ax=None, fontsize='small')",
    "skdnn.displays.ImagesDisplay.words": "(self, number)",
    "skdnn.displays.SearchHeatmapDisplay": (
        "(*, scores, deviations, x_values, y_values, x_name, y_name, score_name)"
    ),
    "skdnn.displays.SearchHeatmapDisplay.from_search": (
        "(search, *, x=None, y=None, score_name=None, include_values=True, cmap='cividis', "
        "ax=None, colorbar=True)"
    ),
    "skdnn.displays.SearchHeatmapDisplay.plot": (
        "(self, *, include_values=True, cmap='cividis', ax=None, colorbar=True)"
    ),
    "skdnn.displays.SearchResultsDisplay": "(*, names, scores, fit_times, score_name)",
    "skdnn.displays.SearchResultsDisplay.from_search": (
        "(search, *, names=None, score_name=None, ax=None)"
    ),
    "skdnn.displays.SearchResultsDisplay.plot": "(self, *, ax=None)",
    "skdnn.displays.TrainingCurvesDisplay": (
        "(*, curves, metric, validation_curves=None, best_epochs=None, measure='')"
    ),
    "skdnn.displays.TrainingCurvesDisplay.from_estimator": (
        "(estimator, *, metric='loss', name=None, ax=None, **kwargs)"
    ),
    "skdnn.displays.TrainingCurvesDisplay.from_estimators": (
        "(estimators, *, metric='loss', ax=None, **kwargs)"
    ),
    "skdnn.displays.TrainingCurvesDisplay.from_histories": (
        "(histories, *, metric='loss', best_epochs=None, measure='', ax=None, **kwargs)"
    ),
    "skdnn.displays.TrainingCurvesDisplay.from_search": (
        "(search, monitor, *, metric='loss', names=None, n_candidates=6, ax=None, **kwargs)"
    ),
    "skdnn.displays.TrainingCurvesDisplay.plot": "(self, *, ax=None, **kwargs)",
    "skdnn.network.build_network": "is skdnn.build_network",
    "skdnn.onnx.register_converters": "()",
    "skdnn.onnx.to_onnx": "(estimator, X=None, *, input_dtype=None, image_shape=None)",
    "skdnn.persistence.LoadError": None,
    "skdnn.persistence.load": "(path)",
    "skdnn.persistence.save": "(estimator, path)",
    "skdnn.pipeline.make_image_pipeline": "is skdnn.make_image_pipeline",
    "skdnn.pipeline.make_table_pipeline": "is skdnn.make_table_pipeline",
    "skdnn.preprocessing.make_table_transformer": "(*, max_categories=50, min_frequency=2)",
    "skdnn.preprocessing.make_image_transformer": (
        "(*, scale=255.0, flatten=True, image_shape=None)"
    ),
    "skdnn.preprocessing.scale_and_flatten": "is skdnn.scale_and_flatten",
    "skdnn.regressor.KerasDNNRegressor": "is skdnn.KerasDNNRegressor",
    "skdnn.report.Baselines": "(names, models, scores, fit_times, seconds, notes)",
    "skdnn.report.score_baselines": "(search, X, y, *, groups=None)",
    "skdnn.report.write_report": (
        "(search, path, *, X_test=None, y_test=None, images=None, monitor=None, "
        "baselines=None, title='Which network is best?', data=None, names=None, "
        "target_names=None, score_name=None, model_path=None, new_rows=None, reproduce=None, "
        "n_images=24)"
    ),
    "skdnn.variants.document_variants": "is skdnn.document_variants",
}

# Attributes of fitted estimators and of displays that were drawn.
ATTRIBUTES = {
    "skdnn.KerasDNNClassifier": [
        "classes_",
        "n_features_in_",
        "feature_names_in_",
        "input_shape_",
        "history_",
        "validation_scores_",
        "best_iteration_",
        "n_iter_",
        "n_parameters_",
        "model_",
    ],
    "skdnn.KerasDNNRegressor": [
        "n_features_in_",
        "feature_names_in_",
        "input_shape_",
        "history_",
        "validation_scores_",
        "best_iteration_",
        "n_iter_",
        "n_parameters_",
        "model_",
    ],
    "skdnn.displays.FirstLayerWeightsDisplay": ["ax_", "figure_", "im_", "colorbar_"],
    "skdnn.displays.ImagesDisplay": ["ax_", "figure_", "images_", "texts_"],
    "skdnn.displays.SearchHeatmapDisplay": ["ax_", "figure_", "im_", "text_", "colorbar_"],
    "skdnn.displays.SearchResultsDisplay": ["ax_", "figure_", "points_", "band_"],
    "skdnn.displays.TrainingCurvesDisplay": [
        "ax_",
        "figure_",
        "lines_",
        "validation_lines_",
        "bands_",
        "best_marks_",
    ],
}

# What pickles, and models that Keras saved, name. It may be an alias.
STORED = [
    "skdnn._engine.optimizer_copies.remade",
    "skdnn.callbacks._channel.Channel",
    "skdnn.callbacks._history_monitor.HistoryMonitor",
    "skdnn.callbacks._history_monitor._Seen",
    "skdnn.callbacks._reported_scorer.ReportedScorer",
    "skdnn.callbacks._search_progress.SearchProgress",
    "skdnn.callbacks._search_progress._ReportedScorer",
    "skdnn.classifier.KerasDNNClassifier",
    "skdnn.network.building.build_network",
    "skdnn.network.pinball.PinballLoss",
    "skdnn.preprocessing.scale_and_flatten",
    "skdnn.regressor.KerasDNNRegressor",
]


def imported(path):
    module, _, name = path.rpartition(".")
    return getattr(import_module(module), name)


def parameters(value):
    """Write a signature without types."""
    if not callable(value) or (inspect.isclass(value) and issubclass(value, Exception)):
        return None
    signature = inspect.signature(value)
    bare = [each.replace(annotation=each.empty) for each in signature.parameters.values()]
    return str(signature.replace(parameters=bare, return_annotation=signature.empty))


def members(cls):
    """Find the public methods and properties that skdnn itself gives a class."""
    ours = [base for base in cls.__mro__ if base.__module__.startswith("skdnn")]
    names = sorted(
        {name for base in ours for name, each in vars(base).items() if is_member(each)}
    )
    return [name for name in names if not name.startswith("_")]


def is_member(value):
    return inspect.isfunction(value) or isinstance(value, property | classmethod | staticmethod)


def modules():
    return ["skdnn", *(f"skdnn.{name}" for name in sorted(skdnn._MODULES))]


def paths():
    """Find what ``__all__`` and the API reference name, wherever it is imported from."""
    listed = {
        f"{module}.{name}"
        for module in modules()
        for name in getattr(import_module(module), "__all__", ())
        if not inspect.ismodule(imported(f"{module}.{name}"))
    }
    homes = {f"{module}.{name}" for name, module in skdnn._HOME.items()}
    documented = re.findall(r"(?m)^   ([a-z]*\.?\w+)$", API.read_text("utf-8"))
    return listed | homes | {f"skdnn.{name}" for name in documented}


def found():
    public = {}
    first = {}
    for path in sorted(paths(), key=lambda path: (path.count("."), path)):
        value = imported(path)
        if value in first:
            public[path] = f"is {first[value]}"
            continue
        first[value] = path
        public[path] = parameters(value)
        for name in members(value) if inspect.isclass(value) else ():
            public[f"{path}.{name}"] = parameters(getattr(value, name))
    return public


def documented_attributes(cls):
    rest = re.split(r"\nAttributes\n-+\n", inspect.getdoc(cls))[1]
    section = re.split(r"\n\n[A-Z][\w ]+\n-+\n", rest)[0]
    return re.findall(r"(?m)^(\w+_) : ", section)


def test_each_public_name_is_where_it_was_and_takes_what_it_took():
    now = found()
    differ = [
        f"{path}: {now.get(path, 'is gone')!r}"
        for path in sorted(now.keys() | PUBLIC.keys())
        if now.get(path) != PUBLIC.get(path)
    ]
    assert not differ, "PUBLIC has these otherwise:\n" + "\n".join(differ)


def test_each_public_module_is_where_it_was():
    assert modules() == MODULES


@pytest.mark.parametrize("path", ATTRIBUTES)
def test_fitted_attributes_are_called_what_they_were(path):
    assert documented_attributes(imported(path)) == ATTRIBUTES[path]


@pytest.mark.parametrize("path", STORED)
def test_what_pickles_and_saved_models_name_is_where_it_was(path):
    assert callable(imported(path))
