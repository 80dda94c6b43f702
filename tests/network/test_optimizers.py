"""validate_optimizer: one description for whatever a user calls an optimizer."""

import keras
import pytest

from skdnn import KerasDNNClassifier
from skdnn.network.optimizers import validate_optimizer


def test_name_class_and_instance_are_one_choice():
    choices = [
        validate_optimizer("Adam"),
        validate_optimizer(keras.optimizers.Adam),
        validate_optimizer(keras.optimizers.Adam()),
        validate_optimizer("adam", routed={"beta_1": 0.9}),
    ]
    assert len(set(choices)) == 1


def test_a_constant_learning_rate_is_not_part_of_the_key():
    slow, fast = validate_optimizer("sgd", 0.01), validate_optimizer("sgd", 0.1)
    assert slow.key == fast.key
    assert (slow.learning_rate, fast.learning_rate) == (0.01, 0.1)
    assert validate_optimizer("sgd", routed={"learning_rate": 0.1}) == fast
    assert validate_optimizer(keras.optimizers.SGD(0.1)).key == fast.key


def test_other_settings_are_part_of_the_key():
    keys = {
        validate_optimizer("sgd").key,
        validate_optimizer("sgd", routed={"momentum": 0.9}).key,
        validate_optimizer("sgd", routed={"momentum": 0.9, "nesterov": True}).key,
        validate_optimizer("sgd", keras.optimizers.schedules.CosineDecay(0.1, 10)).key,
        validate_optimizer("sgd", keras.optimizers.schedules.CosineDecay(0.1, 20)).key,
        validate_optimizer("rmsprop").key,
    }
    assert len(keys) == 6


def test_the_default_learning_rate_is_keras_own():
    assert validate_optimizer("sgd").learning_rate == pytest.approx(0.01)
    assert validate_optimizer("adam").learning_rate == pytest.approx(0.001)


def names():
    with pytest.raises(ValueError, match="optimizer must be one of") as error:
        validate_optimizer("no-such")
    return str(error.value).split("[")[1].split("]")[0].replace("'", "").split(", ")


@pytest.mark.parametrize("name", names())
def test_every_optimizer_that_is_offered_trains(name, iris):
    classifier = KerasDNNClassifier((8,), optimizer=name, epochs=5, random_state=0)
    history = classifier.fit(*iris).history_
    assert history["loss"][-1] < history["loss"][0]
