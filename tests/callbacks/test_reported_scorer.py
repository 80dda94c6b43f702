"""`SearchProgress.follow`: the display knows the scores, and the search has those it had."""

import io
import pickle

import numpy as np
import pytest
import sklearn
from rich.console import Console
from sklearn.base import clone
from sklearn.callback import ProgressBar
from sklearn.datasets import load_iris
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.feature_selection import RFECV
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score, make_scorer
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV
from sklearn.pipeline import make_pipeline

from skdnn import KerasDNNClassifier
from skdnn.callbacks import HistoryMonitor, SearchProgress

GRID = {"C": [0.001, 1.0]}


@pytest.fixture(scope="module")
def data():
    X, y = load_iris(return_X_y=True)
    return (X - X.mean(axis=0))[::2], y[::2]


@pytest.fixture(scope="module")
def weight(data):
    return np.where(data[1] == 1, 10.0, 0.1)


def unseen():
    return SearchProgress(Console(file=io.StringIO()))


def search_of(scoring=None, refit=True, estimator=None, **settings):
    estimator = LogisticRegression() if estimator is None else estimator
    return GridSearchCV(estimator, GRID, cv=2, scoring=scoring, refit=refit, **settings)


def error_of(estimator, X, y):
    return -np.mean(estimator.predict(X) != y)


def several(estimator, X, y):
    right = estimator.predict(X) == y
    return {"right": right.mean(), "wrong": 1 - right.mean()}


def results_of(search):
    return {name: v for name, v in search.cv_results_.items() if "_time" not in name}


def assert_alike(followed, alone, data):
    np.testing.assert_equal(results_of(followed), results_of(alone))
    assert followed.best_params_ == alone.best_params_
    assert followed.best_score_ == alone.best_score_
    assert followed.multimetric_ == alone.multimetric_
    assert followed.score(*data) == alone.score(*data)


SCORINGS = {
    "none": (None, True),
    "name": ("neg_log_loss", True),
    "scorer": (make_scorer(f1_score, average="macro"), True),
    "function": (error_of, True),
    "list": (["accuracy", "f1_macro"], "f1_macro"),
    "dict": ({"log": "neg_log_loss", "own": error_of}, "own"),
    "function of several": (several, "wrong"),
}


@pytest.mark.parametrize(("scoring", "refit"), SCORINGS.values(), ids=SCORINGS)
def test_scores_are_those_of_the_search_and_the_display_has_them(scoring, refit, data):
    settings = {"scoring": scoring, "refit": refit, "return_train_score": True}
    alone = search_of(**settings).fit(*data)
    progress = unseen()
    followed = progress.follow(search_of(**settings)).fit(*data)
    assert_alike(followed, alone, data)
    name = refit if isinstance(refit, str) else "score"
    assert progress.fold_scores == {
        (candidate, fold): alone.cv_results_[f"split{fold}_test_{name}"][candidate]
        for candidate in range(2)
        for fold in range(2)
    }


@pytest.mark.parametrize("scoring", [["accuracy", "f1_macro"], several])
def test_of_several_metrics_none_is_told_where_none_is_chosen(scoring, data):
    progress, search = unseen(), search_of(scoring, refit=False)
    progress.follow(search).fit(*data)
    assert progress.fold_scores == {}
    np.testing.assert_equal(
        results_of(search), results_of(search_of(scoring, refit=False).fit(*data))
    )


@pytest.mark.parametrize("name", ["none", "name", "scorer", "list"])
def test_weights_reach_the_scores_as_they_would_alone(name, data, weight):
    scoring, refit = SCORINGS[name]
    alone = search_of(scoring, refit).fit(*data, sample_weight=weight)
    followed = unseen().follow(search_of(scoring, refit)).fit(*data, sample_weight=weight)
    assert_alike(followed, alone, data)
    unweighted = search_of(scoring, refit).fit(*data)
    assert followed.best_score_ != unweighted.best_score_


def test_a_function_without_weights_is_told_of_as_alone(data, weight):
    for search in (search_of(error_of), unseen().follow(search_of(error_of))):
        with pytest.warns(UserWarning, match="does not support sample_weight"):
            search.fit(*data, sample_weight=weight)


