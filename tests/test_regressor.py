"""`KerasDNNRegressor` as a user meets it."""

import copy
import inspect
import pickle
import re
from decimal import Decimal

import keras
import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
import skops.io as sio
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.callback import ScoringMonitor
from sklearn.datasets import make_friedman1
from sklearn.metrics import (
    check_scoring,
    get_scorer,
    get_scorer_names,
    make_scorer,
    mean_pinball_loss,
    mean_poisson_deviance,
)
from sklearn.preprocessing import StandardScaler

from skdnn import KerasDNNClassifier, KerasDNNRegressor, build_network
from skdnn.displays import ImagesDisplay, TrainingCurvesDisplay

LOSSES = ("squared_error", "absolute_error", "huber", "quantile", "poisson")


@pytest.fixture(scope="module")
def rows(friedman):
    """The first 120 of them."""
    return friedman[0][:120], friedman[1][:120]


def network(**settings):
    return KerasDNNRegressor((8,), **{"epochs": 5, "random_state": 0, **settings})


@pytest.fixture(scope="module")
def fitted(rows):
    return network().fit(*rows)


# -- what it learns -----------------------------------------------------------------------


def test_numbers_of_any_size_are_learnt_alike():
    X, y = make_friedman1(3000, random_state=0)
    X = StandardScaler().fit_transform(X)
    learner = KerasDNNRegressor((40,), learning_rate=0.01, epochs=20, random_state=0)
    standardized = (y - y.mean()) / y.std()
    first = learner.fit(X, standardized).score(X, standardized)
    assert first > 0.97
    for other in (y, 1e6 * y + 1e6, 1e-6 * y, y + 1e5, 1e30 * y):
        assert learner.fit(X, other).score(X, other) == pytest.approx(first, abs=1e-3)


def test_without_standardization_they_are_not(friedman):
    X, y = friedman
    learner = KerasDNNRegressor((40,), standardize_y=False, epochs=20, random_state=0)
    assert learner.fit(X, y + 1e5).score(X, y + 1e5) < 0
    assert learner._fitted_state["scale"] == [1]
    with pytest.raises(ValueError, match=r"Scaler\) or y is \(up to 2\.\de\+25 in training\)$"):
        learner.fit(X, 1e24 * y)


@pytest.mark.parametrize("engine", ["fused", "keras"])
def test_the_history_is_of_standardized_numbers(engine, rows):
    X, y = rows
    learner = network(engine=engine, batch_size=200, learning_rate=1e-30, epochs=1)
    learner.fit(X, y, X_val=X, y_val=y)
    assert list(learner.history_) == [
        "mean_absolute_error",
        "loss",
        "val_mean_absolute_error",
        "val_loss",
    ]
    assert learner.history_["val_loss"] == pytest.approx([1 - learner.score(X, y)], rel=1e-4)
    errors = abs(learner.predict(X) - y) / y.std()
    assert learner.history_["mean_absolute_error"] == pytest.approx([errors.mean()], rel=1e-4)
    learner.set_params(standardize_y=False).fit(X, y, X_val=X, y_val=y)
    errors = learner.predict(X) - y
    assert learner.history_["val_loss"] == pytest.approx([(errors**2).mean()], rel=1e-4)


@pytest.mark.parametrize("quantile", [0.1, 0.5, 0.9])
def test_quantiles_cover_their_share_of_fresh_rows(quantile):
    X, y = make_friedman1(4000, noise=3, random_state=0)
    X = StandardScaler().fit_transform(X)
    learner = KerasDNNRegressor(
        (20,), loss="quantile", quantile=quantile, epochs=20, random_state=0
    )
    learner.fit(X[:3000], y[:3000])
    assert np.mean(y[3000:] < learner.predict(X[3000:])) == pytest.approx(quantile, abs=0.05)


def test_poisson_learns_counts_better_than_squares():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(3000, 4))
    y = rng.poisson(np.exp(X @ [0.8, -0.5, 0.3, 0.0]))
    learner = KerasDNNRegressor((20,), epochs=20, random_state=0)
    squares = np.maximum(learner.fit(X[:2000], y[:2000]).predict(X[2000:]), 1e-3)
    counts = learner.set_params(loss="poisson").fit(X[:2000], y[:2000]).predict(X[2000:])
    assert (counts > 0).all()
    assert mean_poisson_deviance(y[2000:], counts) < mean_poisson_deviance(y[2000:], squares)
    assert learner.__sklearn_tags__().target_tags.positive_only


