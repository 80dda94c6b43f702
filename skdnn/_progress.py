"""The live display of a search."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)


class SearchProgress:
    """Two bars, fits and epochs, and the best score so far; nothing where no one looks.

    Parameters
    ----------
    console : rich.console.Console
        Where to draw; nothing is drawn unless it is a terminal.
    n_fits : int
        Fits of the search, the refit included.
    epochs : int
        Epochs of each fit.
    """

    def __init__(self, console: Console, n_fits: int, epochs: int) -> None:
        self._bars = Progress(
            TextColumn("{task.description:<6}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[note]}"),
            console=console,
            disable=not console.is_terminal,
        )
        self._fits = self._bars.add_task("fits", total=n_fits, note="")
        self._epochs = self._bars.add_task("epochs", total=n_fits * epochs, note="")
        self._best = float("-inf")
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if kind is None:  # the refit is not scored, so nothing has counted it
            self._bars.update(self._fits, advance=1)
        self._bars.stop()

    def epoch_done(self) -> None:
        """Count an epoch."""
        self._bars.update(self._epochs, advance=1)

    def fit_done(self, name: str, score: float) -> None:
        """Count a fit, and show it if it is the best so far."""
        with self._lock:
            if score > self._best:
                self._best = score
                self._bars.update(self._fits, note=f"best fold {score:.4f}: {name}")
            self._bars.update(self._fits, advance=1)
