"""Values that hyperparameters may have."""

import numpy as np
import pytest
from scipy.stats import randint
from sklearn.utils._param_validation import InvalidParameterError

from skdnn import KerasDNNClassifier


@pytest.mark.parametrize(
    "name",
    [
        "hidden_units",
        "dropout",
        "l2",
        "learning_rate",
        "label_smoothing",
        "epochs",
        "batch_size",
        "validation_fraction",
        "n_iter_no_change",
        "tol",
    ],
)
def test_true_is_no_number(name, iris):
    with pytest.raises(InvalidParameterError, match=rf"'{name}' parameter .* Got True instead"):
        KerasDNNClassifier().set_params(**{name: True}).fit(*iris)


def test_names_are_listed_in_order(iris):
    message = r"must be one of \['auto', 'fused', 'keras'\]. Got 'jit' instead"
    with pytest.raises(InvalidParameterError, match=message):
        KerasDNNClassifier(engine="jit").fit(*iris)


def test_values_of_numpys_types_are_those_of_python(iris):
    """Search libraries draw them from arrays (Sklearn-genetic-opt issue 77)."""
    given = {
        "activation": np.str_("tanh"),
        "batch_normalization": np.bool_(False),
        "dropout": np.float32(0.125),
        "l2": np.float64(0.001),
        "optimizer": np.str_("sgd"),
        "learning_rate": np.float64(0.25),
        "label_smoothing": np.float64(0),
        "early_stopping": np.bool_(True),
        "validation_fraction": np.float64(0.2),
        "scoring": np.str_("accuracy"),
        "class_weight": np.str_("balanced"),
        "random_state": np.int64(0),
        "engine": np.str_("auto"),
    }
    plain = {name: value.item() for name, value in given.items()}
    first, second = (
        KerasDNNClassifier(np.array([8]), epochs=2).set_params(**params).fit(*iris)
        for params in (given, plain)
    )
    np.testing.assert_array_equal(first.predict_proba(iris[0]), second.predict_proba(iris[0]))


@pytest.mark.parametrize(
    "units", ["(10, 5)", (randint(4, 8), randint(4, 8))], ids=["text", "distributions"]
)
def test_units_that_a_search_has_not_drawn_are_refused(units, iris):
    """As in scikit-learn issue 15568: distributions within a tuple are not drawn from."""
    with pytest.raises((TypeError, ValueError), match=r"hidden_units.* must "):
        KerasDNNClassifier(units).fit(*iris)


@pytest.mark.parametrize("kind", [np.int64, np.int32, np.uint8, np.int16])
def test_a_batch_size_may_be_any_integer(kind, iris):
    X, y = iris
    network = KerasDNNClassifier((8,), epochs=1, random_state=0, batch_size=30)
    expected = network.fit(X, y).predict_proba(X)
    network.set_params(batch_size=kind(30), epochs=kind(1), hidden_units=(kind(8),))
    np.testing.assert_array_equal(network.fit(X, y).predict_proba(X), expected)
