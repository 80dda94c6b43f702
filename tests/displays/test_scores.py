from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge, RidgeClassifierCV
from sklearn.model_selection import GridSearchCV

from skdnn.displays._scores import check_searched, fold_scores_of, score_name_of, scorer_of


@pytest.mark.parametrize(
    ("scoring", "refit", "name"),
    [
        (None, True, "accuracy"),
        ("f1_macro", True, "f1 macro"),
        (len, True, "score"),
        (SimpleNamespace(scoring="f1_macro"), True, "f1 macro"),  # as SearchProgress.scorer
        (["recall", "top_k_accuracy"], "top_k_accuracy", "top k accuracy"),
        ("r2", True, "R²"),
        ("neg_mean_absolute_error", True, "negative mean absolute error"),
        ({"mae": "neg_mean_absolute_error", "r2": "r2"}, "mae", "mae"),
    ],
)
def test_a_score_has_the_name_of_what_was_asked_for(searched, scoring, refit, name):
    search = searched({"a": [1, 2]}, [[0.5, 0.6], [0.7, 0.8]], scoring=scoring, refit=refit)

    assert score_name_of(search) == name
    np.testing.assert_array_equal(fold_scores_of(search), [[0.5, 0.6], [0.7, 0.8]])


def test_a_regressors_own_score_is_r2(searched):
    search = searched({"a": [1, 2]}, [[0.5, 0.6], [0.7, 0.8]])
    search.estimator = Ridge()

    assert score_name_of(search) == "R²"


@pytest.mark.parametrize(
    ("scoring", "refit", "scorer"),
    [
        (None, True, "r2"),
        ("neg_log_loss", True, "neg_log_loss"),
        (SimpleNamespace(scoring="neg_log_loss"), True, "neg_log_loss"),
        ({"mae": "neg_mean_absolute_error"}, "mae", "neg_mean_absolute_error"),
        ({"mae": len}, "mae", None),
        (["r2", "max_error"], "max_error", "max_error"),
        (len, True, None),
    ],
)
def test_a_search_went_by_a_scorer(searched, scoring, refit, scorer):
    search = searched({"a": [1]}, [[0.5]], scoring=scoring, refit=refit)
    search.estimator = Ridge()

    assert scorer_of(search) == scorer


def test_an_estimator_that_has_scoring_is_no_search():
    with pytest.raises(TypeError, match=r"such as GridSearchCV .* got RidgeClassifierCV$"):
        check_searched(RidgeClassifierCV(scoring="accuracy"))


def test_a_search_must_be_fitted(searched):
    with pytest.raises(
        NotFittedError, match=r"^search must be fitted, got a GridSearchCV without cv_results_$"
    ):
        check_searched(GridSearchCV(RidgeClassifierCV(), {}))
    check_searched(searched({"a": [1]}, [[0.5]]))


def test_one_of_several_metrics_must_be_named(searched):
    search = searched({"a": [1]}, [[0.5]], refit="recall")
    search.refit = False

    with pytest.raises(ValueError, match=r"^search must have one metric, .* got refit=False$"):
        fold_scores_of(search)
