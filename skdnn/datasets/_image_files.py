"""Reading of image files by Pillow, into one array of one size and 8 bits."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import cache

import numpy as np
from joblib import cpu_count
from numpy.typing import NDArray
from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    ImageOps,
    Jpeg2KImagePlugin,
    JpegImagePlugin,
    MpoImagePlugin,
    PngImagePlugin,
    PpmImagePlugin,
    TiffImagePlugin,
    UnidentifiedImageError,
    WebPImagePlugin,
)

Images = NDArray[np.uint8]
ProgressCallback = Callable[[int, int], object]

# Formats of pictures only: Pillow's others may start programs (EPS) or hold no pixels (PDF).
# Named one by one: `Image.init` passes over a plugin that can't be imported, without a word.
_FORMATS = tuple(
    plugin.format
    for plugin in (
        AvifImagePlugin.AvifImageFile,
        BmpImagePlugin.BmpImageFile,
        GifImagePlugin.GifImageFile,
        JpegImagePlugin.JpegImageFile,
        Jpeg2KImagePlugin.Jpeg2KImageFile,
        PngImagePlugin.PngImageFile,
        PpmImagePlugin.PpmImageFile,
        TiffImagePlugin.TiffImageFile,
        WebPImagePlugin.WebPImageFile,
    )
)
# A JPEG is decoded at 1/2, 1/4 or 1/8 of its size, but at least at three times the target size:
# four times as fast for a photograph, and off by at most 4 grey levels of 255.
_MARGIN = 3
_WHITE_OF_16_BITS = 65_535
_MOST_NAMES = 3


@dataclass(frozen=True)
class ImageFormat:
    """Size and colours of the images after reading.

    Parameters
    ----------
    height, width : int
        Size of an image.
    is_rgb : bool
        Whether there are three channels.
    resize_mode : {"nothing", "padding", "cropping"}
        How images of another aspect ratio are resized.
    """

    height: int
    width: int
    is_rgb: bool
    resize_mode: str = "nothing"

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of an image's array."""
        return (self.height, self.width, 3) if self.is_rgb else (self.height, self.width)

    def read(self, path: str) -> Images:
        """Read one file."""
        if not os.path.isfile(path):  # reading a pipe would block
            raise OSError("it is no regular file")
        # A file, not its path: Pillow 13 maps an uncompressed TIFF of that path into memory,
        # and then mixes up the rows of one that was turned by 90 degrees.
        with open(path, "rb") as file, Image.open(file, formats=_formats()) as image:
            enough = _MARGIN * max(self.height, self.width)
            image.draft(self._mode, (enough, enough))
            ImageOps.exif_transpose(image, in_place=True)
            return np.asarray(self._resized(_in_8_bits(image).convert(self._mode)))

    @property
    def _mode(self) -> str:
        return "RGB" if self.is_rgb else "L"

    def _resized(self, image: Image.Image) -> Image.Image:
        size, method = (self.width, self.height), Image.Resampling.BILINEAR
        if self.resize_mode == "padding":
            return ImageOps.pad(image, size, method)
        if self.resize_mode == "cropping":
            return ImageOps.fit(image, size, method)
        return image.resize(size, method)


def image_suffixes() -> frozenset[str]:
    """Return the file name extensions of images, in lower case."""
    # MPO is a JPEG with a second image, as some cameras write it; Pillow opens it as a JPEG.
    formats = {*_formats(), MpoImagePlugin.MpoImageFile.format}
    return frozenset(suffix for suffix, name in Image.EXTENSION.items() if name in formats)


def read_images(
    paths: Sequence[str],
    image_format: ImageFormat,
    progress_callback: ProgressCallback | None = None,
) -> Images:
    """Read image files into one array, on all processor cores.

    Parameters
    ----------
    paths : sequence of str
        Of the files.
    image_format : ImageFormat
        Size and colours of the images.
    progress_callback : callable, optional
        Called with the number of files read, and the number of all.

    Returns
    -------
    images : ndarray of shape (n_paths, height, width) or (n_paths, height, width, 3), uint8

    Raises
    ------
    ValueError
        If files can't be read; all are tried first.
    """
    images = np.empty((len(paths), *image_format.shape), np.uint8)

    def read(number: int) -> str:
        try:
            images[number] = image_format.read(paths[number])
        except Exception as error:  # a damaged file may raise anything
            return _reason(error)
        return ""

    failures = {}
    pool = ThreadPoolExecutor(cpu_count())  # Pillow decodes outside of Python's lock
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"PIL\.")  # of metadata, without a name
        try:
            for number, failure in enumerate(pool.map(read, range(len(paths)))):
                if failure:
                    failures[paths[number]] = failure
                if progress_callback is not None:
                    progress_callback(number + 1, len(paths))
        finally:
            pool.shutdown(cancel_futures=True)  # Ctrl-C does not wait for the rest
    if failures:
        raise ValueError(
            f"{len(failures):,} of {len(paths):,} images can't be read; mend or remove "
            + listed([f"{path!r} ({reason})" for path, reason in failures.items()], "; ")
        )
    return images


def listed(names: Sequence[str], separator: str = ", ") -> str:
    """Return the first names, and how many more there are."""
    more = len(names) - _MOST_NAMES
    shown = separator.join(names[:_MOST_NAMES])
    return f"{shown} and {more:,} more" if more > 0 else shown


@cache
def _formats() -> tuple[str, ...]:
    with suppress(ImportError):  # the phones' HEIC, for those who have installed the package
        from pillow_heif import register_heif_opener

        register_heif_opener()
        return tuple(sorted((*_FORMATS, "HEIF")))
    return _FORMATS


def _in_8_bits(image: Image.Image) -> Image.Image:
    """Convert an image to 8 bits, on a white background if it is transparent."""
    # Pillow itself cuts off what is above 255.
    if image.mode.startswith("I;16") or (image.mode == "I" and image.format == "PPM"):
        pixels = np.asarray(image, np.float64) * (255 / _WHITE_OF_16_BITS)
        return Image.fromarray(np.rint(pixels).astype(np.uint8))
    if image.mode in ("I", "F"):
        raise ValueError("its pixels have 32 bits: which value is white is not known")
    if image.has_transparency_data:
        background = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(background, image.convert("RGBA"))
    return image


def _reason(error: Exception) -> str:
    if isinstance(error, UnidentifiedImageError):
        return f"its content is none of {', '.join(_formats())}"
    if isinstance(error, Image.DecompressionBombError):
        limit = 2 * (Image.MAX_IMAGE_PIXELS or 0)
        return f"it has more than {limit:,} pixels, twice PIL.Image.MAX_IMAGE_PIXELS"
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
