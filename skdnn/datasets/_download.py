"""Download Fashion-MNIST: from the server that Keras uses, or from OpenML."""

import contextlib
import gzip
import logging
import socket
import threading
import time
import warnings
from collections.abc import Iterator, Sequence
from http.client import HTTPException
from urllib.error import HTTPError
from urllib.request import urlopen

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import fetch_openml

from skdnn.datasets._catalogue import Catalogue, IdxFile
from skdnn.datasets._idx import format_idx
from skdnn.datasets._sources import Cache, VerifiedFiles

_logger = logging.getLogger(__name__)
_default_timeout_lock = threading.Lock()

# Client errors that are worth a retry: request timeout, too many requests.
_TRANSIENT_CODES = frozenset({408, 429})


def download_files(
    files: Sequence[IdxFile],
    *,
    catalogue: Catalogue,
    cache: Cache,
    n_retries: int,
    delay: float,
) -> VerifiedFiles:
    """Download files one by one, verify them and keep them.

    Parameters
    ----------
    files : sequence of IdxFile
        The files wanted.
    catalogue : Catalogue
        Gives the server's address and the timeout.
    cache : Cache
        Keeps the verified files.
    n_retries : int
        How often to try again after an error that may pass.
    delay : float
        Seconds between two tries.

    Yields
    ------
    tuple of IdxFile and ndarray
        Each file with its verified content.

    Raises
    ------
    OSError, HTTPException
        If the server does not answer or does not have a file.
    ValueError
        If what it sends is not the genuine file.
    """
    for file in files:
        compressed = fetch_url(
            catalogue.url + file.name,
            timeout=catalogue.timeout,
            n_retries=n_retries,
            delay=delay,
        )
        try:
            array = file.decode(compressed)
        except ValueError as error:
            raise ValueError(f"{file.name}: {error}") from error
        cache.store(file, compressed)
        yield file, array


def fetch_url(url: str, *, timeout: float, n_retries: int, delay: float) -> bytes:
    """Download one file, trying again after errors that may pass.

    Parameters
    ----------
    url : str
        Its address.
    timeout : float
        Seconds that the server may stay silent.
    n_retries : int
        How often to try again. An answer such as 404 is final, at once.
    delay : float
        Seconds between two tries.

    Returns
    -------
    bytes
        The body of the answer.

    Raises
    ------
    OSError, HTTPException
        The error of the last try.

    Warns
    -----
    UserWarning
        Before each new try, as scikit-learn's fetchers do.
    """
    while True:
        _logger.info("Downloading %s", url)
        try:
            # The catalogue's own addresses, and what comes is held against its checksums.
            with urlopen(url, timeout=timeout) as response:  # nosec B310
                body: bytes = response.read()
            return body
        except (OSError, HTTPException) as error:
            if isinstance(error, HTTPError):
                error.close()
            if n_retries == 0 or _is_final(error):
                raise
            warnings.warn(f"Retry downloading from url: {url} ({error})", stacklevel=2)
        n_retries -= 1
        time.sleep(delay)


def _is_final(error: Exception) -> bool:
    return (
        isinstance(error, HTTPError) and error.code < 500 and error.code not in _TRANSIENT_CODES
    )


def download_openml(
    catalogue: Catalogue, *, cache: Cache, n_retries: int, delay: float
) -> VerifiedFiles:
    """Download the whole set from OpenML, turn it into the idx files, verify, keep.

    Parameters
    ----------
    catalogue : Catalogue
        Says how many rows belong to each file.
    cache : Cache
        Keeps the verified files; scikit-learn keeps OpenML's own in the same data home.
    n_retries : int
        As `sklearn.datasets.fetch_openml` takes it.
    delay : float
        Seconds between two tries.

    Yields
    ------
    tuple of IdxFile and ndarray
        Each of the catalogue's files with its verified content.

    Raises
    ------
    OSError
        If OpenML, or scikit-learn, cannot give the data.
    ValueError
        If the rows are not those of the genuine files.
    """
    # fetch_openml opens sockets without a timeout of its own.
    with _default_timeout(catalogue.timeout):
        data, target = _fetch_openml(cache, n_retries, delay)
    n_train = catalogue.train[0].shape[0]
    for (images, labels), rows in (
        (catalogue.train, slice(None, n_train)),
        (catalogue.test, slice(n_train, None)),
    ):
        for file, values in (images, data[rows]), (labels, target[rows]):
            content = format_idx(values.reshape(-1, *file.shape[1:]))
            array = file.parse(content)
            cache.store(file, gzip.compress(content, compresslevel=6, mtime=0))
            yield file, array


def _fetch_openml(
    cache: Cache, n_retries: int, delay: float
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return OpenML's rows, train then test: (n, 784) and (n,)."""
    try:
        data, target = fetch_openml(
            "Fashion-MNIST",
            version=1,
            data_home=cache.data_home,
            as_frame=False,
            return_X_y=True,
            n_retries=n_retries,
            delay=delay,
            # The other parser needs pandas, which skdnn does not depend on.
            parser="liac-arff",
        )
        return np.asarray(data).astype(np.uint8), np.asarray(target).astype(np.uint8)
    except Exception as error:
        # A server's odd answer surfaces as anything from KeyError to zlib.error.
        if isinstance(error, HTTPError):
            error.close()
        raise OSError(str(error) or type(error).__name__) from error


@contextlib.contextmanager
def _default_timeout(seconds: float) -> Iterator[None]:
    """Give sockets opened meanwhile a timeout; one thread at a time, so as to restore it."""
    with _default_timeout_lock:
        before = socket.getdefaulttimeout()
        socket.setdefaulttimeout(seconds)
        try:
            yield
        finally:
            socket.setdefaulttimeout(before)