def test_negative_counts_are_refused(rows):
    X, y = rows
    with pytest.raises(ValueError, match=r"loss='poisson' is for .* but y holds -"):
        network(loss="poisson").fit(X, y - 20)


def test_wild_rows_move_the_median_less(friedman):
    X, y = friedman
    wild = np.where(np.arange(600) % 20, y, 3000)
    learner = KerasDNNRegressor((20,), learning_rate=0.01, epochs=60, random_state=0)
    misses = {
        loss: np.median(
            abs(learner.set_params(loss=loss, delta=0.01).fit(X, wild).predict(X) - y)
        )
        for loss in ("squared_error", "absolute_error", "huber")
    }
    assert max(misses["absolute_error"], misses["huber"]) < misses["squared_error"] / 3


def test_a_constant_is_predicted(rows):
    for value in (3e5, 3e-7, 0):
        predicted = network(epochs=1).fit(rows[0], np.full(120, value)).predict(rows[0])
        np.testing.assert_allclose(predicted, value, rtol=1e-4, atol=1e-5)


# -- both engines -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("loss", "outputs"),
    [
        pytest.param(
            *(loss, outputs),
            marks=pytest.mark.long_form(
                # That there is one output is the same to each loss.
                row="parity",
                only=outputs == 1 and loss != "squared_error",
            ),
        )
        for outputs in (1, 2)
        for loss in LOSSES
    ],
)
def test_the_engines_train_alike(loss, outputs, rows):
    X, y = rows
    y = y if outputs == 1 else np.c_[y, 1e6 * y + 3]
    weight = np.random.default_rng(0).integers(0, 3, 120)
    fused, by_keras = (
        network(loss=loss, quantile=0.8, engine=engine, batch_size=16, epochs=3).fit(
            X, y, weight, X_val=X[:30], y_val=y[:30], sample_weight_val=weight[:30]
        )
        for engine in ("fused", "keras")
    )
    assert list(fused.history_) == list(by_keras.history_)
    for name, values in fused.history_.items():
        np.testing.assert_allclose(values, by_keras.history_[name], rtol=1e-4)
    np.testing.assert_allclose(fused.predict(X), by_keras.predict(X), rtol=1e-4)


@pytest.mark.parametrize("loss", LOSSES)
def test_the_model_answers_in_units_of_the_targets(loss, rows, tmp_path):
    X, y = rows
    y = np.c_[y, 1e6 * y]
    learner = network(loss=loss).fit(X, y)
    model = learner.model_
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    for each in (model, loaded):
        misses = (each(X) - learner.predict(X)) / y.std(axis=0)
        np.testing.assert_allclose(misses, 0, atol=1e-5)
    loaded.run_eagerly = True  # to compile would take longer than all else
    told = loaded.evaluate(X, y, verbose=0, return_dict=True)
    errors = abs(learner.predict(X) - y).mean()
    assert told["mean_absolute_error"] == pytest.approx(errors, rel=1e-4)
    loaded.fit(X, y, verbose=0)
    assert learner.n_parameters_ == model.count_params()


def test_the_model_of_plain_numbers_has_no_layer_more(rows):
    model = network(standardize_y=False).fit(*rows).model_
    assert [layer.name for layer in model.layers] == ["hidden_1", "output"]


def test_several_outputs_under_channels_first_are_refused(rows):
    learner = network(epochs=1).fit(rows[0], np.c_[rows[1], 2 * rows[1]])
    keras.config.set_image_data_format("channels_first")
    try:
        with pytest.raises(ValueError, match=r"set_image_data_format\('channels_last'\)$"):
            learner.model_  # noqa: B018
    finally:
        keras.config.set_image_data_format("channels_last")


# -- shapes and values --------------------------------------------------------------------


