"""What it means that two searches have found the same."""

import numpy as np


def assert_same_search(search, expected):
    """Compare scores of all candidates and the best one's weights, bit for bit."""
    np.testing.assert_array_equal(
        search.cv_results_["mean_test_score"], expected.cv_results_["mean_test_score"]
    )
    weights, wanted = (
        each.best_estimator_._fitted_state["weights"] for each in (search, expected)
    )
    for a, b in zip(weights, wanted, strict=True):
        np.testing.assert_array_equal(a, b)
