"""The same fit in other processes, by other ways, and what it leaves as it was."""

import os
import re

import pytest
from helpers.python_process import run_python

_HASHES = """
import hashlib, sys
import numpy as np
from sklearn.datasets import load_digits
from skdnn import KerasDNNClassifier, KerasDNNRegressor
from skdnn._engine.training import worth_compiling

X, y = load_digits(return_X_y=True)
X = (X / 16).astype(np.float32)
assert worth_compiling(60, len(X), 32, (64, 32, 16, 10))
fits = {
    "graph": dict(epochs=3, optimizer="nadam"),
    "XLA": dict(epochs=60, hidden_units=(32, 16), activation=("silu", "tanh")),
    "dropout, normalised": dict(epochs=3, dropout=0.3, batch_normalization=True, l2=1e-4),
    "stopped early": dict(epochs=8, early_stopping=True, scoring="accuracy"),
    "keras": dict(epochs=2, engine="keras", dropout=0.3),
    "numbers": dict(epochs=3, loss="quantile", dropout=0.3, early_stopping=True, scoring="r2"),
}
names = list(fits)
turn = int(sys.argv[1]) % len(names)  # what ran before in a process must not matter
hashes = {}
for name in names[turn:] + names[:turn]:
    estimator = KerasDNNRegressor if "loss" in fits[name] else KerasDNNClassifier
    network = estimator(**fits[name], random_state=7).fit(X, y)
    answers = getattr(network, "predict_proba", network.predict)(X)
    arrays = [*network._fitted_state["weights"], *network._fitted_state["slots"], answers]
    hashes[name] = hashlib.sha256(b"".join(a.tobytes() for a in arrays)).hexdigest()
print([hashes[name] for name in names])
"""


@pytest.fixture(scope="module")
def first():
    """A process that loads TensorFlow itself, and asks for its messages."""
    env = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "0"}
    return run_python("-c", _HASHES, "0", env=env, check=True, forked=False)


@pytest.mark.long_form(row="repeatable")
def test_every_process_learns_the_same_weights(first, count, record_property):
    processes = count(2, 20)
    others = range(1, processes)
    seen = {run_python("-c", _HASHES, str(number), check=True).stdout for number in others}
    seen.add(first.stdout)
    record_property("processes, each with 6 fits", processes)
    record_property("different hashes", len(seen))
    assert len(seen) == 1


def test_who_asks_for_messages_gets_them_and_no_warnings_of_our_graphs(first):
    """Here, since each process that imports TensorFlow takes seconds, and this one fits all."""
    assert re.search(r"^I\d{4} ", first.stderr, re.M)
    assert not re.search(r"^W\d{4} ", first.stderr, re.M)


_DRAWS = """
import random, sys
import keras, numpy as np, tensorflow as tf
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV
from skdnn import KerasDNNClassifier

X, y = load_iris(return_X_y=True)
keras.utils.set_random_seed(3)
tf.random.set_global_generator(tf.random.Generator.from_seed(3))
generator = tf.random.get_global_generator()

def draw():
    return [
        random.random(),
        np.random.random(),
        generator.uniform(()).numpy(),
        tf.random.uniform(()).numpy(),
        np.asarray(keras.random.uniform(())).item(),
    ]

def work(**params):
    network = KerasDNNClassifier((9,), epochs=2, **params)
    network.fit(X, y).predict(X)
    network.partial_fit(X, y).model_.summary(print_fn=lambda line: None)

print("at first", draw())
of_fits = (
    dict(random_state=0),
    dict(random_state=None, dropout=0.2),
    dict(random_state=0, engine="keras", dropout=0.2),
    dict(random_state=0, kernel_initializer="he_normal", batch_normalization=True),
)
for params in of_fits:
    if sys.argv[1] == "work":
        work(**params)
    print(params, draw(), tf.config.experimental.list_logical_devices())
if sys.argv[1] == "work":
    grid = [{name: [value] for name, value in params.items()} for params in of_fits]
    GridSearchCV(KerasDNNClassifier((9,), epochs=2), grid, cv=2).fit(X, y)
print("search", draw())
"""


@pytest.mark.long_form(row="random-state")
def test_generators_go_on_as_if_nothing_had_been_fitted():
    """Behind a seed, all five draw what they would have drawn."""
    with_fits, without = (
        run_python("-c", _DRAWS, what, check=True).stdout for what in ("work", "nothing")
    )
    assert with_fits.splitlines() == without.splitlines()
    assert len(set(without.splitlines())) == 6
