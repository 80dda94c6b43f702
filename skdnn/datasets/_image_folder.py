"""A folder of image files, with a sub-folder for each class, in scikit-learn's form."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import Bunch
from sklearn.utils._param_validation import StrOptions, validate_params

from skdnn.datasets._image_files import ImageFormat, Images, ProgressCallback, read_images
from skdnn.datasets._image_listing import FolderListing

Labels = NDArray[np.str_]


@validate_params(
    {
        "directory": [str, os.PathLike],
        "labels": [StrOptions({"inferred"}), None],
        "image_size": [Integral, tuple, list],
        "color_mode": [StrOptions({"grayscale", "rgb"})],
        "crop_to_aspect_ratio": ["boolean"],
        "pad_to_aspect_ratio": ["boolean"],
        "return_X_y": ["boolean"],
    },
    prefer_skip_nested_validation=True,
)
def load_image_folder(
    directory: str | os.PathLike[str],
    *,
    labels: str | None = "inferred",
    image_size: int | tuple[int, int] = (28, 28),
    color_mode: str = "grayscale",
    crop_to_aspect_ratio: bool = False,
    pad_to_aspect_ratio: bool = False,
    return_X_y: bool = False,
) -> Bunch | tuple[Images, Labels]:
    """Load a folder of image files that has a sub-folder for each class.

    The parameters are those of :func:`keras.utils.image_dataset_from_directory`, the result
    is that of scikit-learn's loaders, and the files are read by Pillow: AVIF, BMP, GIF, JPEG,
    JPEG 2000, PNG, PPM, TIFF and WebP, and HEIC where the package `pillow-heif` is installed.
    Of several pictures in a file the first is taken.

    An image is turned upright as its camera noted, laid on white where it is transparent,
    brought to 8 bits a channel, and resized by averaging over the pixels that become one. A
    grey image of 8 bits that has the size already is taken as it is.

    Parameters
    ----------
    directory : str or path-like
        The folder. What its sub-folders hold, at any depth, is of the class that the
        sub-folder is called. Hidden files, and what systems leave in folders, are ignored.
    labels : {"inferred"} or None, default="inferred"
        None takes all images, at any depth, without classes: for images to predict.
    image_size : int or tuple of int, default=(28, 28)
        Height and width of the result; one number is both. Each pixel has a weight for each
        unit of a dense network: 28 to 64 is what such networks are good for.
    color_mode : {"grayscale", "rgb"}, default="grayscale"
        Whether an image becomes grey, or has three channels.
    crop_to_aspect_ratio : bool, default=False
        Whether an image of another shape than `image_size` is cut at its edges. By default
        it is stretched.
    pad_to_aspect_ratio : bool, default=False
        Whether an image of another shape gets black edges.
    return_X_y : bool, default=False
        If True, return `(images, target)` instead of a Bunch.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        Dictionary-like object, with the following attributes.

        images : ndarray of shape (n_samples, height, width) or (n_samples, height, width, 3), \
dtype uint8
            Values from 0, black, to 255. The classes follow each other by name, and in each
            the files by name.
        target : ndarray of shape (n_samples,), dtype str
            The name of each image's class, so that a network answers with names, whatever
            other folders hold. None if `labels` is None.
        target_names : ndarray of shape (n_classes,), dtype str
            The names, sorted. None if `labels` is None.
        filenames : ndarray of shape (n_samples,), dtype str
            Path of each image's file.
        DESCR : str
            Description of the data set.
    (images, target) : tuple if `return_X_y` is True
        The two arrays described above.

    Raises
    ------
    NotADirectoryError
        If `directory` is no folder.
    ValueError
        If the folder does not hold images of at least two classes (of none, if `labels` is
        None), if files can't be read, all of which are tried first, or if an argument is none
        of the values above.

    Warns
    -----
    UserWarning
        If files that are no images were passed over, or folders without images.

    See Also
    --------
    sklearn.datasets.load_files : The same for texts.
    load_fashion_mnist_sample : Images to try it with.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from PIL import Image
    >>> from skdnn.datasets import load_image_folder
    >>> with TemporaryDirectory() as folder:
    ...     for name in "day", "night":
    ...         (Path(folder) / name).mkdir()
    ...     Image.new("RGB", (640, 480), "white").save(Path(folder, "day", "1.jpg"))
    ...     Image.new("RGB", (480, 640), "black").save(Path(folder, "night", "2.png"))
    ...     images, target = load_image_folder(folder, image_size=(3, 4), return_X_y=True)
    >>> images.shape, target.tolist()
    ((2, 3, 4), ['day', 'night'])
    >>> images[:, 0, 0].tolist()
    [255, 0]
    """
    if labels is None and return_X_y:
        raise ValueError("return_X_y must be False where labels is None, got True")
    if crop_to_aspect_ratio and pad_to_aspect_ratio:
        raise ValueError(
            "only one of crop_to_aspect_ratio and pad_to_aspect_ratio can be True, got both"
        )
    kept = (
        "cropping" if crop_to_aspect_ratio else "padding" if pad_to_aspect_ratio else "nothing"
    )
    image_format = ImageFormat(*_size(image_size), color_mode == "rgb", kept)
    data = read_folder(directory, image_format, with_classes=labels is not None)
    return (data.images, data.target) if return_X_y else data


def read_folder(
    directory: str | os.PathLike[str],
    image_format: ImageFormat,
    *,
    with_classes: bool = True,
    progress_callback: ProgressCallback | None = None,
) -> Bunch:
    """Read a folder of images.

    Parameters
    ----------
    directory : str or path-like
        The folder.
    image_format : ImageFormat
        Size and colours of the images.
    with_classes : bool
        Whether sub-folders are classes.
    progress_callback : callable, optional
        Called with the number of images read, and the number of all.

    Returns
    -------
    data : Bunch
        As :func:`load_image_folder` describes it.
    """
    top = os.fspath(directory)
    if not os.path.isdir(top):
        raise NotADirectoryError(f"directory must be a folder that exists, got {top!r}")
    listing = FolderListing(top, with_classes)
    listing.check()
    listing.warn()
    images = read_images(listing.files, image_format, progress_callback)
    target = np.array(listing.labels) if with_classes else None
    return Bunch(
        images=images,
        target=target,
        target_names=None if target is None else np.unique(target),
        filenames=np.array(listing.files),
        DESCR=_description(top, images, listing.labels),
    )


def _size(image_size: Any) -> tuple[int, int]:
    sides = (image_size,) * 2 if isinstance(image_size, Integral) else tuple(image_size)
    whole = all(isinstance(side, Integral) and not isinstance(side, bool) for side in sides)
    if len(sides) != 2 or not whole or min(sides) < 1:
        raise ValueError(
            "image_size must be height and width, integers of at least 1, or one integer for "
            f"both; got {image_size!r}"
        )
    return int(sides[0]), int(sides[1])


def _description(top: str, images: Images, labels: Sequence[str | None]) -> str:
    size = " x ".join(map(str, images.shape[1:]))
    lines = [f"{len(images):,} images of {size} from the folder {top}"]
    counts = Counter(label for label in labels if label is not None)
    lines += [f"- {label}: {count:,}" for label, count in sorted(counts.items())]
    return "\n".join(lines)
