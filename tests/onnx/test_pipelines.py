"""to_onnx of whole pipelines: onnxruntime answers as they do, or the step is named."""

import sys

import numpy as np
import onnxruntime
import pandas as pd
import polars as pl
import pytest
from scipy.sparse import csr_matrix
from sklearn.cluster import KMeans
from sklearn.compose import ColumnTransformer
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MinMaxScaler,
    OneHotEncoder,
    RobustScaler,
    SplineTransformer,
    StandardScaler,
)

from skdnn import KerasDNNClassifier, KerasDNNRegressor, make_image_pipeline
from skdnn.onnx import to_onnx
from skdnn.preprocessing import make_image_transformer

NUMBERS, CATEGORIES = ["length (cm)", "rooms", "größe"], ["town", "kind"]


def classifier(**params):
    return KerasDNNClassifier((8,), epochs=3, random_state=0, **params)


def regressor(**params):
    return KerasDNNRegressor((8,), epochs=3, random_state=0, **params)


@pytest.fixture(scope="module")
def table():
    """Numbers with gaps, far from 0, integers, booleans, text; names that ONNX has not."""
    rng, n = np.random.default_rng(0), 200
    frame = pd.DataFrame(
        {
            "length (cm)": rng.normal(5, 3, n),
            "rooms": rng.integers(0, 9, n),
            "town": rng.choice(["Ulm", "Köln", "nan"], n),
            "kind": rng.choice(list("abcdef"), n, p=[0.5, 0.3, 0.1, 0.05, 0.03, 0.02]),
            "length__cm_": rng.random(n) > 0.5,
            "größe": rng.normal(1e5, 1e4, n),
            "left out": ["x"] * n,
        }
    )
    frame.loc[::7, "length (cm)"] = np.nan
    return frame


@pytest.fixture(scope="module")
def target(table):
    return (table["town"] == "Ulm").to_numpy().astype(int) + (table["rooms"] > 4).to_numpy()


def columns(**imputer):
    """Impute and scale numbers, encode text, take booleans as they are."""
    numbers = make_pipeline(SimpleImputer(**imputer), StandardScaler())
    return ColumnTransformer(
        [
            ("numbers", numbers, NUMBERS),
            ("categories", OneHotEncoder(handle_unknown="ignore"), CATEGORIES),
            ("bools", "passthrough", ["length__cm_"]),
        ]
    )


def session(model):
    return onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )


def feed(inputs, X):
    types = {
        "tensor(string)": object,
        "tensor(bool)": bool,
        "tensor(double)": np.float64,
        "tensor(uint8)": np.uint8,
    }
    frame = hasattr(X, "columns")
    return {
        each.name: (X[[each.name]].to_numpy() if frame else np.asarray(X)).astype(
            types.get(each.type, np.float32)
        )
        for each in inputs
    }


def assert_same(model, pipeline, X):
    ready = session(model)
    answers = ready.run(None, feed(ready.get_inputs(), X))
    expected = pipeline.predict(X)
    if len(answers) == 1:
        assert answers[0].shape == expected.shape
        misses = (answers[0] - expected) / expected.std(axis=0)
        np.testing.assert_allclose(misses, 0, atol=1e-5)
        return
    labels, probabilities = answers
    np.testing.assert_allclose(probabilities, pipeline.predict_proba(X), atol=1e-5)
    assert probabilities.dtype == np.float32
    assert labels.shape == expected.shape
    assert (labels == expected).mean() > 0.99


# -- what goes out ------------------------------------------------------------------------


def test_an_array_through_a_scaler(iris):
    X, y = 100 * iris[0] + 1000, iris[1]
    pipeline = make_pipeline(StandardScaler(), classifier()).fit(X, y)
    model = to_onnx(pipeline, X)
    assert_same(model, pipeline, X)
    assert_same(model, pipeline, X[:1])
    assert_same(to_onnx(pipeline, X.tolist()), pipeline, X)
    (described,) = session(model).get_inputs()
    assert (described.name, described.type) == ("input", "tensor(float)")
    assert described.shape == ["n", 4]
    assert [each.name for each in session(model).get_outputs()] == ["label", "probabilities"]


