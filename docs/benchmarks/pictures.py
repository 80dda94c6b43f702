"""Two pictures: times relative to skdnn, and how time grows with rows and candidates."""

from __future__ import annotations

from pathlib import Path
from statistics import median
from typing import Any

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import peers
import report

# Okabe and Ito's colours, which colour-blind readers tell apart.
_COLOURS = {
    peers.SKDNN: "#0072B2",
    peers.KERAS: "#D55E00",
    peers.SCIKERAS: "#E69F00",
    peers.WRAPPER: "#CC79A7",
    peers.MLP: "#009E73",
    peers.MLP_NUMBERS: "#009E73",
    peers.SKORCH: "#56B4E9",
    peers.FLOOR: "#999999",
}
_SKIPPED = ("Keras fit, batch_size=1024",)


def draw_times(results: dict[str, Any], path: Path) -> None:
    """Draw every peer's median time over skdnn's, by workload, on a log axis."""
    bars = _bars(results)
    if not bars:
        return
    figure, ax = plt.subplots(figsize=(8, 0.8 + 0.24 * bars[-1][0]), layout="constrained")
    for place, peer, ratio in bars:
        colour = _COLOURS[peer.split(",")[0]]
        ax.barh(place, ratio - 1, left=1, height=0.82, color=colour)
        label = f"{peer}  {ratio:.3g} x"
        outwards = 1 if ratio >= 1 else -1
        ax.annotate(
            label,
            (ratio, place),
            xytext=(4 * outwards, 0),
            textcoords="offset points",
            va="center",
            ha="left" if outwards > 0 else "right",
            fontsize=8,
        )
    _name_workloads(ax, bars, results)
    ax.axvline(1, color=_COLOURS[peers.SKDNN], linewidth=2)
    ratios = [ratio for *_, ratio in bars]
    ax.set(xscale="log", xlim=(min(0.08, min(ratios) / 30), max(ratios) * 16))
    ax.set_xlabel("time relative to skdnn (blue line), log scale: further right is slower")
    ax.xaxis.set_major_formatter(lambda value, _: f"{value:g} x")
    ax.spines[["top", "right", "left"]].set_visible(False)
    _save(figure, path)


def _bars(results: dict[str, Any]) -> list[tuple[float, str, float]]:
    """Return place, peer and ratio of every bar, with a gap between workloads."""
    bars, place = [], 0.0
    for times in report.medians(results).values():
        others = [peer for peer in times if peer not in (peers.SKDNN, *_SKIPPED)]
        if peers.SKDNN not in times or not others:
            continue
        for peer in sorted(others, key=times.__getitem__):
            bars.append((place, peer, times[peer] / times[peers.SKDNN]))
            place += 1
        place += 0.8
    return bars


def _name_workloads(ax: Any, bars: list[tuple[float, str, float]], results: Any) -> None:
    groups: list[list[float]] = []
    for place, *_ in bars:
        if groups and place - groups[-1][-1] < 1.5:
            groups[-1].append(place)
        else:
            groups.append([place])
    times = report.medians(results)
    names = [
        measure for measure, found in times.items() if peers.SKDNN in found and len(found) > 1
    ]
    ax.set_yticks([sum(group) / len(group) for group in groups], names)
    ax.tick_params(axis="y", length=0)
    ax.margins(y=0.01)
    ax.invert_yaxis()


def draw_scaling(results: dict[str, Any], path: Path) -> None:
    """Draw time against rows and candidates, with lines through the origin's slope."""
    scaling = results["scaling"]
    if not {"rows", "candidates"} <= set(scaling):
        return
    figure, axes = plt.subplots(1, 2, figsize=(8, 3.2), layout="constrained")
    for ax, name in zip(axes, ("rows", "candidates"), strict=True):
        times = {int(n): values for n, values in scaling[name]["seconds"].items()}
        counts = sorted(times)
        middles = [median(times[n]) for n in counts]
        slope = middles[-1] / counts[-1]
        ax.plot([0, counts[-1]], [0, middles[-1]], color="#999999", label="proportional")
        ax.plot(counts, middles, "o", color=_COLOURS[peers.SKDNN], label="median")
        lows = [m - min(times[n]) for n, m in zip(counts, middles, strict=True)]
        highs = [max(times[n]) - m for n, m in zip(counts, middles, strict=True)]
        ax.errorbar(counts, middles, [lows, highs], fmt="none", color=_COLOURS[peers.SKDNN])
        ax.set(xlim=(0, None), ylim=(0, None), ylabel="seconds")
        unit = "row" if name == "rows" else "candidate"
        ax.set_xlabel(f"{name} ({_slope(slope)} a {unit} at the last point)")
        ax.spines[["top", "right"]].set_visible(False)
    axes[0].set_title("a warm fit", fontsize=10)
    axes[1].set_title("a warm search, 3 folds", fontsize=10)
    axes[0].legend(frameon=False)
    _save(figure, path)


def _slope(seconds: float) -> str:
    return f"{seconds:.2g} s" if seconds > 0.01 else f"{1e6 * seconds:.0f} µs"


def _save(figure: Any, path: Path) -> None:
    figure.savefig(path, dpi=110)
    plt.close(figure)
