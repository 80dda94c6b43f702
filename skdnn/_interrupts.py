"""Ctrl-C that ends a fit although code below has swallowed its KeyboardInterrupt.

Python raises KeyboardInterrupt wherever the main thread happens to be. In a finaliser it is
printed and forgotten (https://docs.python.org/3/reference/datamodel.html#object.__del__), and
TensorFlow has many. In an extension module that is being imported, or where Keras tries one way
after another, it comes out as another error.
"""

from __future__ import annotations

import _thread
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

# Seconds until a forgotten interrupt comes again: by then the finaliser has ended.
_PAUSE = 0.02


@contextmanager
def interrupts_kept() -> Iterator[None]:
    """Raise KeyboardInterrupt at the first Ctrl-C, whatever becomes of it below.

    Only in the main thread, which alone is interrupted, and only where SIGINT does what Python
    has it do: whoever has set a handler of their own has other plans.

    Raises
    ------
    KeyboardInterrupt
        In the midst of what is done, or at its end.
    """
    if not _is_pythons_own():
        yield
        return
    keeper, hook = _Keeper(sys.unraisablehook), sys.unraisablehook
    try:
        sys.unraisablehook = keeper.forgotten
        signal.signal(signal.SIGINT, keeper.press)
        yield
        if keeper.pressed:
            raise KeyboardInterrupt
    except Exception as error:
        if keeper.pressed:
            raise KeyboardInterrupt from error
        raise
    finally:
        keeper.over = True
        sys.unraisablehook = hook
        signal.signal(signal.SIGINT, signal.default_int_handler)


class _Keeper:
    """Remembers that there was an interrupt, and sends it again if it was forgotten."""

    def __init__(self, hook: Callable[[Any], Any]) -> None:
        self.pressed = self.over = False
        self._hook = hook

    def press(self, number: int, frame: FrameType | None) -> None:
        """Handle SIGINT."""
        self.pressed = True
        signal.default_int_handler(number, frame)

    def forgotten(self, unraisable: Any) -> None:
        """Take an exception that Python can't raise."""
        if self.pressed and issubclass(unraisable.exc_type, KeyboardInterrupt):
            threading.Timer(_PAUSE, self._again).start()
        else:
            self._hook(unraisable)

    def _again(self) -> None:
        main = threading.main_thread().ident
        if self.over or main is None:
            return
        if sys.platform == "win32":
            _thread.interrupt_main()
        else:
            signal.pthread_kill(main, signal.SIGINT)  # which ends what it waits for, too


def _is_pythons_own() -> bool:
    in_main = threading.current_thread() is threading.main_thread()
    return in_main and signal.getsignal(signal.SIGINT) is signal.default_int_handler
