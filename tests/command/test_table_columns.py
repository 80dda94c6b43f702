from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from skdnn._command.inputs import InputError
from skdnn._command.table_columns import check_learnable, remarks_on

N = 60
RANDOM = np.random.default_rng(0)
PATH = Path("houses.csv")


def table(**columns):
    """Return columns beside one that is fine in every respect."""
    return pd.DataFrame({"size": RANDOM.normal(90, 30, N), **columns})


def target(values):
    return pd.Series(values, name="price")


NUMBERS = target(RANDOM.normal(3e5, 1e5, N))
CLASSES = target(np.array(["dear", "cheap", "fair"])[np.arange(N) % 3])


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (["2024-01-31", "2023-02-28"], r"'sold' in houses\.csv holds dates .*'2024-01-31'"),
        (["31.12.2024", "1.1.25"], "'sold' in .* dates"),
        (["12/31/2024", None], "'sold' in .* dates"),
        (["2024-01-31 10:30", "2024-02-01T11:15:00Z"], "'sold' in .* dates"),
        (["3. März 2024", "Mar 3, 2024"], "'sold' in .* dates"),
        (["10:30", "9:15:30"], "'sold' in .* dates or times"),
        (pd.to_datetime(["2024-01-31", "2023-02-28"]), "'sold' holds dates"),
        ([1, "one"], "'sold' must hold numbers, or strings, or booleans"),
        ([np.inf, 1.0], "'sold' must hold finite numbers"),
        ([[1], [2]], "'sold' must hold numbers, or strings, or booleans"),
    ],
)
def test_a_column_that_cannot_be_learnt_from_is_named_with_the_option(values, message):
    with pytest.raises(InputError, match=rf"column {message}.*\(--drop sold\)$"):
        check_learnable(PATH, table(sold=list(values) * (N // 2)))


@pytest.mark.parametrize(
    "values", [["1.2.3", "3-room"], ["10.5", "12"], ["a 2024", "b 2023"], [True, None]]
)
def test_what_only_resembles_dates_is_fine(values):
    check_learnable(PATH, table(what=values * (N // 2)))


def test_a_table_of_constants_is_refused():
    with pytest.raises(InputError, match=r"two different values, got none in 60 rows of 2 col"):
        check_learnable(PATH, pd.DataFrame({"a": [1] * N, "b": "x"}))


@pytest.mark.parametrize(
    ("values", "warned"),
    [
        (np.arange(N), True),
        ([f"house {n}" for n in range(N)], True),
        ([f"house {n}" for n in range(N - 2)] + ["house 0"] * 2, True),
        ([f"house {n % 30}" for n in range(N)], False),
        (RANDOM.normal(size=N), False),
        (np.arange(N) % 50, False),
    ],
)
def test_what_looks_like_an_identifier_is_warned_of(values, warned):
    found = list(remarks_on(table(**{"my id": values}), NUMBERS))

    assert len(found) == warned
    assert all(f"'my id' differs in {len(set(values))} of 60 rows" in line for line in found)
    assert all("--drop 'my id'" in line for line in found)


@pytest.mark.parametrize("values", [[1] * N, ["x"] * N, [None] * N])
def test_a_constant_is_warned_of(values):
    assert list(remarks_on(table(c=values), NUMBERS)) == [
        "warning: 'c' is the same in all rows, and not used"
    ]


@pytest.mark.parametrize(
    ("target", "values", "warned"),
    [
        (CLASSES, CLASSES.str[0], True),
        (CLASSES, CLASSES.map({"dear": 3, "cheap": 1, "fair": 2}), True),
        (CLASSES, [*CLASSES.str[0][:-1], "d"], False),
        (CLASSES, [*CLASSES.str[0][:-1], None], False),
        (CLASSES, np.arange(N) % 5, False),
        (NUMBERS, NUMBERS, True),
        (NUMBERS, 100 * NUMBERS + 3, True),
        (NUMBERS, NUMBERS + RANDOM.normal(0, 1e4, N), False),
    ],
)
def test_what_tells_the_target_is_warned_of(target, values, warned):
    found = list(remarks_on(table(copy=list(values)), target))

    assert len(found) == warned
    assert all(line.startswith("warning: 'copy' tells the 'price'") for line in found)
    assert all("--drop copy" in line for line in found)
