"""Sparse rows: the same answers as dense ones, without ever being dense as a whole."""

import tracemalloc

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler, OneHotEncoder

from skdnn import KerasDNNClassifier

FORMATS = [
    sp.csr_matrix,
    sp.csr_array,
    sp.csc_matrix,
    sp.csc_array,
    sp.coo_matrix,
    sp.coo_array,
    sp.lil_matrix,
    sp.dok_array,
    sp.bsr_array,
]


@pytest.fixture
def network():
    return KerasDNNClassifier((8,), learning_rate=0.02, epochs=3, random_state=0)


@pytest.fixture(scope="module")
def counts():
    """100 rows of small counts, most of them 0, and three classes."""
    rng = np.random.default_rng(0)
    X = rng.poisson(0.3, (100, 12))
    return X, (X @ rng.normal(size=(12, 3))).argmax(axis=1)


@pytest.fixture(scope="module")
def dense(counts):
    """A fit of the dense rows."""
    return KerasDNNClassifier((8,), learning_rate=0.02, epochs=3, random_state=0).fit(*counts)


@pytest.fixture(scope="module")
def wide():
    """40,000 rows that take a megabyte; as float32 they would take 320."""
    X = sp.random(40_000, 2_000, density=0.001, format="csr", dtype=np.float32, rng=0)
    return X, np.arange(40_000) % 2


def peak_of(call):
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


# -- the same answers ---------------------------------------------------------------------


@pytest.mark.parametrize("container", FORMATS, ids=lambda c: c.__name__)
def test_every_format_is_learnt_from_and_predicted_as_the_dense_rows(
    network, counts, dense, container
):
    X, y = counts
    given = container(X.astype(np.float64))
    sparse = network.fit(given, y)
    assert sparse.history_ == dense.history_
    expected = dense.predict_proba(X)
    np.testing.assert_array_equal(sparse.predict_proba(X), expected)
    np.testing.assert_array_equal(sparse.predict_proba(given), expected)
    np.testing.assert_array_equal(dense.predict_proba(given), expected)
    assert sparse.score(given, y) == dense.score(X, y)
    assert sparse.n_features_in_ == 12
    assert sparse.input_shape_ == (12,)


@pytest.mark.parametrize("dtype", ["float64", "float32", "int64", "int8", "uint8", "bool"])
def test_every_dtype_is_learnt_from_as_the_dense_rows(network, counts, dtype):
    X, y = counts[0].astype(dtype), counts[1]
    given = sp.csr_array(X)
    sparse, dense = clone(network).fit(given, y), clone(network).fit(X, y)
    assert sparse.history_ == dense.history_
    np.testing.assert_array_equal(sparse.predict_proba(given), dense.predict_proba(X))


def test_long_indices_are_taken(network, counts):
    X, y = sp.csr_array(counts[0].astype(float)), counts[1]
    longer = X.copy()
    longer.indices, longer.indptr = X.indices.astype(np.int64), X.indptr.astype(np.int64)
    proba = network.fit(X, y).predict_proba(X)
    np.testing.assert_array_equal(network.fit(longer, y).predict_proba(longer), proba)


def test_entries_that_are_given_twice_are_summed(network, counts):
    X, y = counts
    halves = sp.coo_array(X / 2)
    where = [np.tile(index, 2) for index in halves.coords]
    twice = sp.coo_array((np.tile(halves.data, 2), where), shape=X.shape)
    np.testing.assert_array_equal(
        clone(network).fit(twice, y).predict_proba(twice), network.fit(X, y).predict_proba(X)
    )


def test_rows_without_entries_and_single_rows(network, counts):
    X, y = counts
    network.fit(sp.csr_matrix(X), y)
    nothing = sp.csr_matrix((5, 12))
    np.testing.assert_array_equal(
        network.predict_proba(nothing), network.predict_proba(np.zeros((5, 12)))
    )
    one = sp.csr_array(X)[[7]]
    np.testing.assert_array_equal(network.predict_proba(one), network.predict_proba(X[[7]]))


def test_nothing_is_written(network, counts):
    X, y = sp.csr_matrix(counts[0].astype(np.float32)), counts[1]
    before = X.copy()
    for part in (X.data, X.indices, X.indptr):
        part.flags.writeable = False
    network.fit(X, y, sample_weight=np.arange(100)).predict(X)
    assert abs(X - before).nnz == 0


# -- everything that takes rows -----------------------------------------------------------


def test_partial_fit(network, counts):
    X, y = counts
    for start in (0, 50):
        rows = slice(start, start + 50)
        network.partial_fit(sp.csr_array(X[rows]), y[rows], classes=[0, 1, 2])
    dense = clone(network)
    for start in (0, 50):
        dense.partial_fit(X[start : start + 50], y[start : start + 50], classes=[0, 1, 2])
    np.testing.assert_array_equal(network.predict_proba(X), dense.predict_proba(X))


def test_weights_and_a_warm_start(network, counts):
    X, y = counts
    weight = np.arange(100) % 4
    network.set_params(warm_start=True, class_weight="balanced")
    dense = clone(network)
    for _ in range(2):
        network.fit(sp.csc_matrix(X), y, sample_weight=weight)
        dense.fit(X, y, sample_weight=weight)
    assert network.n_iter_ == 6
    np.testing.assert_array_equal(network.predict_proba(X), dense.predict_proba(X))


