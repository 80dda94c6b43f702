from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from skdnn._command.inputs import InputError
from skdnn._command.table_targets import target_of

PATH = Path("houses.csv")
PRICES = [310.5, 299.0, 420.25, 275.5] * 6


def found(values, task=None, **options):
    return target_of(PATH, pd.Series(values, name="y", **options), task)


@pytest.mark.parametrize(
    ("values", "about", "dtype"),
    [
        (["b", "a", "c"] * 4, "y: text, 3 different: classification", "<U1"),
        ([True, False] * 4, "y: booleans, 2 different: classification", "bool"),
        (PRICES, "y: numbers, 4 different: regression", "float64"),
        (
            [3, 8, 5] * 4,
            "y: whole numbers, 3 different: classification (or --task regression)",
            "int64",
        ),
        (
            [0.0, 1.0] * 4,
            "y: whole numbers, 2 different: classification (or --task regression)",
            "int64",
        ),
        (
            list(range(10)) * 3,
            "y: whole numbers, 10 different: classification (or --task regression)",
            "int64",
        ),
        (
            list(range(11)) * 3,
            "y: whole numbers, 11 different: regression (or --task classification)",
            "float64",
        ),
    ],
)
def test_the_task_follows_from_the_values_and_is_said(values, about, dtype):
    target = found(values)

    assert target.about == about
    assert target.y.dtype == dtype
    assert target.y.tolist() == values


@pytest.mark.parametrize("dtype", ["category", object, "string", "str"])
def test_text_is_text_however_it_is_held(dtype):
    assert found(["b", "a"] * 3, dtype=dtype).y.tolist() == ["b", "a"] * 3


@pytest.mark.parametrize(("dtype", "kind"), [("Int64", "i"), ("boolean", "b"), (object, "b")])
def test_booleans_and_numbers_of_any_dtype(dtype, kind):
    assert found([True, False] * 3, dtype=dtype).y.dtype.kind == kind


def test_the_task_can_be_chosen():
    assert found([3, 8, 5] * 4, "regression").y.dtype == "float64"
    assert found(list(range(11)) * 3, "classification").y.dtype == "int64"


@pytest.mark.parametrize(
    ("values", "task", "message"),
    [
        (PRICES, "classification", r"needs text, .*'y' in houses\.csv holds 310\.5"),
        (["a", "b"] * 3, "regression", r"needs numbers; .* holds text: \['a', 'b'\]"),
        ([True, False] * 3, "regression", "needs numbers; .* holds booleans"),
        ([1.0, np.inf], None, "must be finite"),
        ([1, "a"] * 3, None, "must hold numbers, text or booleans, got values such as 1"),
        (pd.to_datetime(["2024-01-31"] * 3), None, "must hold numbers, text or booleans"),
        (["a"] * 6, None, r"at least 2 classes; it has \['a'\]"),
        (
            ["a", "a", "a", "b", "c", "c"],
            None,
            r"at least 3 rows, .* fewer have \['b', 'c'\] \(leave those rows out, or join cl",
        ),
        ([1, 1, 1, 2, 2, 2, 3], None, r"fewer have \[3\] .* --task regression\)"),
    ],
)
def test_what_cannot_be_predicted_is_refused(values, task, message):
    with pytest.raises(InputError, match=message):
        found(values, task)
