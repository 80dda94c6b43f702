"""Dropout, L2, batch normalisation, label smoothing, start weights: as Keras has them."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.utils._param_validation import InvalidParameterError

from skdnn import KerasDNNClassifier, KerasDNNRegressor
from skdnn._engine.randomness import epoch_permutation
from skdnn.network.initializers import initial_weights

EVERYTHING = {
    "hidden_units": (8, 6),
    "batch_normalization": (True, False),
    "dropout": (0.2, 0.4),
    "l2": (0.01, 0.0, 0.1),
    "label_smoothing": 0.1,
    "kernel_initializer": "he_normal",
}


@pytest.fixture
def network():
    return KerasDNNClassifier((8,), learning_rate=0.01, epochs=3, random_state=0)


@pytest.fixture(scope="module")
def uneven(iris):
    """70 rows of three classes: batches of 32, 32 and 6."""
    X, y = iris
    return X[::2][:70].astype(np.float32), y[::2][:70]


def both_engines(network, X, y, **fit):
    return [
        clone(network).set_params(engine=engine).fit(X, y, **fit)
        for engine in ("fused", "keras")
    ]


def assert_alike(a, b, X, atol=1e-4):
    assert list(a.history_) == list(b.history_)
    for name in a.history_:
        loose = 0.02 if "accuracy" in name else 0  # a tie may fall either way
        np.testing.assert_allclose(a.history_[name], b.history_[name], rtol=1e-4, atol=loose)
    for left, right in zip(a._fitted_state["weights"], b._fitted_state["weights"], strict=True):
        np.testing.assert_allclose(left, right, atol=atol)
    np.testing.assert_allclose(a.predict_proba(X), b.predict_proba(X), atol=atol)


def differ(a, b):
    return not np.allclose(
        a._fitted_state["weights"][0], b._fitted_state["weights"][0], atol=1e-4
    )


# -- against Keras ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "params",
    [
        pytest.param(
            params,  # alone they are compared with networks built by hand, below
            marks=pytest.mark.long_form(row="parity", only=params is not EVERYTHING),
        )
        for params in (
            {"dropout": 0.3},
            {"l2": 0.05},
            {"batch_normalization": True},
            {"label_smoothing": 0.2},
            EVERYTHING,
        )
    ],
    ids=["dropout", "l2", "batch_normalization", "label_smoothing", "everything"],
)
def test_each_changes_training_as_in_keras(network, uneven, params):
    X, y = uneven
    given = {"X_val": X[:20], "y_val": y[:20]}
    fused, by_keras = both_engines(clone(network).set_params(**params), X, y, **given)
    assert_alike(fused, by_keras, X)
    assert differ(fused, network.fit(X, y)) or "hidden_units" in params


def by_hand(model, classifier, X, y, loss):
    """Train a network that a Keras user built, on the estimator's rows in their order."""
    seed = classifier._fitted_state["seed"]
    model.set_weights(initial_weights(model, seed))
    model.compile(keras.optimizers.Adam(0.01), loss, run_eagerly=True)  # few steps: no trace
    losses = []
    for epoch in range(classifier.epochs):
        order = epoch_permutation(np.arange(len(y)), seed, epoch)
        history = model.fit(X[order], y[order], batch_size=32, shuffle=False, verbose=0)
        losses += history.history["loss"]
    return losses


def assert_same_network(classifier, model, losses):
    np.testing.assert_allclose(classifier.history_["loss"], losses, rtol=1e-4)
    ours = classifier.model_.get_weights()
    for a, b in zip(ours, model.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-4)


def test_a_network_built_by_hand_learns_the_same(network, uneven):
    X, y = uneven
    params = {"batch_normalization": True, "l2": (0.02, 0.1), "label_smoothing": 0.2}
    classifier = network.set_params(**params).fit(X, y)
    layers, L2 = keras.layers, keras.regularizers.L2
    model = keras.Sequential(
        [
            layers.Input((4,)),
            layers.Dense(8, use_bias=False, kernel_regularizer=L2(0.02)),
            layers.BatchNormalization(),
            layers.Activation("relu"),
            layers.Dense(3, "softmax", kernel_regularizer=L2(0.1)),
        ]
    )
    loss = keras.losses.CategoricalCrossentropy(label_smoothing=0.2)
    losses = by_hand(model, classifier, X, np.eye(3)[y], loss)
    assert_same_network(classifier, model, losses)
    np.testing.assert_allclose(  # by the moving statistics
        model(X), classifier.predict_proba(X), atol=1e-5
    )


