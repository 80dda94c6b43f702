"""Searches on a Dask cluster, and what becomes of them when it is lost."""

import io
import os
import signal
import socket
import sys
import threading
import time
from contextlib import contextmanager
from subprocess import DEVNULL

import dask
import joblib
import keras
import numpy as np
import pytest
from distributed import Client
from helpers.local_cluster import local_cluster
from helpers.python_process import start_python
from helpers.same_search import assert_same_search
from rich.console import Console
from sklearn.model_selection import GridSearchCV

from skdnn import KerasDNNClassifier, KerasDNNRegressor
from skdnn.callbacks import HistoryMonitor, SearchProgress
from skdnn.cluster import ClusterError, dask_config

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL to send"),
    # The client complains of the worker that is gone.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    # As an error in one of Dask's own tasks a warning could keep a worker from being started.
    pytest.mark.filterwarnings("default"),
]

PATIENCE = 600  # seconds, for what must not hang; a worker starts slowly on a busy machine


def marker(folder, *, dies=False, pause=0.1):
    """Make a callback that leaves a file named after its process when a fit begins."""

    class Marks(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            open(os.path.join(folder, f"{os.getpid()}-{time.time_ns()}"), "w").close()
            if dies:
                os.kill(os.getpid(), signal.SIGKILL)

        def on_epoch_end(self, epoch, logs=None):
            time.sleep(pause)  # long enough for the kill to meet a fit

    return Marks()


def begun(folder):
    """Return the processes of the fits that have begun, in their order."""
    names = sorted((path.name.split("-") for path in folder.iterdir()), key=lambda n: n[1])
    return [int(pid) for pid, _ in names]


def search(folder, **settings):
    return GridSearchCV(
        KerasDNNClassifier((16,), epochs=5, random_state=0, callbacks=marker(folder)),
        {"activation": ["relu", "tanh"]},
        cv=3,
        refit=False,
        error_score="raise",
    ).set_params(**settings)


def on_cluster(searching, X, y, *, scatter=True, **settings):
    """Run a search as the documentation has it, but not for longer than patience lasts."""
    ended = []

    def run():
        try:
            with dask_config(scatter=[X, y] if scatter else None, **settings):
                ended.append(searching.fit(X, y))
        except BaseException as error:
            ended.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(PATIENCE)
    if not ended:
        pytest.fail(f"the search hangs: it has not ended in {PATIENCE} s")
    if isinstance(ended[0], BaseException):
        raise ended[0]
    return ended[0]


def wait_until(condition):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail(f"it has not come to that in {PATIENCE} s")
        time.sleep(0.01)


@contextmanager
def two_workers():
    """Start two workers, each started again when it has died, be it twice in 15 seconds."""
    with (
        dask.config.set({"distributed.deploy.lost-worker-timeout": "1 hour"}),
        local_cluster(2) as cluster,
    ):
        cluster.wait_for_workers(2, timeout=PATIENCE)
        yield cluster


@pytest.fixture(scope="module")
def lasting():
    """Two workers for all tests that leave them alive, or started again."""
    with two_workers() as cluster:
        yield cluster


@pytest.fixture
def cluster(lasting):
    """A client of the lasting workers."""
    with Client(lasting) as client:
        client.wait_for_workers(2, timeout=PATIENCE)  # one may be on its way back
        yield client


@pytest.fixture(scope="module")
def serial(iris, tmp_path_factory):
    marks = marker(str(tmp_path_factory.mktemp("serial")), pause=0)
    return search("").set_params(estimator__callbacks=marks).fit(*iris)


@pytest.mark.long_form(row="backends")
def test_a_cluster_gives_the_search_that_one_thread_gives(cluster, iris, tmp_path, count):
    """By joblib's own backend, and by the watched one."""
    folders = [tmp_path / name for name in ("alone", "joblib", "watched")]
    for folder in folders:
        folder.mkdir()
    alone, by_joblib, watched = (
        search(
            str(folder),
            refit=True,
            estimator__callbacks=marker(str(folder), pause=0),
            param_grid={
                "activation": ["relu", "tanh"],
                "optimizer": count(["adam"], ["adam", "sgd"]),
            },
        )
        for folder in folders
    )
    alone.fit(*iris)
    with joblib.parallel_config("dask", n_jobs=-1):
        by_joblib.fit(*iris)
    on_cluster(watched, *iris)

    workers = set(cluster.run(os.getpid).values())
    for found, folder in zip((by_joblib, watched), folders[1:], strict=True):
        assert_same_search(found, alone)
        *fits, refit = begun(folder)
        assert refit == os.getpid()
        assert set(fits) <= workers


@pytest.mark.long_form(row="backends")
def test_a_cluster_searches_for_numbers_as_one_thread_does(cluster, iris, tmp_path, count):
    X, y = iris[0], 1e6 * iris[0][:, 3]
    given = {
        "estimator": KerasDNNRegressor((16,), epochs=5, random_state=0),
        "param_grid": {
            "loss": ["squared_error", "poisson"],
            "batch_size": count([32], [16, 32]),
        },
        "scoring": "neg_mean_absolute_error",
        "refit": True,
    }
    alone = search(str(tmp_path), **given).fit(X, y - y.min())
    assert_same_search(on_cluster(search(str(tmp_path), **given), X, y - y.min()), alone)


def test_rows_of_one_search_are_not_lost_with_those_of_another(cluster, iris):
    """Dask removes what it calls by the same name, even after it has come again."""
    with dask_config(scatter=[*iris]):
        first = set(cluster.who_has())
        with dask_config(scatter=[*iris]):
            both = set(cluster.who_has())
    assert len(first) == 2
    assert len(both) == 4


@pytest.mark.long_form(row="killed-worker")
def test_a_killed_worker_changes_no_score(
    cluster, serial, iris, tmp_path, count, record_property
):
    kills = count(1, 20)
    again = []
    for number in range(kills):
        cluster.wait_for_workers(2, timeout=PATIENCE)
        folder = tmp_path / str(number)
        folder.mkdir()
        killing = threading.Thread(target=kill_one, args=(folder, number))
        killing.start()
        ended = on_cluster(search(str(folder)), *iris)
        killing.join()
        np.testing.assert_array_equal(
            ended.cv_results_["mean_test_score"], serial.cv_results_["mean_test_score"]
        )
        again.append(len(begun(folder)) - 6)
        assert again[-1] > 0, "no fit was begun again, so none was killed"
    record_property("workers killed during a fit", kills)
    record_property("fits begun again", sum(again))


def kill_one(folder, number):
    """Kill the process of the fit that begins next, a moment after it has begun."""
    first = 1 + number % 5
    wait_until(lambda: len(begun(folder)) >= first)
    pids = begun(folder)
    time.sleep(np.random.default_rng(number).random() * 0.3)
    os.kill(pids[-1], signal.SIGKILL)


@pytest.mark.long_form(row="lost-cluster")
def test_all_workers_killed_is_an_error(iris, tmp_path):
    """The rows died with them; Dask cancels what needs them."""

    def kill_all():
        wait_until(lambda: len(begun(tmp_path)) >= 3)
        for pid in set(begun(tmp_path)):
            os.kill(pid, signal.SIGKILL)

    killing = threading.Thread(target=kill_all)
    killing.start()
    with (
        two_workers() as cluster,
        Client(cluster),
        pytest.raises(ClusterError, match="all workers that held the rows have died; the sea"),
    ):
        on_cluster(search(str(tmp_path)), *iris)
    killing.join()
    assert os.getpid() not in begun(tmp_path)


def few_rows():
    """Return rows so few that they travel with each fit."""
    X = np.random.default_rng(0).random((24, 2), np.float32)
    assert X.nbytes < 1_000, "joblib would keep the rows on a worker"
    return X, np.arange(24, dtype=np.int8) % 3


@pytest.mark.long_form(row="lost-cluster")
def test_a_fit_that_always_dies_is_an_error(tmp_path, count):
    failures = count(1, 3)  # Dask's own number is 3
    searching = search(
        str(tmp_path), param_grid={"callbacks": [marker(str(tmp_path), dies=True)]}
    )
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": failures}),
        two_workers() as cluster,
        Client(cluster),
        pytest.raises(ClusterError, match="a fit has ended its worker again and again"),
    ):
        on_cluster(searching, *few_rows(), scatter=False)
    assert os.getpid() not in begun(tmp_path)
    assert len(begun(tmp_path)) >= failures + 1