def test_validation_rows(network, counts):
    X, y = counts
    X_sparse = sp.csc_array(X)
    sparse = clone(network).fit(X_sparse, y, X_val=X_sparse[:30], y_val=y[:30])
    dense = clone(network).fit(X, y, X_val=X[:30], y_val=y[:30])
    mixed = clone(network).fit(X_sparse, y, X_val=X[:30], y_val=y[:30])
    assert sparse.history_ == dense.history_ == mixed.history_
    assert "val_loss" in sparse.history_


@pytest.mark.parametrize("scoring", ["loss", "accuracy"])
def test_early_stopping(network, counts, scoring):
    X, y = counts
    network.set_params(early_stopping=True, scoring=scoring, epochs=30, n_iter_no_change=3)
    sparse, dense = clone(network).fit(sp.csr_matrix(X), y), clone(network).fit(X, y)
    np.testing.assert_array_equal(sparse.validation_scores_, dense.validation_scores_)
    np.testing.assert_array_equal(sparse.predict_proba(X), dense.predict_proba(X))


def test_multilabel_targets_may_be_sparse_as_well(network, counts):
    X, y = counts
    Y = np.tri(3, dtype=int)[y]
    both = clone(network).fit(sp.csr_array(X), sp.csr_array(Y))
    np.testing.assert_array_equal(both.predict_proba(X), network.fit(X, Y).predict_proba(X))


def test_keras_trainer_takes_them_too(network, counts):
    X, y = counts
    network.set_params(batch_normalization=True, dropout=0.2)
    fused = clone(network).fit(sp.csr_matrix(X), y)
    by_keras = clone(network).set_params(engine="keras").fit(sp.csc_array(X), y)
    np.testing.assert_allclose(fused.history_["loss"], by_keras.history_["loss"], rtol=1e-4)
    np.testing.assert_allclose(fused.predict_proba(X), by_keras.predict_proba(X), atol=1e-4)


def test_in_cross_validation_and_searches(network, counts):
    X, y = counts
    given = sp.csr_array(X)
    np.testing.assert_array_equal(
        cross_val_score(network, given, y, cv=3), cross_val_score(network, X, y, cv=3)
    )
    pipeline = make_pipeline(MaxAbsScaler(), network)
    grid = {"kerasdnnclassifier__hidden_units": [(4,), (8,)]}
    search = GridSearchCV(pipeline, grid, cv=3).fit(sp.csr_matrix(X), y)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


def test_texts_and_categories_reach_the_network(network):
    texts = ["red apple", "green apple", "red car", "fast car"] * 10
    y = ["fruit", "fruit", "car", "car"] * 10
    network.set_params(epochs=30)
    assert make_pipeline(TfidfVectorizer(), network).fit(texts, y).score(texts, y) == 1
    words = np.array([text.split() for text in texts])
    assert make_pipeline(OneHotEncoder(), network).fit(words, y).score(words, y) == 1


# -- memory -------------------------------------------------------------------------------


def test_training_never_makes_all_rows_dense(network, wide):
    network.set_params(epochs=1)
    network.fit(wide[0][:1000], wide[1][:1000])  # what is compiled is not counted
    assert peak_of(lambda: network.fit(*wide)) < 60e6
    assert peak_of(lambda: network.partial_fit(*wide)) < 60e6


def test_early_stopping_never_makes_all_rows_dense(network, wide):
    network.set_params(epochs=1, early_stopping=True, scoring="accuracy")
    assert peak_of(lambda: network.fit(*wide)) < 160e6


def test_prediction_never_makes_all_rows_dense(network, wide):
    X, y = wide
    network.fit(X[:100], y[:100])
    assert peak_of(lambda: network.predict(X)) < 160e6


def test_keras_trainer_never_makes_all_rows_dense(network, wide):
    network.set_params(epochs=1, engine="keras", batch_size=512)
    assert peak_of(lambda: network.fit(*wide)) < 160e6


# -- what is refused ----------------------------------------------------------------------


def test_another_number_of_features_is_refused(network, counts):
    X, y = sp.csr_matrix(counts[0]), counts[1]
    network.fit(X, y)
    for wrong in (X[:, :11], sp.hstack([X, X], format="csr")):
        with pytest.raises(ValueError, match=r"X has \d+ features, but KerasDNNClassifier"):
            network.predict(wrong)
        with pytest.raises(ValueError, match=r"X has \d+ features, but KerasDNNClassifier"):
            network.partial_fit(wrong, y)
    with pytest.raises(ValueError, match=r"in X_val, .*X has 11 features"):
        network.fit(X, y, X_val=X[:, :11], y_val=y)
    assert network.n_iter_ == 3


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e39])
def test_values_that_float32_cannot_hold_are_refused(network, counts, value):
    X = sp.csr_matrix(counts[0].astype(float))
    X.data[3] = value
    with (
        np.errstate(over="ignore"),
        pytest.raises(ValueError, match=r"Input X contains (NaN|infinity)"),
    ):
        network.fit(X, counts[1])


def test_a_sparse_vector_of_labels_is_refused(network, counts):
    X, y = counts
    with pytest.raises(TypeError, match="Sparse data was passed for y"):
        network.fit(X, sp.csr_matrix(y[:, None] * 2))
