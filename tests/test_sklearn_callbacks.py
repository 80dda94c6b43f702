"""`sklearn.callback`: hooks, what they are told and what they may ask for."""

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.callback import ScoringMonitor
from sklearn.callback.tests._utils import RecordingCallback
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import make_scorer, roc_auc_score
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skdnn import KerasDNNClassifier, KerasDNNRegressor

ENGINES = ("fused", "keras")


@pytest.fixture
def network():
    return KerasDNNClassifier((8,), learning_rate=0.02, epochs=3, random_state=0)


@pytest.fixture(scope="module")
def weight():
    return np.where(load_iris().target == 0, 100.0, 1.0)


@pytest.fixture(scope="module")
def named():
    """Iris with names: of columns and of classes."""
    data = load_iris(as_frame=True)
    return data.data.astype("float32"), pd.Series(data.target_names[data.target])


def is_root(record):
    return record["context"].parent is None


class Stop(RecordingCallback):
    """Asks to stop at the end of an epoch, counted from 0."""

    def __init__(self, epoch):
        super().__init__()
        self.epoch = epoch

    def on_fit_task_end(self, estimator, context):
        super().on_fit_task_end(estimator, context)
        return context.task_name == "epoch" and context.task_id == self.epoch


class Failing(RecordingCallback):
    """Fails in one hook, of the whole fit or of its epochs."""

    def __init__(self, hook, task):
        super().__init__()
        self.at = hook, task

    def on_fit_task_begin(self, estimator, context):
        self._fail(context, "begin")

    def on_fit_task_end(self, estimator, context):
        self._fail(context, "end")

    def _fail(self, context, hook):
        if self.at == (hook, context.task_name):
            raise RuntimeError("a hook that fails")


# -- as scikit-learn's own estimators call them -------------------------------------------


def calls(estimator, X, y, sample_weight):
    """Return what a recording callback sees: hooks, levels, arguments."""
    recorder = RecordingCallback()
    estimator.set_callbacks(recorder).fit(X, y, sample_weight)
    return [call(record) for record in recorder.record if not is_left_over(record)]


def is_left_over(record):
    """Tell LogisticRegression's last task, which it begins before it knows of the end."""
    return record["context"].task_name == "lbfgs-iter" and record["context"].task_id == 3


def call(record):
    context = record["context"]
    told = record.get("kwargs")
    seen = {"hook": record["name"], "root": is_root(record), "id": context.task_id}
    if told is not None:
        fitted = told["fitted_estimator"]
        metadata = told["metadata"]
        seen |= {
            "X": told["X"],
            "y": told["y"],
            "metadata": sorted(metadata) if metadata else metadata,
            "weight": None if metadata is None else np.asarray(metadata["sample_weight"]),
            "fitted": fitted is not None,
            "predicts": None if fitted is None else fitted.predict(told["X"]).shape,
        }
    return seen


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.filterwarnings("ignore:lbfgs failed to converge")
def test_hooks_are_called_as_logistic_regression_calls_them(
    engine, weighted, iris, weight, network
):
    given = weight.tolist() if weighted else None
    ours = calls(network.set_params(engine=engine), *iris, given)
    theirs = calls(LogisticRegression(max_iter=3), *iris, given)
    assert len(ours) == len(theirs) == 2 + 2 + 2 * 3
    for our, their in zip(ours, theirs, strict=True):
        np.testing.assert_equal(our, their)


@pytest.mark.parametrize("weighted", [False, True])
def test_partial_fit_calls_hooks_as_a_fit_of_one_epoch(weighted, iris, weight, network):
    given = weight if weighted else None
    of_fit = calls(clone(network).set_params(epochs=1), *iris, given)
    recorder = RecordingCallback()
    network.set_callbacks(recorder).partial_fit(*iris, [0, 1, 2], given)
    np.testing.assert_equal([call(record) for record in recorder.record], of_fit)


def test_rows_are_told_with_their_names(named, network):
    """LogisticRegression tells bare arrays, and warns where a callback predicts on them."""
    X, y = named
    monitor = ScoringMonitor(scoring=("accuracy", "neg_log_loss"))
    recorder = RecordingCallback()
    network.set_callbacks(monitor, recorder).fit(X, y)
    assert all(told["kwargs"]["X"] is X for told in recorder.record if "kwargs" in told)
    assert monitor.get_logs().data[0]["accuracy"] == network.score(X, y)


