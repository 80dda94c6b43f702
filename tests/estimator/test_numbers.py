"""Numbers as targets: their units, and what is refused; without a network."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from skdnn._estimator.numbers import Numbers, check_numeric, fit_numbers

Y = np.array([1.0, 3.0, 5.0, 7.0])


def learn(y, weight=None, *, standardize=True, positive=False, **more):
    return fit_numbers(
        np.asarray(y), weight, standardize=standardize, positive=positive, **more
    )


@pytest.mark.parametrize("factor", [1, 1e6, 1e-6, 1e30, 1e-30, -3])
@pytest.mark.parametrize("offset", [0, 1e5])
def test_numbers_of_any_size_have_mean_0_and_spread_1_and_come_back(factor, offset):
    y = factor * (Y + offset)
    target = learn(y)
    encoded = target.encode(y, None)
    assert encoded.shape == (4, 1)
    assert encoded.dtype == np.float32
    np.testing.assert_allclose([encoded.mean(), encoded.std()], [0, 1], atol=1e-6)
    np.testing.assert_allclose(target.decode(encoded), y, rtol=1e-6)


@pytest.mark.parametrize(
    "y", [Y, Y[:, None], np.c_[Y, 10 * Y], Y.astype(int), Y.astype(np.float32), Y > 3]
)
def test_answers_have_the_shape_of_the_targets(y):
    target = learn(y)
    answers = target.decode(target.encode(y, None))
    assert answers.shape == y.shape
    assert answers.dtype == np.float64
    np.testing.assert_allclose(answers, y, atol=1e-5)


def test_each_column_has_units_of_its_own():
    target = learn(np.c_[Y, 1e6 * Y + 3])
    np.testing.assert_allclose(target.encode(np.c_[Y, 1e6 * Y + 3], None).std(axis=0), 1)
    np.testing.assert_allclose(target.shift, [4, 4e6 + 3])


@pytest.mark.parametrize("positive", [False, True])
def test_a_weight_of_2_is_a_repeated_row_and_one_of_0_has_no_say(positive):
    weight = np.array([1.0, 2.0, 0.0, 3.0])
    y = np.where(weight > 0, Y, 1e300)
    weighted, repeated = (
        learn(y, 1e200 * weight, positive=positive),
        learn(Y.repeat(weight.astype(int)), positive=positive),
    )
    np.testing.assert_allclose(weighted.shift, repeated.shift)
    np.testing.assert_allclose(weighted.scale, repeated.scale)
    assert weighted.encode(y, weight)[2] == 0


def test_counts_are_scaled_and_not_shifted():
    target = learn(1000 * Y, positive=True)
    assert target.output == (1, "exponential")
    np.testing.assert_array_equal(target.encode(np.array([0.0, 4000.0]), None), [[0], [1]])
    assert learn(np.zeros(3), positive=True, incremental=True).scale == [1]
    assert 0 < learn(np.zeros(3), positive=True).decode(np.ones((1, 1), np.float32)) < 1e-5
    with pytest.raises(ValueError, match=r"^loss='poisson' is for counts.* y holds -1\.0; "):
        learn(Y - 2, positive=True)
    with pytest.raises(ValueError, match=r"^loss='poisson' .* y holds -1\.0; "):
        target.encode(Y - 2, None)


def test_numbers_may_stay_as_they_are():
    target = learn(Y, standardize=False)
    np.testing.assert_array_equal(target.encode(Y, None)[:, 0], Y)
    assert target.output == (1, "linear")


@pytest.mark.parametrize("value", [0.0, 3.0, -3e5, 3e-7, 1e-36, 0.1 + 0.2])
def test_a_constant_is_answered_whatever_a_network_says(value):
    target = learn(np.full(7, value))
    said = np.array([[-2.0], [2.0]], np.float32)
    np.testing.assert_allclose(target.decode(said), value, rtol=1e-4, atol=1e-5)


def test_the_first_of_more_rows_need_not_be_a_constant():
    first = learn(np.array([3e5]), incremental=True)
    assert abs(first.encode(np.array([2e5, 5e5]), None)).max() < 1


@pytest.mark.parametrize("positive", [False, True])
@pytest.mark.parametrize("value", [0.0, 3e5])
def test_units_of_a_constant_are_widened_by_other_numbers(value, positive):
    fitted = learn(np.full(3, value), positive=positive)
    weight = np.array([1.0, 2.0, 1.0, 0.0])
    more = fitted.updated(np.array([2e5, 4e5, 3e5, 1e300]), weight)
    np.testing.assert_array_equal(more.shift, fitted.shift)
    assert abs(more.encode(np.array([2e5, 5e5]), None)).max() < 5
    same = fitted.updated(np.full(3, value), None)
    np.testing.assert_array_equal(same.scale, fitted.scale)


def test_other_units_stay_those_of_the_first_numbers():
    first = learn(np.c_[Y, np.full(4, 7.0)])
    more = first.updated(100 * np.c_[Y, Y], None)
    np.testing.assert_array_equal(more.shift, first.shift)
    assert more.scale[0] == first.scale[0]
    assert more.scale[1] > 100


@pytest.mark.parametrize(
    ("y", "message"),
    [
        ([1.0, 1e39], r"within float32's range, ±3\.4e\+38, got 1e\+39: divide"),
        ([1.0, np.longdouble("1e400")], r"within float32's range, .* got .*: divide it"),
        ([1.0, -1e300], r"within float32's range, .* got -1e\+300: divide"),
        ([1e-42, 3e-42], r"spread, 1\.\d*e-42, is below what float32 holds: multiply"),
    ],
)
def test_what_float32_cannot_hold_is_refused(y, message):
    with pytest.raises(ValueError, match=f"^y .*{message}"):
        learn(y)


def test_later_numbers_are_held_to_the_first():
    one, columns = learn(Y), learn(np.c_[Y, Y])
    with pytest.raises(ValueError, match=r"one number per row, got shape \(4, 2\)$"):
        one.encode(np.c_[Y, Y], None)
    with pytest.raises(ValueError, match=r"2 numbers per row in 2 columns, got shape \(4,\)$"):
        columns.encode(Y, None)
    with pytest.raises(ValueError, match=r"1 number per row in 1 column, got shape \(4, 2\)$"):
        learn(Y[:, None]).encode(np.c_[Y, Y], None)
    for first, later in ((Y, Y[:, None]), (Y[:, None], Y)):  # the same numbers, flat or not
        target = learn(first)
        np.testing.assert_array_equal(target.encode(later, None), target.encode(first, None))
    with pytest.raises(ValueError, match=r"holds 7e\+30, which is too far .* warm_start=False"):
        learn(1e-30 * Y).encode(1e30 * Y, None)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (["1", "2"], r"got '1' of dtype <U1; labels are for KerasDNNClassifier$"),
        (np.array([1, "cat", 2], object), "got 'cat' of type str$"),
        ([1.0, None], "got None of type NoneType$"),
        (pd.Series([1, pd.NA, 2]), "got <NA> of type NAType$"),
        (np.arange(3).astype("M8[D]"), r"got '1970-01-01' of dtype datetime64\[D\]"),
        ([1, 10**400], r"within float32's range, .* got 10+ \.\.\. 0+: divide it by a power"),
        (sp.csr_array(Y[:, None]), r"dense, got a sparse matrix: pass y\.toarray\(\)$"),
    ],
    ids=["text", "text among numbers", "None", "NA", "dates", "an endless integer", "sparse"],
)
def test_what_is_no_number_is_told(y, message):
    with pytest.raises(ValueError, match=f"^y must .*{message}"):
        check_numeric(y)


@pytest.mark.parametrize("y", [Y, Y.tolist(), Y.astype(object), pd.Series(Y), Y > 2, None, 3])
def test_numbers_are_not(y):
    check_numeric(y)


def test_infinite_outputs_are_no_answers():
    outputs = np.array([[0.0, 1], [np.inf, 2], [0, -np.inf]], np.float32)
    with pytest.raises(
        ValueError, match=r"infinite for 2 of 3 rows, the first at 1: .* float32"
    ):
        learn(np.c_[Y, Y]).decode(outputs)


RECORD = learn(np.c_[Y, Y]).record()


def test_a_record_is_all_of_a_target():
    Numbers.check_record(RECORD)
    assert Numbers.output_of(RECORD) == (2, "linear")
    again, y = Numbers.from_record(RECORD), np.c_[Y, Y]
    np.testing.assert_array_equal(again.encode(y, None), learn(y).encode(y, None))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"output_activation": "softmax"}, "output_activation must be one of"),
        ({"one_dimensional": 0}, "one_dimensional must be a bool"),
        ({"one_dimensional": True}, "must hold a number per output"),
        ({"shift": [0.0]}, "shift must be a one-dimensional ndarray of finite float64"),
        ({"scale": np.ones(2, np.float32)}, "scale must be a one-dimensional ndarray"),
        ({"scale": np.array([1, np.inf])}, "scale must be a one-dimensional ndarray"),
        ({"scale": np.ones(3)}, "must hold a number per output"),
        ({"scale": np.array([1.0, 0])}, "scale must be positive"),
        ({"scale": np.array([1.0, 1e-39])}, "scale must be within float32's range"),
        ({"scale": np.array([1e39, 1])}, "scale must be within float32's range"),
        ({"shift": np.array([0, -1e39])}, "shift must be within float32's range"),
        ({"output_activation": "exponential"}, "shift must be 0"),
    ],
    ids=str,
)
def test_a_forged_record_is_refused_by_name(change, message):
    with pytest.raises(ValueError, match=message):
        Numbers.check_record(RECORD | change)


@pytest.mark.parametrize("positive", [False, True])
@pytest.mark.parametrize("weight", [None, np.array([0.1, 0.2, 0.3])])
def test_the_record_of_numbers_at_the_ends_of_float32_is_taken(positive, weight):
    largest, least = np.finfo(np.float32).max, 2 * np.finfo(np.float32).tiny
    for y in ([largest] * 3, [largest, 0, largest], [0, 0, least * 9], [least] * 3):
        Numbers.check_record(learn(y, weight, positive=positive).record())
    Numbers.check_record(learn([-largest, largest, largest], weight).record())
