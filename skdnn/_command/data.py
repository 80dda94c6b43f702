"""What ``--data`` names: images or a table."""

from __future__ import annotations

import argparse

from skdnn._command.inputs import InputError, Inputs, read_inputs
from skdnn._command.table_files import is_table
from skdnn._command.tables import TableOptions, read_table_inputs
from skdnn.datasets._image_files import ProgressCallback


def read_data(
    options: argparse.Namespace, *, progress_callback: ProgressCallback | None = None
) -> Inputs:
    """Read the data that the options name.

    Parameters
    ----------
    options : argparse.Namespace
        As the command line's parser returns them.
    progress_callback : callable, optional
        Called with the number of files of a folder that are read, and the number of all.

    Returns
    -------
    inputs : Inputs

    Raises
    ------
    InputError
        If they can't be searched on, or options are given that are for other data.
    OSError
        If Fashion-MNIST can't be had from any source.
    """
    if is_table(options.data):
        _refuse(options, ("image_size", "color_mode"), "a folder of images")
        table = TableOptions(
            target=options.target,
            task=options.task,
            groups=options.groups,
            drop=tuple(dict.fromkeys(options.drop)),
            categorical=tuple(dict.fromkeys(options.categorical)),
        )
        return read_table_inputs(options.data, table)
    _refuse(
        options,
        ("target", "task", "groups", "drop", "categorical"),
        "a table, a file that ends in .csv, .csv.gz, .tsv, .txt or .parquet",
    )
    return read_inputs(
        options.data,
        image_size=options.image_size,
        color_mode=options.color_mode,
        progress_callback=progress_callback,
    )


def data_words(options: argparse.Namespace) -> list[str]:
    """Return the words of a command line that tell how the data are read.

    Parameters
    ----------
    options : argparse.Namespace
        As the command line's parser returns them.

    Returns
    -------
    words : list of str
        Options and their values.
    """
    words: list[str] = []
    if options.image_size:
        words += ["--image-size", ",".join(map(str, options.image_size))]
    for name in ("color_mode", "target", "task", "groups"):
        value = getattr(options, name)
        words += _words(name, value) if value else []
    for name in ("drop", "categorical"):
        for value in getattr(options, name):
            words += _words(name, value)
    return words


def _words(name: str, value: str) -> list[str]:
    # The parser takes a column called -x for an option, unless it is written so.
    return [f"{_option(name)}={value}"] if value.startswith("-") else [_option(name), value]


def _refuse(options: argparse.Namespace, names: tuple[str, ...], what: str) -> None:
    for name in names:
        if getattr(options, name) not in (None, []):
            raise InputError(
                f"{_option(name)} is for {what}; --data is {options.data!r}, not one"
            )


def _option(name: str) -> str:
    return "--" + name.replace("_", "-")