def test_two_classes_built_by_hand_learn_the_same(network, binary):
    X, y = binary[0][:70].astype(np.float32), binary[1][20:90].astype(int)
    classifier = network.set_params(l2=0.05, label_smoothing=0.3).fit(X, y)
    layers, penalty = keras.layers, keras.regularizers.L2(0.05)
    model = keras.Sequential(
        [
            layers.Input((4,)),
            layers.Dense(8, "relu", kernel_regularizer=penalty),
            layers.Dense(1, "sigmoid", kernel_regularizer=penalty),
        ]
    )
    loss = keras.losses.BinaryCrossentropy(label_smoothing=0.3)
    assert_same_network(classifier, model, by_hand(model, classifier, X, y[:, None], loss))


def test_a_network_of_numbers_built_by_hand_learns_the_same(uneven):
    X, y = uneven[0], 1e4 * uneven[0][:, :2] ** 2
    regressor = KerasDNNRegressor(
        (8, 6),
        activation=("tanh", "gelu"),
        batch_normalization=(True, False),
        l2=(0.02, 0.0, 0.1),
        loss="huber",
        delta=0.7,
        learning_rate=0.01,
        epochs=3,
        random_state=0,
    ).fit(X, y)
    layers, L2 = keras.layers, keras.regularizers.L2
    model = keras.Sequential(
        [
            layers.Input((4,)),
            layers.Dense(8, use_bias=False, kernel_regularizer=L2(0.02)),
            layers.BatchNormalization(),
            layers.Activation("tanh"),
            layers.Dense(6, "gelu"),
            layers.Dense(2, kernel_regularizer=L2(0.1)),
        ]
    )
    numbers = (y - y.mean(axis=0)) / y.std(axis=0)
    losses = by_hand(model, regressor, X, numbers, keras.losses.Huber(0.7))
    assert_same_network(regressor, model, losses)
    own_units = model(X) * y.std(axis=0) + y.mean(axis=0)
    np.testing.assert_allclose(regressor.predict(X), own_units, atol=1e-4 * y.std())


@pytest.mark.long_form(row="parity")
def test_the_engines_agree_on_any_combination(iris, count, record_property):
    n = count(3, 100)
    record_property("examples", n)

    @settings(max_examples=n, deadline=None, derandomize=True)
    @given(
        hidden_units=st.lists(st.integers(1, 6), max_size=2).map(tuple),
        dropout=st.sampled_from([0.0, 0.3, 0.7]),
        l2=st.sampled_from([0.0, 0.01, 0.3]),
        batch_normalization=st.booleans(),
        label_smoothing=st.sampled_from([0.0, 0.2]),
        labels=st.integers(2, 3),
        n_rows=st.sampled_from([33, 64, 70]),
        weighted=st.booleans(),
    )
    def body(labels, n_rows, weighted, **params):
        X, y = iris[0][::2][:n_rows], np.arange(n_rows) % labels
        weight = 0.1 + np.random.default_rng(0).integers(0, 3, n_rows) if weighted else None
        network = KerasDNNClassifier(
            activation="tanh", optimizer="sgd", learning_rate=0.1, epochs=2, random_state=0
        ).set_params(**params)
        fused, by_keras = both_engines(network, X, y, sample_weight=weight)
        assert_alike(fused, by_keras, X, atol=1e-3)

    body()


@pytest.mark.parametrize(
    "n_rows", [65, pytest.param(70, marks=pytest.mark.long_form(row="parity", only=True))]
)
def test_a_short_last_batch_is_normalised_by_its_own_rows(iris, n_rows):
    # Full batches alone, then the same with a short one: one row, or six.
    X, y = iris[0][::2], np.arange(75) % 2
    network = KerasDNNClassifier(
        (1,), batch_normalization=True, optimizer="sgd", epochs=1, random_state=0
    )
    fused, by_keras = both_engines(network, X[:n_rows], y[:n_rows])
    for a, b in zip(
        fused._fitted_state["weights"], by_keras._fitted_state["weights"], strict=True
    ):
        assert a.shape == b.shape
        np.testing.assert_allclose(a, b, atol=1e-5)


