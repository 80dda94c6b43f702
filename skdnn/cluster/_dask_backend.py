"""joblib's backend for Dask, with a monitor that ends calls which would wait forever."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, InvalidStateError
from dataclasses import dataclass
from typing import Any

from joblib._dask import DaskDistributedBackend

from skdnn.cluster._errors import ClusterError, cluster_error_of

_POLL_SECONDS = 1.0


@dataclass(frozen=True)
class _FailedFit:
    """Result of a fit that failed in Dask, not in the fit."""

    error: BaseException


class WatchedDaskBackend(DaskDistributedBackend):
    """joblib's backend, which also reports fits that fail in Dask.

    joblib 1.6 waits for the result of each fit, and never gets one if Dask itself ends the fit
    with an error: its worker died too often, or there is no worker.

    Parameters
    ----------
    client : distributed.Client
        Of the cluster.
    scatter : sequence or None
        Sent to each worker once.
    timeout : float
        Seconds without any worker after which all fits fail.
    """

    def __init__(self, client: Any, scatter: Sequence[Any] | None, timeout: float) -> None:
        self._timeout = timeout
        _wait_for_workers(client, timeout)  # scattering would wait for them, too long
        super().__init__(client=client, scatter=None)
        self._send_to_all_workers([] if scatter is None else list(scatter))
        self._pending: set[Future[Any]] = set()
        self._call_ended = threading.Event()

    def _send_to_all_workers(self, values: list[Any]) -> None:
        """Scatter as joblib does, under keys that no other search has.

        joblib lets Dask derive keys from the content. Rows with the same key that an earlier
        search has just released may then be removed from the workers after they were sent.
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
        _wait_for_workers(self.client, self._timeout)
        threads: int = super().effective_n_jobs(n_jobs)
        return threads

    def start_call(self) -> None:
        """Start the monitor."""
        super().start_call()
        self._call_ended = threading.Event()
        threading.Thread(target=self._watch, args=(self._call_ended,), daemon=True).start()

    def stop_call(self) -> None:
        """Stop the monitor."""
        self._call_ended.set()
        super().stop_call()
        self._pending.clear()

    def submit(self, func: Any, callback: Callable[[Any], object]) -> Future[Any]:
        """Submit a fit; joblib gets a result even if it fails in Dask."""
        future: Future[Any] = super().submit(func, callback)

        def ended(future: Future[Any]) -> None:
            self._pending.discard(future)
            error = future.exception()
            if error is not None:
                callback(_FailedFit(error))

        self._pending.add(future)
        future.add_done_callback(ended)
        return future

    def retrieve_result_callback(self, out: Any) -> Any:
        """Return the result of a fit, or raise its error."""
        try:
            if isinstance(out, _FailedFit):
                raise out.error
            return super().retrieve_result_callback(out)
        except BaseException as error:
            meaning = cluster_error_of(error)
            if meaning is None:
                raise
            raise meaning from error

    def _watch(self, call_ended: threading.Event) -> None:
        last_seen = time.monotonic()
        while not call_ended.wait(_POLL_SECONDS):
            problem = ""
            try:
                if self.client.nthreads():
                    last_seen = time.monotonic()
            except Exception as error:  # of many kinds, by the moment at which it went
                problem = f"the cluster's scheduler is gone ({error})"
            if time.monotonic() - last_seen > self._timeout:
                problem = _no_workers_message(self._timeout)
            if problem and not call_ended.is_set():  # again, for fits sent in the meantime
                self._fail_pending(
                    ClusterError(f"{problem}; the search has to be started again")
                )

    def _fail_pending(self, error: Exception) -> None:
        for future in tuple(self._pending):
            try:
                future.set_exception(error)
            except InvalidStateError:  # it has ended in this moment
                continue


def _wait_for_workers(client: Any, timeout: float) -> None:
    try:
        client.wait_for_workers(1, timeout=timeout)
    except TimeoutError as error:
        raise ClusterError(_no_workers_message(timeout)) from error


def _no_workers_message(timeout: float) -> str:
    return f"the cluster has had no worker for {timeout:g} seconds"
