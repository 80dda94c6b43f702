"""Time the training engine beside Keras's own `fit`, and a prediction beside its `predict`.

    python docs/measure_engine.py                  # the bundled sample, well under a minute
    python docs/measure_engine.py --fashion-mnist  # 48,000 images, about two minutes

The network is the tutorial's: 784-100-10, relu, adam, batches of 32, 5 epochs.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
from sklearn.model_selection import train_test_split

from skdnn import KerasDNNClassifier, scale_and_flatten
from skdnn.datasets import fetch_fashion_mnist, load_fashion_mnist_sample

EPOCHS = 5


def keras_network() -> keras.Sequential:
    """Return the network in plain Keras, compiled, not trained."""
    model = keras.Sequential(
        [
            keras.layers.Input((784,)),
            keras.layers.Dense(100, activation="relu"),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def timed(what: str, call: Callable[[], Any], *, repeat: int = 1) -> Any:
    """Print the shortest time of `repeat` calls; return the result of the last."""
    times = []
    for _ in range(repeat):
        started = time.perf_counter()
        result = call()
        times.append(time.perf_counter() - started)
    best = min(times)
    print(f"{what:45}", f"{best:6.2f} s" if best > 0.2 else f"{1e3 * best:6.1f} ms", flush=True)
    return result


def measure_fits(X: np.ndarray, y: np.ndarray) -> tuple[KerasDNNClassifier, keras.Sequential]:
    """Time fits of both; return a fitted one of each."""

    def fit(rows: slice = slice(None), **hyperparameters: Any) -> KerasDNNClassifier:
        return KerasDNNClassifier(epochs=EPOCHS, **hyperparameters).fit(X[rows], y[rows])

    def fit_keras() -> keras.Sequential:
        model = keras_network()
        model.fit(X, y, epochs=EPOCHS, batch_size=32, verbose=0)
        return model

    timed("skdnn, first fit: compiles", lambda: fit(random_state=0))
    timed("skdnn, another seed", lambda: fit(random_state=1), repeat=3)
    timed(
        "skdnn, one row less, another learning rate",
        lambda: fit(slice(1, None), random_state=0, learning_rate=0.002),
        repeat=3,
    )
    timed("skdnn, engine='keras'", lambda: fit(random_state=0, engine="keras"), repeat=2)
    timed("Keras, first model", fit_keras)
    model = timed("Keras, another model", fit_keras, repeat=2)
    return fit(random_state=0), model


def measure_predictions(
    classifier: KerasDNNClassifier, model: keras.Sequential, X: np.ndarray
) -> None:
    """Time predictions of one row by both."""
    classifier.predict_proba(X[:1])
    model.predict(X[:1], verbose=0)
    timed("skdnn, predict_proba of one row", lambda: classifier.predict_proba(X[:1]), repeat=50)
    timed("Keras, predict of one row", lambda: model.predict(X[:1], verbose=0), repeat=50)


def main() -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--fashion-mnist", action="store_true", help="all of Fashion-MNIST, not the sample"
    )
    options = parser.parse_args()
    load = fetch_fashion_mnist if options.fashion_mnist else load_fashion_mnist_sample
    images, target = load(return_X_y=True)
    X, _, y, _ = train_test_split(
        scale_and_flatten(images), target, test_size=0.2, random_state=42
    )
    print(f"{len(y):,} rows, {EPOCHS} epochs of {-(-len(y) // 32):,} steps")
    measure_predictions(*measure_fits(X, y), X)
    return 0


if __name__ == "__main__":
    sys.exit(main())
