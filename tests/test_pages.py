"""The Python blocks of README and of the documentation run as they stand."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from skdnn.datasets import load_fashion_mnist_sample

ROOT = Path(__file__).parents[1]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])


def blocks(page):
    return re.findall(r"^```python\n(.*?)^```", page.read_text(encoding="utf-8"), re.M | re.S)


def test_readme_shows_three_uses():
    assert len(blocks(ROOT / "README.md")) >= 3


def test_readme_searches_a_folder_of_images(tmp_path):
    images, target = load_fashion_mnist_sample(return_X_y=True)
    for number, (image, label) in enumerate(zip(images[:200], target[:200], strict=True)):
        folder = tmp_path / "photos" / f"class {label}"
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(folder / f"{number:03}.png")
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    command = re.search(r"<!-- folder -->\n```sh\n(.*?)^```", text, re.M | re.S)[1]
    assert command.startswith(".venv/bin/python -m skdnn ")

    ended = subprocess.run(
        [sys.executable, *shlex.split(command)[1:], "--epochs", "2"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )

    assert ended.returncode == 0, ended.stderr[-2_000:]
    assert (tmp_path / "skdnn-results" / "report.html").exists()
    assert "10 classes: class 0 " in ended.stdout


@pytest.mark.parametrize("page", [p for p in PAGES if blocks(p)], ids=lambda page: page.stem)
def test_python_blocks_run(page, tmp_path):
    run("\n".join(blocks(page)), tmp_path)


def run(code, folder):
    # In a process of its own: Keras's and scikeras's ways to seed change the whole process,
    # and scikeras leaves TensorFlow's determinism switched on.
    ended = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env={**os.environ, "MPLBACKEND": "Agg"},
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stderr[-2_000:]
