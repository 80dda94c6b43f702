"""Sample weights and validation rows on their way through scikit-learn's tools."""

import numpy as np
import pytest
import sklearn
from sklearn.base import clone
from sklearn.exceptions import UnsetMetadataPassedError
from sklearn.metrics import accuracy_score, make_scorer, mean_absolute_error
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_validate
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from skdnn import KerasDNNClassifier, KerasDNNRegressor

FIT = {"sample_weight", "X_val", "y_val", "sample_weight_val"}


@pytest.fixture(autouse=True)
def _routing():
    with sklearn.config_context(enable_metadata_routing=True):
        yield


@pytest.fixture
def network():
    return KerasDNNClassifier((8,), learning_rate=0.02, epochs=4, random_state=0)


@pytest.fixture(scope="module")
def first_and_last(iris):
    """Weights that leave one of the three classes out."""
    return np.where(iris[1] == 1, 0.0, 1.0 + np.arange(150) % 2)


def scaled(network):
    scaler = StandardScaler().set_fit_request(sample_weight=False)
    return make_pipeline(scaler, network)


def assert_same_network(a, b):
    assert a.history_ == b.history_
    for left, right in zip(a._fitted_state["weights"], b._fitted_state["weights"], strict=True):
        np.testing.assert_array_equal(left, right)


# -- requests -----------------------------------------------------------------------------


def test_nothing_is_requested_by_default(network):
    requests = network.get_metadata_routing()
    assert requests.fit.requests == dict.fromkeys(FIT)
    assert requests.partial_fit.requests == dict.fromkeys({"sample_weight", "classes"})
    assert requests.score.requests == {"sample_weight": None}
    for method in ("predict", "predict_proba", "predict_log_proba"):
        assert getattr(requests, method).requests == {}


@pytest.mark.parametrize("name", sorted(FIT))
def test_each_can_be_requested_for_fit(network, name):
    assert network.set_fit_request(**{name: True}) is network
    expected = {**dict.fromkeys(FIT), name: True}
    assert network.get_metadata_routing().fit.requests == expected
    assert network.get_metadata_routing().score.requests == {"sample_weight": None}


def test_what_fit_does_not_take_cannot_be_requested(network):
    with pytest.raises(TypeError, match="Unexpected args"):
        network.set_fit_request(groups=True)


def test_requests_survive_clone_and_set_params(network):
    network.set_fit_request(sample_weight=True).set_score_request(sample_weight="w")
    network.set_params(epochs=2, optimizer__beta_1=0.8)
    for each in (network, clone(network)):
        assert each.get_metadata_routing().fit.requests["sample_weight"] is True
        assert each.get_metadata_routing().score.requests["sample_weight"] == "w"


@pytest.mark.parametrize(
    "wrapped",
    [
        scaled,
        lambda network: GridSearchCV(network, {"epochs": [1]}, cv=2),
    ],
    ids=["pipeline", "search"],
)
def test_what_was_not_requested_is_refused(network, iris, first_and_last, wrapped):
    with pytest.raises(UnsetMetadataPassedError, match=r"sample_weight.*not explicitly set"):
        wrapped(network).fit(*iris, sample_weight=first_and_last)
    with pytest.raises(UnsetMetadataPassedError, match=r"X_val.*not explicitly set"):
        wrapped(network).fit(*iris, X_val=iris[0], y_val=iris[1])


def test_what_is_requested_as_false_is_not_passed(network, iris, first_and_last):
    network.set_fit_request(sample_weight=False)
    scorer = make_scorer(accuracy_score).set_score_request(sample_weight=True)
    search = GridSearchCV(network, {"epochs": [2]}, cv=2, scoring=scorer)
    search.fit(*iris, sample_weight=first_and_last)
    assert search.best_estimator_.classes_.tolist() == [0, 1, 2]


# -- sample weights -----------------------------------------------------------------------


def test_weights_arrive_through_a_pipeline(network, iris, first_and_last):
    X, y = iris
    network.set_fit_request(sample_weight=True)
    pipeline = scaled(network)
    pipeline.fit(X, y, sample_weight=first_and_last)
    direct = clone(network).fit(
        StandardScaler().fit_transform(X), y, sample_weight=first_and_last
    )
    assert pipeline[-1].classes_.tolist() == [0, 2]
    assert_same_network(pipeline[-1], direct)


