"""How copies of a callback, in other processes and on other machines, report to the first."""

from __future__ import annotations

import sys
import uuid
import weakref
from collections.abc import Callable
from contextlib import suppress
from typing import Any

# The same transport that scikit-learn's own ScoringMonitor uses. It reaches the processes of
# this machine.
from sklearn.callback._transport import can_reuse_listener, open_listener, send

# Channels that were opened in this process, by topic.
_opened_here: weakref.WeakValueDictionary[str, Channel] = weakref.WeakValueDictionary()


class Channel:
    """One end that listens, and any number of copies that send to it.

    A copy is made by pickling. In the process of the first it calls `receive`; in another
    process of this machine it sends through a socket; in a worker of a Dask cluster, which may
    be on another machine, it logs an event, to which the first has subscribed.

    Parameters
    ----------
    receive : callable
        Called with each message, from any thread. It must not keep the owner of the channel
        alive.
    """

    def __init__(self, receive: Callable[[Any], object]) -> None:
        self._open(receive)

    def _open(self, receive: Callable[[Any], object]) -> None:
        self._receive = receive
        self._topic = f"skdnn-{uuid.uuid4().hex}"
        self._client: Any = None
        # Opened at once, so that copies know where to send what they see.
        self._listener = open_listener(receive, owner=self)
        _opened_here[self._topic] = self

    @property
    def is_first(self) -> bool:
        """Whether messages end here."""
        return _opened_here.get(self._topic) is self

    def send(self, message: Any) -> None:
        """Deliver a message to the first.

        Parameters
        ----------
        message : str, float, int, None, or a list, tuple or dict of these
            Lists arrive as tuples from a cluster.
        """
        worker = None if self._topic in _opened_here else _dask_worker()
        if worker is not None:
            worker.log_event(self._topic, [message])  # the cluster would add to a dict
            return
        with suppress(OSError, EOFError):  # nobody listens any more: no reason to end a fit
            send(self._listener, message)

    def listen(self, receive: Callable[[Any], object]) -> None:
        """Be ready for a fit that begins in this process.

        A copy of which the first is gone becomes a first itself. One whose first can be
        reached goes on sending to it.

        Parameters
        ----------
        receive : callable
            As for the constructor.
        """
        if not self.is_first:
            if _dask_worker() is not None or can_reuse_listener(self._listener):
                return
            self._open(receive)
        self._listen_to_cluster()

    def _listen_to_cluster(self) -> None:
        """Hear the workers of the Dask cluster that this process is a client of, if it is."""
        client = _dask_client()
        if client is not None and client is not self._client:
            receive = self._receive
            client.subscribe_topic(self._topic, lambda event: receive(event[1][0]))
            weakref.finalize(self, _unsubscribe, client, self._topic)
            self._client = client

    def __getstate__(self) -> dict[str, Any]:
        if self.is_first:  # it may be on its way to a cluster
            self._listen_to_cluster()
        return {"_topic": self._topic, "_listener": self._listener}


def _dask_client() -> Any:
    """Return the Dask client that joblib would take, if this process has one."""
    if "distributed" not in sys.modules:
        return None
    from distributed import Client

    try:
        return Client.current()
    except ValueError:
        return None


def _unsubscribe(client: Any, topic: str) -> None:
    if client.status == "running":
        client.unsubscribe_topic(topic)


def _dask_worker() -> Any:
    """Return the Dask worker that runs this thread's task, if one does."""
    if "distributed" not in sys.modules:
        return None
    from distributed import get_worker

    try:
        return get_worker()
    except ValueError:
        return None
