"""What X holds that is no number, and targets of pandas' nullable dtypes."""

from datetime import date

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp

from skdnn import KerasDNNClassifier, KerasDNNRegressor
from skdnn._estimator.columns import check_containers, with_columns_named, with_plain_dtypes

HEIGHT = np.arange(6.0)
DAYS = pd.date_range("2020-01-01", periods=6)
LABELS = np.array([0, 1, 2, 1, 0, 2])


def network(kind=KerasDNNClassifier, **settings):
    return kind((8,), epochs=1, random_state=0, **settings)


# -- dates (scikit-learn issues 10590 and 20090, FLAML issue 66) --------------------------


@pytest.mark.parametrize(
    "X",
    [
        pd.DataFrame({"height": HEIGHT, "day": DAYS}),
        pd.DataFrame({"height": HEIGHT, "day": DAYS.tz_localize("UTC")}),
        pd.DataFrame({"height": HEIGHT, "day": DAYS - DAYS[0]}),
        pd.DataFrame({"day": DAYS}),  # trained on nanoseconds since 1970 without a word
        pl.DataFrame({"height": HEIGHT, "day": [date(2020, 1, 1)] * 6}),
    ],
    ids=["dates", "time zone", "time spans", "nothing else", "polars"],
)
def test_dates_are_refused_by_the_names_of_their_columns(X):
    message = r"X must hold numbers, and columns \['day'\] don't: a date or a time span is"
    with pytest.raises(ValueError, match=message):
        network().fit(X, LABELS)


@pytest.mark.parametrize("dtype", ["datetime64[D]", "timedelta64[h]"])
def test_arrays_of_dates_are_refused(dtype, iris):
    X = np.zeros((150, 4), dtype)
    with pytest.raises(ValueError, match=r"must hold numbers, got dtype .*64\[.\]: a date or"):
        network(KerasDNNRegressor).fit(X, iris[1])
    fitted = network().fit(*iris)
    with pytest.raises(ValueError, match="a date or a time span"):
        fitted.predict(X)


# -- text (could not convert string to float, of which column?) ---------------------------


@pytest.mark.parametrize(
    "X",
    [
        pd.DataFrame({"height": HEIGHT, "colour": list("rgbrgb"), "size": list("SMLSML")}),
        pd.DataFrame({"colour": list("rgbrgb"), "size": list("SMLSML")}, dtype="category"),
        pl.DataFrame({"height": HEIGHT, "colour": list("rgbrgb"), "size": list("SMLSML")}),
    ],
    ids=["pandas", "categories", "polars"],
)
def test_columns_of_text_are_named(X):
    message = (
        r"could not convert string to float: 'r'\. Columns \['colour', 'size'\] of X hold "
        r"other than numbers, such as 'r': leave them out, or encode them, .* OneHotEncoder"
    )
    with pytest.raises(ValueError, match=message):
        network().fit(X, LABELS)


def test_text_is_named_wherever_rows_are_taken(iris):
    X, y = iris
    texts = np.array([["1", "2", "red", "4"]])  # the others would be taken for numbers
    fitted = network().fit(X, y)
    with pytest.raises(ValueError, match=r"Columns \[2\] of X .* such as 'red'"):
        fitted.predict(texts)
    with pytest.raises(ValueError, match=r"^in X_val, .* Columns \[2\] of X"):
        fitted.fit(X, y, X_val=texts, y_val=y[:1])


def test_columns_of_other_objects_are_named():
    X = pd.DataFrame({"height": HEIGHT, "day": [date(2020, 1, 1)] * 6})
    with pytest.raises(TypeError, match=r"not 'datetime.date'\. Columns \['day'\] of X"):
        network().fit(X, LABELS)
    named = pd.DataFrame([[1.0, "r"]], columns=["same", "same"])
    assert "['same'] of X" in str(with_columns_named(named, ValueError("no")))


