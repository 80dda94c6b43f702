"""save and load of table pipelines: columns, gaps and categories come back as they were."""

import copy
import json
import pickle
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
import skops.io as sio
from sklearn.base import BaseEstimator, clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MaxAbsScaler, OrdinalEncoder, StandardScaler

from skdnn import KerasDNNRegressor, make_table_pipeline
from skdnn.persistence import _description, _table_pipeline, load, save
from skdnn.preprocessing import make_table_transformer

FIXTURES = Path(__file__).parent / "fixtures"
NAN = np.nan


@pytest.fixture
def path(tmp_path):
    return tmp_path / "table.safetensors"


@pytest.fixture(scope="module")
def people():
    """Forty rows of all kinds of columns, in two columns most categories rare."""
    ages = [31, 45, NAN, 28, 60, 39, 51, 33, 47, 29]
    return pd.DataFrame(
        {
            "größe": np.linspace(150, 200, 40),
            "same": 1,
            "town": ["Köln", "Ulm", None, "Bonn", "Jena"] * 8,
            "age": [*ages, *ages, *ages, *ages],
            "member": [True, False] * 20,
            "id": [f"no. {number}" for number in range(40)],
        }
    )


@pytest.fixture(scope="module")
def target(people):
    return np.where(people["größe"] > 170, "tall", "small")


@pytest.fixture(scope="module")
def fitted(people, target):
    pipeline = make_table_pipeline(
        max_categories=3, hidden_units=(8,), epochs=2, warm_start=True, random_state=0
    )
    return pipeline.fit(people, target)


@pytest.fixture(scope="module")
def numbers():
    return np.random.default_rng(0).normal(size=(40, 4))


@pytest.fixture(scope="module")
def fitted_regressor(numbers):
    pipeline = make_table_pipeline(
        estimator=KerasDNNRegressor((8,), epochs=2, warm_start=True, random_state=0)
    )
    return pipeline.fit(numbers, 1e6 * numbers[:, :2])


def again(pipeline, path):
    save(pipeline, path)
    return load(path)


def with_columns(fitted, people, **settings):
    """A pipeline with another first step, fitted, before the same network."""
    transformer = clone(fitted["columns"]).set_params(**settings)
    return Pipeline([("columns", transformer.fit(people)), ("dnn", fitted["dnn"])])


