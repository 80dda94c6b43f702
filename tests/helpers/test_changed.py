"""Which tests `--changed` takes."""

import pytest
from helpers import changed

DOCS = "tests/test_docs.py"


@pytest.mark.parametrize(
    ("file", "tests"),
    [
        ("skdnn/network/losses.py", {"tests/network"}),
        ("skdnn/_engine/program.py", {"tests/engine"}),
        ("skdnn/pipeline.py", {"tests/test_pipeline.py"}),
        (
            "skdnn/classifier.py",
            {"tests/test_classifier.py", "tests/test_classifier_in_sklearn.py"},
        ),
        ("tests/displays/test_pixels.py", {"tests/displays/test_pixels.py"}),
        ("tests/displays/test_of_a_deleted_module.py", set()),
        ("tests/displays/conftest.py", {"tests/displays"}),
        ("tests/persistence/fixtures/pipeline-format-1.npz", {"tests/persistence"}),
        ("tests/test_sparse.py", {"tests/test_sparse.py"}),
        ("docs/howto.md", {DOCS}),
        ("README.md", {"tests/test_pages.py"}),
        ("pyproject.toml", set()),
        ("tests/conftest.py", set()),
    ],
)
def test_names_tell_the_tests(file, tests):
    found, without = changed.tests_of([file])
    assert found == {changed.ROOT / each for each in {DOCS, *tests}}
    assert without == ([] if tests else [file])


def test_every_room_has_tests_of_its_name():
    """So that a change in any module is tested by `--changed`."""
    modules = [
        str(path.relative_to(changed.ROOT))
        for path in (changed.ROOT / "skdnn").rglob("*.py")
        if path.parent.name != "skdnn" or path.stem not in ("__init__", "__main__")
    ]
    assert changed.tests_of(modules)[1] == []


def test_a_base_that_is_not_there_is_told():
    with pytest.raises(ValueError, match="no-such-branch"):
        changed.changed_files("no-such-branch")