@pytest.mark.parametrize("columns", [None, 1, 3])
def test_predictions_have_the_shape_of_the_targets(columns, rows):
    X, y = rows
    y = y if columns is None else np.tile(y[:, None], columns)
    learner = network(epochs=1).fit(X, y)
    assert learner.predict(X[:5]).shape == y[:5].shape
    assert learner.predict(X[:1]).shape == y[:1].shape


@pytest.mark.parametrize(
    "form",
    [
        lambda y: y.tolist(),
        lambda y: tuple(y.astype(np.int16)),
        lambda y: y.astype(object),
        lambda y: [Decimal(int(value)) for value in y],
        lambda y: pd.Series(y, index=y[::-1], dtype="Int64"),
        lambda y: pl.Series(y),
        lambda y: pd.DataFrame({"price": y}),
        lambda y: y.astype(">f4")[:, None],
        lambda y: np.ma.array(y),
    ],
    ids=["list", "tuple", "objects", "Decimal", "Int64", "polars", "frame", "column", "masked"],
)
def test_any_form_of_the_targets_gives_the_same_network(form, rows):
    X, y = rows[0], rows[1].round()
    expected = network(epochs=1).fit(X, y).predict(X)
    given = form(y)
    predicted = network(epochs=1).fit(X, given, X_val=X, y_val=y).predict(X)
    assert predicted.shape == np.shape(given)
    np.testing.assert_array_equal(predicted.ravel(), expected)


@pytest.mark.parametrize("loss", ["squared_error", "poisson"])
def test_bools_are_numbers(loss, rows):
    X, y = rows[0], rows[1] > 14
    learner = network(loss=loss, learning_rate=0.05, epochs=20)
    predicted = learner.fit(X, y).predict(X)
    assert predicted.dtype == np.float64
    assert ((predicted > 0.5) == y).mean() > 0.9
    assert learner.score(X, y) > 0.5


def test_masked_numbers_are_refused_and_not_learnt(rows, fitted):
    X, y = rows
    with pytest.raises(ValueError, match=r"^y is a masked array, and \d+ of its 120 values"):
        network().fit(X, np.ma.masked_greater(y, 20))
    with pytest.raises(ValueError, match=r"^X is a masked array"):
        fitted.predict(np.ma.masked_greater(X, 1))


def test_rows_of_zero_weight_have_no_say(rows):
    """Neither in what is learnt nor in the units."""
    X, y = rows
    weight = np.random.default_rng(0).integers(0, 3, 120)
    wild = np.where(weight, y, 1e30)
    learner = network(batch_size=200)
    weighted = learner.fit(X, wild, weight).predict(X)
    removed = learner.fit(X[weight > 0], y[weight > 0], weight[weight > 0]).predict(X)
    np.testing.assert_allclose(weighted, removed, rtol=1e-5)
    assert learner.score(X, wild, weight) == pytest.approx(learner.score(X, y, weight))


def test_rows_whose_sums_overflow_are_told(rows):
    learner = network(loss="poisson").fit(*rows)
    with pytest.raises(ValueError, match=r"output is infinite for .* Scale the features"):
        learner.predict(1e30 * rows[0])


def test_one_row_is_enough(rows):
    X, y = rows
    assert network().fit(X[:1], y[:1]).predict(X[:1]) == pytest.approx(y[:1])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda y: np.where(y > 20, np.nan, y), "Input y contains NaN"),
        (lambda y: np.where(y > 20, np.inf, y), "Input y contains infinity"),
        (lambda y: y.astype(str), "y must hold numbers, got '"),
        (lambda y: y + 1j, "Complex data not supported"),
        (lambda y: y * 1e38, "y must be within float32's range"),
        (lambda y: y[:, None, None], "dim 3"),
    ],
)
def test_other_targets_are_refused_and_nothing_is_lost(change, message, rows, fitted):
    X, y = rows
    learner = copy.deepcopy(fitted)
    with pytest.raises(ValueError, match=message):
        learner.fit(X, change(y))
    np.testing.assert_array_equal(learner.predict(X), fitted.predict(X))
    with pytest.raises(ValueError, match=f"in X_val, y_val .*{message}"):
        learner.fit(X, y, X_val=X, y_val=change(y))


