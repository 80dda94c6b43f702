"""What the report says of a search over regressors."""

import html
import re

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_digits
from sklearn.dummy import DummyRegressor
from sklearn.linear_model import Ridge
from sklearn.metrics import mean_absolute_error, r2_score
from sklearn.model_selection import GridSearchCV

from skdnn import KerasDNNRegressor
from skdnn.displays._canvas import printable, shortened
from skdnn.report import write_report
from skdnn.report._numbers import Numbers
from skdnn.report._predictions import Predictions
from skdnn.report._unseen import UnseenData

NAMES = ["<script>window.broken = 1</script>", "$x^{$", "c"]


def text_of(path):
    """Return a page's words, without elements, styles and scripts."""
    page = path.read_text(encoding="utf-8")
    page = re.sub(r"<(style|script).*?</\1>", " ", page, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", page)).split())


@pytest.fixture(scope="module")
def ridge(iris):
    """A search whose fits cost nothing: three numbers a row from one feature."""
    X, _ = iris
    return GridSearchCV(Ridge(), {"alpha": [1.0, 10.0]}, cv=2).fit(X[:, :1], X[:, 1:])


def wrong_rows(path):
    """Return the cells of the table of rows that are most wrong."""
    page = path.read_text(encoding="utf-8")
    [body] = re.findall(r"Rows that are most wrong.*?<tbody>(.*?)</tbody>", page, re.DOTALL)
    return [re.findall(r">([^<]*)</t[hd]>", row) for row in body.split("</tr>")[:-1]]


# -- one number a row ---------------------------------------------------------------------


def test_the_winner_is_measured_on_unseen_rows_in_the_targets_units(numbers_page, numbers):
    true, predicted = numbers.target, numbers.search.predict(numbers.rows)
    error, text = mean_absolute_error(true, predicted), text_of(numbers_page)

    assert f"it is off by {error:,.0f} in {numbers.target.name} on average" in text
    assert f"R²: {r2_score(true, predicted):.4f} on 60 rows." in text
    low, high = re.search(r"95 % interval ([\d,]+) to ([\d,]+)\)", text).groups()
    errors = abs(true - predicted)
    reach = 1.96 * errors.std() / np.sqrt(60)
    ends = [float(end.replace(",", "")) for end in (low, high)]
    np.testing.assert_allclose(ends, [error - reach, error + reach], atol=5)


def test_nothing_about_classes_is_on_the_page(numbers_page):
    text = text_of(numbers_page).lower()

    words = ("classif", "confusion", "accuracy", "mistake", "label", "proba")
    for word in words:
        assert word not in text
    assert "which of these 4 candidates predicts best?" in text
    assert "network.predict(x) # numbers, in the units of the target" in text


def test_negative_scores_are_named_and_explained(numbers_page, numbers):
    results, best = numbers.search.cv_results_, numbers.search.best_index_
    text = text_of(numbers_page)

    mean, std = results["mean_test_score"][best], results["std_test_score"][best]
    assert f"negative mean absolute error {mean:,.0f} ± {std:,.0f}, mean and" in text
    assert "It is the negative of an error: the nearer to 0, the better." in text


def test_figures_of_curves_are_explained(numbers_page):
    page, text = numbers_page.read_text(encoding="utf-8"), text_of(numbers_page)

    assert "(squared error of standardized y)" in page
    assert "(of standardized y)" in page
    assert "an absolute error of 0.1 is a tenth of the standard deviation, and" in text
    assert "its last layer turns that into the units of the target" in text


def test_rows_most_wrong_are_shown_with_their_values(numbers_page, numbers):
    predicted = numbers.search.predict(numbers.rows)
    residuals = numbers.target - predicted
    order = np.argsort(-abs(residuals.to_numpy()), kind="stable")[:10]

    page = numbers_page.read_text(encoding="utf-8")
    shown = [html.unescape(name) for name in re.findall(r'number name">([^<]+)</th>', page)]
    names = {shortened(printable(name), 24): name for name in numbers.rows}
    important = re.search(r'id="importances-text">([^<]*)<', page)[1]

    found = wrong_rows(numbers_page)

    assert len(shown) == 6
    assert html.unescape(important).startswith(f"{printable(names[shown[0]])} ")
    assert [cells[0] for cells in found] == [str(numbers.rows.index[row]) for row in order]
    for cells, row in zip(found, order, strict=True):
        expected = numbers.target.iloc[row], predicted[row], residuals.iloc[row]
        assert [float(cell.replace(",", "")) for cell in cells[1:4]] == pytest.approx(
            expected, abs=0.5
        )
        values = [numbers.rows.iloc[row][names[name]] for name in shown]
        assert [float(cell) for cell in cells[4:]] == pytest.approx(values, rel=1e-3)


def test_pictures_have_figures_as_text(numbers_page, numbers):
    page = numbers_page.read_text(encoding="utf-8")

    against = re.search(r'id="predicted-0-text">([^<]*)<', page)[1]
    residuals = re.search(r'id="residuals-0-text">([^<]*)<', page)[1]

    r2 = r2_score(numbers.target, numbers.search.predict(numbers.rows))
    assert against.startswith(f"R² {r2:.4f}. Half of 60 predictions are off by at most ")
    assert re.match(r"From -[\d,]+ to [\d,]+, with mean -?[\d,]+ and standard dev", residuals)


def test_images_that_are_most_wrong_are_shown(tmp_path):
    images = load_digits().images[:150]
    ink = images.sum(axis=(1, 2))
    search = GridSearchCV(
        KerasDNNRegressor((4,), epochs=1, random_state=0), {"epochs": [1]}, cv=2
    ).fit(images, ink)

    path = write_report(search, tmp_path / "r.html", X_test=images, y_test=ink, n_images=5)

    page = path.read_text(encoding="utf-8")
    predicted = search.predict(images)
    farthest = np.argsort(-abs(ink - predicted), kind="stable")[:5]
    shown = re.findall(r'alt="An image of ([^,]+), predicted ([^"]+)"', page)
    shown = [[float(number.replace(",", "")) for number in pair] for pair in shown]
    assert np.array(shown) == pytest.approx(
        np.stack([ink, predicted], axis=1)[farthest], abs=0.05
    )
    assert "The 5 of 150 images whose prediction is farthest off." in page
    assert "Rows that are most wrong" not in page


# -- several numbers a row ----------------------------------------------------------------


def test_each_output_has_its_figures(ridge, iris, tmp_path):
    X, y = iris[0][:, :1], iris[0][:, 1:]

    path = write_report(ridge, tmp_path / "r.html", X_test=X, y_test=y, target_names=NAMES)

    text, predicted = text_of(path), ridge.predict(X)
    each = r2_score(y, predicted, multioutput="raw_values")
    errors = mean_absolute_error(y, predicted, multioutput="raw_values")
    for name, r2, error in zip(NAMES, each, errors, strict=True):
        assert f"{name} {r2:.4f} {error:.4f} 1.0000" in text
    assert f"has an R² of {each.mean():.4f} , mean of 3 outputs, on 150 rows" in text
    for cells in wrong_rows(path):
        output = [html.escape(name) for name in NAMES].index(cells[1])
        row = int(cells[0])
        residuals = (y - predicted)[row] / y.std(axis=0)
        assert abs(residuals).argmax() == output
        assert float(cells[4]) == pytest.approx((y - predicted)[row, output], abs=1e-2)


def test_outputs_are_called_as_in_the_table_of_targets(ridge, iris, tmp_path):
    X, y = iris[0][:, :1], iris[0][:, 1:]
    named = pd.DataFrame(y, columns=["width", "length", "breadth"])

    text = text_of(write_report(ridge, tmp_path / "r.html", X_test=X, y_test=named))
    plain = text_of(write_report(ridge, tmp_path / "r.html", X_test=X, y_test=y))

    assert all(f" {name} 0." in text for name in ("width", "length", "breadth"))
    assert all(f" output {number} 0." in plain for number in (1, 2, 3))


def test_of_many_outputs_four_have_pictures(iris, tmp_path):
    X = iris[0]
    y = np.tile(X, 15)
    search = GridSearchCV(Ridge(), {"alpha": [1.0]}, cv=2).fit(X, y)

    path = write_report(search, tmp_path / "r.html", X_test=X, y_test=y)

    page = path.read_text(encoding="utf-8")
    assert len(re.findall(r'id="predicted-\d+-title"', page)) == 4
    assert "the first 50 of 60 outputs" in page


# -- odd cases ---------------------------------------------------------------------------


def test_a_single_row_has_an_error_but_no_r2(ridge, iris, tmp_path):
    X, y = iris[0][:1, :1], iris[0][:1, 1:]

    text = text_of(write_report(ridge, tmp_path / "r.html", X_test=X, y_test=y))

    assert "1 rows" in text
    assert "Mean absolute error" in text
    assert "nan" not in text


def test_one_prediction_for_all_is_drawn(iris, tmp_path):
    X, y = iris[0], iris[0][:, 0]
    search = GridSearchCV(
        DummyRegressor(), {"strategy": ["mean"]}, cv=2, scoring="neg_root_mean_squared_error"
    ).fit(X, y)

    text = text_of(write_report(search, tmp_path / "r.html", X_test=X, y_test=y))

    assert f"Negative root mean squared error: {search.score(X, y):.4f} on 150 rows." in text
    assert "R²: 0.0000" in text or "R²: -0.0000" in text


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({}, "standardised target.* and a squared error is 1 - R²"),
        ({"loss": "huber"}, "is a tenth of the standard deviation.$"),
        ({"loss": "poisson"}, "target divided by its mean"),
        ({"standardize_y": False}, "the target in its own units"),
    ],
)
def test_units_of_a_history_follow_from_the_hyperparameters(settings, words):
    assert re.search(words, Numbers().about_curves(KerasDNNRegressor(**settings)))
    assert Numbers().about_curves(Ridge()) == ""


