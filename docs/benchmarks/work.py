"""The workloads: which processes are started, in which order, and what is kept of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import peers
import scores
import tables as drawn
from peers import (
    FLOOR,
    FLOOR_1,
    KERAS,
    MLP,
    MLP_1,
    MLP_NUMBERS,
    MLP_NUMBERS_1,
    MLP_STANDARDIZED,
    SCIKERAS,
    SKDNN,
    SKORCH,
    WRAPPER,
    Network,
)

JOBS = Path(__file__).with_name("jobs.py")


@dataclass(frozen=True)
class Size:
    """How much is measured."""

    rows: int
    epochs: int
    repeats: int
    search_rows: int
    search_repeats: int
    digits_epochs: int = 20
    wide_rows: int = 12_000
    wide_epochs: int = 10
    memory_fits: int = 300
    scaling_rows: tuple[int, ...] = (6_000, 12_000, 24_000, 48_000)
    candidates: tuple[int, ...] = (1, 2, 4, 6)
    tables: int | None = None  # so many of each list at most, for so many epochs; None: all
    table_epochs: int | None = None
    table_starts: int | None = None  # new processes of each; None: as `repeats`
    random_candidates: int = 20
    partial_fits: int = 200
    seeds: int | None = None  # of R²; None: as many as the table asks for

    @property
    def network(self) -> Network:
        """The network of most workloads."""
        return Network(epochs=self.epochs)


@dataclass
class Bench:
    """A run: starts the processes and keeps what they print."""

    size: Size
    data: str
    tell: Callable[[str], None]
    timings: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    scores: dict[str, dict[str, float]] = field(default_factory=dict)
    r2: dict[str, Any] = field(default_factory=dict)
    memory: dict[str, dict[str, Any]] = field(default_factory=dict)
    scaling: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def run(self, job: str, env: dict[str, str] | None = None, **arguments: Any) -> Any:
        """Run a job in a process of its own; return its answer, or None if it failed."""
        if arguments.get("network"):
            arguments["network"] = asdict(arguments["network"])
        quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONWARNINGS": "ignore"}
        done = subprocess.run(
            [sys.executable, str(JOBS), json.dumps({"job": job, **arguments})],
            env={**os.environ, **quiet, **(env or {})},
            capture_output=True,
            text=True,
            check=False,
        )
        lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
        if done.returncode == 0 and lines:
            return json.loads(lines[-1])
        where = Path(arguments.get("data", self.data)).relative_to(self.data)
        what = " ".join(filter(None, (job, arguments.get("peer"), where.name)))
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        self.failures.append(f"{what}: exit code {done.returncode}, {last}")
        self.tell(f"FAILED {self.failures[-1]}")
        return None

    def time(self, measure: str, peer: str, *seconds: float) -> None:
        """Keep timings."""
        self.timings.setdefault(measure, {}).setdefault(peer, []).extend(seconds)
        figures = ", ".join(f"{value:.4g}" for value in seconds[:5])
        self.tell(f"{measure:24} {peer:26} {figures} s")

    def rounds(self, who: Sequence[str], repeats: int | None = None) -> Iterator[str]:
        """Yield the peers in turn, A B C A B C."""
        for _ in range(repeats or self.size.repeats):
            yield from who


def _first_fits(
    bench: Bench,
    measure: str,
    who: Sequence[str],
    repeats: int | None = None,
    **arguments: Any,
) -> None:
    for peer in bench.rounds(who, repeats):
        if answer := bench.run("fit_once", peer=peer, **arguments):
            bench.time(measure, peer, answer["seconds"])


def _later_fits(bench: Bench, measure: str, who: Sequence[str], **arguments: Any) -> None:
    repeats = bench.size.repeats
    if answer := bench.run("later_fits", who=who, repeats=repeats, **arguments):
        for peer, seconds in answer["seconds"].items():
            bench.time(measure, peer, *seconds)
        bench.scores[measure] = answer["scores"]


def _cold_and_warm(
    bench: Bench,
    job: str,
    measure: str,
    who: Sequence[str],
    repeats: int | None = None,
    **arguments: Any,
) -> None:
    for peer in bench.rounds(who, repeats):
        if answer := bench.run(job, peer=peer, **arguments):
            for state, seconds in answer["seconds"].items():
                bench.time(f"{measure}, {state}", peer, seconds)
                bench.scores.setdefault(f"{measure}, {state}", {})[peer] = answer["score"]


def first_fit(bench: Bench) -> None:
    size = bench.size
    where = {"data": bench.data, "rows": size.rows}
    _first_fits(bench, "first-fit", (SKDNN, KERAS, SCIKERAS), network=size.network, **where)


def later_fit(bench: Bench) -> None:
    size = bench.size
    wanted = [SKDNN, KERAS, SCIKERAS, WRAPPER, MLP, MLP_1, SKORCH, FLOOR, FLOOR_1]
    who = [peer for peer in wanted if peers.available(peer)]
    bench.notes += [f"{peer} is not installed" for peer in wanted if peer not in who]
    where = {"data": bench.data, "rows": size.rows}
    _later_fits(bench, "later-fit", who, network=size.network, **where)
    by_sgd = replace(size.network, optimizer="sgd")
    _later_fits(bench, "later-fit, sgd", (SKDNN, FLOOR, FLOOR_1), network=by_sgd, **where)


def search(bench: Bench) -> None:
    size = bench.size
    for round_ in range(size.repeats):
        slow = (SCIKERAS, WRAPPER) if round_ < size.search_repeats else ()
        for peer in (SKDNN, MLP, *slow):
            for n_jobs in (1, 2):
                _search(bench, peer, n_jobs)


def _search(bench: Bench, peer: str, n_jobs: int) -> None:
    # TensorFlow reads this; what loky sets in its workers, it does not.
    threads = {"TF_NUM_INTRAOP_THREADS": str(max(1, (os.cpu_count() or 1) // n_jobs))}
    answer = bench.run(
        "search",
        threads if n_jobs > 1 else None,
        peer=peer,
        n_jobs=n_jobs,
        network=bench.size.network,
        data=bench.data,
        rows=bench.size.search_rows,
    )
    if answer:
        measure = f"search, n_jobs={n_jobs}"
        bench.time(measure, peer, answer["seconds"] * 6 / answer["variants"])
        bench.scores.setdefault(measure, {})[peer] = answer["best_score"]


def digits(bench: Bench) -> None:
    network = Network(epochs=bench.size.digits_epochs)
    _cold_and_warm(bench, "digits", "digits", (SKDNN, SCIKERAS, MLP), network=network)


def wide(bench: Bench) -> None:
    for units, batch_size in (((1024, 512), 512), ((512, 256), 256)):
        network = Network(units, batch_size=batch_size, epochs=bench.size.wide_epochs)
        where = {"data": bench.data, "rows": bench.size.wide_rows}
        measure = f"wide, {'-'.join(map(str, units))}"
        _first_fits(bench, measure, (SKDNN, KERAS), network=network, **where)


def predict(bench: Bench) -> None:
    network = Network(epochs=1)
    settings = {"data": bench.data, "rows": 2_000, "repeats": bench.size.repeats}
    if answer := bench.run("predictions", network=network, **settings):
        for name, times in answer.items():
            for peer, seconds in times.items():
                bench.time(f"predict-{name}", peer, *seconds)


def memory(bench: Bench) -> None:
    if not Path("/proc/self/status").exists():
        bench.notes.append("memory is measured on Linux only")
        return
    size = bench.size
    # Keras grows by megabytes a fit and takes long: a tenth of the fits shows it.
    for peer, fits in ((SKDNN, size.memory_fits), (KERAS, max(10, size.memory_fits // 10))):
        if answer := bench.run("memory_growth", peer=peer, fits=fits):
            bench.memory.setdefault("growth", {})[peer] = answer
            bench.tell(f"memory {peer}: {answer['kib_per_fit']:.1f} KiB a fit, {fits} fits")
    network = Network(epochs=1)
    for peer in (SKDNN, KERAS):
        where = {"data": bench.data, "rows": size.rows}
        if answer := bench.run("memory_peak", peer=peer, network=network, **where):
            bench.memory.setdefault("peak", {})[peer] = answer
            over = (answer["peak_kib"] - answer["imported_kib"]) / 1024
            bench.tell(f"memory {peer}: {over:.0f} MiB over the imports at the peak")


def scaling(bench: Bench) -> None:
    size = bench.size
    common = {"network": size.network, "data": bench.data, "repeats": size.repeats}
    rows = sorted({min(n, size.rows) for n in size.scaling_rows})
    jobs = {
        "rows": ("scaling_rows", {"rows": rows}),
        "candidates": (
            "scaling_candidates",
            {"rows": min(12_000, size.search_rows), "candidates": size.candidates},
        ),
        "folds": ("retraces", {"rows": min(12_000, size.rows)}),
    }
    for name, (job, settings) in jobs.items():
        if answer := bench.run(job, **common, **settings):
            bench.scaling[name] = answer
            bench.tell(f"scaling by {name}: {answer}")


def tables(bench: Bench) -> None:
    size, who = bench.size, (SKDNN, MLP)
    for table in drawn.shortened(drawn.OF_CLASSES, size.tables, size.table_epochs):
        where = {"network": table.network, "data": table.save(bench.data)}
        threads = (*who, MLP_1)
        _first_fits(bench, f"{table.name}, first", threads, size.table_starts, **where)
        _later_fits(bench, f"{table.name}, later", threads, **where)
    _later_fits(bench, "iris, defaults", who, data=drawn.save_iris(bench.data))
    where = {"network": drawn.SMALL.network, "data": drawn.SMALL.save(bench.data)}
    measure = f"{size.partial_fits} x partial_fit"
    _later_fits(bench, measure, who, partial_fits=size.partial_fits, **where)
    where["candidates"] = size.random_candidates
    _cold_and_warm(bench, "random_search", "random search", who, size.table_starts, **where)


def r2(bench: Bench) -> None:
    size = bench.size
    for table in drawn.shortened(drawn.OF_NUMBERS, size.tables, size.table_epochs):
        _score_numbers(bench, table, table.save(bench.data))


def numbers(bench: Bench) -> None:
    size = bench.size
    [table] = drawn.shortened([drawn.FRIEDMAN], 1, size.table_epochs)
    images = drawn.save_pixel_sums(bench.data)
    where = {
        table.name: (table.network, table.save(bench.data)),
        "pixel sums": (replace(size.network, classes=None), images),
    }
    for name, (network, data) in where.items():
        arguments = {"network": network, "data": data, "rows": size.rows}
        who = (SKDNN, KERAS, SCIKERAS, MLP_NUMBERS, MLP_NUMBERS_1, MLP_STANDARDIZED)
        _first_fits(bench, f"{name}, first", who, size.table_starts, **arguments)
        _later_fits(bench, f"{name}, later", who, **arguments)


def _score_numbers(bench: Bench, table: drawn.Table, data: str) -> None:
    settings = {
        "who": scores.PEERS,
        "forms": drawn.FORMS,
        "seeds": bench.size.seeds or table.seeds,
    }
    if answer := bench.run("numbers", network=table.network, data=data, **settings):
        bench.r2[table.name] = answer["scores"]
        errors = answer["errors"].items()
        bench.notes += [f"{table.name}: {what}: {error}" for what, error in errors]
        for row in scores.rows({"quick": True, "r2": {table.name: answer["scores"]}}):
            bench.tell(f"R² {', '.join(row)}")


WORKLOADS: dict[str, Callable[[Bench], None]] = {
    "first-fit": first_fit,
    "later-fit": later_fit,
    "search": search,
    "digits": digits,
    "wide": wide,
    "predict": predict,
    "memory": memory,
    "scaling": scaling,
    "tables": tables,
    "numbers": numbers,
    "r2": r2,
}
MAIN = ("first-fit", "later-fit", "predict")
