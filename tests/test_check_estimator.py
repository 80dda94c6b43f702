"""scikit-learn's own checks of an estimator, on the default and on other configurations."""

import numpy as np
import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from skdnn import KerasDNNClassifier

_FLOAT32 = (
    "compares to 1e-7 what was summed in another order in float32; "
    "test_weight_equals_repetition holds it to 1e-5"
)
# The second exists only for estimators that take sparse matrices.
_EXPECTED = {
    "check_sample_weight_equivalence_on_dense_data": _FLOAT32,
    "check_sample_weight_equivalence_on_sparse_data": _FLOAT32,
}

CONFIGURATIONS = [
    KerasDNNClassifier(),
    KerasDNNClassifier(
        (20, 10), activation=("tanh", "gelu"), optimizer="sgd", learning_rate=0.1, epochs=60
    ),
    KerasDNNClassifier(
        (), optimizer="adamw", class_weight="balanced", batch_size=64, epochs=150
    ).set_params(optimizer__weight_decay=0.01, optimizer__learning_rate=0.05),
    KerasDNNClassifier(50, activation="sigmoid", optimizer="rmsprop", learning_rate=0.01),
]


@parametrize_with_checks(CONFIGURATIONS, expected_failed_checks=lambda _: _EXPECTED)
def test_check(estimator, check):
    check(estimator)


@pytest.mark.parametrize("classifier", CONFIGURATIONS, ids=lambda c: str(c.optimizer))
@pytest.mark.parametrize("labels", [3, 2])
def test_weight_equals_repetition(classifier, labels, iris):
    X, y = iris
    X, y = X[::7], y[::7] % labels
    weight = np.random.default_rng(0).integers(0, 4, len(y))
    # One batch: beyond it, which rows meet in a batch differs between the two.
    classifier = classifier.__sklearn_clone__().set_params(
        random_state=0, batch_size=256, class_weight=None, epochs=20
    )
    weighted = classifier.fit(X, y, sample_weight=weight).predict_proba(X)
    repeated = classifier.fit(X.repeat(weight, 0), y.repeat(weight)).predict_proba(X)
    np.testing.assert_allclose(weighted, repeated, rtol=0, atol=1e-5)
