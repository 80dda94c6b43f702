"""TensorFlow's start leaves no lines on the terminal, and hides no others."""

import os
import re
import subprocess
import sys

import pytest

_FIT = """
from sklearn.datasets import load_iris
from skdnn import KerasDNNClassifier
KerasDNNClassifier(epochs=1).fit(*load_iris(return_X_y=True)).predict([[1, 2, 3, 4]])
"""


def stderr_of(code, **environment):
    kept = {k: v for k, v in os.environ.items() if k != "TF_CPP_MIN_LOG_LEVEL"}
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**kept, **environment},
        capture_output=True,
        text=True,
        check=True,
    ).stderr


def test_fits_write_nothing_to_the_terminal_and_leave_the_environment_as_it_was():
    code = f"""
import os
before = dict(os.environ)
{_FIT}
data = load_iris(return_X_y=True)
KerasDNNClassifier(epochs=1_600, batch_size=150, random_state=0).fit(*data)  # XLA
KerasDNNClassifier(epochs=1, engine="keras", random_state=0).fit(*data)
# TensorFlow itself notes which version of itself it is.
changed = {{name for name in os.environ if os.environ[name] != before.get(name)}}
assert not {{name for name in changed if "LOG" in name or "SKDNN" in name}}, changed
"""
    assert stderr_of(code) == ""


def test_who_asks_for_messages_gets_them():
    assert re.search(r"^I\d{4} ", stderr_of(_FIT, TF_CPP_MIN_LOG_LEVEL="0"), re.M)


@pytest.mark.skipif(sys.platform == "win32", reason="file descriptors are those of Unix")
def test_other_lines_come_through():
    code = """
import os
from skdnn._engine.backend import _without_start_lines
with _without_start_lines():
    os.write(2, b"I0000 00:00:1795413494.038709 1 port.cc:153] oneDNN is on\\n")
    os.write(2, b"a line of somebody else\\n")
"""
    assert stderr_of(code) == "a line of somebody else\n"


def test_threads_that_start_together_load_it_once():
    stderr_of("""
import threading
from sklearn.datasets import load_iris
from skdnn import KerasDNNClassifier
fitted = []
def fit():
    fitted.append(KerasDNNClassifier(epochs=1, random_state=0).fit(*load_iris(return_X_y=True)))
threads = [threading.Thread(target=fit, daemon=True) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join(60)
assert len(fitted) == 4, len(fitted)
""")


@pytest.mark.long_form(row="fork")
@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_fork_after_tensorflow_has_run_is_told_so():
    code = (
        _FIT
        + """
import multiprocessing, time
def fit():
    try:
        KerasDNNClassifier(epochs=1).fit(*load_iris(return_X_y=True))
    except RuntimeError as error:
        assert "forked" in str(error)
        os._exit(3)
import os
started = time.monotonic()
child = multiprocessing.get_context("fork").Process(target=fit)
child.start()
child.join(30)
child.kill()
assert child.exitcode == 3, child.exitcode
assert time.monotonic() - started < 5
"""
    )
    stderr_of(code, PYTHONWARNINGS="ignore")