def state(value):
    """All that an object has in it, in a form that can be compared."""
    if isinstance(value, BaseEstimator):
        attributes = {name: state(each) for name, each in vars(value).items()}
        # Nothing reads it once the transformer is fitted.
        attributes.pop("_columns", None)
        return type(value), attributes
    if isinstance(value, dict):
        return {name: state(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return type(value), [state(each) for each in value]
    if isinstance(value, np.ndarray):
        return value.dtype, value.shape, [state(each) for each in value.tolist()]
    return "NaN" if isinstance(value, float) and value != value else value


# -- round trips --------------------------------------------------------------------------


def test_what_is_loaded_answers_every_table_the_same(fitted, people, path):
    loaded = again(fitted, path)

    new = people.assign(town="Rom", age=NAN, member=None, more=0)[
        ["more", *people.columns[::-1]]
    ]
    for table in (people, new, people[:1], pl.from_pandas(people), pl.from_pandas(new)):
        np.testing.assert_array_equal(loaded.predict_proba(table), fitted.predict_proba(table))
        np.testing.assert_array_equal(loaded.predict(table), fitted.predict(table))
    with pytest.raises(ValueError, match=r"columns are missing: \{'age'\}"):
        loaded.predict(people.drop(columns="age"))


def test_what_is_loaded_tells_the_same_of_itself(fitted, people, path):
    loaded = again(fitted, path)

    assert str(loaded.get_params()) == str(fitted.get_params())
    asked = again(copy.deepcopy(fitted).set_params(transform_input=["X_val"]), path)
    assert asked.transform_input == ["X_val"]
    assert loaded.n_features_in_ == 6
    np.testing.assert_array_equal(loaded.feature_names_in_, people.columns)
    names = loaded[:-1].get_feature_names_out()
    np.testing.assert_array_equal(names, fitted[:-1].get_feature_names_out())
    assert "categories__town_infrequent_sklearn" in names
    assert state(loaded["columns"]) == state(fitted["columns"])


def test_what_is_loaded_goes_on(fitted, people, target, path):
    saved = copy.deepcopy(fitted)
    loaded = again(saved, path)
    proba = [each.fit(people, target).predict_proba(people) for each in (loaded, saved)]
    np.testing.assert_array_equal(*proba)
    assert loaded["dnn"].n_iter_ == 4
    rows = saved["columns"].transform(people)
    for each in (loaded, saved):
        each["dnn"].partial_fit(rows, target)
    np.testing.assert_array_equal(
        loaded.predict_proba(people[:5]), saved.predict_proba(people[:5])
    )


def test_arrays_and_numbers(fitted_regressor, numbers, path):
    loaded = again(fitted_regressor, path)

    assert not hasattr(loaded, "feature_names_in_")
    np.testing.assert_array_equal(loaded.predict(numbers), fitted_regressor.predict(numbers))
    answers = [
        each.fit(numbers, numbers[:, :2]).predict(numbers)
        for each in (loaded, copy.deepcopy(fitted_regressor))
    ]
    np.testing.assert_array_equal(*answers)


def test_labels_of_several_kinds(people, path):
    labels = np.c_[people["member"], people["age"] > 40].astype(int)
    saved = make_table_pipeline(hidden_units=(8,), epochs=1, random_state=0)
    saved.fit(people[["age", "member"]], labels)
    loaded = again(saved, path)
    answers, expected = (each.predict(people[["age", "member"]]) for each in (loaded, saved))
    np.testing.assert_array_equal(answers, expected)
    assert answers.dtype == expected.dtype


ODD = ["missing", "\ud800", "a\0", "a", " ", '"\\', "\U0001f338", "x" * 1000, "ä", "a "]


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"max_categories": None, "min_frequency": None},
        {"max_categories": None, "min_frequency": 2},
        {"max_categories": 1, "verbose_feature_names_out": False},
        {"max_categories": 1000, "min_frequency": 0.1},
        {"numbers__impute__strategy": "mean", "numbers__impute__add_indicator": False},
        {"numbers__impute__strategy": "constant", "numbers__impute__fill_value": -1},
        {"numbers__impute__strategy": "most_frequent", "numbers__scale__with_centering": False},
        {"numbers__scale__with_scaling": False, "numbers__clip__kw_args": {"limit": 5}},
        {"numbers__scale__quantile_range": (5.0, 95), "numbers__scale__unit_variance": True},
        {"categories__encode__handle_unknown": "warn", "numbers__clip__kw_args": None},
    ],
    ids=lambda settings: "-".join(f"{name}={value}" for name, value in settings.items()),
)
@pytest.mark.parametrize("kind", ["all", "numbers", "categories", "array", "integer names"])
def test_a_transformer_is_as_it_was_fitted(settings, kind, people):
    """In all that scikit-learn has in it, private attributes included."""
    table = people.assign(odd=pd.Series(ODD * 4, dtype=object))
    table = {
        "all": table,
        "numbers": people[["age", "größe"]],
        "categories": table[["town", "odd"]],
        "array": table[["age", "odd", "same"]].to_numpy(),
        "integer names": table.set_axis(range(7), axis=1),
    }[kind]
    names = {
        name: f"categories__encode__{name}" for name in ("max_categories", "min_frequency")
    }
    settings = {names.get(name, name): value for name, value in settings.items()}
    transformer = make_table_transformer().set_params(**settings).fit(table)
    width = transformer.transform(table).shape[1]

    record, arrays = _table_pipeline.describe(
        Pipeline([("columns", transformer), ("dnn", None)])
    )
    record = json.loads(json.dumps(record))
    assert arrays.keys() == _table_pipeline.entries(record).keys()
    network = SimpleNamespace(input_shape_=(width,))
    restored = _table_pipeline.restore(record, arrays, network)["columns"]

    assert state(restored) == state(transformer)
    np.testing.assert_array_equal(restored.transform(table), transformer.transform(table))


def test_twenty_thousand_categories(fitted, people, path):
    table = people.loc[people.index.repeat(500)].reset_index(drop=True)
    table["id"] = [f"customer {number}" for number in range(20_000)]
    saved = with_columns(fitted, table)
    loaded = again(saved, path)
    assert path.stat().st_size < 1e6
    np.testing.assert_array_equal(loaded.predict_proba(people), saved.predict_proba(people))


def test_settings_of_a_users_own_fits_do_not_matter(fitted, people, path):
    save(fitted, path)
    with sklearn.config_context(transform_output="pandas"):
        loaded = load(path)
    assert state(loaded["columns"]) == state(fitted["columns"])
    save(pickle.loads(pickle.dumps(fitted)), path)


