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
    """Load images from a folder with one subfolder per class.

    The parameters follow :func:`keras.utils.image_dataset_from_directory`, the result
    follows scikit-learn's loaders. Pillow reads AVIF, BMP, GIF, JPEG, JPEG 2000, PNG, PPM, TIFF
    and WebP files, and HEIC if the package `pillow-heif` is installed. If a file holds several
    images, the first is used.

    Images are rotated according to their EXIF orientation, transparent areas become white,
    channels are converted to 8 bits, and resizing averages over the pixels that are merged. An
    8-bit grayscale image that already has the right size is not changed.

    Parameters
    ----------
    directory : str or path-like
        The folder. The name of each subfolder is the class of all images in it, at any
        depth. Hidden files and system files such as `Thumbs.db` are ignored.
    labels : {"inferred"} or None, default="inferred"
        If None, load all images, at any depth, without classes, such as images to predict.
    image_size : int or tuple of int, default=(28, 28)
        Height and width to resize images to; an int is used for both. A dense layer has a
        weight for each pixel and unit, so sizes of 28 to 64 are suitable.
    color_mode : {"grayscale", "rgb"}, default="grayscale"
        Whether to convert images to one or three channels.
    crop_to_aspect_ratio : bool, default=False
        Whether to crop images whose aspect ratio differs from that of `image_size`. By
        default they are stretched.
    pad_to_aspect_ratio : bool, default=False
        Whether to pad such images with black edges.
    return_X_y : bool, default=False
        If True, return `(images, target)` instead of a Bunch.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        Dictionary-like object, with the following attributes.

        images : ndarray of shape (n_samples, height, width) or (n_samples, height, width, 3), \
dtype uint8
            Pixels from 0 (black) to 255, sorted by class name, then by file name.
        target : ndarray of shape (n_samples,), dtype str
            Class name of each image. None if `labels` is None.
        target_names : ndarray of shape (n_classes,), dtype str
            The sorted class names. None if `labels` is None.
        filenames : ndarray of shape (n_samples,), dtype str
            Path of each image file.
        DESCR : str
            Description of the data set.
    (images, target) : tuple if `return_X_y` is True
        The two arrays described above.

    Raises
    ------
    NotADirectoryError
        If `directory` is not a folder.
    ValueError
        If the folder does not contain images of at least two classes (or any image, if
        `labels` is None), if files can't be read, or if an argument is invalid. All files are
        tried before an error is raised.

    Warns
    -----
    UserWarning
        If files that are not images, or folders without images, are skipped.

    See Also
    --------
    sklearn.datasets.load_files : Load text files with categories as subfolder names.
    load_fashion_mnist_sample : A sample of Fashion-MNIST.

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
