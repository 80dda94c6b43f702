"""Sources of files, which are tried in turn."""

import os
import uuid
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import get_data_home

from skdnn.datasets._catalogue import IdxFile

VerifiedFiles = Iterator[tuple[IdxFile, NDArray[np.uint8]]]


@dataclass(frozen=True)
class Source:
    """One source of files.

    Parameters
    ----------
    name : str
        For messages.
    read : callable
        Takes the wanted files and yields `(file, array)` for each verified copy; raises
        OSError, ValueError or HTTPException where it lacks a good one.
    """

    name: str
    read: Callable[[Sequence[IdxFile]], VerifiedFiles]


@dataclass(frozen=True)
class Cache:
    """The folder of the data home that keeps downloaded files.

    Parameters
    ----------
    data_home : str, path-like or None
        As `sklearn.datasets.get_data_home` takes it.
    """

    data_home: str | os.PathLike[str] | None

    @property
    def directory(self) -> Path:
        """Path of the folder; OSError if the data home cannot be made."""
        return Path(get_data_home(self.data_home)) / "fashion-mnist"

    def read(self, files: Sequence[IdxFile]) -> VerifiedFiles:
        """Yield the files that the cache holds, as `read_directory` does.

        Parameters
        ----------
        files : sequence of IdxFile
            The files wanted.

        Yields
        ------
        tuple of IdxFile and ndarray
            Each file with its verified content.
        """
        yield from read_directory(self.directory, files)

    def store(self, file: IdxFile, compressed: bytes) -> None:
        """Keep a verified copy, or warn that it could not be kept.

        Parameters
        ----------
        file : IdxFile
            What the copy is of.
        compressed : bytes
            The gzipped copy.

        Warns
        -----
        UserWarning
            If the copy cannot be written: the data itself is still good.
        """
        try:
            write_atomically(self.directory / file.name, compressed)
        except OSError as error:
            warnings.warn(
                f"{file.name} was downloaded but not kept, and will be downloaded again "
                f"next time: {error}",
                stacklevel=2,
            )


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file so that other processes see all of it or nothing.

    Parameters
    ----------
    path : Path
        The file to write or replace. Its directory is made if need be.
    content : bytes
        The whole content.

    Raises
    ------
    OSError
        If it cannot be written; whatever was at `path` is then still there.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # Not tempfile: it makes files that only their owner can read, in a data home which
    # may be shared.
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}.part")
    try:
        temporary.write_bytes(content)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def read_directory(directory: Path, files: Sequence[IdxFile]) -> VerifiedFiles:
    """Yield the files that a directory holds, then fail if any is missing or damaged.

    Parameters
    ----------
    directory : Path
        A directory on this machine.
    files : sequence of IdxFile
        The files wanted.

    Yields
    ------
    tuple of IdxFile and ndarray
        Each file with its verified content.

    Raises
    ------
    OSError
        After the last file, if any was not yielded. Says which, and why.
    """
    if not directory.is_dir():
        raise FileNotFoundError(f"no directory {directory}")
    failures = []
    for file in files:
        try:
            yield file, file.decode((directory / file.name).read_bytes())
        except OSError as error:
            failures.append(f"{file.name}: {error.strerror}")
        except ValueError as error:
            failures.append(f"{file.name}: {error}")
    if failures:
        raise OSError(f"in {directory}, {'; '.join(failures)}")


def keras_directory() -> Path:
    """Find the directory where `keras.datasets.fashion_mnist` keeps its downloads.

    Returns
    -------
    Path
        The directory, whether it exists or not.
    """
    home = os.environ.get("KERAS_HOME", os.path.join("~", ".keras"))
    return Path(os.path.expanduser(home), "datasets", "fashion-mnist")


def collect(
    files: Sequence[IdxFile], sources: Iterable[Source]
) -> tuple[dict[IdxFile, NDArray[np.uint8]], dict[str, str]]:
    """Ask each source for the files that the ones before it did not have.

    Parameters
    ----------
    files : sequence of IdxFile
        The files wanted.
    sources : iterable of Source
        In order of preference.

    Returns
    -------
    arrays : dict of IdxFile to ndarray of dtype uint8
        The content of each file found: perhaps more than was wanted, perhaps less.
    failures : dict of str to str
        For each source that lacked something, by name, the reason.
    """
    arrays: dict[IdxFile, NDArray[np.uint8]] = {}
    failures: dict[str, str] = {}
    for source in sources:
        missing = [file for file in files if file not in arrays]
        if not missing:
            break
        try:
            for file, array in source.read(missing):
                arrays[file] = array  # noqa: PERF403  what precedes an error is kept
        except (OSError, ValueError, HTTPException) as error:
            failures[source.name] = str(error) or type(error).__name__
    return arrays, failures
