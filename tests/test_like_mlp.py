"""What users of MLPClassifier and MLPRegressor rely on, held to here."""

import re

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import DataConversionWarning
from sklearn.linear_model import PoissonRegressor, Ridge
from sklearn.metrics import roc_auc_score
from sklearn.neural_network import MLPClassifier, MLPRegressor

from skdnn import KerasDNNClassifier, KerasDNNRegressor


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


# -- numbers ------------------------------------------------------------------------------


@pytest.fixture
def learner():
    return KerasDNNRegressor(
        (16,), learning_rate=0.01, epochs=40, batch_size=64, random_state=0
    )


@pytest.mark.parametrize("activation", ["linear", "sigmoid", "tanh", "relu"])
def test_every_activation_of_mlp_learns_numbers(learner, friedman, activation):
    learner.set_params(activation=activation, batch_size=16)
    score = learner.fit(*friedman).score(*friedman)
    assert score > (0.7 if activation == "linear" else 0.85)


@pytest.mark.parametrize("columns", [1, 3])
def test_numbers_are_scored_as_by_mlp(learner, friedman, columns):
    X, y = friedman
    y = (y - y.mean()) / y.std()  # MLPRegressor learns no others
    y = y if columns == 1 else np.c_[y, y**2, X[:, 0] * X[:, 1]]
    peer = MLPRegressor(
        hidden_layer_sizes=(16,),
        learning_rate_init=0.01,
        max_iter=40,
        batch_size=64,
        random_state=0,
        tol=0,
        n_iter_no_change=1000,
    )
    with pytest.warns(UserWarning, match="Maximum iterations"):
        theirs = peer.fit(X[:400], y[:400]).score(X[400:], y[400:])
    ours = learner.fit(X[:400], y[:400]).score(X[400:], y[400:])
    assert ours == pytest.approx(theirs, abs=0.04)


@pytest.mark.parametrize("columns", [1, 2])
def test_a_linear_network_with_l2_is_a_ridge(friedman, columns):
    """So alpha is l2 times the rows of a step, times the outputs."""
    X, y = friedman[0], 1e4 * friedman[1]
    y = y if columns == 1 else np.c_[y, y * np.sign(X[:, 0])]
    network = KerasDNNRegressor((), l2=0.05, optimizer="sgd", batch_size=600, epochs=300)
    network.set_params(learning_rate=0.1, optimizer__momentum=0.8).fit(X, y)
    z = (y - y.mean(axis=0)) / y.std(axis=0)  # of which l2 is the penalty
    ridge = Ridge(0.05 * 600 * columns).fit(X, z)
    expected = ridge.predict(X) * y.std(axis=0) + y.mean(axis=0)
    np.testing.assert_allclose(network.predict(X), expected, atol=1e-3 * y.std())


def test_a_linear_network_of_counts_is_a_poisson_regression():
    X = np.linspace(-1, 1, 100)[:, None]
    y = np.random.default_rng(0).poisson(np.exp(X[:, 0] + 1))
    network = KerasDNNRegressor((), loss="poisson", batch_size=100, epochs=400, random_state=0)
    network.set_params(learning_rate=0.05).fit(X, y)
    glm = PoissonRegressor(alpha=0, tol=1e-7).fit(X, y)
    np.testing.assert_allclose(network.predict(X), glm.predict(X), rtol=1e-3)
    squares = network.set_params(loss="squared_error").fit(X, y)
    assert not np.allclose(squares.predict(X), glm.predict(X), rtol=1e-2)


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_partial_fit_again_and_again_is_a_fit_of_numbers(learner, friedman, momentum):
    learner.set_params(optimizer="sgd", optimizer__momentum=momentum)
    whole = clone(learner).fit(*friedman)
    for _ in range(40):
        learner.partial_fit(*friedman)
    np.testing.assert_allclose(learner.predict(friedman[0]), whole.predict(friedman[0]))
    assert whole.score(*friedman) > 0.65


@pytest.mark.parametrize("value", [0.0, 4.0])
def test_a_network_of_one_number_learns_another_after_loading(learner, value, tmp_path):
    joblib.dump(learner.fit([[2.0]], [value]), tmp_path / "network.joblib")
    loaded = joblib.load(tmp_path / "network.joblib")
    assert loaded.predict([[2.0]]) == pytest.approx([value], abs=1e-5)
    for _ in range(150):
        loaded.partial_fit([[2.0]], [1000.0])
    assert loaded.predict([[2.0]]) == pytest.approx([1000], rel=1e-3)


def test_rows_of_float32_and_of_float64_give_the_same_numbers(learner, friedman):
    X, y = friedman[0].astype(np.float32), friedman[1]
    single, double = (
        clone(learner).fit(rows, y).predict(rows) for rows in (X, X.astype(np.float64))
    )
    np.testing.assert_array_equal(single, double)
    assert single.dtype == np.float64


@pytest.mark.parametrize("estimator", [KerasDNNClassifier, KerasDNNRegressor])
def test_early_stopping_of_both(estimator, iris):
    network = estimator(
        (4,), early_stopping=True, scoring=None, tol=0.2, n_iter_no_change=5, epochs=300
    )
    network.set_params(warm_start=True, random_state=0).fit(*iris)
    first = network.n_iter_
    assert first < 300
    scores = network.validation_scores_
    assert network.best_iteration_ == scores.argmax() + 1
    assert scores[-6] + 0.2 >= scores[-5:].max()
    network.fit(*iris)
    assert len(network.validation_scores_) == network.n_iter_ > first
    with pytest.raises(ValueError, match="partial_fit is one epoch"):
        network.partial_fit(*iris)


def test_a_diverging_network_of_numbers_is_an_error(iris):
    network = KerasDNNRegressor(
        activation="linear", optimizer="sgd", learning_rate=1.0, early_stopping=True
    )
    with pytest.raises(ValueError, match=r"the steps are too large \(learning_rate=1\)"):
        network.fit(100 * iris[0], iris[1])
    assert not network.__sklearn_is_fitted__()


@pytest.mark.filterwarnings("ignore:overflow encountered in cast")
def test_numbers_beyond_float32_are_refused(learner, friedman):
    X = friedman[0].copy()
    X[7, 2] = 1e300
    with pytest.raises(ValueError, match="Input X contains infinity or a value too large"):
        learner.fit(X, friedman[1])


def test_weights_of_one_change_nothing_of_early_stopping(learner, friedman):
    learner.set_params(early_stopping=True, epochs=5)
    plain, ones = (clone(learner).fit(*friedman, w) for w in (None, np.ones(600)))
    np.testing.assert_allclose(plain.predict(friedman[0]), ones.predict(friedman[0]))


def test_one_validation_row_has_no_r2(learner):
    learner.set_params(early_stopping=True)
    assert learner.fit([[0.0], [1.0]], [3.0, 4.0]).n_iter_ > 0  # the loss is of one row, too
    with (
        pytest.warns(UserWarning, match=r"R\^2 score is not well-defined"),
        pytest.raises(ValueError, match=r"gave NaN .* \(R² is one of two rows or more\)$"),
    ):
        learner.set_params(scoring=None).fit([[0.0], [1.0]], [3.0, 4.0])


def test_the_order_of_numbers_comes_from_the_seed_alone(learner, friedman):
    learner.set_params(epochs=1, batch_size=1, hidden_units=(1,), kernel_initializer="ones")
    first, again = (clone(learner).fit(*friedman).history_ for _ in range(2))
    assert first == again != learner.set_params(random_state=5).fit(*friedman).history_
