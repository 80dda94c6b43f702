"""Connection to the Dask cluster of ``--dask``, checked before the search."""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from skdnn.cluster._errors import ClusterError

# If versions of these differ between machines, results differ or can't be sent.
_MUST_AGREE = ("skdnn", "tensorflow", "keras", "scikit-learn", "numpy")

# Seconds: to reach the scheduler, and for a first worker.
_TO_CONNECT, _FOR_WORKERS = 10, 30

_THREADS = "TF_NUM_INTRAOP_THREADS"


class Cluster:
    """A connection to a cluster that can run a search.

    Parameters
    ----------
    address : str
        Of the scheduler, such as ``tcp://192.0.2.1:8786``.

    Attributes
    ----------
    n_workers, n_threads : int
        Workers, and their threads together: fits at a time.
    tensorflow_threads : str or None
        What ``TF_NUM_INTRAOP_THREADS`` is set to, if it is the same on all workers.

    Raises
    ------
    ClusterError
        If it can't be reached, has fewer than two threads, or other versions than this
        process.
    """

    def __init__(self, address: str) -> None:
        self._client = _connected(address)
        try:
            self._look_at_workers(address)
        except BaseException:
            self.close()
            raise

    @property
    def note(self) -> str:
        """A note on the workers for the user; may be empty."""
        if self.tensorflow_threads is not None:
            return ""
        return (
            f"the workers have no {_THREADS}, or different ones: each fit may take all cores "
            f"of its machine, and scores differ in their last digits (start workers by "
            f"{_THREADS}=1 dask worker ...)"
        )

    def close(self) -> None:
        """Disconnect; the cluster keeps running."""
        self._client.close()

    def _look_at_workers(self, address: str) -> None:
        threads = self._wait_for_workers(address)
        self.n_workers, self.n_threads = len(threads), sum(threads.values())
        if self.n_threads < 2:
            raise ClusterError(
                f"--dask must name a cluster of 2 threads or more, got {self.n_threads}: "
                "joblib would run every fit in this process (leave out --dask)"
            )
        found = self._client.run(_settings, on_error="return")
        for worker, settings in found.items():
            _check_worker(worker, settings)
        policies = {settings["threads"] for settings in found.values()}
        self.tensorflow_threads = policies.pop() if len(policies) == 1 else None

    def _wait_for_workers(self, address: str) -> Mapping[str, int]:
        try:
            self._client.wait_for_workers(1, timeout=_FOR_WORKERS)
        except TimeoutError as error:
            raise ClusterError(
                f"--dask must name a cluster with workers; the scheduler {address!r} had none "
                f"for {_FOR_WORKERS} seconds (start some: dask worker {address})"
            ) from error
        threads: Mapping[str, int] = self._client.nthreads()
        return threads


def _connected(address: str) -> Any:
    try:
        from distributed import Client
    except ImportError as error:
        raise ClusterError(
            "--dask needs the package distributed: pip install 'skdnn[dask]'"
        ) from error
    try:
        return Client(address, timeout=_TO_CONNECT)
    except Exception as error:  # of many kinds, by what is wrong with the address
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise ClusterError(
            f"--dask must be the address of a Dask scheduler, such as tcp://HOST:8786; "
            f"{address!r} can't be reached within {_TO_CONNECT} seconds: {reason}"
        ) from error


def _check_worker(worker: str, settings: Any) -> None:
    if isinstance(settings, BaseException):
        raise ClusterError(
            f"the worker {worker} can't run skdnn: {type(settings).__name__}: {settings} "
            "(install the same version of skdnn there)"
        )
    for name, here in _versions().items():
        there = settings["versions"][name]
        if there != here:
            raise ClusterError(
                f"the workers must have the same versions as this process: {name} is {here} "
                f"here, and {there or 'missing'} on {worker}"
            )


def _settings() -> dict[str, Any]:
    """Return a worker's versions and number of threads; runs on the worker."""
    return {"versions": _versions(), "threads": os.environ.get(_THREADS)}


def _versions() -> dict[str, str | None]:
    return {name: _version(name) for name in _MUST_AGREE}


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