def test_the_loss_on_validation_rows_is_that_of_keras_evaluate(network, uneven):
    X, y = uneven
    network.set_params(l2=0.1, batch_normalization=True, dropout=0.5)
    network.fit(X, y, X_val=X[:20], y_val=y[:20])
    model = network.model_
    model.run_eagerly = True  # to compile would take longer
    loss, accuracy = model.evaluate(X[:20], y[:20], verbose=0)
    assert network.history_["val_loss"][-1] == pytest.approx(loss, rel=1e-5)
    assert network.history_["val_accuracy"][-1] == pytest.approx(accuracy)
    cross_entropy = -np.log(network.predict_proba(X[:20])[np.arange(20), y[:20]]).mean()
    assert loss > cross_entropy + 0.1  # the penalty is in it


# -- l2 -----------------------------------------------------------------------------------


def test_a_linear_model_with_l2_is_a_logistic_regression(iris):
    X, y = iris
    network = KerasDNNClassifier(
        (),
        l2=0.02,
        optimizer="adam",
        learning_rate=0.05,
        epochs=400,
        batch_size=150,
        random_state=0,
    ).fit(X, y)
    # Mean loss + l2 * squares, against C * sum of losses + squares / 2.
    peer = LogisticRegression(C=1 / (2 * 0.02 * 150)).fit(X, y)
    np.testing.assert_allclose(network.predict_proba(X), peer.predict_proba(X), atol=0.01)
    kernel, _ = network.model_.get_weights()
    np.testing.assert_allclose(kernel.T, peer.coef_, atol=0.01)


@pytest.mark.parametrize(
    ("labels_of", "n_labels"),
    [
        (lambda X, y: y, 1),
        (lambda X, y: y > 0, 1),
        (lambda X, y: np.column_stack([y == 0, y > 0, X[:, 0] > 0]).astype(int), 3),
    ],
    ids=["three classes", "two classes", "three labels"],
)
def test_l2_is_alpha_divided_by_rows_and_labels(labels_of, n_labels, iris):
    X, y = iris[0], labels_of(*iris)
    plain = {"alpha": 30, "solver": "sgd", "momentum": 0, "learning_rate_init": 0.1}
    mlp = MLPClassifier((), **plain, batch_size=150, random_state=0)
    mlp.partial_fit(X, y, classes=np.arange(3) if n_labels > 1 else np.unique(y))
    for parameter in (*mlp.coefs_, *mlp.intercepts_):
        parameter[...] = 0
    for _ in range(50):
        mlp.partial_fit(X, y)
    network = KerasDNNClassifier(
        (),
        kernel_initializer="zeros",
        l2=30 / (2 * 150 * n_labels),
        optimizer="sgd",
        learning_rate=0.1 * n_labels,  # its loss is the mean of the labels', not their sum
        batch_size=150,
        epochs=50,
    ).fit(X, y)
    kernel, bias = network.model_.get_weights()
    np.testing.assert_allclose(kernel, mlp.coefs_[0], atol=1e-6)
    np.testing.assert_allclose(bias, mlp.intercepts_[0], atol=1e-6)


def test_l2_weighs_each_layer_as_told(network, iris):
    network.set_params(hidden_units=(8, 8), l2=(0.0, 0.5, 0.0), epochs=40)
    kernels = [w for w in network.fit(*iris)._fitted_state["weights"] if w.ndim == 2]
    sizes = [np.abs(kernel).mean() for kernel in kernels]
    assert sizes[1] < 0.05 < min(sizes[0], sizes[2])


# -- dropout ------------------------------------------------------------------------------


def test_dropout_is_for_training_only(network, iris):
    X = iris[0]
    network.set_params(dropout=0.5).fit(*iris)
    proba = network.predict_proba(X)
    np.testing.assert_array_equal(network.predict_proba(X), proba)
    hidden, bias, output, output_bias = network._fitted_state["weights"]
    logits = np.maximum(X @ hidden + bias, 0) @ output + output_bias
    by_formula = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(proba, by_formula, atol=1e-5)


