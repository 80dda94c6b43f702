"""Run the tests of what is promised at their full counts, and write down what came out.

    python docs/trust/run.py                          # all of it, some hours
    python docs/trust/run.py --only interrupt memory  # some rows; others keep their results
    python docs/trust/run.py --quick                  # CI's counts, written elsewhere

The results are ``results.json`` and ``results.md``, which the page ``limits.md`` shows.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import shutil
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import NotRequired, TypedDict

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
SUITE, MUTATIONS = "suite", "mutations"

# The mark of the tests, and what they do.
ROWS = {
    "repeatable": "six kinds of fit hashed in new processes",
    "parity": "optimizers, callbacks and settings of layers, against plain Keras",
    "checks": "scikit-learn's checks: 11 configurations of the classifier, 9 of the regressor",
    "backends": "serial, threads, loky, Dask: scores and best weights",
    "killed-worker": "SIGKILL to a Dask worker during a fit",
    "lost-cluster": "all workers killed; a fit that always dies; a cluster of one thread",
    "random-state": "Python's, NumPy's, TensorFlow's and Keras's generators",
    "memory": "growth of a process by its fits",
    "interrupt": "SIGINT at random times, and at each line that keeps state",
    "defaults": "accuracy of the default network on Fashion-MNIST",
    "numbers": "NaN, inf, overflow, huge steps, weights and penalties",
    "cut-off-save": "full disk, SIGKILL during save",
    "fork": "a fit in a process forked after TensorFlow",
    "round-trips": "pickle, joblib, cloudpickle, skops, own files, deepcopy",
    "hostile-files": "corpus and mutations, in a watched process",
    "notebooks": "cells edited between fits, against the same fit in a new process",
    "readme": "README's Python blocks and its search of a folder, as they stand",
    "properties": "any rows, dtypes, labels, weights",
    MUTATIONS: "one change at a time to modules without TensorFlow: does a test notice?",
    SUITE: "all tests, in random order",
}
# README's two processes; which of them has which test is chance.
IN_ANY_ORDER = ("-n", "2", "--dist", "worksteal", "-p", "randomly")
_LIBRARIES = ("scikit-learn", "tensorflow", "keras", "numpy", "joblib", "distributed")


class Result(TypedDict):
    """What a row came to."""

    outcome: str
    figures: list[str]
    seconds: float
    date: str
    where: str
    runs: NotRequired[int]  # of all tests


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--only", nargs="+", choices=ROWS, metavar="ROW", help=f"some of {', '.join(ROWS)}"
    )
    parser.add_argument("--suites", type=int, default=10, help="runs of all tests (10)")
    parser.add_argument("--more", action="store_true", help="add to the runs on record")
    parser.add_argument("--quick", action="store_true", help="CI's counts; needs --output")
    parser.add_argument("--output", type=Path, default=HERE, help="directory of the results")
    options = parser.parse_args(arguments)
    if options.quick and options.output == HERE:
        parser.error("--quick needs --output: its figures are not those of the page")
    return options


def run_row(row: str, *, quick: bool) -> Result:
    """Run the tests with a row's mark."""
    selection = ["-m", f"long_form(row={row!r})", *([] if quick else ["--long"])]
    return run_tests(selection)


def run_suites(n: int, earlier: Result | None = None) -> Iterator[Result]:
    """Run all tests so many times, each in an order of its own; yield what there is so far."""
    runs, seconds, flawed = 0, 0.0, []
    if earlier is not None:
        runs, seconds, flawed = earlier["runs"], earlier["seconds"], earlier["figures"][1:]
    for _ in range(n):
        seed = random.randrange(2**32)
        runs += 1
        print(f"suite {runs}, seed {seed}", flush=True)
        last = run_tests([*IN_ANY_ORDER, f"--randomly-seed={seed}"])
        seconds += last["seconds"]
        if last["outcome"].startswith("failed"):
            flawed = [*flawed, f"seed {seed}: {last['outcome']}"]
        outcome = f"failed: {len(flawed)} of {runs} runs" if flawed else last["outcome"]
        figures = [f"runs: {runs}", *flawed]
        yield {**last, "outcome": outcome, "figures": figures, "seconds": seconds, "runs": runs}


