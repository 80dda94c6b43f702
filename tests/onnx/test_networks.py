"""to_onnx: onnxruntime gives the labels and probabilities that the estimator gives."""

import subprocess
import sys

import keras
import numpy as np
import onnxruntime
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from skdnn import KerasDNNClassifier, KerasDNNRegressor, make_image_pipeline
from skdnn.network.layer_settings import _activation_names
from skdnn.onnx import to_onnx
from skdnn.onnx._activations import activation_builder
from skdnn.onnx._graph import Model


def session(model):
    return onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )


def run(model, X):
    labels, probabilities = session(model).run(["label", "probabilities"], {"input": X})
    return labels, probabilities


def assert_same(model, estimator, X):
    labels, probabilities = run(model, X)
    expected = estimator.predict_proba(X)
    assert probabilities.dtype == np.float32
    np.testing.assert_allclose(probabilities, expected, atol=1e-5)
    sure = np.abs(np.sort(expected, axis=1)[:, -1] - np.sort(expected, axis=1)[:, -2]) > 1e-4
    np.testing.assert_array_equal(labels[sure], estimator.predict(X)[sure])
    assert sure.mean() > 0.9


# -- activations --------------------------------------------------------------------------


@pytest.mark.parametrize("name", _activation_names())
def test_every_activation_of_keras(name):
    """Alone, over a range in which every branch of it is taken."""
    units = 41
    x = np.linspace(-20, 20, 4 * units, dtype=np.float32).reshape(units, 4).T.copy()
    x = np.concatenate([x, x / 20, np.random.default_rng(0).permuted(x, axis=1)])
    graph = Model()
    graph.add("Identity", activation_builder(name)(graph, "input", units), out="y")
    model = graph.model("float32", ["n", units], {"y": ("float32", ["n", units])})
    (y,) = session(model).run(["y"], {"input": x})
    expected = np.asarray(keras.ops.convert_to_numpy(keras.activations.get(name)(x)))
    np.testing.assert_allclose(y, expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("first", range(0, len(_activation_names()), 4))
def test_networks_of_every_activation(first, iris):
    X, activations = iris[0].astype(np.float32), _activation_names()[first : first + 4]
    classifier = KerasDNNClassifier(
        [8] * len(activations), activation=activations, epochs=3, random_state=0
    )
    classifier.fit(X, iris[1])
    assert_same(to_onnx(classifier), classifier, X)


def test_functions_of_keras_and_functions_of_ones_own(iris):
    X = iris[0].astype(np.float32)
    classifier = KerasDNNClassifier(
        (4, 4), activation=[keras.activations.gelu, "tanh"], epochs=1, random_state=0
    ).fit(X, iris[1])
    assert_same(to_onnx(classifier), classifier, X)

    def own(x):
        return x

    classifier = KerasDNNClassifier((4,), activation=own, epochs=1).fit(X, iris[1])
    with pytest.raises(ValueError, match=r"activation .*own.* can't be expressed in ONNX"):
        to_onnx(classifier)


# -- targets and layers -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("relabel", "dtype"),
    [
        (lambda y: y, np.int64),
        (lambda y: y.astype(np.uint8) + 5, np.int64),
        (lambda y: y.astype(np.float32), np.int64),
        (lambda y: y > 0, np.int64),
        (lambda y: np.array(["no", "yes é"])[(y > 0).astype(int)], object),
        (lambda y: np.array(["a", "b", "c"])[y], object),
        (lambda y: np.array(["a", "b", "c"], dtype=object)[y], object),
    ],
    ids=["int", "uint8", "float", "bool", "two texts", "texts", "objects"],
)
def test_every_kind_of_label(relabel, dtype, iris):
    X = iris[0].astype(np.float32)
    classifier = KerasDNNClassifier((8,), epochs=10, random_state=0).fit(X, relabel(iris[1]))
    model = to_onnx(classifier)
    assert_same(model, classifier, X)
    labels, probabilities = run(model, X[:1])
    assert labels.dtype == dtype
    assert labels.shape == (1,)
    assert probabilities.shape == (1, len(classifier.classes_))


