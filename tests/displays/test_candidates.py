import functools
from fractions import Fraction

import numpy as np
import pytest
from sklearn.linear_model import Lasso, Ridge
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from skdnn.displays._candidates import (
    candidate_names,
    candidate_network,
    validate_candidate_names,
    value_text,
    varied_parameters,
)


def test_names_tell_candidates_apart_and_leave_out_what_they_share():
    params = [
        {"dnn__activation": "relu", "dnn__epochs": 5, "dnn__optimizer": "adam"},
        {"dnn__activation": "sigmoid", "dnn__epochs": 5, "dnn__optimizer": "sgd"},
    ]

    assert varied_parameters(params) == ["dnn__activation", "dnn__optimizer"]
    assert candidate_names(params) == ["relu, adam", "sigmoid, sgd"]


def test_numbers_bring_the_name_of_their_parameter():
    params = [{"l2": 0.001, "hidden_units": (300, 100)}, {"l2": 0.0, "hidden_units": ()}]

    assert candidate_names(params) == [
        "l2=0.001, hidden_units=300-100",
        "l2=0, hidden_units=none",
    ]


def test_names_are_the_last_part():
    params = [{"dnn__optimizer__momentum": momentum} for momentum in (0.0, 0.9)]

    assert candidate_names(params) == ["momentum=0", "momentum=0.9"]


def test_parameters_that_end_alike_keep_their_whole_name():
    params = [{"a__rate": 1, "b__rate": 2}, {"a__rate": 2, "b__rate": 1}]

    assert candidate_names(params) == ["a__rate=1, b__rate=2", "a__rate=2, b__rate=1"]


def test_grids_in_a_list_need_not_have_the_same_parameters():
    params = [
        {"optimizer": "adam"},
        {"optimizer": "sgd", "optimizer__momentum": 0.0},
        {"optimizer": "sgd", "optimizer__momentum": 0.9},
    ]

    assert candidate_names(params) == ["adam", "sgd, momentum=0", "sgd, momentum=0.9"]


def test_equal_texts_are_numbered():
    params = [{"rate": 0.1}, {"rate": 0.100001}, {"rate": 0.2}]

    assert candidate_names(params) == [
        "rate=0.1 (candidate 1)",
        "rate=0.1 (candidate 2)",
        "rate=0.2",
    ]


@pytest.mark.parametrize(
    ("params", "name"), [({}, "(candidate 1)"), ({"optimizer": "sgd"}, "sgd")]
)
def test_a_single_candidate_has_a_name(params, name):
    assert candidate_names([params]) == [name]


def a_function():
    pass


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("adam", "adam"),
        (None, "None"),
        (True, "True"),
        (1e-05, "1e-05"),
        (np.float64(0.25), "0.25"),
        ((100,), "100"),
        (["relu", "sigmoid"], "relu, sigmoid"),
        ({"flatten": True}, "flatten=True"),
        ({"flatten": True, "scale": 0.5}, "flatten=True, scale=0.5"),
        (functools.partial(a_function), "partial"),
        (a_function, "a_function"),
        (Fraction, "Fraction"),
        (object(), "object"),
    ],
)
def test_values_are_written_without_addresses(value, text):
    assert value_text(value) == text


class Configured:
    """An object that has settings, as Keras's optimizers have."""

    def __init__(self, **config):
        self.config = config

    def get_config(self):
        return self.config


def test_an_object_with_a_learning_rate_shows_it():
    assert value_text(Configured(learning_rate=0.002)) == "Configured(0.002)"
    assert value_text(Configured(learning_rate="a schedule")) == "Configured"
    assert value_text(Configured(name="x")) == "Configured"


def test_optimizers_of_keras():
    import keras  # here, since it loads TensorFlow

    assert value_text(keras.optimizers.Adam) == "Adam"
    assert value_text(keras.optimizers.RMSprop(0.002)) == "RMSprop(0.002)"


def test_long_values_are_cut():
    text = value_text(functools.partial(max, list(range(100))))

    assert len(text) == 60
    assert text.startswith("functools.partial(")
    assert text.endswith("…")
    assert value_text({*"x" * 9}) == "{'x'}"
    assert value_text(b"x" * 57) == "b'" + "x" * 57 + "'"  # 60 letters fit
    assert value_text(b"x" * 58) == "b'" + "x" * 57 + "…"


def test_names_may_be_given(searched):
    search = searched({"a": [1, 2]}, [[0.5], [0.7]])

    assert validate_candidate_names(search, None) == ["a=1", "a=2"]
    assert validate_candidate_names(search, np.array(["small", "large"])) == ["small", "large"]
    with pytest.raises(ValueError, match=r"^names must hold .* the 2 candidates, got 1$"):
        validate_candidate_names(search, ["small"])
    with pytest.raises(
        ValueError, match=r"^names must all be different, got \['small'\] more than once$"
    ):
        validate_candidate_names(search, ["small", "small"])
    with pytest.raises(TypeError, match=r"^names must be a list of names, got 'small'$"):
        validate_candidate_names(search, "small")


def test_the_network_of_a_candidate_is_one_of_its_own(searched):
    search = searched({"net__alpha": [1.0, 2.0]}, [[0.5], [0.7]])
    assert candidate_network(search, 1) is None  # a search need not keep its estimator

    steps = [("as is", "passthrough"), ("scale", StandardScaler()), ("net", Ridge(9.0))]
    search.estimator = Pipeline(steps)
    network = candidate_network(search, 1)
    assert isinstance(network, Ridge)
    assert network.alpha == 2
    assert search.estimator[-1].alpha == 9

    given = Lasso(3.0)
    search.cv_results_["params"] = [{"net": given}]
    network = candidate_network(search, 0)
    assert isinstance(network, Lasso)
    assert network is not given

    search.estimator = Ridge()
    search.cv_results_["params"] = [{"alpha": 4.0}]
    assert candidate_network(search, 0).alpha == 4