@pytest.mark.long_form(row="lost-cluster")
def test_a_cluster_of_one_thread_is_refused(iris, tmp_path):
    with (
        local_cluster(1) as cluster,
        Client(cluster),
        pytest.raises(ClusterError, match="must have 2 threads or more, got 1: joblib would"),
    ):
        on_cluster(search(str(tmp_path)), *iris)
    assert begun(tmp_path) == []


def start_dask(command, *arguments):
    return start_python(
        *("-m", f"distributed.cli.{command}", *arguments), stdout=DEVNULL, stderr=DEVNULL
    )


def start_worker(address):
    options = ["--no-nanny", "--nthreads", "1", "--no-dashboard"]
    return start_dask("dask_worker", address, *options)


@pytest.fixture
def mortal():
    """Two workers that nobody starts again, and their processes."""
    with (
        local_cluster(0) as cluster,
        Client(cluster) as client,
    ):
        workers = [start_worker(cluster.scheduler_address) for _ in range(2)]
        try:
            client.wait_for_workers(2, timeout=PATIENCE)
            yield workers
        finally:
            for worker in workers:
                worker.kill()
                worker.wait()


@pytest.mark.long_form(row="lost-cluster")
def test_no_worker_left_is_an_error(mortal, tmp_path):
    def kill_all():
        wait_until(lambda: begun(tmp_path))
        for worker in mortal:
            worker.kill()

    killing = threading.Thread(target=kill_all)
    killing.start()
    settings = {"scatter": False, "seconds_without_workers": 0.5}
    with pytest.raises(ClusterError, match=r"the cluster has had no worker for 0\.5 seconds"):
        on_cluster(search(str(tmp_path)), *few_rows(), **settings)
    killing.join()
    assert set(begun(tmp_path)) <= {worker.pid for worker in mortal}


