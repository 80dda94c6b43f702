"""The rule of early stopping: when a score has become no better, and what was best."""

import numpy as np
import pytest
from sklearn.dummy import DummyRegressor
from sklearn.metrics import get_scorer_names

from skdnn._estimator.classes import Classes, Multilabel
from skdnn._estimator.numbers import fit_numbers
from skdnn._estimator.rows import LabelledRows
from skdnn._estimator.stopping import StoppingRule, check_scorer, score_on, scored_by

TARGETS = {
    "two classes": Classes(np.arange(2)),
    "several classes": Classes(np.arange(3)),
    "several labels a row": Multilabel(np.arange(3)),
    "numbers": fit_numbers(np.arange(3.0), None, standardize=True, positive=False),
}


@pytest.mark.parametrize(
    ("scores", "patience", "tol", "stops_at", "best"),
    [
        ([0.1, 0.2, 0.3, 0.4], 1, 0.0, None, 4),
        ([0.5, 0.4, 0.3, 0.2], 2, 0.0, 3, 1),
        ([0.5, 0.5, 0.5, 0.5], 3, 0.0, 4, 1),
        ([0.5, 0.4, 0.6, 0.5, 0.4], 2, 0.0, 5, 3),
        ([0.0, 0.05, 0.1, 0.15], 2, 0.1, 3, 3),  # better, but not by more than tol
        ([0.0, 0.05, 0.15, 0.2], 2, 0.1, None, 4),  # small gains add up
        ([-9.0, -3.0, -2.5, -2.9], 1, 0.4, 4, 3),
        ([-np.inf, -np.inf, -np.inf, 0.1, 0.2], 2, 0.0, None, 5),  # nothing to beat yet
    ],
)
def test_the_rule_waits_for_gains_above_tol_and_knows_the_best(
    scores, patience, tol, stops_at, best
):
    rule = StoppingRule(patience, tol)
    stopped_at = None
    for epoch, score in enumerate(scores, 1):
        if rule.update(score, epoch):
            stopped_at = epoch
            break
    assert stopped_at == stops_at
    assert rule.best == rule.best_position + 1 == best


def test_a_score_that_cannot_be_compared_is_refused():
    with pytest.raises(ValueError, match=r"^scoring gave NaN on the .* two rows or more\)$"):
        StoppingRule(1, 0.0).update(np.nan, 1)


def test_what_a_scorer_raises_says_where_it_comes_from():
    X, y = np.zeros((3, 1)), np.array([0.5, 1.5, 2.5])
    fitted = DummyRegressor().fit(X, y)
    with pytest.raises(ValueError, match="continuous is not supported") as raised:
        score_on(LabelledRows(X, y, None), fitted, "accuracy")
    assert raised.value.__notes__ == ["raised by scoring='accuracy' on 3 validation rows"]


def test_a_score_counts_the_weights_of_rows_that_have_them():
    X, y = np.zeros((3, 1)), np.array([1.0, 2.0, 6.0])
    fitted = DummyRegressor(strategy="constant", constant=0.0).fit(X, y)
    alike, weighted = LabelledRows(X, y, None), LabelledRows(X, y, np.array([3.0, 1.0, 0.0]))

    assert score_on(alike, fitted, "neg_mean_absolute_error") == -3
    assert score_on(weighted, fitted, "neg_mean_absolute_error") == -1.25
    assert score_on(weighted, fitted, None) == fitted.score(X, y, [3, 1, 0])
    assert score_on(alike, fitted, lambda estimator, X, y: 0.5) == 0.5  # takes no weights


# -- scorers of other targets -------------------------------------------------------------


def test_what_each_scorer_of_scikit_learn_scores_is_known():
    kinds = {name: scored_by(name) for name in get_scorer_names()}
    assert [name for name, kind in kinds.items() if not kind] == []
    numbers = [name for name, kind in kinds.items() if kind == "numbers"]
    assert {"r2", "neg_max_error", "d2_absolute_error_score"} <= set(numbers)
    assert len(numbers) >= 12
    assert kinds["f1"] == "two classes"
    assert kinds["f1_macro"] == kinds["neg_brier_score"] == "classes"


@pytest.mark.parametrize("kind", TARGETS)
def test_scorers_that_are_named_fit(kind):
    target = TARGETS[kind]
    assert target.scored_as == kind
    for name in ("loss", *target.scorers, None):
        check_scorer(DummyRegressor(), name, target)
    with pytest.raises(ValueError, match="acc") as raised:
        check_scorer(DummyRegressor(), "acc", target)
    fit = ["loss", *target.scorers]
    assert raised.value.__notes__ == [f"scorers that fit are, for example, {fit}"]


@pytest.mark.parametrize(
    ("scoring", "kind", "example"),
    [
        ("accuracy", "numbers", "neg_mean_absolute_error"),
        ("adjusted_rand_score", "numbers", "r2"),  # it gave 0.0 and a warning
        ("r2", "several classes", "f1_macro"),  # it took labels for numbers
        ("neg_mean_squared_error", "two classes", "roc_auc"),
        ("f1", "several classes", "f1_macro"),
        ("roc_auc", "several classes", "roc_auc_ovr"),
        ("f1_samples", "two classes", "f1"),
        ("f1", "several labels a row", "f1_samples"),
        ("r2", "several labels a row", "average_precision"),
    ],
)
def test_scorers_of_other_targets_are_refused(scoring, kind, example):
    message = rf"scoring='{scoring}' scores .*, and y holds {kind}; .*'{example}'.* make_scorer"
    with pytest.raises(ValueError, match=message):
        check_scorer(DummyRegressor(), scoring, TARGETS[kind])
