"""A search on a cluster whose workers die."""

import os
import signal
import sys
import threading
import time

import joblib
import keras
import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV

from skdnn import KerasDNNClassifier

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL to send"),
    # The client complains of the worker that is gone.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

# The long form: SKDNN_KILLS=20 pytest tests/test_killed_workers.py
KILLS = int(os.environ.get("SKDNN_KILLS", "1"))


def marker(folder):
    """Make a callback that leaves a file named after its process when a fit begins."""

    class Marks(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            open(os.path.join(folder, f"{os.getpid()}-{time.time_ns()}"), "w").close()

        def on_epoch_end(self, epoch, logs=None):
            time.sleep(0.1)  # long enough for the kill to meet a fit

    return Marks()


def search(folder):
    return GridSearchCV(
        KerasDNNClassifier((16,), epochs=5, random_state=0, callbacks=marker(folder)),
        {"activation": ["relu", "tanh"], "optimizer": ["adam", "sgd"]},
        cv=3,
        refit=False,
        error_score="raise",
    )


@pytest.fixture(scope="module")
def cluster():
    from distributed import Client, LocalCluster

    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        client.wait_for_workers(2)
        yield client


@pytest.mark.parametrize("number", range(KILLS))
def test_a_killed_worker_changes_no_score(number, cluster, iris, tmp_path):
    serial_folder, folder = tmp_path / "serial", tmp_path / "cluster"
    serial_folder.mkdir()
    folder.mkdir()
    serial = search(str(serial_folder)).fit(*iris)
    killed = threading.Thread(target=kill_one, args=(folder, number))
    killed.start()
    with joblib.parallel_config("dask"):
        on_cluster = search(str(folder)).set_params(n_jobs=-1).fit(*iris)
    killed.join()
    np.testing.assert_array_equal(
        on_cluster.cv_results_["mean_test_score"], serial.cv_results_["mean_test_score"]
    )
    begun = [path.name for path in folder.iterdir()]
    assert len(begun) > 12, "no fit was begun again, so none was killed"


def kill_one(folder, number):
    """Kill the process of the fit that begins next, a moment after it has begun."""
    first = 1 + number % 5
    while len(begun := sorted(folder.iterdir(), key=lambda p: p.name.split("-")[1])) < first:
        time.sleep(0.01)
    time.sleep(np.random.default_rng(number).random() * 0.3)
    os.kill(int(begun[-1].name.split("-")[0]), signal.SIGKILL)