# -- what can't be saved ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"numbers__scale": StandardScaler()},
            "columns__numbers__scale=StandardScaler: a file holds RobustScaler here; set it "
            "back and fit, or save the pipeline with skops",
        ),
        ({"numbers__scale": "passthrough"}, "columns__numbers__scale='passthrough': a file"),
        ({"numbers__scale__copy": True}, "columns__numbers__scale__copy=True: a file holds Fa"),
        (
            {"numbers__steps": [("scale", StandardScaler())]},
            r"columns__numbers__steps=\['scale'\]: a file holds \['read', 'impute', 'scale',",
        ),
        ({"numbers__impute__strategy": np.nanmax}, "strategy=<function .*: it is no data"),
        (
            {"numbers__memory": "pickles"},
            "columns__numbers__memory='pickles': a file holds None",
        ),
        ({"categories__encode": OrdinalEncoder()}, "OrdinalEncoder: a file holds OneHotEnc"),
        ({"categories": "drop"}, "columns__categories='drop': a file holds Pipeline here"),
        ({"categories__encode__drop": "first"}, "encode__drop='first': a file holds None"),
        ({"remainder": MaxAbsScaler()}, "remainder=MaxAbsScaler: a file holds 'drop'"),
        (
            {"transformers": [("scale", StandardScaler(), ["age"])]},
            r"columns__transformers=\['scale'\]: a file holds \['numbers', 'categories'\]",
        ),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else None,
)
def test_another_transformer_is_refused_by_the_name_of_what_differs(
    settings, message, fitted, people, path, tmp_path_factory, monkeypatch
):
    monkeypatch.chdir(tmp_path_factory.mktemp("work"))  # a fit with a memory writes there
    pipeline = with_columns(fitted, people, **settings)
    with pytest.raises(ValueError, match=f"can't save .*{message}"):
        save(pipeline, path)
    assert not list(path.parent.iterdir())


def test_skops_saves_what_is_refused(fitted, people):
    saved = with_columns(fitted, people, numbers__scale=StandardScaler())
    file = sio.dumps(saved)
    functions = ("number_columns", "category_columns", "read_numbers", "read_categories")
    trusted = [
        "numpy.dtype",
        "skdnn.classifier.KerasDNNClassifier",
        "skdnn.preprocessing.tables.clip_smoothly",
        *(f"skdnn.preprocessing.tables.{function}" for function in functions),
    ]
    assert set(sio.get_untrusted_types(data=file)) <= set(trusted)
    loaded = sio.loads(file, trusted=trusted)
    np.testing.assert_array_equal(loaded.predict_proba(people), saved.predict_proba(people))


def test_what_was_set_after_fit_is_refused(fitted, path):
    pipeline = copy.deepcopy(fitted).set_params(columns__categories__encode__max_categories=9)
    with pytest.raises(ValueError, match="max_categories=9, which was set after fit, with 3:"):
        save(pipeline, path)


def test_what_set_output_leaves_is_refused(fitted, people, path):
    pipeline = copy.deepcopy(fitted)
    pipeline["columns"].named_transformers_["numbers"]["scale"].set_output(transform="pandas")
    with pytest.raises(ValueError, match=r"columns__numbers__scale, .*_sklearn_output_config"):
        save(pipeline, path)
    with pytest.raises(ValueError, match=r"save columns, whose .*'_sklearn_output_config'"):
        save(copy.deepcopy(fitted).set_output(transform="polars"), path)
    assert not list(path.parent.iterdir())


def test_other_pipelines_are_refused(fitted, people, path):
    with pytest.raises(ValueError, match=r"memory='pickles': call set_params\(memory=None\)"):
        save(copy.deepcopy(fitted).set_params(memory="pickles"), path)
    scaled = Pipeline([("columns", StandardScaler()), ("dnn", fitted["dnn"])])
    with pytest.raises(
        ValueError, match=r"columns=StandardScaler.*a file holds the ColumnTrans"
    ):
        save(scaled, path)
    renamed = Pipeline([("table", fitted["columns"]), ("dnn", fitted["dnn"])])
    with pytest.raises(TypeError, match=r"make_table_pipeline.*, got steps \['table', 'dnn'\]"):
        save(renamed, path)
    unfitted = Pipeline([("columns", make_table_transformer()), ("dnn", fitted["dnn"])])
    with pytest.raises(NotFittedError, match="ColumnTransformer instance is not fitted"):
        save(unfitted, path)
    with pytest.raises(NotFittedError, match="Pipeline instance is not fitted"):
        save(make_table_pipeline(), path)
    with pytest.raises(
        TypeError, match=r"make_image_pipeline or make_table_pipeline can be sa"
    ):
        save(with_columns(fitted, people).set_params(dnn=StandardScaler().fit([[0]])), path)


# -- versions -----------------------------------------------------------------------------


def test_earlier_versions_refuse_the_file_by_its_number(fitted, fitted_regressor):
    """They read formats 1 and 2, and say that a later version may have written others."""
    assert _description.describe(fitted)[0]["format"] == 3
    assert _description.describe(fitted_regressor)[0]["format"] == 4


@pytest.mark.parametrize("name", ["table-format-3", "table-format-4"])
def test_files_of_earlier_formats_load(name):
    """Files of every format that was ever written stay here and load for ever."""
    loaded = load(FIXTURES / f"{name}.safetensors")
    expected = np.load(FIXTURES / f"{name}.npz", allow_pickle=False)
    columns = ("age", "town", "member", "id")
    table = pd.DataFrame({column: expected[column] for column in columns})
    answer = loaded.predict if name.endswith("4") else loaded.predict_proba
    np.testing.assert_allclose(answer(table), expected["answers"], rtol=1e-4)
    assert list(loaded[:-1].get_feature_names_out()) == expected["names"].tolist()
