"""Ctrl-C in a fit and in a search: it ends soon, and nothing fitted is lost."""

import signal
import subprocess
import sys
import time

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT to send")

_LONG_FIT = """
import sys
import numpy as np
from skdnn import KerasDNNClassifier
from skdnn.datasets import load_fashion_mnist_sample

X, y = load_fashion_mnist_sample(return_X_y=True)
network = KerasDNNClassifier(epochs=1, random_state=0, {params}).fit(X / np.float32(255), y)
before = network.predict_proba(X[:100])
network.set_params(epochs=100_000, verbose=1)
try:
    {call}
except KeyboardInterrupt:
    assert (network.predict_proba(X[:100]) == before).all()
    assert network.n_iter_ == 1 and len(network.history_["loss"]) == 1
    print("as it was", flush=True)
"""

_CALLS = {
    "fit": "network.fit(X / np.float32(255), y)",
    "warm": "network.set_params(warm_start=True).fit(X / np.float32(255), y)",
    "search": """
    from sklearn.model_selection import GridSearchCV
    GridSearchCV(network, {"activation": ["relu", "tanh"]}, cv=2).fit(X / np.float32(255), y)
    """,
}


@pytest.mark.parametrize(
    ("call", "params"),
    [("fit", ""), ("warm", ""), ("search", ""), ("fit", "engine='keras'")],
    ids=["fit", "warm start", "search", "keras engine"],
)
def test_ctrl_c_ends_a_fit_within_two_seconds(call, params):
    code = _LONG_FIT.format(call=_CALLS[call].strip(), params=params)
    with subprocess.Popen(
        [sys.executable, "-u", "-c", code],
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=open_to_ctrl_c,
    ) as process:
        wait_for(process, "Epoch 3/")
        pressed = time.monotonic()
        process.send_signal(signal.SIGINT)
        wait_for(process, "as it was")
        took = time.monotonic() - pressed
    assert took < 2
    assert process.returncode == 0


def open_to_ctrl_c():
    """Give a child the signals of a process in a terminal, whatever this one has ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


def wait_for(process, beginning):
    for line in process.stdout:
        if line.startswith(beginning):
            return
    pytest.fail(f"the process ended without {beginning!r}")
