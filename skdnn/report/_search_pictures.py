"""Pictures of a search: scores against time, over two parameters, training curves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from skdnn.displays import SearchHeatmapDisplay, SearchResultsDisplay, TrainingCurvesDisplay
from skdnn.displays._canvas import shortened
from skdnn.displays._figures import figure_text
from skdnn.displays._measures import measure_of
from skdnn.displays._scores import rounds_of
from skdnn.report._facts import SearchFacts
from skdnn.report._network import last_step
from skdnn.report._pictures import Picture, picture

_OTHER_FIGURES = (
    " The candidates differ in what is measured: their curves can't be compared in height."
)


def times_picture(search: Any, facts: SearchFacts) -> Picture:
    """Draw scores against fit times.

    Parameters
    ----------
    search : fitted search
        Such as GridSearchCV.
    facts : SearchFacts
        Of the search.

    Returns
    -------
    picture : Picture
    """
    display = SearchResultsDisplay(
        names=facts.names,
        scores=facts.scores,
        fit_times=facts.fit_times,
        score_name=facts.score_name,
    )
    lines = [
        f"{facts.names[row]}: {facts.text(facts.means[row])} in {facts.fit_times[row]:.3g} s"
        for row in facts.best_first[:12]
    ]

    def draw(ax: Any) -> None:
        display.plot(ax=ax)
        _move_legend_below(ax)

    return picture(
        "times",
        draw,
        title=f"{facts.score_name} against fit time",
        caption=(
            "Each bar runs from a candidate's lowest fold to its highest; the mark is the "
            "mean. What lies in the grey band, further left, is as good in less time. The "
            "first fits of a kind of network also compile it." + _time_of_rounds(search)
        ),
        text=lambda: "; ".join(lines),
        size=_size(facts.names, 2),
    )


def heatmap_picture(search: Any, facts: SearchFacts) -> Picture | None:
    """Draw scores over two parameters, where candidates differ in exactly two.

    Parameters
    ----------
    search : fitted search
        Such as GridSearchCV.
    facts : SearchFacts
        Of the search.

    Returns
    -------
    picture : Picture or None
    """
    if len(facts.param_values) != 2 or max(map(len, facts.param_values.values())) > 12:
        return None
    many = max(map(len, facts.param_values.values())) > 4
    return picture(
        "heatmap",
        lambda ax: SearchHeatmapDisplay.from_search(search, score_name=facts.score_name, ax=ax),
        title=f"Mean {facts.score_name} by {' and '.join(facts.param_values)}",
        caption="Mean and standard deviation of the folds. Brighter is better.",
        text=lambda: "The table of candidates holds the same figures.",
        size=(7.0, 4.2) if many else (4.6, 3.8),
        wide=many,
    )


def curves_pictures(search: Any, facts: SearchFacts, monitor: Any) -> list[Picture]:
    """Draw loss and metric against epochs: of the folds, or else of the refitted winner.

    Parameters
    ----------
    search : fitted search
        Such as GridSearchCV.
    facts : SearchFacts
        Of the search.
    monitor : HistoryMonitor or None
        Set on the search.

    Returns
    -------
    pictures : list of Picture
        Empty where there is no history.
    """
    winner = last_step(search.best_estimator_)
    if not hasattr(winner, "history_"):
        return []
    return [
        _curves_picture(search, facts, monitor, metric)
        for metric in ("loss", "accuracy", "mean_absolute_error")
        if metric in winner.history_
    ]


def _curves_picture(search: Any, facts: SearchFacts, monitor: Any, metric: str) -> Picture:
    drawn: list[TrainingCurvesDisplay] = []

    def draw(ax: Any) -> None:
        if monitor is None:
            drawn.append(
                TrainingCurvesDisplay.from_estimator(
                    search.best_estimator_,
                    metric=metric,
                    name=shortened(facts.names[facts.winner], 40),
                    ax=ax,
                )
            )
        else:
            names = [shortened(name, 40) for name in _distinct(facts.names, 40)]
            drawn.append(
                TrainingCurvesDisplay.from_search(
                    search, monitor, metric=metric, names=names, ax=ax
                )
            )
        _move_legend_below(ax)

    drawn_picture = picture(
        f"curves-{metric}",
        draw,
        title=f"{metric.replace('_', ' ')} by epoch",
        caption=_curves_caption(facts, monitor, metric),
        text=lambda: _curves_text(drawn[0]),
        size=_size(facts.names[:6], 3),
    )
    if drawn[0].measure or not measure_of(last_step(search.best_estimator_), metric):
        return drawn_picture
    return replace(drawn_picture, caption=drawn_picture.caption + _OTHER_FIGURES)


def _time_of_rounds(search: Any) -> str:
    estimator = getattr(search, "estimator", None)
    if not rounds_of(search).any() or getattr(last_step(estimator), "memory", None) is None:
        return ""
    return (
        " A fit of a later round goes on from the one before, where it can: its time is that "
        "of the further epochs."
    )


def _move_legend_below(ax: Any) -> None:
    """Put a legend where it hides nothing: it has no background, to suit any page."""
    labels = ax.get_legend_handles_labels()[1]
    ax.legend(
        fontsize="small",
        loc="upper center",
        bbox_to_anchor=(0.45, -0.15),
        ncols=_legend_columns(labels),
        frameon=False,
    )


def _legend_columns(labels: Sequence[str]) -> int:
    return 2 if max(map(len, labels)) <= 26 else 1


def _size(names: Sequence[str], n_others: int) -> tuple[float, float]:
    """Return a figure's size: a legend of so many lines leaves the axes as high as ever."""
    n_labels = min(len(names), 12) + n_others
    return 4.6, 3.7 + 0.18 * -(-n_labels // _legend_columns(names))


def _curves_caption(facts: SearchFacts, monitor: Any, metric: str) -> str:
    words = metric.replace("_", " ").capitalize()
    if monitor is None:
        return f"{words} of the winner, refitted on all rows."
    shown = min(6, facts.n_candidates)
    which = "all candidates" if shown == facts.n_candidates else f"the best {shown} candidates"
    return (
        f"{words} of {which}: mean of the folds, and a band from the lowest fold "
        "to the highest."
    )


def _curves_text(display: TrainingCurvesDisplay) -> str:
    curves = display.validation_curves or display.curves
    return "At the last epoch: " + "; ".join(
        f"{label} {figure_text(np.nanmean(values, axis=0)[-1])}"
        for label, values in curves.items()
    )


def _distinct(names: Sequence[str], length: int) -> list[str]:
    """Put numbers before names that would be the same once shortened."""
    counts = Counter(shortened(name, length) for name in names)
    return [
        name if counts[shortened(name, length)] == 1 else f"{number}: {name}"
        for number, name in enumerate(names, start=1)
    ]
