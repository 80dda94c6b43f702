"""Early stopping: when it stops, what it keeps, and what it holds out."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.metrics import accuracy_score, log_loss
from sklearn.model_selection import GridSearchCV

from skdnn import KerasDNNClassifier


@pytest.fixture
def network():
    """A classifier that stops early and trains in milliseconds."""
    return KerasDNNClassifier(
        (8,), learning_rate=0.02, epochs=200, early_stopping=True, random_state=0
    )


@pytest.fixture
def split(iris):
    """Rows to train on and rows to validate on."""
    X, y = iris
    fold = np.arange(150) % 3 > 0
    return X[fold], y[fold], X[~fold], y[~fold]


class Recorder:
    """A scorer that remembers what it was given."""

    def __init__(self):
        self.seen = []

    def __call__(self, estimator, X, y, sample_weight=None):
        self.seen.append((X, y, sample_weight))
        return estimator.score(X, y, sample_weight=sample_weight)


def held_out(network, X, y, **fit):
    """Return the rows, labels and weights that a fit of two epochs sets aside."""
    recorder = Recorder()
    clone(network).set_params(scoring=recorder, epochs=2).fit(X, y, **fit)
    first, second = recorder.seen
    np.testing.assert_array_equal(first[0], second[0])
    return first


def distinct_rows():
    """150 rows of three classes, no two alike."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(150, 4)).astype(np.float32)
    return X, X[:, :3].argmax(axis=1)


def found_in(X, rows):
    return (X[:, None] == rows).all(axis=2).any(axis=1)


def negative_loss(estimator, X, y):
    return -log_loss(y, estimator.predict_proba(X))


# -- when it stops ------------------------------------------------------------------------


@pytest.mark.parametrize("scoring", ["loss", "accuracy", negative_loss, None])
def test_it_stops_when_the_score_has_not_become_better_for_some_epochs(network, iris, scoring):
    network.set_params(scoring=scoring, n_iter_no_change=4, tol=0.0, learning_rate=0.1)
    network.fit(*iris)
    scores = network.validation_scores_
    assert network.n_iter_ == len(scores) == len(network.history_["val_loss"]) < 200
    best_so_far = np.maximum.accumulate(scores)
    assert (np.diff(best_so_far[-5:]) == 0).all()
    assert all(best_so_far[end] > best_so_far[end - 4] for end in range(4, len(scores) - 1))
    assert network.best_iteration_ == network.n_iter_ - 4


def test_a_gain_must_exceed_tol(network, iris):
    network.set_params(scoring="accuracy", n_iter_no_change=3, tol=1.0)
    assert network.fit(*iris).n_iter_ == 4  # no accuracy is 1 above another


def test_it_trains_all_epochs_while_the_score_rises(network, iris):
    network.set_params(epochs=12, learning_rate=0.001)
    network.fit(*iris)
    assert network.n_iter_ == network.best_iteration_ == 12
    assert (np.diff(network.validation_scores_) > 0).all()


# -- what is kept -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scoring", "score"),
    [
        ("loss", negative_loss),
        ("accuracy", lambda c, X, y: accuracy_score(y, c.predict(X))),
        (None, lambda c, X, y: accuracy_score(y, c.predict(X))),
        ("neg_log_loss", negative_loss),
        (negative_loss, negative_loss),
    ],
    ids=["loss", "accuracy", "none", "neg_log_loss", "callable"],
)
def test_the_best_weights_are_back(network, split, scoring, score):
    X, y, X_val, y_val = split
    network.set_params(scoring=scoring, n_iter_no_change=5, learning_rate=0.1)
    network.fit(X, y, X_val=X_val, y_val=y_val)
    scores = network.validation_scores_
    assert scores.shape == (network.n_iter_,)
    assert network.best_iteration_ < network.n_iter_
    assert scores[network.best_iteration_ - 1] == scores.max()
    assert score(network, X_val, y_val) == pytest.approx(scores.max(), abs=1e-5)
    assert scores[-1] != pytest.approx(scores.max(), abs=1e-5)  # the last are others


def test_the_state_of_the_optimizer_is_that_of_the_best_weights(network, iris):
    network.set_params(n_iter_no_change=5, learning_rate=0.1).fit(*iris)
    steps = int(network.model_.optimizer.iterations.numpy())
    assert steps == network.best_iteration_ * 5  # batches of 32 in 135 rows


