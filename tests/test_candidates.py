import functools

import keras
import numpy as np
import pytest
from sklearn.linear_model import RidgeClassifierCV

from skdnn._candidates import (
    candidate_names,
    check_searched,
    fold_scores_of,
    score_name_of,
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
        (keras.optimizers.Adam, "Adam"),
        (keras.optimizers.RMSprop(0.002), "RMSprop(0.002)"),
        (object(), "object"),
    ],
)
def test_values_are_written_without_addresses(value, text):
    assert value_text(value) == text


def test_long_values_are_cut():
    text = value_text(functools.partial(max, list(range(100))))

    assert len(text) == 60
    assert text.startswith("functools.partial(")
    assert text.endswith("…")
    assert value_text({*"x" * 9}) == "{'x'}"
    assert value_text(b"x" * 57) == "b'" + "x" * 57 + "'"  # 60 letters fit
    assert value_text(b"x" * 58) == "b'" + "x" * 57 + "…"


@pytest.mark.parametrize(
    ("scoring", "refit", "name"),
    [
        (None, True, "accuracy"),
        ("f1_macro", True, "f1 macro"),
        (len, True, "score"),
        (["recall", "top_k_accuracy"], "top_k_accuracy", "top k accuracy"),
    ],
)
def test_a_score_has_the_name_of_what_was_asked_for(searched, scoring, refit, name):
    search = searched({"a": [1, 2]}, [[0.5, 0.6], [0.7, 0.8]], scoring=scoring, refit=refit)

    assert score_name_of(search) == name
    np.testing.assert_array_equal(fold_scores_of(search), [[0.5, 0.6], [0.7, 0.8]])


def test_an_estimator_that_has_scoring_is_no_search():
    with pytest.raises(TypeError, match=r"such as GridSearchCV .* got RidgeClassifierCV$"):
        check_searched(RidgeClassifierCV(scoring="accuracy"))