def test_sparse_rows_stop_early_as_dense_ones(rows):
    X, y = rows[0] * (rows[0] > 0), rows[1]
    learner = network(early_stopping=True, scoring=None, loss="huber")
    scores = [
        clone(learner)
        .fit(kind(X), y, np.arange(120), X_val=kind(X[:30]), y_val=y[:30])
        .validation_scores_
        for kind in (np.asarray, sp.csc_array)
    ]
    np.testing.assert_allclose(*scores, rtol=1e-4)


@pytest.mark.parametrize("kind", [sp.csr_array, lambda X: X.reshape(120, 5, 2), np.float32])
def test_sparse_rows_and_rows_of_more_dimensions(kind, rows, fitted):
    X = kind(rows[0])
    learner = network().fit(X, rows[1])
    np.testing.assert_allclose(learner.predict(X), fitted.predict(rows[0]), rtol=1e-4)


# -- going on -----------------------------------------------------------------------------


def test_going_on_learns_what_one_fit_does(rows, tmp_path):
    X, y = rows
    whole = network(epochs=4).fit(X, y)
    warm = network(epochs=2, warm_start=True).fit(X, y).fit(X, y)
    network(epochs=2, memory=str(tmp_path)).fit(X, y)
    remembered = network(epochs=4, memory=str(tmp_path)).fit(X, y)
    by_parts = network()
    for _ in range(4):
        by_parts.partial_fit(X, y)
    for other in (warm, remembered, by_parts):
        np.testing.assert_allclose(other.predict(X), whole.predict(X), rtol=1e-6)
        assert other.n_iter_ == len(other.history_["loss"]) == 4


def test_what_is_remembered_is_answered_in_units_of_these_targets(rows, tmp_path):
    """To the network numbers of another size are the same."""
    X, y = rows
    learner = network(epochs=2, memory=str(tmp_path))
    first = learner.fit(X, y).predict(X)
    np.testing.assert_allclose(learner.fit(X, 1024 * y).predict(X), 1024 * first, rtol=1e-6)
    for other in (
        {"loss": "huber"},
        {"loss": "quantile"},
        {"loss": "quantile", "quantile": 0.9},
    ):
        learner.set_params(**other).fit(X, y)
        expected = clone(learner).set_params(memory=None).fit(X, y)
        np.testing.assert_array_equal(learner.predict(X), expected.predict(X))


def test_chunks_of_other_means_and_spreads_are_learnt(friedman):
    X, y = friedman
    chunks = np.array_split(np.argsort(y), 4)
    learner = KerasDNNRegressor((20,), learning_rate=0.003, random_state=0)
    for number in range(200):
        chunk = chunks[(number + 2) % 4]
        learner.partial_fit(X[chunk], y[chunk])
    assert learner.score(X, y) > 0.8


def test_a_constant_can_be_left(rows):
    X, y = rows
    learner = network(warm_start=True, learning_rate=0.05, epochs=30)
    learner.fit(X, np.full(120, 3.0)).fit(X, 1e4 * y)
    assert learner.score(X, 1e4 * y) > 0.8
    assert learner.n_iter_ == 60


def test_the_best_weights_are_back_with_the_units_they_had(rows):
    X, y = rows
    learner = network(early_stopping=True, scoring="neg_mean_absolute_error", warm_start=True)
    constant = learner.fit(X, np.full(120, 3.0)).predict(X)
    assert learner.fit(X, y).best_iteration_ <= 5  # nothing is as right as it was
    np.testing.assert_array_equal(learner.predict(X), constant)


def test_a_single_column_comes_flat_or_not(rows):
    X, y = rows
    learner = network(warm_start=True).fit(X, y)
    flat = copy.deepcopy(learner).fit(X, y, X_val=X, y_val=y)
    column = learner.fit(X, y[:, None], X_val=X, y_val=y[:, None])
    np.testing.assert_array_equal(column.predict(X), flat.predict(X))
    assert column.history_ == flat.history_


def test_units_are_those_of_the_first_call(rows):
    X, y = rows
    learner = network(learning_rate=1e-30).partial_fit(X, y)
    before = learner.predict(X)
    np.testing.assert_allclose(learner.partial_fit(X, 100 * y).predict(X), before, rtol=1e-5)
    with pytest.raises(ValueError, match=r"one number per row, got shape \(120, 2\)"):
        learner.partial_fit(X, np.c_[y, y])
    with pytest.raises(ValueError, match=r"are linear: .* loss='poisson'; to start afresh"):
        learner.set_params(loss="poisson").partial_fit(X, y)
    assert learner.set_params(loss="absolute_error").partial_fit(X, y).n_iter_ == 3


