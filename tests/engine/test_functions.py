"""Functions of one's own: known by what they do, refused where they are no activations."""

import functools

import keras
import numpy as np
import pytest
import tensorflow as tf

from skdnn import KerasDNNClassifier
from skdnn._engine.functions import activation_key, function_key

ops = keras.ops
SLOPE = 1.0
FEW = tf.constant(np.linspace(0, 1, 8, dtype=np.float32))
MANY = np.random.default_rng(0).random((40, 8)).astype(np.float32)  # more than a constant holds


def key(function):
    return activation_key(function, 8, "activation f")


def reads_a_global(x):
    return ops.relu(x) * SLOPE


def closes_over(value):
    return lambda x: x * value


class Leaky:
    def __init__(self, alpha):
        self.alpha = alpha

    def __call__(self, x):
        return ops.where(x > 0, x, self.alpha * x)


def scaled(x, by=1.0, *, minus=0.0):
    return ops.relu(x) * by - minus


def own_gradient(factor):
    @tf.custom_gradient
    def function(x):
        return tf.nn.relu(x), lambda upstream: upstream * factor

    return function


def in_a_tf_function(factor):
    return tf.function(lambda x: tf.nn.relu(x) * factor)


def in_a_condition(factor):
    return lambda x: tf.cond(tf.size(x) > 0, lambda: x * factor, lambda: x)


def in_a_loop(times):
    return lambda x: tf.while_loop(lambda i, _: i < times, lambda i, a: (i + 1, a * 2), (0, x))[
        1
    ]


SAME = {
    "closure": closes_over,
    "callable": Leaky,
    "gradient of its own": own_gradient,
    "tf.function": in_a_tf_function,
    "tf.cond": in_a_condition,
    "tf.while_loop": in_a_loop,
    "argument": lambda by: functools.partial(scaled, by=by),
    "keyword": lambda minus: functools.partial(scaled, minus=minus),
    "of Keras": lambda n: functools.partial(keras.activations.leaky_relu, negative_slope=n),
    "small tensor": lambda value: closes_over(FEW * value),
    "sum of rows": lambda value: closes_over(tf.reduce_sum(MANY) * value),
    "large tensor": lambda value: closes_over(tf.constant(MANY * value)[:1]),
    "number of NumPy": lambda value: closes_over(np.float32(value)),
    "method": lambda value: Leaky(value).__call__,
    "global": lambda value: eval("lambda x: x * value", {"value": value}),
    "layer": lambda slope: lambda x: keras.layers.LeakyReLU(slope)(x),
}


@pytest.mark.parametrize("make", SAME.values(), ids=SAME)
def test_functions_that_do_the_same_are_the_same(make):
    assert key(make(2)) == key(make(2))
    assert key(make(2)) != key(make(3))


def test_a_large_tensor_is_known_by_its_numbers():
    captured = [tf.constant(MANY * factor) for factor in (1, 1, 2)]
    one, same, other = (key(lambda x, c=c: x + tf.reduce_sum(c)) for c in captured)
    assert one == same != other


def test_a_global_and_an_attribute_are_read_anew(monkeypatch):
    before, leaky = key(reads_a_global), Leaky(0.1)
    leaky_before = key(leaky)
    monkeypatch.setitem(globals(), "SLOPE", 2.0)
    leaky.alpha = 0.2
    assert key(reads_a_global) != before
    assert key(leaky) != leaky_before
    monkeypatch.setitem(globals(), "SLOPE", 1.0)
    assert key(reads_a_global) == before


def test_the_width_of_the_layer_counts():
    by_width = lambda x: x * x.shape[1]  # noqa: E731
    assert activation_key(by_width, 8, "f") != activation_key(by_width, 9, "f")


def test_variables_are_told_apart_and_named():
    one, other = tf.Variable(1.0), keras.Variable(1.0)
    assert key(closes_over(one)) == key(closes_over(one))
    assert key(closes_over(one)) != key(closes_over(other))
    assert len(key(closes_over(one)).variables) == 1


class Counts:
    """Counts its calls in a variable."""

    def __init__(self):
        self.calls = tf.Variable(0.0)

    def __call__(self, x):
        self.calls.assign_add(1.0)
        return x


