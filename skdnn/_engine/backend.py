"""Import of TensorFlow, without the lines that it logs and without garbage collection."""

from __future__ import annotations

import gc
import os
import re
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from skdnn._engine.interrupts import interrupts_deferred

# Written before TensorFlow can be asked to be silent: TF_CPP_MIN_LOG_LEVEL does not stop them.
_START_LINES = re.compile(
    rb"WARNING: All log messages before absl::"
    rb"|[IWE]\d{4} \d\d:\d\d:\d+\.\d+ "
    rb"|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+: [IWE] "
    rb"|To enable the following instructions: "
)


# Python 3.12 freezes some hundred objects as it starts. More are the user's, and stay frozen.
_MOST_FROZEN_BY_PYTHON = 1_000

_import_lock = threading.Lock()

# The process in which TensorFlow was first used here; a fork inherits it.
_first_used_in: list[int] = []


def load_tensorflow() -> None:
    """Import TensorFlow and list its devices, unless that is done already.

    Its log level is set to errors, since it logs later too: when XLA compiles, when Keras
    trains. The environment is restored. Where ``TF_CPP_MIN_LOG_LEVEL`` is set to a level that
    shows messages, all are shown.

    Raises
    ------
    RuntimeError
        If this process was forked from one that had used TensorFlow: its threads are missing
        here, so that it would wait for them for ever
        (https://github.com/tensorflow/tensorflow/issues/2448). If Keras is set to another
        backend, or eager execution is switched off.
    """
    if not _first_used_in:
        _first_used_in.append(os.getpid())
    if _first_used_in[0] != os.getpid():
        raise RuntimeError(
            "this process was forked from one in which TensorFlow had run already, and would "
            "hang: use joblib's backends 'threading' or 'loky' (the default), or start "
            "processes by multiprocessing's 'spawn' or 'forkserver'"
        )
    # Two threads that import it at once wait for each other for ever.
    with _import_lock:
        if "keras" not in sys.modules or "tensorflow" not in sys.modules:
            with interrupts_deferred(), _without_garbage_collection():
                _import_tensorflow()
        _check_mode()


def _check_mode() -> None:
    import keras
    import tensorflow

    if keras.config.backend() != "tensorflow":
        raise RuntimeError(
            "skdnn trains with TensorFlow, but Keras's backend here is "
            f"{keras.config.backend()!r}: set KERAS_BACKEND=tensorflow before Keras is imported"
        )
    if not tensorflow.executing_eagerly():
        raise RuntimeError(
            "skdnn needs TensorFlow's eager execution: call it outside tf.Graph and "
            "tf.function, and without tf.compat.v1.disable_eager_execution()"
        )


def _import_tensorflow() -> None:
    if os.environ.get("TF_CPP_MIN_LOG_LEVEL") in ("0", "1", "2"):
        import keras
        import tensorflow
    else:
        with _errors_only(), _without_start_lines():
            import keras  # noqa: F401
            import tensorflow

            tensorflow.config.list_physical_devices()


class _FloatX:
    """Keras's default dtype, and the number of nested contexts that have set it to float32."""

    lock = threading.Lock()
    depth = 0
    original = ""


@contextmanager
def float32_by_default() -> Iterator[None]:
    """Set Keras's default dtype to float32, whatever `floatx` is.

    A learning rate, a metric and the sum of the losses have no dtype of their own.
    """
    load_tensorflow()
    import keras

    with _FloatX.lock:
        _FloatX.depth += 1
        if _FloatX.depth == 1:
            _FloatX.original = keras.config.floatx()
            keras.config.set_floatx("float32")
    try:
        yield
    finally:
        with _FloatX.lock:
            _FloatX.depth -= 1
            if not _FloatX.depth:
                keras.config.set_floatx(_FloatX.original)


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """Pause the garbage collector, and count all objects as old afterwards.

    TensorFlow's import makes hundreds of thousands of objects that stay. The collector would
    look through all of them several times meanwhile, and once more in the first fit.
    """
    if not gc.isenabled() or gc.get_freeze_count() > _MOST_FROZEN_BY_PYTHON:
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()  # this and `unfreeze` make objects old without looking at them
        gc.unfreeze()
        gc.enable()


@contextmanager
def _errors_only() -> Iterator[None]:
    """Set TensorFlow's log level, which it reads at import."""
    before = os.environ.get("TF_CPP_MIN_LOG_LEVEL")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    try:
        yield
    finally:
        if before is None:
            del os.environ["TF_CPP_MIN_LOG_LEVEL"]


@contextmanager
def _without_start_lines() -> Iterator[None]:
    """Filter TensorFlow's start-up lines out of standard error."""
    stderr = os.dup(2)
    with tempfile.TemporaryFile() as captured:
        os.dup2(captured.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(stderr, 2)
            captured.seek(0)
            for line in captured:
                if not _START_LINES.match(line):
                    os.write(stderr, line)
            os.close(stderr)
