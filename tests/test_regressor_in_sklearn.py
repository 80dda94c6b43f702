"""KerasDNNRegressor inside scikit-learn's own tools."""

import threading

import joblib
import numpy as np
import pytest
from helpers.same_search import assert_same_search
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import BaggingRegressor, StackingRegressor, VotingRegressor
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.inspection import PartialDependenceDisplay, permutation_importance
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    cross_val_predict,
    cross_val_score,
    learning_curve,
)
from sklearn.multioutput import MultiOutputRegressor, RegressorChain
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skdnn import KerasDNNRegressor

LOSSES = ("squared_error", "absolute_error")


@pytest.fixture(scope="module")
def rows(friedman):
    """The first 120 of the rows."""
    return friedman[0][:120], friedman[1][:120]


def network(**settings):
    return KerasDNNRegressor((8,), **{"epochs": 5, "random_state": 0, **settings})


def test_it_searches_by_any_score(rows):
    grid = {"loss": LOSSES, "optimizer__learning_rate": [0.01, 0.1]}
    search = GridSearchCV(network(), grid, scoring="neg_mean_absolute_error", cv=2).fit(*rows)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


@pytest.mark.parametrize(
    "around",
    [
        lambda n: TransformedTargetRegressor(n, func=np.log1p, inverse_func=np.expm1),
        lambda n: StackingRegressor([("a", n), ("b", clone(n))], cv=2),
        lambda n: VotingRegressor([("a", n), ("b", clone(n))]),
        lambda n: BaggingRegressor(n, 2),
    ],
    ids=["transformed", "stacking", "voting", "bagging"],
)
def test_it_stands_in_other_estimators(around, friedman):
    X, y = friedman
    whole = around(network(learning_rate=0.05, epochs=20)).fit(X, y)
    assert whole.score(X, y) > 0.8
    importance = permutation_importance(whole, X, y, n_repeats=1, random_state=0)
    assert importance.importances_mean[3] > importance.importances_mean[9]


def test_it_stands_in_estimators_of_several_targets(rows):
    X, y = rows
    for around in (MultiOutputRegressor, RegressorChain):
        assert around(network()).fit(X, np.c_[y, -y]).predict(X).shape == (120, 2)


def test_partial_dependence_shows_what_was_learnt(friedman):
    """Of the fourth feature y has ten times the value, of the last nothing."""
    fitted = network(learning_rate=0.05, epochs=20).fit(*friedman)
    display = PartialDependenceDisplay.from_estimator(fitted, friedman[0], [3, 9])
    rising, level = (line.get_ydata() for line in display.lines_.ravel()[:2])
    assert rising[-1] - rising[0] > 6 > 3 > np.ptp(level)
    display.figure_.clear()


def test_folds_scores_and_curves(rows):
    X, y = rows
    pipeline = make_pipeline(StandardScaler(), network())
    assert cross_val_predict(pipeline, X, np.c_[y, y], cv=2).shape == (120, 2)
    scores = cross_val_score(pipeline, X, y, cv=2, scoring="neg_root_mean_squared_error")
    assert (scores < 0).all()
    sizes, *_ = learning_curve(pipeline, X, y, train_sizes=[20, 50], cv=2)
    assert sizes.tolist() == [20, 50]


def test_epochs_as_a_halving_resource(rows):
    search = HalvingGridSearchCV(
        network(),
        {"loss": ["squared_error", "huber"], "learning_rate": [1e-5, 0.05]},
        resource="epochs",
        min_resources=2,
        max_resources=8,
        factor=2,
        cv=2,
    ).fit(*rows)
    assert search.best_params_["learning_rate"] == 0.05
    assert search.best_estimator_.n_iter_ == 8


# -- many at once -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def serial(rows):
    return search_for("sequential", rows, n_jobs=1)


def search_for(backend, data, n_jobs):
    grid = {"loss": ["poisson", "quantile"], "quantile": [0.2, 0.6], "batch_size": [16, 32]}
    search = GridSearchCV(
        network(), grid, scoring="neg_mean_absolute_error", cv=2, n_jobs=n_jobs
    )
    with joblib.parallel_config(backend):
        return search.fit(*data)


@pytest.mark.long_form(row="backends")
@pytest.mark.parametrize("backend", ["threading", "loky"])
def test_every_backend_gives_the_same_search(backend, serial, rows, loky_forks):
    assert_same_search(search_for(backend, rows, n_jobs=2), serial)


@pytest.mark.long_form(row="backends")
def test_fits_in_many_threads_are_those_of_one_after_the_other(rows):
    def predicted(number):
        learner = network(loss=("huber", "poisson")[number % 2], random_state=number)
        return learner.fit(rows[0], (1 + number) * rows[1]).predict(rows[0])

    together = [None] * 6

    def fit(number):
        together[number] = predicted(number)

    threads = [threading.Thread(target=fit, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number in range(6):
        np.testing.assert_array_equal(together[number], predicted(number))
