"""Fashion-MNIST in scikit-learn's forms: a bundled sample, and the whole set."""

import os
from collections.abc import Sequence
from functools import partial
from importlib import resources
from numbers import Integral, Real

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import Bunch
from sklearn.utils._param_validation import Interval, StrOptions, validate_params

from skdnn.datasets._catalogue import FASHION_MNIST, Catalogue, IdxFile
from skdnn.datasets._download import download_files, download_openml
from skdnn.datasets._sources import (
    Cache,
    Source,
    VerifiedFiles,
    collect,
    keras_directory,
    read_directory,
)

_DATA = resources.files("skdnn.datasets") / "data"
_TARGET_NAMES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)

Images = NDArray[np.uint8]
Target = NDArray[np.int64]


@validate_params(
    {"subset": [StrOptions({"train", "test", "all"})], "return_X_y": ["boolean"]},
    prefer_skip_nested_validation=True,
)
def load_fashion_mnist_sample(
    *, subset: str = "train", return_X_y: bool = False
) -> Bunch | tuple[Images, Target]:
    """Load 6,000 images of Fashion-MNIST that come with skdnn, without a download.

    The sample is stratified: it has 500 training and 100 test images of each of the ten
    classes, drawn from the official training and test sets and kept in their order.

    =================   ===================
    Classes                              10
    Samples total              5000 + 1000
    Dimensionality                  28 x 28
    Features            integers, 0 to 255
    =================   ===================

    Parameters
    ----------
    subset : {"train", "test", "all"}, default="train"
        The 5,000 training images, the 1,000 test images, or both in that order.
    return_X_y : bool, default=False
        If True, return `(images, target)` instead of a Bunch.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        Dictionary-like object, with the following attributes.

        images : ndarray of shape (n_samples, 28, 28), dtype uint8
            Grayscale images; 0 is the background.
        target : ndarray of shape (n_samples,), dtype int64
            Class of each image, 0 to 9.
        target_names : ndarray of shape (10,), dtype str
            Names of the classes.
        DESCR : str
            Description of the data set.
    (images, target) : tuple if `return_X_y` is True
        The two arrays described above.

    Raises
    ------
    sklearn.utils._param_validation.InvalidParameterError
        If `subset` or `return_X_y` is none of the values above.

    See Also
    --------
    fetch_fashion_mnist : All 70,000 images.

    References
    ----------
    .. [1] H. Xiao, K. Rasul and R. Vollgraf, "Fashion-MNIST: a Novel Image Dataset for
       Benchmarking Machine Learning Algorithms", 2017, https://arxiv.org/abs/1708.07747.

    Examples
    --------
    >>> from skdnn.datasets import load_fashion_mnist_sample
    >>> sample = load_fashion_mnist_sample()
    >>> sample.images.shape
    (5000, 28, 28)
    >>> print(sample.target_names[sample.target[0]])
    T-shirt/top
    """
    parts = ["train", "test"] if subset == "all" else [subset]
    with (_DATA / "fashion_mnist_sample.npz").open("rb") as file:
        arrays = np.load(file, allow_pickle=False)
        images = np.concatenate([arrays[f"{part}_images"] for part in parts])
        labels = np.concatenate([arrays[f"{part}_target"] for part in parts])
    return _as_bunch_or_arrays(images, labels, return_X_y=return_X_y)


