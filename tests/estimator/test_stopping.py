"""The rule of early stopping: when a score has become no better, and what was best."""

import numpy as np
import pytest
from sklearn.dummy import DummyRegressor

from skdnn._estimator.rows import LabelledRows
from skdnn._estimator.stopping import StoppingRule, score_on


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
    with pytest.raises(ValueError, match=r"^scoring gave NaN on the validation rows; early "):
        StoppingRule(1, 0.0).update(np.nan, 1)


def test_what_a_scorer_raises_says_where_it_comes_from():
    X, y = np.zeros((3, 1)), np.array([0.5, 1.5, 2.5])
    fitted = DummyRegressor().fit(X, y)
    with pytest.raises(ValueError, match="continuous is not supported") as raised:
        score_on(LabelledRows(X, y, None), fitted, "accuracy")
    assert raised.value.__notes__ == ["raised by scoring='accuracy' on 3 validation rows"]
