"""Ctrl-C that something below the estimator swallows."""

import contextlib
import signal
import sys
import threading
import time

import keras
import numpy as np
import pytest

from skdnn import KerasDNNClassifier

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT to send"),
    # What Python says of an interrupt in a finaliser.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


class InFinaliser(keras.callbacks.Callback):
    """Is interrupted where no exception comes out."""

    def on_epoch_end(self, epoch, logs=None):
        class Deaf:
            def __del__(self):
                for _ in range(2):  # at the second it is raised wherever it comes
                    signal.raise_signal(signal.SIGINT)

        if epoch == 2:
            Deaf()  # is gone at once


class AsAnotherError(keras.callbacks.Callback):
    """Is interrupted where the exception is taken for another."""

    def on_epoch_end(self, epoch, logs=None):
        try:
            for _ in range(2):
                signal.raise_signal(signal.SIGINT)
        except BaseException:
            raise TypeError("can't convert this to a tensor") from None


class Caught(keras.callbacks.Callback):
    """Is interrupted again and again where all exceptions are caught, and goes on."""

    def on_epoch_end(self, epoch, logs=None):
        signal.raise_signal(signal.SIGINT)
        for _ in range(3):
            with contextlib.suppress(BaseException):
                time.sleep(60)


@pytest.fixture
def python_handles_sigint():
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    after = signal.signal(signal.SIGINT, before)
    assert after is signal.default_int_handler


@pytest.fixture
def small():
    return KerasDNNClassifier((4,), epochs=1, random_state=0)


@pytest.mark.usefixtures("python_handles_sigint")
@pytest.mark.parametrize(
    "interrupted", [InFinaliser(), AsAnotherError(), Caught()], ids=["del", "error", "caught"]
)
@pytest.mark.parametrize("engine", ["fused", "keras"])
def test_a_swallowed_interrupt_ends_the_fit(engine, interrupted, small, iris):
    before = small.fit(*iris).predict_proba(iris[0])
    small.set_params(engine=engine, callbacks=interrupted, epochs=500)

    with pytest.raises(KeyboardInterrupt):
        small.fit(*iris)

    np.testing.assert_array_equal(small.predict_proba(iris[0]), before)
    assert small.n_iter_ == 1


@pytest.mark.usefixtures("python_handles_sigint")
def test_a_swallowed_interrupt_is_heard_at_once(small, iris):
    """Not at the end of the epoch or of what callbacks do: at once, and once."""

    class Slow(InFinaliser):
        def on_epoch_end(self, epoch, logs=None):
            super().on_epoch_end(epoch, logs)
            if epoch == 2:
                time.sleep(60)

    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        small.set_params(callbacks=Slow(), epochs=500).fit(*iris)
    assert time.monotonic() - began < 30
    small.set_params(callbacks=None, epochs=2).fit(*iris)
    assert small.n_iter_ == 2


@pytest.mark.usefixtures("python_handles_sigint")
def test_other_exceptions_in_finalisers_are_told_as_ever(small, iris, monkeypatch):
    told = []
    monkeypatch.setattr(sys, "unraisablehook", lambda what: told.append(what.exc_type))

    class Fails(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            class Broken:
                def __del__(self):
                    raise ValueError

            Broken()

    small.set_params(callbacks=Fails()).fit(*iris)
    assert told == [ValueError]


@pytest.mark.usefixtures("python_handles_sigint")
def test_one_in_the_last_epoch_is_heard_too(small, iris):
    small.set_params(callbacks=InFinaliser(), epochs=3)
    with pytest.raises(KeyboardInterrupt):
        small.fit(*iris)
    assert not hasattr(small, "n_iter_")


@pytest.mark.usefixtures("python_handles_sigint")
def test_an_error_without_an_interrupt_is_itself(small, iris):
    small.set_params(callbacks=keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: 1 / 0))
    with pytest.raises(ZeroDivisionError):
        small.fit(*iris)


def test_the_handler_of_another_stays(small, iris):
    heard = []
    before = signal.signal(signal.SIGINT, lambda number, frame: heard.append(number))
    try:
        seen = []
        small.set_params(
            epochs=4,
            callbacks=[
                InFinaliser(),
                keras.callbacks.LambdaCallback(
                    on_epoch_end=lambda *_: seen.append(signal.getsignal(signal.SIGINT))
                ),
            ],
        ).fit(*iris)
        assert {signal.getsignal(signal.SIGINT)} == set(seen)
    finally:
        signal.signal(signal.SIGINT, before)
    assert set(heard) == {signal.SIGINT}
    assert small.n_iter_ == 4


def test_a_fit_in_a_thread_goes_without(small, iris):
    thread = threading.Thread(target=small.fit, args=iris)
    thread.start()
    thread.join()
    assert small.n_iter_ == 1