@pytest.mark.parametrize(
    "scoring", ["loss", None, "neg_mean_absolute_error", "explained_variance"]
)
def test_early_stopping_by_any_score(scoring, rows):
    learner = network(
        early_stopping=True, scoring=scoring, n_iter_no_change=2, epochs=80, learning_rate=0.1
    ).fit(*rows)
    assert learner.n_iter_ < 80
    assert learner.best_iteration_ == learner.validation_scores_.argmax() + 1


def test_every_scorer_of_numbers_stops_early(rows):
    """And is asked with answers in units of the targets."""
    X, y = rows
    names = [
        name
        for name in get_scorer_names()
        if name.startswith(
            ("neg_m", "neg_root", "r2", "d2_abs", "d2_pin", "explained", "max_e")
        )
    ]
    assert len(names) >= 12
    learner = network(early_stopping=True, loss="poisson", epochs=1)
    for scoring in (*names, make_scorer(mean_pinball_loss, alpha=0.9)):
        learner.set_params(scoring=scoring).fit(X[:80], y[:80], X_val=X[80:], y_val=y[80:])
        expected = check_scoring(learner, scoring)(learner, X[80:], y[80:])
        assert learner.validation_scores_ == pytest.approx([expected])


@pytest.mark.parametrize("scoring", ["accuracy", "roc_auc", "f1_samples", "rand_score"])
def test_a_scorer_of_labels_is_refused_before_the_first_epoch(scoring, rows):
    message = rf"scoring='{scoring}' scores .*, and y holds numbers; scorers .*'r2'\], or one"
    with pytest.raises(ValueError, match=message):
        network(early_stopping=True, scoring=scoring).fit(*rows)


def test_a_scorer_of_labels_made_by_the_user_is_told_from_where_it_came(rows):
    with pytest.raises(ValueError, match="continuous is not supported") as raised:
        network(early_stopping=True, scoring=get_scorer("accuracy")).fit(*rows)
    (note,) = raised.value.__notes__
    assert note.endswith("on 12 validation rows")


def test_validation_rows_of_ones_own_are_scored_in_units_of_the_targets(rows):
    X, y = rows
    learner = network(early_stopping=True, scoring="neg_mean_absolute_error", epochs=2)
    learner.fit(X[:80], 1e6 * y[:80], X_val=X[80:], y_val=1e6 * y[80:])
    errors = abs(learner.predict(X[80:]) - 1e6 * y[80:])
    assert learner.validation_scores_.max() == pytest.approx(-errors.mean())


def test_callbacks_watch_the_metric(rows):
    stop = keras.callbacks.EarlyStopping("val_mean_absolute_error", patience=1)
    learner = network(callbacks=stop, learning_rate=0.3, epochs=60)
    learner.fit(*rows, X_val=rows[0][:40], y_val=rows[1][:40])
    assert learner.n_iter_ < 60


def test_what_a_callback_saves_answers_in_standardized_units(rows, tmp_path):
    X, y = rows
    files = keras.callbacks.ModelCheckpoint(tmp_path / "{epoch}.keras", "loss")
    slower = keras.callbacks.ReduceLROnPlateau("val_mean_absolute_error", 0.5, 1, min_delta=9)
    learner = network(epochs=3, callbacks=[files, slower]).fit(X, 1e6 * y, X_val=X, y_val=y)
    assert learner.history_["learning_rate"] == pytest.approx([1e-3, 1e-3, 5e-4])
    saved = keras.saving.load_model(tmp_path / "3.keras")(X)[:, 0]
    expected = (learner.predict(X) / 1e6 - y.mean()) / y.std()
    np.testing.assert_allclose(saved, expected, atol=1e-5)