def test_multilabel(iris):
    X, y = iris[0].astype(np.float32), iris[1]
    targets = np.column_stack([y == 0, y > 0, X[:, 0] > 0]).astype(int)
    classifier = KerasDNNClassifier((8,), epochs=10, random_state=0).fit(X, targets)
    labels, probabilities = run(to_onnx(classifier), X)
    expected = classifier.predict_proba(X)
    np.testing.assert_allclose(probabilities, expected, atol=1e-5)
    sure = np.abs(expected - 0.5) > 1e-4
    np.testing.assert_array_equal(labels[sure], classifier.predict(X)[sure])
    assert labels.dtype == np.int64


@pytest.mark.parametrize(
    "params",
    [
        {"hidden_units": ()},
        {"hidden_units": (8, 6, 5), "dropout": 0.3, "l2": 0.01},
        {"hidden_units": (8, 6), "batch_normalization": True},
        {"hidden_units": (8, 6), "batch_normalization": (False, True), "activation": "selu"},
    ],
    ids=["linear", "dropout", "normalised", "one normalised"],
)
def test_layers(params, iris):
    X = iris[0].astype(np.float32)
    classifier = KerasDNNClassifier(epochs=20, random_state=0).set_params(**params)
    assert_same(to_onnx(classifier.fit(X, iris[1])), classifier, X)


def test_input_types(iris):
    rng = np.random.default_rng(0)
    X, y = rng.integers(0, 255, (60, 5)), rng.integers(0, 3, 60)
    classifier = KerasDNNClassifier((8,), epochs=2, random_state=0).fit(X / 255, y)
    for dtype in ("uint8", "int32", "int64", "float32", "float64"):
        assert_same(to_onnx(classifier, input_dtype=dtype), classifier, X.astype(dtype))
    with pytest.raises(ValueError, match=r"input_dtype must be one of .* got 'float16'"):
        to_onnx(classifier, input_dtype="float16")


# -- images -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "given"),
    [
        ({}, {"image_shape": (28, 28)}),
        ({"flatten": False}, {}),
        ({"image_shape": (28, 28)}, {}),
        ({"scale": 100, "activation": "sigmoid", "batch_normalization": True}, None),
    ],
    ids=["default", "unflattened", "shape", "settings"],
)
def test_the_whole_image_pipeline(settings, given, sample):
    images, target = sample.images[:300], sample.target[:300]
    pipeline = make_image_pipeline(hidden_units=(16,), epochs=3, random_state=0, **settings)
    pipeline.fit(images, target)
    given = {"image_shape": (28, 28)} if given is None else given
    model = to_onnx(pipeline, **given)
    assert_same(model, pipeline, images)
    (described,) = session(model).get_inputs()
    assert described.type == "tensor(uint8)"
    assert described.shape == ["n", 28, 28]
    floats = to_onnx(pipeline, input_dtype="float32", **given)
    assert_same(floats, pipeline, images.astype(np.float32))


def test_the_shape_of_images(sample):
    images, target = sample.images[:100], sample.target[:100]
    pipeline = make_image_pipeline(hidden_units=(4,), epochs=1).fit(images, target)
    with pytest.raises(ValueError, match="784 pixels and has not learnt their shape"):
        to_onnx(pipeline)
    with pytest.raises(ValueError, match=r"784 pixels, got \(28, 27\)"):
        to_onnx(pipeline, image_shape=(28, 27))
    shaped = make_image_pipeline(hidden_units=(4,), epochs=1, image_shape=(28, 28))
    with pytest.raises(ValueError, match=r"that of the images, \(28, 28\), got \(784,\)"):
        to_onnx(shaped.fit(images, target), image_shape=(784,))


def test_a_classifier_of_images(sample):
    images, target = sample.images[:300].astype(np.float32) / 255, sample.target[:300]
    classifier = KerasDNNClassifier((16,), epochs=3, random_state=0).fit(images, target)
    assert_same(to_onnx(classifier), classifier, images)