def test_scores_of_the_loss_are_the_losses_of_the_history(network, iris):
    network.fit(*iris)
    np.testing.assert_array_equal(
        network.validation_scores_, -np.array(network.history_["val_loss"])
    )


def test_attributes_are_there_only_after_a_fit_with_early_stopping(network, iris):
    network.set_params(early_stopping=False, epochs=3).fit(*iris)
    assert not hasattr(network, "validation_scores_")
    assert not hasattr(network, "best_iteration_")
    network.set_params(early_stopping=True).fit(*iris)
    assert network.validation_scores_.shape == (3,)
    assert 1 <= network.best_iteration_ <= 3
    network.set_params(early_stopping=False).fit(*iris)
    assert not hasattr(network, "validation_scores_")
    assert not hasattr(network, "best_iteration_")
    assert "val_loss" not in network.history_


def test_a_failed_fit_keeps_what_was(network, iris):
    X, y = iris
    network.set_params(epochs=5).fit(X, y)
    before = network.predict_proba(X)
    scores, history = network.validation_scores_.copy(), dict(network.history_)
    calls = []

    def fails_at_last(estimator, X, y):
        calls.append(estimator.score(X, y))
        if len(calls) == 3:
            raise RuntimeError("no score")
        return calls[-1]

    network.set_params(scoring=fails_at_last)
    with pytest.raises(RuntimeError, match="no score"):
        network.fit(X[:, :2], y)
    assert len(calls) == 3
    assert network.n_features_in_ == 4
    assert network.history_ == history
    np.testing.assert_array_equal(network.validation_scores_, scores)
    np.testing.assert_array_equal(network.predict_proba(X), before)


def test_a_failed_first_fit_leaves_the_network_not_fitted(network, iris):
    network.set_params(scoring=lambda estimator, X, y: np.nan)
    with pytest.raises(ValueError, match="scoring gave NaN on the validation rows"):
        network.fit(*iris)
    assert not network.__sklearn_is_fitted__()
    assert not hasattr(network, "validation_scores_")
    assert not hasattr(network, "history_")


def test_an_unknown_scorer_is_named(network, iris):
    network.set_params(scoring="acuracy")
    with pytest.raises(ValueError, match="acuracy"):
        network.fit(*iris)


# -- what is held out ---------------------------------------------------------------------