@pytest.mark.parametrize(
    "engine",
    ["fused", pytest.param("keras", marks=pytest.mark.long_form(row="parity", only=True))],
)
def test_name_class_and_instance_of_an_optimizer_train_alike(engine, rows):
    losses = []
    for optimizer in ("sgd", keras.optimizers.SGD):
        learner = network(optimizer=optimizer, engine=engine, epochs=2)
        learner.set_params(optimizer__learning_rate=0.05, optimizer__momentum=0.5)
        losses.append(learner.fit(*rows).history_["loss"])
    instance = keras.optimizers.SGD(0.05, momentum=0.5)
    losses.append(
        network(optimizer=instance, engine=engine, epochs=2).fit(*rows).history_["loss"]
    )
    assert losses[0] == losses[1] == losses[2]
    assert losses[0] != network(optimizer="sgd", epochs=2).fit(*rows).history_["loss"]


LAYERS = (
    {},
    {"l2": (0.01, 0.0, 0.1), "activation": ("gelu", "linear")},
    {"batch_normalization": (True, False), "l2": 0.05},
    {"batch_normalization": True, "activation": ("sigmoid", "softplus")},
    {"kernel_initializer": ["he_normal", keras.initializers.Constant(0.1), "orthogonal"]},
    {"hidden_units": (), "l2": 0.1},
)


@pytest.mark.long_form(row="parity")
def test_parity_over_losses_optimizers_outputs_weights_and_layers(count, record_property):
    n = count(3, 60)
    record_property("examples of numbers", n)
    settings(max_examples=n, deadline=None, derandomize=True)(both_engines_train_alike)()


@given(
    loss=st.sampled_from(LOSSES),
    optimizer=st.sampled_from(["sgd", "adam", "rmsprop", "adamw", "nadam"]),
    outputs=st.integers(1, 3),
    n_rows=st.integers(2, 90),
    batch_size=st.sampled_from([7, 16, 32]),
    weighted=st.booleans(),
    standardize=st.booleans(),
    layers=st.sampled_from(LAYERS),
    seed=st.integers(0, 2**31 - 2),
)
def both_engines_train_alike(
    loss, optimizer, outputs, n_rows, batch_size, weighted, standardize, layers, seed
):
    # One or two rows are normalised to constants: their gradient is 0 but for rounding, of
    # which Adam makes whole steps.
    assume("batch_normalization" not in layers or n_rows - weighted > 2)
    rng = np.random.default_rng(seed)
    X, y = rng.normal(size=(n_rows, 4)), rng.gamma(2, size=(n_rows, outputs))
    weight = rng.integers(1, 4, n_rows) * (np.arange(n_rows) != 1) if weighted else None
    learner = KerasDNNRegressor(
        (5, 4),
        activation="tanh",
        loss=loss,
        optimizer=optimizer,
        learning_rate=0.01,
        batch_size=batch_size,
        standardize_y=standardize,
        epochs=2,
        random_state=seed,
    ).set_params(**layers)
    fused, by_keras = (
        clone(learner).set_params(engine=engine).fit(X, y, weight)
        for engine in ("fused", "keras")
    )
    # Normalising a row that is alone in its batch makes rounding of its last digit larger.
    atol = 1e-5 if layers.get("batch_normalization") else 1e-6
    for name, values in fused.history_.items():
        np.testing.assert_allclose(values, by_keras.history_[name], rtol=1e-4, atol=atol)
    np.testing.assert_allclose(fused.predict(X), by_keras.predict(X), rtol=1e-3, atol=1e-3)


# -- an estimator among others ------------------------------------------------------------


def test_copies_predict_the_same_and_go_on(rows, fitted):
    for copied in (pickle.loads(pickle.dumps(fitted)), copy.deepcopy(fitted)):
        np.testing.assert_array_equal(copied.predict(rows[0]), fitted.predict(rows[0]))
        assert copied.partial_fit(*rows).n_iter_ == 6
    assert clone(fitted.set_params(delta=2.0)).delta == 2


def test_skops_needs_one_type_to_trust(fitted, rows):
    data = sio.dumps(fitted)
    trusted = sio.get_untrusted_types(data=data)
    assert trusted == ["skdnn.regressor.KerasDNNRegressor"]
    loaded = sio.loads(data, trusted=trusted)
    np.testing.assert_array_equal(loaded.predict(rows[0]), fitted.predict(rows[0]))