def test_what_is_set_up_is_torn_down_where_the_data_are_bad(iris, network):
    recorder = RecordingCallback()
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        network.set_callbacks(recorder).fit(iris[0], iris[1][:3])
    names = [record["name"] for record in recorder.record]
    assert names == ["setup", "on_fit_task_begin", "teardown"]
    assert not hasattr(network, "_callback_fit_ctx")


# -- the estimator as it is at each epoch's end -------------------------------------------

PARAMETERS = {
    "plain": {},
    "engine": {"engine": "keras", "epochs": 2},
    "early stopping": {"early_stopping": True, "scoring": None, "epochs": 6},
    "regularized": {"dropout": 0.2, "batch_normalization": True, "l2": 0.01},
    "numbers": {"loss": "huber", "early_stopping": True, "scoring": None, "epochs": 4},
}


def assert_same_fitted(found, expected, X, y):
    fitted = {name for name in vars(expected) if name.endswith("_")}
    assert {name for name in vars(found) if name.endswith("_")} == fitted
    for name in (*fitted, "_fitted_state"):
        np.testing.assert_equal(getattr(found, name), getattr(expected, name))
    answers = [getattr(each, "predict_proba", each.predict)(X) for each in (found, expected)]
    np.testing.assert_array_equal(*answers)
    assert found.score(X, y) == expected.score(X, y)


@pytest.mark.parametrize("parameters", PARAMETERS.values(), ids=PARAMETERS)
def test_each_epoch_ends_in_what_a_fit_of_as_many_epochs_gives(parameters, named, network):
    if "loss" in parameters:
        network = KerasDNNRegressor((8,), learning_rate=0.02, random_state=0)
        named = named[0], 1e6 * named[0].iloc[:, 3]
    network.set_params(**parameters)
    recorder = RecordingCallback()
    clone(network).set_callbacks(recorder).fit(*named)
    begun, ended = (
        [
            record["kwargs"]["fitted_estimator"]
            for record in recorder.record
            if record["name"] == hook and not is_root(record)
        ]
        for hook in ("on_fit_task_begin", "on_fit_task_end")
    )
    for epochs, reached in enumerate(ended, start=1):
        expected = clone(network).set_params(epochs=epochs).fit(*named)
        assert_same_fitted(reached, expected, *named)
        if epochs < len(begun):
            assert_same_fitted(begun[epochs], expected, *named)
    assert begun[0].n_iter_ == 0
    assert begun[0].history_ == {}
    assert begun[0].predict(named[0]).shape == (150,)


def test_a_further_fit_counts_on(named, network):
    """With warm_start, and with early stopping whose best epoch was in the call before."""
    early = {"early_stopping": True, "scoring": None, "n_iter_no_change": 9}
    network.set_params(warm_start=True, **early).fit(*named)
    recorder = RecordingCallback()
    twin = clone(network).fit(*named).set_callbacks(recorder).fit(*named)
    ended = [
        record["kwargs"]["fitted_estimator"]
        for record in recorder.record
        if record["name"] == "on_fit_task_end"
    ]
    assert [each.n_iter_ for each in ended] == [4, 5, 6, 6]
    assert [len(each.history_["loss"]) for each in ended] == [4, 5, 6, 6]
    assert [len(each.validation_scores_) for each in ended] == [4, 5, 6, 6]
    assert_same_fitted(ended[-1], twin, *named)
    assert_same_fitted(ended[0], network.set_params(epochs=1).fit(*named), *named)


def test_what_a_callback_keeps_stays_as_it_was(iris, network):
    recorder = RecordingCallback()
    network.set_params(warm_start=True).set_callbacks(recorder).fit(*iris).fit(*iris)
    at_the_end = [
        record["kwargs"]["fitted_estimator"].n_iter_
        for record in recorder.record
        if record["name"] == "on_fit_task_end" and is_root(record)
    ]
    assert at_the_end == [3, 6]


# -- ScoringMonitor -----------------------------------------------------------------------


