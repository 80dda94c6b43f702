"""Time skdnn beside its peers: one command, all of them in turn, medians and their ratios.

    python docs/benchmarks/run.py --quick           # the main workloads, under two minutes
    python docs/benchmarks/run.py                   # all of it, two hours or more
    python docs/benchmarks/run.py --only later-fit  # one workload
    python docs/benchmarks/run.py --page            # put the newest full results on the page

``index.md`` beside this file says what is measured and how. Results are written to
``results``: raw timings as JSON, and two pictures.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shlex
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
import pictures
import report
from rich.console import Console
from sklearn.model_selection import train_test_split
from work import MAIN, WORKLOADS, Bench, Size

from skdnn.datasets import fetch_fashion_mnist, load_fashion_mnist_sample

HERE = Path(__file__).parent
PAGE = HERE / "index.md"
_MARKED = re.compile(r"(<!-- results -->\n).*?(<!-- end of results -->)", re.DOTALL)
_QUICK = "quick: too short for the targets; skdnn compiles with XLA only what is longer"
_LIBRARIES = ("skdnn", "scikit-learn", "keras", "tensorflow", "scikeras", "torch", "skorch")

# Piped output has no width of its own.
console = Console(width=None if sys.stdout.isatty() else 120)


def say(text: str) -> None:
    """Print a line as it is."""
    console.print(text, highlight=False, markup=False, soft_wrap=True)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer rows, epochs, workloads")
    parser.add_argument("--only", nargs="+", choices=WORKLOADS, metavar="NAME", help=_names())
    parser.add_argument("--repeats", type=int, help="timings of each (5; quick: 3)")
    parser.add_argument("--search-rows", type=int, help="rows of the search (48,000)")
    parser.add_argument(
        "--search-repeats", type=int, default=1, help="of the slow peers' searches (1)"
    )
    parser.add_argument("--seeds", type=int, help="of each R² (5; diabetes: 20; quick: 1)")
    parser.add_argument("--output", type=Path, default=HERE / "results", help="directory")
    parser.add_argument(
        "--page",
        nargs="?",
        const="newest",
        metavar="FILE",
        help="measure nothing: put these results, or the newest full ones, on the page",
    )
    return parser.parse_args(arguments)


def _names() -> str:
    return "some of " + ", ".join(WORKLOADS)


def chosen_size(options: argparse.Namespace) -> Size:
    """Return how much is measured."""
    searched = {"search_repeats": options.search_repeats}
    if not options.quick:
        rows = options.search_rows or 48_000
        wanted = {**searched, "seeds": options.seeds}
        return Size(48_000, 5, options.repeats or 5, search_rows=rows, **wanted)
    return Size(
        rows=6_000,
        epochs=1,
        repeats=options.repeats or 3,
        search_rows=options.search_rows or 3_000,
        **searched,
        digits_epochs=2,
        wide_rows=3_000,
        wide_epochs=2,
        memory_fits=100,
        scaling_rows=(1_500, 3_000, 6_000),
        candidates=(1, 2, 4),
        tables=1,
        table_epochs=5,
        table_starts=1,
        random_candidates=3,
        partial_fits=20,
        seeds=options.seeds or 1,
    )


def prepare_data(directory: str) -> int:
    """Leave rows for all processes in a directory; return how many there are to train on."""
    try:
        images, target = fetch_fashion_mnist(return_X_y=True)
    except OSError as error:
        console.print(
            f"Fashion-MNIST was not found: {error}\n[bold]The bundled sample is taken instead: "
            "4,000 rows. Its figures are not those of the targets.[/bold]"
        )
        images, target = load_fashion_mnist_sample(return_X_y=True)
    X = images.reshape(len(images), -1).astype(np.float32) / 255
    X_train, X_val, y_train, y_val = train_test_split(X, target, test_size=0.2, random_state=42)
    arrays = {"train_X": X_train, "train_y": y_train, "validation_X": X_val[:10_000]}
    for name, array in {**arrays, "validation_y": y_val[:10_000]}.items():
        np.save(Path(directory) / f"{name}.npy", array)
    return len(y_train)


def machine(arguments: Sequence[str]) -> dict[str, Any]:
    """Describe where and with what this runs."""
    versions = {"python": platform.python_version(), "numpy": np.__version__}
    for name in _LIBRARIES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "command": shlex.join(["python", "docs/benchmarks/run.py", *arguments]),
        "cpus": os.cpu_count(),
        "cpu": _cpu_model(),
        "system": f"{platform.system()} {platform.machine()}",
        "load_at_start": os.getloadavg() if hasattr(os, "getloadavg") else None,
        "versions": versions,
    }


def _cpu_model() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.processor() or "unknown processor"
    found = re.search(r"^model name\s*: (.*)$", text, re.MULTILINE)
    return found[1] if found else "unknown processor"


def measure(options: argparse.Namespace, arguments: Sequence[str]) -> int:
    """Run the workloads; write and print after each what there is."""
    names = options.only or (MAIN if options.quick else tuple(WORKLOADS))
    size, here = chosen_size(options), machine(arguments)
    options.output.mkdir(parents=True, exist_ok=True)
    name = "quick" if options.quick else datetime.now(UTC).strftime("%Y-%m-%d-%H%M%S")
    results: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as data:
        n_rows = prepare_data(data)
        bench = Bench(_within(size, n_rows), data, say)
        bench.notes += _notes(bench.size, names, quick=options.quick)
        for workload in names:
            started = time.perf_counter()
            WORKLOADS[workload](bench)
            say(f"{workload}: {time.perf_counter() - started:.0f} s in all")
            results = _results(bench, here, quick=options.quick)
            write(results, options.output / f"{name}.json")
    prefix = "quick-" if options.quick else ""
    pictures.draw_times(results, options.output / f"{prefix}times.png")
    pictures.draw_scaling(results, options.output / f"{prefix}scaling.png")
    say(report.title(results))
    for table in report.terminal_tables(results):
        console.print(table)
    for remark in [*bench.notes, *bench.failures]:
        say(f"- {remark}")
    say(f"Written to {options.output}: {name}.json and pictures")
    return 1 if bench.failures else 0


def _within(size: Size, n_rows: int) -> Size:
    fields = asdict(size)
    for name in ("rows", "search_rows", "wide_rows"):
        fields[name] = min(fields[name], n_rows)
    return Size(**fields)


def _notes(size: Size, names: Sequence[str], *, quick: bool) -> list[str]:
    notes = [_QUICK] if quick else []
    if {"later-fit", "search"} & set(names):
        notes.append("Keras wrapper: repaired to keep its epochs, which `clone` drops")
    if "search" in names:
        notes += [
            f"search: {size.search_rows:,} rows; skdnn and MLPClassifier {size.repeats} times, "
            f"scikeras and Keras's wrapper {min(size.search_repeats, size.repeats)} times",
            "search: MLPClassifier has 4 of the 6 variants; its time is multiplied by 6/4",
        ]
    if "r2" in names:
        notes.append(
            "R²: of unseen rows, mean ± standard deviation over seeds 0, 1, 2, ... of start "
            "weights and the order of rows; a difference has its standard error"
        )
    return notes


def _results(bench: Bench, here: dict[str, Any], *, quick: bool) -> dict[str, Any]:
    kept = {key: value for key, value in vars(bench).items() if key not in ("data", "tell")}
    return {"machine": here, "quick": quick, **kept, "size": asdict(bench.size)}


def write(results: dict[str, Any], path: Path) -> None:
    """Write results as JSON, by a rename, so that no reader sees half a file."""
    partial = path.with_suffix(".part")
    partial.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    partial.replace(path)


def fill_page(chosen: str, output: Path) -> int:
    """Put results on the page, between its two markers, and draw their pictures."""
    full = [path for path in sorted(output.glob("*.json")) if path.name != "quick.json"]
    if chosen == "newest" and not full:
        console.print(f"No full results in {output}: run without --quick first")
        return 1
    path = full[-1] if chosen == "newest" else Path(chosen)
    results = json.loads(path.read_text(encoding="utf-8"))
    text = report.markdown(results)
    for draw, name, title in (
        (pictures.draw_times, "times.png", "Time of each peer relative to skdnn"),
        (pictures.draw_scaling, "scaling.png", "Time of skdnn against rows and candidates"),
    ):
        picture = HERE / "results" / name
        picture.parent.mkdir(exist_ok=True)
        draw(results, picture)
        if picture.exists():
            text += f"\n\n![{title}](results/{name})"
    page = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(
        _MARKED.sub(lambda found: f"{found[1]}\n{text}\n\n{found[2]}", page), encoding="utf-8"
    )
    console.print(f"{PAGE.name} now shows {path.name}")
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the command line asks for."""
    arguments = sys.argv[1:] if arguments is None else arguments
    options = parse(arguments)
    if options.page:
        return fill_page(options.page, options.output)
    return measure(options, arguments)


if __name__ == "__main__":
    sys.exit(main())
