"""What a column of a table is taken for, and what it is read as."""

import datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp

from skdnn.preprocessing.columns import columns_of
from skdnn.preprocessing.tables import (
    category_columns,
    number_columns,
    read_categories,
    read_numbers,
)

NAN = np.nan
DAY = datetime.date(2026, 2, 3)


def kinds(X):
    """The names of columns of numbers, and of those of categories."""
    return number_columns(X), category_columns(X)


def series(values, dtype=None):
    return pd.DataFrame({"x": pd.Series(values, dtype=dtype)})


# -- numbers ------------------------------------------------------------------------------

NUMBERS = {
    "int64": series([1, 2, 4], "int64"),
    "uint8": series([1, 2, 4], "uint8"),
    "float16": series([1, 2, 4], "float16"),
    "Int64": series([1, 2, 4], "Int64"),
    "Float64": series([1, 2, 4], "Float64"),
    "arrow": series([1, 2, 4], "int64[pyarrow]"),
    "sparse": series(pd.arrays.SparseArray([1.0, 2, 4])),
    "object": series([1, 2.0, np.float32(4)], object),
    "decimal": series([Decimal(1), Decimal(2), Decimal(4)], object),
    "polars": pl.DataFrame({"x": [1, 2, 4]}),
    "polars decimal": pl.DataFrame({"x": [Decimal(1), Decimal(2), Decimal(4)]}),
}


@pytest.mark.parametrize("table", NUMBERS.values(), ids=NUMBERS)
def test_numbers_whatever_they_are_held_in(table):
    assert kinds(table) == (["x"], [])
    read = read_numbers(table)
    assert read.dtype == np.float64
    np.testing.assert_array_equal(read, [[1], [2], [4]])


WITH_GAPS = {
    "float": series([1.5, NAN, 3]),
    "Int64": series([1, pd.NA, 3], "Int64"),
    "arrow": series([1, None, 3], "int64[pyarrow]"),
    "object None": series([1, None, 3], object),
    "object NA": series([1, pd.NA, 3], object),
    "decimal": series([Decimal(1), Decimal("NaN"), 3], object),
    "polars": pl.DataFrame({"x": [1, None, 3]}),
    "polars NaN": pl.DataFrame({"x": [1.0, NAN, 3]}),
}


@pytest.mark.parametrize("table", WITH_GAPS.values(), ids=WITH_GAPS)
def test_gaps_among_numbers_are_nan(table):
    assert kinds(table) == (["x"], [])
    np.testing.assert_array_equal(np.isnan(read_numbers(table)), [[False], [True], [False]])


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame], ids=["pandas", "polars"])
def test_a_column_that_came_without_a_number_is_gaps(frame):
    np.testing.assert_array_equal(read_numbers(frame({"x": [None, None]})), [[NAN], [NAN]])


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (["3.5", "4"], r"column 'x' must hold numbers, got '3.5'"),
        ([1.0, "four"], r"column 'x' must hold numbers, got 'four'"),
        ([DAY, DAY], r"column 'x' must hold numbers, got datetime.date\(2026, 2, 3\)"),
        (pd.to_datetime([DAY, DAY]), r"column 'x' must hold numbers, got Timestamp"),
        ([1.0, np.inf], "column 'x' must hold finite numbers or gaps, got inf in row 1"),
        ([-np.inf, NAN], "column 'x' must hold finite numbers or gaps, got -inf in row 0"),
    ],
)
def test_what_is_no_number_is_named(values, message):
    with pytest.raises(ValueError, match=message):
        read_numbers(series(values))


# -- categories ---------------------------------------------------------------------------

CATEGORIES = {
    "str": series(["a", "ü", None], "str"),
    "string": series(["a", "ü", pd.NA], "string"),
    "arrow": series(["a", "ü", None], "string[pyarrow]"),
    "category": series(["a", "ü", None], "category"),
    "object None": series(["a", "ü", None], object),
    "object nan": series(["a", "ü", NAN], object),
    "object NA": series(["a", "ü", pd.NA], object),
    "empty string": series(["a", "ü", ""]),
    "polars": pl.DataFrame({"x": ["a", "ü", None]}),
    "polars categorical": pl.DataFrame(
        {"x": pl.Series(["a", "ü", None], dtype=pl.Categorical)}
    ),
    "polars enum": pl.DataFrame({"x": pl.Series(["a", "ü", None], dtype=pl.Enum(["a", "ü"]))}),
}


@pytest.mark.parametrize("table", CATEGORIES.values(), ids=CATEGORIES)
def test_a_category_is_the_same_whatever_it_is_held_in(table):
    assert kinds(table) == ([], ["x"])
    assert read_categories(table).tolist() == [["a"], ["ü"], ["missing"]]


BOOLEANS = {
    "boolean": series([True, False, pd.NA], "boolean"),
    "arrow": series([True, False, None], "bool[pyarrow]"),
    "object": series([True, np.False_, None], object),
    "category": series([True, False, None], "category"),
    "polars": pl.DataFrame({"x": [True, False, None]}),
}


@pytest.mark.parametrize("table", BOOLEANS.values(), ids=BOOLEANS)
def test_booleans_are_categories(table):
    assert kinds(table) == ([], ["x"])
    assert read_categories(table).tolist() == [["True"], ["False"], ["missing"]]


