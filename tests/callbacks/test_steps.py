"""Pipelines are followed into the steps that take callbacks, and without a warning of others.

Warnings are errors here: one would make a fit fail.
"""

import io

import joblib
import numpy as np
import pytest
from rich.console import Console
from sklearn.base import clone
from sklearn.callback import ProgressBar, ScoringMonitor
from sklearn.callback.tests._utils import RecordingCallback
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_diabetes
from sklearn.impute import SimpleImputer
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, StandardScaler

from skdnn import KerasDNNClassifier, KerasDNNRegressor, make_image_pipeline
from skdnn.callbacks import HistoryMonitor, SearchProgress


@pytest.fixture(scope="module")
def images():
    """60 images of 4 by 4 pixels, and two classes."""
    draw = np.random.default_rng(0)
    return draw.integers(0, 256, (60, 4, 4)).astype(np.uint8), np.arange(60) % 2


@pytest.fixture
def pipeline():
    return make_image_pipeline(hidden_units=(8,), epochs=3, random_state=0)


@pytest.fixture
def network():
    return KerasDNNClassifier((8,), epochs=3, random_state=0)


def unseen():
    return SearchProgress(Console(file=io.StringIO()))


def keep_callbacks(estimator):
    """The steps that have callbacks, by their names."""
    steps = {
        name: value
        for name, value in estimator.get_params().items()
        if hasattr(value, "set_callbacks")
    }
    return [name for name, step in steps.items() if "_skl_callbacks" in vars(step)]


@pytest.mark.usefixtures("loky_forks")
@pytest.mark.parametrize("backend", ["sequential", "threading", "loky"])
def test_a_search_over_image_pipelines_is_followed(backend, images, pipeline):
    progress, monitor = unseen(), HistoryMonitor()
    search = GridSearchCV(pipeline, {"dnn__activation": ["relu", "tanh"]}, cv=2, n_jobs=2)
    search.set_callbacks(monitor)
    with joblib.parallel_config(backend):
        progress.follow(search).fit(*images)
    results = search.cv_results_
    assert progress.fold_scores == {
        (candidate, fold): results[f"split{fold}_test_score"][candidate]
        for candidate in range(2)
        for fold in range(2)
    }
    assert [len(folds) for folds in monitor.fold_histories(search)] == [2, 2]
    assert monitor.histories[-1] == search.best_estimator_["dnn"].history_
    assert keep_callbacks(search.estimator) == keep_callbacks(search.best_estimator_) == []


def test_epochs_of_an_image_pipeline_are_shown(images, pipeline):
    seen = []

    class Watched(SearchProgress):
        def on_fit_task_end(self, estimator, context):
            super().on_fit_task_end(estimator, context)
            seen.extend(self._state.snapshot().running)

    search = GridSearchCV(pipeline, {"dnn__activation": ["relu", "tanh"]}, cv=2, refit=False)
    Watched(Console(file=io.StringIO())).follow(search).fit(*images)
    assert {fit.label for fit in seen} == {
        f"{name}, fold {fold}" for name in ("relu", "tanh") for fold in (1, 2)
    }
    assert {fit.epochs_done for fit in seen} == {0, 1, 2, 3}


def test_numbers_behind_transformers_of_tables_are_followed():
    X, y = load_diabetes(return_X_y=True, as_frame=True)
    X, y = X[:60], y[:60]
    columns = ColumnTransformer([("some", SimpleImputer(), ["age", "bmi"])])
    table = make_pipeline(columns, make_pipeline(FunctionTransformer(), StandardScaler()))
    network = KerasDNNRegressor((8,), epochs=2, random_state=0)
    whole = Pipeline([("table", table), ("dnn", make_pipeline("passthrough", network))])
    progress, monitor = unseen(), HistoryMonitor()
    search = GridSearchCV(
        whole,
        {"table": [table, SimpleImputer(), MinMaxScaler()]},
        cv=2,
        scoring="neg_mean_absolute_error",
    )
    progress.follow(search.set_callbacks(monitor)).fit(X, y)
    assert len(progress.fold_scores) == 6
    assert max(progress.fold_scores.values()) < 0
    assert [len(folds) for folds in monitor.fold_histories(search)] == [2, 2, 2]
    assert keep_callbacks(search.best_estimator_) == []


