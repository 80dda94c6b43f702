"""What is set for all of Keras or TensorFlow neither breaks a fit nor changes it."""

import contextlib

import keras
import numpy as np
import pytest
import tensorflow as tf

from skdnn import KerasDNNClassifier
from skdnn._engine.training import worth_compiling

IMAGES = np.random.default_rng(0).random((40, 4, 3, 2), np.float32)


SETTINGS = {
    "mixed_float16": (keras.config.set_dtype_policy, "mixed_float16", "float32"),
    "float16": (keras.config.set_dtype_policy, "float16", "float32"),
    "float64": (keras.config.set_dtype_policy, "float64", "float32"),
    "floatx float16": (keras.config.set_floatx, "float16", "float32"),
    "floatx float64": (keras.config.set_floatx, "float64", "float32"),
    "channels first": (keras.config.set_image_data_format, "channels_first", "channels_last"),
    "epsilon": (keras.config.set_epsilon, 1e-2, 1e-7),
    "run eagerly": (tf.config.run_functions_eagerly, True, False),
    "autoclustering": (tf.config.optimizer.set_jit, True, False),
}
# As many of them at once as go together.
AT_ONCE = (
    ("mixed_float16", "floatx float16", "channels first", "epsilon", "autoclustering"),
    ("float64", "floatx float64", "channels first", "run eagerly"),
)


@contextlib.contextmanager
def setting(*names):
    with contextlib.ExitStack() as stack:
        for name in names:
            set_to, value, usual = SETTINGS[name]
            stack.callback(set_to, usual)
            set_to(value)
        yield


def fitted(engine):
    network = KerasDNNClassifier(
        (8,),
        dropout=0.2,
        l2=1e-3,
        batch_normalization=True,
        epochs=2,
        random_state=0,
        engine=engine,
    )
    y = np.arange(40) % 3
    return network.fit(IMAGES, y, X_val=IMAGES, y_val=y)


@pytest.fixture(scope="module")
def usual():
    return {engine: fitted(engine) for engine in ("auto", "keras")}


@pytest.mark.long_form(row="parity")
@pytest.mark.filterwarnings(
    "ignore:Even though the `tf.config.experimental_run_functions_eagerly"
)
@pytest.mark.parametrize("engine", ["auto", "keras"])
@pytest.mark.parametrize(
    "names",
    [
        *AT_ONCE,
        *(
            pytest.param((name,), marks=pytest.mark.long_form(row="parity", only=True))
            for name in SETTINGS
        ),
    ],
    ids=" and ".join,
)
def test_a_fit_is_as_usual(names, engine, usual, count):
    expected = usual[engine].predict_proba(IMAGES)
    with setting(*names):
        again = fitted(engine)
        np.testing.assert_allclose(again.predict_proba(IMAGES), expected, atol=1e-5)
        for name, values in usual[engine].history_.items():
            np.testing.assert_allclose(again.history_[name], values, rtol=1e-4)
        np.testing.assert_allclose(
            again.model_.get_weights()[0], again._fitted_state["weights"][0]
        )
        assert again.model_.optimizer.learning_rate.dtype == "float32"
        np.testing.assert_allclose(usual[engine].predict_proba(IMAGES), expected, atol=1e-6)
    # Keras's own engine keeps nothing that it has compiled.
    if count(engine == "auto", True):
        np.testing.assert_array_equal(fitted(engine).predict_proba(IMAGES), expected)


def test_floatx_is_put_back():
    with setting("floatx float16"):
        y = np.arange(40) % 3
        KerasDNNClassifier((8,), epochs=1, engine="keras").fit(IMAGES, y)
        assert keras.config.floatx() == "float16"
        with pytest.raises(ValueError, match="learning_rate"):
            KerasDNNClassifier((8,), learning_rate=-1.0).fit(IMAGES, y)
        assert keras.config.floatx() == "float16"


def test_a_build_that_failed_is_not_kept(iris, monkeypatch):
    # A momentum of its own: a program that another test has built would be found.
    optimizer = keras.optimizers.SGD(0.01, momentum=0.123)
    network = KerasDNNClassifier((8,), optimizer=optimizer, epochs=1, random_state=0)

    def failing(*args, **kwargs):
        raise MemoryError

    with monkeypatch.context() as patched:
        patched.setattr(tf, "while_loop", failing)
        with pytest.raises(MemoryError):
            network.fit(*iris)
    assert network.fit(*iris).n_iter_ == 1


def test_another_mode_of_tensorflow_is_told(iris):
    with tf.Graph().as_default(), pytest.raises(RuntimeError, match="eager execution"):
        KerasDNNClassifier((8,), epochs=1).fit(*iris)


def test_another_backend_of_keras_is_told(iris, monkeypatch):
    monkeypatch.setattr(keras.config, "backend", lambda: "jax")
    with pytest.raises(
        RuntimeError, match="backend here is 'jax': set KERAS_BACKEND=tensorflow"
    ):
        KerasDNNClassifier((8,), epochs=1).fit(*iris)


@pytest.mark.parametrize(("epochs", "by_xla"), [(1, False), (600, True)], ids=["graph", "XLA"])
def test_what_only_looks_at_its_tensor_is_let_through(epochs, by_xla, iris):
    assert worth_compiling(epochs, n_rows=150, batch_size=32, units=(4, 8, 3)) is by_xla

    def checked(x):
        with tf.control_dependencies([tf.debugging.Assert(tf.reduce_all(x < 1e9), [x])]):
            return tf.debugging.check_numerics(tf.nn.relu(x), "activation")

    network = KerasDNNClassifier((8,), activation=checked, epochs=epochs, random_state=0)
    plain = KerasDNNClassifier((8,), epochs=epochs, random_state=0)
    np.testing.assert_allclose(
        network.fit(*iris).predict_proba(iris[0]),
        plain.fit(*iris).predict_proba(iris[0]),
        atol=1e-4,
    )


def test_what_xla_can_not_compile_is_told_before_the_first_step(iris):
    def printing(x):
        tf.print("activation", output_stream="file:///dev/null")
        return tf.nn.relu(x)

    network = KerasDNNClassifier((8,), activation=printing, epochs=1_000, random_state=0)
    with pytest.raises(ValueError, match=r"XLA has no PrintV2, .* take engine='keras'"):
        network.fit(*iris)
    assert network.set_params(engine="keras", epochs=1).fit(*iris).n_iter_ == 1
