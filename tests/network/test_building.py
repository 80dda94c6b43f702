"""build_network: layers, start weights, and a plain scikeras classifier."""

import inspect
import random
from dataclasses import fields

import numpy as np
import pytest
from scikeras.wrappers import KerasClassifier

from skdnn import KerasDNNClassifier, build_network
from skdnn.network.architecture import Architecture
from skdnn.network.initializers import initial_weights
from skdnn.network.layer_settings import Regularization
from skdnn.network.outputs import output_of_classes

# scikeras 0.13 lags behind scikit-learn's names.
pytestmark = pytest.mark.filterwarnings("ignore:.*:FutureWarning:sklearn")


def wrapped(**params):
    return KerasClassifier(model=build_network, epochs=3, verbose=0, model__seed=0, **params)


def test_serves_a_plain_scikeras_classifier(iris):
    classifier = wrapped(
        model__hidden_units=(12, 8),
        model__activation=("relu", "tanh"),
        optimizer="sgd",
        optimizer__momentum=0.9,
    ).fit(*iris)
    model = classifier.model_
    assert [layer.name for layer in model.layers] == ["hidden_1", "hidden_2", "output"]
    assert [layer.activation.__name__ for layer in model.layers] == ["relu", "tanh", "softmax"]
    assert model.loss.name == "sparse_categorical_crossentropy"
    assert model.optimizer.momentum == 0.9
    assert classifier.predict_proba(iris[0]).shape == (150, 3)
    assert "accuracy" in classifier.history_


def test_every_regularization_of_the_estimators_is_one_of_the_network():
    parameters = inspect.signature(build_network).parameters
    assert {field.name for field in fields(Regularization)} <= set(parameters)


def test_two_classes_in_scikeras(binary):
    classifier = wrapped().fit(*binary)
    assert classifier.model_.loss.name == "binary_crossentropy"
    assert classifier.predict_proba(binary[0]).shape == (100, 2)


def test_images_in_scikeras(sample):
    classifier = wrapped().fit(sample.images[:64] / np.float32(255), sample.target[:64])
    assert classifier.model_.layers[0].name == "flatten"


def test_a_seed_gives_the_start_weights_of_the_estimator():
    architecture = Architecture.from_parameters((4,), output_of_classes(3), (5, 6), "relu")
    for seed in (0, 2**31 - 2):
        built = architecture.build(seed).get_weights()
        drawn = initial_weights(architecture.build(seed=1), seed)
        for a, b in zip(built, drawn, strict=True):
            np.testing.assert_array_equal(a, b)


def test_layers_of_one_shape_start_differently():
    first, second, *_ = (
        Architecture.from_parameters((6,), output_of_classes(3), (6, 6), "relu").build(0).layers
    )
    assert not np.array_equal(first.kernel.numpy(), second.kernel.numpy())


def test_start_weights_are_glorots():
    weights = initial_weights(
        Architecture.from_parameters((784,), output_of_classes(10), (100,), "relu").build(0), 1
    )
    limit = np.sqrt(6 / 884)
    assert np.abs(weights[0]).max() <= limit
    assert weights[0].std() == pytest.approx(limit / np.sqrt(3), rel=0.02)
    assert not weights[1].any()


def test_drawing_weights_leaves_pythons_generator_alone():
    model = Architecture.from_parameters((4,), output_of_classes(3), (5,), "relu").build(0)
    before = random.getstate()
    initial_weights(model, 0)
    assert random.getstate() == before


def test_every_activation_that_keras_names_trains(iris):
    import keras

    with pytest.raises(ValueError, match="activation must be a function or one of") as error:
        KerasDNNClassifier(activation="?").fit(*iris)
    names = str(error.value).split("[")[1].split("]")[0].replace("'", "").split(", ")
    assert {"relu", "sigmoid", "tanh", "gelu", "selu", "silu", "softmax"} <= set(names)
    assert all(keras.activations.get(name) for name in names)
    for first in range(0, len(names), 4):  # a layer each: fewer networks to compile
        some = names[first : first + 4]
        classifier = KerasDNNClassifier((4,) * len(some), activation=some, random_state=0)
        classifier.set_params(epochs=1).fit(*iris)
        assert np.isfinite(classifier.predict_proba(iris[0])).all(), some


def test_a_function_is_an_activation(iris):
    import keras

    def cube(x):
        return keras.ops.power(x, 3)

    classifier = KerasDNNClassifier((8,), activation=cube, epochs=30, random_state=0)
    assert classifier.fit(*iris).score(*iris) > 0.8


def test_a_layer_is_no_activation(iris):
    import keras

    for wrong in (keras.layers.PReLU(), keras.layers.ReLU):
        with pytest.raises(TypeError, match="activation must be a name or a function"):
            KerasDNNClassifier(activation=wrong).fit(*iris)


def test_the_layers_are_float32_whatever_keras_is_set_to(iris):
    import keras

    keras.config.set_floatx("float64")
    try:
        classifier = KerasDNNClassifier((7,), epochs=2, random_state=0).fit(*iris)
        assert classifier.model_.dtype == "float32"
        assert classifier.predict_proba(iris[0]).dtype == np.float32
    finally:
        keras.config.set_floatx("float32")


@pytest.mark.parametrize("kind", ["continuous", "multiclass-multioutput", "unknown"])
def test_other_targets_than_a_classifiers_are_refused(kind):
    meta = {"X_shape_": (9, 4), "n_classes_": 3, "target_type_": kind}
    with pytest.raises(
        ValueError, match=f"makes classifiers: .* got a target of type '{kind}'"
    ):
        build_network(meta, {"optimizer": "sgd"})


def test_one_hot_labels_with_kerass_loss_for_them_are_told(iris):
    X, y = iris
    classifier = wrapped(loss="categorical_crossentropy")
    assert classifier.fit(X, y).model_.layers[-1].activation.__name__ == "softmax"
    with pytest.raises(ValueError, match=r"multilabel here, .*; .* pass y.argmax\(axis=1\)$"):
        classifier.fit(X, np.eye(3)[y])
