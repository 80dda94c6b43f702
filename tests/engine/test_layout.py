"""Arrays are arranged for training, and nowhere else."""

import numpy as np
import pytest
from sklearn.base import clone

from skdnn import KerasDNNClassifier
from skdnn._engine.layout import Layout
from skdnn._engine.stateless import stateless
from skdnn._engine.training import worth_compiling
from skdnn.network.architecture import Architecture
from skdnn.network.building import compiled_network
from skdnn.network.optimizers import validate_optimizer
from skdnn.network.outputs import output_of_classes

# Kernels of (128, 128), (128, 16), (16, 4): two are worth a turn, all but the first are small.
ARCHITECTURE = Architecture.from_parameters(
    (128,), output_of_classes(4), (128, 16), "relu", [True, False]
)
OPTIMIZERS = ["sgd", "adam", "nadam", "rmsprop", "lamb", "adafactor", "muon"]


def layout(optimizer, batch_size=32, jit=True, **options):
    model = compiled_network(ARCHITECTURE, validate_optimizer(optimizer, routed=options))
    return model, Layout(
        model, lambda: stateless(model.optimizer), batch_size=batch_size, jit=jit
    )


def filled(shapes):
    rng = np.random.default_rng(0)
    return [rng.normal(size=tuple(shape)).astype("f4") for shape in shapes]


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("jit", [True, False])
def test_a_fresh_optimizer_and_what_comes_back_are_as_in_keras(optimizer, jit):
    model, arranged = layout(optimizer, jit=jit)
    model.optimizer.build(model.trainable_variables)
    expected = [np.asarray(variable.numpy()) for variable in model.optimizer.variables]
    assert len(arranged.initial_slots) == len(expected)
    for ours, keras_own in zip(arranged.initial_slots, expected, strict=True):
        np.testing.assert_array_equal(ours, keras_own)

    weights, slots = (filled(each.shape for each in a) for a in (model.weights, expected))
    inside = arranged.pack_weights(weights), arranged.pack_slots(slots)
    assert [a.shape for a in inside[1]] == [s.shape for s in arranged.optimizer.variables]
    outside = [*arranged.unpack_weights(inside[0]), *arranged.unpack_slots(inside[1])]
    in_a_program = arranged.unpacking(arranged.shapes)(inside[0])
    for before, after in zip([*weights, *slots], outside, strict=True):
        np.testing.assert_array_equal(after, before)
    for before, after in zip(weights, in_a_program, strict=True):
        np.testing.assert_array_equal(after, before)


def test_what_is_kept_of_a_weight_lies_as_the_weight_does():
    model, arranged = layout("adam")
    weights = filled(weight.shape for weight in model.weights)
    trained = [w for w, of in zip(weights, model.weights, strict=True) if of.trainable]
    # In Keras's order: steps and learning rate, then both moments of each weight.
    slots = [*arranged.initial_slots[:2], *(m for w in trained for m in (w, w))]
    inside = arranged.pack_weights(weights)[: arranged.n_trainable]
    moments = arranged.pack_slots(slots)[2:]
    for position, array in enumerate(inside):
        for moment in moments[2 * position : 2 * position + 2]:
            np.testing.assert_array_equal(moment, array)


def test_wide_kernels_are_turned_and_small_arrays_are_one():
    model, arranged = layout("adam")
    weights = filled(weight.shape for weight in model.weights)
    first, second, third, *normalisation = arranged.pack_weights(weights)
    small = [w for w in weights if w.shape in {(128,), (16,), (16, 4), (4,)}]
    small = [w for w in small if not any(w is fixed for fixed in normalisation)]
    np.testing.assert_array_equal(first, np.concatenate([w.ravel() for w in small]))
    wide = [w for w in weights if w.shape in {(128, 128), (128, 16)}]
    np.testing.assert_array_equal(second, wide[0].T)
    np.testing.assert_array_equal(third, wide[1].T)
    assert len(normalisation) == 2  # a running mean and variance

    packed, alone, *_ = layout("adam", jit=False)[1].pack_weights(weights)
    assert packed.shape == (first.size + third.size,)
    np.testing.assert_array_equal(alone, wide[0])
    by_norm = layout("adam", clipnorm=1.0, jit=False)[1].pack_weights(weights)
    assert by_norm[0].shape == (128, 128)


def test_a_layout_of_another_width_is_as_if_made_for_it():
    def plain(units):
        layers = Architecture.from_parameters((4,), output_of_classes(3), units)
        model = compiled_network(layers, validate_optimizer("adagrad"))
        return Layout(model, lambda: stateless(model.optimizer), batch_size=32, jit=False)

    made, resized = plain((5, 6)), plain((3, 2)).resized(plain((5, 6)).shapes)
    for expected, found in zip(made.initial_slots, resized.initial_slots, strict=True):
        np.testing.assert_array_equal(found, expected)
        assert found.dtype == expected.dtype
    weights = filled(made.shapes)
    inside = resized.pack_weights(weights)
    np.testing.assert_array_equal(inside, made.pack_weights(weights))
    for before, after in zip(weights, resized.unpack_weights(inside), strict=True):
        np.testing.assert_array_equal(after, before)
    for before, after in zip(
        made.initial_slots,
        resized.unpack_slots(resized.pack_slots(made.initial_slots)),
        strict=True,
    ):
        np.testing.assert_array_equal(after, before)


@pytest.mark.parametrize(
    "asked",
    [{"optimizer": "adafactor"}, {"optimizer": "muon"}, {"optimizer": "lamb", "jit": False}],
    ids=["adafactor", "muon", "lamb in a graph"],
)
def test_an_update_that_looks_at_whole_arrays_has_them(asked):
    model, arranged = layout(**asked)
    weights = [weight.numpy() for weight in model.trainable_weights]
    inside = arranged.pack_weights([weight.numpy() for weight in model.weights])
    for before, after in zip(weights, inside, strict=False):
        np.testing.assert_array_equal(after, before)


@pytest.mark.long_form(row="parity")
def test_a_fit_goes_on_from_graph_to_xla_and_to_keras(digits, count):
    X, y = np.tile(digits[0][:640], (1, 2)), digits[1][:640]
    # So wide that XLA is worth it after few steps.
    assert worth_compiling(7, n_rows=640, batch_size=32, units=(128, 1024, 1024, 10))
    wide = KerasDNNClassifier((1024, 1024), random_state=0)
    network = clone(wide).set_params(epochs=1, warm_start=True)
    network.fit(X, y)  # a plain graph, nothing turned
    network.set_params(epochs=7).fit(X, y)  # XLA
    n = count(3, 8)  # the first in the graph
    again = clone(wide).set_params(epochs=n, engine="keras").fit(X, y)
    np.testing.assert_allclose(network.history_["loss"][:n], again.history_["loss"], rtol=1e-3)
    assert network.set_params(epochs=1, engine="keras").fit(X, y).n_iter_ == 9
