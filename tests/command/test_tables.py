from argparse import Namespace

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import GroupKFold, KFold, StratifiedGroupKFold

from skdnn._command.data import data_words, read_data
from skdnn._command.inputs import InputError
from skdnn._command.tables import TableOptions, read_table_inputs

N = 100
RANDOM = np.random.default_rng(0)
HOUSES = pd.DataFrame(
    {
        "size": RANDOM.normal(90, 30, N).round(1),
        "town": RANDOM.choice(["Ulm", "Bonn"], N),
        "street": np.arange(N) // 5,
        "kind": np.repeat(["flat", "house", "hut"], [70, 25, 5]),
        "price": RANDOM.normal(300, 90, N).round(1),
    }
)


@pytest.fixture
def houses(tmp_path, monkeypatch):
    """A folder with houses.csv; two prices are missing."""
    monkeypatch.chdir(tmp_path)
    frame = HOUSES.copy()
    frame.loc[[3, 50], "price"] = np.nan
    frame.to_csv("houses.csv", index=False)
    return tmp_path


def read(**options):
    return read_table_inputs("houses.csv", TableOptions(**options))


# -- numbers and classes --------------------------------------------------------------------


def test_numbers(houses):
    inputs = read(target="price", drop=("street",))

    assert inputs.note.splitlines() == [
        "read 100 rows and 4 columns, separated by ','",
        f"price: numbers, {HOUSES['price'].drop([3, 50]).nunique()} different: regression",
        "2 rows without 'price' left out",
    ]
    [(title, (X_rest, y_rest))] = inputs.held_out.items()
    assert title == "rows kept back, 20 % (20)"
    assert list(inputs.X) == list(X_rest) == ["size", "town", "kind"]
    assert sorted([*inputs.X.index, *X_rest.index]) == [n for n in range(N) if n not in (3, 50)]
    assert inputs.y.tolist() == HOUSES["price"][inputs.X.index].tolist()
    assert y_rest.tolist() == HOUSES["price"][X_rest.index].tolist()
    assert (inputs.score_name, inputs.noun, inputs.target_names) == ("R²", "rows", ("price",))
    folds = inputs.folds(4, seed=7)
    assert isinstance(folds, KFold)
    assert (folds.n_splits, folds.shuffle, folds.random_state) == (4, True, 7)
    pipeline = inputs.pipeline(epochs=9, seed=7)
    assert "Regressor" in type(pipeline[-1]).__name__
    assert pipeline.get_params()["dnn__epochs"] == 9
    assert pipeline.get_params()["dnn__random_state"] == 7


def test_classes_are_split_in_proportion(houses):
    inputs = read(target="kind")

    [(_, (_, y_rest))] = inputs.held_out.items()
    assert dict(zip(*np.unique(y_rest, return_counts=True), strict=True)) == {
        "flat": 14,
        "house": 5,
        "hut": 1,
    }
    assert inputs.folds(3, seed=0) == 3
    assert (inputs.score_name, inputs.target_names) == ("accuracy", None)
    assert "Classifier" in type(inputs.pipeline(epochs=1, seed=0)[-1]).__name__


def test_words_that_are_read_as_gaps_of_the_target_are_told(houses):
    kind = HOUSES["kind"].replace("house", "None").mask(HOUSES.index == 0, "")
    HOUSES.assign(kind=kind).to_csv("houses.csv", index=False)

    inputs = read(target="kind", drop=("price", "street"))

    assert inputs.note.splitlines()[-1] == (
        "26 rows without 'kind' left out ('None' in 25: if that is a class, give it "
        "another name)"
    )


def test_the_split_is_the_same_at_each_run(houses):
    pd.testing.assert_frame_equal(read(target="price").X, read(target="price").X)


def test_the_grid_has_networks_and_penalties(houses):
    inputs = read(target="price")

    grid = inputs.grid([])
    assert set(grid) == {"dnn__hidden_units", "dnn__l2"}
    assert inputs.grid([(8,)])["dnn__hidden_units"] == [(8,)]
    assert set(grid) <= set(inputs.pipeline(epochs=1, seed=0).get_params())


@pytest.mark.parametrize(("rows", "epochs"), [(80, 100), (100_000, 20), (2_000_000, 5)])
def test_large_tables_get_fewer_epochs(houses, rows, epochs):
    inputs = read(target="price")
    object.__setattr__(inputs, "y", np.broadcast_to(0.0, rows))

    assert inputs.epochs == epochs


def test_new_rows_are_read_as_these(houses):
    inputs = read(target="price")

    assert inputs.reading(short=True) == "pandas.read_csv('new.csv')"
    (houses / "houses.csv").rename("new.csv")
    names = {}
    exec(inputs.reading(short=False), names)
    assert len(names["X"]) == N


