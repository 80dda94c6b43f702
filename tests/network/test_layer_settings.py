"""Parameters of layers: what is taken, and what is told of the rest."""

import numpy as np
import pytest

from skdnn.network.layer_settings import (
    Regularization,
    per_layer,
    validate_activation,
    validate_units,
)


@pytest.mark.parametrize(
    ("units", "expected"),
    [(5, (5,)), (np.int64(5), (5,)), ((), ()), ([5, 3], (5, 3)), (np.array([5, 3]), (5, 3))],
)
def test_units_are_one_integer_per_hidden_layer(units, expected):
    assert validate_units(units) == expected


@pytest.mark.parametrize(
    "units", ["100", "100,50", {5: 1}, {8, 4}, 2.0, True, [True], (8, (4,)), None, [0.5] * 1000]
)
def test_units_without_an_order_or_of_another_type_are_refused(units):
    with pytest.raises(TypeError, match="one positive integer per hidden layer, got") as told:
        validate_units(units)
    assert len(str(told.value)) < 200


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("logistic", "sigmoid"),
        ("identity", "linear"),
        ("ReLU", "relu"),
        ("LeakyReLU", "leaky_relu"),
    ],
)
def test_names_of_other_libraries_are_told_in_kerass(name, meant):
    with pytest.raises(ValueError, match=rf"got '{name}'; did you mean '{meant}'\?$"):
        validate_activation(name)
    with pytest.raises(ValueError, match=r"got 'nonsense'$"):
        validate_activation("nonsense")


def test_functions_of_numpy_are_no_activations():
    with pytest.raises(
        TypeError, match=r"such as one of keras.ops, got NumPy's <ufunc 'tanh'>"
    ):
        validate_activation(np.tanh)


def test_an_array_without_dimensions_is_one_value():
    assert per_layer("dropout", np.array(0.5), 2, float) == (0.5, 0.5)
    assert Regularization.from_parameters(1, dropout=np.array(0.5)).dropout == (0.5,)


def test_messages_of_many_layers_stay_short():
    with pytest.raises(ValueError, match=r"1 here, got 1000 values: \[0.1, .*and 995 more\]$"):
        per_layer("dropout", [0.1] * 1000, 1, float)