REFUSED = [
    (lambda x: x + keras.random.normal(ops.shape(x)), "draws random numbers"),
    (lambda x: x + tf.random.normal(tf.shape(x)), "RandomStandardNormal"),
    (
        lambda x: tf.cond(
            tf.size(x) > 0, lambda: x * tf.random.uniform(tf.shape(x)), lambda: x
        ),
        "RandomUniform",
    ),
    (lambda x: x * np.random.rand(), "another function each time"),
    (lambda x: keras.layers.Dense(8)(x), "another function each time"),
    (lambda x: keras.layers.Dropout(0.5)(x, training=True), "draws random numbers"),
    (Counts(), "AssignAddVariableOp"),
    (lambda x: tf.ensure_shape(tf.numpy_function(np.abs, [x], tf.float32), x.shape), "PyFunc"),
    (functools.partial(keras.activations.softmax, axis=0), "mixes the rows"),
    (tf.nn.l2_normalize, "mixes the rows"),
    (lambda x: x + keras.random.normal(ops.shape(x), seed=1), "mixes the rows"),
    (lambda x: x[:, :4], r"in the shape that it gets, \(None, 8\), got float32"),
    (lambda x: tf.cast(x, "int32"), "floating-point numbers"),
    (lambda x: 3, "must return a tensor, got 3"),
    (lambda x: x / x.shape[0], r"of shape \(None, 8\): ValueError"),
    (lambda x: undefined(x), "NameError: name 'undefined'"),  # noqa: F821
]


@pytest.mark.parametrize(
    ("function", "reason"),
    REFUSED,
    ids=[
        "keras.random",
        "tf.random",
        "random in tf.cond",
        "np.random",
        "layer with weights",
        "dropout",
        "counter",
        "numpy_function",
        "softmax over rows",
        "norm of all",
        "seeded noise",
        "half the width",
        "integers",
        "no tensor",
        "number of rows",
        "unknown name",
    ],
)
@pytest.mark.filterwarnings("ignore:You are using a softmax over axis 0")
def test_what_is_no_activation_is_refused_before_the_first_step(function, reason, iris):
    with pytest.raises(ValueError, match=reason):
        key(function)
    network = KerasDNNClassifier((8,), activation=function, epochs=1, random_state=0)
    with pytest.raises(ValueError, match=r"of hidden layer 1 .*" + reason):
        network.fit(*iris)


def test_a_schedule_is_a_function_of_the_step():
    keys = [
        function_key(lambda step, r=r: tf.cast(step, "float32") * r, (), "int64", "schedule")
        for r in (0.1, 0.1, 0.2)
    ]
    assert keys[0] == keys[1] != keys[2]


# -- what a user sees ---------------------------------------------------------------------


CAPTURED = {
    "tensor": tf.constant(0.3),
    "slice": tf.constant(MANY[:1, :1]),
    "variable": tf.Variable(0.3),
    "variable of Keras": keras.Variable(0.3),
    "wide tensor": tf.constant(MANY)[:1] * 1.0,
}


@pytest.mark.parametrize(
    ("engine", "alpha"),
    [
        pytest.param(
            *(engine, alpha),
            marks=pytest.mark.long_form(
                row="parity",
                only=engine == "keras" and name not in ("variable", "wide tensor"),
            ),
            id=f"{engine}-{name}",
        )
        for engine in ("fused", "keras")
        for name, alpha in CAPTURED.items()
    ],
)
def test_what_a_function_captures_is_there_in_predictions_too(alpha, engine, iris):
    X, y = iris
    network = KerasDNNClassifier((8,), activation=Leaky(alpha), epochs=2, engine=engine)
    network.set_params(random_state=0).fit(X, y, X_val=X, y_val=y)
    np.testing.assert_allclose(network.predict_proba(X), network.model_(X), atol=1e-5)
    assert network.history_["val_accuracy"][-1] == pytest.approx(network.score(X, y), abs=0.01)


def test_a_variable_is_read_when_the_network_predicts(iris):
    alpha = tf.Variable(0.0)
    network = KerasDNNClassifier((8,), activation=Leaky(alpha), epochs=1, random_state=0)
    before = network.fit(*iris).predict_proba(iris[0])
    alpha.assign(1.0)
    after = network.predict_proba(iris[0])
    assert abs(after - before).max() > 1e-3
    np.testing.assert_allclose(after, network.model_(iris[0]), atol=1e-5)


def test_a_callable_that_has_changed_is_followed_by_both_engines(iris):
    leaky = Leaky(0.0)
    network = KerasDNNClassifier((8,), activation=leaky, epochs=3, random_state=0)
    first = network.fit(*iris).predict_proba(iris[0])
    leaky.alpha = -2.0
    fused = network.fit(*iris).predict_proba(iris[0])
    by_keras = network.set_params(engine="keras").fit(*iris).predict_proba(iris[0])
    assert abs(fused - first).max() > 1e-3
    np.testing.assert_allclose(fused, by_keras, atol=1e-4)
    leaky.alpha = 0.0
    again = network.set_params(engine="auto").fit(*iris).predict_proba(iris[0])
    np.testing.assert_array_equal(again, first)


def test_training_goes_on_with_a_function_that_does_the_same(iris):
    network = KerasDNNClassifier((8,), activation=closes_over(0.5), epochs=1, random_state=0)
    network.fit(*iris).set_params(activation=closes_over(0.5)).partial_fit(*iris)
    assert network.n_iter_ == 2
    network.set_params(activation=closes_over(0.6))
    with pytest.raises(ValueError, match="trained further with the layers it has: activation"):
        network.partial_fit(*iris)