# -- groups ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "kind"), [("size", GroupKFold), ("kind", StratifiedGroupKFold)]
)
def test_groups_stay_together(houses, target, kind):
    inputs = read(target=target, groups="street")

    [(title, (X_rest, _))] = inputs.held_out.items()
    assert "street" not in inputs.X
    searched = set(HOUSES["street"][inputs.X.index])
    kept_back = set(HOUSES["street"][X_rest.index])
    assert not searched & kept_back
    assert len(searched | kept_back) == 20
    assert title == f"rows kept back, 20 % ({len(X_rest)}), of {len(kept_back)} other groups"
    folds = inputs.folds(3, seed=1)
    assert isinstance(folds, kind)
    assert (folds.n_splits, folds.shuffle, folds.random_state) == (3, True, 1)
    for train, test in folds.split(inputs.X, inputs.y, inputs.groups):
        assert not set(inputs.groups[train]) & set(inputs.groups[test])


def test_few_groups_of_classes(houses):
    frame = HOUSES.assign(third=np.arange(N) % 3)
    frame.to_csv("houses.csv", index=False)

    inputs = read(target="kind", groups="third")

    [(title, _)] = inputs.held_out.items()
    assert title.endswith("of 1 other groups")


# -- what can't be searched -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, r"--target must name the column to predict; houses\.csv has \['size', 'town',"),
        ({"target": "Price"}, r"--target must .* got 'Price'; the closest: \['price'\]"),
        ({"target": "volume"}, r"--target must .* got 'volume'; it has \['size', 'town',"),
        ({"target": "price", "groups": "streets"}, r"--groups must .* closest: \['street'\]"),
        ({"target": "price", "drop": ("price",)}, "--drop must not be the target, 'price'"),
        ({"target": "kind", "groups": "kind"}, "--groups must not be the target, 'kind'"),
        (
            {"target": "kind", "groups": "street", "drop": ("street",)},
            "--drop must not be the column of --groups, 'street'",
        ),
        ({"target": "kind", "groups": "price"}, "'price' .* group of each row; 2 rows have no"),
        ({"target": "kind", "groups": "town"}, "'town' .* at least 3 groups, .* it has 2"),
        ({"target": "price", "task": "classification"}, "--task classification needs text"),
    ],
)
def test_options_that_do_not_fit_are_refused(houses, options, message):
    with pytest.raises(InputError, match=message):
        read(**options)


@pytest.mark.parametrize(
    ("options", "folds", "message"),
    [
        ({"target": "kind"}, 6, r"rows of the rarest class \(4 of class 'hut' .*got 6"),
        ({"target": "price"}, 50, "at least 2 rows for each of 50 folds, got 78 rows"),
        ({"target": "kind", "groups": "street"}, 17, r"exceed the groups \(1\d to .* got 17"),
    ],
)
def test_more_folds_than_can_be_are_refused(houses, options, folds, message):
    with pytest.raises(InputError, match=message):
        read(**options).check_folds("houses.csv", folds)


def test_a_target_without_values_is_refused(houses):
    HOUSES.assign(price=np.nan).to_csv("houses.csv", index=False)

    with pytest.raises(
        InputError, match=r"'price' .* must hold values to predict; it is empty"
    ):
        read(target="price")


def test_dates_as_target_are_refused(houses):
    HOUSES.assign(price=["2024-01-31"] * N).to_csv("houses.csv", index=False)

    with pytest.raises(InputError, match=r"'price' .* holds dates"):
        read(target="price")


# -- the command line -----------------------------------------------------------------------


def options_of(**given):
    lists = {"drop": [], "categorical": []}
    names = ("target", "task", "groups", "image_size", "color_mode")
    return Namespace(**{**dict.fromkeys(names), **lists, "data": "houses.csv", **given})


def test_options_of_images_and_of_tables_are_not_for_each_other(houses):
    with pytest.raises(InputError, match=r"--image-size is for a folder .* 'houses\.csv'"):
        read_data(options_of(target="price", image_size=(8, 8)))
    for name, value in {"target": "y", "groups": "g", "drop": ["a"]}.items():
        with pytest.raises(InputError, match=rf"--{name} is for a table, .* is 'sample', not"):
            read_data(options_of(data="sample", **{name: value}))


def test_options_of_the_data_are_written_as_they_were_given(houses):
    given = options_of(target="price", groups="street", drop=["kind"], categorical=["town"])

    assert list(read_data(given).X) == ["size", "town"]
    assert data_words(given) == [
        *("--target", "price", "--groups", "street"),
        *("--drop", "kind", "--categorical", "town"),
    ]
    assert data_words(options_of(drop=["-x", "y"])) == ["--drop=-x", "--drop", "y"]
    assert data_words(options_of(image_size=(3, 4), color_mode="rgb")) == [
        *("--image-size", "3,4", "--color-mode", "rgb"),
    ]
