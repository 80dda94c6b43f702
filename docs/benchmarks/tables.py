"""Tables that are drawn, or come with scikit-learn: their rows, and the networks for them.

A table is written to a directory of its own as the files that the jobs load: rows to train on
and rows that are not seen, with features and numbers to learn in float32.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
from peers import Network
from sklearn.datasets import (
    load_diabetes,
    load_digits,
    load_iris,
    make_classification,
    make_friedman1,
)
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

Rows = tuple[np.ndarray, np.ndarray]

_UNSEEN = 0.25  # share of the rows

# What `numbers` makes of each y: its name, and a factor and a summand. R² knows neither.
FORMS = {
    "y": (1.0, 0.0),
    "y * 1e6 + 1e6": (1e6, 1e6),
    "y * 1e-6": (1e-6, 0.0),
    "y + 1e5": (1.0, 1e5),
}


@dataclass(frozen=True)
class Table:
    """Rows and the network that learns them."""

    name: str
    load: Callable[[], Rows]
    network: Network
    standardized: bool = True  # the features
    seeds: int = 5  # of a score

    def save(self, directory: str) -> str:
        """Write the rows for the jobs; return where."""
        X, y = self.load()
        if self.network.classes is None:
            y = y.astype(np.float32)
        X, X_unseen, y, y_unseen = train_test_split(X, y, test_size=_UNSEEN, random_state=0)
        if self.standardized:
            scaler = StandardScaler().fit(X)
            X, X_unseen = scaler.transform(X), scaler.transform(X_unseen)
        return _save(Path(directory) / self.name, (X, y), (X_unseen, y_unseen))


def save_iris(directory: str) -> str:
    """Write all of iris, as rows to train on and as rows to predict; return where."""
    X, y = load_iris(return_X_y=True)
    rows = (StandardScaler().fit_transform(X), y)
    return _save(Path(directory) / "iris", rows, rows)


def save_pixel_sums(data: str) -> str:
    """Write the sums of the images' pixels as numbers to learn; return where."""
    directory = Path(data) / "pixel sums"
    directory.mkdir(exist_ok=True)
    for part in ("train", "validation"):
        images = Path(data) / f"{part}_X.npy"
        (directory / images.name).hardlink_to(images)
        np.save(directory / f"{part}_y.npy", np.load(images, mmap_mode="r").sum(axis=1))
    return str(directory)


def _save(directory: Path, seen: Rows, unseen: Rows) -> str:
    directory.mkdir(exist_ok=True)
    for part, (X, y) in {"train": seen, "validation": unseen}.items():
        np.save(directory / f"{part}_X.npy", X.astype(np.float32))
        np.save(directory / f"{part}_y.npy", y)
    return str(directory)


def shortened(tables: Sequence[Table], count: int | None, epochs: int | None) -> list[Table]:
    """Return the first tables, trained for no more than so many epochs; None for all."""
    return [
        replace(table, network=replace(table.network, epochs=min(table.network.epochs, epochs)))
        if epochs
        else table
        for table in tables[:count]
    ]


# -- classes ------------------------------------------------------------------------------


def _classes(rows: int, features: int, classes: int) -> Rows:
    return make_classification(
        _with_unseen(rows),
        features,
        n_informative=min(features, 10),
        n_redundant=0,
        n_classes=classes,
        n_clusters_per_class=1,
        random_state=0,
    )


def _with_unseen(rows: int) -> int:
    return ceil(rows / (1 - _UNSEEN))


def _of_classes(
    rows: int,
    features: int,
    *,
    epochs: int,
    units: tuple[int, ...] = (100,),
    classes: int = 2,
    **settings: Any,
) -> Table:
    return Table(
        f"{rows:,} x {features}, {epochs} epochs",
        partial(_classes, rows, features, classes),
        Network(units, epochs=epochs, classes=classes, **settings),
    )


SMALL = _of_classes(1_000, 20, epochs=10)
OF_CLASSES = (
    _of_classes(150, 4, epochs=100, classes=3),
    _of_classes(1_000, 20, epochs=20),
    _of_classes(1_000, 20, epochs=100),
    _of_classes(5_000, 30, epochs=20, units=(64, 64), batch_size=128),
    _of_classes(200_000, 50, epochs=2, units=(64,), batch_size=256),
    # Shapes that nothing was tuned for.
    _of_classes(2_300, 77, epochs=30, units=(90,), batch_size=50, classes=7),
    _of_classes(30_000, 13, epochs=4, units=(48, 24), batch_size=100, classes=4),
)


# -- numbers ------------------------------------------------------------------------------


def _friedman1(rows: int) -> Rows:
    return make_friedman1(_with_unseen(rows), random_state=0)


def _digit_sums() -> Rows:
    X, _ = load_digits(return_X_y=True)
    return X / 16, X.sum(axis=1)


def _of_numbers(name: str, load: Callable[[], Rows], epochs: int, **settings: Any) -> Table:
    return Table(name, load, Network(epochs=epochs, classes=None), **settings)


FRIEDMAN = _of_numbers("friedman1, 3,000 rows", partial(_friedman1, 3_000), 100)
OF_NUMBERS = (
    # R² of these 111 unseen rows moves by 0.02 from seed to seed.
    _of_numbers("diabetes", partial(load_diabetes, return_X_y=True), 100, seeds=20),
    FRIEDMAN,
    _of_numbers("friedman1, 20,000 rows", partial(_friedman1, 20_000), 20),
    # Pixels that are always 0 but once would be huge in that row.
    _of_numbers("digits' pixel sums", _digit_sums, 100, standardized=False),
)
