"""Kernels are turned within a program, and nowhere else."""

import numpy as np
import pytest

from skdnn import KerasDNNClassifier
from skdnn._engine.orientation import Orientation
from skdnn._engine.stateless import stateless
from skdnn.network.architecture import Architecture
from skdnn.network.building import compiled_network
from skdnn.network.optimizers import choose_optimizer
from skdnn.network.outputs import output_of_classes

ARCHITECTURE = Architecture.from_parameters(
    (128,), output_of_classes(4), (128, 16), "relu", [True, False]
)


def orientation(optimizer, batch_size=32, jit=True):
    model = compiled_network(ARCHITECTURE, choose_optimizer(optimizer))
    return model, Orientation(model, stateless(model.optimizer), batch_size=batch_size, jit=jit)


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "rmsprop", "lamb", "adafactor", "muon"])
@pytest.mark.parametrize("jit", [True, False])
def test_the_state_of_a_fresh_optimizer_is_as_in_keras(optimizer, jit):
    model, oriented = orientation(optimizer, jit=jit)
    model.optimizer.build(model.trainable_variables)
    expected = [np.asarray(variable.numpy()) for variable in model.optimizer.variables]
    assert len(oriented.first_slots) == len(expected)
    for ours, keras_own in zip(oriented.first_slots, expected, strict=True):
        np.testing.assert_array_equal(ours, keras_own)


def test_large_kernels_and_what_is_kept_of_them_are_turned_and_turned_back():
    model, oriented = orientation("adam")
    rng = np.random.default_rng(0)
    weights = [rng.normal(size=weight.shape).astype("f4") for weight in model.weights]
    slots = [rng.normal(size=slot.shape).astype("f4") for slot in oriented.first_slots]
    turned = oriented.weights(weights)
    large = [w.ndim == 2 and w.shape[0] == 128 and w.shape[1] >= 16 for w in weights]
    assert sum(large) == 2
    for before, after, is_large in zip(weights, turned, large, strict=True):
        np.testing.assert_array_equal(after, before.T if is_large else before)
    moments = [
        not np.array_equal(a, b)
        for a, b in zip(oriented.slots(slots), slots, strict=True)
        if a.shape == b.shape
    ]
    assert sum(moments) == 2  # of the square kernel; the oblong one's have another shape
    for before, after in zip(
        [*weights, *slots],
        [*oriented.weights(turned), *oriented.slots(oriented.slots(slots))],
        strict=True,
    ):
        np.testing.assert_array_equal(after, before)


@pytest.mark.parametrize(
    "asked",
    [
        {"optimizer": "adafactor"},
        {"optimizer": "muon"},
        {"optimizer": "adam", "jit": False},
        {"optimizer": "adam", "batch_size": 256},
    ],
    ids=["adafactor", "muon", "graph", "large batch"],
)
def test_what_gains_nothing_or_looks_at_rows_and_columns_is_left_as_it_is(asked):
    model, oriented = orientation(**asked)
    weights = [weight.numpy() for weight in model.weights]
    for before, after in zip(weights, oriented.weights(weights), strict=True):
        assert after is before


def test_a_fit_goes_on_from_graph_to_xla_and_to_keras(digits):
    X, y = np.tile(digits[0], (1, 2)), digits[1]
    network = KerasDNNClassifier((16,), epochs=1, random_state=0, warm_start=True)
    network.fit(X, y)  # a plain graph, nothing turned
    network.set_params(epochs=30).fit(X, y)  # XLA
    again = KerasDNNClassifier((16,), epochs=31, random_state=0, engine="keras").fit(X, y)
    np.testing.assert_allclose(network.history_["loss"], again.history_["loss"], rtol=1e-3)
    assert network.set_params(epochs=1, engine="keras").fit(X, y).n_iter_ == 32
