"""Labels and weights as numbers."""

import re
from fractions import Fraction

import numpy as np
import pytest

from skdnn._estimator.classes import (
    Classes,
    Multilabel,
    check_same_classes,
    fit_classes,
    row_weights,
    target_of_classes,
)
from skdnn._estimator.labels import is_multilabel
from skdnn._estimator.targets import validate_sample_weight


@pytest.mark.parametrize(
    "y",
    [np.array([3, -1, 3]), np.array(["b", "a", "b"]), np.array(["b", "a", "b"], object)],
    ids=["int", "str", "object"],
)
def test_numbers_are_places_among_sorted_classes(y):
    target = fit_classes(y, None)
    numbers = target.encode(y, None)
    np.testing.assert_array_equal(numbers, [1, 0, 1])
    assert numbers.dtype == np.int32
    assert type(target) is Classes
    np.testing.assert_array_equal(target.decode(np.eye(2, dtype=np.float32)[numbers]), y)


def test_classes_that_the_caller_knows_are_sorted():
    target = fit_classes(np.array([1]), None, [2, 0, 1])
    np.testing.assert_array_equal(target.classes, [0, 1, 2])


def test_continuous_targets_are_refused():
    with pytest.raises(ValueError, match="Unknown label type: continuous"):
        fit_classes(np.array([0.5, 1.25, 2.5]), None)


@pytest.mark.parametrize(
    ("y", "weight", "message"),
    [
        ([5, 5], None, r"^a classifier needs at least 2 classes .* got 1 class: \[5\]$"),
        ([5, 7], [1.0, 0.0], r"at least 2 classes of rows with positive weight, .*: \[5\]$"),
        (
            [[1, 2], [3, 4]],
            None,
            "^y must have one column, .*'multiclass-multioutput' in 2 col",
        ),
        ([[0.5, 1], [2, 3]], None, r"^Unknown label type: continuous-multioutput.* values\.$"),
    ],
    ids=["one class", "one class that counts", "two columns", "two columns of numbers"],
)
def test_targets_without_a_choice_of_one_class_are_refused(y, weight, message):
    with pytest.raises(ValueError, match=message):
        fit_classes(np.array(y), None if weight is None else np.array(weight))


def test_two_columns_of_classes_are_refused_later_too():
    with pytest.raises(
        ValueError, match=r"^y must hold one class per row, got shape \(1, 2\)$"
    ):
        Classes(np.array([0, 1])).encode(np.array([[0, 1]]), None)


def test_one_hot_labels_for_known_classes_are_refused_with_the_remedy():
    one_hot = np.eye(3)[[0, 1, 2, 0, 1]]
    for classes, remedy in (
        ([0, 1, 2], r"pass y.argmax\(axis=1\)"),
        (["cat", "dog", "owl"], "pass labels as 'cat', not columns"),
    ):
        with pytest.raises(ValueError, match=rf"shape \(5, 3\); it looks one-hot: {remedy}$"):
            Classes(np.array(classes)).encode(one_hot, None)


def test_labels_of_another_kind_are_unknown():
    with pytest.raises(ValueError, match=r"labels \['a'\] that are not in classes \[0, 1\]"):
        Classes(np.array([0, 1])).encode(np.array(["a"]), None)


def test_rows_of_zero_weight_have_no_say():
    y, weight = np.array([5, 7, 9, 7]), np.array([1.0, 0.0, 2.0, 0.0])
    target = fit_classes(y, weight)
    np.testing.assert_array_equal(target.classes, [5, 9])
    np.testing.assert_array_equal(target.encode(y, weight), [0, 0, 1, 0])


def test_one_output_is_the_probability_of_the_second_class():
    one = np.array([[0.25], [1.0]], np.float32)
    found = Classes(np.array(["a", "b"])).probabilities(one)
    np.testing.assert_array_equal(found, [[0.75, 0.25], [0, 1]])
    assert found.dtype == np.float32
    each = np.array([[0.25, 0.75]], np.float32)
    for target, outputs in (
        (Classes(np.arange(2)), each),
        (Multilabel(np.arange(2)), each),
        (Multilabel(np.arange(1)), one),
    ):
        np.testing.assert_array_equal(target.probabilities(outputs), outputs)


