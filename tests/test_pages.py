"""The Python blocks of README and of the documentation run as they stand."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])


def blocks(page):
    return re.findall(r"^```python\n(.*?)^```", page.read_text(encoding="utf-8"), re.M | re.S)


def test_readme_shows_three_uses():
    assert len(blocks(ROOT / "README.md")) >= 3


@pytest.mark.parametrize("page", [p for p in PAGES if blocks(p)], ids=lambda page: page.stem)
def test_python_blocks_run(page, tmp_path):
    # In a process of its own: Keras's and scikeras's ways to seed change the whole process,
    # and scikeras leaves TensorFlow's determinism switched on.
    ended = subprocess.run(
        [sys.executable, "-c", "\n".join(blocks(page))],
        cwd=tmp_path,
        env={**os.environ, "MPLBACKEND": "Agg"},
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stderr[-2_000:]
