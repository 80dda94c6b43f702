"""scikit-learn's own checks of an estimator, on the default and on other configurations."""

import inspect
import tempfile

import keras
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.utils.estimator_checks import estimator_checks_generator

from skdnn import KerasDNNClassifier

_FLOAT32 = (
    "compares to 1e-7 what was summed in another order in float32; "
    "test_weight_equals_repetition holds it to 1e-5"
)
_EXPECTED = {
    "check_sample_weight_equivalence_on_dense_data": _FLOAT32,
    "check_sample_weight_equivalence_on_sparse_data": _FLOAT32,
}
_DIRECTORY = tempfile.TemporaryDirectory()

# Early stopping sets rows aside, which the checks' few rows do not allow; checks that fit an
# estimator twice and compare can't hold for a warm start.
_APART = {
    "early_stopping",
    "validation_fraction",
    "scoring",
    "n_iter_no_change",
    "tol",
    "warm_start",
}

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
        learning_rate=0.01,
        callbacks={"stop": keras.callbacks.EarlyStopping("loss", patience=50)},
        epochs=40,
        engine="fused",
        verbose=1,
    ).set_params(callbacks__stop__patience=30),
    "remembered": KerasDNNClassifier(memory=_DIRECTORY.name, random_state=0, epochs=60),
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
        learning_rate=0.01,
        batch_normalization=(True, False),
        dropout=(0.0, 0.2),
        l2=(0.0, 0.01, 0.001),
        kernel_initializer=["he_normal", keras.initializers.RandomNormal(stddev=0.1), "zeros"],
        class_weight="balanced",
        label_smoothing=0.05,
        batch_size=64,
        epochs=80,
    ).set_params(optimizer__weight_decay=0.01),
}
# What the others have besides is fewer settings at once, or other values. Those that differ in
# nothing that is compiled share programs.
QUICK = ("default", "watched", "remembered", "weighted, layer by layer")


def test_the_quick_configurations_use_every_parameter():
    default = KerasDNNClassifier()
    used = {
        name
        for configuration in QUICK
        for name, value in CONFIGURATIONS[configuration].get_params().items()
        if value is not default.get_params().get(name)
    }
    every = set(inspect.signature(KerasDNNClassifier).parameters)
    assert every - used == _APART
    assert any("__" in name for name in used)


def checks_of_all():
    # As scikit-learn's parametrize_with_checks, whose ids hold paths and addresses: processes
    # that share the tests between them must name each alike.
    for name, configuration in CONFIGURATIONS.items():
        form = pytest.mark.long_form(row="checks", only=name not in QUICK)
        for case in estimator_checks_generator(
            configuration, expected_failed_checks=_EXPECTED, mark="xfail"
        ):
            estimator, check = getattr(case, "values", case)
            words = [f"{key}={value}" for key, value in check.keywords.items()]
            marks = [form, *getattr(case, "marks", ())]
            label = " ".join([check.func.__name__, *words])
            yield pytest.param(estimator, check, marks=marks, id=f"{name}: {label}")


@pytest.mark.parametrize(("estimator", "check"), [*checks_of_all()])
def test_check(estimator, check):
    check(estimator)


@pytest.mark.parametrize("name", CONFIGURATIONS)
@pytest.mark.parametrize("labels", [3, 2])
def test_weight_equals_repetition(name, labels, iris):
    X, y = iris
    X, y = X[::7], y[::7] % labels
    weight = np.random.default_rng(0).integers(0, 4, len(y))
    # One batch: beyond it, which rows meet in a batch differs between the two. Dropout and
    # the statistics of a batch are of rows, not of weights.
    classifier = clone(CONFIGURATIONS[name]).set_params(
        random_state=0,
        batch_size=256,
        class_weight=None,
        epochs=20,
        dropout=0,
        batch_normalization=False,
    )
    weighted = classifier.fit(X, y, sample_weight=weight).predict_proba(X)
    repeated = classifier.fit(X.repeat(weight, 0), y.repeat(weight)).predict_proba(X)
    np.testing.assert_allclose(weighted, repeated, rtol=0, atol=1e-5)
