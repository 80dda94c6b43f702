"""make_table_pipeline as an ONNX model: gaps, rare and new categories, numbers far out."""

import numpy as np
import onnxruntime
import pandas as pd
import polars as pl
import pytest

from skdnn import KerasDNNRegressor, make_table_pipeline
from skdnn.onnx import to_onnx


@pytest.fixture(scope="module")
def table():
    rng, n = np.random.default_rng(0), 200
    rooms = rng.integers(1, 9, n)
    frame = pd.DataFrame(
        {
            "floor area": rng.normal(80, 30, n),
            "rooms": pd.array(rooms, dtype="Int64"),
            "profit": 1e4 * rng.standard_cauchy(n),
            "town": rng.choice(["Ulm", "Köln", "Bonn", "Rust"], n, p=[0.5, 0.3, 0.19, 0.01]),
            "zip": pd.Categorical(np.where(rooms > 1, 10000.0 + rooms, np.nan)),
            "garden": rng.random(n) > 0.5,
            "sold": (rooms > 5).astype(object),
            "country": "Germany",
        }
    )
    frame.loc[::7, "floor area"] = np.nan
    frame.loc[::9, "town"] = None
    frame.loc[3, "rooms"] = pd.NA
    frame.loc[::5, "sold"] = None
    return frame


def pipeline(estimator=None):
    return make_table_pipeline(
        estimator=estimator, hidden_units=(8,), epochs=2, random_state=0, min_frequency=20
    )


def feed(session, X):
    """A value for each input: numbers in float32, bools, and text with "None" for a gap."""
    fed = {}
    for each in session.get_inputs():
        column = X[each.name]
        if each.type == "tensor(bool)":
            values = column.to_numpy()
        elif each.type == "tensor(float)":
            values = np.array([np.nan if pd.isna(v) else v for v in column], np.float32)
        else:
            values = np.array([_written(value) for value in column], object)
        fed[each.name] = values[:, None]
    return fed


def _written(value):
    return str(int(value)) if isinstance(value, float) and value == value else str(value)


def assert_same(model, fitted, X):
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    given = session.run(None, feed(session, X))[-1]
    if hasattr(fitted, "predict_proba"):
        np.testing.assert_allclose(given, fitted.predict_proba(X), atol=1e-5)
    else:
        expected = fitted.predict(X)
        np.testing.assert_allclose((given - expected) / expected.std(), 0, atol=1e-5)


def test_a_table_of_all_kinds(table):
    target = (table["town"] == "Ulm").to_numpy().astype(int) + table["garden"].to_numpy()
    fitted = pipeline().fit(table, target)
    model = to_onnx(fitted, table)
    assert [each.name for each in model.graph.input] == list(table.columns)
    assert_same(model, fitted, table)
    changes = {"town": "new", "floor area": np.nan, "profit": 1e25}  # squared: infinite
    for name, value in changes.items():
        assert_same(model, fitted, table.assign(**{name: value}))


def test_numbers_of_a_table(table):
    fitted = pipeline(KerasDNNRegressor()).fit(
        table, 1e6 * table["rooms"].fillna(4).to_numpy(int)
    )
    assert_same(to_onnx(fitted, table), fitted, table)


def test_a_table_of_polars(table):
    frame = pl.from_pandas(table.drop(columns=["zip", "sold"]))
    fitted = pipeline().fit(frame, table["garden"].to_numpy())
    assert_same(to_onnx(fitted, frame), fitted, frame)


def test_an_array(table):
    X = table[["floor area", "profit"]].to_numpy()
    fitted = pipeline().fit(X, table["garden"].to_numpy())
    session = onnxruntime.InferenceSession(
        to_onnx(fitted, X).SerializeToString(), providers=["CPUExecutionProvider"]
    )
    given = session.run(["probabilities"], {"input": X.astype(np.float32)})[0]
    np.testing.assert_allclose(given, fitted.predict_proba(X), atol=1e-5)
