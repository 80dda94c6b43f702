"""Tables from CSV and Parquet files, as pandas frames, and how each was read."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from skdnn._command.inputs import InputError
from skdnn._command.number_texts import decimal_comma_of, point_thousands_of
from skdnn._messages import brief, few

CSV_ENDINGS = (".csv", ".tsv", ".tab", ".txt")
PARQUET_ENDINGS = (".parquet", ".pq")

_SEPARATORS = "\t;|,"  # of files that can be read in two ways, the first
_SEPARATOR_NAMES = {"\t": "tabs"}
_HEAD = 200  # rows by which the separator is found

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
    """

    frame: Any
    form: str
    reading: str
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Csv:
    """How a CSV file is written."""

    path: Path
    encoding: str = "utf-8-sig"  # reads files with and without a byte-order mark
    separator: str = ","
    decimal: str = "."
    spaces: bool = False  # after separators
    text: tuple[str, ...] = ()  # columns that are not to be converted

    @property
    def options(self) -> dict[str, Any]:
        """What differs from the defaults of pandas.read_csv."""
        chosen: dict[str, Any] = {}
        if self.separator != ",":
            chosen["sep"] = self.separator
        if self.decimal != ".":
            chosen["decimal"] = self.decimal
        if self.encoding != "utf-8-sig":
            chosen["encoding"] = self.encoding
        if self.spaces:
            chosen["skipinitialspace"] = True
        if self.text:
            chosen["dtype"] = dict.fromkeys(self.text, str)
        return chosen

    @property
    def code(self) -> str:
        """Code that reads another file in the same way."""
        written = {k: repr(v) for k, v in self.options.items() if k != "dtype"}
        if self.text:
            columns = ", ".join(f"{name!r}: str" for name in self.text)
            written["dtype"] = f"{{{columns}}}"
        options = "".join(f", {name}={value}" for name, value in written.items())
        return f"pandas.read_csv('new.csv'{options})"

    @property
    def form(self) -> str:
        """How the file is written, in words."""
        separator = _SEPARATOR_NAMES.get(self.separator, repr(self.separator))
        parts = [f"separated by {separator}"]
        parts += ["decimal comma"] if self.decimal == "," else []
        named = {"utf-16": "UTF-16", "cp1252": "Windows-1252, not UTF-8"}
        parts += [named[self.encoding]] if self.encoding in named else []
        return ", ".join(parts)

    @contextmanager
    def opened(self) -> Iterator[io.TextIOBase]:
        """Open the file, compressed or not, as text."""
        opener: Any = gzip.open if _is_gzip(self.path) else open
        with opener(self.path, "rt", encoding=self.encoding, newline="") as file:
            yield file

    def rows(self, file: io.TextIOBase) -> Any:
        """Return a reader of the fields of each row."""
        return csv.reader(file, delimiter=self.separator, skipinitialspace=self.spaces)


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
        return list(_frame(_with_separator(_with_encoding(path)), (), nrows=0))


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
    return TableFile(frame, "Parquet", "pandas.read_parquet('new.parquet')")


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
        raise InputError(f"{option} must name a column of {path}, got {brief(name)}; {known}")


def _read_csv(path: Path, drop: Sequence[str], categorical: Sequence[str]) -> TableFile:
    form = _with_separator(_with_encoding(path))
    names, coded = _header_and_codes(form)
    _check_names(path, names, drop, categorical)
    coded = [name for name in coded if name not in (*drop, *categorical)]
    form = replace(form, text=(*categorical, *coded))
    frame = _frame(form, drop)
    if decimal_comma_of(path, frame, form.text):
        form = replace(form, decimal=",")
        del frame
        frame = _frame(form, drop)
        decimal_comma_of(path, frame, form.text, decimal=",")
    remarks = [
        *(_about_blank(name) for name in names if _is_blank(name) and name not in drop),
        *(f"{n!r} holds numbers with leading zeros: taken as categories" for n in coded),
    ]
    if form.decimal == "." and form.separator != ",":
        head = _frame(form, drop, nrows=1_000, dtype=str)
        remarks += point_thousands_of(head, frame)
    return TableFile(frame, form.form, form.code, tuple(remarks))


