"""Messages from copies of a callback, in other processes and on other machines."""

from __future__ import annotations

import sys
import uuid
import weakref
from collections.abc import Callable
from contextlib import suppress
from typing import Any

# The transport of scikit-learn's ScoringMonitor. It reaches the processes of this machine.
from sklearn.callback._transport import can_reuse_listener, open_listener, send

# Original channels of this process, by topic.
_open_channels: weakref.WeakValueDictionary[str, Channel] = weakref.WeakValueDictionary()


class Channel:
    """A receiver, and any number of copies that send to it.

    Copies are made by pickling. In the process of the original a copy calls `receive`; in
    another process of this machine it sends through a socket; in a worker of a Dask cluster,
    which may be on another machine, it logs an event, to which the original has subscribed.

    Parameters
    ----------
    receive : callable
        Called with each message, from any thread. It must not hold a reference to the owner
        of the channel.
    """

    def __init__(self, receive: Callable[[Any], object]) -> None:
        self._open(receive)

    def _open(self, receive: Callable[[Any], object]) -> None:
        self._receive = receive
        self._topic = f"skdnn-{uuid.uuid4().hex}"
        self._client: Any = None
        # Opened at once, so that copies know the address.
        self._listener = open_listener(receive, owner=self)
        _open_channels[self._topic] = self

    @property
    def is_original(self) -> bool:
        """Whether this channel receives the messages."""
        return _open_channels.get(self._topic) is self

    def send(self, message: Any) -> None:
        """Send a message to the original.

        Parameters
        ----------
        message : str, float, int, None, or a list, tuple or dict of these
            Lists arrive as tuples from a cluster.
        """
        worker = None if self._topic in _open_channels else _dask_worker()
        if worker is not None:
            worker.log_event(self._topic, [message])  # the cluster would add to a dict
            return
        with suppress(OSError, EOFError):  # the original is gone, which must not fail a fit
            send(self._listener, message)

    def listen(self, receive: Callable[[Any], object]) -> None:
        """Prepare for a fit that begins in this process.

        A copy becomes an original if its own one can't be reached any more.

        Parameters
        ----------
        receive : callable
            As for the constructor.
        """
        if not self.is_original:
            if _dask_worker() is not None or can_reuse_listener(self._listener):
                return
            self._open(receive)
        self._listen_to_cluster()

    def _listen_to_cluster(self) -> None:
        """Subscribe to the workers of this process's Dask cluster, if it has one."""
        client = _dask_client()
        if client is not None and client is not self._client:
            receive = self._receive
            client.subscribe_topic(self._topic, lambda event: receive(event[1][0]))
            weakref.finalize(self, _unsubscribe, client, self._topic)
            self._client = client

    def __getstate__(self) -> dict[str, Any]:
        if self.is_original:  # it may be on its way to a cluster
            self._listen_to_cluster()
        return {"_topic": self._topic, "_listener": self._listener}


def _dask_client() -> Any:
    """Return the Dask client that joblib would use, or None."""
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
    """Return the Dask worker that runs this thread's task, or None."""
    if "distributed" not in sys.modules:
        return None
    from distributed import get_worker

    try:
        return get_worker()
    except ValueError:
        return None
