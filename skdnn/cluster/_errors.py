"""Errors of a search on a cluster."""

from __future__ import annotations

# Dask's errors, by the names of their classes: the package may not be installed.
_MEANINGS = {
    "KilledWorker": "a fit has ended its worker again and again, for want of memory perhaps",
    "NoWorkerError": "no worker is left",
}


class ClusterError(RuntimeError):
    """Raised if a cluster can't run a search or is lost during one; the message says why."""


def cluster_error_of(error: BaseException) -> ClusterError | None:
    """Translate an error of Dask; None for errors of a fit.

    Parameters
    ----------
    error : BaseException
        Raised by a fit.

    Returns
    -------
    meaning : ClusterError or None
    """
    name = type(error).__name__
    if name == "FutureCancelledError":
        gone = str(getattr(error, "reason", "")).startswith("scheduler")
        meaning = (
            "the cluster's scheduler is gone"
            if gone
            else "all workers that held the rows have died"
        )
    elif name in _MEANINGS:
        meaning = _MEANINGS[name]
    else:
        return None
    return ClusterError(f"{meaning}; the search has to be started again")
