"""HistoryMonitor: the learning curves of all folds and candidates of a search."""

import io
import pickle

import joblib
import matplotlib as mpl
import numpy as np
import pytest
from rich.console import Console
from sklearn.base import clone
from sklearn.exceptions import FitFailedWarning
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    RandomizedSearchCV,
    StratifiedKFold,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skdnn import KerasDNNClassifier
from skdnn.callbacks import HistoryMonitor, SearchProgress
from skdnn.displays import TrainingCurvesDisplay

mpl.use("Agg")

from matplotlib import pyplot as plt

FOLDS = StratifiedKFold(3, shuffle=True, random_state=0)
GRID = {"epochs": [2, 3], "learning_rate": [0.001, 0.1]}


@pytest.fixture
def network():
    return KerasDNNClassifier((8,), epochs=3, random_state=0)


def watched(network, data, grid=GRID, backend="sequential", others=(), **settings):
    """Run a search with a monitor on it, and other callbacks; return both."""
    monitor = HistoryMonitor()
    search = GridSearchCV(network, grid, cv=FOLDS, **{"n_jobs": 2, **settings})
    with joblib.parallel_config(backend):
        search.set_callbacks(monitor, *others).fit(*data)
    return search, monitor


@pytest.fixture(scope="module")
def finished(iris):
    """A search and its monitor, for tests that leave both as they are."""
    return watched(KerasDNNClassifier((8,), epochs=3, random_state=0), iris)


@pytest.mark.usefixtures("loky_forks")
@pytest.mark.parametrize("backend", ["sequential", "threading", "loky"])
def test_histories_stand_where_the_results_of_the_search_stand(network, iris, backend):
    X, y = iris
    progress = SearchProgress(Console(file=io.StringIO()))
    search, monitor = watched(
        *(network, iris), backend=backend, others=[progress], scoring=progress.scorer()
    )
    assert progress.fold_scores == {
        (candidate, fold): search.cv_results_[f"split{fold}_test_score"][candidate]
        for candidate in range(4)
        for fold in range(3)
    }
    curves = monitor.fold_histories(search)
    folds = list(FOLDS.split(X, y))
    assert len(curves) == 4
    for params, of_candidate in zip(search.cv_results_["params"], curves, strict=True):
        assert len(of_candidate) == 3
        for history, (train, _) in zip(of_candidate, folds, strict=True):
            by_hand = clone(network).set_params(**params).fit(X[train], y[train])
            assert history == by_hand.history_


def test_the_refit_is_a_history_but_of_no_fold(network, iris):
    search, monitor = watched(network, iris, backend="threading")
    assert len(monitor.histories) == 4 * 3 + 1
    refit = search.best_estimator_.history_
    assert monitor.histories[-1] == refit
    folds = [each for candidate in monitor.fold_histories(search) for each in candidate]
    assert len(folds) == 12
    assert refit not in folds


def test_a_search_without_refit(network, iris):
    search, monitor = watched(network, iris, refit=False)
    assert len(monitor.histories) == 12
    assert len(monitor.fold_histories(search)) == 4


def test_a_pipeline_is_looked_into(network, iris):
    X, y = iris
    pipeline = make_pipeline(StandardScaler(), network)
    grid = {f"kerasdnnclassifier__{name}": values for name, values in GRID.items()}
    search, monitor = watched(pipeline, iris, grid, "threading")
    curves = monitor.fold_histories(search)
    train, _ = list(FOLDS.split(X, y))[1]
    by_hand = clone(pipeline).set_params(**search.cv_results_["params"][2])
    assert curves[2][1] == by_hand.fit(X[train], y[train])[-1].history_
    assert [len(candidate[0]["loss"]) for candidate in curves] == [2, 2, 3, 3]
    assert len(monitor.histories) == 13


def test_curves_are_ready_to_be_drawn(network, iris):
    search, monitor = watched(network, iris, {"activation": ["relu", "tanh"]})
    histories = monitor.fold_histories(search)
    display = TrainingCurvesDisplay.from_histories(dict(zip("ab", histories, strict=True)))
    for line, folds in zip(display.lines_, histories, strict=True):
        mean = np.mean([history["loss"] for history in folds], axis=0)
        np.testing.assert_allclose(line.get_ydata(), mean)
    plt.close("all")


def test_validation_curves_are_in_it(network, iris):
    network.set_params(early_stopping=True, scoring="accuracy")
    search, monitor = watched(network, iris, {"epochs": [2, 4]})
    for candidate, n_epochs in zip(monitor.fold_histories(search), (2, 4), strict=True):
        for history in candidate:
            assert list(history) == ["accuracy", "loss", "val_accuracy", "val_loss"]
            assert {len(values) for values in history.values()} == {n_epochs}


