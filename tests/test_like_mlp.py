"""What users of MLPClassifier rely on, held to here."""

import re

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import DataConversionWarning
from sklearn.metrics import roc_auc_score
from sklearn.neural_network import MLPClassifier

from skdnn import KerasDNNClassifier


@pytest.fixture
def network():
    return KerasDNNClassifier(
        (16,), learning_rate=0.01, epochs=40, batch_size=64, random_state=0
    )


@pytest.fixture(scope="module")
def zero_or_one(digits):
    """Two of the digits, which a network tells apart without a fault."""
    X, y = digits
    kept = y < 2
    return X[kept][:200], y[kept][:200]


@pytest.mark.parametrize("activation", ["linear", "sigmoid", "tanh", "relu"])
def test_every_activation_of_mlp_learns_digits(network, digits, activation):
    X, y = digits[0][:500], digits[1][:500]
    network.set_params(activation=activation, epochs=30).fit(X, y)
    assert network.score(X, y) > 0.95
    assert network.predict_proba(X).shape == (500, 10)


def test_hidden_units_learn_what_a_linear_model_cannot():
    X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]] * 8, dtype=np.float32)
    y = X[:, 0] != X[:, 1]
    network = KerasDNNClassifier((16,), learning_rate=0.1, epochs=200, random_state=0)
    assert network.fit(X, y).score(X, y) == 1
    assert network.set_params(hidden_units=()).fit(X, y).score(X, y) <= 0.75


def test_it_scores_like_mlp(network, digits):
    X, y = digits[0][:1000], digits[1][:1000]
    rest = digits[0][1000:], digits[1][1000:]
    peer = MLPClassifier(
        (16,),
        learning_rate_init=0.01,
        max_iter=40,
        batch_size=64,
        random_state=0,
        tol=0,
        n_iter_no_change=1000,
    )
    with pytest.warns(UserWarning, match="Maximum iterations"):
        peer.fit(X, y)
    assert network.fit(X, y).score(*rest) == pytest.approx(peer.score(*rest), abs=0.04)


def test_one_row_at_a_time_is_enough_for_partial_fit():
    network = KerasDNNClassifier((4,), random_state=0)
    network.partial_fit([[3, 2]], [0], classes=[0, 1])
    network.partial_fit([[1, 6]], [1])
    assert network.n_iter_ == 2
    assert network.predict_proba([[3, 2]]).shape == (1, 2)
    with pytest.raises(ValueError, match="not the same as on the first call"):
        network.partial_fit([[3, 2]], [1], classes=[1, 2])


def test_partial_fit_again_and_again_predicts_as_fit(network, zero_or_one):
    X, y = zero_or_one
    whole = clone(network).fit(X, y)
    for _ in range(40):
        network.partial_fit(X, y, classes=np.unique(y))
    np.testing.assert_array_equal(network.predict(X), whole.predict(X))
    assert network.score(X, y) > 0.95


def test_a_class_may_appear_in_a_later_chunk_only(network):
    network.partial_fit([[1], [2], [3]], ["a", "b", "c"], classes=["a", "b", "c", "d"])
    for _ in range(30):
        network.partial_fit([[4]], ["d"])
    assert network.classes_.tolist() == ["a", "b", "c", "d"]
    assert network.predict([[4]]) == ["d"]


@pytest.mark.parametrize(
    ("classes", "message"),
    [
        ([0, 2], r"labels \[1\] that are not in classes \[0, 2\]"),
        ([2], "at least 2 classes"),
        (None, "classes must be passed on the first call"),
    ],
)
def test_a_first_chunk_of_other_classes_is_refused(network, classes, message):
    with pytest.raises(ValueError, match=message):
        network.partial_fit([[3, 2], [1, 6]], [1, 0], classes=classes)
    assert not network.__sklearn_is_fitted__()


@pytest.mark.parametrize("labels", [[0, 1, 3], [0, 1, 2, 3], ["0", "1", "2"]], ids=str)
def test_a_warm_start_with_other_labels_is_refused(network, iris, labels):
    X, y = iris
    network.set_params(warm_start=True, epochs=2).fit(X, y)
    before = network.predict_proba(X)
    other = np.resize(labels, 150)
    with pytest.raises(ValueError, match=r"labels \[.*\] that are not in classes \[0, 1, 2\]"):
        network.fit(X, other)
    np.testing.assert_array_equal(network.predict_proba(X), before)
    assert network.fit(X, y[::-1]).n_iter_ == 4  # the same labels on other rows are well


def test_a_warm_start_of_an_unfitted_network_is_a_fit(network, iris):
    warm = clone(network).set_params(warm_start=True, epochs=3).fit(*iris)
    cold = network.set_params(epochs=3).fit(*iris)
    np.testing.assert_array_equal(warm.predict_proba(iris[0]), cold.predict_proba(iris[0]))


def test_every_warm_start_trains_all_its_epochs(network, iris):
    network.set_params(warm_start=True, epochs=3)
    assert [network.fit(*iris).n_iter_ for _ in range(3)] == [3, 6, 9]
    assert network.set_params(epochs=5).fit(*iris).n_iter_ == 14
    assert len(network.history_["loss"]) == 14


def test_a_warm_start_keeps_a_constant_learning_rate(network, iris):
    network.set_params(warm_start=True, epochs=1, optimizer="sgd", learning_rate=0.25)
    for _ in range(2):
        network.fit(*iris)
        assert float(network.model_.optimizer.learning_rate.numpy()) == pytest.approx(0.25)


