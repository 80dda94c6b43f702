"""The data that ``--data`` names, split into training and test images."""

from __future__ import annotations

import warnings
import zipfile
import zlib
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split
from sklearn.pipeline import Pipeline

from skdnn.datasets import fetch_fashion_mnist, load_fashion_mnist_sample
from skdnn.datasets._image_files import ImageFormat, ProgressCallback, listed
from skdnn.datasets._image_folder import read_folder
from skdnn.pipeline import make_image_pipeline
from skdnn.variants import document_variants

# The split of the notebook that the variants are from.
_SPLIT = {"test_size": 0.2, "random_state": 42}

# A class needs two images for cross-validation, and one to hold out.
_FEWEST = 3
_MOST_CLASSES = 20  # whose counts are read one by one

Images = NDArray[Any]
Labels = NDArray[Any]


class InputError(ValueError):
    """Data that can't be searched; the message is one line for the user."""


@dataclass(frozen=True, kw_only=True)
class Inputs(ABC):
    """Rows for a search and held-out rows, and what is searched on such rows.

    Parameters
    ----------
    title : str
        Name of the data.
    X : ndarray or DataFrame
        Rows to search on.
    y : ndarray
        Their labels or numbers.
    held_out : dict of str to (ndarray or DataFrame, ndarray)
        Held-out rows and their labels or numbers, by name.
    note : str
        What was detected about the data, for the user to check.
    target_names : tuple of str or None
        Names of the classes, if labels are numbers; name of the target, if it is numbers.
    groups : ndarray or None
        Groups of the rows of `X`, if they are to be kept together.
    """

    noun: ClassVar[str]  # what the rows are called, in the plural
    score_name: ClassVar[str] = "accuracy"

    title: str
    X: Any
    y: Labels
    held_out: dict[str, tuple[Any, Labels]]
    note: str = ""
    target_names: tuple[str, ...] | None = None
    groups: NDArray[Any] | None = None

    @property
    @abstractmethod
    def epochs(self) -> int:
        """Epochs of a fit, if the user does not choose them."""

    @abstractmethod
    def pipeline(self, *, epochs: int, seed: int) -> Pipeline:
        """Make the unfitted pipeline."""

    @abstractmethod
    def grid(self, hidden_units: Sequence[tuple[int, ...]]) -> dict[str, list[Any]]:
        """Return the parameter grid; no `hidden_units` takes the default ones."""

    def folds(self, n: int, seed: int) -> Any:  # noqa: ARG002
        """Return what scikit-learn takes as `cv`: stratified folds."""
        return n

    @abstractmethod
    def reading(self, *, short: bool) -> str:
        """Return code that reads new rows; empty if none is needed.

        An expression if `short`, else whole lines that make `X`.
        """

    def check_folds(self, name: str, n: int) -> None:
        """Raise an `InputError` if what `name` holds can't be split into `n` folds."""
        labels, counts = np.unique(self.y, return_counts=True)
        if len(labels) < 2:
            raise InputError(f"{name} must hold at least 2 classes; it has {labels.tolist()}")
        if counts.min() < n:
            rarest = labels[counts.argmin()].item()
            raise InputError(
                f"--cv must not exceed the {self.noun} of the rarest class ({counts.min()} of "
                f"class {rarest!r} to search on), got {n}"
            )


@dataclass(frozen=True, kw_only=True)
class ImageInputs(Inputs):
    """Images.

    Parameters
    ----------
    scale : float
        Value of a pixel that becomes 1.
    new_images : str
        Code that reads other images in the same way; empty if none is needed.
    """

    noun: ClassVar[str] = "images"

    scale: float
    new_images: str = ""

    @property
    def epochs(self) -> int:
        """Epochs of a fit, if the user does not choose them."""
        return 5

    def pipeline(self, *, epochs: int, seed: int) -> Pipeline:
        """Make the unfitted pipeline."""
        return make_image_pipeline(scale=self.scale, epochs=epochs, random_state=seed)

    def grid(self, hidden_units: Sequence[tuple[int, ...]]) -> dict[str, list[Any]]:
        """Return the document's variants."""
        return document_variants(hidden_units=hidden_units or [(100,)])

    def reading(self, *, short: bool) -> str:
        """Return code that reads new images; empty if none is needed."""
        if not self.new_images:
            return ""
        if short:
            return f"skdnn.datasets.{self.new_images}"
        return f"from skdnn.datasets import load_image_folder\n\nX = {self.new_images}"