def test_scikit_learns_callbacks_score_every_epoch(rows):
    monitor = ScoringMonitor(scoring="r2")
    learner = network().set_callbacks(monitor).fit(*rows)
    logged = [row for row in monitor.get_logs().data if row["task_name"] == "epoch"]
    assert len(logged) == 5
    assert logged[-1]["r2"] == pytest.approx(learner.score(*rows))


def test_a_classifiers_state_is_none_of_a_regressor(rows, fitted):
    theirs = KerasDNNClassifier((4,), epochs=1).fit(rows[0], rows[1] > 14).__getstate__()
    state = {**KerasDNNRegressor().__getstate__(), "_fitted_state": theirs["_fitted_state"]}
    with pytest.raises(ValueError, match=r"_fitted_state must be a dict of .*'shift'"):
        KerasDNNRegressor().__setstate__(state)


def test_displays_of_labels_are_for_classifiers(fitted, rows):
    with pytest.raises(TypeError, match=r"takes classifiers, .* got KerasDNNRegressor"):
        ImagesDisplay.from_estimator(fitted, *rows)


def test_training_curves_of_the_metric(fitted):
    display = TrainingCurvesDisplay.from_estimator(fitted, metric="mean_absolute_error")
    assert display.ax_.get_ylabel() == "Training mean absolute error\n(of standardized y)"


def test_parameters_are_the_classifiers_but_for_what_is_about_classes():
    ours, theirs = (
        inspect.signature(each).parameters for each in (KerasDNNRegressor, KerasDNNClassifier)
    )
    assert set(ours) - set(theirs) == {"loss", "delta", "quantile", "standardize_y"}
    assert set(theirs) - set(ours) == {"class_weight", "label_smoothing"}
    for name in set(ours) & set(theirs):
        assert ours[name] == theirs[name]


def test_other_names_are_explained(rows):
    with pytest.raises(ValueError, match="it is called loss here"):
        network().set_params(criterion="mse")
    with pytest.raises(TypeError, match="'classes'"):
        network().partial_fit(*rows, classes=[1])


@pytest.mark.parametrize(
    "wrong", [{"loss": "mse"}, {"delta": 0}, {"quantile": 1.0}, {"standardize_y": 1.5}], ids=str
)
def test_wrong_parameters_are_refused_by_name(wrong, rows):
    (name,) = wrong
    with pytest.raises(ValueError, match=f"The '{name}' parameter of KerasDNNRegressor"):
        network(**wrong).fit(*rows)


@pytest.mark.parametrize(
    ("loss", "hint"),
    [
        ("mse", " Did you mean 'squared_error'?"),
        ("mean_absolute_error", " Did you mean 'absolute_error'?"),
        ("Huber-Loss", " Did you mean 'huber'?"),
        ("pinball", " Did you mean 'quantile'?"),
        ("binary_crossentropy", " Losses of classes are for KerasDNNClassifier."),
        ("log_loss", " Losses of classes are for KerasDNNClassifier."),
        ("logcosh", ""),
        (None, ""),
    ],
)
def test_losses_by_other_names_are_told_what_they_are_called(loss, hint, rows):
    names = "['absolute_error', 'huber', 'poisson', 'quantile', 'squared_error']"
    message = f"must be one of {names}. Got {loss!r} instead.{hint}"
    with pytest.raises(ValueError, match=re.escape(message) + "$"):
        network(loss=loss).fit(*rows)


@pytest.mark.parametrize(
    ("loss", "columns"),
    [
        *((None, 1), ("poisson", 2)),
        *(
            pytest.param(*case, marks=pytest.mark.long_form(row="parity", only=True))
            for case in ((None, 2), ("poisson", 1))
        ),
    ],
)
def test_the_network_is_a_build_function_of_scikeras(loss, columns, rows):
    from scikeras.wrappers import KerasRegressor

    X, y = rows
    y = y if columns == 1 else np.c_[y, y]
    wrapped = KerasRegressor(
        build_network, model__hidden_units=(8,), model__seed=0, loss=loss, epochs=1, verbose=0
    ).fit(X, y)
    assert wrapped.predict(X).shape == y.shape
    last = wrapped.model_.layers[-1].activation.__name__
    assert last == ("exponential" if loss else "linear")
