"""Measure what stands behind the defaults of `KerasDNNRegressor`.

    python docs/measure_defaults.py --regressor       # all tables, about four minutes
    python docs/measure_regressor_defaults.py losses  # one of them

`docs/defaults.md` shows what they print.
"""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from collections.abc import Callable, Iterable
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from numpy.typing import NDArray
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_diabetes, make_friedman1
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import mean_absolute_error, mean_poisson_deviance
from sklearn.model_selection import KFold, cross_val_score
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skdnn import KerasDNNRegressor

Rows = tuple[NDArray[np.float64], NDArray[np.float64]]

SEEDS = (0, 1, 2)
N_FOLDS = 5
EPOCHS = (20, 50, 100, 200)
PENALTIES = (0.0, 1e-4, 1e-3, 1e-2, 1e-1)
DELTAS = (0.1, 1.0, 10.0)
QUANTILES = (0.1, 0.5, 0.9)
TARGETS: dict[str, Callable[[NDArray[np.float64]], NDArray[np.float64]]] = {
    "y": lambda y: y,
    "1e6 y + 1e6": lambda y: 1e6 * y + 1e6,
    "1e-6 y": lambda y: 1e-6 * y,
    "y + 1e5": lambda y: y + 1e5,
}


def friedman(seed: int = 0, n_samples: int = 1000) -> Rows:
    """Return rows of which five columns count, and numbers from 0 to 30 with noise of 1."""
    return make_friedman1(n_samples, noise=1.0, random_state=seed)


def r2(make: Callable[[int], Any], X: NDArray[Any], y: NDArray[Any]) -> float:
    """Return R² on five shuffled folds behind a scaler, mean over the seeds."""
    means = []
    for seed in SEEDS:
        folds = KFold(N_FOLDS, shuffle=True, random_state=seed)
        pipeline = make_pipeline(StandardScaler(), make(seed))
        means.append(cross_val_score(pipeline, X, y, cv=folds, scoring="r2").mean())
    return float(np.mean(means))


def answers(regressor: Any, rows: Rows, fresh: NDArray[Any]) -> NDArray[np.float64]:
    """Return what a regressor answers to fresh rows, behind a scaler."""
    return make_pipeline(StandardScaler(), regressor).fit(*rows).predict(fresh)


def standardized_mlp(seed: int) -> Any:
    """Return scikit-learn's network with what skdnn does to `y` around it."""
    return TransformedTargetRegressor(
        MLPRegressor(random_state=seed), transformer=StandardScaler()
    )


def line(name: object, *cells: float) -> None:
    """Print a row of a table."""
    print(
        f"{name!s:34}",
        *(f"{cell:11.3f}" if abs(cell) < 1000 else f"{cell:11.1e}" for cell in cells),
    )


def print_targets() -> None:
    """R² for targets of several sizes."""
    X, y = friedman()
    regressors: dict[str, Callable[[int], Any]] = {
        "standardize_y=True": lambda seed: KerasDNNRegressor(random_state=seed),
        "standardize_y=False": lambda seed: KerasDNNRegressor(
            standardize_y=False, random_state=seed
        ),
        "MLPRegressor()": lambda seed: MLPRegressor(random_state=seed),
        "MLPRegressor(), y standardised": standardized_mlp,
    }
    print(f"{'':34}", *(f"{name:>11}" for name in TARGETS))
    for name, make in regressors.items():
        line(name, *(r2(make, X, change(y)) for change in TARGETS.values()))


def print_epochs() -> None:
    """R² by epochs."""
    tables = [load_diabetes(return_X_y=True), friedman()]
    print(f"{'':34}", *(f"{name:>11}" for name in ("diabetes", "friedman1")))
    for epochs in EPOCHS:
        line(
            f"epochs={epochs}",
            *(
                r2(
                    lambda seed, n=epochs: KerasDNNRegressor(epochs=n, random_state=seed),
                    *table,
                )
                for table in tables
            ),
        )
    line("MLPRegressor(), y standardised", *(r2(standardized_mlp, *table) for table in tables))