def read_inputs(
    name: str,
    *,
    image_size: tuple[int, int] | None = None,
    color_mode: str | None = None,
    progress_callback: ProgressCallback | None = None,
) -> ImageInputs:
    """Read what ``--data`` names.

    Parameters
    ----------
    name : str
        ``sample``, ``fashion-mnist``, or the path of a folder of images or an ``.npz`` file.
    image_size : tuple of int, optional
        Height and width to which images of a folder are resized; None is 28 by 28.
    color_mode : {"grayscale", "rgb"}, optional
        How images of a folder are read; None is grayscale.
    progress_callback : callable, optional
        Called with the number of files of a folder that are read, and the number of all.

    Returns
    -------
    inputs : ImageInputs
        80 % of the training images to search on; the rest, and the official test images
        where there are any, held out.

    Raises
    ------
    InputError
        If a file or folder does not hold images and labels that can be searched, or an option
        for folders is given for anything else.
    OSError
        If Fashion-MNIST can't be had from any source.
    """
    path = Path(name)
    if name not in ("sample", "fashion-mnist") and path.is_dir():
        return _from_folder(
            path, image_size or (28, 28), color_mode or "grayscale", progress_callback
        )
    for option, value in {"--image-size": image_size, "--color-mode": color_mode}.items():
        if value is not None:
            raise InputError(f"{option} is for a folder of images; --data is {name!r}, not one")
    if name == "sample":
        return _fashion_mnist("a sample of Fashion-MNIST", load_fashion_mnist_sample)
    if name == "fashion-mnist":
        return _fashion_mnist("Fashion-MNIST", fetch_fashion_mnist)
    return _from_file(path)


def _fashion_mnist(title: str, load: Any) -> ImageInputs:
    images, target = load(subset="train", return_X_y=True)
    X, X_rest, y, y_rest = train_test_split(images, target, **_SPLIT)
    held_out = {
        f"validation images, the 20 % split off ({len(y_rest):,})": (X_rest, y_rest),
    }
    test = load(subset="test")
    held_out[f"test images ({len(test.target):,})"] = (test.images, test.target)
    names = tuple(map(str, test.target_names))
    return ImageInputs(
        title=title, X=X, y=y, held_out=held_out, scale=255.0, target_names=names
    )