def test_weights_arrive_under_another_name(network, iris, first_and_last):
    network.set_fit_request(sample_weight="importance")
    pipeline = scaled(network)
    pipeline.fit(*iris, importance=first_and_last)
    assert pipeline[-1].classes_.tolist() == [0, 2]


def test_weights_are_split_with_the_folds_of_a_search(network, iris, first_and_last):
    X, y = iris
    network.set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
    folds = StratifiedKFold(3)
    search = GridSearchCV(network, {"hidden_units": [(8,), (4,)]}, cv=folds)
    search.fit(X, y, sample_weight=first_and_last)
    for i, (train, test) in enumerate(folds.split(X, y)):
        by_hand = clone(network).fit(X[train], y[train], sample_weight=first_and_last[train])
        score = accuracy_score(
            y[test], by_hand.predict(X[test]), sample_weight=first_and_last[test]
        )
        assert search.cv_results_[f"split{i}_test_score"][0] == pytest.approx(score)
    assert search.best_estimator_.classes_.tolist() == [0, 2]


def test_weights_arrive_in_cross_validate(network, iris, first_and_last):
    X, y = iris
    network.set_fit_request(sample_weight=True)
    scorer = make_scorer(accuracy_score).set_score_request(sample_weight=True)
    result = cross_validate(
        scaled(network),
        X,
        y,
        cv=3,
        scoring=scorer,
        params={"sample_weight": first_and_last},
        return_estimator=True,
        return_indices=True,
    )
    for pipeline, test, score in zip(
        result["estimator"], result["indices"]["test"], result["test_score"], strict=True
    ):
        assert pipeline[-1].classes_.tolist() == [0, 2]
        weight = first_and_last[test]
        weighted = accuracy_score(y[test], pipeline.predict(X[test]), sample_weight=weight)
        assert score == pytest.approx(weighted)


def test_weights_arrive_at_partial_fit(network, iris):
    X, y = iris
    weight = np.where(np.arange(150) % 2, 3.0, 0.5)
    network.set_partial_fit_request(sample_weight=True, classes=False)
    metaclassifier = OneVsRestClassifier(network)
    metaclassifier.partial_fit(X, y, classes=[0, 1, 2], sample_weight=weight)
    direct = clone(network)
    direct.partial_fit(X, (y == 2).astype(int), classes=[0, 1], sample_weight=weight)
    assert_same_network(metaclassifier.estimators_[2], direct)
    unweighted = clone(network).partial_fit(X, (y == 2).astype(int), classes=[0, 1])
    assert unweighted.history_ != direct.history_


@pytest.mark.parametrize("scoring", ["loss", "accuracy", None])
def test_weights_reach_early_stopping(network, iris, scoring):
    X, y = iris
    weight = np.where(y == 1, 10.0, 0.1)
    network.set_fit_request(sample_weight=True)
    network.set_params(early_stopping=True, scoring=scoring, validation_fraction=0.5)
    pipeline = scaled(network)
    pipeline.fit(X, y, sample_weight=weight)
    with sklearn.config_context(enable_metadata_routing=False):
        direct = clone(network).fit(StandardScaler().fit_transform(X), y, sample_weight=weight)
    np.testing.assert_array_equal(pipeline[-1].validation_scores_, direct.validation_scores_)
    unweighted = clone(network).fit(StandardScaler().fit_transform(X), y)
    assert not np.array_equal(unweighted.validation_scores_, direct.validation_scores_)


# -- validation rows ----------------------------------------------------------------------


