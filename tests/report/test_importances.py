"""How much each column matters, and the rows that are most wrong, of a table."""

import html
import re

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV

from skdnn.report import write_report
from skdnn.report._importances import Importances, important_columns
from skdnn.report._unseen import UnseenData, validate_unseen

COLUMNS = [f"noise {number}" for number in range(7)] + ["signal"]


@pytest.fixture(scope="module")
def table():
    """200 rows with one column of eight that counts."""
    X = pd.DataFrame(np.random.default_rng(0).normal(size=(200, 8)), columns=COLUMNS)
    return X, np.where(X["signal"] > 0, "up", "down")


@pytest.fixture(scope="module")
def search(table):
    return GridSearchCV(LogisticRegression(), {"C": [1.0]}, cv=2).fit(*table)


def falls_of(search, X, y):
    return Importances.of(search, validate_unseen(X, y, None, "labels"))


def test_importances_are_scikit_learns(search, table):
    X, y = table
    expected = permutation_importance(search, X, y, n_repeats=5, random_state=0)
    order = np.random.RandomState(0).permutation(len(X))  # of the rows that are scored

    found = falls_of(search, X, y)

    assert found.names == COLUMNS
    assert found.most_important_first[0] == 7
    shuffled = permutation_importance(search, X.iloc[order], y[order], random_state=0)
    np.testing.assert_allclose(found.falls, shuffled.importances)
    assert found.falls[7].mean() == pytest.approx(expected.importances_mean[7], abs=0.05)


def test_frames_of_polars_have_the_same(search, table):
    polars = pytest.importorskip("polars")
    X, y = table

    found = falls_of(search, polars.DataFrame({name: X[name].to_numpy() for name in X}), y)

    np.testing.assert_allclose(found.falls, falls_of(search, X, y).falls)


def test_many_rows_are_a_sample(search, table):
    X, y = pd.concat([table[0]] * 11, ignore_index=True), np.tile(table[1], 11)
    rows = validate_unseen(X, y, None, "labels")
    assert Importances.of(search, rows).n_rows == 2_000


@pytest.mark.parametrize(
    "X",
    [
        np.zeros((30, 8, 8)),
        np.zeros((30, 64)),
        np.zeros((19, 8)),
        csr_array(np.zeros((30, 8))),
        pd.DataFrame(np.zeros((30, 101))),
    ],
    ids=["images", "pixels", "few rows", "sparse", "many columns"],
)
def test_what_is_no_table_has_none(search, X):
    rows = UnseenData(X, np.zeros(X.shape[0]), np.zeros(X.shape[0]), None)
    assert important_columns(search, None, rows) == (rows, None)
    assert important_columns(search, None, None) == (None, None)


def test_the_page_shows_the_columns_that_matter_first(search, table, tmp_path):
    X, y = table
    wrong = np.flatnonzero(search.predict(X) != y)
    certain = search.predict_proba(X).max(axis=1)
    order = wrong[np.argsort(-certain[wrong], kind="stable")][:10]

    page = write_report(search, tmp_path / "r.html", X_test=X, y_test=y).read_text("utf-8")

    found = re.search(r'id="importances-text">signal 0\.\d+; noise', page)
    assert found
    assert "the accuracy on these rows falls when the values of a column are shuffled" in page
    [body] = re.findall(r"Rows that are most wrong.*?</table>", page, re.DOTALL)
    names = re.findall(r'class="number name">([^<]+)</th>', body)
    assert names[0] == "signal"
    assert len(names) == 6
    rows = [re.findall(r">([^<]*)</t[hd]>", row) for row in body.split("<tr>")[2:]]
    assert [int(cells[0]) for cells in rows] == order.tolist()
    for cells, row in zip(rows, order, strict=True):
        assert cells[1:4] == [y[row], search.predict(X)[row], f"{100 * certain[row]:.0f} %"]
        assert float(cells[4]) == pytest.approx(X["signal"][row], rel=1e-3)


def test_values_of_any_kind_are_legible():
    frame = pd.DataFrame(
        {
            "gap": [1.5, np.nan],
            "none": ["x", None],
            "na": pd.array([1, None], dtype="Int64"),
            "flag": [True, False],
            "category": pd.Categorical(["a", None]),
            "text": ["short", "long " * 20],
        }
    )
    rows = UnseenData(frame, np.zeros(2), np.zeros(2), None)

    assert rows.values([0, 1]) == [
        ["1.5", "x", "1", "True", "a", "short"],
        ["missing", "missing", "missing", "False", "missing", "long long long long lon…"],
    ]
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame({"a": [1, 2], "b": [None, "x"]})
    rows = UnseenData(frame, np.zeros(2), np.zeros(2), None, first=(1,))
    assert rows.columns == ["b", "a"]
    assert rows.values([1, 0]) == [["x", "2"], ["missing", "1"]]
    assert html.escape(rows.labels([1])[0]) == "1"