@pytest.mark.parametrize(
    ("target", "record", "output"),
    [
        (Classes(np.array(["a", "b"])), {"n_classes": 2, "multilabel": False}, (1, "sigmoid")),
        (Classes(np.arange(3)), {"n_classes": 3, "multilabel": False}, (3, "softmax")),
        (Multilabel(np.arange(1)), {"n_classes": 1, "multilabel": True}, (1, "sigmoid")),
        (Multilabel(np.arange(3)), {"n_classes": 3, "multilabel": True}, (3, "sigmoid")),
    ],
    ids=["two classes", "three classes", "one label", "three labels"],
)
def test_a_record_and_the_classes_are_all_of_a_target(target, record, output):
    assert target.record() == record
    assert target.output == output
    Classes.check_record(record)
    Classes.check_attributes({"classes_": target.classes}, record)
    again = target_of_classes(target.classes, record["multilabel"])
    assert type(again) is type(target)
    np.testing.assert_array_equal(again.classes, target.classes)


@pytest.mark.parametrize(
    ("n_classes", "multilabel", "message"),
    [
        (1, False, r"n_classes must be an int from 2, got 1$"),
        (0, True, r"n_classes must be an int from 1, got 0$"),
        (3.0, False, r"n_classes must be an int from 2, got 3\.0$"),
        (3, 0, r"multilabel must be a bool, got 0$"),
    ],
)
def test_a_forged_record_is_refused_by_name(n_classes, multilabel, message):
    with pytest.raises(ValueError, match=f": {message}"):
        Classes.check_record({"n_classes": n_classes, "multilabel": multilabel})


def test_a_record_of_more_classes_than_there_are_is_refused():
    with pytest.raises(ValueError, match=r": classes_ must hold 3 labels, got \['a', 'b'\]$"):
        Classes.check_attributes({"classes_": ["a", "b"]}, {"n_classes": 3})


def test_the_first_of_equally_probable_classes_is_chosen():
    target = Classes(np.array(["a", "b"]))
    tie = np.full((1, 2), 0.5, np.float32)
    assert target.decode(tie).tolist() == ["a"]
    assert Multilabel(np.arange(2)).decode(tie).tolist() == [[0, 0]]


def test_columns_of_zeros_and_ones_are_labels():
    Y = np.array([[0, 1, 1], [0, 0, 0]])
    target = fit_classes(Y, None)
    assert type(target) is Multilabel
    np.testing.assert_array_equal(target.classes, [0, 1, 2])
    np.testing.assert_array_equal(target.encode(Y, None), Y)
    assert target.encode(Y.astype(float), None).dtype == np.int32
    labels = target.decode(Y.astype(np.float32))
    np.testing.assert_array_equal(labels, Y)
    assert labels.dtype == int


def test_classes_of_columns_are_their_numbers():
    Y = np.array([[0, 1], [1, 1]])
    np.testing.assert_array_equal(fit_classes(Y, None, [0, 1]).classes, [0, 1])
    rule = r"classes must be the numbers of the columns, \[0, 1\], got \[0, 2\]$"
    with pytest.raises(ValueError, match=rule):
        fit_classes(Y, None, [0, 2])
    one_hot = np.eye(2, dtype=int)[[0, 1, 1, 0, 1]]
    with pytest.raises(ValueError, match=r"got \['a', 'b'\]; .* pass y.argmax\(axis=1\)$"):
        fit_classes(one_hot, None, ["a", "b"])


@pytest.mark.parametrize(
    ("Y", "values"), [([[0, 1, 1]], "0, 1"), ([[0, 2], [1, 1]], "0, 1, 2"), ([0, 1], "0, 1")]
)
def test_other_columns_are_refused(Y, values):
    target = Multilabel(np.arange(2))
    rule = "y must hold zeros and ones in 2 columns, one per label, got shape"
    with pytest.raises(ValueError, match=rf"^{rule} .* and values \[{values}\]$"):
        target.encode(np.array(Y), None)


@pytest.mark.parametrize(
    ("y", "expected"),
    [
        ([[0, 1], [1, 1]], True),
        ([[0, np.inf], [1, 1]], False),
        ([[0], [1]], False),
        ([[0, 2], [1, 1]], False),
        ([0, 1], False),
        (None, False),
        ([[0, 1], [1]], False),
    ],
)
def test_what_is_multilabel(y, expected):
    assert is_multilabel(y) is expected