def run_mutations(*, quick: bool) -> Result:
    """Change the code in one place after the other, and count what the tests notice."""
    started = time.monotonic()
    mutmut = Path(sys.executable).with_name("mutmut")
    if not mutmut.exists():
        sys.exit("mutations need mutmut: python -m pip install --group mutation")
    shutil.rmtree(ROOT / "mutants", ignore_errors=True)
    some = ["skdnn.datasets._idx*"] if quick else []
    code = subprocess.run([mutmut, "run", *some], cwd=ROOT, check=False).returncode
    subprocess.run([mutmut, "export-cicd-stats"], cwd=ROOT, check=True)
    told = json.loads((ROOT / "mutants" / "mutmut-cicd-stats.json").read_text())
    kinds = ("survived", "no_tests", "timeout", "suspicious", "segfault")
    killed = f"killed {told['killed']:,} of {told['total']:,} mutants"
    return {
        "outcome": f"failed: mutmut ended with {code}" if code else killed,
        "figures": [f"{kind.replace('_', ' ')}: {told[kind]}" for kind in kinds if told[kind]],
        "seconds": round(time.monotonic() - started, 1),
        "date": now(),
        "where": f"{where()}, mutmut {version('mutmut')}",
    }


def run_tests(selection: Sequence[str]) -> Result:
    """Run pytest in a new process and read its report."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as directory:
        report = Path(directory) / "report.xml"
        options = ["-q", "-o", "junit_family=xunit1", f"--junitxml={report}"]  # has properties
        command = [sys.executable, "-m", "pytest", *options, *selection]
        code = subprocess.run(command, cwd=ROOT, check=False).returncode
        seconds = time.monotonic() - started
        tree = ET.fromstring(report.read_bytes()) if report.exists() else None
    return {
        "outcome": outcome_of(tree, code),
        "figures": [] if tree is None else figures_of(tree),
        "seconds": round(seconds, 1),
        "date": now(),
        "where": where(),
    }


def outcome_of(tree: ET.Element | None, code: int) -> str:
    """Say how many tests passed, or what went wrong."""
    suite = None if tree is None else tree.find("testsuite")
    if suite is None:
        return f"failed: pytest ended with {code} and no report"
    n, wrong, skipped = (
        int(suite.get("tests", 0)),
        int(suite.get("failures", 0)) + int(suite.get("errors", 0)),
        int(suite.get("skipped", 0)),
    )
    left_out = f", {skipped} skipped" if skipped else ""
    if code or wrong or not n:
        return f"failed: {wrong} of {n} tests{left_out}"
    passed = n - skipped
    return f"passed: {passed} test{'s' * (passed != 1)}{left_out}"


def figures_of(tree: ET.Element) -> list[str]:
    """Read what the tests have recorded, by pytest's `record_property`."""
    found = [(p.get("name"), p.get("value")) for p in tree.iter("property")]
    return [f"{name}: {value}" for name, value in sorted(found, key=str)]


def now() -> str:
    """Give the date and time of a result."""
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")


def where() -> str:
    """Name the machine and the versions."""
    versions = ", ".join(f"{name} {version(name)}" for name in _LIBRARIES)
    system = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"
    return f"{system}; Python {platform.python_version()}, {versions}"


def markdown(results: dict[str, Result]) -> str:
    """Write the results as a table, with the machines below it."""
    lines = [
        "| Row | What is done | Outcome | Figures | Seconds | Date |",
        "|---|---|---|---|--:|---|",
    ]
    for row, what in ROWS.items():
        if row not in results:
            lines.append(f"| {row} | {what} | not run | | | |")
            continue
        result = results[row]
        cells = [row, what, result["outcome"], "; ".join(result["figures"])]
        cells += [f"{result['seconds']:.0f}", result["date"]]
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    places: dict[str, list[str]] = {}
    for row in results:
        places.setdefault(results[row]["where"], []).append(row)
    lines.append("")
    lines += [f"Run on {place}: {', '.join(rows)}.\n" for place, rows in places.items()]
    return "\n".join(lines).rstrip() + "\n"


def write(text: str, path: Path) -> None:
    """Write by a rename, so that no reader sees half a file."""
    partial = path.with_suffix(".part")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the rows; write after each what there is."""
    options = parse(arguments)
    options.output.mkdir(parents=True, exist_ok=True)
    kept = options.output / "results.json"
    results: dict[str, Result] = json.loads(kept.read_text()) if kept.exists() else {}
    names = options.only or list(ROWS)
    for row in names:
        print(f"== {row}", flush=True)
        if row == SUITE:
            outcomes = run_suites(options.suites, results.get(row) if options.more else None)
        elif row == MUTATIONS:
            outcomes = iter([run_mutations(quick=options.quick)])
        else:
            outcomes = iter([run_row(row, quick=options.quick)])
        for result in outcomes:
            results[row] = result
            write(json.dumps(results, indent=1) + "\n", kept)
            write(markdown(results), options.output / "results.md")
    return int(any(results[row]["outcome"].startswith("failed") for row in names))


if __name__ == "__main__":
    sys.exit(main())
