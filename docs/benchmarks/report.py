"""Targets, ratios and their table, for the terminal and for the page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from statistics import median
from typing import Any

import scores
from peers import (
    FLOOR,
    KERAS,
    MLP,
    MLP_NUMBERS,
    MLP_STANDARDIZED,
    ONE_THREAD,
    SCIKERAS,
    SKDNN,
    SKORCH,
    WRAPPER,
)
from rich.table import Table

Results = dict[str, Any]

# Times skdnn's time that a peer takes, at least.
_AT_LEAST = {
    ("first-fit", KERAS): 6.5,
    ("first-fit", SCIKERAS): 6,
    ("later-fit", KERAS): 10,
    ("later-fit", SCIKERAS): 10,
    ("later-fit", SKORCH): 7,
    ("later-fit", MLP): 6,
    ("search, n_jobs=2", SCIKERAS): 8,
    ("search, n_jobs=2", WRAPPER): 8,
    ("search, n_jobs=2", MLP): 2.8,
    ("digits, cold", SCIKERAS): 15,
    ("digits, cold", MLP): 2,
    ("digits, warm", SCIKERAS): 15,
    ("digits, warm", MLP): 1,
    ("wide, 1024-512", KERAS): 1.8,
    ("wide, 512-256", KERAS): 1.8,
    ("predict-one", KERAS): 100,
    ("predict-many", KERAS): 5,
    ("150 x 4, 100 epochs, later", MLP): 2,
    ("1,000 x 20, 20 epochs, later", MLP): 4,
    ("1,000 x 20, 100 epochs, later", MLP): 4,
    ("1,000 x 20, 100 epochs, first", MLP): 1,
    ("5,000 x 30, 20 epochs, later", MLP): 4,
    ("5,000 x 30, 20 epochs, first", MLP): 1,
    ("200,000 x 50, 2 epochs, later", MLP): 4,
    ("200,000 x 50, 2 epochs, first", MLP): 1,
    ("pixel sums, first", KERAS): 6.5,
    ("pixel sums, later", KERAS): 10,
    ("pixel sums, later", SCIKERAS): 10,
    ("pixel sums, later", MLP_NUMBERS): 6,
    ("pixel sums, later", MLP_STANDARDIZED): 6,
}
# Times a peer's time that skdnn takes, at most.
_AT_MOST = {
    ("later-fit", FLOOR): 2,
    ("later-fit, sgd", FLOOR): 1.4,
    ("predict-one", MLP): 3,
    ("150 x 4, 100 epochs, first", MLP): 1.5,
    ("1,000 x 20, 20 epochs, first", MLP): 1.5,
    ("random search, cold", MLP): 2,
}

_GROWTH_KIB, _PEAK_TIMES_X, _PEAK_PLUS_MB = 10, 1.5, 300


@dataclass(frozen=True)
class Line:
    """One comparison."""

    measure: str
    who: str
    value: str
    spread: str = ""
    ratio: str = ""
    target: str = ""
    met: bool | None = None

    @property
    def verdict(self) -> str:
        """Whether the target is met, in a word."""
        return {None: "", True: "yes", False: "no"}[self.met]

    def cells(self) -> list[str]:
        """Return the line as a row of a table."""
        return [
            self.measure,
            self.who,
            self.value,
            self.spread,
            self.ratio,
            self.target,
            self.verdict,
        ]


HEADINGS = ["workload", "who", "median", "least to most", "against skdnn", "target", "met"]


def medians(results: Results) -> dict[str, dict[str, float]]:
    """Return the median time of every peer, by measure."""
    return {
        measure: {peer: median(seconds) for peer, seconds in times.items()}
        for measure, times in results["timings"].items()
    }


def lines(results: Results) -> list[Line]:
    """Return all comparisons. The targets are for full runs: quick ones get no verdict."""
    found = [*_time_lines(results), *_memory_lines(results), *_scaling_lines(results)]
    return [replace(line, met=None) for line in found] if results["quick"] else found


def _time_lines(results: Results) -> Iterator[Line]:
    for measure, times in medians(results).items():
        for peer, seconds in times.items():
            raw = results["timings"][measure][peer]
            spread = f"{_time(min(raw))} to {_time(max(raw))}" if len(raw) > 1 else ""
            ratio = (
                _ratio(measure, peer, seconds / times[SKDNN])
                if peer != SKDNN and SKDNN in times
                else {}
            )
            yield Line(measure, peer, _time(seconds), spread, **ratio)


def _ratio(measure: str, peer: str, times_skdnn: float) -> dict[str, Any]:
    # A target is against the quicker of a peer's forms: both have it.
    comparison = (measure, peer.removesuffix(ONE_THREAD))
    if bound := _AT_MOST.get(comparison):
        return {
            "ratio": f"skdnn takes {1 / times_skdnn:.2f} x this",
            "target": f"at most {bound:g} x",
            "met": 1 / times_skdnn <= bound,
        }
    bound = _AT_LEAST.get(comparison)
    return {
        "ratio": f"{times_skdnn:.2f} x" if times_skdnn < 10 else f"{times_skdnn:.1f} x",
        "target": "" if bound is None else f"at least {bound:g} x",
        "met": None if bound is None else times_skdnn >= bound,
    }


def _memory_lines(results: Results) -> Iterator[Line]:
    for peer, answer in results["memory"].get("growth", {}).items():
        per_fit, goal = answer["kib_per_fit"], {}
        if peer == SKDNN:
            goal = {"target": f"at most {_GROWTH_KIB} KiB", "met": per_fit <= _GROWTH_KIB}
        what = f"memory, growth over {answer['fits']} fits"
        yield Line(what, peer, f"{per_fit:.1f} KiB a fit", **goal)
    for peer, answer in results["memory"].get("peak", {}).items():
        over = (answer["peak_kib"] - answer["imported_kib"]) * 1024 / 1e6
        goal = {}
        if peer == SKDNN:
            bound = _PEAK_TIMES_X * answer["x_kib"] * 1024 / 1e6 + _PEAK_PLUS_MB
            goal = {"target": f"at most {bound:.0f} MB", "met": over <= bound}
        x = f"{answer['x_kib'] * 1024 / 1e6:.0f} MB of X in it"
        yield Line("memory, peak over imports", peer, f"{over:.0f} MB", x, **goal)


def _scaling_lines(results: Results) -> Iterator[Line]:
    if answer := results["scaling"].get("folds"):
        times = {name: value for name, value in answer["seconds"].items() if name != "first"}
        same = median(times["n"])
        for name, seconds in times.items():
            spread = f"{_time(min(seconds))} to {_time(max(seconds))}"
            yield Line(
                "fit on n rows, then fewer",
                name,
                _time(median(seconds)),
                spread,
                "" if name == "n" else f"{median(seconds) / same:.2f} x",
            )
        # Each fit traces a custom activation once, to tell what it does now.
        traces = answer["calls_later"] / sum(map(len, times.values()))
        yield Line(
            "traces of a custom activation in a later fit",
            SKDNN,
            f"{traces:g}",
            target="at most 1",
            met=traces <= 1,
        )


def _time(seconds: float) -> str:
    if seconds < 0.001:
        return f"{1e6 * seconds:.0f} µs"
    if seconds < 0.1:
        return f"{1000 * seconds:.2f} ms"
    return f"{seconds:.2f} s" if seconds < 10 else f"{seconds:.1f} s"


def terminal_tables(results: Results) -> Iterator[Table]:
    """Yield the tables that are printed."""
    yield _table_of_times(results)
    if results.get("r2"):
        yield scores.terminal_table(results)


def _table_of_times(results: Results) -> Table:
    table = Table(*HEADINGS)
    previous = ""
    for line in lines(results):
        if previous and line.measure != previous:
            table.add_section()
        cells = line.cells()
        cells[0] = "" if line.measure == previous else line.measure
        table.add_row(*cells, style="bold red" if line.met is False else None)
        previous = line.measure
    return table


def markdown(results: Results) -> str:
    """Return the results as a part of the page."""
    tables = [(HEADINGS, [line.cells() for line in lines(results)])]
    if results.get("r2"):
        tables.append((scores.HEADINGS, scores.rows(results)))
    text = [title(results), ""]
    for headings, rows in tables:
        all_rows = [headings, ["---"] * len(headings), *rows]
        text += ["| " + " | ".join(row) + " |" for row in all_rows] + [""]
    text += [f"- {remark}" for remark in [*results["notes"], *results["failures"]]]
    return "\n".join(text).rstrip()


def title(results: Results) -> str:
    machine, size = results["machine"], results["size"]
    versions = ", ".join(f"{name} {number}" for name, number in machine["versions"].items())
    return (
        f"{machine['date']}, {machine['cpus']} x {machine['cpu']}, {versions}. "
        f"{size['rows']:,} rows, {size['epochs']} epochs, {size['repeats']} repeats."
    )
