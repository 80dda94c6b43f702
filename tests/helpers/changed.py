"""The tests of what was changed: tests mirror the code, so names tell them.

    skdnn/network/losses.py      tests/network/
    skdnn/_engine/program.py     tests/engine/
    skdnn/classifier.py          tests/test_classifier*.py
    README.md                    tests/test_pages.py
    tests/displays/test_x.py     itself
    tests/displays/conftest.py   tests/displays/

Beside them go the tests of the documentation, which take no time: what they look at, such as
the picture of who imports whom, any module can change.
"""

import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "tests" / "test_docs.py"


def changed_files(base):
    """List what differs from where this branch left `base`, files new to git included."""
    differing = _git("diff", "--name-only", "--merge-base", base)
    return sorted({*differing, *_git("ls-files", "--others", "--exclude-standard")})


def tests_of(files):
    """Return the test files and folders that belong to files, and the files that have none."""
    tests, without = {DOCS}, []
    for file in files:
        found = set(_tests_of(Path(file)))
        tests |= found
        if not found:
            without.append(file)
    return tests, without


def _tests_of(file):
    top, *rest = file.parts
    if top == "docs":
        return [DOCS]
    if top == "README.md":
        return [ROOT / "tests" / "test_pages.py"]
    if top not in ("skdnn", "tests") or not rest:
        return []
    room = rest[0].removeprefix("_").removesuffix(".py")
    if len(rest) > 1:
        whole = top == "skdnn" or not file.name.startswith("test_")
        return [
            path for path in [ROOT / "tests" / room if whole else ROOT / file] if path.exists()
        ]
    if top == "tests":
        return [ROOT / file] if room.startswith("test_") and (ROOT / file).exists() else []
    return (ROOT / "tests").glob(f"test_{room}*.py")


def _git(*words):
    ran = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True)
    if ran.returncode:
        raise ValueError(f"git {' '.join(words)}: {ran.stderr.strip()}")
    return ran.stdout.splitlines()
