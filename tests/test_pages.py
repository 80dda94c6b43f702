"""README's Python blocks run as they stand."""

import os
import re
import shlex
from pathlib import Path

import pytest
from helpers.pages import fences
from helpers.python_process import run_python
from PIL import Image

from skdnn.datasets import load_fashion_mnist_sample

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"


def readme_blocks():
    return [code for words, code in fences(README) if words == "python"]


def test_readme_shows_three_uses():
    assert len(readme_blocks()) >= 3


@pytest.mark.long_form(row="readme")
def test_readme_searches_a_folder_of_images(tmp_path, count):
    images, target = load_fashion_mnist_sample(return_X_y=True)
    for number, (image, label) in enumerate(zip(images[:200], target[:200], strict=True)):
        folder = tmp_path / "photos" / f"class {label}"
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(folder / f"{number:03}.png")
    text = README.read_text(encoding="utf-8")
    command = re.search(r"<!-- folder -->\n```sh\n(.*?)^```", text, re.M | re.S)[1]
    assert command.startswith(".venv/bin/python -m skdnn ")

    small = count(["--epochs", "2", "--cv", "2", "--set", "optimizer=adam"], [])
    ended = run_python(*shlex.split(command)[1:], *small, cwd=tmp_path, check=True)

    assert (tmp_path / "skdnn-results" / "report.html").exists()
    assert "10 classes: class 0 " in ended.stdout


# In place of all 5,000 images.
FEW_IMAGES = """
from unittest import mock
from skdnn import datasets

def first_ones(*args, load=datasets.load_fashion_mnist_sample, **kwargs):
    data = load(*args, **kwargs)
    return tuple(array[:300] for array in data) if isinstance(data, tuple) else data

mock.patch.object(datasets, "load_fashion_mnist_sample", first_ones).start()
"""


@pytest.mark.long_form(row="readme")
def test_python_blocks_of_readme_run(tmp_path, count):
    run("\n".join([count(FEW_IMAGES, ""), *readme_blocks()]), tmp_path)


def run(code, folder):
    # In a process of its own: Keras's and scikeras's ways to seed change the whole process,
    # and scikeras leaves TensorFlow's determinism switched on.
    run_python("-c", code, cwd=folder, env={**os.environ, "MPLBACKEND": "Agg"}, check=True)
