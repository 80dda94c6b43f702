"""The Python blocks of README and of the documentation run as they stand."""

import re
import warnings
from pathlib import Path

import matplotlib
import pytest

ROOT = Path(__file__).parents[1]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])


def blocks(page):
    return re.findall(r"^```python\n(.*?)^```", page.read_text(encoding="utf-8"), re.M | re.S)


def test_readme_shows_three_uses():
    assert len(blocks(ROOT / "README.md")) >= 3


@pytest.mark.parametrize("page", [p for p in PAGES if blocks(p)], ids=lambda page: page.stem)
def test_python_blocks_run(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    matplotlib.use("Agg")
    namespace = {"__name__": "__main__"}
    with warnings.catch_warnings():
        # Of scikeras 0.13 and of Keras 3.15, about newer ways of NumPy and scikit-learn.
        warnings.filterwarnings("ignore", category=DeprecationWarning, message="__array__")
        warnings.filterwarnings("ignore", category=FutureWarning, module="sklearn")
        for number, block in enumerate(blocks(page), start=1):
            exec(compile(block, f"{page.name}, block {number}", "exec"), namespace)
    import matplotlib.pyplot as plt

    plt.close("all")
