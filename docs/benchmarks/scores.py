"""The table of R²: every table and every form of its numbers, all peers side by side."""

from __future__ import annotations

from statistics import mean, stdev
from typing import Any

from peers import MLP_NUMBERS, MLP_STANDARDIZED, SCIKERAS, SCIKERAS_STANDARDIZED, SKDNN
from rich.table import Table

Results = dict[str, Any]

_WORSE_AT_MOST = 0.01  # than MLPRegressor on standardized y
_PEERS = (SKDNN, MLP_STANDARDIZED, MLP_NUMBERS, SCIKERAS_STANDARDIZED, SCIKERAS)

HEADINGS = ["R²", "of", *_PEERS, "skdnn less MLPRegressor, standardized y", "target", "met"]


def rows(results: Results) -> list[list[str]]:
    """Return the cells of all rows; quick runs get no verdict."""
    return [
        [name, form, *(_cell(found[peer]) for peer in _PEERS), *_verdict(found, results)]
        for name, forms in results["r2"].items()
        for form, found in forms.items()
    ]


def _cell(values: list[float | None]) -> str:
    answers = [value for value in values if value is not None]
    if len(answers) < len(values):
        return f"fails, {len(values) - len(answers)} of {len(values)}"
    middle = mean(answers)
    if middle < -10:
        return f"{middle:.1e}"
    return f"{middle:.3f} ± {stdev(answers):.3f}" if len(answers) > 1 else f"{middle:.3f}"


def _verdict(found: dict[str, list[float | None]], results: Results) -> list[str]:
    target = f"at least -{_WORSE_AT_MOST:g}"
    if None in found[SKDNN] + found[MLP_STANDARDIZED]:
        above, met = "", None not in found[SKDNN]
    else:
        difference = mean(found[SKDNN]) - mean(found[MLP_STANDARDIZED])
        above, met = f"{difference:+.3f}", difference >= -_WORSE_AT_MOST
    return [above, target, "" if results["quick"] else "yes" if met else "no"]


def terminal_table(results: Results) -> Table:
    """Return the table that is printed."""
    table = Table(*HEADINGS)
    previous = ""
    for name, *cells in rows(results):
        if previous and name != previous:
            table.add_section()
        style = "bold red" if cells[-1] == "no" else None
        table.add_row("" if name == previous else name, *cells, style=style)
        previous = name
    return table