@pytest.mark.parametrize(
    "X",
    [
        np.zeros((2, 2)),
        [["1", "2.5"], [None, "3"]],
        [[1], [1, 2]],
        np.full((2, 2, 2), "r"),
        pd.DataFrame({"a": [pd.NA, 1]}, dtype=object),
    ],
    ids=["numbers", "numbers as text", "ragged", "images", "missing"],
)
def test_an_error_that_no_column_explains_stays_as_it_is(X):
    error = ValueError("another")
    assert with_columns_named(X, error) is error


# -- no rows at all (skorch issue 758, scikeras issue 166) --------------------------------


def test_a_dataset_is_refused_with_the_remedy(iris):
    import tensorflow as tf

    rows = tf.data.Dataset.from_tensor_slices(iris).batch(10)
    with pytest.raises(TypeError, match=r"got _BatchDataset; pass the arrays .* as X and y"):
        network().fit(rows, None)
    X, y = (tf.constant(values) for values in iris)
    assert network().fit(X, y).predict(X).shape == (150,)


@pytest.mark.parametrize(
    ("X", "remedy"),
    [
        ({"height": HEIGHT}, r"got dict; pandas.DataFrame\(X\) makes a table"),
        ((row for row in np.eye(6)), r"got generator; list\(X\) holds all"),
    ],
    ids=["dict", "generator"],
)
def test_what_is_no_table_of_rows_is_refused_with_the_remedy(X, remedy):
    with pytest.raises(TypeError, match=f"a row for each sample, {remedy}"):
        network().fit(X, LABELS)


def test_a_sparse_matrix_that_is_a_dict_is_a_matrix(iris):
    X, y = iris
    fitted = network().fit(sp.dok_matrix(X), y)
    np.testing.assert_allclose(fitted.predict_proba(X), network().fit(X, y).predict_proba(X))


def test_records_and_complex_numbers_are_refused_in_few_words():
    with pytest.raises(ValueError, match=r"got a structured array; pandas.DataFrame\(X\)"):
        check_containers(np.zeros(3, [("a", "f4"), ("b", "f4")]))
    with pytest.raises(
        ValueError, match=r"^Complex data not supported: X has dtype complex128$"
    ):
        network().fit(np.eye(6) * 1j, LABELS)
    with pytest.raises(
        ValueError, match=r"^Complex data not supported: y has dtype complex128$"
    ):
        network(KerasDNNRegressor).fit(np.eye(6), LABELS * 1j)


# -- nullable targets (scikit-learn issues 25073, 17675 and 19889) ------------------------


@pytest.mark.parametrize(
    ("dtype", "classes"),
    [
        ("Int64", np.array([0, 1, 2])),
        ("boolean", np.array([False, True])),
        ("int64[pyarrow]", np.array([0, 1, 2])),
        ("bool[pyarrow]", np.array([False, True])),
    ],
)
def test_labels_of_nullable_dtypes_come_back_as_they_were(dtype, classes, iris):
    X, y = iris
    y = pd.Series(classes[y % len(classes)], dtype=dtype)
    fitted = network().fit(X, y, X_val=X, y_val=y)
    np.testing.assert_array_equal(fitted.classes_, classes, strict=True)
    assert fitted.predict(X).dtype == classes.dtype
    assert fitted.score(X, y) == np.mean(fitted.predict(X) == y.to_numpy())
    assert fitted.partial_fit(X, y).n_iter_ == 2


def test_large_labels_of_a_nullable_dtype_are_told_apart(iris):
    X, y = iris
    classes = 2**53 + np.arange(3)
    fitted = network().fit(X, pd.Series(classes[y], dtype="Int64"))
    np.testing.assert_array_equal(fitted.classes_, classes)


def test_targets_keep_their_container_and_what_is_missing():
    table = with_plain_dtypes(pd.DataFrame({"a": [1, 2], "b": [0.5, 1]}).convert_dtypes())
    assert [dtype.kind for dtype in table.dtypes] == ["i", "f"]
    for other in (pd.Series([1, None], dtype="Int64"), pd.Series(["r", "g"]), [1, 2], None):
        assert with_plain_dtypes(other) is other