@validate_params(
    {
        "data_home": [str, os.PathLike, None],
        "subset": [StrOptions({"train", "test", "all"})],
        "download_if_missing": ["boolean"],
        "return_X_y": ["boolean"],
        "n_retries": [Interval(Integral, 1, None, closed="left")],
        "delay": [Interval(Real, 0.0, None, closed="neither")],
    },
    prefer_skip_nested_validation=True,
)
def fetch_fashion_mnist(
    *,
    data_home: str | os.PathLike[str] | None = None,
    subset: str = "train",
    download_if_missing: bool = True,
    return_X_y: bool = False,
    n_retries: int = 3,
    delay: float = 1.0,
) -> Bunch | tuple[Images, Target]:
    """Load the Fashion-MNIST data set (classification), downloading it if necessary.

    =================   ===================
    Classes                              10
    Samples total            60000 + 10000
    Dimensionality                  28 x 28
    Features            integers, 0 to 255
    =================   ===================

    The four files are searched in this order. Every copy is verified by its checksum, and
    damaged ones are skipped:

    1. the folder `fashion-mnist` of the data home;
    2. the directory of Debian's package `dataset-fashion-mnist`;
    3. the cache of `keras.datasets.fashion_mnist` (`KERAS_HOME`, `~/.keras`);
    4. the server that Keras downloads them from;
    5. OpenML, through :func:`sklearn.datasets.fetch_openml`.

    Downloaded files are kept in the data home.

    Parameters
    ----------
    data_home : str or path-like, default=None
        Specify another download and cache folder for the data set. By default all
        scikit-learn data is stored in `~/scikit_learn_data` subfolders.
    subset : {"train", "test", "all"}, default="train"
        The 60,000 training images, the 10,000 test images, or both in that order.
    download_if_missing : bool, default=True
        If False, raise an OSError if the data is not locally available instead of
        trying to download it.
    return_X_y : bool, default=False
        If True, return `(images, target)` instead of a Bunch.
    n_retries : int, default=3
        Number of retries when network errors are encountered. A server that says it
        does not have a file is not asked again.
    delay : float, default=1.0
        Number of seconds between retries.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        Dictionary-like object, with the following attributes.

        images : ndarray of shape (n_samples, 28, 28), dtype uint8
            Grayscale images; 0 is the background.
        target : ndarray of shape (n_samples,), dtype int64
            Class of each image, 0 to 9.
        target_names : ndarray of shape (10,), dtype str
            Names of the classes.
        DESCR : str
            Description of the data set.
    (images, target) : tuple if `return_X_y` is True
        The two arrays described above.

    Raises
    ------
    OSError
        If no source has the data. The message lists the answer of each.
    sklearn.utils._param_validation.InvalidParameterError
        If a parameter is none of the values above.

    Warns
    -----
    UserWarning
        Before a retry, and if a downloaded file cannot be kept in the data home.

    See Also
    --------
    load_fashion_mnist_sample : 6,000 of the images, without any download.

    References
    ----------
    .. [1] H. Xiao, K. Rasul and R. Vollgraf, "Fashion-MNIST: a Novel Image Dataset for
       Benchmarking Machine Learning Algorithms", 2017, https://arxiv.org/abs/1708.07747.
    .. [2] https://github.com/zalandoresearch/fashion-mnist

    Examples
    --------
    >>> from skdnn.datasets import fetch_fashion_mnist
    >>> fashion_mnist = fetch_fashion_mnist()  # doctest: +SKIP
    >>> fashion_mnist.images.shape  # doctest: +SKIP
    (60000, 28, 28)
    """
    cache = Cache(data_home)
    files = FASHION_MNIST.files(subset)
    sources = _local_sources(FASHION_MNIST, cache)
    if download_if_missing:
        sources += _remote_sources(FASHION_MNIST, cache, n_retries=n_retries, delay=delay)
    arrays, failures = collect(files, sources)
    if not all(file in arrays for file in files):
        raise OSError(_describe_failure(failures, cache, files, download_if_missing))
    images = np.concatenate([arrays[file] for file in files[0::2]])
    labels = np.concatenate([arrays[file] for file in files[1::2]])
    return _as_bunch_or_arrays(images, labels, return_X_y=return_X_y)


def _local_sources(catalogue: Catalogue, cache: Cache) -> list[Source]:
    return [
        Source("The data home", cache.read),
        Source(
            "Debian's package dataset-fashion-mnist", partial(read_directory, catalogue.debian)
        ),
        Source("Keras's cache", partial(read_directory, keras_directory())),
    ]


def _remote_sources(
    catalogue: Catalogue, cache: Cache, *, n_retries: int, delay: float
) -> list[Source]:
    def from_server(files: Sequence[IdxFile]) -> VerifiedFiles:
        return download_files(
            files, catalogue=catalogue, cache=cache, n_retries=n_retries, delay=delay
        )

    def from_openml(_: Sequence[IdxFile]) -> VerifiedFiles:
        return download_openml(catalogue, cache=cache, n_retries=n_retries, delay=delay)

    return [Source(catalogue.url, from_server), Source("OpenML", from_openml)]


def _describe_failure(
    failures: dict[str, str],
    cache: Cache,
    files: tuple[IdxFile, ...],
    download_if_missing: bool,
) -> str:
    heading = (
        "Fashion-MNIST could not be found or downloaded."
        if download_if_missing
        else "Fashion-MNIST was not found and `download_if_missing` is False."
    )
    tried = [f"- {name}: {reason}" for name, reason in failures.items()]
    remedies = [
        "- install Debian's package dataset-fashion-mnist;",
        f"- put {', '.join(file.name for file in files)} into {_folder(cache)};",
        "- use load_fashion_mnist_sample(), which needs no download.",
    ]
    return "\n".join([heading, "Tried, in this order:", *tried, "What to do:", *remedies])


def _folder(cache: Cache) -> str:
    try:
        return str(cache.directory)
    except OSError:
        return "the folder fashion-mnist of a data home that can be written to"


def _as_bunch_or_arrays(
    images: Images, labels: NDArray[np.uint8], *, return_X_y: bool
) -> Bunch | tuple[Images, Target]:
    target = labels.astype(np.int64)
    if return_X_y:
        return images, target
    return Bunch(
        images=images,
        target=target,
        target_names=np.array(_TARGET_NAMES),
        DESCR=(_DATA / "fashion_mnist.rst").read_text(encoding="utf-8"),
    )
