"""register_converters: skl2onnx's own functions convert what holds a network of skdnn."""

import numpy as np
import onnxruntime
import pytest
import skl2onnx
from sklearn.ensemble import VotingRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from skdnn import KerasDNNClassifier, KerasDNNRegressor, make_table_pipeline
from skdnn.onnx import register_converters
from skdnn.preprocessing import make_image_transformer

WITHOUT_ZIPMAP = {"options": {"zipmap": False}}


@pytest.fixture(autouse=True)
def registered():
    register_converters()


@pytest.fixture(scope="module")
def rows(iris):
    return iris[0].astype(np.float32)


@pytest.fixture(scope="module")
def pipeline(iris, rows):
    network = KerasDNNClassifier(
        (8, 6), activation=["hard_silu", "sparsemax"], batch_normalization=True, random_state=0
    )
    return (
        make_pipeline(StandardScaler(), network)
        .set_params(kerasdnnclassifier__epochs=3)
        .fit(rows, np.array(["a", "b", "c"])[iris[1]])
    )


def run(model, X):
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    return session.run(None, {"X": X})


@pytest.mark.parametrize("opset", [15, 18, skl2onnx.__max_supported_opset__])
def test_opsets(opset, pipeline, rows):
    model = skl2onnx.to_onnx(pipeline, rows[:1], target_opset=opset, **WITHOUT_ZIPMAP)
    labels, probabilities = run(model, rows)
    np.testing.assert_allclose(probabilities, pipeline.predict_proba(rows), atol=1e-5)
    assert (labels == pipeline.predict(rows)).mean() > 0.99


def test_an_opset_of_long_ago(pipeline, rows):
    with pytest.raises(ValueError, match=r"target_opset must be at least 15 .* got 14"):
        skl2onnx.to_onnx(pipeline, rows[:1], target_opset=14, **WITHOUT_ZIPMAP)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_its_conventions_hold(dtype, pipeline, rows):
    X = rows.astype(dtype)
    _, dictionaries = run(skl2onnx.to_onnx(pipeline, X[:1]), X)
    expected = pipeline.predict_proba(rows)
    assert list(dictionaries[0]) == ["a", "b", "c"]
    probabilities = [[each[name] for name in "abc"] for each in dictionaries]
    np.testing.assert_allclose(probabilities, expected, atol=1e-5)
    with pytest.raises(ValueError, match="nocl"):
        skl2onnx.to_onnx(pipeline, X[:1], options={"nocl": True, "zipmap": False})


def test_a_search(iris, rows):
    search = GridSearchCV(KerasDNNClassifier((4,), random_state=0), {"epochs": [1, 2]}, cv=2)
    search.fit(rows, iris[1])
    probabilities = run(skl2onnx.to_onnx(search, rows[:1], **WITHOUT_ZIPMAP), rows)[1]
    np.testing.assert_allclose(probabilities, search.predict_proba(rows), atol=1e-5)


def test_numbers_beside_those_of_another_regressor(rows):
    y = 100 * rows[:, 0]
    network = KerasDNNRegressor((4,), epochs=3, random_state=0)
    both = VotingRegressor([("linear", LinearRegression()), ("dnn", network)]).fit(rows, y)
    (numbers,) = run(skl2onnx.to_onnx(both, rows[:1]), rows)
    np.testing.assert_allclose(numbers[:, 0], both.predict(rows), atol=1e-5 * y.std())


def test_functions_of_others_are_left_to_it(iris, rows):
    network = KerasDNNClassifier((4,), epochs=1, random_state=0)
    identity = make_pipeline(FunctionTransformer(), network).fit(rows, iris[1])
    probabilities = run(skl2onnx.to_onnx(identity, rows[:1], **WITHOUT_ZIPMAP), rows)[1]
    np.testing.assert_allclose(probabilities, identity.predict_proba(rows), atol=1e-5)
    other = make_pipeline(FunctionTransformer(np.tanh), network).fit(rows, iris[1])
    with pytest.raises(RuntimeError, match="FunctionTransformer is not supported unless"):
        skl2onnx.to_onnx(other, rows[:1], **WITHOUT_ZIPMAP)


def test_images(sample):
    images, y = sample.images[:50], sample.target[:50]
    network = KerasDNNClassifier((4,), epochs=1, random_state=0)
    pipeline = make_pipeline(make_image_transformer(), network).fit(images, y)
    model = skl2onnx.to_onnx(pipeline, images[:1], **WITHOUT_ZIPMAP)
    np.testing.assert_allclose(run(model, images)[1], pipeline.predict_proba(images), atol=1e-5)


def test_a_table_pipeline():
    X = np.random.default_rng(0).standard_cauchy((60, 3)).astype(np.float32)
    X[::5, 1] = np.nan
    pipeline = make_table_pipeline(hidden_units=(4,), epochs=1, random_state=0)
    pipeline.fit(X, X[:, 0] > 0)
    model = skl2onnx.to_onnx(pipeline, X[:1], **WITHOUT_ZIPMAP)
    np.testing.assert_allclose(run(model, X)[1], pipeline.predict_proba(X), atol=1e-5)


def test_infrequent_categories():
    X = np.array([["a", "a", "b", "b", "c", "d"]], object).T
    encoder = OneHotEncoder(min_frequency=2, handle_unknown="infrequent_if_exist").fit(X)
    (rows,) = run(skl2onnx.to_onnx(encoder, X[:1].astype(str)), np.array([["b"], ["c"], ["?"]]))
    assert rows.tolist() == [[0, 1, 0], [0, 0, 1], [0, 0, 1]]


def test_text_is_refused(iris, rows):
    network = KerasDNNClassifier((4,), epochs=1).fit(rows, iris[1])
    with pytest.raises(TypeError, match="'X' must contain numbers, got strings"):
        skl2onnx.to_onnx(network, rows[:1].astype(str), **WITHOUT_ZIPMAP)


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (
            SimpleImputer(missing_values=0, add_indicator=True),
            "missing_values must be NaN, got 0",
        ),
        (
            OneHotEncoder(max_categories=2, drop="first", handle_unknown="ignore"),
            "need drop=None and handle_unknown other than 'error', got drop='first'",
        ),
        (OneHotEncoder(max_categories=2), "got drop=None and handle_unknown='error'"),
        (
            OneHotEncoder(max_categories=2, handle_unknown="ignore"),
            "categories that are numbers must not be missing",
        ),
    ],
    ids=["gap", "drop", "error", "nan"],
)
def test_forms_of_steps_that_are_refused(step, message):
    X = np.array([[0, 1, 2, 0, 1, 3, np.nan]], np.float32).T
    X = X if "must not be missing" in message else X[:-1]
    with pytest.raises(NotImplementedError, match=message):
        skl2onnx.to_onnx(step.fit(X), X[:1])
