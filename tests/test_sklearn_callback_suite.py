"""scikit-learn's own tests of `sklearn.callback`, with this estimator in place of theirs."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from unittest import mock

import pytest
import sklearn.callback.tests._utils as theirs
from helpers import max_iter_estimator
from helpers.python_process import forked_workers, run_python
from joblib.externals.loky import reusable_executor

MODULES = ("callback_context", "callback_support", "pickle", "progressbar", "scoring_monitor")

# They say nothing of an estimator of another package.
LEFT_OUT = {
    "test_progressbar_outside_main_module": "a new process imports scikit-learn's estimator",
    "test_progressbar_requires_rich_error": "is about an environment without rich",
}


# How logs are read is up to scikit-learn alone.
READING = ("as_pandas", "include_lineage")


def read_once(test):
    """Leave all ways but one of reading a log to the long form."""
    other = pytest.param(False, marks=pytest.mark.long_form(row="checks", only=True))
    for number, mark in enumerate(getattr(test, "pytestmark", [])):
        if mark.name == "parametrize" and mark.args[0] in READING:
            test.pytestmark[number] = pytest.mark.parametrize(mark.args[0], [True, other]).mark
    return test


def copied_from(module):
    """Import a copy of a test module that knows our estimator by the name of theirs."""
    path = Path(theirs.__file__).with_name(f"test_{module}.py")
    spec = importlib.util.spec_from_file_location(f"copy_of_{path.stem}", path)
    copied = importlib.util.module_from_spec(spec)
    ours = {
        name: getattr(max_iter_estimator, name)
        for name in ("MaxIterEstimator", "ParentFitEstimator")
    }
    with mock.patch.multiple(theirs, **ours):
        spec.loader.exec_module(copied)
    return {
        name: read_once(test)
        for name, test in vars(copied).items()
        if name.startswith("test_") and name not in LEFT_OUT
    }


for _module in MODULES:
    for _name, _test in copied_from(_module).items():
        assert _name not in globals()
        globals()[_name] = _test


@pytest.fixture(autouse=True)
def new_processes_find_the_estimator(monkeypatch):
    paths = [str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, paths)))


@pytest.fixture(autouse=True)
def new_processes_are_those_of_other_tests(monkeypatch):
    """Let scikit-learn's tests start Python as the others here do, whose answer is text."""
    run_any = subprocess.run

    def run(command, **settings):
        if command[0] != sys.executable:  # the import of TensorFlow runs uname
            return run_any(command, **settings)
        assert settings.pop("capture_output")
        ended = run_python(*command[1:], **settings)
        ended.stdout, ended.stderr = ended.stdout.encode(), ended.stderr.encode()
        return ended

    monkeypatch.setattr(subprocess, "run", run)


@pytest.fixture(scope="module", autouse=True)
def workers_of_its_own():
    """End loky's workers after all of these tests, in place of after each: tiny fits.

    They are forks that have imported TensorFlow. One that imports it in the midst of its work
    grows by so much that loky replaces it, and has waited for ever in doing so.
    """
    with forked_workers():
        yield
    executor = reusable_executor._executor
    if executor is not None:
        executor.shutdown(wait=True, kill_workers=True)