def test_weights_multiply():
    weights = row_weights(
        np.array([1.0, 2.0, 3.0]), {"a": 10}, np.array(["a", "b"]), np.array([0, 1, 0])
    )
    np.testing.assert_array_equal(weights, np.array([10, 2, 30], np.float32))
    assert weights.dtype == row_weights(np.ones(2), None, None, None).dtype == np.float32


@pytest.mark.parametrize("factor", [2.0**-1000, 1e-60, 1e-19, 1.0, 1e19, 1e60, 2.0**1000])
def test_a_factor_common_to_all_weights_changes_no_digit(factor):
    given = np.array([1.0, 0.0, 3.0, 1 / 3])
    weights = row_weights(given * factor, None, None, None)
    assert weights.dtype == np.float32
    assert 2.0**-61 < weights.max() < 2.0**61  # sums over millions are within float32
    np.testing.assert_allclose(weights / weights[2], given / 3, rtol=1e-6)


def test_weights_that_float32_can_hold_stay_as_they_are():
    for given in (np.array([0.25, 7.0]), np.array([2.0**59, 1.0]), np.array([2.0**-59, 0.0])):
        np.testing.assert_array_equal(row_weights(given, None, None, None), given)


@pytest.mark.parametrize("factor", [1e-60, 1.0, 1e15, 1e60])
def test_a_weight_below_1e_30_of_the_largest_is_nothing(factor):
    weights = row_weights(np.array([1.0, 1e-31, 1e-29, 0]) * factor, None, None, None)
    np.testing.assert_allclose(weights / weights[0], [1, 0, 1e-29, 0], rtol=1e-6)


def test_products_of_weights_are_within_range_too():
    classes, numbers = np.array(["a", "b"]), np.array([0, 1])
    for class_weight in ({"a": 1e200, "b": 2e200}, {"a": 1e-200, "b": 2e-200}):
        weights = row_weights(np.array([1e200, 3e200]), class_weight, classes, numbers)
        np.testing.assert_allclose(weights / weights[0], [1, 6], rtol=1e-6)
        assert 2.0**-61 < weights.max() < 2.0**61


def test_class_weights_may_be_any_numbers():
    classes, numbers = np.array(["a", "b"]), np.array([0, 1])
    for class_weight in ({"a": Fraction(1, 2)}, {"a": 10**30, "b": 2 * 10**30}):
        weights = row_weights(None, class_weight, classes, numbers)
        assert weights[1] == 2 * weights[0]


def test_balanced_counts_the_weights():
    numbers = np.array([0, 0, 0, 1])
    weights = row_weights(np.array([1.0, 1, 0, 1]), "balanced", np.array([5, 6]), numbers)
    np.testing.assert_allclose(weights, [0.75, 0.75, 0, 1.5])
    weights = row_weights(np.array([1.0, 1, 0, 4]), "balanced", np.array([5, 6]), numbers)
    np.testing.assert_allclose(weights, [1.5, 1.5, 0, 3])  # the same sum for each class


def test_balanced_with_a_class_whose_rows_weigh_nothing():
    weight, numbers = np.array([1.0, 1, 2, 0]), np.array([0, 0, 1, 2])
    weights = row_weights(weight, "balanced", np.array([5, 6, 7]), numbers)
    np.testing.assert_allclose(weights, weight)


@pytest.mark.parametrize(
    ("class_weight", "message"),
    [
        ({"a": 1, "c": 2}, r"names labels \['c'\] that are not in y and leaves out \['b'\]$"),
        ({"a": -1.0}, r"^class_weight must hold non-negative numbers, got \{'a': -1.0\}$"),
        ({"a": np.inf}, "^class_weight must hold non-negative numbers"),
        ({"a": 0, "b": 0}, r"^class_weight=\{'a': 0, 'b': 0\} leaves no row with a positive"),
    ],
)
def test_class_weights_that_make_no_sense_are_refused(class_weight, message):
    with pytest.raises(ValueError, match=message):
        row_weights(None, class_weight, np.array(["a", "b"]), np.array([0, 1]))


def test_a_class_may_weigh_nothing_or_little_and_others_may_be_named():
    labels, numbers = np.array(["a", "b"]), np.array([0, 1])
    for class_weight in ({"a": 0}, {"a": 0, "b": 1, "c": 9}):
        np.testing.assert_array_equal(row_weights(None, class_weight, labels, numbers), [0, 1])
    np.testing.assert_array_equal(row_weights(None, {"a": 0.25}, labels, numbers), [0.25, 1])


