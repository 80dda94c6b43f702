"""Tables from CSV and Parquet files, as pandas frames, and how each was read."""

from __future__ import annotations

import csv
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from skdnn._command.csv_form import blank_names_of, csv_form_of, header_and_codes
from skdnn._command.inputs import InputError
from skdnn._command.number_texts import (
    decimal_comma_of,
    holds_numbers,
    point_thousands_of,
    units_of,
)
from skdnn._messages import brief, few

CSV_ENDINGS = (".csv", ".tsv", ".tab", ".txt")
PARQUET_ENDINGS = (".parquet", ".pq")

# What damaged and foreign files raise; ValueError is also pandas's and pyarrow's.
_READ_ERRORS = (OSError, ValueError, EOFError, zlib.error, csv.Error)


@dataclass(frozen=True)
class TableFile:
    """A table and how it was read.

    Parameters
    ----------
    frame : pandas.DataFrame
        All rows and columns.
    form : str
        How the file was read, in words.
    reading : str
        Code that reads another file in the same way.
    remarks : tuple of str
        What may surprise the user, a line each.
    gap_words : callable
        Called with the name of a column and the mask of its gaps; counts the words that stand
        there in the file.
    """

    frame: Any
    form: str
    reading: str
    remarks: tuple[str, ...] = ()
    gap_words: Callable[[str, Any], dict[str, int]] = lambda name, gaps: {}  # noqa: ARG005


def is_table(name: str) -> bool:
    """Tell by its name whether a file holds a table.

    Parameters
    ----------
    name : str
        Path of the file.

    Returns
    -------
    answer : bool
        Also of kinds that can't be read, such as Excel's, which :func:`read_table_file` names.
    """
    ending = _ending(Path(name))
    return ending in (*CSV_ENDINGS, *PARQUET_ENDINGS, *_OTHER_KINDS)


_OTHER_KINDS = {
    ".xlsx": "an Excel workbook: save its sheet as CSV",
    ".xls": "an Excel workbook: save its sheet as CSV",
    ".ods": "a spreadsheet: save its sheet as CSV",
    ".json": "JSON: write the table as CSV or Parquet",
    ".feather": "a Feather file: write the table as CSV or Parquet",
    ".dta": "a file of Stata: save the table as CSV",
}


def read_table_file(
    path: Path, *, drop: Sequence[str] = (), categorical: Sequence[str] = ()
) -> TableFile:
    """Read a table.

    Parameters
    ----------
    path : Path
        A CSV file, its gzip, or a Parquet file.
    drop : sequence of str
        Columns that are left out, and may hold anything.
    categorical : sequence of str
        Columns that hold categories, whatever they look like.

    Returns
    -------
    file : TableFile

    Raises
    ------
    InputError
        If pandas is missing, or the file is no table that can be read in one sense only.
    """
    read = _read_parquet if _ending(path) in PARQUET_ENDINGS else _read_csv
    with _one_line_errors(path):
        file = read(path, drop, categorical)
    frame = file.frame.astype(dict.fromkeys(categorical, "category"))
    return replace(file, frame=frame)


def column_names(path: Path) -> list[str]:
    """Return the names of the columns of a table, without reading all of it.

    Parameters
    ----------
    path : Path
        As for :func:`read_table_file`, which raises the same errors.

    Returns
    -------
    names : list of str
    """
    with _one_line_errors(path):
        if _ending(path) in PARQUET_ENDINGS:
            from pyarrow.parquet import read_schema

            return list(read_schema(path).names)
        return list(csv_form_of(path).frame(nrows=0))


@contextmanager
def _one_line_errors(path: Path) -> Iterator[None]:
    """Check the kind of a file, and say in one line what is wrong with it."""
    if not path.is_file():
        raise InputError(f"--data must name a table that can be read: no file {str(path)!r}")
    ending = _ending(path)
    if ending in _OTHER_KINDS:
        raise InputError(f"--data must be CSV or Parquet; {path} is {_OTHER_KINDS[ending]}")
    _check_pandas(ending)
    try:
        yield
    except InputError:
        raise
    except _READ_ERRORS as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise InputError(f"{path} can't be read as a table: {reason}") from error