@pytest.mark.parametrize(
    "relabel",
    [
        lambda y: y,
        lambda y: np.array(["Äpfel", "b", "c"])[y],
        lambda y: y > 0,
        lambda y: np.c_[y == 0, y > 0, y > 1, y < 2].astype(int),
    ],
    ids=["integers", "texts", "bools", "multilabel"],
)
def test_a_table_with_an_input_for_each_column(relabel, table, target):
    pipeline = Pipeline([("columns", columns()), ("dnn", classifier())])
    pipeline.fit(table, relabel(target))
    model = to_onnx(pipeline, table)
    assert_same(model, pipeline, table)
    inputs = session(model).get_inputs()
    assert [each.name for each in inputs] == list(table.columns)
    types = [each.type.removeprefix("tensor(")[:-1] for each in inputs]
    assert types == ["float", "float", "string", "string", "bool", "float", "string"]
    assert all(each.shape == ["n", 1] for each in inputs)


def test_categories_that_are_new_and_gaps_in_text(table, target):
    gaps = table.assign(town=table["town"].astype(object).where(table["rooms"] > 1, None))
    pipeline = Pipeline([("columns", columns()), ("dnn", classifier())]).fit(gaps, target)
    model = to_onnx(pipeline, gaps)
    fed = gaps.assign(town=[str(each) for each in gaps["town"]])
    ready = session(model)
    probabilities = ready.run(["probabilities"], feed(ready.get_inputs(), fed))[0]
    np.testing.assert_allclose(probabilities, pipeline.predict_proba(gaps), atol=1e-5)
    assert_same(model, pipeline, gaps.dropna(subset="town").assign(kind="never seen"))


def test_gaps_that_are_told_and_categories_that_are_rare(table, target):
    """skl2onnx alone has neither."""
    X = table.assign(floor=pd.Categorical(table["rooms"]), garden=table["rooms"] > 3)
    X["sold"] = (table["rooms"] > 5).astype(object).where(table["rooms"] > 1, None)
    numbers = make_pipeline(SimpleImputer(add_indicator=True), RobustScaler())
    rare = OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=20)
    categories = [*CATEGORIES, "floor", "garden", "sold"]
    steps = ColumnTransformer([("numbers", numbers, NUMBERS), ("categories", rare, categories)])
    pipeline = Pipeline([("columns", steps), ("dnn", classifier())]).fit(X, target)
    model = to_onnx(pipeline, X)
    types = {each.name: each.type for each in session(model).get_inputs()}
    assert types["floor"] == types["sold"] == "tensor(string)"
    assert types["garden"] == "tensor(bool)"
    text = {name: [str(each) for each in X[name]] for name in ("floor", "sold")}
    ready = session(model)
    for change in ({}, {"kind": "new"}, {"length (cm)": 1.0}):
        fed = feed(ready.get_inputs(), X.assign(**text, **change))
        probabilities = ready.run(["probabilities"], fed)[0]
        expected = pipeline.predict_proba(X.assign(**change))
        np.testing.assert_allclose(probabilities, expected, atol=1e-5)
    step = r"step 'kerasdnnclassifier' .* can't be converted to ONNX: activation"
    with pytest.raises(ValueError, match=step):
        to_onnx(make_pipeline(steps, classifier(activation=names)).fit(X, target), X)


@pytest.mark.parametrize(
    "step",
    [
        MissingIndicator(features="all"),
        FeatureUnion([("filled", SimpleImputer()), ("gaps", MissingIndicator())]),
        SimpleImputer(strategy="constant", fill_value=7, add_indicator=True),
        make_pipeline(
            SimpleImputer(),
            OneHotEncoder(max_categories=3, handle_unknown="ignore", sparse_output=False),
        ),
    ],
    ids=["all", "union", "constant", "numbers"],
)
def test_other_forms_of_them(step, table, target):
    X = table[["rooms", "length (cm)"]].round()
    pipeline = make_pipeline(step, classifier()).fit(X, target)
    assert_same(to_onnx(pipeline, X), pipeline, X)


