"""Draw the pictures of the documentation with its own code.

    python docs/make_images.py [NAME ...]

It runs the Python blocks of the pages in order and saves the figures that they draw into
``docs/images``. The picture of the report is taken by Chromium, if there is one. Names choose
among ``tutorial``, ``displays`` and ``report``; none means all.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt

DOCS = Path(__file__).parent
IMAGES = DOCS / "images"
# The figures of each page, in the order in which it draws them.
FIGURES = {
    "tutorial": ["tutorial_curves.png"],
    "displays": [
        "display_one.png",
        "display_search_curves.png",
        "display_times.png",
        "display_heatmap.png",
        "display_mistakes.png",
        "display_weights.png",
        "display_confusion.png",
        "display_roc.png",
    ],
}


def python_blocks(page: Path) -> list[str]:
    """Return the code of a page's Python fences."""
    return re.findall(
        r"^```python\n(.*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )


def draw(page: str) -> None:
    """Run a page, then save its figures."""
    names: dict[str, Any] = {}
    plt.close("all")
    for block in python_blocks(DOCS / f"{page}.md"):
        exec(block, names)
    for number, name in zip(plt.get_fignums(), FIGURES[page], strict=True):
        figure = plt.figure(number)
        if page == "tutorial":
            figure.set_size_inches(7, 4.5)
        figure.savefig(IMAGES / name, dpi=110, bbox_inches="tight")


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


def main(chosen: list[str]) -> int:
    """Make the pictures."""
    IMAGES.mkdir(exist_ok=True)
    for name in chosen or [*FIGURES, "report"]:
        if name == "report":
            take_report()
        else:
            draw(name)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