def _ending(path: Path) -> str:
    endings = [ending.lower() for ending in path.suffixes]
    if endings[-1:] == [".gz"]:
        endings.pop()
        return endings[-1] if endings and endings[-1] in CSV_ENDINGS else ".csv"
    return endings[-1] if endings else ""


def _check_pandas(ending: str) -> None:
    try:
        import pandas  # noqa: F401

        if ending in PARQUET_ENDINGS:
            import pyarrow  # noqa: F401
    except ImportError as error:
        raise InputError(
            f"tables need {error.name or 'pandas'}: pip install 'skdnn[tables]'"
        ) from error


def _read_parquet(path: Path, drop: Sequence[str], categorical: Sequence[str]) -> TableFile:
    import pandas as pd

    frame = pd.read_parquet(path).reset_index(drop=True)
    _check_names(path, frame.columns, drop, categorical)
    frame = frame.drop(columns=list(drop))
    remarks = [
        f"{name!r} holds numbers as text: taken as categories"
        for name in frame.select_dtypes(["object", "string"]).columns
        if name not in categorical and holds_numbers(frame[name])
    ]
    code = "pandas.read_parquet('new.parquet')"
    return TableFile(frame, "Parquet", code, tuple(remarks))


def check_columns(
    path: Path, columns: Iterable[str], wanted: Iterable[str], option: str
) -> None:
    """Raise an error if an option names a column that a table lacks.

    Parameters
    ----------
    path : Path
        Of the table.
    columns : iterable of str
        Its columns.
    wanted : iterable of str
        What the option names.
    option : str
        Such as ``--target``.
    """
    from difflib import get_close_matches

    names = [str(name) for name in columns]
    for name in wanted:
        if name in names:
            continue
        folded = {known.strip().casefold(): known for known in names}
        close = get_close_matches(name.strip().casefold(), folded, n=3, cutoff=0.6)
        nearest = [folded[match] for match in close]
        known = f"the closest: {few(nearest)}" if nearest else f"it has {few(names)}"
        if any(known_name.replace(".", "", 1).isdigit() for known_name in names):
            known += " (the first line must hold the names)"
        raise InputError(f"{option} must name a column of {path}, got {brief(name)}; {known}")


def _read_csv(path: Path, drop: Sequence[str], categorical: Sequence[str]) -> TableFile:
    form = csv_form_of(path)
    names, codes = header_and_codes(form)
    _check_names(path, names, drop, categorical)
    codes = [name for name in codes if name not in (*drop, *categorical)]
    form = replace(form, text=(*categorical, *codes))
    frame = form.frame(drop)
    if decimal_comma_of(path, frame, form.text):
        form = replace(form, decimal=",")
        del frame
        frame = form.frame(drop)
        decimal_comma_of(path, frame, form.text, decimal=",")
    remarks = [
        f"column {place} has no name, and is called {name!r}"
        for name, place in blank_names_of(names).items()
        if name not in drop
    ]
    remarks += [f"{n!r} holds numbers with leading zeros: taken as categories" for n in codes]
    remarks += units_of(frame, form.text)
    if form.decimal == "." and form.separator != ",":
        remarks += point_thousands_of(form.frame(drop, nrows=1_000, dtype=str), frame)
    return TableFile(frame, form.words, form.code, tuple(remarks), form.gap_words)


def _check_names(
    path: Path, names: Iterable[Any], drop: Sequence[str], categorical: Sequence[str]
) -> None:
    if not all(isinstance(name, str) for name in names):
        raise InputError(f"the columns of {path} must have names that are text: {few(names)}")
    twice = [str(name) for name, count in Counter(names).items() if count > 1]
    if twice:
        raise InputError(
            f"each column of {path} must have a name of its own; {few(twice)} stands there "
            "more than once: rename them"
        )
    check_columns(path, names, drop, "--drop")
    check_columns(path, names, categorical, "--categorical")