# -- what can't be converted --------------------------------------------------------------


def test_what_is_refused(iris):
    with pytest.raises(NotFittedError):
        to_onnx(KerasDNNClassifier())
    with pytest.raises(TypeError, match="got LogisticRegression; skl2onnx converts"):
        to_onnx(LogisticRegression().fit(*iris))
    with pytest.raises(TypeError, match="pipeline must be as make_image_pipeline makes it"):
        to_onnx(make_pipeline(KerasDNNClassifier((4,), epochs=1)).fit(*iris))
    huge = np.array([1, 2, 2**63 + 2**40], np.uint64)[iris[1]]
    classifier = KerasDNNClassifier((4,), epochs=1).fit(iris[0], huge)
    with pytest.raises(ValueError, match="classes_ must fit int64"):
        to_onnx(classifier)


def test_without_onnx_the_extra_is_named(iris, monkeypatch):
    classifier = KerasDNNClassifier((4,), epochs=1).fit(*iris)
    monkeypatch.setitem(sys.modules, "onnx.helper", None)
    with pytest.raises(ImportError, match=r"pip install 'skdnn\[onnx\]'"):
        to_onnx(classifier)


def test_the_model_needs_no_python_of_ours(iris, tmp_path):
    """Another process, with neither skdnn nor TensorFlow, gives the same probabilities."""
    X = iris[0].astype(np.float32)
    classifier = KerasDNNClassifier((8,), epochs=2, random_state=0).fit(X, iris[1])
    (tmp_path / "model.onnx").write_bytes(to_onnx(classifier).SerializeToString())
    np.save(tmp_path / "X.npy", X)
    script = (
        "import sys, numpy, onnxruntime\n"
        "model = onnxruntime.InferenceSession('model.onnx')\n"
        "probabilities = model.run(['probabilities'], {'input': numpy.load('X.npy')})[0]\n"
        "numpy.save('probabilities.npy', probabilities)\n"
        "assert not {'skdnn', 'tensorflow', 'keras'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", script], cwd=tmp_path, check=True)
    np.testing.assert_allclose(
        np.load(tmp_path / "probabilities.npy"), classifier.predict_proba(X), atol=1e-5
    )


# -- numbers ------------------------------------------------------------------------------


@pytest.mark.parametrize("loss", ["squared_error", "poisson"])
@pytest.mark.parametrize("columns", [None, 1, 2])
def test_numbers_in_the_units_and_the_shape_of_the_targets(loss, columns, iris):
    X, y = iris[0].astype(np.float32), 1e6 * (iris[0][:, 0] + 3)
    y = y if columns is None else np.c_[y, y / 1e9][:, :columns]
    regressor = KerasDNNRegressor((8,), loss=loss, epochs=3, random_state=0).fit(X, y)
    (numbers,) = session(to_onnx(regressor)).run(["prediction"], {"input": X})
    assert numbers.shape == y.shape
    misses = (numbers - regressor.predict(X)) / y.std(axis=0)
    np.testing.assert_allclose(misses, 0, atol=1e-5)


@pytest.mark.parametrize("columns", [None, 2])
def test_an_image_pipeline_of_numbers(columns, sample):
    images = sample.images[:100]
    y = 1e6 * images.mean(axis=(1, 2)) + 1e6
    y = y if columns is None else np.c_[y, images.std(axis=(1, 2))]
    pipeline = make_image_pipeline(
        estimator=KerasDNNRegressor((8,)), epochs=3, random_state=0, image_shape=(28, 28)
    ).fit(images, y)
    made = session(to_onnx(pipeline))
    (described,) = made.get_inputs()
    assert (described.type, described.shape) == ("tensor(uint8)", ["n", 28, 28])
    (numbers,) = made.run(["prediction"], {"input": images})
    assert numbers.shape == y.shape
    misses = (numbers - pipeline.predict(images)) / y.std(axis=0)
    np.testing.assert_allclose(misses, 0, atol=1e-5)
