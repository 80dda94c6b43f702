import argparse
import re

import numpy as np
import pytest
from sklearn.model_selection import ParameterGrid

from skdnn import KerasDNNRegressor, make_image_pipeline, make_table_pipeline
from skdnn._command.grid import (
    OptionError,
    check_candidates,
    check_settings,
    parse_setting,
    settings_grid,
)

Y = np.arange(30) % 3


@pytest.fixture(scope="module")
def pipeline():
    return make_image_pipeline(epochs=1, random_state=0)


def grid_of(pipeline, *texts, hidden_units=()):
    return settings_grid([parse_setting(text) for text in texts], hidden_units, pipeline)


def check(pipeline, *texts, y=Y):
    check_candidates(pipeline, ParameterGrid(grid_of(pipeline, *texts)), y)


# -- an argument ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("l2=0,0.001,1e-2", (0, 0.001, 1e-2)),
        ("optimizer=adam,sgd", ("adam", "sgd")),
        ("optimizer = adam, sgd", ("adam", "sgd")),
        ("hidden_units=(100,50),(200,)", ((100, 50), (200,))),
        ("hidden_units=100", (100,)),
        ("activation=(relu,tanh),relu", (("relu", "tanh"), "relu")),
        ("early_stopping=True,False", (True, False)),
        ("learning_rate=None,0.1", (None, 0.1)),
        ("activation='relu','a,b'", ("relu", "a,b")),
        ("class_weight={0:2,1:1},balanced", ({0: 2, 1: 1}, "balanced")),
        ("dropout=-0.5", (-0.5,)),
        ("scoring=keras.metrics.AUC", ("keras.metrics.AUC",)),
        ("scoring=f1=x", ("f1=x",)),
        ("scoring=1st,2nd", ("1st", "2nd")),
        ("scoring=__import__('os').getcwd()", ("__import__('os').getcwd()",)),
        ("l2=0,0", (0,)),
    ],
)
def test_values_are_as_in_python_or_strings(text, values):
    setting = parse_setting(text)

    assert setting.values == values
    assert [type(value) for value in setting.values] == [type(value) for value in values]
    assert setting.text == text


def test_false_is_not_taken_for_the_0_that_equals_it():
    assert repr(parse_setting("early_stopping=False,0,False").values) == "(False, 0)"


def test_the_prefix_of_the_network_may_be_given():
    assert parse_setting("dnn__l2=0").name == "l2"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        *((text, r"must be NAME=VALUE\[,VALUE...\]") for text in ("", "l2", "l2=", "=1")),
        *((text, r"must be NAME=VALUE\[,VALUE...\]") for text in ("l2=0,", "l2=,0", "a b=1")),
        ("hidden_units=(100,50", "must have brackets and quotes that close"),
        ("optimizer='adam", "must have brackets and quotes that close"),
        ("hidden_units=100,50", r"\(100,50\) is one network .* \(100,\),\(50,\) are two"),
        ("early_stopping=true", "must have True for true, as in Python"),
        ("learning_rate=0.1,none", "must have None for none, as in Python"),
    ],
)
def test_other_arguments_are_refused(text, message):
    with pytest.raises(
        argparse.ArgumentTypeError, match=rf"{message}.*{re.escape(repr(text))}"
    ):
        parse_setting(text)


@pytest.mark.parametrize(
    ("texts", "given", "message"),
    [
        (["l2=0", "l2=1"], [], "l2 is given twice, by 'l2=0' and 'l2=1'"),
        (["l2=0", "dnn__l2=1"], [], "l2 is given twice, by 'l2=0' and 'dnn__l2=1'"),
        (["epochs=3"], ["epochs"], "'epochs=3' is not allowed with --epochs"),
        (["random_state=3"], ["random_state"], "'random_state=3' is not allowed with --seed"),
        (["hidden_units=3"], ["hidden_units"], "'hidden_units=3' .* with --hidden-units"),
    ],
)
def test_what_is_given_twice_is_refused(texts, given, message):
    with pytest.raises(OptionError, match=f"^argument --set: {message}"):
        check_settings([parse_setting(text) for text in texts], given)


def test_options_that_set_something_else_are_allowed():
    check_settings([parse_setting("l2=0"), parse_setting("dropout=0")], ["epochs"])


# -- the grid -------------------------------------------------------------------------------


