"""The fused engine against Keras's own fit, on the same rows in the same order."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skdnn._engine.programs import Structure, program_for
from skdnn._engine.rows import Rows
from skdnn._engine.training import FusedTraining, TrainingState, worth_compiling
from skdnn.network.architecture import Architecture
from skdnn.network.building import compiled_network
from skdnn.network.initializers import initial_weights
from skdnn.network.layer_settings import Regularization
from skdnn.network.optimizers import validate_optimizer
from skdnn.network.outputs import output_of_classes

# Their update is smooth in the gradient; a sign update (lion, muon's orthogonalisation)
# magnifies the rounding of the last bit.
SMOOTH = [
    ("sgd", {}),
    ("sgd", {"momentum": 0.9, "nesterov": True}),
    ("rmsprop", {}),
    ("rmsprop", {"centered": True, "momentum": 0.5}),
    ("adam", {}),
    ("adam", {"amsgrad": True, "clipvalue": 0.01}),
    ("adamw", {"weight_decay": 0.05, "clipnorm": 0.5}),
    ("sgd", {"global_clipnorm": 0.1, "weight_decay": 0.01}),
    ("nadam", {}),
    ("adagrad", {}),
    ("adadelta", {"learning_rate": 1.0}),
    ("adamax", {}),
    ("ftrl", {}),
    ("ftrl", {"l1_regularization_strength": 0.01, "beta": 0.1}),
    ("lamb", {}),
    ("adafactor", {}),
]
# Those whose updates others do too, with more around them: AdamW, centered RMSprop, SGD with
# clipped gradients, FTRL with penalties.
LONG = [("sgd", {}), ("rmsprop", {}), ("adam", {}), ("ftrl", {})]
# XLA compiles for seconds: one that is arranged for it, and one that is not, for its norm is
# of weights. As a graph the others are compared.
QUICK_BY_XLA = [
    ("sgd", {"momentum": 0.9, "nesterov": True}),
    ("sgd", {"global_clipnorm": 0.1, "weight_decay": 0.01}),
]


def problem(n_rows, n_classes, seed=0, n_features=6):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_rows, n_features)).astype(np.float32)
    y = (X @ rng.normal(size=(n_features, n_classes))).argmax(axis=1).astype(np.int32)
    return X, y


def structure(architecture, choice, batch_size, jit):
    none = Regularization.none(len(architecture.hidden_units))
    return Structure(architecture, none, choice.key, batch_size, jit)


def start(architecture, choice, rows, *, batch_size=32, seed=0, jit=True):
    program = program_for(
        structure(architecture, choice, batch_size, jit),
        lambda: compiled_network(architecture, choice),
    )
    slots = program.with_learning_rate(program.initial_slots, choice.learning_rate)
    state = TrainingState(initial_weights(program.model, seed), slots)
    return FusedTraining(program, state, rows, seed=seed)


def keras_fit(architecture, choice, rows, *, batch_size=32, epochs=1, seed=0, jit=True):
    """Keras's fit over the engine's order of rows."""
    model = architecture.build(seed)
    binary = architecture.output.activation == "sigmoid"
    loss = (
        keras.losses.BinaryCrossentropy
        if binary
        else keras.losses.SparseCategoricalCrossentropy
    )
    model.compile(
        choice.make(),
        loss(reduction="mean_with_sample_weight"),
        metrics=["accuracy"],
        jit_compile=jit,  # Keras with and without XLA differ from each other
        run_eagerly=not jit and len(rows.y) < 1_000,  # tracing takes longer than a few steps
    )
    history = {"loss": [], "accuracy": []}
    taken = (
        np.arange(len(rows.y))
        if rows.sample_weight is None
        else np.flatnonzero(rows.sample_weight)
    )
    for epoch in range(epochs):
        order = np.random.default_rng((seed, epoch)).permutation(taken)
        weight = None if rows.sample_weight is None else rows.sample_weight[order]
        logs = model.fit(
            rows.X[order].astype(np.float32),
            rows.y[order],
            sample_weight=weight,
            batch_size=batch_size,
            shuffle=False,
            verbose=0,
        ).history
        for name, values in history.items():
            values.append(logs[name][0])
    return model.get_weights(), history


def assert_alike(training, reference, epochs, atol=1e-3, rtol=1e-4):
    weights, history = reference
    logs = [training.run_epoch() for _ in range(epochs)]
    np.testing.assert_allclose([log["loss"] for log in logs], history["loss"], rtol=rtol)
    np.testing.assert_allclose(
        [log["accuracy"] for log in logs], history["accuracy"], atol=0.02
    )
    for a, b in zip(training.state().weights, weights, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=atol)


@pytest.mark.parametrize(
    ("name", "options", "jit"),
    [
        pytest.param(
            *(*case, jit),
            marks=pytest.mark.long_form(
                row="parity", only=case in LONG or jit != (case in QUICK_BY_XLA)
            ),
        )
        for case in SMOOTH
        for jit in (False, True)
    ],
    ids=str,
)
def test_every_smooth_optimizer_trains_as_keras_does(name, options, jit):
    # Wide enough that kernels are turned, a square one and an oblong one.
    architecture = Architecture.from_parameters((128,), output_of_classes(16), (128,), "tanh")
    choice = validate_optimizer(name, routed=options)
    rows = Rows(*problem(160, 16, n_features=128))
    reference = keras_fit(architecture, choice, rows, epochs=2, jit=jit)
    assert_alike(start(architecture, choice, rows, jit=jit), reference, epochs=2)


@pytest.mark.long_form(row="parity")
def test_a_schedule_trains_as_in_keras(count):
    jit = count(False, True)
    architecture = Architecture.from_parameters((6,), output_of_classes(3), (8,), "relu")
    schedule = keras.optimizers.schedules.ExponentialDecay(0.1, 3, 0.7)
    choice = validate_optimizer("sgd", schedule)
    rows = Rows(*problem(100, 3))
    reference = keras_fit(architecture, choice, rows, epochs=2, jit=jit)
    assert_alike(start(architecture, choice, rows, jit=jit), reference, epochs=2)


@pytest.mark.long_form(row="parity")
@pytest.mark.parametrize("name", ["lion", "muon"])
def test_optimizers_that_magnify_rounding_have_keras_losses(name, count):
    jit = count(False, True)
    architecture = Architecture.from_parameters((6,), output_of_classes(4), (12,), "tanh")
    choice = validate_optimizer(name)
    rows = Rows(*problem(150, 4))
    _, history = keras_fit(architecture, choice, rows, epochs=2, jit=jit)
    training = start(architecture, choice, rows, jit=jit)
    losses = [training.run_epoch()["loss"] for _ in range(2)]
    np.testing.assert_allclose(losses, history["loss"], rtol=1e-2)


@pytest.mark.long_form(row="parity")
def test_parity_over_networks_weights_and_short_batches(count, record_property):
    n = count(3, 60)
    record_property("examples", n)

    @settings(max_examples=n, deadline=None)
    @given(
        optimizer=st.sampled_from(SMOOTH),
        activation=st.sampled_from(["relu", "sigmoid", "tanh", "gelu", "selu"]),
        hidden_units=st.lists(st.integers(1, 9), max_size=3).map(tuple),
        n_classes=st.integers(2, 5),
        n_rows=st.integers(2, 90),
        batch_size=st.sampled_from([7, 16, 32]),
        weighted=st.sampled_from(["none", "any", "zeros"]),
        jit=st.sampled_from(count((False,), (False, True))),
        seed=st.integers(0, 2**31 - 2),
    )
    def body(
        optimizer, activation, hidden_units, n_classes, n_rows, batch_size, weighted, jit, seed
    ):
        architecture = Architecture.from_parameters(
            (6,), output_of_classes(n_classes), hidden_units, activation
        )
        choice = validate_optimizer(optimizer[0], routed=optimizer[1])
        X, y = problem(n_rows, n_classes, seed)
        weight = np.random.default_rng(seed).random(n_rows).astype(np.float32) + 0.1
        if weighted == "zeros":
            weight[1::2] = 0
        rows = Rows(X, y, None if weighted == "none" else weight)
        settings = {"batch_size": batch_size, "seed": seed}
        reference = keras_fit(architecture, choice, rows, jit=jit, **settings)
        assert_alike(
            start(architecture, choice, rows, jit=jit, **settings), reference, epochs=1
        )

    body()


def test_more_rows_than_a_chunk_holds():
    architecture = Architecture.from_parameters((6,), output_of_classes(3), (8,), "relu")
    choice = validate_optimizer("adam")
    rows = Rows(*problem(32 * 128 * 2 + 45, 3))
    reference = keras_fit(architecture, choice, rows, jit=False)
    assert_alike(start(architecture, choice, rows, jit=False), reference, epochs=1)


@pytest.mark.long_form(row="parity")
def test_integers_train_as_the_floats_they_are(count):
    jit = count(False, True)
    architecture = Architecture.from_parameters((6,), output_of_classes(3), (8,), "relu")
    choice = validate_optimizer("adam")
    X, y = problem(100, 3)
    pixels = np.clip(X * 50 + 100, 0, 255).astype(np.uint8)
    a = start(architecture, choice, Rows(pixels, y), jit=jit)
    b = start(architecture, choice, Rows(pixels.astype(np.float32), y), jit=jit)
    assert a.run_epoch() == b.run_epoch()


def test_graph_and_xla_agree():
    architecture = Architecture.from_parameters((6,), output_of_classes(3), (8,), "relu")
    choice = validate_optimizer("adam")
    rows = Rows(*problem(200, 3))
    graph, xla = (start(architecture, choice, rows, jit=jit) for jit in (False, True))
    for _ in range(3):
        assert graph.run_epoch()["loss"] == pytest.approx(xla.run_epoch()["loss"], rel=1e-4)


def test_whether_xla_compiles_depends_on_the_fit_alone():
    fit = {"n_rows": 320, "batch_size": 32}
    assert not worth_compiling(epochs=280, units=(20, 100, 3), **fit)
    assert worth_compiling(epochs=290, units=(20, 100, 3), **fit)
    assert worth_compiling(epochs=120, units=(784, 100, 10), **fit)  # more in each step
    assert not worth_compiling(epochs=10**4, units=(784, 100, 10), dropout=True, **fit)
    assert not worth_compiling(epochs=290, units=(20, *(10,) * 9, 3), **fit)  # more to compile
    architecture = Architecture.from_parameters((6,), output_of_classes(3), (8,), "relu")
    choice = validate_optimizer("sgd")
    rows = Rows(*problem(320, 3))
    short, long, again = (
        start(architecture, choice, rows, jit=jit) for jit in (False, True, False)
    )
    assert (short.compiled, long.compiled, again.compiled) == (False, True, False)
    for training in (short, long, again):
        training.run_epoch()
    for one, other in zip(short.state().weights, again.state().weights, strict=True):
        np.testing.assert_array_equal(one, other)
