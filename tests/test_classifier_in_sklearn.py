"""KerasDNNClassifier inside scikit-learn's own tools."""

import subprocess
import sys
import threading

import joblib
import numpy as np
import pytest
from helpers.same_search import assert_same_search
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.callback import ProgressBar, ScoringMonitor
from sklearn.ensemble import AdaBoostClassifier, StackingClassifier, VotingClassifier
from sklearn.exceptions import FitFailedWarning
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.feature_selection import SequentialFeatureSelector
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    KFold,
    StratifiedKFold,
    cross_val_predict,
    cross_val_score,
    cross_validate,
    learning_curve,
)
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skdnn import KerasDNNClassifier, make_image_pipeline


@pytest.fixture
def network():
    return KerasDNNClassifier((16,), epochs=20, learning_rate=0.01, random_state=0)


def test_the_defaults_are_a_sensible_choice(iris, digits):
    # Shuffled: the rows of digits stand in the order of their writers, so that unshuffled
    # folds ask for the writing of people never seen (0.94 here, 0.93 for MLPClassifier).
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    pipeline = make_pipeline(StandardScaler(), KerasDNNClassifier(random_state=0))
    assert cross_val_score(pipeline, *iris, cv=folds).mean() >= 0.93
    assert cross_val_score(pipeline, *iris, cv=5).mean() >= 0.93
    folds = StratifiedKFold(3, shuffle=True, random_state=0)
    assert cross_val_score(pipeline, *digits, cv=folds).mean() >= 0.95


def test_folds_are_stratified(iris, network):
    X, y = iris  # sorted by class: an unstratified fold would hold one class alone
    scores = cross_val_score(network, X, y, cv=3)
    assert scores.min() > 0.8
    search = GridSearchCV(network, {"activation": ["relu"]}, cv=3).fit(X, y)
    np.testing.assert_array_equal(
        [search.cv_results_[f"split{i}_test_score"][0] for i in range(3)], scores
    )


def test_a_grid_over_optimizers_scores_as_each_by_hand(iris, network):
    import keras

    network.set_params(learning_rate=None)
    optimizers = ["sgd", keras.optimizers.Adam, keras.optimizers.RMSprop(0.01)]
    search = GridSearchCV(network, {"optimizer": optimizers}, cv=3).fit(*iris)
    by_hand = [
        cross_val_score(clone(network).set_params(optimizer=each), *iris, cv=3).mean()
        for each in optimizers
    ]
    np.testing.assert_allclose(search.cv_results_["mean_test_score"], by_hand, rtol=1e-12)


def test_a_grid_over_settings_of_the_optimizer(iris, network):
    pipeline = make_pipeline(StandardScaler(), network.set_params(learning_rate=None))
    name = "kerasdnnclassifier__optimizer"
    grid = {name: ["sgd"], f"{name}__momentum": [0.0, 0.9], f"{name}__learning_rate": [0.01]}
    search = GridSearchCV(pipeline, grid, cv=3).fit(*iris)
    slow, fast = search.cv_results_["mean_test_score"]
    assert fast > slow
    best = clone(search.best_estimator_)
    assert best.get_params()[f"{name}__momentum"] == 0.9
    assert "optimizer__momentum=0.9" in repr(best)
    assert "optimizer__momentum=0.9" in repr(best[-1])
    np.testing.assert_array_equal(best.fit(*iris).predict(iris[0]), search.predict(iris[0]))


@pytest.mark.parametrize(
    "ensemble",
    [
        lambda n: StackingClassifier([("a", n), ("b", LogisticRegression())], cv=3),
        lambda n: VotingClassifier([("a", n), ("b", LogisticRegression())], voting="soft"),
        lambda n: CalibratedClassifierCV(n, cv=3),
        lambda n: CalibratedClassifierCV(n, cv=3, method="isotonic", ensemble=False),
        lambda n: OneVsRestClassifier(n),
        lambda n: AdaBoostClassifier(n, n_estimators=2),
    ],
    ids=["stacking", "voting", "sigmoid", "isotonic", "one-vs-rest", "boosting"],
)
def test_ensembles(ensemble, iris, network):
    X, y = iris
    names = np.array(["setosa", "versicolor", "virginica"])[y]
    fitted = ensemble(network).fit(X, names)
    assert fitted.score(X, names) > 0.9
    np.testing.assert_allclose(fitted.predict_proba(X).sum(axis=1), 1, atol=1e-5)


