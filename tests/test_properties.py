"""What holds for any rows, labels, numbers and weights."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.base import clone

from skdnn import KerasDNNClassifier, KerasDNNRegressor

pytestmark = pytest.mark.long_form(row="properties")

_DTYPES = ["float16", "float32", "float64", "int8", "int16", "int64", "uint8", "bool"]
_LABELS = {
    "numbers": lambda y: y,
    "negative": lambda y: -3 * y,
    "words": lambda y: np.array(["ant", "bee", "cat", "dog", "elk"])[y],
    "objects": lambda y: np.array(["ant", "bee", "cat", "dog", "elk"], object)[y],
    "floats": lambda y: y * 2.0,
}


@st.composite
def tables(draw):
    """Rows of any dtype and order in memory, with labels of any kind."""
    n_classes = draw(st.sampled_from([2, 3, 5]))
    n_rows = draw(st.integers(2 * n_classes, 60))
    n_columns = draw(st.sampled_from([1, 4, 12]))  # each is compiled anew
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    X = rng.normal(scale=draw(st.sampled_from([0.1, 1, 3])), size=(n_rows, n_columns))
    dtype = draw(st.sampled_from(_DTYPES))
    X = np.abs(X) if dtype in ("uint8", "bool") else X
    X = np.asarray(X.astype(dtype), order=draw(st.sampled_from("CF")))
    y = rng.permutation(np.arange(n_rows) % n_classes)
    return X, _LABELS[draw(st.sampled_from(sorted(_LABELS)))](y)


def network(batch_size=16):
    return KerasDNNClassifier((6,), epochs=2, batch_size=batch_size, random_state=0)


def examples(count, record_property, body):
    """Run a property on so many examples as the form asks for."""
    n = count(10, 300)
    record_property("examples", n)
    quiet = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
    settings(max_examples=n, deadline=None, suppress_health_check=quiet)(body)()


def test_probabilities_are_probabilities(count, record_property):
    @given(tables())
    def body(table):
        X, y = table
        fitted = network().fit(X, y)
        proba = fitted.predict_proba(X)
        assert proba.shape == (len(X), len(np.unique(y)))
        assert proba.min() >= 0
        np.testing.assert_allclose(proba.sum(axis=1), 1, atol=1e-6)
        assert set(fitted.predict(X).tolist()) <= set(y.tolist())
        assert fitted.classes_.tolist() == sorted(set(y.tolist()))

    examples(count, record_property, body)


def test_neither_order_nor_company_of_rows_changes_predictions(count, record_property):
    @given(tables(), st.data())
    def body(table, data):
        X, y = table
        fitted = network().fit(X, y)
        proba = fitted.predict_proba(X)
        order = data.draw(st.permutations(range(len(X))))
        kept = order[: data.draw(st.integers(1, len(X)))]
        assert np.abs(fitted.predict_proba(X[order]) - proba[order]).max() < 1e-6
        assert np.abs(fitted.predict_proba(X[kept]) - proba[kept]).max() < 1e-6

    examples(count, record_property, body)


def test_zero_weight_equals_removal(count, record_property):
    """In one batch and in several: the order of the rows that count is the same."""

    @given(tables(), st.data(), st.sampled_from([8, 200]))
    def body(table, data, batch_size):
        X, y = table
        weight = data.draw(
            st.lists(st.sampled_from([0.0, 0.5, 1.0, 3.0]), min_size=len(X), max_size=len(X))
        )
        weight = np.array(weight)
        if len(np.unique(y[weight > 0])) < 2:
            weight[:] = 1
            weight[0] = 0
        kept = weight > 0
        if len(np.unique(y[kept])) < 2:
            return
        weighted = network(batch_size).fit(X, y, sample_weight=weight)
        removed = clone(weighted).fit(X[kept], y[kept], sample_weight=weight[kept])
        assert weighted.classes_.tolist() == removed.classes_.tolist()
        np.testing.assert_allclose(
            weighted.predict_proba(X), removed.predict_proba(X), atol=1e-5
        )

    examples(count, record_property, body)


def test_weights_are_relative(count, record_property):
    """Any common factor that float64 holds changes nothing."""

    @given(tables(), st.sampled_from([2.0**-900, 2.0**-200, 2.0**-3, 2.0**150, 2.0**1000]))
    def body(table, factor):
        X, y = table
        weight = np.linspace(0.5, 2, len(X))
        plain = network().fit(X, y, sample_weight=weight)
        scaled = network().fit(X, y, sample_weight=weight * factor)
        np.testing.assert_allclose(scaled.predict_proba(X), plain.predict_proba(X), atol=1e-6)

    examples(count, record_property, body)


def learner(batch_size=200, **settings):
    return KerasDNNRegressor((6,), epochs=2, batch_size=batch_size, random_state=0, **settings)


def numbers_for(table, n_outputs):
    """Return numbers in place of the labels: one for each row, or several."""
    X, _ = table
    rng = np.random.default_rng(len(X))
    return X, rng.gamma(2, size=(len(X), n_outputs) if n_outputs else len(X))


@pytest.mark.parametrize("loss", ["squared_error", "quantile", "poisson"])
def test_numbers_in_other_units_are_learnt_the_same(loss, count, record_property):
    """What is predicted goes with any factor and, where numbers may be negative, any shift."""

    @given(
        tables(),
        st.sampled_from([None, 2]),
        st.sampled_from([1e-25, 1e-6, 0.3, 1e4, 1e25]),
        st.sampled_from([0, 1, -3]),
    )
    def body(table, n_outputs, factor, shift):
        X, y = numbers_for(table, n_outputs)
        shift = 0 if loss == "poisson" else shift
        network = learner(16, loss=loss)
        expected = network.fit(X, y).predict(X)
        predicted = network.fit(X, factor * (y + shift)).predict(X)
        assert predicted.shape == y.shape
        np.testing.assert_allclose(predicted / factor - shift, expected, rtol=1e-3, atol=1e-3)

    examples(count, record_property, body)


def test_zero_weight_equals_removal_of_numbers(count, record_property):
    @given(tables(), st.sampled_from([None, 2]), st.integers(0, 99), st.sampled_from([8, 200]))
    def body(table, n_outputs, seed, batch_size):
        X, y = numbers_for(table, n_outputs)
        weight = np.random.default_rng(seed).choice([0.0, 0.5, 1.0, 3.0], len(X))
        weight[0] = 1
        kept = weight > 0
        y[~kept] = 1e30
        network = learner(batch_size)
        weighted = network.fit(X, y, weight).predict(X)
        removed = network.fit(X[kept], y[kept], weight[kept]).predict(X)
        np.testing.assert_allclose(weighted, removed, atol=1e-4)

    examples(count, record_property, body)