@pytest.mark.long_form(row="lost-cluster")
def test_a_scheduler_that_is_killed_is_an_error(iris, tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    port = address.rpartition(":")[2]
    processes = [
        start_dask("dask_scheduler", "--port", port, "--no-dashboard"),
        start_worker(address),
        start_worker(address),
    ]

    def end():
        wait_until(lambda: begun(tmp_path))
        processes[0].kill()

    try:
        with Client(address, timeout=60) as client:
            client.wait_for_workers(2, timeout=PATIENCE)
            ending = threading.Thread(target=end)
            ending.start()
            with pytest.raises(ClusterError, match="the cluster's scheduler is gone"):
                on_cluster(search(str(tmp_path)), *iris)
            ending.join()
    finally:
        for process in processes:
            process.kill()
            process.wait()


def test_callbacks_hear_a_cluster_that_is_not_the_processes_own(lasting, iris, tmp_path):
    progress = SearchProgress(Console(file=io.StringIO()))
    monitor = HistoryMonitor()
    marks = marker(str(tmp_path), pause=0)
    searching = search("", scoring=progress.scorer(), estimator__callbacks=marks)
    with Client(lasting, set_as_default=False) as client:
        client.wait_for_workers(2, timeout=PATIENCE)
        ended = on_cluster(searching.set_callbacks(progress, monitor), *iris, client=client)
    assert len(progress.fold_scores) == 6
    assert len(monitor.fold_histories(ended)) == 2
    assert os.getpid() not in begun(tmp_path)


def test_a_cluster_without_workers_is_an_error():
    with (
        local_cluster(0) as cluster,
        Client(cluster),
        pytest.raises(ClusterError, match=r"has had no worker for 0\.5 seconds"),
        dask_config(scatter=[np.zeros(3)], seconds_without_workers=0.5),
    ):
        pass


def test_an_error_of_a_fit_stays_itself(cluster, iris, tmp_path):
    with pytest.raises(ValueError, match="optimizer must be"):
        on_cluster(search(str(tmp_path), param_grid={"optimizer": ["no-such"]}), *iris)


@pytest.mark.parametrize("seconds", [0, -1, float("nan")])
def test_a_time_that_is_none_is_refused(seconds):
    with (
        pytest.raises(ValueError, match=r"seconds_without_workers must be positive, got"),
        dask_config(seconds_without_workers=seconds),
    ):
        pass


def test_without_a_client():
    with pytest.raises(ValueError, match="No clients found"), dask_config():
        pass


@pytest.mark.parametrize("client", ["tcp://127.0.0.1:8786", 5])
def test_an_address_is_no_client(client):
    with (
        pytest.raises(TypeError, match=r"^client must be a distributed.Client, .*, got"),
        dask_config(client),
    ):
        pass


@pytest.mark.parametrize("seconds", ["5", None, 0, float("nan")])
def test_seconds_are_a_positive_number(seconds):
    with (
        pytest.raises(ValueError, match=r"^seconds_without_workers must be positive, got"),
        dask_config(seconds_without_workers=seconds),
    ):
        pass
