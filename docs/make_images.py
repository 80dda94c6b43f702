"""Draw the pictures of the tutorial with the tutorial's own code.

    python docs/make_images.py

It runs the Python blocks of ``docs/tutorial.md`` in order and saves each figure that they draw
into ``docs/images``.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt

DOCS = Path(__file__).parent
NAMES = ["tutorial_curves.png"]  # of the figures, in the order of the page


def python_blocks(page: Path) -> list[str]:
    """Return the code of a page's Python fences."""
    return re.findall(
        r"^```python\n(.*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )


def main() -> int:
    """Run the page, then save its figures."""
    names: dict[str, Any] = {}
    for block in python_blocks(DOCS / "tutorial.md"):
        exec(block, names)
    (DOCS / "images").mkdir(exist_ok=True)
    for number, name in zip(plt.get_fignums(), NAMES, strict=True):
        figure = plt.figure(number)
        figure.set_size_inches(7, 4.5)
        figure.savefig(DOCS / "images" / name, dpi=110, bbox_inches="tight")
    return 0


if __name__ == "__main__":
    sys.exit(main())