def test_a_random_search_is_followed(network, iris):
    monitor = HistoryMonitor()
    search = RandomizedSearchCV(
        network, {"epochs": range(1, 6)}, n_iter=3, cv=2, random_state=0, refit=False
    )
    search.set_callbacks(monitor).fit(*iris)
    lengths = [len(candidate[1]["loss"]) for candidate in monitor.fold_histories(search)]
    assert lengths == [params["epochs"] for params in search.cv_results_["params"]]


def test_a_second_fit_forgets_the_first(network, iris):
    search, monitor = watched(network, iris)
    first = monitor.histories
    X, y = iris
    search.set_params(param_grid={"epochs": [4]}, cv=2, n_jobs=1).fit(X, y)
    assert len(first) == 13
    assert len(monitor.histories) == 3
    assert [len(history["loss"]) for history in monitor.fold_histories(search)[0]] == [4, 4]


def test_another_search_is_refused(finished, network, iris):
    _, monitor = finished
    other = GridSearchCV(network, {"epochs": [1, 2]}, cv=2).fit(*iris)
    message = "2 candidates in 2 folds, but 12 fits of folds were seen: it must be the search"
    with pytest.raises(ValueError, match=message):
        monitor.fold_histories(other)
    with pytest.raises(ValueError, match="but 0 fits of folds were seen"):
        HistoryMonitor().fold_histories(other)


def test_a_search_with_failed_fits_is_refused(network, iris):
    with (
        pytest.warns(FitFailedWarning, match="3 fits failed"),
        pytest.warns(UserWarning, match="scores are non-finite"),
    ):
        search, monitor = watched(network, iris, {"optimizer": ["sgd", "no-such"]})
    assert len(monitor.histories) == 4
    with pytest.raises(ValueError, match="no failed fit"):
        monitor.fold_histories(search)


def test_a_halving_search_has_the_candidates_of_each_round(network, iris, tmp_path):
    monitor = HistoryMonitor()
    search = HalvingGridSearchCV(
        clone(network).set_params(memory=str(tmp_path)),
        {"activation": ["relu", "tanh", "elu"]},
        resource="epochs",
        min_resources=1,
        max_resources=3,
        cv=2,
    )
    search.set_callbacks(monitor).fit(*iris)

    curves = monitor.fold_histories(search)

    assert list(search.cv_results_["iter"]) == [0, 0, 0, 1]
    assert [[len(fold["loss"]) for fold in row] for row in curves] == [*[[1, 1]] * 3, [3, 3]]
    row = search.cv_results_["params"].index(search.best_params_ | {"epochs": 1})
    for longer, shorter in zip(curves[3], curves[row], strict=True):
        assert longer["loss"][:1] == shorter["loss"]


def test_other_estimators_leave_no_history(iris):
    monitor = HistoryMonitor()
    search = GridSearchCV(LogisticRegression(), {"C": [1, 2]}, cv=2)
    search.set_callbacks(monitor).fit(*iris)
    assert monitor.histories == []


def test_a_classifier_alone_has_one_history_a_fit(network, iris):
    monitor = HistoryMonitor()
    network.set_callbacks(monitor).fit(*iris)
    assert monitor.histories == [network.history_]
    network.set_params(epochs=2).fit(*iris)
    assert monitor.histories == [network.history_]
    network.partial_fit(*iris)
    assert monitor.histories == [network.history_]
    assert len(monitor.histories[0]["loss"]) == 3


def test_what_was_seen_does_not_change_afterwards(network, iris):
    monitor = HistoryMonitor()
    network.set_params(warm_start=True).set_callbacks(monitor).fit(*iris)
    seen = monitor.histories[0]
    network.set_callbacks().fit(*iris)
    assert len(network.history_["loss"]) == 6
    assert len(seen["loss"]) == 3


def test_fits_of_an_interrupted_search_are_not_taken_for_the_next(network, iris):
    search, monitor = watched(network, iris)
    monitor._channel.send(("another search", 0, {"loss": [4.0]}))
    assert [4.0] not in [history["loss"] for history in monitor.histories]
    assert len(monitor.fold_histories(search)) == 4


def test_a_pickle_keeps_what_was_seen(finished):
    search, monitor = finished
    loaded = pickle.loads(pickle.dumps(monitor))
    assert loaded.histories == monitor.histories
    assert loaded.fold_histories(search) == monitor.fold_histories(search)


def test_a_search_is_pickled_with_its_monitor(finished, iris):
    search, monitor = finished
    loaded = pickle.loads(pickle.dumps(search))
    np.testing.assert_array_equal(loaded.predict(iris[0]), search.predict(iris[0]))
    loaded.set_params(n_jobs=1).fit(*iris)  # with a monitor of its own
    assert len(monitor.histories) == 13