@pytest.mark.parametrize("names", [(0, 1), ("no", "yes")])
def test_probabilities_of_two_classes(network, zero_or_one, names):
    X, y = zero_or_one
    labels = np.array(names)[y]
    network.fit(X, labels)
    proba, log_proba = network.predict_proba(X), network.predict_log_proba(X)
    assert proba.shape == (200, 2)
    np.testing.assert_allclose(proba.sum(axis=1), 1, atol=1e-6)
    np.testing.assert_array_equal(proba.argmax(axis=1), log_proba.argmax(axis=1))
    np.testing.assert_array_equal(network.classes_[proba.argmax(axis=1)], network.predict(X))
    assert roc_auc_score(labels, proba[:, 1]) == 1


def test_probabilities_of_many_classes(network, digits):
    X, y = digits[0][:100], digits[1][:100]
    network.fit(X, y)
    proba, log_proba = network.predict_proba(X), network.predict_log_proba(X)
    assert proba.shape == (100, 10)
    np.testing.assert_allclose(proba.sum(axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(np.exp(log_proba), proba, atol=1e-6)
    np.testing.assert_array_equal(proba.argmax(axis=1), network.predict(X))


def test_both_ways_of_training_are_told(network, iris, capsys):
    network.set_params(epochs=2, verbose=10).fit(*iris)
    network.partial_fit(*iris)
    out = capsys.readouterr().out
    assert [int(n) for n in re.findall(r"^Epoch (\d+)/", out, re.MULTILINE)] == [1, 2, 3]
    assert "Epoch 3/3" in out


def test_a_loaded_network_learns_on(network, zero_or_one, tmp_path):
    X, y = zero_or_one
    joblib.dump(network.fit(X, y), tmp_path / "network.joblib")
    loaded = joblib.load(tmp_path / "network.joblib")
    for _ in range(60):
        loaded.partial_fit(X, 1 - y)
    assert loaded.score(X, 1 - y) > 0.95
    assert network.score(X, y) > 0.95


def test_names_of_features_are_asked_for_and_given_back(network, iris):
    X = pd.DataFrame(iris[0], columns=["a", "b", "c", "d"])
    network.set_params(epochs=2).fit(X, iris[1])
    with pytest.warns(UserWarning, match="X does not have valid feature names"):
        network.predict(iris[0])
    with pytest.raises(ValueError, match=r"(?s)feature names should match.*unseen.*- e"):
        network.predict(X.rename(columns={"d": "e"}))
    with pytest.raises(ValueError, match="feature names should match"):
        network.partial_fit(X[["d", "c", "b", "a"]], iris[1])
    network.fit(*iris)
    assert not hasattr(network, "feature_names_in_")
    with pytest.warns(UserWarning, match="X has feature names, but"):
        network.predict(X)


def test_labels_in_one_column_are_taken_with_a_warning(network, iris):
    X, y = iris
    network.set_params(epochs=2)
    with pytest.warns(DataConversionWarning, match="column-vector y was passed"):
        column = clone(network).fit(X, y[:, None])
    np.testing.assert_array_equal(column.predict(X), clone(network).fit(X, y).predict(X))


@pytest.mark.parametrize(
    ("X", "y", "message"),
    [
        ([1, 2, 3], [0, 1, 0], "Expected 2D array, got 1D array"),
        (np.empty((0, 3)), [], r"Found array with 0 sample"),
        (np.empty((3, 0)), [0, 1, 0], r"0 feature\(s\)"),
        ([[1], [2], [3]], [0, 1], "inconsistent numbers of samples"),
        ([[1], [2]], None, "requires y to be passed, but the target y is None"),
        ([[1], [2]], [0.5, 1.5], "Unknown label type: continuous"),
        ([["a"], ["b"]], [0, 1], "could not convert string to float"),
    ],
)
def test_data_of_a_wrong_form_are_refused(network, X, y, message):
    with pytest.raises(ValueError, match=message):
        network.fit(X, y)


def test_two_rows_are_enough(network):
    network.fit([[0.0, 1.0], [1.0, 0.0]], ["a", "b"])
    assert network.predict([[0.0, 1.0], [1.0, 0.0]]).tolist() == ["a", "b"]


def test_repeated_rows_weigh_what_they_are_repeated(network, iris):
    X, y = iris[0][::3], iris[1][::3]
    times = np.random.default_rng(0).integers(0, 4, len(y))
    network.set_params(batch_size=1000)
    weighted = clone(network).fit(X, y, sample_weight=times)
    repeated = clone(network).fit(X.repeat(times, axis=0), y.repeat(times))
    np.testing.assert_allclose(weighted.predict_proba(X), repeated.predict_proba(X), atol=1e-5)
    unweighted = clone(network).fit(X, y)
    assert np.abs(unweighted.predict_proba(X) - weighted.predict_proba(X)).max() > 1e-3


def test_weights_of_one_change_nothing(network, iris):
    plain = clone(network).fit(*iris)
    ones = clone(network).fit(*iris, sample_weight=np.ones(150))
    np.testing.assert_array_equal(plain.predict_proba(iris[0]), ones.predict_proba(iris[0]))


def test_weights_weigh_the_score(network, iris):
    X, y = iris
    network.set_params(epochs=3).fit(X, y)
    right = network.predict(X) == y
    assert network.score(X, y, sample_weight=right.astype(float)) == 1
    assert network.score(X, y) == right.mean() < 1


def test_the_order_of_rows_comes_from_the_seed_alone(network, iris):
    X, y = iris
    network.set_params(epochs=2, batch_size=1, kernel_initializer="ones")
    a, b = (clone(network).fit(X, y).history_["loss"] for _ in range(2))
    assert a == b
    other = network.set_params(random_state=5).fit(X, y)
    assert other.history_["loss"] != a
