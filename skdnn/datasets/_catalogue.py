"""The files of Fashion-MNIST: their checksums and sources."""

import gzip
import hashlib
import io
import math
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from skdnn.datasets._idx import parse_idx


@dataclass(frozen=True)
class IdxFile:
    """One gzipped idx file and the checksum that tells whether a copy is genuine.

    Parameters
    ----------
    name : str
        The file's name, the same in every source.
    shape : tuple of int
        Shape of the array in it.
    sha256 : str
        SHA-256, in hexadecimal, of the *decompressed* file.
    """

    name: str
    shape: tuple[int, ...]
    sha256: str

    def decode(self, compressed: bytes) -> NDArray[np.uint8]:
        """Decompress, verify and parse a copy of the file.

        Parameters
        ----------
        compressed : bytes
            A gzipped copy, from any source.

        Returns
        -------
        ndarray of shape `self.shape`, dtype uint8
            The verified content.

        Raises
        ------
        ValueError
            If the copy is truncated, damaged or something else.
        """
        return self.parse(self._decompress(compressed))

    def parse(self, content: bytes) -> NDArray[np.uint8]:
        """Verify and parse a decompressed copy of the file.

        Parameters
        ----------
        content : bytes
            A decompressed copy, from any source.

        Returns
        -------
        ndarray of shape `self.shape`, dtype uint8
            The verified content.

        Raises
        ------
        ValueError
            If the copy is not the genuine file.
        """
        sha256 = hashlib.sha256(content).hexdigest()
        if sha256 != self.sha256:
            raise ValueError(
                f"damaged: the SHA-256 of its content must be {self.sha256}, got {sha256}"
            )
        return parse_idx(content)

    def _decompress(self, compressed: bytes) -> bytes:
        # One byte more than the genuine file is enough to see that a copy is too long,
        # and nothing can inflate without end.
        n_bytes = 4 + 4 * len(self.shape) + math.prod(self.shape) + 1
        try:
            with gzip.GzipFile(fileobj=io.BytesIO(compressed)) as file:
                return file.read(n_bytes)
        except (OSError, EOFError, zlib.error) as error:
            raise ValueError(f"damaged: not a whole gzip file ({error})") from error


@dataclass(frozen=True)
class Catalogue:
    """The files of a data set and their sources.

    Parameters
    ----------
    train, test : tuple of two IdxFile
        Images, then labels.
    debian : Path
        Directory where Debian's package puts the files.
    url : str
        Address of the directory that the files are downloaded from, with its slash.
    timeout : float
        Seconds that a server may stay silent.
    """

    train: tuple[IdxFile, IdxFile]
    test: tuple[IdxFile, IdxFile]
    debian: Path
    url: str
    timeout: float = 20.0

    def files(self, subset: str) -> tuple[IdxFile, ...]:
        """List the files of a subset.

        Parameters
        ----------
        subset : {"train", "test", "all"}
            "all" is train, then test.

        Returns
        -------
        tuple of IdxFile
            Images and labels in turn.
        """
        return {"train": self.train, "test": self.test, "all": self.train + self.test}[subset]


# The sums are of the decompressed files because copies of the gzipped ones differ in their
# headers: Debian's package dataset-fashion-mnist (0.0~git20200523.55506a9-1), from which the
# sums were computed, strips the names inside. They agree with the sums which other projects
# publish for the archives with the MD5 sums in the README of
# https://github.com/zalandoresearch/fashion-mnist.
FASHION_MNIST = Catalogue(
    train=(
        IdxFile(
            "train-images-idx3-ubyte.gz",
            (60_000, 28, 28),
            "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        ),
        IdxFile(
            "train-labels-idx1-ubyte.gz",
            (60_000,),
            "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        ),
    ),
    test=(
        IdxFile(
            "t10k-images-idx3-ubyte.gz",
            (10_000, 28, 28),
            "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        ),
        IdxFile(
            "t10k-labels-idx1-ubyte.gz",
            (10_000,),
            "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
        ),
    ),
    debian=Path("/usr/share/datasets/fashion-mnist"),
    url="https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
)
