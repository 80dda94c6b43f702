"""Labels and weights as numbers."""

import numpy as np
import pytest

from skdnn._targets import class_numbers, find_classes, row_weights


@pytest.mark.parametrize(
    "y",
    [np.array([3, -1, 3]), np.array(["b", "a", "b"]), np.array(["b", "a", "b"], object)],
    ids=["int", "str", "object"],
)
def test_numbers_are_places_among_sorted_classes(y):
    classes = find_classes(y)
    np.testing.assert_array_equal(class_numbers(y, classes), [1, 0, 1])
    np.testing.assert_array_equal(classes[class_numbers(y, classes)], y)


def test_classes_that_the_caller_knows_are_sorted():
    np.testing.assert_array_equal(find_classes(np.array([1]), [2, 0, 1]), [0, 1, 2])


def test_continuous_targets_are_refused():
    with pytest.raises(ValueError, match="Unknown label type: continuous"):
        find_classes(np.array([0.5, 1.25, 2.5]))


def test_labels_of_another_kind_are_unknown():
    with pytest.raises(ValueError, match=r"labels \['a'\] that are not in classes \[0, 1\]"):
        class_numbers(np.array(["a"]), np.array([0, 1]))


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
