"""A fork of the prepared process is to a test what Python started anew is."""

import os
import signal
import sys

import pytest
from helpers.python_process import run_python, start_python

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the signals are Unix's")

TELLING = """
import os, sys
print(__name__, sys.argv[1:], os.getcwd(), dict(os.environ).get("TOLD"), "HOME" in os.environ)
print("beside", file=sys.stderr)
sys.exit(3)
"""


@pytest.fixture(params=[True, False], ids=["forked", "anew"])
def forked(request):
    return request.param


def test_arguments_directory_environment_output_and_code(forked, tmp_path):
    environment = {"TOLD": "yes", "PATH": os.environ["PATH"]}
    script = tmp_path / "script.py"
    script.write_text(TELLING)
    for arguments in (["-c", TELLING], ["-m", "script"], [script]):
        ended = run_python(*arguments, "a", "b", cwd=tmp_path, env=environment, forked=forked)
        assert ended.stdout == f"__main__ ['a', 'b'] {tmp_path} yes False\n"
        assert (ended.returncode, ended.stderr) == (3, "beside\n")


def test_an_error_is_a_traceback_and_a_1(forked):
    ended = run_python("-c", "1 / 0", forked=forked)
    assert ended.returncode == 1
    assert ended.stderr.endswith("ZeroDivisionError: division by zero\n")
    with pytest.raises(AssertionError, match="ZeroDivisionError"):
        run_python("-c", "1 / 0", forked=forked, check=True)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_signal_is_its_negative_number(forked, number):
    code = "import time; print('begun', flush=True); time.sleep(60)"
    with start_python("-c", code, forked=forked) as process:
        assert process.stdout.readline() == "begun\n"
        assert process.poll() is None
        process.send_signal(number)
        _, complaints = process.communicate(timeout=30)
        assert process.returncode == -number
        assert ("KeyboardInterrupt" in complaints) == (number == signal.SIGINT)
