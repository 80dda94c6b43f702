"""joblib's backend for Dask, and a watch on the cluster that ends what would wait for ever."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, InvalidStateError
from dataclasses import dataclass
from typing import Any

from joblib._dask import DaskDistributedBackend

from skdnn.cluster._errors import ClusterError, cluster_error_of

_SECONDS_BETWEEN_LOOKS = 1.0


@dataclass(frozen=True)
class _GivenUp:
    """In place of a fit's result: why there is none."""

    error: BaseException


class WatchedDaskBackend(DaskDistributedBackend):
    """joblib's backend, which also hears of fits that Dask gives up.

    joblib 1.6 waits for a call with the result of each fit, and makes none where Dask itself
    ends a fit with an error: its worker died too often, or there is none.

    Parameters
    ----------
    client : distributed.Client
        Of the cluster.
    scatter : sequence or None
        What each worker is sent once.
    patience : float
        Seconds without any worker after which all fits are given up.
    """

    def __init__(self, client: Any, scatter: Sequence[Any] | None, patience: float) -> None:
        self._patience = patience
        _wait_for_workers(client, patience)  # scattering would wait for them, too long
        super().__init__(client=client, scatter=None)
        self._send_to_all_workers([] if scatter is None else list(scatter))
        self._waited_for: set[Future[Any]] = set()
        self._call_ended = threading.Event()

    def _send_to_all_workers(self, values: list[Any]) -> None:
        """Do what joblib does with `scatter`, under names that no other search has.

        joblib lets Dask name them by their content. Rows of the same name that the search
        before has just let go are then removed on the workers after they have come anew.
        """
        if not values:
            return
        sent = self.client.scatter(values, broadcast=True, hash=False)
        self._scatter = values  # kept, so that the ids stay theirs
        self.data_futures = {id(x): future for x, future in zip(values, sent, strict=True)}

    def __reduce__(self) -> tuple[type[DaskDistributedBackend], tuple[()]]:
        return DaskDistributedBackend, ()  # within a worker, joblib's own

    def effective_n_jobs(self, n_jobs: int) -> int:
        """Return the cluster's threads, after waiting for workers if there are none."""
        _wait_for_workers(self.client, self._patience)
        threads: int = super().effective_n_jobs(n_jobs)
        return threads

    def start_call(self) -> None:
        """Begin to watch."""
        super().start_call()
        self._call_ended = threading.Event()
        threading.Thread(target=self._watch, args=(self._call_ended,), daemon=True).start()

    def stop_call(self) -> None:
        """End the watch."""
        self._call_ended.set()
        super().stop_call()
        self._waited_for.clear()

    def submit(self, func: Any, callback: Callable[[Any], object]) -> Future[Any]:
        """Send a fit, and see to it that joblib hears how it ended."""
        future: Future[Any] = super().submit(func, callback)

        def ended(future: Future[Any]) -> None:
            self._waited_for.discard(future)
            error = future.exception()
            if error is not None:
                callback(_GivenUp(error))

        self._waited_for.add(future)
        future.add_done_callback(ended)
        return future

    def retrieve_result_callback(self, out: Any) -> Any:
        """Return a fit's result, or raise what ended it."""
        try:
            if isinstance(out, _GivenUp):
                raise out.error
            return super().retrieve_result_callback(out)
        except BaseException as error:
            meaning = cluster_error_of(error)
            if meaning is None:
                raise
            raise meaning from error

    def _watch(self, call_ended: threading.Event) -> None:
        last_seen = time.monotonic()
        while not call_ended.wait(_SECONDS_BETWEEN_LOOKS):
            problem = ""
            try:
                if self.client.nthreads():
                    last_seen = time.monotonic()
            except Exception as error:  # of many kinds, by the moment at which it went
                problem = f"the cluster's scheduler is gone ({error})"
            if time.monotonic() - last_seen > self._patience:
                problem = _without_workers(self._patience)
            if problem and not call_ended.is_set():  # again, for fits sent in the meantime
                self._give_up(ClusterError(f"{problem}; the search has to be started again"))

    def _give_up(self, error: Exception) -> None:
        for future in tuple(self._waited_for):
            try:
                future.set_exception(error)
            except InvalidStateError:  # it has ended in this moment
                continue


def _wait_for_workers(client: Any, patience: float) -> None:
    try:
        client.wait_for_workers(1, timeout=patience)
    except TimeoutError as error:
        raise ClusterError(_without_workers(patience)) from error


def _without_workers(patience: float) -> str:
    return f"the cluster has had no worker for {patience:g} seconds"
