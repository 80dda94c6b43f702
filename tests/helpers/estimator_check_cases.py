"""scikit-learn's checks of an estimator as test cases, over configurations of it."""

import inspect

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.utils.estimator_checks import estimator_checks_generator

_FLOAT32 = (
    "compares to 1e-7 what was summed in another order in float32; "
    "test_weight_equals_repetition holds it to 1e-5"
)
_EXPECTED = {
    "check_sample_weight_equivalence_on_dense_data": _FLOAT32,
    "check_sample_weight_equivalence_on_sparse_data": _FLOAT32,
}

# Early stopping sets rows aside, which the checks' few rows do not allow; checks that fit an
# estimator twice and compare can't hold for a warm start.
APART = {
    "early_stopping",
    "validation_fraction",
    "scoring",
    "n_iter_no_change",
    "tol",
    "warm_start",
}


def parameters_of(estimator):
    """The names of an estimator's own parameters."""
    return set(inspect.signature(type(estimator)).parameters)


def parameters_used(configurations):
    """The names, routed ones too, whose values are not those of the first configuration."""
    default, *others = (configuration.get_params() for configuration in configurations)
    return {
        name
        for configuration in others
        for name, value in configuration.items()
        if value is not default.get(name)
    }


def check_cases(configurations, quick, expected=None):
    """A case for each configuration and check.

    Configurations not in `quick` are long, and so is what fails of all: tests of its own hold
    what is true in its place. `expected` has what else fails of a configuration, with reasons.
    """
    # As scikit-learn's parametrize_with_checks, whose ids hold paths and addresses: processes
    # that share the tests between them must name each alike.
    for name, configuration in configurations.items():
        failing = _EXPECTED | (expected or {}).get(name, {})
        for case in estimator_checks_generator(
            configuration, expected_failed_checks=failing, mark="xfail"
        ):
            estimator, check = getattr(case, "values", case)
            words = [f"{key}={value}" for key, value in check.keywords.items()]
            only = name not in quick or check.func.__name__ in _EXPECTED
            form = pytest.mark.long_form(row="checks", only=only)
            marks = [form, *getattr(case, "marks", ())]
            label = " ".join([check.func.__name__, *words])
            yield pytest.param(estimator, check, marks=marks, id=f"{name}: {label}")


def weighted_and_repeated(configuration, X, y):
    """The same network fitted to rows by their weights, and to as many copies of each."""
    weight = np.random.default_rng(0).integers(0, 4, len(y))
    # One batch: beyond it, which rows meet in a batch differs between the two. Dropout and
    # the statistics of a batch are of rows, not of weights.
    network = clone(configuration).set_params(
        random_state=0,
        batch_size=256,
        epochs=20,
        dropout=0,
        batch_normalization=False,
        warm_start=False,
    )
    weighted = clone(network).fit(X, y, sample_weight=weight)
    return weighted, network.fit(X.repeat(weight, 0), y.repeat(weight, 0))
