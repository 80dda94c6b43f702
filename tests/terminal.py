"""A command in a terminal, as its user has it: what it draws is read all the time."""

import fcntl
import os
import re
import signal
import struct
import subprocess
import termios
import threading
import time


class InTerminal:
    """A process whose standard output is a terminal of 100 columns.

    Parameters
    ----------
    command : sequence of str
        What to run.
    **settings : dict
        Of `subprocess.Popen`.
    """

    def __init__(self, command, **settings):
        self._screen, theirs = os.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
        self.process = subprocess.Popen(
            command,
            stdout=theirs,
            stderr=subprocess.PIPE,
            preexec_fn=open_to_ctrl_c,
            encoding="utf-8",
            **settings,
        )
        os.close(theirs)
        self._said = b""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()
        self._reader.join(timeout=10)
        os.close(self._screen)

    def _read(self):
        while True:
            try:
                self._said += os.read(self._screen, 65_536)
            except OSError:  # Linux's end of a terminal
                return

    @property
    def said(self):
        """What was written so far, with the codes that move the cursor."""
        return self._said.decode(errors="replace")

    def wait_until(self, pattern, patience):
        """Wait until a pattern occurs in what is written."""
        deadline = time.monotonic() + patience
        while not re.search(pattern, self.said):
            if time.monotonic() > deadline or self.process.poll() is not None:
                complaints = "" if self.process.poll() is None else self.process.stderr.read()
                raise TimeoutError(f"no {pattern!r} in {self.said[-500:]!r}; {complaints}")
            time.sleep(0.02)

    def end(self, timeout):
        """Wait for the end; return what was written to standard error."""
        _, complaints = self.process.communicate(timeout=timeout)
        self._reader.join(timeout=10)
        return complaints


def open_to_ctrl_c():
    """Give a child the signals of a process in a terminal, whatever this one has ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
