"""How a CSV file is written: its encoding, separator, decimal sign and names."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from skdnn._command.inputs import InputError
from skdnn._messages import brief

_SEPARATORS = "\t;|,"  # of files that can be read in two ways, the first
_SEPARATOR_NAMES = {"\t": "tabs"}
_HEAD = 200  # rows by which the separator is found

_BLANK = "Unnamed: {}"  # pandas's name for a column without one, with its place


@dataclass(frozen=True)
class CsvForm:
    """How a CSV file is written, and how it is read."""

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
    def words(self) -> str:
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

    def frame(self, drop: Sequence[str] = (), **options: Any) -> Any:
        """Read the file; options of pandas.read_csv take the place of its own."""
        import pandas as pd

        kept = {"usecols": lambda name: name not in drop}
        return pd.read_csv(
            self.path,
            **{**self.options, **kept, **options},
            # In one piece: else pandas guesses the types of each piece for itself.
            low_memory=False,
            compression="gzip" if _is_gzip(self.path) else None,
        )

    def gap_words(self, name: str, gaps: Any) -> dict[str, int]:
        """Count the words in the gaps of a column, such as NA, which pandas takes for gaps."""
        texts = self.frame(usecols=[name], dtype=str, keep_default_na=False)[name][gaps]
        counts: dict[str, int] = texts[texts != ""].value_counts().to_dict()
        return counts


def csv_form_of(path: Path) -> CsvForm:
    """Find the encoding and the separator of a CSV file.

    Parameters
    ----------
    path : Path
        A CSV file, or its gzip.

    Returns
    -------
    form : CsvForm

    Raises
    ------
    InputError
        If it is no text, or of a single column.
    """
    return _with_separator(_with_encoding(path))


def header_and_codes(form: CsvForm) -> tuple[list[str], list[str]]:
    """Return the names of the columns, and of those of codes such as 01067.

    Of these pandas would take the zeros away. Raise an error if a row has more or fewer fields
    than the header: pandas fills short ones with gaps.

    Parameters
    ----------
    form : CsvForm
        Of the file, which is read to its end.

    Returns
    -------
    names : list of str
        As pandas calls them.
    codes : list of str
        Those of columns that hold whole numbers with leading zeros.
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
    names = [name or _BLANK.format(place) for place, name in enumerate(header)]
    return names, [names[place] for place in sorted(found)]


def blank_names_of(names: Sequence[str]) -> dict[str, int]:
    """Return the names that pandas gave to columns without one, and their places, from 1.

    Parameters
    ----------
    names : sequence of str
        Of all columns.

    Returns
    -------
    places : dict of str to int
    """
    return {name: place + 1 for place, name in enumerate(names) if name == _BLANK.format(place)}


def _is_gzip(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == b"\x1f\x8b"


def _with_encoding(path: Path) -> CsvForm:
    """Find the encoding: UTF-8, UTF-16 by its byte-order mark, or else Windows-1252."""
    opener: Any = gzip.open if _is_gzip(path) else open
    with opener(path, "rb") as file:
        head = file.read(4_096)
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return CsvForm(path, "utf-16")
    if b"\0" in head:
        raise InputError(
            f"{path} must hold text, got bytes of 0: save the table as CSV in UTF-8"
        )
    for encoding in ("utf-8-sig", "cp1252"):
        form = CsvForm(path, encoding)
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


def _with_separator(form: CsvForm) -> CsvForm:
    """Find the separator: the one that cuts the most fields, as many in each of the first rows.

    csv.Sniffer takes letters and spaces for separators, and commas of decimal numbers.
    """
    fitting: list[tuple[bool, int, CsvForm]] = []
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
