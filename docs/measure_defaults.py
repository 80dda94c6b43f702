"""Measure what stands behind the defaults of both estimators.

    python docs/measure_defaults.py                  # iris and digits, about four minutes
    python docs/measure_defaults.py --fashion-mnist  # 60,000 images, about two minutes
    python docs/measure_defaults.py --regressor      # numbers, about four minutes

`docs/defaults.md` shows what they print.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
import warnings
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from measure_regressor_defaults import print_tables as print_tables_of_regressor
from sklearn.datasets import load_digits, load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skdnn import KerasDNNClassifier, make_image_pipeline
from skdnn.datasets import fetch_fashion_mnist

EPOCHS = (20, 50, 100, 200)
IMAGE_EPOCHS = (5, 20, 50, 100)
SEEDS = (0, 1, 2)
N_FOLDS = 5


def classifiers(seed: int) -> Iterator[tuple[str, Any]]:
    """Yield what is compared, by name: everything but `epochs` at its default."""
    for epochs in EPOCHS:
        yield f"epochs={epochs}", KerasDNNClassifier(epochs=epochs, random_state=seed)
    yield "MLPClassifier()", MLPClassifier(random_state=seed)


def folds(seed: int) -> dict[str, StratifiedKFold]:
    """Return both ways to cut five folds, by name."""
    return {
        "shuffled": StratifiedKFold(N_FOLDS, shuffle=True, random_state=seed),
        "as they come": StratifiedKFold(N_FOLDS),
    }


def mean_accuracies(X: np.ndarray, y: np.ndarray) -> dict[tuple[str, str], float]:
    """Return the accuracy of each classifier on each kind of folds, mean over the seeds."""
    found: dict[tuple[str, str], list[float]] = {}
    for seed in SEEDS:
        for name, classifier in classifiers(seed):
            pipeline = make_pipeline(StandardScaler(), classifier)
            for kind, cv in folds(seed).items():
                scores = cross_val_score(pipeline, X, y, cv=cv)
                found.setdefault((name, kind), []).append(scores.mean())
    return {key: float(np.mean(means)) for key, means in found.items()}


def print_small_tables() -> None:
    """Print the table for iris and digits."""
    columns = [(data, kind) for data in ("iris", "digits") for kind in folds(0)]
    measured = {
        "iris": mean_accuracies(*load_iris(return_X_y=True)),
        "digits": mean_accuracies(*load_digits(return_X_y=True)),
    }
    print(f"{'':16}", *(f"{data}, {kind}" for data, kind in columns), sep="  ")
    for name, _ in classifiers(0):
        cells = (
            f"{measured[d][name, kind]:{len(d) + 2 + len(kind)}.3f}" for d, kind in columns
        )
        print(f"{name:16}", *cells, sep="  ")


def print_fashion_mnist() -> None:
    """Print how the image pipeline's accuracy grows with the epochs, all else at default."""
    images, target = fetch_fashion_mnist(return_X_y=True)
    test_images, test_target = fetch_fashion_mnist(subset="test", return_X_y=True)
    pipeline = make_image_pipeline(warm_start=True, random_state=0)
    started = time.perf_counter()
    print("epochs  training accuracy  test accuracy  seconds")
    for before, epochs in pairwise((0, *IMAGE_EPOCHS)):
        pipeline.set_params(dnn__epochs=epochs - before).fit(images, target)
        seconds = time.perf_counter() - started
        train, test = pipeline.score(images, target), pipeline.score(test_images, test_target)
        print(f"{epochs:6}  {train:17.3f}  {test:13.3f}  {seconds:7.0f}")


def main() -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    instead = parser.add_mutually_exclusive_group()
    instead.add_argument(
        "--fashion-mnist", action="store_true", help="all of Fashion-MNIST instead"
    )
    instead.add_argument(
        "--regressor", action="store_true", help="the defaults of KerasDNNRegressor instead"
    )
    options = parser.parse_args()
    # MLPClassifier stops at its 200 iterations on iris; that is its default, and measured.
    warnings.simplefilter("ignore", ConvergenceWarning)
    if options.fashion_mnist:
        print_fashion_mnist()
    elif options.regressor:
        print_tables_of_regressor()
    else:
        print_small_tables()
    return 0


if __name__ == "__main__":
    sys.exit(main())
