"""Make the pictures that the building of the documentation does not make.

    python docs/make_images.py [NAME ...]

They are in ``docs/images``: ``engine``, which is drawn here; ``report``, the page of
``python -m skdnn`` as Chromium shows it, if there is one; ``curves``, the training curves that
``python -m skdnn --data fashion-mnist`` writes. README shows the last two. Names choose among
the three; none means all.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Rectangle

DOCS = Path(__file__).parent
IMAGES = DOCS / "images"


def draw_engine() -> None:
    """Draw how rows become chunks, and how one program trains on them for all fits."""
    ink, blue, orange, green = "#222222", "#0072B2", "#E69F00", "#009E73"  # Okabe and Ito's
    figure = plt.figure(figsize=(8, 6.6))
    ax = figure.add_axes((0, 0, 1, 1), xlim=(0, 8), ylim=(0, 6.6))
    ax.set_axis_off()

    def box(x: float, y: float, width: float, height: float, **style: Any) -> None:
        shape = FancyBboxPatch((x, y), width, height, boxstyle="round,pad=0,rounding_size=0.08")
        shape.set(**{"facecolor": "white", "edgecolor": ink, "linewidth": 1.2, **style})
        ax.add_patch(shape)

    def say(x: float, y: float, words: str, **style: Any) -> None:
        look = {"ha": "center", "va": "center", "fontsize": 10, "color": ink}
        ax.text(x, y, words, **{**look, **style})

    def arrow(start: tuple[float, float], end: tuple[float, float], **style: Any) -> None:
        look = {"arrowstyle": "-|>", "mutation_scale": 15, "linewidth": 1.6, "color": ink}
        ax.add_patch(FancyArrowPatch(start, end, shrinkA=0, shrinkB=0, **{**look, **style}))

    def rows(x: float, top: float, numbers: list[int], colours: list[str]) -> None:
        for place, (number, colour) in enumerate(zip(numbers, colours, strict=True)):
            low = top - 0.2 * (place + 1)
            ax.add_patch(Rectangle((x, low), 0.8, 0.2, facecolor=colour, edgecolor=ink, lw=0.8))
            say(x + 0.4, low + 0.095, str(number), fontsize=9)

    # A fit and its arrays.
    box(0.15, 3.72, 7.7, 2.73, facecolor="#F3F3F3", edgecolor="#999999")
    say(0.3, 6.25, "One fit, in a thread: NumPy arrays of its own", ha="left", weight="bold")
    order = [5, 2, 7, 0, 3, 6, 1, 4]
    pale_blue, pale_orange = "#BFE0F3", "#FBE3AE"
    first, second = [pale_blue] * 4, [pale_orange] * 4
    rows(0.5, 5.98, list(range(8)), ["white"] * 8)
    rows(2.3, 5.98, order, first + second)
    rows(4.1, 5.98, order[:4], first)
    rows(4.1, 5.08, order[4:], second)
    for middle in (5.58, 4.68):  # between the batches of a chunk
        ax.plot([4.0, 5.0], [middle, middle], color=ink, linewidth=2.4)
    arrow((1.38, 5.18), (2.22, 5.18))
    arrow((3.18, 5.18), (4.02, 5.18))
    say(0.9, 4.02, "the rows of X,\nas they are")
    say(2.7, 4.02, "order of the epoch,\nfrom the seed")
    say(4.5, 4.02, "chunks of batches,\ngathered by NumPy")
    box(5.75, 4.4, 1.85, 1.45, facecolor="#C9EBDD", edgecolor=green, linewidth=2)
    say(6.675, 5.12, "weights\n\nstate of the\noptimizer")
    say(6.675, 4.02, "from the seed at first,\nthen carried on")

    # The program.
    box(0.15, 1.45, 7.7, 1.6, facecolor="#E3F1FA", edgecolor=blue, linewidth=2)
    say(0.3, 2.85, "One compiled program: a loop over the batches", ha="left", weight="bold")
    for x, words in [
        (0.5, "forward pass\nand loss"),
        (3.1, "gradients"),
        (5.7, "the optimizer's\nupdate"),
    ]:
        box(x, 2.05, 1.8, 0.58)
        say(x + 0.9, 2.34, words)
    arrow((2.3, 2.34), (3.1, 2.34))
    arrow((4.9, 2.34), (5.7, 2.34))
    ax.plot([6.6, 6.6, 1.4], [2.05, 1.75, 1.75], color=ink, linewidth=1.6)
    arrow((1.4, 1.75), (1.4, 2.05))
    say(4.0, 1.6, "next batch", fontsize=9)
    arrow((4.5, 3.72), (4.5, 3.05), color=orange, linewidth=3)
    say(4.4, 3.38, "a chunk at a time, without a copy", ha="right")
    arrow((6.1, 3.72), (6.1, 3.05), color=green, linewidth=3)
    say(6.0, 3.38, "in", ha="right")
    arrow((7.2, 3.05), (7.2, 3.72), color=green, linewidth=3)
    say(7.1, 3.38, "out", ha="right")

    # The cache.
    box(0.15, 0.15, 7.7, 0.85, facecolor="#F3F3F3", edgecolor="#999999")
    say(0.3, 0.78, "Other fits of the same structure", ha="left", weight="bold")
    say(
        0.3,
        0.4,
        "other folds, seeds, epochs, learning rates, in any number of threads:\n"
        "they find the program in the cache, and bring arrays of their own",
        ha="left",
    )
    arrow((6.65, 1.0), (6.65, 1.45), color=blue, linewidth=3)
    say(6.5, 1.22, "the same program, compiled once", ha="right")
    figure.savefig(IMAGES / "engine.png", dpi=150)
    plt.close(figure)


def take_report() -> None:
    """Run the command, and take a picture of the top of its report."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    if browser is None:
        print("no chromium: images/report.png stays as it is", file=sys.stderr)
        return
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-m", "skdnn"], cwd=folder, check=True)
        report = Path(folder) / "skdnn-results" / "report.html"
        flags = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"]
        flags += ["--hide-scrollbars", f"--user-data-dir={folder}/profile"]
        flags += ["--window-size=1000,1750", f"--screenshot={IMAGES / 'report.png'}"]
        subprocess.run([browser, *flags, report.as_uri()], check=True, capture_output=True)


def take_curves() -> None:
    """Run the command on all images, and keep its picture."""
    command = [sys.executable, "-m", "skdnn", "--data", "fashion-mnist"]
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(command, cwd=folder, check=True)
        shutil.copy(Path(folder) / "skdnn-results" / "training_curves.png", IMAGES)


def main(chosen: list[str]) -> int:
    """Make the pictures."""
    IMAGES.mkdir(exist_ok=True)
    makers = {"engine": draw_engine, "report": take_report, "curves": take_curves}
    for name in chosen or makers:
        makers[name]()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
