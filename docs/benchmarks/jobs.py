"""What one process measures: ``python jobs.py '{"job": NAME, ...}'`` prints one JSON line.

Imports and the loading of data come before the clock starts.
"""

from __future__ import annotations

import gc
import json
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import peers
from joblib.externals.loky import get_reusable_executor
from peers import KERAS, SKDNN, Network
from sklearn.datasets import load_digits
from sklearn.metrics import r2_score
from sklearn.model_selection import (
    GridSearchCV,
    ParameterGrid,
    RandomizedSearchCV,
    StratifiedKFold,
    cross_val_score,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

Answer = dict[str, Any]

N_SPLITS = 3
_MEMORY_STRUCTURES = ((4,), (8,), (16,), (8, 8), (16, 4))


def seconds(call: Callable[[], Any]) -> float:
    """Time one call."""
    gc.collect()
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def load_data(data: str, rows: int | None = None, part: str = "train") -> Any:
    """Return the first rows that `run.py` left in a directory."""
    X, y = (np.load(Path(data) / f"{part}_{name}.npy")[:rows] for name in "Xy")
    return X, y


# -- fits ---------------------------------------------------------------------------------


def fit_once(*, peer: str, network: Network, data: str, rows: int | None = None) -> Answer:
    """Time the first fit of a process."""
    peers.load(peer)
    X, y = load_data(data, rows)
    estimator = peers.make(peer, network)
    return {"seconds": seconds(lambda: estimator.fit(X, y))}


def later_fits(
    *,
    who: list[str],
    repeats: int,
    data: str,
    rows: int | None = None,
    network: Network | None = None,
    partial_fits: int | None = None,
) -> Answer:
    """Time fits of all peers in turn, after a fit of each; score the last of each.

    With `partial_fits`, a fit is that many calls of `partial_fit`.
    """
    for peer in who:
        peers.load(peer)
    X, y = load_data(data, rows)
    classes = np.unique(y)

    def fit(estimator: Any) -> Any:
        if partial_fits is None:
            return estimator.fit(X, y)
        for _ in range(partial_fits):
            estimator.partial_fit(X, y, classes=classes)
        return estimator

    fitted: dict[str, Any] = {peer: fit(peers.make(peer, network)) for peer in who}
    times: dict[str, list[float]] = {peer: [] for peer in who}
    for _ in range(repeats):
        for peer in who:
            fitted[peer] = peers.make(peer, network)
            times[peer].append(seconds(lambda now=fitted[peer]: fit(now)))
    X_val, y_val = load_data(data, part="validation")
    numbers = network is not None and network.classes is None
    scores = {
        peer: _r2(estimator, X_val, y_val) if numbers else _accuracy(estimator, X_val, y_val)
        for peer, estimator in fitted.items()
        if peer not in (peers.FLOOR, peers.FLOOR_1)
    }
    return {"seconds": times, "scores": scores}


def _accuracy(estimator: Any, X: np.ndarray, y: np.ndarray) -> float:
    # Not all have `predict`, and classes are 0, 1, 2, ...
    return float(np.mean(estimator.predict_proba(X).argmax(axis=1) == y))


def _r2(estimator: Any, X: np.ndarray, y: np.ndarray) -> float:
    return float(r2_score(y, estimator.predict(X)))


# -- numbers ------------------------------------------------------------------------------


def numbers(
    *, who: list[str], network: Network, data: str, forms: dict[str, Any], seeds: int
) -> Answer:
    """Score fits of all peers on each form of y, on unseen rows; None for a fit that failed."""
    for peer in who:
        peers.load(peer)
    (X, y), (X_val, y_val) = (load_data(data, part=part) for part in ("train", "validation"))
    y, y_val = y.astype(np.float64), y_val.astype(np.float64)
    scores: Answer = {form: {peer: [] for peer in who} for form in forms}
    errors: dict[str, str] = {}
    for random_state, (form, (factor, summand)), peer in product(
        range(seeds), forms.items(), who
    ):
        peers.seed(random_state)
        estimator = peers.make(peer, replace(network, random_state=random_state))
        score = None
        try:
            estimator.fit(X, factor * y + summand)
            score = _r2(estimator, X_val, factor * y_val + summand)
        except ValueError as error:  # weights or predictions that are not finite
            errors[f"{peer} on {form}"] = str(error).splitlines()[0]
        scores[form][peer].append(score)
    return {"scores": scores, "errors": errors}


# -- searches -----------------------------------------------------------------------------


def search(*, peer: str, n_jobs: int, network: Network, data: str, rows: int) -> Answer:
    """Time a whole search and its refit; worker processes have imported before."""
    peers.load(peer)
    X, y = load_data(data, rows)
    estimator, grid, n_variants = peers.search_grid(peer, network)
    folds = StratifiedKFold(N_SPLITS, shuffle=True, random_state=0)
    job = GridSearchCV(estimator, grid, cv=folds, n_jobs=n_jobs, error_score="raise")
    backend = "threading" if peer == SKDNN else "loky"
    with joblib.parallel_config(backend):
        if n_jobs > 1 and backend == "loky":
            _warm_workers(peer, n_jobs)
        took = seconds(lambda: job.fit(X, y))
    if n_jobs > 1 and backend == "loky":
        get_reusable_executor().shutdown(kill_workers=True)
    return {
        "seconds": took,
        "variants": n_variants,
        "best": str(job.best_params_),
        "best_score": float(job.best_score_),
    }


def random_search(*, peer: str, network: Network, data: str, candidates: int) -> Answer:
    """Time a random search over units and batch sizes in a new process, and once more."""
    peers.load(peer)
    X, y = load_data(data)
    job = RandomizedSearchCV(
        peers.make(peer, network),
        peers.units_and_batches(peer),
        n_iter=candidates,
        cv=StratifiedKFold(N_SPLITS, shuffle=True, random_state=0),
        random_state=0,
        error_score="raise",
    )
    times = {state: seconds(lambda: job.fit(X, y)) for state in ("cold", "warm")}
    return {"seconds": times, "score": float(job.best_score_)}


def _warm_workers(peer: str, n_jobs: int) -> None:
    joblib.Parallel(n_jobs=n_jobs, batch_size=1)(
        joblib.delayed(_load_slowly)(peer) for _ in range(n_jobs)
    )


def _load_slowly(peer: str) -> None:
    peers.load(peer)
    time.sleep(2)  # so that no worker takes two of these


# -- a small table, and predictions -------------------------------------------------------


def digits(*, peer: str, network: Network) -> Answer:
    """Time a cross-validation in a new process, and the same once more."""
    peers.load(peer)
    X, y = load_digits(return_X_y=True)
    X = X.astype(np.float32)
    folds = StratifiedKFold(10, shuffle=True, random_state=0)
    scores: list[float] = []

    def validate() -> None:
        pipeline = make_pipeline(StandardScaler(), peers.make(peer, network))
        scores[:] = cross_val_score(pipeline, X, y, cv=folds, error_score="raise")

    times = {"cold": seconds(validate), "warm": seconds(validate)}
    return {"seconds": times, "score": float(np.mean(scores))}


def predictions(*, network: Network, data: str, rows: int, repeats: int) -> Answer:
    """Time predictions of one row and of 10,000, by all in turn, after two of each."""
    who = [SKDNN, KERAS, peers.MLP]
    for peer in who:
        peers.load(peer)
    X, y = load_data(data, rows)
    fitted = {peer: peers.make(peer, network).fit(X, y) for peer in who}
    many = np.resize(load_data(data, part="validation")[0], (10_000, X.shape[1]))
    calls = {peer: estimator.predict_proba for peer, estimator in fitted.items()}
    one = _in_turn(calls, many[:1], repeats, at_once=20)
    calls["Keras fit, batch_size=1024"] = lambda rows: fitted[KERAS].predict_proba(
        rows, batch_size=1024
    )
    return {"one": one, "many": _in_turn(calls, many, repeats)}


def _in_turn(
    calls: dict[str, Any], X: np.ndarray, repeats: int, at_once: int = 1
) -> dict[str, list[float]]:
    times: dict[str, list[float]] = {peer: [] for peer in calls}
    for call in 2 * list(calls.values()):
        call(X)
    gc.collect()
    for _ in range(repeats):
        for peer, call in calls.items():
            for _ in range(at_once):
                started = time.perf_counter()
                call(X)
                times[peer].append(time.perf_counter() - started)
    return times


# -- memory -------------------------------------------------------------------------------


def memory_growth(*, peer: str, fits: int) -> Answer:
    """Measure how much a process grows by fits of five small structures, after two rounds."""
    peers.load(peer)
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 20)).astype(np.float32)
    y = np.arange(200) % peers.N_CLASSES
    networks = [Network(hidden_units=units, epochs=1) for units in _MEMORY_STRUCTURES]
    for network in 2 * networks:
        peers.make(peer, network).fit(X, y)
    kib = [_status_kib("VmRSS")]
    for number in range(fits):
        peers.make(peer, networks[number % len(networks)]).fit(X, y)
        if (number + 1) % 10 == 0:
            gc.collect()
            kib.append(_status_kib("VmRSS"))
    return {"kib": kib, "fits": fits, "kib_per_fit": (kib[-1] - kib[0]) / fits}