def _from_folder(
    path: Path,
    image_size: tuple[int, int],
    color_mode: str,
    progress_callback: ProgressCallback | None,
) -> ImageInputs:
    image_format = ImageFormat(*image_size, color_mode == "rgb")
    with warnings.catch_warnings(record=True) as remarks:
        warnings.simplefilter("always")
        data = read_folder(path, image_format, progress_callback=progress_callback)
    counts = dict(sorted(Counter(data.target.tolist()).items()))
    _check_counts(path, counts)
    colour = "colour" if image_format.is_rgb else "grey"
    size = f"{image_format.height} x {image_format.width} pixels"
    found = f"{_classes(counts)}; read as {size}, {colour}"
    note = "\n".join([found, *(str(remark.message) for remark in remarks)])
    # Stratified, unlike the document's: of a small class chance may leave nothing to learn.
    n_kept = max(-(-len(data.target) // 5), len(counts))
    X, X_rest, y, y_rest = train_test_split(
        data.images, data.target, test_size=n_kept, stratify=data.target, random_state=42
    )
    share = round(100 * n_kept / len(data.target))
    held_out = {f"images kept back, {share} % ({n_kept:,})": (X_rest, y_rest)}
    new_images = _reading(image_size, color_mode)
    return ImageInputs(
        title=_title(path),
        X=X,
        y=y,
        held_out=held_out,
        scale=255.0,
        note=note,
        new_images=new_images,
    )


def _check_counts(path: Path, counts: dict[str, int]) -> None:
    small = [f"{name!r} has {count}" for name, count in counts.items() if count < _FEWEST]
    if small:
        raise InputError(
            f"each class in {str(path)!r} must have at least {_FEWEST} images, one of them to "
            f"keep back: {listed(small)}"
        )


def _classes(counts: dict[str, int]) -> str:
    if len(counts) > _MOST_CLASSES:
        least, most = min(counts.values()), max(counts.values())
        return f"{len(counts):,} classes of {least:,} to {most:,} images"
    return f"{len(counts)} classes: " + ", ".join(f"{n} {k:,}" for n, k in counts.items())


def _title(path: Path) -> str:
    return str(path) if path.name else path.resolve().name or str(path)


def _reading(image_size: tuple[int, int], color_mode: str) -> str:
    options = ["labels=None"]
    if image_size != (28, 28):
        options.append(f"image_size={image_size}")
    if color_mode != "grayscale":
        options.append(f'color_mode="{color_mode}"')
    return f'load_image_folder("new", {", ".join(options)}).images'


def _from_file(path: Path) -> ImageInputs:
    images, target = _read_npz(path)
    X, X_rest, y, y_rest = train_test_split(images, target, **_SPLIT)
    held_out = {f"images kept back, 20 % ({len(y_rest):,})": (X_rest, y_rest)}
    scale = _pixel_scale(path, images)
    taken = "taken as they are" if scale == 1 else f"divided by {scale:g}"
    if scale > 1 and images.max() < scale / 2:
        taken += " (if the largest is white, scale them to reach 1 yourself)"
    note = f"pixels from {images.min():g} to {images.max():g}, {taken}"
    return ImageInputs(title=str(path), X=X, y=y, held_out=held_out, scale=scale, note=note)


def _read_npz(path: Path) -> tuple[Images, Labels]:
    if not path.exists():
        raise InputError(
            "--data must be 'sample', 'fashion-mnist', a folder of images or an .npz file; no "
            f"file {str(path)!r}"
        )
    try:
        images, target = _load_npz(path)
    except InputError:
        raise
    except _NPZ_ERRORS as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        if "pickle" in reason:  # NumPy advises to allow them, which runs what is in the file
            reason = "it is no such file, or holds objects (save labels as y.astype(str))"
        raise InputError(
            f"{path} is not an .npz file of plain arrays (numpy.savez): {reason}"
        ) from error
    _check(path, images, target)
    return images, target


# What NumPy raises for damaged and hostile files.
_NPZ_ERRORS = (
    OSError,
    ValueError,
    AttributeError,
    RuntimeError,
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
)


def _load_npz(path: Path) -> tuple[Images, Labels]:
    loaded = np.load(path, allow_pickle=False)
    if not isinstance(loaded, np.lib.npyio.NpzFile):
        raise ValueError("it holds a single array")
    with loaded as arrays:
        missing = {"X", "y"} - set(arrays.files)
        if missing:
            raise InputError(
                f"{path} must hold arrays named X and y; it has {sorted(arrays.files)}"
            )
        return arrays["X"], arrays["y"]


def _check(path: Path, images: Images, target: Labels) -> None:
    if images.ndim < 2 or 0 in images.shape[1:] or images.dtype.kind not in "buif":
        raise InputError(
            f"X in {path} must hold numbers, of shape (n, height, width) or (n, pixels); got "
            f"{images.dtype} of shape {images.shape}"
        )
    if target.shape != images.shape[:1]:
        columns = target.ndim == 2 and len(target) == len(images)
        remedy = " (save one-hot labels as y.argmax(axis=1))" if columns else ""
        raise InputError(
            f"y in {path} must hold one label per image: shape ({len(images)},); got shape "
            f"{target.shape}{remedy}"
        )
    if images.dtype.kind == "f" and not np.isfinite(images).all():
        raise InputError(f"X in {path} must be finite; it holds NaN or infinity")
    if target.dtype.kind not in "buiU":
        raise InputError(
            f"y in {path} must hold class labels, integers or strings; got {target.dtype}"
            + (" (save whole numbers as y.astype(int))" if target.dtype.kind == "f" else "")
        )


def _pixel_scale(path: Path, images: Images) -> float:
    """Return 1 for pixels in [-1, 1] or standardised ones, 255 for 8-bit, 65,535 for 16-bit."""
    largest = max(float(images.max()), -float(images.min()))
    if images.dtype.kind == "b" or (images.dtype.kind == "f" and largest <= 1):
        return 1.0
    if largest <= 255:
        return 1.0 if images.dtype.kind == "f" and images.min() < 0 else 255.0
    if images.dtype == np.uint16:
        return 65_535.0
    raise InputError(
        f"X in {path} must hold pixels up to 255, 16-bit pixels or floats up to 1; the largest "
        f"is {largest:g} of {images.dtype}"
    )