def test_permutation_importance_finds_the_petals(iris, network):
    result = permutation_importance(network.fit(*iris), *iris, n_repeats=5, random_state=0)
    assert set(np.argsort(result.importances_mean)[-2:]) == {2, 3}


def test_features_are_selected_by_networks_of_any_width(iris, network):
    """As in mlxtend issue 771: each candidate has another number of columns."""
    network.set_params(epochs=5, learning_rate=0.1)
    selected = SequentialFeatureSelector(network, n_features_to_select=1, cv=2).fit(*iris)
    assert selected.get_support().nonzero()[0] in (2, 3)


def test_a_class_that_a_fold_lacks_has_a_column_all_the_same(iris, network):
    """As in keras issue 11850: a rare label is in no training row of one split."""
    X, y = iris[0], iris[1] % 2
    y[:2] = 2
    with pytest.warns(RuntimeWarning, match="does not match total number of classes"):
        probabilities = cross_val_predict(network, X, y, cv=KFold(5), method="predict_proba")
    assert probabilities.shape == (150, 3)
    assert not probabilities[:30, 2].any()
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)


def test_learning_curve(iris, network):
    _, train, test = learning_curve(
        network, *iris, train_sizes=[0.2, 1.0], cv=3, shuffle=True, random_state=0
    )
    assert train.shape == test.shape == (2, 3)
    assert test[1].mean() > 0.85


def test_cross_validate_returns_usable_estimators(iris, network):
    result = cross_validate(network, *iris, cv=3, return_estimator=True)
    for estimator in result["estimator"]:
        assert estimator.n_iter_ == 20
        assert estimator.score(*iris) > 0.85


def test_epochs_as_a_halving_resource(iris, network):
    search = HalvingGridSearchCV(
        network,
        {"activation": ["relu", "tanh"], "hidden_units": [(8,), (16,)]},
        resource="epochs",
        min_resources=5,
        max_resources=20,
        cv=3,
        random_state=0,
    ).fit(*iris)
    assert search.n_resources_ == [5, 15]
    assert search.best_estimator_.n_iter_ == 15
    assert search.best_score_ > 0.85


def test_bad_candidates_get_the_error_score(iris, network):
    grid = {"optimizer": ["sgd", "no-such"]}
    with (
        pytest.warns(FitFailedWarning, match="3 fits failed"),
        pytest.warns(UserWarning, match="scores are non-finite"),
    ):
        search = GridSearchCV(network, grid, cv=3, error_score=np.nan).fit(*iris)
    assert np.isnan(search.cv_results_["mean_test_score"][1])
    assert search.best_params_ == {"optimizer": "sgd"}


@pytest.mark.long_form(row="numbers")
def test_diverging_candidates_get_the_error_score_and_the_cause(iris, network):
    network.set_params(optimizer="sgd", epochs=2)
    cause = r"(?s)3 fits failed.*the steps are too large \(learning_rate=1e\+30\)"
    with (
        pytest.warns(FitFailedWarning, match=cause),
        pytest.warns(UserWarning, match="scores are non-finite"),
    ):
        search = GridSearchCV(network, {"learning_rate": [0.1, 1e30]}, cv=3).fit(*iris)
    assert np.isnan(search.cv_results_["mean_test_score"][1])
    assert search.best_params_ == {"learning_rate": 0.1}
    with pytest.raises(ValueError, match=r"learning_rate=1e\+30"):
        search.set_params(error_score="raise").fit(*iris)


def test_scikit_learn_callbacks_follow_epochs(iris, network):
    monitor = ScoringMonitor(scoring="accuracy")
    network.set_params(epochs=4).set_callbacks(monitor)
    network.fit(*iris)
    (log,) = (
        monitor.get_logs() if isinstance(monitor.get_logs(), list) else [monitor.get_logs()]
    )
    rows = [row for row in log.data if row["task_name"] == "epoch"]
    assert len(rows) == 4
    assert rows[-1]["accuracy"] == pytest.approx(network.score(*iris))


def test_progress_bar_follows_epochs(iris, network, capsys):
    pipeline = make_pipeline(StandardScaler(), network.set_params(epochs=3))
    search = GridSearchCV(pipeline, {"kerasdnnclassifier__activation": ["relu"]}, cv=2)
    search.set_callbacks(ProgressBar(max_propagation_depth=None)).fit(*iris)
    assert "KerasDNNClassifier - fit" in capsys.readouterr().out