@pytest.mark.parametrize("scoring", [None, "scorer"])
def test_metadata_are_routed_as_they_would_be_alone(scoring, data, weight):
    with sklearn.config_context(enable_metadata_routing=True):
        network = LogisticRegression().set_fit_request(sample_weight=False)
        network.set_score_request(sample_weight=True)
        if scoring == "scorer":
            scoring = make_scorer(accuracy_score).set_score_request(sample_weight=True)
        alone = search_of(scoring, estimator=network).fit(*data, sample_weight=weight)
        followed = unseen().follow(search_of(scoring, estimator=network))
        followed.fit(*data, sample_weight=weight)
        np.testing.assert_equal(results_of(followed), results_of(alone))
        assert followed.score(*data, sample_weight=weight) == alone.score(
            *data, sample_weight=weight
        )


def test_a_scorer_that_fails_is_an_error_score_of_its_own(data):
    def failing(estimator, X, y):
        raise RuntimeError("no score")

    scoring = {"accuracy": "accuracy", "failing": failing}
    progress = unseen()
    search = progress.follow(search_of(scoring, refit="accuracy"))
    with pytest.warns(UserWarning, match=r"Scoring failed|are non-finite"):
        search.fit(*data)
    assert np.isfinite(search.cv_results_["mean_test_accuracy"]).all()
    assert np.isnan(search.cv_results_["mean_test_failing"]).all()
    assert len(progress.fold_scores) == 4


def test_what_is_no_number_is_scikit_learns_error(data):
    search = unseen().follow(search_of(lambda *_: [1, 2], error_score="raise"))
    with pytest.raises(ValueError, match="scoring must return a number"):
        search.fit(*data)


def test_following_once_more_is_following_once(data):
    first, second = unseen(), unseen()
    search = search_of("accuracy").set_callbacks(HistoryMonitor())
    second.follow(first.follow(first.follow(search))).fit(*data)
    assert first.fold_scores == {}
    assert len(second.fold_scores) == 4
    assert search.scoring.scoring == "accuracy"
    assert [type(each) for each in search._skl_callbacks] == [HistoryMonitor, SearchProgress]
    both = search_of(["accuracy", "f1_macro"], refit="accuracy")
    second.follow(first.follow(both)).fit(*data)
    assert first.fold_scores == {}
    assert len(second.fold_scores) == 4


def test_a_followed_search_is_cloned_and_pickled(data):
    progress = unseen()
    search = progress.follow(search_of("accuracy"))
    clone(search).fit(*data)
    assert len(progress.fold_scores) == 4
    before = search.fit(*data).score(*data)
    loaded = pickle.loads(pickle.dumps(search))
    assert loaded.score(*data) == before
    assert clone(loaded).fit(*data).score(*data) == before


def test_a_halving_search_is_followed(data):
    progress = unseen()
    search = HalvingGridSearchCV(
        KerasDNNClassifier((8,), random_state=0),
        {"activation": ["relu", "tanh", "elu"]},
        resource="epochs",
        min_resources=1,
        max_resources=3,
        cv=2,
    )
    progress.follow(search).fit(*data)
    best = progress._state.snapshot().best
    assert best[0] == max(
        search.cv_results_[f"split{fold}_test_score"].max() for fold in (0, 1)
    )


@pytest.mark.parametrize(
    "other",
    [KerasDNNClassifier(), make_pipeline(KerasDNNClassifier()), RFECV(LogisticRegression()), 3],
)
def test_what_is_no_search_is_refused(other):
    with pytest.raises(TypeError, match="search must be a search that takes callbacks"):
        unseen().follow(other)


@pytest.mark.parametrize(
    ("scoring", "message"),
    [
        ("acuracy", "'acuracy' is not a valid scoring"),
        (["accuracy", "acuracy"], "'acuracy' is not a valid scoring"),
        (["accuracy", "accuracy"], "Duplicate elements"),
        (accuracy_score, "looks like it is a metric"),
    ],
)
def test_wrong_scorings_are_told_at_once_and_change_nothing(scoring, message):
    bar = ProgressBar()
    search = search_of(scoring).set_callbacks(bar)
    with pytest.raises(ValueError, match=message):
        unseen().follow(search)
    assert search.scoring is scoring
    assert search._skl_callbacks == [bar]