@pytest.mark.parametrize("engine", ENGINES)
def test_scores_are_weighted_and_the_whole_fit_has_a_row(engine, named, weight, network):
    X, y = named
    network.set_params(engine=engine, epochs=2)
    monitor = ScoringMonitor(scoring="accuracy")
    network.set_callbacks(monitor).fit(X, y, sample_weight=weight)
    log = monitor.get_logs().data
    assert [row["task_name"] for row in log] == ["fit", "epoch", "epoch"]
    by_epochs = [
        clone(network).set_callbacks().set_params(epochs=n).fit(X, y, weight) for n in (1, 2)
    ]
    scores = [each.score(X, y, weight) for each in by_epochs]
    assert scores[-1] != by_epochs[-1].score(X, y)
    np.testing.assert_allclose(
        [row["accuracy"] for row in log], [scores[-1], *scores], rtol=1e-12
    )


def test_weights_reach_the_monitor_through_search_and_pipeline(iris, weight, network):
    X, y = iris
    folds = KFold(2, shuffle=True, random_state=0)
    monitor = ScoringMonitor(scoring="accuracy")
    pipeline = make_pipeline(StandardScaler(), network.set_callbacks(monitor))
    search = GridSearchCV(pipeline, {"kerasdnnclassifier__epochs": [2]}, cv=folds, n_jobs=2)
    with joblib.parallel_config("threading"):
        search.fit(X, y, kerasdnnclassifier__sample_weight=weight)
    whole = [row for row in monitor.get_logs().data if row["task_name"] == "fit"]
    expected = []
    for train, _ in folds.split(X):
        scaled = StandardScaler().fit_transform(X[train])
        fitted = clone(network).set_callbacks().set_params(epochs=2)
        fitted.fit(scaled, y[train], weight[train])
        expected.append(fitted.score(scaled, y[train], weight[train]))
    expected.append(search.best_estimator_.score(X, y, sample_weight=weight))
    np.testing.assert_allclose(
        sorted(row["accuracy"] for row in whole), sorted(expected), rtol=1e-12
    )


def test_monitors_take_scores_of_probabilities_and_of_multilabel_targets(iris, network):
    X, y = iris
    monitor = ScoringMonitor(
        scoring={"auc": make_scorer(roc_auc_score, response_method="predict_proba")}
    )
    network.set_callbacks(monitor).fit(X, np.column_stack([y == 0, y > 0, y == 2]).astype(int))
    assert len(monitor.get_logs().data) == 4


# -- stop, and errors ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameters", "engine"),
    [
        pytest.param(
            *(parameters, engine),
            marks=pytest.mark.long_form(row="parity", only=engine == "keras" and parameters),
        )
        for parameters in ({}, {"early_stopping": True}, {"loss": "poisson"})
        for engine in ENGINES
    ],
)
def test_a_request_to_stop_ends_the_fit(parameters, engine, iris, network):
    if "loss" in parameters:
        network = KerasDNNRegressor((8,), random_state=0)
    network.set_params(engine=engine, epochs=9, **parameters)
    stopping = Stop(epoch=1)
    stopped = clone(network).set_callbacks(stopping).fit(*iris)
    assert stopped.n_iter_ == 2
    assert stopping.record[-2]["context"].task_name == "fit"
    assert [record["name"] for record in stopping.record[-2:]] == [
        "on_fit_task_end",
        "teardown",
    ]
    assert_same_fitted(stopped, network.set_params(epochs=2).fit(*iris), *iris)


def test_a_request_at_the_end_of_the_whole_fit_has_nothing_to_stop(iris, network):
    stopped = network.set_callbacks(Stop(epoch=2)).fit(*iris)
    assert stopped.n_iter_ == 3


@pytest.mark.parametrize("task", ["fit", "epoch"])
@pytest.mark.parametrize("hook", ["begin", "end"])
def test_a_hook_that_fails_leaves_what_was_fitted_before(hook, task, iris, network):
    X, y = iris
    network.fit(X, y)
    before = network.predict_proba(X), network.history_
    with pytest.raises(RuntimeError, match="a hook that fails"):
        network.set_callbacks(Failing(hook, task)).fit(X[:, :2], y > 0)
    assert network.n_features_in_ == 4
    assert network.history_ == before[1]
    np.testing.assert_array_equal(network.predict_proba(X), before[0])
