"""The command's search on a real Dask cluster."""

import gc
import os
import re
import signal
import sys
from contextlib import closing

import numpy as np
import pandas as pd
import pytest
from distributed import Client
from helpers.local_cluster import local_cluster
from helpers.python_process import run_python
from helpers.terminal import InTerminal

from skdnn._command import cluster_connection
from skdnn._command.cluster_connection import Cluster
from skdnn._command.options import main
from skdnn.cluster import ClusterError
from skdnn.datasets import load_fashion_mnist_sample

COMMAND = ("-m", "skdnn")
ONE_THREAD = {"TF_NUM_INTRAOP_THREADS": "1"}

# A cluster that is torn down complains of connections that are gone.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture(scope="module")
def cluster():
    """Two workers of one thread, one TensorFlow thread each."""
    with local_cluster(2, env=ONE_THREAD) as cluster:
        cluster.wait_for_workers(2)
        yield cluster


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """A folder with a user's file: 300 real images."""
    folder = tmp_path_factory.mktemp("own")
    sample = load_fashion_mnist_sample(subset="test")
    np.savez(folder / "mine.npz", X=sample.images[:300], y=sample.target[:300])
    return folder


def run(cwd, *arguments):
    env = {**os.environ, **ONE_THREAD}
    return run_python(*COMMAND, "--data", "mine.npz", *arguments, cwd=cwd, env=env)


SMALL = (
    *("--cv", "2", "--epochs", "60", "--hidden-units", "8"),
    *("--set", "activation=relu,sigmoid"),
)


def test_the_command_finds_on_a_cluster_what_it_finds_alone(cluster, own):
    """Also if a worker is killed on the way."""
    command = [
        *(*COMMAND, "--data", "mine.npz", *SMALL),
        *("--dask", cluster.scheduler_address, "--output", "there"),
    ]
    with Client(cluster) as client:
        pids = client.run(os.getpid)
    with InTerminal(command, cwd=own, env={**os.environ, **ONE_THREAD}) as terminal:
        terminal.wait_until(r"epoch \d+ of 60", patience=200)  # a fit is under way
        os.kill(min(pids.values()), signal.SIGKILL)
        complaints = terminal.end(timeout=300)
        assert (terminal.process.returncode, complaints) == (0, "")
        assert (
            "mine.npz: 240 images, 2 variants x 2 folds x 60 epochs, 2 fits at a time on 2 "
            "workers\r\n"
        ) in terminal.said
        assert "5 of 5 fits" in terminal.said
        assert "TF_NUM" not in terminal.said

    assert run(own, *SMALL, "--jobs", "1", "--output", "here").returncode == 0
    scores = [
        pd.read_csv(own / folder / "results.csv").filter(regex="test_score$")
        for folder in ("here", "there")
    ]
    pd.testing.assert_frame_equal(*scores)
    best = [
        (own / folder / "best_pipeline.safetensors").read_bytes()
        for folder in ("here", "there")
    ]
    assert best[0] == best[1]
    page = (own / "there" / "report.html").read_text(encoding="utf-8")
    assert "Loss of all candidates: mean of the folds" in page  # the curves came back
    assert f"--dask {cluster.scheduler_address}" in page


def test_the_command_says_that_all_workers_have_died(own):
    with local_cluster(2, env=ONE_THREAD) as mortal:
        command = [
            *(*COMMAND, "--data", "mine.npz", "--cv", "2", "--hidden-units", "8"),
            *("--epochs", "2000", "--dask", mortal.scheduler_address, "--output", "lost"),
        ]
        with InTerminal(command, cwd=own, env={**os.environ, **ONE_THREAD}) as terminal:
            terminal.wait_until(r"epoch \d+ of 2000", patience=200)
            with Client(mortal) as client:
                pids = client.run(os.getpid)
            for pid in pids.values():
                os.kill(pid, signal.SIGKILL)
            complaints = terminal.end(timeout=300)
            assert terminal.process.returncode == 1
    *_, last = complaints.strip().splitlines()
    assert re.match(
        r"skdnn: error: the search failed: all workers that held the rows have died; the "
        r"search has to be started again \(after \d+ of 12 fits",
        last,
    ), complaints


# -- what can't run a search ----------------------------------------------------------------


@pytest.fixture
def _clients_collected():
    """Collect clients that could not connect: later, at a bad moment, Dask may lock itself."""
    yield
    gc.collect()


@pytest.mark.usefixtures("_clients_collected")
def test_an_address_without_a_scheduler(monkeypatch, capsys):
    monkeypatch.setattr(cluster_connection, "_TO_CONNECT", 1)
    assert main(["--dask", "tcp://127.0.0.1:9"]) == 1
    assert re.fullmatch(
        r"skdnn: error: --dask must be the address of a Dask scheduler, .*"
        r"'tcp://127.0.0.1:9' can't be reached within 1 seconds: .*\n",
        capsys.readouterr().err,
    )


@pytest.mark.usefixtures("_clients_collected")
@pytest.mark.parametrize("address", ["no such thing", "tls://127.0.0.1:9", "ucx://127.0.0.1:9"])
def test_what_is_no_address(address, monkeypatch, capsys):
    monkeypatch.setattr(cluster_connection, "_TO_CONNECT", 1)
    assert main(["--dask", address]) == 1
    assert f"{address!r} can't be reached" in capsys.readouterr().err


def test_without_dask(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "distributed", None)  # as if it were not installed
    assert main(["--dask", "tcp://127.0.0.1:9"]) == 1
    assert capsys.readouterr().err == (
        "skdnn: error: --dask needs the package distributed: pip install 'skdnn[dask]'\n"
    )


def test_jobs_beside_a_cluster_are_refused(capsys):
    with pytest.raises(SystemExit) as caught:
        main(["--dask", "tcp://127.0.0.1:9", "--jobs", "2"])
    assert caught.value.code == 2
    assert capsys.readouterr().err.endswith("--jobs: not allowed with argument --dask\n")


def test_a_cluster_without_workers(monkeypatch):
    monkeypatch.setattr(cluster_connection, "_FOR_WORKERS", 1)
    with (
        local_cluster(0) as empty,
        pytest.raises(ClusterError, match=r"had none for 1 seconds \(start some: dask worker"),
    ):
        Cluster(empty.scheduler_address)


def test_a_cluster_of_one_thread_is_refused():
    with (
        local_cluster(1) as small,
        pytest.raises(ClusterError, match="a cluster of 2 threads or more, got 1"),
    ):
        Cluster(small.scheduler_address)


def test_other_versions_are_refused(cluster, monkeypatch):
    monkeypatch.setattr(
        cluster_connection, "_version", lambda name: "0.0.1"
    )  # here, not on the workers
    with pytest.raises(ClusterError, match=r"skdnn is 0\.0\.1 here, and \S+ on tcp://"):
        Cluster(cluster.scheduler_address)


def test_a_set_policy_of_threads_is_taken(cluster):
    with closing(Cluster(cluster.scheduler_address)) as found:
        assert (found.n_workers, found.n_threads, found.tensorflow_threads) == (2, 2, "1")
        assert found.note == ""


def test_workers_without_a_policy_of_threads_are_told_of():
    with local_cluster(2) as cluster, closing(Cluster(cluster.scheduler_address)) as found:
        assert found.tensorflow_threads is None
        assert "start workers by TF_NUM_INTRAOP_THREADS=1 dask worker" in found.note
