"""Initializers of the user's own: copied for each fit, with a seed where they take one."""

import copy
import functools
import pickle

import keras
import numpy as np
import pytest
from sklearn.base import clone

from skdnn import KerasDNNClassifier
from skdnn.network.architecture import Architecture
from skdnn.network.initializers import initial_weights, validate_initializers
from skdnn.network.outputs import output_of_classes


def ramp(shape, dtype=None, scale=0.1):
    return np.linspace(-scale, scale, int(np.prod(shape))).reshape(shape)


class Ramp(keras.initializers.Initializer):
    """Has no get_config of its own."""

    def __init__(self, scale):
        self.scale = scale

    def __call__(self, shape, dtype=None):
        return ramp(shape, dtype, self.scale)


class Raising(Ramp):
    def get_config(self):
        raise RuntimeError("not for saving")


class Normal(keras.initializers.RandomNormal):
    """Its get_config is that of its base, whose arguments are others."""

    def __init__(self, gain):
        super().__init__(stddev=gain)


class Drawing(keras.initializers.Initializer):
    """Draws on from its own generator."""

    def __init__(self):
        self.rng = np.random.default_rng(0)

    def __call__(self, shape, dtype=None):
        return self.rng.normal(size=shape)


@keras.saving.register_keras_serializable("skdnn_tests")
class Registered(Ramp):
    def get_config(self):
        return {"scale": self.scale}


OWN = [
    Ramp(0.2),
    Raising(0.2),
    Normal(0.2),
    Drawing(),
    Registered(0.2),
    ramp,
    functools.partial(ramp, scale=0.3),
]


def drawn(initializer, seed=0):
    model = Architecture.from_parameters((4,), output_of_classes(3), (4, 4), "relu").build(
        seed=1
    )
    return initial_weights(model, seed, validate_initializers(initializer, 2))


@pytest.mark.parametrize("initializer", OWN, ids=lambda each: type(each).__name__)
def test_every_fit_starts_alike_and_leaves_the_instance_alone(initializer, iris):
    before = pickle.dumps(initializer)
    estimator = KerasDNNClassifier(
        (4,), kernel_initializer=initializer, epochs=1, random_state=0
    )
    first = estimator.fit(*iris)._fitted_state["weights"]
    for other in (estimator, clone(estimator), copy.deepcopy(estimator)):
        for a, b in zip(other.fit(*iris)._fitted_state["weights"], first, strict=True):
            np.testing.assert_array_equal(a, b)
    assert pickle.dumps(initializer) == before


def test_one_that_takes_a_seed_gets_one_for_each_layer():
    for initializer in (Normal(0.2), Drawing()):
        first, _, second, *_ = drawn(initializer)
        assert not np.array_equal(first, second)
    assert not np.array_equal(drawn(Normal(0.2))[0], drawn(Normal(0.2), seed=1)[0])
    assert drawn(Normal(0.001))[0].std() < 0.01


def test_one_that_fails_is_named():
    with pytest.raises(
        ValueError, match=r"kernel_initializer <function .* failed, called with"
    ):
        drawn(lambda shape: np.zeros(shape))
    with pytest.raises(ValueError, match="must return finite weights"):
        drawn(lambda shape, dtype=None: np.full(shape, np.nan))
