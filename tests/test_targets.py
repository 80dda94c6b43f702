"""Labels and weights as numbers."""

import numpy as np
import pytest

from skdnn._targets import (
    Coding,
    check_same_classes,
    checked_sample_weight,
    is_multilabel,
    row_weights,
)


@pytest.mark.parametrize(
    "y",
    [np.array([3, -1, 3]), np.array(["b", "a", "b"]), np.array(["b", "a", "b"], object)],
    ids=["int", "str", "object"],
)
def test_numbers_are_places_among_sorted_classes(y):
    coding = Coding.learn(y, None)
    numbers = coding.numbers(y, None)
    np.testing.assert_array_equal(numbers, [1, 0, 1])
    np.testing.assert_array_equal(coding.labels(np.eye(2, dtype=np.float32)[numbers]), y)


def test_classes_that_the_caller_knows_are_sorted():
    coding = Coding.learn(np.array([1]), None, [2, 0, 1])
    np.testing.assert_array_equal(coding.classes, [0, 1, 2])


def test_continuous_targets_are_refused():
    with pytest.raises(ValueError, match="Unknown label type: continuous"):
        Coding.learn(np.array([0.5, 1.25, 2.5]), None)


def test_labels_of_another_kind_are_unknown():
    with pytest.raises(ValueError, match=r"labels \['a'\] that are not in classes \[0, 1\]"):
        Coding(np.array([0, 1]), multilabel=False).numbers(np.array(["a"]), None)


def test_rows_of_zero_weight_have_no_say():
    y, weight = np.array([5, 7, 9, 7]), np.array([1.0, 0.0, 2.0, 0.0])
    coding = Coding.learn(y, weight)
    np.testing.assert_array_equal(coding.classes, [5, 9])
    np.testing.assert_array_equal(coding.numbers(y, weight), [0, 0, 1, 0])


def test_the_first_of_equally_probable_classes_is_chosen():
    coding = Coding(np.array(["a", "b"]), multilabel=False)
    tie = np.full((1, 2), 0.5, np.float32)
    assert coding.labels(tie).tolist() == ["a"]
    assert Coding(np.arange(2), multilabel=True).labels(tie).tolist() == [[0, 0]]


def test_columns_of_zeros_and_ones_are_labels():
    Y = np.array([[0, 1, 1], [0, 0, 0]])
    coding = Coding.learn(Y, None)
    assert coding.multilabel
    np.testing.assert_array_equal(coding.classes, [0, 1, 2])
    np.testing.assert_array_equal(coding.numbers(Y, None), Y)
    np.testing.assert_array_equal(coding.labels(Y.astype(np.float32)), Y)


@pytest.mark.parametrize(
    ("y", "expected"),
    [
        ([[0, 1], [1, 1]], True),
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


def test_balanced_counts_the_weights():
    numbers = np.array([0, 0, 0, 1])
    weights = row_weights(np.array([1.0, 1, 0, 1]), "balanced", np.array([5, 6]), numbers)
    np.testing.assert_allclose(weights, [0.75, 0.75, 0, 1.5])


def test_balanced_with_a_class_that_is_missing_from_the_chunk():
    numbers = np.array([0, 0, 2])
    weights = row_weights(None, "balanced", np.array([5, 6, 7]), numbers)
    np.testing.assert_allclose(weights, [0.75, 0.75, 1.5])


def test_sample_weights_are_doubles_one_per_row_and_not_negative():
    X = np.zeros((3, 2))
    assert checked_sample_weight(None, X) is None
    weights = checked_sample_weight([1, 0, 2], X)
    np.testing.assert_array_equal(weights, [1, 0, 2])
    assert weights.dtype == np.float64
    with pytest.raises(ValueError, match="Negative values in data passed to `sample_weight`"):
        checked_sample_weight([1, -1, 2], X)
    with pytest.raises(ValueError, match=r"sample_weight.shape == \(2,\), expected \(3,\)"):
        checked_sample_weight([1, 1], X)


def test_classes_named_again_must_be_those_of_the_first_call():
    check_same_classes(None, np.array([0, 1]))
    check_same_classes([1, 0, 1], np.array([0, 1]))
    with pytest.raises(ValueError, match=r"classes=\[0, 2\] is not the same .*: \[0, 1\]"):
        check_same_classes([0, 2], np.array([0, 1]))
