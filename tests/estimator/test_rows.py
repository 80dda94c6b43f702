"""Rows with labels and weights, and what is held out of them; without a network."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from skdnn._estimator.classes import Classes, Multilabel, fit_classes
from skdnn._estimator.numbers import fit_numbers
from skdnn._estimator.rows import LabelledRows, check_not_masked, hold_out, warn_of_lost_digits

X = np.arange(20.0).reshape(10, 2)
Y = np.array(["a", "b"] * 5)
TARGET = Classes(np.array(["a", "b"]))
ALTERNATING = np.array([1.0, 0, 2, 3, 0, 4, 5, 6, 7, 8])


def test_a_table_has_numbers_for_labels_and_both_kinds_of_weights():
    weight = np.arange(10.0)
    labels = np.where(weight > 0, Y, "c")  # what weighs nothing may be of any class
    table = LabelledRows(X, labels, weight).table(TARGET, {"a": 10.0})
    assert table["X"] is X
    np.testing.assert_array_equal(table["y"], [0, 1] * 5)
    np.testing.assert_array_equal(table["sample_weight"], weight * np.array([10, 1] * 5))
    assert table["sample_weight"].dtype == np.float32


def test_weights_given_to_a_table_stand_for_the_rows_own():
    weight = np.arange(10.0)[::-1]
    table = LabelledRows(X, Y, np.ones(10)).table(TARGET, sample_weight=weight)
    np.testing.assert_array_equal(table["sample_weight"], weight)
    assert LabelledRows(X, Y, None).table(TARGET)["sample_weight"] is None


def test_weights_of_numbers_are_single_too():
    target = fit_numbers(X[:, 0], None, standardize=True, positive=False)
    weights = LabelledRows(X, X[:, 0], ALTERNATING).table(target)["sample_weight"]
    np.testing.assert_array_equal(weights, ALTERNATING)
    assert weights.dtype == np.float32
    assert LabelledRows(X, X[:, 0], None).table(target)["sample_weight"] is None


def test_what_is_held_out_weighs_nothing_and_the_rest_what_it_did():
    rows = LabelledRows(X, np.where(ALTERNATING > 0, Y, "c"), ALTERNATING)
    weight, held_out = hold_out(rows, TARGET, 4, seed=0)

    taken = np.flatnonzero(np.isin(X[:, 0], held_out.X[:, 0]))
    np.testing.assert_array_equal(held_out.X, X[taken])  # in the order of the rows
    np.testing.assert_array_equal(held_out.y, Y[taken])
    np.testing.assert_array_equal(held_out.sample_weight, ALTERNATING[taken])
    assert (held_out.sample_weight > 0).all()
    assert sorted(held_out.y) == ["a", "a", "b", "b"]  # of four rows each that count
    np.testing.assert_array_equal(
        weight, np.where(np.isin(np.arange(10), taken), 0, rows.sample_weight)
    )
    np.testing.assert_array_equal(ALTERNATING, [1, 0, 2, 3, 0, 4, 5, 6, 7, 8])  # not written to


def test_rows_without_weights_are_held_out_without():
    weight, held_out = hold_out(LabelledRows(X, Y, None), TARGET, 0.4, seed=0)
    assert held_out.sample_weight is None
    assert len(held_out.y) == 4
    assert sorted(weight) == [0] * 4 + [1] * 6


def test_the_seed_decides_which_rows():
    def taken(seed):
        return hold_out(LabelledRows(X, Y, None), TARGET, 4, seed)[0].tolist()

    assert taken(0) == taken(0)
    assert len({tuple(taken(seed)) for seed in range(5)}) > 1


def test_columns_of_labels_are_held_out_without_shares():
    labels = np.zeros((10, 2), int)
    labels[0] = 1  # a single row of its kind could not be shared between two sides
    weight, held_out = hold_out(
        LabelledRows(X, labels, None), Multilabel(np.arange(2)), 3, seed=0
    )
    assert held_out.y.shape == (3, 2)
    assert weight.sum() == 7


@pytest.mark.parametrize(
    ("fraction", "message"),
    [
        (1, r"^early_stopping=True can't set validation_fraction=1 of 8 rows aside: The test"),
        (0.99, r"rows aside: .*[^.]\. Pass X_val and y_val to fit, change validation_fraction"),
        (0.99, r"set early_stopping=False\.$"),
        (1, "change validation_fraction to a number of rows from 2 to 6, or set"),
    ],
)
def test_too_few_rows_are_refused(fraction, message):
    with pytest.raises(ValueError, match=message):
        hold_out(LabelledRows(X, Y, ALTERNATING), TARGET, fraction, seed=0)


def test_the_remedy_for_too_few_rows_is_one():
    for number in (2, 6):
        weight, _ = hold_out(LabelledRows(X, Y, ALTERNATING), TARGET, number, seed=0)
        assert np.count_nonzero(weight) == 8 - number
    one = LabelledRows(X[:1], np.array([[0, 1]]), None)
    with pytest.raises(ValueError, match=r"of 1 rows aside: .* fit, pass more rows, or set"):
        hold_out(one, Multilabel(np.arange(2)), 0.1, seed=0)


@pytest.mark.parametrize(
    ("labels", "fraction", "remedy"),
    [
        (np.array(["a", "b"] * 2), 1, "to a number of rows from 2 to 2, or set"),
        (np.zeros((10, 2), int), 10, "to a number of rows from 1 to 9, or set"),
        (np.zeros((1, 2), int), 0.5, "y_val to fit, pass more rows, or set"),
    ],
    ids=["two of each class", "labels", "one row"],
)
def test_the_number_of_rows_that_can_be_set_aside_is_told(labels, fraction, remedy):
    target = TARGET if labels.ndim == 1 else Multilabel(np.arange(2))
    with pytest.raises(ValueError, match=remedy):
        hold_out(LabelledRows(X[: len(labels)], labels, None), target, fraction, seed=0)


def test_a_class_of_one_row_is_refused_by_its_label():
    names = np.array(["cat"] * 5 + ["dog"] * 4 + ["owl"])
    rule = (
        r"^early_stopping=True sets .* takes 2 rows of a class, but there is only 1 of "
        r"\['owl'\]\. Pass X_val and y_val to .*, or set early_stopping=False\.$"
    )
    for fraction in (0.3, 3, 5):
        with pytest.raises(ValueError, match=rule):
            hold_out(LabelledRows(X, names, None), fit_classes(names, None), fraction, seed=0)


def test_a_thousand_classes_of_one_row_are_named_in_a_line():
    classes = np.array([f"class {k}" for k in range(1000)])
    labels = np.append(np.repeat(classes[:1], 1001), classes[1:])
    rows, target = LabelledRows(np.zeros((2000, 1)), labels, None), fit_classes(labels, None)
    with pytest.raises(ValueError, match=r"only 1 of \['class 1', .*, and 994 more\]") as told:
        hold_out(rows, target, 0.1, seed=0)
    assert len(str(told.value)) < 400


# -- digits that float32 does not hold ----------------------------------------------------


@pytest.mark.parametrize(
    "as_given",
    [np.asarray, pd.DataFrame, lambda X: X.astype(np.int64)],
    ids=["floats", "frame", "integers"],
)
def test_columns_that_float32_makes_constant_are_told(as_given):
    seconds = 1_700_000_000 + np.arange(40.0)
    X = np.c_[np.arange(40.0), seconds, np.full(40, 2.0**40), np.full(40, 2.0**30)]
    message = (
        r"^columns \[1\] of X hold numbers that are so close .*, such as 1700000000\.0, that "
        r"float32 can hardly tell them apart: centre them first, .* with StandardScaler$"
    )
    with pytest.warns(UserWarning, match=message):
        warn_of_lost_digits(as_given(X), X.astype(np.float32))


def test_a_frames_column_that_float32_makes_constant_is_told_by_its_name():
    frame = pd.DataFrame({"room": np.arange(40.0), "time": 1_700_000_000 + np.arange(40.0)})
    with pytest.warns(UserWarning, match=r"^columns \['time'\] of X hold"):
        warn_of_lost_digits(frame, frame.to_numpy(np.float32))


def test_columns_that_float32_holds_are_not(recwarn):
    X = np.c_[np.arange(40.0), np.full(40, 1e9), np.arange(40) * 1e-30, 1e6 + np.arange(40)]
    warn_of_lost_digits(X, X.astype(np.float32))
    # What is of float32 has lost nothing by a cast; images and sparse rows are not looked at.
    near = 2.0**30 + 64 * np.arange(8.0).reshape(4, 2)
    for rows in (near, near.reshape(2, 2, 2), sp.csr_array(near)):
        warn_of_lost_digits(rows.astype(np.float32), rows.astype(np.float32))
        if rows is not near:
            warn_of_lost_digits(rows, rows.astype(np.float32))
    assert not recwarn


def test_masked_values_are_refused_by_name_and_number():
    masked = np.ma.masked_greater(X, 15)
    with pytest.raises(
        ValueError, match=r"^y is a masked array, and 4 of its 20 values .*y\.fi"
    ):
        check_not_masked(X=X, y=masked)
    check_not_masked(X=np.ma.array(X), y=Y.tolist(), sample_weight=None)
