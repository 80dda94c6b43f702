"""Ctrl-C that ends a fit although code below has swallowed its KeyboardInterrupt.

Python raises KeyboardInterrupt wherever the main thread happens to be. In a finaliser it is
printed and forgotten (https://docs.python.org/3/reference/datamodel.html#object.__del__), and
TensorFlow has finalisers that run at every call of Keras's `fit`; where Keras tries one way
after another, it can come out as another error.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_pressed = False


@contextmanager
def interrupts_kept() -> Iterator[None]:
    """Remember Ctrl-C, and end with KeyboardInterrupt if there was one.

    Only in the main thread, which alone is interrupted, and only where SIGINT does what Python
    has it do: whoever has set a handler of their own has other plans.

    Raises
    ------
    KeyboardInterrupt
        At the end, whatever has become of the first one.
    """
    global _pressed
    if not _is_pythons_own():
        yield
        return
    try:
        signal.signal(signal.SIGINT, _press)
        yield
        raise_kept_interrupt()
    except Exception as error:
        if _pressed:
            raise KeyboardInterrupt from error
        raise
    finally:
        _pressed = False
        signal.signal(signal.SIGINT, signal.default_int_handler)


def raise_kept_interrupt() -> None:
    """Raise KeyboardInterrupt if there was one that was not heard.

    Raises
    ------
    KeyboardInterrupt
        In the main thread, within `interrupts_kept`.
    """
    global _pressed
    if _pressed and threading.current_thread() is threading.main_thread():
        _pressed = False
        raise KeyboardInterrupt


def _is_pythons_own() -> bool:
    in_main = threading.current_thread() is threading.main_thread()
    return in_main and signal.getsignal(signal.SIGINT) is signal.default_int_handler


def _press(number: int, frame: FrameType | None) -> None:
    global _pressed
    _pressed = True
    signal.default_int_handler(number, frame)
