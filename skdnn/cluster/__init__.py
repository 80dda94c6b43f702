"""Run searches on a Dask cluster, with an error if the cluster is lost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from numbers import Real
from typing import Any

import joblib

from skdnn._messages import brief
from skdnn.cluster._errors import ClusterError

__all__ = ["ClusterError", "dask_config"]


@contextmanager
def dask_config(
    client: Any = None,
    *,
    scatter: Sequence[Any] | None = None,
    seconds_without_workers: float = 60.0,
) -> Iterator[None]:
    """Context manager to run searches on a Dask cluster, with an error if it is lost.

    It is based on the backend of ``joblib.parallel_config("dask", n_jobs=-1, scatter=...)``.
    With joblib 1.6, that backend alone waits forever if Dask gives up a fit or has no worker.

    Parameters
    ----------
    client : distributed.Client, default=None
        Client of the cluster. None uses the current client of the process.
    scatter : sequence, default=None
        Arrays to send to each worker once: the same `X` and `y` objects that are passed to
        ``search.fit``. They are not shared with other searches. Without it, joblib sends the
        data to one worker, and they are lost if that worker dies.
    seconds_without_workers : float, default=60.0
        How long to wait in seconds if there are no workers.

    Yields
    ------
    None
        Within the context, searches run on the cluster, whatever their `n_jobs`.

    Raises
    ------
    ImportError
        If the package distributed is not installed (``pip install 'skdnn[dask]'``).
    ClusterError
        If the cluster has fewer than two threads, since joblib would run every fit in this
        process; if all workers that hold the data have died; if a fit kills its worker
        repeatedly; or if there are no workers for longer than `seconds_without_workers`.
    TypeError
        If `client` is not a client but, for instance, an address.
    ValueError
        If there is no client, or `seconds_without_workers` is not positive.

    See Also
    --------
    skdnn.callbacks.SearchProgress : Shows the progress of a search, also on a cluster.

    References
    ----------
    https://joblib.readthedocs.io/en/stable/parallel.html and
    https://ml.dask.org/joblib.html describe the underlying backend.

    Examples
    --------
    >>> import keras
    >>> from distributed import Client, LocalCluster
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import GridSearchCV
    >>> from skdnn import KerasDNNClassifier
    >>> from skdnn.cluster import dask_config
    >>> X, y = load_iris(return_X_y=True)
    >>> search = GridSearchCV(
    ...     KerasDNNClassifier(epochs=2, random_state=0), {"optimizer": ["sgd", "adam"]}, cv=2
    ... )
    >>> with LocalCluster(
    ...     n_workers=2, threads_per_worker=1, processes=False, dashboard_address=":0"
    ... ) as cluster, Client(cluster) as client, dask_config(client, scatter=[X, y]):
    ...     search = search.fit(X, y)
    >>> len(search.cv_results_["params"])
    2
    """
    if not isinstance(seconds_without_workers, Real) or not seconds_without_workers > 0:
        raise ValueError(
            f"seconds_without_workers must be positive, got {seconds_without_workers!r}"
        )
    from distributed import Client

    from skdnn.cluster._dask_backend import WatchedDaskBackend

    client = Client.current() if client is None else client
    if not isinstance(client, Client):
        raise TypeError(
            "client must be a distributed.Client, such as Client('tcp://scheduler:8786'), got "
            f"{brief(client)}"
        )
    # As the current one, callbacks find it too.
    with client.as_current():
        backend = WatchedDaskBackend(client, scatter, seconds_without_workers)
        threads = backend.effective_n_jobs(-1)
        if threads < 2:
            raise ClusterError(
                f"a cluster must have 2 threads or more, got {threads}: joblib would run every "
                "fit in this process"
            )
        with joblib.parallel_config(backend, n_jobs=-1):
            yield