def kept_shares(dropout, **params):
    """Return for each epoch the share of rows that come through one unit a layer.

    The weights stay where they are: a row that comes through has the logit that the rates
    make of it, and any other has 0. As all rows but one are of the first class, the loss tells
    how many came through.
    """
    X, y = np.ones((40_000, 1), np.float32), np.arange(40_000) == 0
    network = KerasDNNClassifier(
        (1,) * len(dropout),
        activation="linear",
        kernel_initializer="ones",
        dropout=dropout,
        optimizer="sgd",
        learning_rate=1e-20,
        batch_size=40_000,
        random_state=0,
    ).set_params(**{"epochs": 1, **params})
    losses = np.array(network.fit(X, y).history_["loss"])
    logit = np.prod([1 / (1 - rate) for rate in dropout])
    through = np.log1p(np.exp(logit))
    return (losses - np.log(2)) / (through - np.log(2))


@pytest.mark.parametrize("rate", [0.2, 0.8])
def test_dropout_drops_its_share_and_scales_the_rest(rate):
    assert kept_shares((rate,)) == pytest.approx([1 - rate], abs=0.01)


def test_layers_drop_independently_of_each_other():
    assert kept_shares((0.5, 0.5)) == pytest.approx([0.25], abs=0.01)


def test_every_epoch_and_every_batch_drops_others():
    shares = kept_shares((0.5,), epochs=5)
    assert np.diff(np.sort(shares)).min() > 1e-4
    # In small batches the same draw each time would keep a share far from the rate.
    assert kept_shares((0.5,), batch_size=32) == pytest.approx([0.5], abs=0.01)


def test_draws_of_a_seed_are_the_same(network, uneven):
    network.set_params(dropout=0.5)
    a, b = (clone(network).fit(*uneven) for _ in range(2))
    assert a.history_ == b.history_
    np.testing.assert_array_equal(a._fitted_state["weights"][0], b._fitted_state["weights"][0])
    other = clone(network).set_params(random_state=1).fit(*uneven)
    assert other.history_["loss"] != a.history_["loss"]


def test_a_dropout_of_zero_is_none(network, uneven):
    assert network.set_params(dropout=0.0).fit(*uneven).model_.count_params() == 8 * 5 + 27
    with_zeros = clone(network).set_params(dropout=(0,), l2=(0, 0)).fit(*uneven)
    assert [type(layer).__name__ for layer in with_zeros.model_.layers] == ["Dense", "Dense"]
    np.testing.assert_array_equal(
        with_zeros._fitted_state["weights"][0], network._fitted_state["weights"][0]
    )


# -- going on -----------------------------------------------------------------------------


@pytest.mark.parametrize("parts", [["fused", "fused"], ["keras", "fused"]], ids=str)
def test_three_epochs_and_two_more_are_five(network, uneven, parts):
    X, y = uneven
    network.set_params(dropout=0.3, batch_normalization=True, l2=0.01)
    whole = clone(network).set_params(epochs=5).fit(X, y)
    network.set_params(warm_start=True, epochs=3, engine=parts[0]).fit(X, y)
    network.set_params(epochs=2, engine=parts[1]).fit(X, y)
    assert network.n_iter_ == 5
    assert_alike(network, whole, X)


def test_partial_fits_are_epochs(network, uneven):
    X, y = uneven
    network.set_params(dropout=0.3, batch_normalization=True, label_smoothing=0.1)
    whole = clone(network).fit(X, y)
    for _ in range(3):
        network.partial_fit(X, y, classes=[0, 1, 2])
    assert_alike(network, whole, X)


def test_what_only_trains_may_change_between_fits(network, uneven):
    network.set_params(warm_start=True).fit(*uneven)
    network.set_params(dropout=0.5, l2=0.1, label_smoothing=0.1).fit(*uneven)
    assert network.n_iter_ == 6
    with pytest.raises(ValueError, match=r"batch_normalization=\(False,\), got \(True,\)"):
        network.set_params(batch_normalization=True).fit(*uneven)
    assert network.n_iter_ == 6