def test_a_pipeline_alone_is_followed(images, pipeline):
    monitor = HistoryMonitor()
    pipeline.set_callbacks(monitor, unseen()).fit(*images)
    assert monitor.histories == [pipeline["dnn"].history_]
    assert keep_callbacks(pipeline) == []


def test_callbacks_that_a_step_has_stay_its_own(images, pipeline):
    own, monitor = ScoringMonitor(scoring="accuracy"), HistoryMonitor()
    pipeline["dnn"].set_callbacks(own)
    search = GridSearchCV(pipeline, {"dnn__epochs": [2]}, cv=2).set_callbacks(monitor)
    search.fit(*images)
    assert len(own.get_logs().data) == 3 * (2 + 1)
    assert len(monitor.histories) == 3
    assert search.best_estimator_["dnn"]._skl_callbacks == [own]


def test_a_failed_fit_leaves_no_callback_behind(images, pipeline):
    monitor = HistoryMonitor()
    pipeline.set_params(dnn__optimizer="no-such").set_callbacks(monitor)
    with pytest.raises(ValueError, match="no-such"):
        pipeline.fit(*images)
    assert keep_callbacks(pipeline) == []

    class FailsAtTheRefit(HistoryMonitor):
        def on_fit_task_end(self, estimator, context):
            super().on_fit_task_end(estimator, context)
            if len(self.histories) == 3:
                raise RuntimeError("at the refit")

    fine = clone(pipeline).set_callbacks().set_params(dnn__optimizer="sgd")
    search = GridSearchCV(fine, {"dnn__epochs": [1]}, cv=2)
    with pytest.raises(RuntimeError, match="at the refit"):
        search.set_callbacks(FailsAtTheRefit()).fit(*images)
    assert keep_callbacks(search.best_estimator_) == []


def test_what_a_hook_asks_for_is_passed_in_a_pipeline_too(images, pipeline):
    asked = []

    class Asks(HistoryMonitor):
        def on_fit_task_end(self, estimator, context, *, X=None, fitted_estimator=None):
            super().on_fit_task_end(estimator, context)
            if context.task_name == "epoch":
                asked.append(fitted_estimator.predict(X).shape)

    pipeline.set_callbacks(Asks()).fit(*images)
    assert asked == [(60,)] * 3


def test_a_search_in_a_step_is_followed(iris, network):
    progress, monitor = unseen(), HistoryMonitor()
    search = GridSearchCV(network, {"epochs": [1, 2]}, cv=2)
    make_pipeline(StandardScaler(), search).set_callbacks(progress, monitor).fit(*iris)
    assert progress._state.snapshot().n_done == 2 * 2 + 1 + 1  # and the pipeline
    assert len(monitor.fold_histories(search)) == 2


def test_other_callbacks_are_told_of_by_scikit_learn_as_ever(images, pipeline):
    class Recorder(RecordingCallback):
        max_propagation_depth = None

    recorder = Recorder()
    pipeline.set_callbacks(HistoryMonitor(), recorder)
    with pytest.warns(UserWarning, match="FunctionTransformer does not support callbacks"):
        pipeline.fit(*images)
    tasks = [told["context"].task_name for told in recorder.record]
    assert tasks.count("fit-transform-scale") == 2


def test_a_bar_of_scikit_learn_beside_it_needs_no_steps(images, pipeline, capsys):
    search = GridSearchCV(pipeline, {"dnn__epochs": [1]}, cv=2)
    search.set_callbacks(ProgressBar(), HistoryMonitor()).fit(*images)
    assert "GridSearchCV" in capsys.readouterr().out
