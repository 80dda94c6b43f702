"""scikit-learn's own checks of an estimator, on the default and on other configurations."""

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
from sklearn.base import clone

from skdnn import KerasDNNClassifier

_DIRECTORY = tempfile.TemporaryDirectory()

# The quick ones take long steps and few: the checks ask whether something was learnt.
CONFIGURATIONS = {
    "default": KerasDNNClassifier(),
    "layers": KerasDNNClassifier(
        (20, 10), activation=("tanh", "gelu"), optimizer="sgd", learning_rate=0.1, epochs=60
    ),
    "linear": KerasDNNClassifier(
        (),
        optimizer="adamw",
        class_weight="balanced",
        batch_size=64,
        epochs=150,
    ).set_params(optimizer__weight_decay=0.01, optimizer__learning_rate=0.05),
    "sigmoid": KerasDNNClassifier(
        50, activation="sigmoid", optimizer="rmsprop", learning_rate=0.01
    ),
    "regularized": KerasDNNClassifier(
        (40,), l2=0.001, dropout=0.1, label_smoothing=0.05, learning_rate=0.01, epochs=60
    ),
    "normalized": KerasDNNClassifier(
        (20,), batch_normalization=True, optimizer=keras.optimizers.Adam(0.01), epochs=60
    ),
    "layer by layer": KerasDNNClassifier(
        (20, 20),
        activation="elu",
        batch_normalization=(True, False),
        dropout=(0.0, 0.2),
        l2=(0.0, 0.01, 0.001),
        kernel_initializer=["he_normal", keras.initializers.RandomNormal(stddev=0.1), "zeros"],
        learning_rate=0.01,
        epochs=60,
    ),
    "watched": KerasDNNClassifier(
        (8,),
        learning_rate=0.2,
        callbacks={"stop": keras.callbacks.EarlyStopping("loss", patience=50)},
        epochs=5,
        engine="fused",
        verbose=1,
    ).set_params(callbacks__stop__patience=2),
    "remembered": KerasDNNClassifier(
        (8,), memory=_DIRECTORY.name, random_state=0, learning_rate=0.2, epochs=5
    ),
    "all rows at once": KerasDNNClassifier(
        (30,),
        kernel_initializer="lecun_normal",
        optimizer="nadam",
        learning_rate=0.02,
        batch_size=10_000,
    ),
    "weighted, layer by layer": KerasDNNClassifier(
        (20, 20),
        activation="elu",
        optimizer="adamw",
        learning_rate=0.05,
        batch_normalization=(True, False),
        dropout=(0.0, 0.2),
        l2=(0.0, 0.01, 0.001),
        kernel_initializer=["he_normal", keras.initializers.RandomNormal(stddev=0.1), "zeros"],
        class_weight="balanced",
        label_smoothing=0.05,
        batch_size=64,
        epochs=15,
    ).set_params(optimizer__weight_decay=0.01),
}
# What the others have besides is fewer settings at once, or other values. Those that differ in
# nothing that is compiled share programs, as two of these do.
QUICK = ("watched", "remembered", "weighted, layer by layer")


def test_the_quick_configurations_use_every_parameter():
    used = parameters_used([KerasDNNClassifier(), *(CONFIGURATIONS[name] for name in QUICK)])
    left = parameters_of(KerasDNNClassifier()) - used
    assert left == APART, "give each parameter another value in a configuration of QUICK"
    assert any("__" in name for name in used)


@pytest.mark.parametrize(("estimator", "check"), [*check_cases(CONFIGURATIONS, QUICK)])
def test_check(estimator, check):
    check(estimator)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.long_form(row="checks", only=name not in QUICK))
        for name in CONFIGURATIONS
    ],
)
@pytest.mark.parametrize("labels", [3, 2])
def test_weight_equals_repetition(name, labels, iris):
    X, y = iris
    X, y = X[::7], y[::7] % labels
    classifier = clone(CONFIGURATIONS[name]).set_params(class_weight=None)
    weighted, repeated = weighted_and_repeated(classifier, X, y)
    np.testing.assert_allclose(
        weighted.predict_proba(X), repeated.predict_proba(X), rtol=0, atol=1e-5
    )