# -- the model ----------------------------------------------------------------------------


def test_the_model_has_the_layers_that_were_asked_for(network, uneven):
    model = network.set_params(**EVERYTHING).fit(*uneven).model_
    assert [type(layer).__name__ for layer in model.layers] == [
        "Dense",
        "BatchNormalization",
        "Activation",
        "Dropout",
        "Dense",
        "Dropout",
        "Dense",
    ]
    assert [layer.rate for layer in model.layers if hasattr(layer, "rate")] == [0.2, 0.4]
    dense = [layer for layer in model.layers if isinstance(layer, keras.layers.Dense)]
    assert [layer.use_bias for layer in dense] == [False, True, True]
    penalties = [layer.kernel_regularizer for layer in dense]
    assert [p and float(p.l2) for p in penalties] == pytest.approx([0.01, None, 0.1])
    assert model.loss.get_config()["label_smoothing"] == 0.1
    assert network.n_parameters_ == model.count_params() == 4 * 8 + 4 * 8 + 9 * 6 + 7 * 3


def test_the_model_goes_on_in_keras_and_saves(network, uneven, tmp_path):
    X, y = uneven
    model = network.set_params(**{**EVERYTHING, "label_smoothing": 0.0}).fit(X, y).model_
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    loaded.run_eagerly = True  # to compile would take longer
    np.testing.assert_allclose(loaded(X), network.predict_proba(X), atol=1e-6)
    before = loaded.get_weights()[0]
    loaded.fit(X, y, verbose=0)
    assert not np.array_equal(loaded.get_weights()[0], before)


def test_a_row_gets_the_same_answer_alone(network, uneven):
    X, y = uneven
    network.set_params(batch_normalization=True).fit(X, y)
    together = network.predict_proba(X)
    alone = np.vstack([network.predict_proba(X[i : i + 1]) for i in range(8)])
    np.testing.assert_allclose(alone, together[:8], atol=1e-6)


def test_images_are_normalised_after_they_are_flat(network, sample):
    images, target = sample.images[:90] / np.float32(255), sample.target[:90]
    network.set_params(batch_normalization=True, dropout=0.2, l2=0.001)
    ranked = clone(network).fit(images, target)
    flat = clone(network).fit(images.reshape(90, -1), target)
    assert [type(layer).__name__ for layer in ranked.model_.layers][:3] == [
        "Flatten",
        "Dense",
        "BatchNormalization",
    ]
    np.testing.assert_allclose(
        ranked.predict_proba(images), flat.predict_proba(images.reshape(90, -1)), atol=1e-6
    )


# -- start weights ------------------------------------------------------------------------


def start_weights(network, X, y, **params):
    """Return the kernels that a fit starts from: it moves them by nothing."""
    network = clone(network).set_params(
        optimizer="sgd", learning_rate=1e-20, epochs=1, **params
    )
    return [w for w in network.fit(X, y)._fitted_state["weights"] if w.ndim == 2]


def test_start_weights_by_name(network, iris):
    assert not any(k.any() for k in start_weights(network, *iris, kernel_initializer="zeros"))
    hidden, output = start_weights(
        network, *iris, kernel_initializer="he_normal", hidden_units=(2000,)
    )
    assert hidden.std() == pytest.approx(np.sqrt(2 / 4), rel=0.05)
    assert output.std() == pytest.approx(np.sqrt(2 / 2000), rel=0.05)


def test_start_weights_by_instance_get_their_seed_from_random_state(network, iris):
    wide = keras.initializers.RandomNormal(stddev=5.0, seed=3)
    first, same, other = (
        start_weights(network, *iris, kernel_initializer=wide, random_state=seed)
        for seed in (0, 0, 1)
    )
    assert np.concatenate([k.ravel() for k in first]).std() == pytest.approx(5, rel=0.3)
    for a, b, c in zip(first, same, other, strict=True):
        np.testing.assert_array_equal(a, b)
        assert not np.array_equal(a, c)
    square = start_weights(network, *iris, kernel_initializer=wide, hidden_units=(4, 4))
    assert not np.array_equal(square[0], square[1])


