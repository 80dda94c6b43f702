"""New Python processes, forked from one that has imported TensorFlow and has run nothing.

To import TensorFlow takes each process six seconds. So one is prepared, multiprocessing's fork
server, and what a test starts is a fork of it. In the long form (`--long`), and where a system
does not fork well, each is Python started anew, as its user starts it.
"""

import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
import threading
import traceback
from contextlib import contextmanager
from multiprocessing.forkserver import ensure_running
from multiprocessing.reduction import DupFd
from types import ModuleType

from joblib.externals.loky.backend import context as loky

# Whatever runs TensorFlow must stay out: a fork would wait for threads that it does not have.
_IMPORTED = [
    "tensorflow",
    "keras",
    "distributed.cli.dask_worker",
    "pandas",
    "sklearn.datasets",
    "sklearn.model_selection",
    "skdnn._command.data",
    "skdnn._command.job",
    "skdnn._command.output",
    "skdnn._command.search",
    "skdnn.classifier",
    "skdnn.persistence",
    "skdnn.report",
]
_forks = sys.platform == "linux"


def start_afresh():
    """Fork nothing from here on."""
    global _forks
    _forks = False


@contextmanager
def forked_workers():
    """Let loky fork its workers from the prepared process, too."""
    before = loky.get_start_method()
    if _forks:
        fork_server()
        loky.set_start_method("forkserver", force=True)
    yield
    loky.set_start_method(before, force=True)


def worker_start_method():
    """Return how Dask should start its workers."""
    if not _forks:
        return "spawn"
    fork_server()
    return "forkserver"


def fork_server():
    """Return the context of the prepared process, which runs from the first call on."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_IMPORTED)
    ensure_running()
    return context


def run_python(*arguments, timeout=600, check=False, **settings):
    """Run Python to its end; return its code and its output, as `subprocess.run` does."""
    with start_python(*arguments, **settings) as process:
        try:
            output = process.communicate(timeout)
        except BaseException:
            process.kill()
            raise
    ended = subprocess.CompletedProcess(arguments, process.returncode, *output)
    assert not check or ended.returncode == 0, ended.stderr
    return ended


def start_python(
    *arguments, cwd=None, env=None, stdout=subprocess.PIPE, stderr=subprocess.PIPE, forked=True
):
    """Start Python with arguments of its command line: a code, a module or a file.

    Parameters
    ----------
    *arguments : str or path-like
        As after ``python``: ``"-c", code``, ``"-m", module`` or a file, and what they take.
    cwd, env, stdout, stderr
        As `subprocess.Popen` takes them.
    forked : bool
        Whether a fork of the prepared process will do.

    Returns
    -------
    process : subprocess.Popen or Fork
    """
    arguments = [*map(os.fspath, arguments)]
    if forked and _forks:
        return Fork(arguments, cwd, env, {1: stdout, 2: stderr})
    return subprocess.Popen(
        [sys.executable, *arguments],
        cwd=cwd,
        env=env,
        stdout=stdout,
        stderr=stderr,
        encoding="utf-8",
        preexec_fn=open_to_ctrl_c,
    )


def open_to_ctrl_c():
    """Give a child the signals of a process in a terminal, whatever this one has ignored."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


class Fork:
    """A fork of the prepared process, with what tests use of `subprocess.Popen`."""

    def __init__(self, arguments, cwd, env, streams):
        ours, theirs = {}, {}
        for number, stream in streams.items():
            if stream == subprocess.PIPE:
                ours[number], theirs[number] = os.pipe()
            elif stream == subprocess.DEVNULL:
                theirs[number] = os.open(os.devnull, os.O_RDWR)
            else:
                theirs[number] = os.dup(number if stream is None else stream)
        self._process = fork_server().Process(
            target=_be_python,
            args=(
                arguments,
                os.fspath(cwd or os.getcwd()),
                dict(os.environ if env is None else env),
                {number: _Inherited(theirs[number]) for number in theirs},
            ),
        )
        self._process.start()
        for descriptor in theirs.values():
            os.close(descriptor)
        self.stdout, self.stderr = (
            os.fdopen(ours[number], encoding="utf-8") if number in ours else None
            for number in streams
        )
        self.pid = self._process.pid

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for stream in filter(None, (self.stdout, self.stderr)):
            stream.close()
        self.wait()

    @property
    def returncode(self):
        """The exit code, or the negative number of a signal; None before the end."""
        return self._process.exitcode

    def poll(self):
        """Return the code, or None before the end."""
        return self.returncode

    def wait(self, timeout=None):
        """Wait for the end; return the code."""
        self._process.join(timeout)
        if self.returncode is None:
            raise subprocess.TimeoutExpired("a fork of Python", timeout)
        return self.returncode

    def communicate(self, timeout=None):
        """Wait for the end; return what was written to standard output and error."""
        said = {}

        def read(stream):
            with stream:
                said[stream] = stream.read()

        open_ones = [s for s in (self.stdout, self.stderr) if s is not None and not s.closed]
        readers = [threading.Thread(target=read, args=(s,), daemon=True) for s in open_ones]
        for reader in readers:
            reader.start()
        self.wait(timeout)
        for reader in readers:
            reader.join()
        return said.get(self.stdout), said.get(self.stderr)

    def send_signal(self, number):
        """Send a signal, if the process has not ended."""
        if self.returncode is None:
            os.kill(self.pid, number)

    def kill(self):
        """End the process, if it has not ended."""
        self.send_signal(signal.SIGKILL)


class _Inherited:
    """A file descriptor that a fork receives as its own."""

    def __init__(self, descriptor):
        self._descriptor = descriptor

    def __reduce__(self):
        return _detached, (DupFd(self._descriptor),)


def _detached(duplicate):
    return duplicate.detach()


def _be_python(arguments, cwd, env, streams):
    """Do in a fork what Python does with its command line."""
    for number, descriptor in streams.items():
        os.dup2(descriptor, number)
        os.close(descriptor)
    sys.stdout, sys.stderr = (
        os.fdopen(number, "w", 1, encoding="utf-8", closefd=False) for number in streams
    )
    os.environ.clear()
    os.environ.update(env)
    os.chdir(cwd)
    open_to_ctrl_c()
    how, *rest = arguments
    try:
        if how == "-c":
            _run_code(*rest)
        elif how == "-m":
            sys.argv, sys.path[:0] = rest, [cwd]
            runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
        else:
            sys.argv = arguments
            runpy.run_path(how, run_name="__main__")
    except Exception:
        traceback.print_exc()
        sys.exit(1)
    except KeyboardInterrupt:
        traceback.print_exc()
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)


def _run_code(code, *rest):
    sys.argv, sys.path[:0] = ["-c", *rest], [""]
    sys.modules["__main__"] = main = ModuleType("__main__")
    exec(compile(code, "<string>", "exec"), main.__dict__)