@pytest.mark.parametrize("several", [False, True])
def test_numbers_in_their_units(several, table):
    y = 1e6 * table["rooms"] + table["größe"]
    y = np.c_[y, y / 1e12] if several else y
    pipeline = Pipeline([("columns", columns()), ("dnn", regressor())]).fit(table, y)
    assert_same(to_onnx(pipeline, table), pipeline, table)


def test_a_frame_of_polars(table, target):
    frame = pl.from_pandas(table.fillna(0))
    pipeline = Pipeline([("columns", columns()), ("dnn", classifier())]).fit(frame, target)
    assert_same(to_onnx(pipeline, frame), pipeline, frame)


def test_other_input_types(iris):
    X = np.round(10 * iris[0])
    pipeline = make_pipeline(StandardScaler(), classifier()).fit(X, iris[1])
    model = to_onnx(pipeline, X, input_dtype="float64")
    assert session(model).get_inputs()[0].type == "tensor(double)"
    assert_same(model, pipeline, X)
    with pytest.raises(ValueError, match=r"input_dtype must be one of .* got 'float16'"):
        to_onnx(pipeline, X, input_dtype="float16")


def test_steps_left_out_and_pipelines_within(iris, table, target):
    X, y = iris
    inner = Pipeline([("a", "passthrough"), ("b", StandardScaler()), ("c", None)])
    pipeline = Pipeline([("none", "passthrough"), ("inner", inner), ("dnn", classifier())])
    assert_same(to_onnx(pipeline.fit(X, y), X), pipeline, X)
    union = FeatureUnion([("scaled", StandardScaler()), ("between", MinMaxScaler())])
    pipeline = make_pipeline(union, classifier()).fit(X, y)
    assert_same(to_onnx(pipeline, X), pipeline, X)
    numbers = Pipeline([("scale", "passthrough"), ("impute", SimpleImputer())])
    only = ColumnTransformer([("numbers", numbers, ["length (cm)"])])
    pipeline = make_pipeline(only, classifier()).fit(table, target)
    assert_same(to_onnx(pipeline, table), pipeline, table)
    assert numbers.steps[0][1] == "passthrough"


def test_a_network_of_a_class_of_ones_own(iris):
    class Own(KerasDNNClassifier):
        pass

    pipeline = make_pipeline(StandardScaler(), Own((4,), epochs=1)).fit(*iris)
    assert_same(to_onnx(pipeline, iris[0]), pipeline, iris[0])


def test_a_bare_network_of_a_frame(table, target):
    X = table[["größe", "rooms"]] / 1e5
    network = classifier().fit(X, target)
    assert_same(to_onnx(network, X), network, X)


# -- images -------------------------------------------------------------------------------


def test_an_image_pipeline_takes_its_shape_from_images(sample):
    images, y = sample.images[:100], sample.target[:100]
    pipeline = make_image_pipeline(hidden_units=(4,), epochs=1, random_state=0).fit(images, y)
    model = to_onnx(pipeline, images)
    assert model == to_onnx(pipeline, image_shape=(28, 28))
    assert_same(model, pipeline, images)
    flat = pd.DataFrame(images.reshape(100, -1)[:, 300:320]).add_prefix("pixel ")
    pipeline = make_image_pipeline(hidden_units=(4,), epochs=1, random_state=0).fit(flat, y)
    assert_same(to_onnx(pipeline, flat), pipeline, flat)


@pytest.mark.parametrize("flatten", [True, False])
def test_images_among_other_steps(flatten, sample):
    images, y = sample.images[:100], sample.target[:100]
    scale = make_image_transformer(scale=100, flatten=flatten)
    steps = [scale, StandardScaler(), classifier()] if flatten else [scale, classifier()]
    pipeline = make_pipeline(*steps).fit(images, y)
    model = to_onnx(pipeline, images, input_dtype="uint8")
    assert session(model).get_inputs()[0].shape == ["n", 28, 28]
    assert_same(model, pipeline, images)


# -- what is refused, by its step's name --------------------------------------------------


