"""The documentation has no Python that its build skips; what contributors read is true."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from helpers.pages import fences

ROOT = Path(__file__).parents[1]
PAGES = sorted((ROOT / "docs").glob("**/*.md"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_python_in_the_documentation_is_executed_by_its_build(page):
    # A cell runs only on a page that says at its top that it is a notebook.
    kinds = {words.split()[0] for words, _ in fences(page)}
    assert not kinds & {"python", "py", "python3", "pycon", "ipython"}
    notebook = page.read_text(encoding="utf-8").startswith("---\nfile_format: mystnb\n---\n")
    assert notebook == ("{code-cell}" in kinds)


# -- features.md --------------------------------------------------------------------------


def test_tests_that_the_features_page_names_are_there():
    page = (ROOT / "docs/features.md").read_text(encoding="utf-8")
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", page)
    assert len(named) > 40
    missing = [
        name
        for file, name in named
        if f"def {name}(" not in (ROOT / file).read_text(encoding="utf-8")
    ]
    assert missing == []


# -- contributing.md ----------------------------------------------------------------------


def test_the_picture_is_drawn_from_the_code_of_today():
    command = [sys.executable, "docs/draw_rooms.py", "--check"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr


def test_the_page_says_what_each_room_is_for():
    picture = (ROOT / "docs/images/rooms.svg").read_text(encoding="utf-8")
    page = (ROOT / "docs/contributing.md").read_text(encoding="utf-8")
    table = page.partition("\n## Architecture")[2].partition("\n## ")[0]
    named = re.findall(r"^\| `(\w+)` \|", table, re.M)
    assert sorted(named) == sorted(re.findall(r"<text [^>]*>(\w+)</text>", picture))


def test_files_that_the_page_names_are_there():
    page = (ROOT / "docs/contributing.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`((?:skdnn|tests|docs|\.ci|\.github)/[\w./-]+)`", page))
    assert len(named) > 30
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []
