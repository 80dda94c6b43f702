"""A Dask cluster of this machine's."""

from contextlib import contextmanager

import dask
from distributed import LocalCluster
from helpers.python_process import worker_start_method


@contextmanager
def local_cluster(n_workers, **settings):
    """Start workers of one thread each; in the long form as Dask itself starts them."""
    with (
        dask.config.set({"distributed.worker.multiprocessing-method": worker_start_method()}),
        LocalCluster(
            n_workers=n_workers, threads_per_worker=1, dashboard_address=":0", **settings
        ) as cluster,
    ):
        yield cluster