def test_class_weights_need_one_class_a_row():
    rule = (
        r"^class_weight='balanced' can't .* multilabel .*has no one class; weigh rows by "
        r"sample_weight"
    )
    with pytest.raises(ValueError, match=rf"{rule}$"):
        row_weights(None, "balanced", np.arange(2), np.array([[0, 1]]))
    one_hot = np.eye(2, dtype=np.int32)[[0, 1, 1, 0, 1]]
    remedy = r"; one-hot labels become classes by y.argmax\(axis=1\)"
    with pytest.raises(ValueError, match=rf"{rule}{remedy}$"):
        row_weights(None, "balanced", np.arange(2), one_hot)


def test_balanced_with_a_class_that_is_missing_from_the_chunk():
    numbers = np.array([0, 0, 2])
    weights = row_weights(None, "balanced", np.array([5, 6, 7]), numbers)
    np.testing.assert_allclose(weights, [0.75, 0.75, 1.5])


def test_sample_weights_are_doubles_one_per_row_and_not_negative():
    X = np.zeros((3, 2))
    assert validate_sample_weight(None, X) is None
    weights = validate_sample_weight(np.array([1, 0, 2], np.float32), X)
    np.testing.assert_array_equal(weights, [1, 0, 2])
    assert weights.dtype == np.float64
    with pytest.raises(ValueError, match="Negative values in data passed to `sample_weight`"):
        validate_sample_weight([1, -1, 2], X)
    with pytest.raises(ValueError, match=r"sample_weight.shape == \(2,\), expected \(3,\)"):
        validate_sample_weight([1, 1], X)


def test_classes_named_again_must_be_those_of_the_first_call():
    check_same_classes(None, np.array([0, 1]))
    check_same_classes([1, 0, 1], np.array([0, 1]))
    with pytest.raises(ValueError, match=r"classes=\[0, 2\] is not the same .*: \[0, 1\]"):
        check_same_classes([0, 2], np.array([0, 1]))


def test_messages_with_a_thousand_classes_stay_short():
    many = np.array([f"class {k}" for k in range(1000)])
    target, numbers = Classes(many), np.arange(1000)
    other = np.char.add("other ", np.repeat(many, 2))
    weights = {**dict.fromkeys(many[:-1], -1), **dict.fromkeys(other, 1)}
    columns = Multilabel(np.arange(1000))
    for call in (
        lambda: target.encode(other, None),
        lambda: check_same_classes(other, many),
        lambda: fit_classes(np.eye(1000, dtype=int), None, many),
        lambda: columns.encode(np.arange(10**6).reshape(1000, 1000), None),
        lambda: row_weights(None, weights, many, numbers),
        lambda: row_weights(None, dict.fromkeys(many, -1), many, numbers),
        lambda: row_weights(None, dict.fromkeys(many, 0), many, numbers),
        lambda: row_weights(None, dict.fromkeys(many, 1), many, np.eye(1000, dtype=np.int32)),
    ):
        with pytest.raises(ValueError, match=r".") as told:
            call()
        assert len(str(told.value)) < 400


@pytest.mark.parametrize("classes", [3, "abc", {"a", "b"}, [["a", "b"]], None])
def test_classes_are_a_list_of_labels(classes):
    if classes is None:
        check_same_classes(None, np.array(["a", "b"]))
    else:
        rule = f"classes must be a list of all labels, got classes={classes!r}"
        with pytest.raises(ValueError, match=f"^{re.escape(rule)}$"):
            check_same_classes(classes, np.array(["a", "b"]))


def test_missing_labels_among_the_classes_are_refused_by_name():
    with pytest.raises(ValueError, match=r"^Input classes contains NaN\."):
        check_same_classes(["a", None], np.array(["a", "b"]))


@pytest.mark.parametrize("weight", ["2", None, np.nan, -1, "balanced", [1]], ids=repr)
def test_class_weights_are_numbers_and_wrong_ones_are_named(weight):
    rule = r"^class_weight must hold non-negative numbers, got \{'b': .*\}$"
    with pytest.raises(ValueError, match=rule):
        row_weights(None, {"a": 1, "b": weight}, np.array(["a", "b"]), np.array([0, 1]))
