"""TensorFlow's start leaves no lines on the terminal, and hides no others."""

import gc
import os
import sys

import pytest
from helpers.python_process import run_python

from skdnn._engine.backend import _without_garbage_collection


def run_anew(code):
    """Run a code in a Python of its own, which has not imported TensorFlow."""
    env = {k: v for k, v in os.environ.items() if k != "TF_CPP_MIN_LOG_LEVEL"}
    return run_python("-c", code, env=env, forked=False, check=True)


@pytest.fixture(scope="module")
def started():
    """A process whose threads load TensorFlow together, and which then fits in every way."""
    return run_anew("""
import gc, os, threading
from sklearn.datasets import load_iris
from skdnn import KerasDNNClassifier
from skdnn._engine import backend
before = dict(os.environ)
collected = []
gc.callbacks.append(
    lambda phase, info: info["generation"] == 2
    and backend._import_lock.locked()
    and collected.append(phase)
)
data = load_iris(return_X_y=True)
fitted = []
def fit():
    fitted.append(KerasDNNClassifier(epochs=1, random_state=0).fit(*data))
threads = [threading.Thread(target=fit, daemon=True) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join(60)
print(len(fitted), "threads have fitted")
print("collector on:", gc.isenabled(), "full collections:", len(collected))
KerasDNNClassifier(epochs=1).fit(*data).predict([[1, 2, 3, 4]])
KerasDNNClassifier(epochs=3_000, batch_size=150, random_state=0).fit(*data)  # XLA
KerasDNNClassifier(epochs=1, engine="keras", random_state=0).fit(*data)
changed = [name for name in os.environ if os.environ[name] != before.get(name)]
print("changed:", *changed)
""")


def test_threads_that_start_together_load_it_once(started):
    assert "4 threads have fitted\n" in started.stdout


def test_garbage_is_not_collected_during_the_import_and_is_again_after_it(started):
    assert "collector on: True full collections: 0\n" in started.stdout


def test_what_the_user_has_set_of_the_collector_stays():
    gc.unfreeze()  # what the tests have frozen
    with _without_garbage_collection():
        assert not gc.isenabled()
    assert gc.isenabled()
    gc.disable()
    try:
        with _without_garbage_collection():
            pass
        assert not gc.isenabled()
        gc.freeze()
        gc.enable()
        frozen = gc.get_freeze_count()
        with _without_garbage_collection():
            pass
        assert gc.get_freeze_count() == frozen
    finally:
        gc.enable()
        gc.freeze()


def test_fits_write_nothing_to_the_terminal_and_leave_the_environment_as_it_was(started):
    assert started.stderr == ""
    _, changed = started.stdout.split("changed:")
    # TensorFlow itself notes which version of itself it is.
    assert "LOG" not in changed
    assert "SKDNN" not in changed


@pytest.mark.skipif(sys.platform == "win32", reason="file descriptors are those of Unix")
def test_other_lines_come_through():
    code = """
import os
from skdnn._engine.backend import _without_start_lines
with _without_start_lines():
    os.write(2, b"I0000 00:00:1795413494.038709 1 port.cc:153] oneDNN is on\\n")
    os.write(2, b"a line of somebody else\\n")
"""
    assert run_anew(code).stderr == "a line of somebody else\n"


@pytest.mark.long_form(row="fork")
@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_fork_after_tensorflow_has_run_is_told_so():
    code = """
import multiprocessing, os, time, warnings
from sklearn.datasets import load_iris
from skdnn import KerasDNNClassifier
KerasDNNClassifier(epochs=1).fit(*load_iris(return_X_y=True)).predict([[1, 2, 3, 4]])
warnings.simplefilter("ignore")
def fit():
    try:
        KerasDNNClassifier(epochs=1).fit(*load_iris(return_X_y=True))
    except RuntimeError as error:
        assert "forked" in str(error)
        os._exit(3)
started = time.monotonic()
child = multiprocessing.get_context("fork").Process(target=fit)
child.start()
child.join(30)
child.kill()
assert child.exitcode == 3, child.exitcode
assert time.monotonic() - started < 5
"""
    run_python("-c", code, check=True)
