"""The workloads: which processes are started, in which order, and what is kept of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import peers
from peers import (
    FLOOR,
    FLOOR_1,
    KERAS,
    MLP,
    MLP_1,
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

    @property
    def network(self) -> Network:
        """The network of all workloads but `wide`."""
        return Network(epochs=self.epochs)


@dataclass
class Bench:
    """A run: starts the processes and keeps what they print."""

    size: Size
    data: str
    tell: Callable[[str], None]
    timings: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    accuracy: dict[str, dict[str, float]] = field(default_factory=dict)
    memory: dict[str, dict[str, Any]] = field(default_factory=dict)
    scaling: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def run(self, job: str, env: dict[str, str] | None = None, **arguments: Any) -> Any:
        """Run a job in a process of its own; return its answer, or None if it failed."""
        if "network" in arguments:
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
        what = f"{job} {arguments.get('peer', '')}".strip()
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        self.failures.append(f"{what}: exit code {done.returncode}, {last}")
        self.tell(f"FAILED {self.failures[-1]}")
        return None

    def time(self, measure: str, peer: str, *seconds: float) -> None:
        """Keep timings."""
        self.timings.setdefault(measure, {}).setdefault(peer, []).extend(seconds)
        figures = ", ".join(f"{value:.4g}" for value in seconds[:5])
        self.tell(f"{measure:24} {peer:26} {figures} s")

    def rounds(self, *who: str) -> Iterator[str]:
        """Yield the peers in turn, A B C A B C."""
        for _ in range(self.size.repeats):
            yield from who


def first_fit(bench: Bench) -> None:
    size = bench.size
    for peer in bench.rounds(SKDNN, KERAS, SCIKERAS):
        where = {"data": bench.data, "rows": size.rows}
        if answer := bench.run("fit_once", peer=peer, network=size.network, **where):
            bench.time("first-fit", peer, answer["seconds"])


def later_fit(bench: Bench) -> None:
    size = bench.size
    wanted = [SKDNN, KERAS, SCIKERAS, WRAPPER, MLP, MLP_1, SKORCH, FLOOR, FLOOR_1]
    who = [peer for peer in wanted if peers.available(peer)]
    bench.notes += [f"{peer} is not installed" for peer in wanted if peer not in who]
    settings = {"rows": size.rows, "repeats": size.repeats}
    answer = bench.run("later_fits", who=who, network=size.network, data=bench.data, **settings)
    if answer:
        for peer, seconds in answer["seconds"].items():
            bench.time("later-fit", peer, *seconds)
        bench.accuracy["later-fit"] = answer["accuracy"]


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
        bench.accuracy.setdefault(measure, {})[peer] = answer["best_score"]


def digits(bench: Bench) -> None:
    network = Network(epochs=bench.size.digits_epochs)
    for peer in bench.rounds(SKDNN, SCIKERAS, MLP):
        if answer := bench.run("digits", peer=peer, network=network):
            for state, seconds in answer["seconds"].items():
                bench.time(f"digits, {state}", peer, seconds)
                bench.accuracy.setdefault(f"digits, {state}", {})[peer] = answer["accuracy"]


def wide(bench: Bench) -> None:
    for units, batch_size in (((1024, 512), 512), ((512, 256), 256)):
        network = Network(units, batch_size=batch_size, epochs=bench.size.wide_epochs)
        where = {"data": bench.data, "rows": bench.size.wide_rows}
        for peer in bench.rounds(SKDNN, KERAS):
            if answer := bench.run("fit_once", peer=peer, network=network, **where):
                bench.time(f"wide, {'-'.join(map(str, units))}", peer, answer["seconds"])


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


WORKLOADS: dict[str, Callable[[Bench], None]] = {
    "first-fit": first_fit,
    "later-fit": later_fit,
    "search": search,
    "digits": digits,
    "wide": wide,
    "predict": predict,
    "memory": memory,
    "scaling": scaling,
}
MAIN = ("first-fit", "later-fit", "predict")
