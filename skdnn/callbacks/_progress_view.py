"""Live view of a search: on a terminal, in a notebook, or none."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html import escape
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from skdnn.callbacks._progress_state import RunningFit, Snapshot
from skdnn.displays._figures import figure_text

# More concurrent fits than this are counted, not shown.
_MOST_ROWS = 8


@contextmanager
def shown(snapshot: Callable[[], Snapshot], console: Console) -> Iterator[None]:
    """Show the progress of a search within the context.

    Parameters
    ----------
    snapshot : callable
        Returns the progress.
    console : rich.console.Console
        A terminal, or in a notebook. Nothing is shown on any other, such as a file.
    """
    if console.is_jupyter:
        with _shown_in_notebook(snapshot):
            yield
    elif console.is_terminal:
        picture = _picture_of(console)
        with Live(
            get_renderable=lambda: picture(snapshot()), console=console, refresh_per_second=8
        ):
            yield
    else:
        yield


def count_text(now: Snapshot) -> str:
    """Format the number of fits done and failed, and the time.

    Parameters
    ----------
    now : Snapshot
        The progress.

    Returns
    -------
    text : str
        Such as ``7 of 19 fits, 0:12, about 0:20 left``.
    """
    parts = [f"{now.n_done} of {now.n_fits} fits"]
    if now.n_failed:
        parts.append(f"{now.n_failed} failed")
    parts.append(_time_text(now.seconds))
    if now.seconds_left is not None and now.n_done < now.n_fits:
        parts.append(f"about {_time_text(now.seconds_left)} left")
    return ", ".join(parts)


def best_text(now: Snapshot) -> str:
    """Format the best score so far, such as ``best so far 0.8700: relu, adam, fold 2``."""
    if now.best is None:
        return ""
    score, label = now.best
    return f"best so far {figure_text(score)}" + (f": {label}" if label else "")


def fit_text(fit: RunningFit) -> str:
    """Format the progress of a fit, such as ``epoch 3 of 5, loss 0.4120``."""
    if not fit.epochs:
        return "starting"
    figures = [f"{name} {figure_text(value)}" for name, value in sorted(fit.figures.items())]
    return ", ".join([f"epoch {fit.epochs_done} of {fit.epochs}", *figures])


def html_text(now: Snapshot) -> str:
    """Format the progress as HTML, without scripts and style sheets.

    Parameters
    ----------
    now : Snapshot
        The progress.

    Returns
    -------
    html : str
    """
    rows = [_html_row("search", now.n_done, now.n_fits, count_text(now))]
    if now.best is not None:
        rows.append(f'<tr><td colspan="3" style="text-align:left">{escape(best_text(now))}')
    rows += [
        _html_row(fit.label, fit.epochs_done, fit.epochs, fit_text(fit))
        for fit in now.running[:_MOST_ROWS]
    ]
    if more := _more_text(now):
        rows.append(f'<tr><td colspan="3" style="text-align:left">{more}')
    table = '<table aria-label="Progress of the search" style="color:inherit">'
    return f"{table}{''.join(rows)}</table>"


def _html_row(label: str, done: int, of: int, text: str) -> str:
    bar = f'<progress value="{done}" max="{max(of, 1)}" aria-label="{escape(text)}"></progress>'
    cells = (escape(label), bar, escape(text))
    return "<tr>" + "".join(f'<td style="text-align:left">{cell}</td>' for cell in cells)


def _picture_of(console: Console) -> Callable[[Snapshot], RenderableType]:
    width = max(10, min(30, console.width - 60))

    def picture(now: Snapshot) -> RenderableType:
        grid = Table.grid(padding=(0, 1))
        grid.add_column(no_wrap=True)
        grid.add_column(no_wrap=True)
        for fit in now.running[:_MOST_ROWS]:
            bar = ProgressBar(total=max(fit.epochs, 1), completed=fit.epochs_done, width=width)
            grid.add_row(bar, Text(f"{fit.label}: {fit_text(fit)}", overflow="ellipsis"))
        total = Table.grid(padding=(0, 1))
        bar = ProgressBar(total=max(now.n_fits, 1), completed=now.n_done, width=width)
        total.add_row(bar, Text(count_text(now), style="bold"))
        lines: list[RenderableType] = [total]
        if now.best is not None:
            lines.append(Text(best_text(now), no_wrap=True, overflow="ellipsis"))
        if now.running:
            lines.append(grid)
        if more := _more_text(now):
            lines.append(Text(more))
        return Group(*lines)

    return picture


@contextmanager
def _shown_in_notebook(snapshot: Callable[[], Snapshot]) -> Iterator[None]:
    """Show HTML below the cell, updated when it changes.

    It needs no widgets, and the last state stays in the saved notebook.
    """
    from IPython.display import HTML, display

    handle: Any = display(HTML(html_text(snapshot())), display_id=True)
    ended = threading.Event()

    def draw_again() -> None:
        drawn = ""
        while not ended.wait(timeout=0.3):
            text = html_text(snapshot())
            if text != drawn:
                handle.update(HTML(text))
            drawn = text

    thread = threading.Thread(target=draw_again, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        handle.update(HTML(html_text(snapshot())))


def _more_text(now: Snapshot) -> str:
    more = len(now.running) - _MOST_ROWS
    return f"and {more} more fits under way" if more > 0 else ""


def _time_text(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