def test_codes_are_numbers_unless_they_are_of_dtype_category():
    codes = series([89_073, 53_111, 89_073])

    assert kinds(codes) == (["x"], [])
    assert kinds(codes.astype("category")) == ([], ["x"])
    assert read_categories(codes.astype("category"))[0] == ["89073"]
    with_gaps = series([89_073, NAN]).astype("category")
    assert read_categories(with_gaps).tolist() == [["89073"], ["missing"]]


# -- neither ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "values",
    [
        [5, 5, 5],
        [NAN, NAN, NAN],
        ["same", "same", "same"],
        [None, None, None],
        [True, True, True],
        pd.Categorical([None, None, None]),
        pd.array([pd.NA, pd.NA, pd.NA], "Int64"),
    ],
    ids=["number", "nan", "text", "None", "bool", "category", "Int64"],
)
def test_a_column_in_which_all_rows_are_the_same_is_left_out(values):
    table = pd.DataFrame({"x": values, "y": [1, 2, 3], "z": ["a", "b", "c"]})

    assert kinds(table) == (["y"], ["z"])


def test_one_value_and_gaps_is_not_the_same():
    table = pd.DataFrame({"x": [5, NAN, 5], "y": ["a", None, "a"]})

    assert kinds(table) == (["x"], ["y"])


def test_a_table_of_equal_rows_is_refused():
    with pytest.raises(ValueError, match="values, got none in 3 rows of 2 columns"):
        category_columns(pd.DataFrame({"x": [1, 1, 1], "y": ["a", "a", "a"]}))


@pytest.mark.parametrize(
    "values",
    [
        pd.to_datetime([DAY, None]),
        pd.to_datetime([DAY, DAY]).tz_localize("UTC"),
        pd.to_timedelta([1, 2], unit="h"),
        pd.period_range("2026", periods=2),
        pd.Series([DAY, None], dtype=object),
        pd.Series([datetime.time(12), None], dtype=object),
        pd.Series([DAY, DAY], dtype="date32[pyarrow]"),
        pl.Series([DAY, None]),
        pl.Series([datetime.timedelta(hours=1), None]),
    ],
    ids=["date", "zone", "duration", "period", "object", "time", "arrow", "polars", "hours"],
)
def test_dates_are_refused_with_a_recipe(values):
    frame = pl.DataFrame if isinstance(values, pl.Series) else pd.DataFrame
    table = frame({"age": [1, 2], "since": values})

    with pytest.raises(ValueError, match=r"column 'since' holds dates or times.*\.dt\.year"):
        number_columns(table)


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        (["a", 1], "(?:'a' and 1|1 and 'a')"),
        (["a", True], "(?:'a' and True|True and 'a')"),
        ([1, True], "(?:1 and True|True and 1)"),
        ([1j, 2j], "1j"),
        ([b"a", b"b"], "b'a'"),
        ([[1], [2]], r"\[1\]"),
    ],
)
def test_values_of_no_or_several_kinds_are_refused_by_name(values, shown):
    table = pd.DataFrame({"x": pd.Series(values, dtype=object)})

    with pytest.raises(ValueError, match=f"column 'x' must hold .* such as {shown}: make them"):
        number_columns(table)


def test_nested_columns_of_polars_are_refused_by_name():
    with pytest.raises(ValueError, match=r"column 'x' must hold .* such as \[1\]"):
        number_columns(pl.DataFrame({"x": [[1], [2]]}))


# -- tables -------------------------------------------------------------------------------


def test_columns_of_an_array_are_found_by_place():
    array = np.array([[1.0, 5, 2], [2, 5, NAN]])

    assert kinds(array) == ([0, 2], [])
    assert kinds(array.astype(object)) == ([0, 2], [])
    assert kinds(np.array([[1, "a"], [2, "b"]], dtype=object)) == ([0], [1])
    assert kinds(np.array([["1", "a"], ["2", "b"]])) == ([], [0, 1])
    assert kinds(np.array([[True, False], [False, False]])) == ([], [0])


def test_a_place_in_an_array_is_told_where_it_is_known():
    array = np.array([[1, "a", 2.0], [2, "b", np.inf]], dtype=object)

    with pytest.raises(ValueError, match=r"^column 2 must hold finite numbers"):
        number_columns(array)
    with pytest.raises(ValueError, match=r"^a column must hold finite numbers"):
        read_numbers(array[:, [0, 2]])


def test_names_that_are_numbers_are_not_taken_for_places():
    table = pd.DataFrame([[1, "a"], [2, "b"]], columns=[1, 0])

    assert kinds(table) == ([0], [1])


def test_two_columns_of_one_name_are_both_looked_at():
    table = pd.DataFrame([[1, "a"], [2, "b"]], columns=["x", "x"])

    assert [column.label for column in columns_of(table)] == ["column 'x'"] * 2


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (sp.eye(3, format="csr"), "got a sparse matrix: .* MaxAbsScaler"),
        (np.zeros((2, 3, 4)), r"got ndarray of shape \(2, 3, 4\)"),
        (pd.Series([1, 2]), r"got Series of shape \(2,\)"),
        (pl.DataFrame({"x": [1, 2]}).to_arrow(), r"pandas or polars frame.* got Table"),
        ("houses.csv", "got str"),
    ],
    ids=["sparse", "images", "series", "arrow", "file"],
)
def test_what_is_no_table_is_refused(wrong, message):
    with pytest.raises(TypeError, match=message):
        number_columns(wrong)