def test_rows_of_any_kind_have_values():
    sparse = pytest.importorskip("scipy.sparse")
    X = np.arange(20.0).reshape(2, 10) * 1000.5
    y = np.zeros(2)

    for kind in (np.asarray, np.ndarray.tolist, sparse.csr_array):
        rows = UnseenData(kind(X), y, y, None)
        assert rows.columns == ["x0", "x1", "x2", "x3", "x4", "x5"]
        assert rows.values([1])[0][:2] == ["10,005", "11,006"]
        assert rows.labels([1]) == ["1"]
    frame = pd.DataFrame({"a": [1.5, 2.5], "b": ["x", "y" * 50]}, index=["p", "q"])
    rows = UnseenData(frame, y, y, None)
    assert rows.columns == ["a", "b"]
    assert rows.values([1]) == [["2.5", "y" * 23 + "…"]]
    assert rows.labels([1]) == ["q"]
    assert UnseenData(np.zeros((2, 3, 3)), y, y, None).columns == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"y_test": [1, *["a"] * 149]}, "^y_test must hold numbers, got 'a'$"),
        ({"y_test": [None] * 150}, "^Input y_test contains NaN or infinity"),
        (
            {"y_test": np.full((150, 3), np.nan)},
            "^Input y_test contains NaN or inf",
        ),
        (
            {"y_test": np.zeros(150)},
            r"hold 3 numbers a row, .* got shape \(150,\)$",
        ),
        (
            {"y_test": np.zeros((9, 3))},
            r"numbers of the 150 rows of X_test, got sh",
        ),
        (
            {"target_names": ["a"]},
            "name each of the 3 numbers that .* got 1 names$",
        ),
        (
            {"target_names": "abc"},
            "^target_names must be a list of names, got 'abc'$",
        ),
        ({"n_images": 0}, "^n_images must be at least 1, got 0$"),
    ],
)
def test_what_does_not_fit_numbers_is_refused(ridge, iris, tmp_path, changes, message):
    given = {"X_test": iris[0][:, :1], "y_test": iris[0][:, 1:]} | changes

    with pytest.raises((TypeError, ValueError), match=message):
        write_report(ridge, tmp_path / "r.html", **given)
    assert list(tmp_path.iterdir()) == []


def test_a_column_of_numbers_is_as_good_as_a_row_of_them():
    predictions = Predictions.of(np.array([[1.0], [2.0]]), np.array([1.0, 3.0]), None)

    assert predictions.residuals.tolist() == [[0.0], [-1.0]]
    assert predictions.names == [""]