def memory_peak(*, peer: str, network: Network, data: str, rows: int) -> Answer:
    """Measure the highest memory of a process that loads float32 rows and fits once."""
    peers.load(peer)
    imported = _status_kib("VmRSS")
    X, y = load_data(data, rows)
    loaded = _status_kib("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # forget the peak of the imports
    peers.make(peer, network).fit(X, y)
    return {
        "imported_kib": imported,
        "loaded_kib": loaded,
        "peak_kib": _status_kib("VmHWM"),
        "x_kib": X.nbytes // 1024,
    }


def _status_kib(field: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{field}:"))


# -- scaling ------------------------------------------------------------------------------


def scaling_rows(*, network: Network, data: str, rows: list[int], repeats: int) -> Answer:
    """Time warm fits of skdnn on more and more rows."""
    X, y = load_data(data)
    peers.make(SKDNN, network).fit(X, y)
    times: dict[int, list[float]] = {n: [] for n in rows}
    for _ in range(repeats):
        for n in rows:
            times[n].append(seconds(lambda n=n: peers.make(SKDNN, network).fit(X[:n], y[:n])))
    return {"seconds": times}


def scaling_candidates(
    *, network: Network, data: str, rows: int, candidates: list[int], repeats: int
) -> Answer:
    """Time searches over the first variants of the grid, everything compiled."""
    X, y = load_data(data, rows)
    estimator, grid, _ = peers.search_grid(SKDNN, network)
    variants = [{name: [v] for name, v in params.items()} for params in ParameterGrid(grid)]
    folds = StratifiedKFold(N_SPLITS, shuffle=True, random_state=0)

    def run(n: int) -> None:
        GridSearchCV(estimator, variants[:n], cv=folds, refit=False).fit(X, y)

    run(len(variants))
    times: dict[int, list[float]] = {n: [] for n in candidates}
    for _ in range(repeats):
        for n in candidates:
            times[n].append(seconds(lambda n=n: run(n)))
    return {"seconds": times}


def retraces(*, network: Network, data: str, rows: int, repeats: int) -> Answer:
    """Time fits on n, n - 1 and n - 2 rows, and count how often the network was traced."""
    import tensorflow as tf

    traced: list[int] = []

    def counted_relu(x: Any) -> Any:
        traced.append(1)  # runs when Python runs it: while a program is built or traced
        return tf.nn.relu(x)

    X, y = load_data(data, rows)
    network = Network(network.hidden_units, counted_relu, network.optimizer, epochs=2)
    took = {"first": seconds(lambda: peers.make(SKDNN, network).fit(X, y))}
    calls_at_first = len(traced)
    times: dict[str, list[float]] = {"n": [], "n - 1": [], "n - 2": []}
    for _ in range(repeats):
        for fewer, values in enumerate(times.values()):
            n = rows - fewer
            values.append(seconds(lambda n=n: peers.make(SKDNN, network).fit(X[:n], y[:n])))
    return {
        "seconds": {**took, **times},
        "calls_at_first": calls_at_first,
        "calls_later": len(traced) - calls_at_first,
    }


_JOBS = {
    job.__name__: job
    for job in (
        fit_once,
        later_fits,
        numbers,
        search,
        random_search,
        digits,
        predictions,
        memory_growth,
        memory_peak,
        scaling_rows,
        scaling_candidates,
        retraces,
    )
}


def main() -> int:
    """Run one job, described in JSON."""
    arguments = json.loads(sys.argv[1])
    if "network" in arguments:
        network = arguments["network"]
        network["hidden_units"] = tuple(network["hidden_units"])
        arguments["network"] = Network(**network)
    answer = _JOBS[arguments.pop("job")](**arguments)
    print(json.dumps(answer), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
