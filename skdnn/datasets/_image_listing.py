"""Listing of a folder's images, their classes, and of ignored files."""

from __future__ import annotations

import os
import warnings
from dataclasses import dataclass, field
from typing import Never

from skdnn.datasets._image_files import image_suffixes, listed

# Files of operating systems, besides those with a leading dot.
_SYSTEM_FILES = {"__macosx", "@eadir", "desktop.ini", "thumbs.db"}
_PHONES = (".heic", ".heif")
# Parts of a data set, not classes.
_SUBSETS = {"test", "testing", "train", "training", "val", "valid", "validation"}


@dataclass
class FolderListing:
    """The files of a folder.

    Parameters
    ----------
    top : str
        The folder.
    with_classes : bool
        Whether its sub-folders are classes.
    files : list of str
        Paths of the images.
    labels : list of str or None
        Their classes.
    ignored : list of str
        Other files, relative to the folder.
    empty : list of str
        Sub-folders without images.
    """

    top: str
    with_classes: bool
    files: list[str] = field(default_factory=list, init=False)
    labels: list[str | None] = field(default_factory=list, init=False)
    ignored: list[str] = field(default_factory=list, init=False)
    empty: list[str] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        if not self.with_classes:
            self._add(self.top, None)
            return
        for name in sorted(filter(_is_data, os.listdir(self.top))):
            path = os.path.join(self.top, name)
            if not os.path.isdir(path):
                self.ignored.append(name)
            elif not self._add(path, name):
                self.empty.append(name)

    def _add(self, folder: str, label: str | None) -> int:
        """Add all images in a folder, at any depth; return their number."""
        before, suffixes = len(self.files), image_suffixes()
        for place, folders, names in os.walk(folder, onerror=_raise):
            folders[:] = sorted(filter(_is_data, folders))
            paths = [os.path.join(place, name) for name in sorted(filter(_is_data, names))]
            links = [path for n in folders if os.path.islink(path := os.path.join(place, n))]
            images = [p for p in paths if os.path.splitext(p)[1].lower() in suffixes]
            self.files += images
            others = [*sorted(set(paths) - set(images)), *links]
            self.ignored += [os.path.relpath(path, self.top) for path in others]
        found = len(self.files) - before
        self.labels += [label] * found
        return found

    def check(self) -> None:
        """Raise an error if there are not images of at least two classes."""
        classes = sorted(filter(None, set(self.labels)))
        to_learn = [name for name in classes if name.lower().startswith("train")]
        inside = repr(os.path.join(self.top, *(to_learn or classes)[:1]))
        if classes and _SUBSETS.issuperset(map(str.lower, classes)):
            raise ValueError(
                f"directory must hold a sub-folder for each class; {self.top!r} holds "
                f"{listed(classes)}, which look like parts of a data set: take {inside}"
            )
        if self.files and (len(classes) > 1 or not self.with_classes):
            return
        found = "none"
        if classes:
            found = f"one, {classes[0]!r} (if the classes are in there, take {inside})"
        problem = f"directory must hold {self._rule()}; {self.top!r} has {found}"
        raise ValueError("; ".join([problem, *self.messages()]))

    def _rule(self) -> str:
        if self.with_classes:
            return "a sub-folder of images for each of 2 classes or more"
        return "images"

    def warn(self) -> None:
        """Warn of ignored files and empty folders."""
        for message in self.messages():
            warnings.warn(message, stacklevel=5)  # the line that calls load_image_folder

    def messages(self) -> list[str]:
        """Return messages about ignored files and empty folders."""
        files, folders = len(self.ignored), len(self.empty)
        messages = []
        if files:
            what = (
                "1 file that is no image"
                if files == 1
                else f"{files:,} files that are no images"
            )
            what += " of a class" * self.with_classes
            messages.append(f"passed over {what}: {listed(self.ignored)}")
        if any(name.lower().endswith(_PHONES) for name in self.ignored):
            messages.append("HEIC is read where the package pillow-heif is installed")
        if folders:
            what = "1 folder" if folders == 1 else f"{folders:,} folders"
            messages.append(f"passed over {what} without images: {listed(self.empty)}")
        return messages


def _is_data(name: str) -> bool:
    return not name.startswith(".") and name.lower() not in _SYSTEM_FILES


def _raise(error: OSError) -> Never:
    raise error
