"""Python in a terminal, as its user has it: what it draws is read all the time."""

import fcntl
import os
import re
import struct
import termios
import threading
import time

from helpers.python_process import start_python


class InTerminal:
    """A Python process whose standard output is a terminal of 100 columns.

    Parameters
    ----------
    arguments : sequence of str
        As after ``python``.
    **settings : dict
        Of `start_python`.
    """

    def __init__(self, arguments, **settings):
        self._screen, theirs = os.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
        self.process = start_python(*arguments, stdout=theirs, **settings)
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