def test_validation_rows_are_transformed_on_their_way(network, iris):
    X, y = iris[0] * 100 + 7, iris[1]
    fold = np.arange(150) % 3 > 0
    weight = np.linspace(0.5, 2, (~fold).sum())
    network.set_fit_request(X_val=True, y_val=True, sample_weight_val=True)
    pipeline = Pipeline(
        [("scale", StandardScaler()), ("network", network)], transform_input=["X_val"]
    )
    given = {"X_val": X[~fold], "y_val": y[~fold], "sample_weight_val": weight}
    pipeline.fit(X[fold], y[fold], **given)
    scaler = StandardScaler().fit(X[fold])
    given["X_val"] = scaler.transform(X[~fold])
    direct = clone(network).fit(scaler.transform(X[fold]), y[fold], **given)
    assert "val_loss" in direct.history_
    assert_same_network(pipeline[-1], direct)


def test_validation_rows_reach_every_fold_whole(network, iris):
    X, y = iris
    X_val, y_val = X[::4], y[::4]
    network.set_fit_request(X_val=True, y_val=True)
    network.set_params(early_stopping=True, scoring=Shapes())
    Shapes.seen = []
    search = GridSearchCV(network, {"epochs": [1]}, cv=2)
    search.fit(X, y, X_val=X_val, y_val=y_val)
    assert Shapes.seen == [(X_val.shape, y_val.shape)] * 3  # two folds and the refit
    assert len(search.best_estimator_.history_["val_loss"]) == 1


# -- numbers ------------------------------------------------------------------------------


@pytest.fixture
def learner():
    return KerasDNNRegressor((8,), learning_rate=0.02, epochs=4, random_state=0)


def test_a_regressor_takes_the_same_but_for_classes(learner):
    requests = learner.get_metadata_routing()
    assert requests.fit.requests == dict.fromkeys(FIT)
    assert requests.partial_fit.requests == requests.score.requests == {"sample_weight": None}
    assert requests.predict.requests == {}
    with pytest.raises(UnsetMetadataPassedError, match=r"sample_weight.*not explicitly set"):
        scaled(learner).fit(np.eye(3), [1.0, 2, 3], sample_weight=[1, 2, 3])


def test_weights_reach_fits_and_scores_of_numbers(learner, iris, first_and_last):
    """The units of the targets are of the weighted rows, so that wild ones have no say."""
    X, y = iris[0], np.where(first_and_last, 1e5 * iris[0][:, 3], 1e30)
    learner.set_fit_request(sample_weight=True)
    scorer = make_scorer(mean_absolute_error).set_score_request(sample_weight=True)
    result = cross_validate(
        scaled(learner),
        X,
        y,
        cv=StratifiedKFold(2).split(X, iris[1]),
        scoring=scorer,
        params={"sample_weight": first_and_last},
        return_estimator=True,
        return_indices=True,
    )
    for pipeline, train, test, score in zip(
        result["estimator"], *result["indices"].values(), result["test_score"], strict=True
    ):
        kept = train[first_and_last[train] > 0]
        transformed = pipeline[0].transform(X)
        direct = clone(learner).set_params(batch_size=32)
        direct.fit(transformed[train], y[train], sample_weight=first_and_last[train])
        assert_same_network(pipeline[-1], direct)
        assert pipeline[-1]._fitted_state["scale"] < 2 * y[kept].std()
        error = mean_absolute_error(
            y[test], pipeline.predict(X[test]), sample_weight=first_and_last[test]
        )
        assert score == pytest.approx(error)


def test_validation_rows_of_numbers_are_transformed_on_their_way(learner, iris):
    X, y = iris[0] * 100 + 7, 1e6 * iris[0][:, 3]
    fold = np.arange(150) % 3 > 0
    learner.set_params(early_stopping=True, scoring="r2")
    learner.set_fit_request(X_val=True, y_val=True)
    pipeline = Pipeline(
        [("scale", StandardScaler()), ("network", learner)], transform_input=["X_val"]
    )
    pipeline.fit(X[fold], y[fold], X_val=X[~fold], y_val=y[~fold])
    best = pipeline[-1].validation_scores_.max()
    assert best == pytest.approx(pipeline.score(X[~fold], y[~fold]))


class Shapes:
    """A scorer that notes the rows it was given, whichever copy of it is asked."""

    seen: list = []  # noqa: RUF012

    def __call__(self, estimator, X, y):
        self.seen.append((X.shape, y.shape))
        return estimator.score(X, y)