def test_start_weights_by_function(network, iris):
    def quarter(shape, dtype=None):
        return keras.ops.full(shape, 0.25, dtype)

    for kernel in start_weights(network, *iris, kernel_initializer=quarter):
        np.testing.assert_array_equal(kernel, 0.25)


def test_start_weights_by_layer(network, iris):
    each = ["ones", keras.initializers.Constant(2.0), "zeros"]
    kernels = start_weights(network, *iris, kernel_initializer=each, hidden_units=(5, 6))
    for kernel, value in zip(kernels, (1, 2, 0), strict=True):
        np.testing.assert_allclose(kernel, value, atol=1e-15)


def test_start_weights_of_orthogonal_are_those_of_keras(network, iris):
    kernel, _ = start_weights(network, *iris, kernel_initializer="orthogonal")
    np.testing.assert_allclose(kernel @ kernel.T, np.eye(4), atol=1e-5)


# -- what is refused ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("params", "error", "message"),
    [
        ({"dropout": 1.0}, InvalidParameterError, r"'dropout' parameter .* Got 1\.0"),
        ({"dropout": [1.0]}, ValueError, r"dropout must hold numbers .* below 1, got 1\.0"),
        ({"dropout": ["a"]}, TypeError, "dropout must hold numbers .* got 'a'"),
        ({"dropout": [True]}, TypeError, "dropout must hold numbers .* got True"),
        ({"dropout": (0.1, 0.2)}, ValueError, "dropout must be .* hidden layer: 1 here, got 2"),
        ({"l2": -0.1}, InvalidParameterError, r"'l2' parameter .* Got -0\.1"),
        ({"l2": np.inf}, InvalidParameterError, "'l2' parameter .* Got inf"),
        ({"l2": (np.inf, 0)}, ValueError, "l2 must hold finite numbers .* got inf"),
        ({"l2": (0.1, -1)}, ValueError, "l2 must hold finite numbers .* got -1"),
        ({"l2": (0.1,)}, ValueError, r"l2 must be .* the output's last: 2 here, got 1"),
        ({"l2": (0.1, None)}, TypeError, "l2 must hold numbers .* got None"),
        ({"batch_normalization": "yes"}, InvalidParameterError, "'batch_normalization'"),
        ({"batch_normalization": [1]}, TypeError, "batch_normalization must hold True or"),
        ({"batch_normalization": [True] * 2}, ValueError, "batch_normalization .* 1 here, got"),
        ({"label_smoothing": 1.0}, InvalidParameterError, "'label_smoothing' parameter"),
        ({"label_smoothing": [0.1]}, InvalidParameterError, "'label_smoothing' parameter"),
        ({"kernel_initializer": "glorot"}, ValueError, "must be one of .* got 'glorot'"),
        ({"kernel_initializer": "constant"}, ValueError, "must be one of .* got 'constant'"),
        ({"kernel_initializer": 3}, InvalidParameterError, "'kernel_initializer' parameter"),
        ({"kernel_initializer": ["ones"]}, ValueError, "kernel_initializer .* 2 here, got 1"),
        (
            {"kernel_initializer": keras.initializers.Zeros},
            TypeError,
            "kernel_initializer must be a name, an instance",
        ),
        (
            {"kernel_initializer": lambda shape, dtype=None: np.zeros((2, 2))},
            ValueError,
            r"must return weights of shape \(4, 8\), got \(2, 2\)",
        ),
    ],
)
def test_wrong_values_and_lengths_are_named(network, iris, params, error, message):
    with pytest.raises(error, match=message):
        network.set_params(**params).fit(*iris)
    assert not network.__sklearn_is_fitted__()


def test_names_of_initializers_are_listed_and_all_work(network, iris):
    with pytest.raises(ValueError, match="kernel_initializer must be one of") as error:
        network.set_params(kernel_initializer="?").fit(*iris)
    names = str(error.value).split("[")[1].split("]")[0].replace("'", "").split(", ")
    assert {"glorot_uniform", "he_normal", "lecun_normal", "orthogonal", "zeros"} <= set(names)
    for name in names:
        network.set_params(kernel_initializer=name, epochs=1).fit(*iris)
        assert np.isfinite(network.predict_proba(iris[0])).all(), name
