"""The table of R²: all tables, all forms of their numbers, all peers side by side."""

from __future__ import annotations

from math import sqrt
from statistics import mean, stdev
from typing import Any

from peers import MLP_NUMBERS, MLP_STANDARDIZED, SCIKERAS, SCIKERAS_STANDARDIZED, SKDNN
from rich.table import Table

Results = dict[str, Any]
Scores = list[float | None]  # by seed; None where the fit failed

PEERS = (SKDNN, MLP_STANDARDIZED, MLP_NUMBERS, SCIKERAS_STANDARDIZED, SCIKERAS)
_WORSE_AT_MOST = 0.01  # than MLPRegressor on standardized y

HEADINGS = [
    "R²",
    "seeds",
    "of",
    *PEERS,
    f"skdnn less {MLP_STANDARDIZED}",
    f"at least -{_WORSE_AT_MOST:g}",
]


def rows(results: Results) -> list[list[str]]:
    """Return the cells of all rows. The target is for full runs: quick ones get no verdict."""
    return [
        [
            name,
            str(len(found[SKDNN])),
            form,
            *(_cell(found[peer]) for peer in PEERS),
            *_against_mlp(found[SKDNN], found[MLP_STANDARDIZED], quick=results["quick"]),
        ]
        for name, forms in results["r2"].items()
        for form, found in forms.items()
    ]


def _cell(scores: Scores) -> str:
    if failed := scores.count(None):
        return f"fails, {failed} of {len(scores)}"
    middle = mean(scores)
    if middle < -100:
        return f"{middle:.1e}"
    return f"{middle:.3f} ± {stdev(scores):.3f}" if len(scores) > 1 else f"{middle:.3f}"


def _against_mlp(ours: Scores, theirs: Scores, *, quick: bool) -> tuple[str, str]:
    if None in ours or None in theirs:
        difference, met = "", None not in ours
    else:
        above = mean(ours) - mean(theirs)
        difference, met = f"{above:+.3f}", above >= -_WORSE_AT_MOST
        if len(ours) > 1:
            error = sqrt((stdev(ours) ** 2 + stdev(theirs) ** 2) / len(ours))
            difference += f" ± {error:.3f}"
    return difference, "" if quick else "yes" if met else "no"


def terminal_table(results: Results) -> Table:
    """Return the table that is printed."""
    table = Table()
    for heading in HEADINGS:
        table.add_column(heading, overflow="fold")
    previous = ""
    for name, seeds, *cells in rows(results):
        if previous and name != previous:
            table.add_section()
        start = ["", ""] if name == previous else [name, seeds]
        table.add_row(*start, *cells, style="bold red" if cells[-1] == "no" else None)
        previous = name
    return table