# -- many at once -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def serial(iris):
    return search_for("sequential", iris, n_jobs=1)


def search_for(backend, data, n_jobs):
    search = GridSearchCV(
        KerasDNNClassifier((16,), epochs=5, random_state=0),
        {"activation": ["relu", "tanh"], "optimizer": ["adam", "sgd"], "batch_size": [16, 32]},
        cv=3,
        n_jobs=n_jobs,
    )
    with joblib.parallel_config(backend):
        return search.fit(*data)


@pytest.mark.long_form(row="backends")
@pytest.mark.usefixtures("loky_forks")
@pytest.mark.parametrize("backend", ["threading", "loky"])
def test_every_backend_gives_the_same_search(backend, serial, iris):
    assert_same_search(search_for(backend, iris, n_jobs=2), serial)


@pytest.mark.long_form(row="backends")
def test_fits_in_many_threads_are_those_of_one_after_the_other(iris):
    def classifier(number):
        return KerasDNNClassifier(
            (10 + number % 3,), optimizer="nadam", epochs=4, random_state=number
        )

    together = [None] * 12

    def fit(number):
        together[number] = classifier(number).fit(*iris).predict_proba(iris[0])

    threads = [threading.Thread(target=fit, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number in range(12):
        alone = classifier(number).fit(*iris).predict_proba(iris[0])
        np.testing.assert_array_equal(together[number], alone)


# -- what loads when ----------------------------------------------------------------------


def test_importing_cloning_and_setting_load_no_tensorflow():
    code = """
import sys
import skdnn
assert "sklearn" not in sys.modules, "import skdnn loads scikit-learn"
from sklearn.base import clone
pipeline = clone(skdnn.make_image_pipeline(optimizer="sgd", optimizer__momentum=0.9))
pipeline.set_params(dnn__optimizer__nesterov=True).get_params()
repr(pipeline), pipeline._repr_html_(), skdnn.document_variants()
dir(skdnn), skdnn.datasets.load_fashion_mnist_sample(), skdnn.displays
loaded = {"tensorflow", "keras", "scikeras", "matplotlib"} & set(sys.modules)
assert not loaded, loaded
"""
    subprocess.run([sys.executable, "-c", code], check=True)


# -- the document -------------------------------------------------------------------------

_DOCUMENT = {
    "sigmoid": {
        "make": {"activation": "sigmoid", "optimizer": "rmsprop"},
        "accuracy": [0.7525, 0.8463, 0.8604, 0.8696, 0.8759],
    },
    "relu": {
        "make": {"activation": "relu", "optimizer": "adam", "flatten": False},
        "accuracy": [0.7691, 0.8515, 0.8691, 0.8793, 0.8873],
    },
}


@pytest.mark.full_data
@pytest.mark.parametrize("run", _DOCUMENT)
def test_the_documents_runs(run, fashion_mnist):
    from sklearn.model_selection import train_test_split

    images, target = fashion_mnist.images[:60_000], fashion_mnist.target[:60_000]
    X, X_rest, y, y_rest = train_test_split(images, target, test_size=0.2, random_state=42)
    assert len(y) == 48_000
    pipeline = make_image_pipeline(**_DOCUMENT[run]["make"], epochs=5, random_state=0)
    pipeline.fit(X, y)
    difference = np.abs(
        np.subtract(pipeline[-1].history_["accuracy"], _DOCUMENT[run]["accuracy"])
    )
    assert (difference <= [0.07, 0.015, 0.01, 0.01, 0.01]).all(), difference
    assert pipeline[-1].n_parameters_ == 79_510
    assert pipeline.score(X_rest, y_rest) > 0.85


@pytest.mark.full_data
@pytest.mark.long_form(row="defaults")
def test_the_defaults_on_fashion_mnist(fashion_mnist, count, record_property):
    # A fifth of the training images or less; docs/measure_defaults.py takes all.
    n, least = count((4_000, 0.825), (12_000, 0.85))
    images, target = fashion_mnist.images, fashion_mnist.target
    pipeline = make_image_pipeline(random_state=0).fit(images[:n], target[:n])
    score = pipeline.score(images[60_000:], target[60_000:])
    record_property(f"accuracy after {n} images", f"{score:.4f}")
    assert score >= least