def test_the_grid_is_what_is_given(pipeline):
    grid = grid_of(
        pipeline,
        *("optimizer=adam,sgd", "dnn__l2=0,0.001", "optimizer__learning_rate=0.1"),
        hidden_units=[(8,), (8, 4), (8,)],
    )

    assert grid == {
        "dnn__hidden_units": [(8,), (8, 4)],
        "dnn__optimizer": ["adam", "sgd"],
        "dnn__l2": [0, 0.001],
        "dnn__optimizer__learning_rate": [0.1],
    }


def test_steps_before_the_network_are_named_with_their_prefix():
    table = make_table_pipeline(estimator=KerasDNNRegressor())
    name = "columns__categories__encode__max_categories"

    assert grid_of(table, f"{name}=5,10", "delta=2") == {name: [5, 10], "dnn__delta": [2]}
    with pytest.raises(OptionError, match=f"'columns__max_categories' is not .* {name}, "):
        grid_of(table, "columns__max_categories=5")
    with pytest.raises(OptionError, match="'columns__numbers__scale' is not a hyperparameter"):
        grid_of(table, "columns__numbers__scale=passthrough")  # could not be saved


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "optimiser",
            r"\(it is called optimizer here\); the closest first, they are optimizer, ",
        ),
        ("max_iter", r"\(it is called epochs here\); the closest first, they are epochs, "),
        ("dropuot", r"\(it is called dropout here\)"),
        (
            "momentum",
            "set the optimizer's by --set optimizer=sgd --set optimizer__momentum=...",
        ),
        ("label_smooth", "they are label_smoothing, .* verbose"),
        ("xyz", "'xyz' is not a hyperparameter; the closest first, they are"),
        ("dnn__xyz", "'xyz' is not a hyperparameter; the closest first, they are"),
        ("l2__x", "'l2__x' is not a hyperparameter; the closest first, they are l2, "),
        ("memory", "memory can't be set: --halving goes on"),
        ("callbacks__stop__patience", "callbacks can't be set"),
        ("warm_start", "warm_start can't be set: each fit of a search begins anew"),
        ("scale__kw_args", "scale can't be set: the data decide"),
    ],
)
def test_a_wrong_name_lists_the_right_ones(pipeline, name, message):
    with pytest.raises(OptionError, match=f"argument --set: .*{message}"):
        grid_of(pipeline, f"{name}=1")


# -- values, before the first fit -------------------------------------------------------------


def test_valid_candidates_pass(pipeline):
    check(
        pipeline,
        *("optimizer=sgd", "optimizer__momentum=0,0.9", "optimizer__nesterov=True"),
        *("hidden_units=(8,),(8,4)", "activation=relu,tanh", "early_stopping=True,False"),
        *("class_weight=balanced,None", "scoring=loss,f1_macro", "epochs=2,3"),
    )
    assert not hasattr(pipeline[-1], "classes_")


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["epochs=3,0"], r"The 'epochs' parameter .* range \[1, inf\). Got 0"),
        (["epochs=3.5"], r"The 'epochs' parameter .* Got 3.5"),
        (["optimizer=adam,adm"], "optimizer must be one of .*, got 'adm'"),
        (["activation=relo"], "activation must be .*, got 'relo'"),
        (
            ["optimizer=sgd,adam", "optimizer__momentum=0.9"],
            "Adam does not take .*momentum=0.9",
        ),
        (["optimizer=sgd", "optimizer__momentum=2"], "optimizer__momentum must be .* got 2"),
        (["learning_rate=0.1", "optimizer__learning_rate=0.1"], "not both"),
        (["hidden_units=(8,4)", "dropout=(0.1,0.2,0.3)"], "dropout"),
        (["early_stopping=True", "scoring=r2"], "scoring='r2' scores numbers"),
        (["class_weight={5:2}"], "class_weight"),
        (["kernel_initializer=constant"], "kernel_initializer"),
    ],
)
def test_wrong_values_have_the_estimators_message(pipeline, texts, message):
    with pytest.raises(OptionError, match=f"argument --set: .*{message}") as caught:
        check(pipeline, *texts)
    assert "\n" not in str(caught.value)


def test_wrong_values_for_numbers_and_tables_are_refused():
    table = make_table_pipeline(estimator=KerasDNNRegressor())
    y = np.linspace(-1, 1, 30)

    check(table, "loss=huber", "delta=1,2", y=y)
    with pytest.raises(OptionError, match=r"'loss' parameter .* Did you mean 'absolute_error'"):
        check(table, "loss=mae", y=y)
    with pytest.raises(OptionError, match="poisson"):
        check(table, "loss=poisson", y=y)
    with pytest.raises(OptionError, match="'max_categories' parameter of OneHotEncoder"):
        check(table, "columns__categories__encode__max_categories=0", y=y)
