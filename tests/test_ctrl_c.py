"""Ctrl-C in a fit, a search and the command: it ends soon, and nothing fitted is lost."""

import signal
import sys
import time

import numpy as np
import pytest
from helpers.python_process import start_python

from skdnn.datasets import load_fashion_mnist_sample

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT to send"),
    pytest.mark.long_form(row="interrupt"),
]

_LONG_FITS = """
import sys
import numpy as np
from sklearn.model_selection import GridSearchCV
from skdnn import KerasDNNClassifier, KerasDNNRegressor
from skdnn.datasets import load_fashion_mnist_sample

X, y = load_fashion_mnist_sample(return_X_y=True)
X = X / np.float32(255)

times, engine, *calls = sys.argv[1:]
network = KerasDNNClassifier(epochs=1, random_state=0, engine=engine).fit(X, y)
before = network.predict_proba(X[:100])
network.set_params(epochs=100_000)
# So many steps that XLA compiles them, for which no signal waits in what follows.
n_epochs = 10 if engine == "fused" else 1
numbers = KerasDNNRegressor(epochs=n_epochs, random_state=0, engine=engine).fit(X, y)
numbers_before = numbers.predict(X[:100])
numbers.set_params(epochs=100_000)
for call in calls * int(times):
    try:
        print("begins", flush=True)
        if call == "search":
            GridSearchCV(network, {"activation": ["relu", "tanh"]}, cv=2).fit(X, y)
        elif call == "numbers":
            numbers.fit(X, y)
        else:
            network.set_params(warm_start=call == "warm start").fit(X, y)
    except KeyboardInterrupt:
        assert (network.predict_proba(X[:100]) == before).all()
        assert (numbers.predict(X[:100]) == numbers_before).all()
        assert network.n_iter_ == 1 and len(network.history_["loss"]) == 1
        assert numbers.n_iter_ == len(numbers.history_["loss"]) == n_epochs
        print("as it was", flush=True)
"""


def test_ctrl_c_ends_a_fit_within_two_seconds(count, record_property):
    n, calls = count(1, 20), ("fit", "warm start", "search", "numbers")
    took = list(interrupted(n, "fused", *calls, longest_pause=count(0.5, 3)))
    for number, call in enumerate(calls):
        slowest = max(took[number :: len(calls)])
        record_property(f"slowest of {n} interrupts, {call}, s", f"{slowest:.2f}")
    assert max(took) < 2


def test_ctrl_c_ends_a_fit_of_keras_within_two_seconds(count, record_property):
    n = count(1, 20)
    # What Keras leaves of many interrupted fits takes long to collect: a new process each.
    longest = count(0.5, 3)
    took = [
        max(interrupted(1, "keras", "fit", seed=number, longest_pause=longest))
        for number in range(n)
    ]
    record_property(f"slowest of {n} interrupts, keras engine, s", f"{max(took):.2f}")
    assert max(took) < 2


def interrupted(times, engine, *calls, longest_pause, seed=0):
    """Interrupt each call so many times; yield how long it took to end what it did."""
    pauses = np.random.default_rng(seed).random(times * len(calls)) * longest_pause
    with start_python("-c", _LONG_FITS, str(times), engine, *calls, stderr=None) as process:
        for pause in pauses:
            wait_for(process, "begins")
            time.sleep(pause)
            pressed = time.monotonic()
            process.send_signal(signal.SIGINT)
            wait_for(process, "as it was")
            yield time.monotonic() - pressed
    assert process.returncode == 0


def test_ctrl_c_ends_the_command_within_two_seconds(tmp_path, count, record_property):
    n = count(1, 20)
    images, target = load_fashion_mnist_sample(subset="test", return_X_y=True)
    np.savez(tmp_path / "mine.npz", X=images[:300], y=target[:300])
    took = []
    for number in range(n):
        options = ["--data", "mine.npz", "--epochs", "2000"]
        process = start_python("-m", "skdnn", *options, cwd=tmp_path)
        try:
            first = process.stdout.readline()  # imports are done, and what follows is caught
            time.sleep(np.random.default_rng(number).random() * count(2, 12))
            pressed = time.monotonic()
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=30)
            took.append(time.monotonic() - pressed)
        finally:
            process.kill()
            process.communicate()
        assert first
        # Python may pass the signal on to itself at its end; to a shell that is 130 too.
        assert process.returncode in (130, -signal.SIGINT), err
        assert "Traceback" not in err
        assert "skdnn: interrupted" in err
    record_property(f"slowest of {n} interrupts, command, s", f"{max(took):.2f}")
    assert max(took) < 2


def wait_for(process, beginning):
    for line in process.stdout:
        if line.startswith(beginning):
            return
    pytest.fail(f"the process ended without {beginning!r}")
