"""Deferred KeyboardInterrupt: Ctrl-C ends a fit soon, where it is safe, and is never lost.

Python raises KeyboardInterrupt wherever the main thread happens to be. In a finalizer, of which
TensorFlow has many, it is printed and ignored
(https://docs.python.org/3/reference/datamodel.html#object.__del__). In an extension module that
is being imported, or where Keras catches every exception, it comes out as another error, or not
at all. In the middle of TensorFlow's tracing it can leave eager execution switched off.
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

# Seconds until an interrupt is sent again that a finalizer ignored, or that code has caught.
_FINALISERS_END = 0.02
_SOME_CODE_CATCHES_ALL = 0.3

_handler: _InterruptHandler | None = None


@contextmanager
def interrupts_deferred(grace_period: float = 0.0) -> Iterator[None]:
    """Defer KeyboardInterrupt to the next `stop_if_interrupted`, and never lose it.

    Only in the main thread, the only one that Python interrupts, and only if SIGINT has
    Python's default handler: another one is left alone.

    Parameters
    ----------
    grace_period : float, default=0.0
        Seconds within which `stop_if_interrupted` should be called. After that, or at a
        second Ctrl-C, KeyboardInterrupt is raised wherever the thread is.

    Raises
    ------
    KeyboardInterrupt
        Inside the context, or at its end.
    """
    global _handler
    if not _has_default_handler():
        yield
        return
    hook = sys.unraisablehook
    handler = _InterruptHandler(grace_period, hook)
    try:
        _handler = handler
        sys.unraisablehook = handler.handle_unraisable
        signal.signal(signal.SIGINT, handler.handle)
        yield
        stop_if_interrupted()
    except Exception as error:
        if handler.interrupted:
            raise KeyboardInterrupt from error
        raise
    finally:
        handler.closed, _handler = True, None
        sys.unraisablehook = hook
        signal.signal(signal.SIGINT, signal.default_int_handler)


def interrupted() -> bool:
    """Tell whether Ctrl-C was pressed, in the main thread within `interrupts_deferred`."""
    interrupted = _handler is not None and _handler.interrupted
    return interrupted and threading.current_thread() is threading.main_thread()


def stop_if_interrupted() -> None:
    """Raise KeyboardInterrupt if Ctrl-C was pressed. Called where nothing is half done.

    Raises
    ------
    KeyboardInterrupt
        If `interrupted` is true.
    """
    if interrupted():
        raise KeyboardInterrupt


class _InterruptHandler:
    """Records an interrupt, and sends it again until KeyboardInterrupt gets through."""

    def __init__(self, grace_period: float, hook: Callable[[Any], Any]) -> None:
        self.interrupted = self.closed = False
        self._grace_period = grace_period
        self._hook = hook
        self._thread = threading.get_ident()
        self._signals = 0

    def handle(self, number: int, frame: FrameType | None) -> None:
        """Handle SIGINT."""
        self._signals += 1
        first, self.interrupted = not self.interrupted, True
        if first and self._grace_period:
            self._send_again(self._grace_period)
        else:
            self._send_again(_SOME_CODE_CATCHES_ALL)
            signal.default_int_handler(number, frame)

    def handle_unraisable(self, unraisable: Any) -> None:
        """Handle an exception that Python can't raise, as in a finalizer."""
        if self.interrupted and issubclass(unraisable.exc_type, KeyboardInterrupt):
            self._send_again(_FINALISERS_END)
        else:
            self._hook(unraisable)

    def _send_again(self, pause: float) -> None:
        # Not threading.Thread: the code that was interrupted may hold that module's locks.
        _thread.start_new_thread(self._send, (pause, self._signals))

    def _send(self, pause: float, signals: int) -> None:
        time.sleep(pause)
        if self.closed or self._signals > signals:
            return
        if sys.platform == "win32":
            _thread.interrupt_main()
        else:
            signal.pthread_kill(self._thread, signal.SIGINT)  # ends what it waits for, too


def _has_default_handler() -> bool:
    in_main = threading.current_thread() is threading.main_thread()
    return in_main and signal.getsignal(signal.SIGINT) is signal.default_int_handler