def _frame(form: _Csv, drop: Sequence[str], **options: Any) -> Any:
    import pandas as pd

    return pd.read_csv(
        form.path,
        **{**form.options, **options},
        usecols=lambda name: name not in drop,
        # In one piece: else pandas guesses the types of each piece for itself.
        low_memory=False,
        compression="gzip" if _is_gzip(form.path) else None,
    )


def _is_gzip(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == b"\x1f\x8b"


def _with_encoding(path: Path) -> _Csv:
    """Find the encoding: UTF-8, UTF-16 by its byte-order mark, or else Windows-1252."""
    opener: Any = gzip.open if _is_gzip(path) else open
    with opener(path, "rb") as file:
        head = file.read(4_096)
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return _Csv(path, "utf-16")
    if b"\0" in head:
        raise InputError(
            f"{path} must hold text, got bytes of 0: save the table as CSV in UTF-8"
        )
    for encoding in ("utf-8-sig", "cp1252"):
        form = _Csv(path, encoding)
        try:
            with form.opened() as file:
                while file.read(1 << 20):
                    pass
        except UnicodeDecodeError:
            continue
        return form
    raise InputError(
        f"{path} must be in UTF-8, UTF-16 or Windows-1252, and is in none of them: save the "
        "table as CSV in UTF-8"
    )


def _with_separator(form: _Csv) -> _Csv:
    """Find the separator: the one that cuts the most fields, as many in each of the first rows.

    csv.Sniffer takes letters and spaces for separators, and commas of decimal numbers.
    """
    fitting: list[tuple[bool, int, _Csv]] = []
    for separator in _SEPARATORS:
        candidate = replace(form, separator=separator)
        with candidate.opened() as file:
            rows = [row for row in islice(candidate.rows(file), _HEAD) if row]
        if not rows:
            raise InputError(f"{form.path} must hold a table, and is empty")
        spaces = any(name.startswith(" ") for name in rows[0][1:])
        if len(rows[0]) > 1:
            alike = all(len(row) == len(rows[0]) for row in rows)
            fitting.append((alike, len(rows[0]), replace(candidate, spaces=spaces)))
    if not fitting:
        raise InputError(
            f"{form.path} must have columns separated by ',', ';', '|' or tabs; its first line "
            f"is {brief(rows[0][0])}"
        )
    return max(fitting, key=lambda found: found[:2])[2]


def _check_names(
    path: Path, names: Iterable[Any], drop: Sequence[str], categorical: Sequence[str]
) -> None:
    twice = [str(name) for name, count in Counter(names).items() if count > 1]
    if twice:
        raise InputError(
            f"each column of {path} must have a name of its own; {few(twice)} stands there "
            "more than once: rename them"
        )
    check_columns(path, names, drop, "--drop")
    check_columns(path, names, categorical, "--categorical")


_BLANK = "Unnamed: "  # pandas's, before the column's place


def _is_blank(name: str) -> bool:
    return name.startswith(_BLANK)


def _about_blank(name: str) -> str:
    place = int(name.removeprefix(_BLANK))
    return f"column {place + 1} has no name, and is called {name!r}"


def _header_and_codes(form: _Csv) -> tuple[list[str], list[str]]:
    """Return the names of the columns, and of those of codes such as 01067.

    Of these pandas would take the zeros away. Raise an error if a row has more or fewer fields
    than the header: pandas fills short ones with gaps.
    """
    found: set[int] = set()
    with form.opened() as file:
        rows = form.rows(file)
        header = next(row for row in rows if row)
        for row in rows:
            if len(row) != len(header) and row:
                raise InputError(
                    f"each row of {form.path} must have {len(header)} fields, as its first "
                    f"line has; the row that ends in line {rows.line_num} has {len(row)}: "
                    f"{brief(row)}"
                )
            for place, field in enumerate(row):
                if field[:1] == "0" and field[1:2].isdigit() and field.isdigit():
                    found.add(place)
    names = [name or f"{_BLANK}{place}" for place, name in enumerate(header)]
    return names, [names[place] for place in sorted(found)]
