"""The transformer of `make_table_pipeline`: tables become rows of numbers."""

import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import QuantileTransformer, TargetEncoder

from skdnn.preprocessing import make_table_transformer
from skdnn.preprocessing.tables import clip_smoothly

NAN = np.nan
TOWNS = ["Ulm"] * 6 + ["Bonn"] * 5 + ["Köln", "Jena", None]


@pytest.fixture(scope="module")
def people():
    """Fourteen rows with all kinds of columns, and gaps in each."""
    return pd.DataFrame(
        {
            "age": [31, 45, NAN, 28, 60, 39, 51, 33, NAN, 47, 29, 36, 42, 55],
            "town": TOWNS,
            "member": pd.array([True, False, None, True, True, False, True] * 2, "boolean"),
            "size": pd.Categorical(["S", "M", "L", "M", None, "S", "M"] * 2),
        }
    )


@pytest.fixture(scope="module")
def fitted(people):
    return make_table_transformer().fit(people)


def column(transformer, X, name):
    """One column of what comes out, by its name."""
    names = list(transformer.get_feature_names_out())
    return transformer.transform(X)[:, names.index(name)]


def test_the_whole_is_scikit_learns_and_makes_float32(fitted, people):
    rows = fitted.transform(people)

    assert type(fitted) is ColumnTransformer
    assert rows.dtype == np.float32
    assert np.isfinite(rows).all()
    assert list(fitted.get_feature_names_out()) == [
        "numbers__age",
        "numbers__missingindicator_age",
        "categories__town_Bonn",
        "categories__town_Ulm",
        "categories__town_infrequent_sklearn",
        "categories__member_False",
        "categories__member_True",
        "categories__member_missing",
        "categories__size_L",
        "categories__size_M",
        "categories__size_S",
        "categories__size_missing",
    ]


def test_gaps_in_numbers_become_the_median_and_are_told(fitted, people):
    gap = people["age"].isna().to_numpy()

    np.testing.assert_array_equal(column(fitted, people, "numbers__age")[gap], 0)
    told = column(fitted, people, "numbers__missingindicator_age")
    assert set(told[gap]).isdisjoint(told[~gap])


def test_columns_go_by_their_names(fitted, people):
    other_order = people[people.columns[::-1]].assign(new=1)

    np.testing.assert_array_equal(fitted.transform(other_order), fitted.transform(people))
    with pytest.raises(ValueError, match=r"columns are missing: \{'age'\}"):
        fitted.transform(people.drop(columns="age"))


def test_polars_and_pandas_are_one(fitted, people):
    table = pl.from_pandas(people)

    rows = fitted.transform(people)
    np.testing.assert_array_equal(fitted.transform(table), rows)
    np.testing.assert_array_equal(clone(fitted).fit_transform(table), rows)


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_output_as_a_frame(fitted, people, library):
    frame = clone(fitted).set_output(transform=library).fit_transform(people)

    assert list(frame.columns) == list(fitted.get_feature_names_out())
    np.testing.assert_array_equal(frame.to_numpy(), fitted.transform(people))


def test_new_and_missing_categories_count_as_rare_ones(fitted, people):
    rare = column(fitted, people, "categories__town_infrequent_sklearn")
    np.testing.assert_array_equal(rare, [0] * 11 + [1] * 3)

    new = people.assign(town="Trier")
    np.testing.assert_array_equal(
        column(fitted, new, "categories__town_infrequent_sklearn"), np.ones(14)
    )
    # No size is rare: a new one is none of them.
    sizes = [f"categories__size_{size}" for size in ("L", "M", "S", "missing")]
    for name in sizes:
        np.testing.assert_array_equal(column(fitted, people.assign(size="XL"), name), 0)


def test_a_gap_is_one_category_however_it_is_written(fitted, people):
    gaps = [None, NAN, pd.NA, pd.NaT, "", None, NAN]
    rows = fitted.transform(people.assign(size=pd.Series(gaps * 2, dtype=object)))
    names = list(fitted.get_feature_names_out())

    np.testing.assert_array_equal(rows[:, names.index("categories__size_missing")], 1)


def test_many_categories_become_few_columns():
    codes = pd.DataFrame({"id": [f"id {number // 2}" for number in range(1_000)]})

    assert make_table_transformer().fit_transform(codes).shape == (1_000, 50)
    assert make_table_transformer(max_categories=7).fit_transform(codes).shape == (1_000, 7)
    with_all = make_table_transformer(max_categories=None)
    assert with_all.fit_transform(codes).shape == (1_000, 500)
    each_its_own = codes.assign(id=range(1_000)).astype(str)
    assert make_table_transformer().fit_transform(each_its_own).shape == (1_000, 1)


def test_a_column_left_out_at_fit_is_not_asked_for_later(people):
    transformer = make_table_transformer().fit(people.assign(country="DE", code=7))

    rows = transformer.transform(people)

    np.testing.assert_array_equal(transformer.transform(people.assign(code=1e9)), rows)


def test_outliers_do_not_press_the_others_together():
    numbers = np.random.RandomState(0).normal(50, 10, (200, 1))
    with_outlier = np.r_[numbers, [[1e12]]]

    plain = make_table_transformer().fit_transform(numbers)
    rows = make_table_transformer().fit_transform(with_outlier)

    np.testing.assert_allclose(rows[:200], plain, atol=0.05)
    assert rows[200] == pytest.approx(3)
    assert np.abs(plain).max() < 2.5


def test_clipping_is_smooth_and_knows_no_overflow():
    numbers = np.array([[0, 0.1, -1, 10, 1e300, -np.finfo(float).max]])

    bent = clip_smoothly(numbers)

    np.testing.assert_allclose(bent, [[0, 0.0999, -0.9487, 2.8735, 3, -3]], atol=1e-4)
    np.testing.assert_allclose(clip_smoothly(numbers, limit=5)[0, 4], 5)


@pytest.mark.parametrize("limit", [0, -1, np.inf, NAN, "3", True])
def test_a_limit_is_a_positive_number(limit):
    with pytest.raises(ValueError, match="limit must be a positive number, got"):
        clip_smoothly([[1.0]], limit=limit)


def test_the_table_given_stays_as_it_is(people):
    numbers = people[["age"]].to_numpy()
    kept, table = numbers.copy(), people.copy()

    make_table_transformer().fit_transform(numbers)
    make_table_transformer().fit_transform(people)

    np.testing.assert_array_equal(numbers, kept)
    pd.testing.assert_frame_equal(people, table)


def test_clones_and_pickles(fitted, people):
    rows = fitted.transform(people)

    np.testing.assert_array_equal(pickle.loads(pickle.dumps(fitted)).transform(people), rows)
    np.testing.assert_array_equal(clone(fitted).fit_transform(people), rows)


def test_its_parts_in_a_grid():
    X, y = load_breast_cancer(as_frame=True, return_X_y=True)
    X = X.iloc[:, :5].assign(shape=np.where(X["mean radius"] > 15, "large", "small"))
    model = make_pipeline(make_table_transformer(), LogisticRegression())
    folds = KFold(2, shuffle=True, random_state=0)
    grid = {
        "columntransformer__numbers__impute__strategy": ["median", "mean"],
        "columntransformer__numbers__scale": [QuantileTransformer(n_quantiles=50)],
        "columntransformer__numbers__clip__kw_args": [{"limit": 5.0}],
        "columntransformer__categories__encode": [TargetEncoder(cv=folds)],
        "columntransformer__categories__encode__smooth": [10.0],
    }

    search = GridSearchCV(model, grid, cv=2, error_score="raise").fit(X, y)

    assert search.best_score_ > 0.85
