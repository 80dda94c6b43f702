"""What ``--data`` names, split as the document splits it."""

from __future__ import annotations

import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split

from skdnn.datasets import fetch_fashion_mnist, load_fashion_mnist_sample

# The document's split.
_SPLIT = {"test_size": 0.2, "random_state": 42}

Images = NDArray[Any]
Labels = NDArray[Any]


class InputError(ValueError):
    """A file that can't be searched; the message is one line for the person who named it."""


@dataclass(frozen=True)
class Inputs:
    """Images for a search and images kept out of it.

    Parameters
    ----------
    title : str
        What they are.
    X, y : ndarray
        Images and labels to search on.
    held_out : dict of str to (ndarray, ndarray)
        Images and labels that the search never sees, by what they are.
    scale : float
        Value of a pixel that becomes 1.
    note : str
        What was found out about the pixels, for the person to check.
    target_names : tuple of str or None
        Names of the classes, where labels are numbers that have some.
    """

    title: str
    X: Images
    y: Labels
    held_out: dict[str, tuple[Images, Labels]]
    scale: float
    note: str = ""
    target_names: tuple[str, ...] | None = None


def read_inputs(name: str) -> Inputs:
    """Read what ``--data`` names.

    Parameters
    ----------
    name : str
        ``sample``, ``fashion-mnist`` or the path of an ``.npz`` file.

    Returns
    -------
    inputs : Inputs
        80 % of the training images to search on; the rest, and the official test images
        where there are any, held out.

    Raises
    ------
    InputError
        If the file does not hold images and labels that can be searched.
    OSError
        If Fashion-MNIST can't be had from any source.
    """
    if name == "sample":
        return _fashion_mnist("a sample of Fashion-MNIST", load_fashion_mnist_sample)
    if name == "fashion-mnist":
        return _fashion_mnist("Fashion-MNIST", fetch_fashion_mnist)
    return _from_file(Path(name))


def _fashion_mnist(title: str, load: Any) -> Inputs:
    images, target = load(subset="train", return_X_y=True)
    X, X_rest, y, y_rest = train_test_split(images, target, **_SPLIT)
    held_out = {
        f"validation images, the 20 % split off ({len(y_rest):,})": (X_rest, y_rest),
    }
    test = load(subset="test")
    held_out[f"test images ({len(test.target):,})"] = (test.images, test.target)
    names = tuple(map(str, test.target_names))
    return Inputs(title, X, y, held_out, scale=255.0, target_names=names)


def _from_file(path: Path) -> Inputs:
    images, target = _read_npz(path)
    X, X_rest, y, y_rest = train_test_split(images, target, **_SPLIT)
    held_out = {f"images kept back, 20 % ({len(y_rest):,})": (X_rest, y_rest)}
    scale = _pixel_scale(path, images)
    taken = "taken as they are" if scale == 1 else f"divided by {scale:g}"
    if scale > 1 and images.max() < scale / 2:
        taken += " (if the largest is white, scale them to reach 1 yourself)"
    note = f"pixels from {images.min():g} to {images.max():g}, {taken}"
    return Inputs(str(path), X, y, held_out, scale, note)


def _read_npz(path: Path) -> tuple[Images, Labels]:
    if not path.exists():
        raise InputError(
            f"--data must be 'sample', 'fashion-mnist' or an .npz file; no file {str(path)!r}"
        )
    if path.is_dir():
        raise InputError(
            f"--data must be 'sample', 'fashion-mnist' or an .npz file; {str(path)!r} is a "
            "folder: six lines make a file of a folder of images (README, 'Your own images')"
        )
    try:
        loaded = np.load(path, allow_pickle=False)
        if not isinstance(loaded, np.lib.npyio.NpzFile):
            raise ValueError("it holds a single array")
        with loaded as arrays:
            missing = {"X", "y"} - set(arrays.files)
            if missing:
                raise InputError(
                    f"{path} must hold arrays named X and y; it has {sorted(arrays.files)}"
                )
            images, target = arrays["X"], arrays["y"]
    except InputError:
        raise
    except (
        OSError,
        ValueError,
        AttributeError,
        RuntimeError,
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
    ) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        if "pickle" in reason:  # NumPy advises to allow them, which runs what is in the file
            reason = "it is no such file, or holds objects (save labels as y.astype(str))"
        raise InputError(
            f"{path} is not an .npz file of plain arrays (numpy.savez): {reason}"
        ) from error
    _check(path, images, target)
    return images, target


def _check(path: Path, images: Images, target: Labels) -> None:
    if images.ndim < 2 or 0 in images.shape[1:] or images.dtype.kind not in "buif":
        raise InputError(
            f"X in {path} must hold numbers, of shape (n, height, width) or (n, pixels); got "
            f"{images.dtype} of shape {images.shape}"
        )
    if target.shape != images.shape[:1]:
        raise InputError(
            f"y in {path} must hold one label per image: shape ({len(images)},); got shape "
            f"{target.shape}"
        )
    if images.dtype.kind == "f" and not np.isfinite(images).all():
        raise InputError(f"X in {path} must be finite; it holds NaN or infinity")
    if target.dtype.kind not in "buiU":
        raise InputError(
            f"y in {path} must hold class labels, integers or strings; got {target.dtype}"
        )


def _pixel_scale(path: Path, images: Images) -> float:
    """Return 1 for pixels in [-1, 1], 255 for 8-bit pixels, 65,535 for 16-bit ones."""
    largest = max(float(images.max()), -float(images.min())) if images.size else 0.0
    if images.dtype.kind == "b" or (images.dtype.kind == "f" and largest <= 1):
        return 1.0
    if largest <= 255:
        return 255.0
    if images.dtype == np.uint16:
        return 65_535.0
    raise InputError(
        f"X in {path} must hold pixels up to 255, 16-bit pixels or floats up to 1; the largest "
        f"is {largest:g} of {images.dtype}"
    )