@pytest.mark.parametrize(("fraction", "n_rows"), [(0.1, 15), (0.4, 60), (30, 30), (3, 3)])
def test_each_class_keeps_its_share(network, iris, fraction, n_rows):
    network.set_params(validation_fraction=fraction)
    X, y, weight = held_out(network, *iris)
    assert X.shape == (n_rows, 4)
    assert np.bincount(y).tolist() == [n_rows // 3] * 3
    assert weight is None


def test_classes_of_unequal_size_keep_their_shares(network, iris):
    labels = np.where(np.arange(150) < 120, "many", "few")
    _, y_val, _ = held_out(network.set_params(validation_fraction=0.2), iris[0], labels)
    assert sorted(y_val) == ["few"] * 6 + ["many"] * 24


def test_the_seed_decides_what_is_held_out(network, iris):
    first, same = (held_out(network, *iris)[0] for _ in range(2))
    np.testing.assert_array_equal(first, same)
    other, _, _ = held_out(network.set_params(random_state=1), *iris)
    assert not np.array_equal(first, other)


def test_rows_set_aside_are_not_trained_on(network):
    X, y = distinct_rows()
    network.set_params(epochs=10)
    X_val, y_val, _ = held_out(network, X, y)
    rest = ~found_in(X, X_val)
    assert rest.sum() == 135
    by_itself = clone(network).fit(X, y)
    by_hand = clone(network).fit(X[rest], y[rest], X_val=X_val, y_val=y_val)
    np.testing.assert_allclose(
        by_itself.validation_scores_, by_hand.validation_scores_, atol=1e-5
    )
    np.testing.assert_allclose(by_itself.predict_proba(X), by_hand.predict_proba(X), atol=1e-5)


def test_rows_of_zero_weight_are_dropped_before_the_split(network, iris):
    X, y = iris
    weight = (np.arange(150) % 3 > 0) * np.linspace(0.5, 2, 150)
    labels = np.where(weight > 0, y, 7)  # never seen, whatever they are
    kept = weight > 0
    X_val, y_val, weight_val = held_out(network, X, labels, sample_weight=weight)
    removed = held_out(network, X[kept], y[kept], sample_weight=weight[kept])
    assert len(y_val) == 10
    assert (weight_val > 0).all()
    for a, b in zip((X_val, y_val, weight_val), removed, strict=True):
        np.testing.assert_array_equal(a, b)


def test_rows_that_are_given_are_used(network, split):
    X, y, X_val, y_val = split
    seen, labels, weight = held_out(network, X, y, X_val=X_val, y_val=y_val)
    np.testing.assert_array_equal(seen, X_val.astype(np.float32))
    np.testing.assert_array_equal(labels, y_val)
    assert weight is None


def test_a_fraction_beside_given_rows_is_refused(network, split):
    X, y, X_val, y_val = split
    network.set_params(validation_fraction=0.2)
    with pytest.raises(
        ValueError, match=r"validation_fraction=0\.2 can't be used beside X_val"
    ):
        network.fit(X, y, X_val=X_val, y_val=y_val)
    network.set_params(early_stopping=False, epochs=2)  # then it means nothing
    assert network.fit(X, y, X_val=X_val, y_val=y_val).n_iter_ == 2


@pytest.mark.parametrize(
    ("labels", "reason"),
    [
        ([0, 1, 0, 1, 0], r"0\.1 of 5 rows aside: .* Pass X_val and y_val"),
        ([0, 0, 0, 0, 1], r"there is only 1 of \[1\]. Pass X_val and y_val"),
    ],
)
def test_too_few_rows_are_refused_with_the_remedy(network, iris, labels, reason):
    with pytest.raises(ValueError, match=reason):
        network.fit(iris[0][:5], labels)
    network.set_params(epochs=2)
    fitted = network.fit(iris[0][:5], labels, X_val=iris[0][:2], y_val=[0, 1])
    assert fitted.validation_scores_.shape == (2,)


def test_sample_weights_reach_the_scorer(network):
    X, y = distinct_rows()
    weight = np.arange(1.0, 151)
    X_val, _, weight_val = held_out(network, X, y, sample_weight=weight)
    np.testing.assert_array_equal(weight_val, weight[found_in(X, X_val)])


@pytest.mark.parametrize("scoring", ["loss", "accuracy"])
def test_weights_of_given_rows_weigh_the_score(network, split, scoring):
    X, y, X_val, y_val = split
    weight = np.where(y_val == 1, 5.0, 0.5)
    network.set_params(scoring=scoring, epochs=5)
    network.fit(X, y, X_val=X_val, y_val=y_val, sample_weight_val=weight)
    best = network.validation_scores_[network.best_iteration_ - 1]
    if scoring == "accuracy":
        by_hand = accuracy_score(y_val, network.predict(X_val), sample_weight=weight)
    else:
        by_hand = -log_loss(y_val, network.predict_proba(X_val), sample_weight=weight)
    assert best == pytest.approx(by_hand, abs=1e-5)


@pytest.mark.parametrize("scoring", ["loss", "accuracy"])
def test_tables_with_column_names_raise_no_warning(network, iris, scoring):
    X = pd.DataFrame(iris[0], columns=["a", "b", "c", "d"])
    network.set_params(scoring=scoring, epochs=3)
    network.fit(X, iris[1])
    assert network.feature_names_in_.tolist() == ["a", "b", "c", "d"]
    assert network.predict(X).shape == (150,)


def test_images_are_held_out_whole(sample):
    images = sample.images[:200] / np.float32(255)
    network = KerasDNNClassifier((8,), epochs=2, early_stopping=True, random_state=0)
    X, y, _ = held_out(network, images, sample.target[:200])
    assert X.shape == (20, 28, 28)
    assert len(y) == 20


# -- going on, engines, searches ----------------------------------------------------------


def test_partial_fit_is_refused(network, iris):
    with pytest.raises(ValueError, match="can't be used with early_stopping=True"):
        network.partial_fit(*iris, classes=[0, 1, 2])
    assert not network.__sklearn_is_fitted__()
    network.set_params(epochs=2).fit(*iris)
    with pytest.raises(ValueError, match="can't be used with early_stopping=True"):
        network.partial_fit(*iris)
    assert network.n_iter_ == 2


def test_a_warm_start_goes_on_counting(network, iris):
    network.set_params(epochs=3, warm_start=True).fit(*iris)
    first = network.validation_scores_.copy()
    network.set_params(epochs=4).fit(*iris)
    assert network.n_iter_ == 7
    assert network.validation_scores_.shape == (7,)
    assert len(network.history_["val_loss"]) == 7
    np.testing.assert_array_equal(network.validation_scores_[:3], first)
    assert network.best_iteration_ == 1 + network.validation_scores_.argmax()


def test_a_warm_start_that_finds_nothing_better_keeps_the_best(network, split):
    X, y, X_val, y_val = split
    network.set_params(epochs=20, warm_start=True)
    network.fit(X, y, X_val=X_val, y_val=y_val)
    best = network.validation_scores_.max()
    network.set_params(epochs=3, learning_rate=10.0)
    network.fit(X, y, X_val=X_val, y_val=y_val)
    assert network.validation_scores_[20:].max() < best
    assert network.validation_scores_[network.best_iteration_ - 1] == best
    assert negative_loss(network, X_val, y_val) == pytest.approx(best, abs=1e-5)


@pytest.mark.parametrize("scoring", ["loss", "accuracy"])
def test_both_engines_have_the_same_scores(network, iris, scoring):
    network.set_params(scoring=scoring, epochs=12, n_iter_no_change=3)
    fused, by_keras = (
        clone(network).set_params(engine=engine).fit(*iris) for engine in ("fused", "keras")
    )
    np.testing.assert_allclose(fused.validation_scores_, by_keras.validation_scores_, atol=1e-5)
    assert fused.best_iteration_ == by_keras.best_iteration_
    np.testing.assert_allclose(
        fused.predict_proba(iris[0]), by_keras.predict_proba(iris[0]), atol=1e-4
    )


@pytest.mark.parametrize(("candidate", "low", "high"), [(0, -np.inf, 0), (1, 0, 1)])
def test_what_is_looked_at_is_a_hyperparameter(network, iris, candidate, low, high):
    search = GridSearchCV(
        network.set_params(epochs=5),
        {"scoring": ["loss", "accuracy"]},
        cv=2,
        refit=lambda results: candidate,
    ).fit(*iris)
    scores = search.best_estimator_.validation_scores_
    assert scores.min() >= low
    assert scores.max() <= high


def test_patience_is_a_hyperparameter(network, iris):
    search = GridSearchCV(
        network.set_params(scoring="accuracy", tol=1.0),
        {"n_iter_no_change": [1, 2, 5]},
        scoring=lambda estimator, X, y: estimator.n_iter_,
        cv=2,
    ).fit(*iris)
    assert search.cv_results_["mean_test_score"].tolist() == [2, 3, 6]


def test_epochs_without_early_stopping_have_no_score(network, split):
    X, y, X_val, y_val = split
    network.set_params(early_stopping=False, warm_start=True, epochs=3).fit(X, y)
    network.set_params(early_stopping=True).fit(X, y, X_val=X_val, y_val=y_val)
    assert network.validation_scores_.shape == (network.n_iter_,) == (6,)
    assert np.isnan(network.validation_scores_[:3]).all()
    assert network.best_iteration_ == np.nanargmax(network.validation_scores_) + 1
    network.set_params(early_stopping=False).partial_fit(X, y)
    assert not hasattr(network, "validation_scores_")
    assert not hasattr(network, "best_iteration_")


def test_the_model_is_there_after_parameters_for_other_layers_were_set(iris):
    network = KerasDNNClassifier((8,), epochs=1, dropout=(0.1,), random_state=0).fit(*iris)
    network.set_params(hidden_units=(8, 8), dropout=(0.1, 0.2))
    np.testing.assert_allclose(
        network.model_.predict(iris[0], verbose=0), network.predict_proba(iris[0]), atol=1e-6
    )
