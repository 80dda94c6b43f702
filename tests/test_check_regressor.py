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
from sklearn.utils import estimator_checks

from skdnn import KerasDNNRegressor

# As with MLPRegressor: partial_fit is one epoch, which nothing can stop.
_EXPECTED = {
    "stopped early": dict.fromkeys(
        (
            "check_fit_score_takes_y",
            "check_n_features_in_after_fitting",
            "check_estimators_partial_fit_n_features",
        ),
        "calls partial_fit, which early_stopping=True refuses",
    )
}
_DIRECTORY = tempfile.TemporaryDirectory()

# The quick ones take long steps and few: the checks ask whether something was learnt.
EIGHT = {
    "default": KerasDNNRegressor(),
    "poisson": KerasDNNRegressor(
        (20,), loss="poisson", optimizer="nadam", learning_rate=0.01, epochs=60
    ),
    "linear": KerasDNNRegressor((), learning_rate=0.2, epochs=30),
    "layer by layer": KerasDNNRegressor(
        (20, 20),
        loss="huber",
        delta=0.5,
        activation=("tanh", "gelu"),
        batch_normalization=(True, False),
        dropout=(0.0, 0.1),
        kernel_initializer=["he_normal", keras.initializers.RandomNormal(stddev=0.1), "zeros"],
        learning_rate=0.05,
        epochs=15,
    ),
    "median": KerasDNNRegressor((40,), loss="absolute_error", learning_rate=0.01),
    "watched": KerasDNNRegressor(
        (),
        loss="quantile",
        quantile=0.4,
        learning_rate=0.2,
        callbacks={"stop": keras.callbacks.EarlyStopping("loss", patience=50)},
        epochs=5,
        engine="fused",
        verbose=1,
    ).set_params(callbacks__stop__patience=2),
    "remembered": KerasDNNRegressor(
        (),
        memory=_DIRECTORY.name,
        random_state=0,
        optimizer="adamw",
        l2=0.001,
        batch_size=64,
        epochs=15,
    ).set_params(optimizer__weight_decay=0.01, optimizer__learning_rate=0.2),
    # A second fit goes on with steps of length 0, and so answers what the first did.
    "as they are, going on": KerasDNNRegressor(
        (30,),
        standardize_y=False,
        learning_rate=keras.optimizers.schedules.CosineDecay(0.05, decay_steps=100),
        batch_size=10_000,
        warm_start=True,
    ),
}
CONFIGURATIONS = EIGHT | {
    "stopped early": KerasDNNRegressor(
        (),
        early_stopping=True,
        validation_fraction=0.2,
        scoring="neg_mean_absolute_error",
        n_iter_no_change=3,
        tol=1e-3,
        learning_rate=0.2,
        callbacks={"stop": keras.callbacks.EarlyStopping("loss", patience=50)},
        epochs=10,
        loss="quantile",
        quantile=0.4,
        engine="fused",
        verbose=1,
    ).set_params(callbacks__stop__patience=2),
}
# What else the others have is a loss or a number of another value.
QUICK = (
    "layer by layer",
    "remembered",
    "as they are, going on",
    "stopped early",
)


def test_the_configurations_use_every_parameter():
    default, every = KerasDNNRegressor(), parameters_of(KerasDNNRegressor())
    used = parameters_used([default, *(CONFIGURATIONS[name] for name in QUICK)])
    assert every <= used, "give each parameter another value in a configuration of QUICK"
    assert every - parameters_used([default, *EIGHT.values()]) == APART - {"warm_start"}
    assert any("__" in name for name in used)


def nothing_negative(make):
    """Return what makes targets that counts may be, of what makes any."""

    def made(*args, **kwargs):
        X, y = make(*args, **kwargs)
        return X, y - y.min()

    return made


@pytest.mark.parametrize(
    ("estimator", "check"), [*check_cases(CONFIGURATIONS, QUICK, expected=_EXPECTED)]
)
def test_check(estimator, check, monkeypatch):
    if estimator.__sklearn_tags__().target_tags.positive_only:
        # All checks but check_regressor_multioutput heed this tag.
        make = nothing_negative(estimator_checks.make_regression)
        monkeypatch.setattr(estimator_checks, "make_regression", make)
    check(estimator)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.long_form(row="checks", only=name not in QUICK))
        for name in EIGHT
    ],
)
@pytest.mark.parametrize("outputs", [1, 2])
def test_weight_equals_repetition(name, outputs):
    X, y = load_diabetes(return_X_y=True)
    X, y = 20 * X[:40], y[:40]
    y = y if outputs == 1 else np.c_[y, 1000 * y]
    weighted, repeated = weighted_and_repeated(CONFIGURATIONS[name], X, y)
    difference = weighted.predict(X) - repeated.predict(X)
    np.testing.assert_allclose(difference / y.std(axis=0), 0, rtol=0, atol=1e-5)