def print_penalties() -> None:
    """R² by `l2`, for targets of two sizes."""
    X, y = load_diabetes(return_X_y=True)
    tables = [(X, y), (X, 1e6 * y), friedman()]
    print(f"{'':34}", *(f"{n:>11}" for n in ("diabetes", "times 1e6", "friedman1")))
    for l2 in PENALTIES:
        line(
            f"l2={l2:g}",
            *(
                r2(lambda seed, l2=l2: KerasDNNRegressor(l2=l2, random_state=seed), *table)
                for table in tables
            ),
        )


def print_losses() -> None:
    """Mean absolute error on fresh rows, learnt from clean targets and from some wrong ones."""
    settings: list[dict[str, Any]] = [{"loss": "squared_error"}, {"loss": "absolute_error"}]
    settings += [{"loss": "huber", "delta": delta} for delta in DELTAS]
    print(f"{'':34}", *(f"{name:>11}" for name in ("clean", "2 % wrong")))
    for setting in settings:
        errors = []
        for share in (0.0, 0.02):
            for seed in SEEDS:
                X, y = friedman(seed, 2000)
                wrong = np.random.default_rng(seed).random(1000) < share
                regressor = KerasDNNRegressor(**setting, random_state=seed)
                learnt = X[:1000], np.where(wrong, 10 * y[:1000], y[:1000])
                errors.append(
                    mean_absolute_error(y[1000:], answers(regressor, learnt, X[1000:]))
                )
        means = np.mean(np.reshape(errors, (2, len(SEEDS))), axis=1)
        line(", ".join(map(str, setting.values())), *means)


def print_quantiles() -> None:
    """Share of fresh rows below a quantile, after the default epochs and after fewer."""
    epochs = (100, 20)
    print(f"{'':34}", *(f"{f'{n} epochs':>11}" for n in epochs))
    for quantile in QUANTILES:
        shares = []
        for n_epochs in epochs:
            below = []
            for seed in SEEDS:
                X, y = make_friedman1(4000, noise=3.0, random_state=seed)
                regressor = KerasDNNRegressor(
                    loss="quantile", quantile=quantile, epochs=n_epochs, random_state=seed
                )
                below.append(
                    np.mean(y[3000:] < answers(regressor, (X[:3000], y[:3000]), X[3000:]))
                )
            shares.append(np.mean(below))
        line(f"quantile={quantile}", *shares)


def print_counts() -> None:
    """Deviance of counts on fresh rows, and the least answer."""
    print(f"{'':34}", *(f"{name:>11}" for name in ("deviance", "least")))
    for loss in ("squared_error", "poisson"):
        deviances, least = [], []
        for seed in SEEDS:
            rng = np.random.default_rng(seed)
            X = rng.normal(size=(4000, 4))
            y = rng.poisson(np.exp(X @ [0.8, -0.5, 0.3, 0.0]))
            regressor = KerasDNNRegressor(loss=loss, epochs=20, random_state=seed)
            found = answers(regressor, (X[:3000], y[:3000]), X[3000:])
            deviances.append(mean_poisson_deviance(y[3000:], np.maximum(found, 1e-3)))
            least.append(found.min())
        line(loss, np.mean(deviances), np.min(least))


TABLES = {
    "targets": print_targets,
    "epochs": print_epochs,
    "penalties": print_penalties,
    "losses": print_losses,
    "quantiles": print_quantiles,
    "counts": print_counts,
}


def print_tables(names: Iterable[str] = TABLES) -> None:
    """Print tables, each under a line that says what it holds."""
    # MLPRegressor stops at its 200 iterations; that is its default, and measured.
    warnings.simplefilter("ignore", ConvergenceWarning)
    for name in names:
        print(f"\n{name}: {TABLES[name].__doc__}", flush=True)
        TABLES[name]()


def main() -> int:
    """Print the tables that the command line names, or all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tables", nargs="*", metavar="table", help=", ".join(TABLES))
    named = parser.parse_args().tables
    if unknown := set(named) - set(TABLES):
        parser.error(f"the tables are {', '.join(TABLES)}; got {', '.join(sorted(unknown))}")
    print_tables(named or TABLES)
    return 0


if __name__ == "__main__":
    sys.exit(main())
