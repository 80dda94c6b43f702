"""Ctrl-C that ends a fit soon, at a place where it breaks nothing, and is never lost.

Python raises KeyboardInterrupt wherever the main thread happens to be. In a finaliser, of which
TensorFlow has many, it is printed and forgotten
(https://docs.python.org/3/reference/datamodel.html#object.__del__). In an extension module that
is being imported, or where Keras tries one way after another, it comes out as another error, or
not at all. In the middle of TensorFlow's tracing it can leave eager execution switched off.
"""

from __future__ import annotations

import _thread
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

# Seconds until an interrupt comes again that a finaliser forgot, or that has ended nothing.
_FINALISERS_END = 0.02
_SOME_CODE_CATCHES_ALL = 0.3

_keeper: _Keeper | None = None


@contextmanager
def interrupts_kept(patience: float = 0.0) -> Iterator[None]:
    """Raise KeyboardInterrupt at Ctrl-C, whatever becomes of it below.

    Only in the main thread, which alone is interrupted, and only where SIGINT does what Python
    has it do: whoever has set a handler of their own has other plans.

    Parameters
    ----------
    patience : float, default=0.0
        Seconds within which `stop_if_interrupted` is called as a rule. After that, or at a
        second Ctrl-C, KeyboardInterrupt is raised wherever the thread is.

    Raises
    ------
    KeyboardInterrupt
        In the midst of what is done, or at its end.
    """
    global _keeper
    if not _is_pythons_own():
        yield
        return
    hook = sys.unraisablehook
    keeper = _Keeper(patience, hook)
    try:
        _keeper = keeper
        sys.unraisablehook = keeper.forgotten
        signal.signal(signal.SIGINT, keeper.press)
        yield
        stop_if_interrupted()
    except Exception as error:
        if keeper.pressed:
            raise KeyboardInterrupt from error
        raise
    finally:
        keeper.over, _keeper = True, None
        sys.unraisablehook = hook
        signal.signal(signal.SIGINT, signal.default_int_handler)


def interrupted() -> bool:
    """Tell whether there was a Ctrl-C, in the main thread within `interrupts_kept`."""
    pressed = _keeper is not None and _keeper.pressed
    return pressed and threading.current_thread() is threading.main_thread()


def stop_if_interrupted() -> None:
    """Raise KeyboardInterrupt if there was a Ctrl-C: here nothing is half done.

    Raises
    ------
    KeyboardInterrupt
        Where `interrupted` is true.
    """
    if interrupted():
        raise KeyboardInterrupt


class _Keeper:
    """Remembers that there was an interrupt, and sends it again until something comes of it."""

    def __init__(self, patience: float, hook: Callable[[Any], Any]) -> None:
        self.pressed = self.over = False
        self._patience = patience
        self._hook = hook
        self._thread = threading.get_ident()
        self._signals = 0

    def press(self, number: int, frame: FrameType | None) -> None:
        """Handle SIGINT."""
        self._signals += 1
        first, self.pressed = not self.pressed, True
        if first and self._patience:
            self._send_again(self._patience)
        else:
            self._send_again(_SOME_CODE_CATCHES_ALL)
            signal.default_int_handler(number, frame)

    def forgotten(self, unraisable: Any) -> None:
        """Take an exception that Python can't raise."""
        if self.pressed and issubclass(unraisable.exc_type, KeyboardInterrupt):
            self._send_again(_FINALISERS_END)
        else:
            self._hook(unraisable)

    def _send_again(self, pause: float) -> None:
        # Not threading.Thread: the code that was interrupted may hold that module's locks.
        _thread.start_new_thread(self._send, (pause, self._signals))

    def _send(self, pause: float, signals: int) -> None:
        time.sleep(pause)
        if self.over or self._signals > signals:
            return
        if sys.platform == "win32":
            _thread.interrupt_main()
        else:
            signal.pthread_kill(self._thread, signal.SIGINT)  # ends what it waits for, too


def _is_pythons_own() -> bool:
    in_main = threading.current_thread() is threading.main_thread()
    return in_main and signal.getsignal(signal.SIGINT) is signal.default_int_handler