def names(X):
    return X


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        (
            [("spline", SplineTransformer())],
            r"step 'spline' \(SplineTransformer\) can't be converted to ONNX: skl2onnx does",
        ),
        (
            [("scale", StandardScaler()), ("own", FunctionTransformer(names))],
            r"step 'own' \(FunctionTransformer\) can't be converted to ONNX: FunctionTransfor",
        ),
        (
            [
                (
                    "union",
                    FeatureUnion(
                        [
                            ("scale", StandardScaler()),
                            ("bent", make_pipeline(MinMaxScaler(), SplineTransformer())),
                        ]
                    ),
                )
            ],
            "step 'splinetransformer' of 'bent' of 'union'",
        ),
        (
            [("clusters", KMeans(3, n_init=1))],
            r"step 'clusters' \(KMeans\) is not converted as a transformer",
        ),
        (
            # skl2onnx takes True and False for 1 and 0
            [
                (
                    "columns",
                    ColumnTransformer([("mask", StandardScaler(), [False, True, False, True])]),
                )
            ],
            r"step 'mask' of 'columns' \(StandardScaler\)",
        ),
    ],
    ids=["unknown", "function", "within", "clusters", "otherwise"],
)
def test_a_step_that_onnx_lacks(steps, message, iris):
    pipeline = Pipeline([*steps, ("dnn", classifier())]).fit(*iris)
    with pytest.raises(ValueError, match=message):
        to_onnx(pipeline, iris[0])


def test_an_activation_of_ones_own(iris):
    pipeline = make_pipeline(StandardScaler(), classifier(activation=names)).fit(*iris)
    message = r"step 'kerasdnnclassifier' .* can't be converted to ONNX: activation .*names"
    with pytest.raises(ValueError, match=message):
        to_onnx(pipeline, iris[0])


def test_rows_that_float32_does_not_hold(iris):
    X = iris[0] + 1e8
    pipeline = make_pipeline(StandardScaler(), classifier()).fit(X, iris[1])
    with pytest.raises(ValueError, match=r"step 'standardscaler' \(StandardScaler\) returns"):
        to_onnx(pipeline, X)


def test_X_is_checked(iris, table, target):
    X, y = iris
    pipeline = make_pipeline(StandardScaler(), classifier()).fit(X, y)
    with pytest.raises(TypeError, match="X, such as the training data, is needed"):
        to_onnx(pipeline)
    with pytest.raises(ValueError, match="X must be dense, got a sparse matrix"):
        to_onnx(pipeline, csr_matrix(X))
    with pytest.raises(ValueError, match="X must have at least one row"):
        to_onnx(pipeline, X[:0])
    with pytest.raises(ValueError, match="X has 3 features, but StandardScaler is expecting 4"):
        to_onnx(pipeline, X[:, :3])
    pipeline = Pipeline([("columns", columns()), ("dnn", classifier())]).fit(table, target)
    dated = table.assign(**{"left out": pd.Timestamp(0)})
    with pytest.raises(ValueError, match="column 'left out' must contain numbers or strings"):
        to_onnx(pipeline, dated)
    mixed = table.assign(**{"left out": [1, "x"] * 100})
    with pytest.raises(ValueError, match="column 'left out' must contain only numbers or"):
        to_onnx(pipeline, mixed)
    twice = pd.concat([table, table[["left out"]]], axis=1)
    with pytest.raises(ValueError, match=r"unique names, got \['left out'\] twice"):
        to_onnx(pipeline, twice)


def test_a_column_called_as_an_output(iris):
    X = pd.DataFrame(iris[0], columns=["label", "b", "c", "prediction"])
    pipeline = make_pipeline(StandardScaler(), classifier()).fit(X, iris[1])
    with pytest.raises(ValueError, match=r"names of the model's outputs, got \['label'\]"):
        to_onnx(pipeline, X)


def test_without_skl2onnx_the_extra_is_named(iris, monkeypatch):
    pipeline = make_pipeline(StandardScaler(), classifier()).fit(*iris)
    monkeypatch.setitem(sys.modules, "skl2onnx", None)
    with pytest.raises(ImportError, match=r"skl2onnx is needed .*pip install 'skdnn\[onnx\]'"):
        to_onnx(pipeline, iris[0])
    to_onnx(pipeline[-1])
