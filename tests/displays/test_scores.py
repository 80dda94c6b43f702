from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge, RidgeClassifierCV
from sklearn.model_selection import GridSearchCV

from skdnn.displays._scores import (
    best_first,
    check_refitted,
    check_searched,
    fold_scores_of,
    ranks_of,
    rounds_of,
    score_name_of,
    scorer_of,
    validate_score_name,
)


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


def test_a_winner_must_be_refitted(searched):
    search = searched({"a": [1]}, [[0.5]], refit=False)
    with pytest.raises(
        ValueError, match=r"^search must have a refitted winner, got a search with refit=False$"
    ):
        check_refitted(search)
    with pytest.raises(NotFittedError, match="got a GridSearchCV"):
        check_refitted(GridSearchCV(RidgeClassifierCV(), {}))

    search.best_estimator_ = Ridge()
    check_refitted(search)


def test_a_score_may_be_called_anything_but_another_metric(searched):
    search = searched({"a": [1]}, [[0.5]], scoring=["recall", "f1"], refit="recall")
    search.cv_results_["mean_test_recall"] = search.cv_results_["mean_test_f1"] = [0.5]

    assert validate_score_name(search, None) == "recall"
    assert validate_score_name(search, "recall") == "recall"
    assert validate_score_name(search, "share found") == "share found"
    message = (
        r"^score_name is what the scores are called, and those of refit='recall' are taken; "
        r"got score_name='f1', another metric\. For its scores, set search\.refit to its name$"
    )
    with pytest.raises(ValueError, match=message):
        validate_score_name(search, "f1")


def test_candidates_are_ranked_by_their_means_and_failed_ones_come_last(searched):
    scores = [[0.5, 0.5], [0.6, 1.0], [np.nan, 1.0], [0.9, 0.7], [0.0, 0.1]]
    search = searched({"a": [1, 2, 3, 1.00001, 5]}, scores)  # two are written as 1

    assert rounds_of(search).tolist() == [0, 0, 0, 0, 0]
    assert ranks_of(search).tolist() == [3, 1, 5, 1, 4]
    assert best_first(search) == [1, 3, 0, 4, 2]


def test_the_last_round_of_a_halving_search_comes_first_whatever_the_scores(searched):
    tried = [(1, 2, 0), (2, 2, 0), (3, 2, 0), (2, 6, 1), (1, 6, 1)]
    scores = [[0.9, 0.8], [0.7, 0.8], [0.5, 0.6], [0.6, 0.7], [0.5, 0.4]]
    search = searched([{"a": [a], "epochs": [epochs]} for a, epochs, _ in tried], scores)
    search.cv_results_["iter"] = [last for _, _, last in tried]
    search.n_resources_, search.resource = [2, 6], "epochs"

    assert rounds_of(search).tolist() == [0, 0, 0, 1, 1]
    assert ranks_of(search).tolist() == [3, 4, 5, 1, 2]
    assert best_first(search) == [3, 4, 2]  # what went on is there once
