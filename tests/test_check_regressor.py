"""scikit-learn's own checks of the regressor, on configurations that use every parameter."""

import tempfile

import keras
import numpy as np
import pytest
from helpers.estimator_check_cases import (
    APART,
    check_cases,
    parameters_of,
    parameters_used,
    weighted_and_repeated,
)
from sklearn.datasets import load_diabetes

from skdnn import KerasDNNRegressor

# No expected counts, and the check takes no notice of the tag `positive_only`, which says so.
_EXPECTED = {"poisson": {"check_regressor_multioutput": "fits negative numbers"}}
_DIRECTORY = tempfile.TemporaryDirectory()

CONFIGURATIONS = {
    "default": KerasDNNRegressor(),
    "poisson": KerasDNNRegressor(
        (20,), loss="poisson", optimizer="nadam", learning_rate=0.01, epochs=60
    ),
    "linear": KerasDNNRegressor(
        (), optimizer="adamw", l2=0.001, batch_size=64, epochs=150
    ).set_params(optimizer__weight_decay=0.01, optimizer__learning_rate=0.05),
    "layer by layer": KerasDNNRegressor(
        (20, 20),
        loss="huber",
        delta=0.5,
        activation=("tanh", "gelu"),
        batch_normalization=(True, False),
        dropout=(0.0, 0.1),
        kernel_initializer=["he_normal", keras.initializers.RandomNormal(stddev=0.1), "zeros"],
        learning_rate=0.01,
        epochs=60,
    ),
    "median": KerasDNNRegressor((40,), loss="absolute_error", learning_rate=0.01),
    "watched": KerasDNNRegressor(
        loss="quantile",
        quantile=0.4,
        learning_rate=0.01,
        callbacks={"stop": keras.callbacks.EarlyStopping("loss", patience=50)},
        epochs=80,
        engine="fused",
        verbose=1,
    ).set_params(callbacks__stop__patience=30),
    "remembered": KerasDNNRegressor(memory=_DIRECTORY.name, random_state=0, epochs=60),
    "as they are": KerasDNNRegressor(
        (30,), standardize_y=False, learning_rate=0.02, batch_size=10_000
    ),
}
# What else the others have is a loss or a number of another value.
QUICK = ("linear", "layer by layer", "watched", "remembered", "as they are")


def test_the_quick_configurations_use_every_parameter():
    used = parameters_used([KerasDNNRegressor(), *(CONFIGURATIONS[name] for name in QUICK)])
    assert parameters_of(KerasDNNRegressor()) - used == APART
    assert any("__" in name for name in used)


@pytest.mark.parametrize(
    ("estimator", "check"), [*check_cases(CONFIGURATIONS, QUICK, expected=_EXPECTED)]
)
def test_check(estimator, check):
    check(estimator)


@pytest.mark.parametrize("name", CONFIGURATIONS)
@pytest.mark.parametrize("outputs", [1, 2])
def test_weight_equals_repetition(name, outputs):
    X, y = load_diabetes(return_X_y=True)
    X, y = 20 * X[:40], y[:40]
    y = y if outputs == 1 else np.c_[y, 1000 * y]
    weighted, repeated = weighted_and_repeated(CONFIGURATIONS[name], X, y)
    difference = weighted.predict(X) - repeated.predict(X)
    np.testing.assert_allclose(difference / y.std(axis=0), 0, rtol=0, atol=1e-5)
