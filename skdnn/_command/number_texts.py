"""Numbers that a CSV file holds as text: decimal commas, thousands, and words among them."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from skdnn._command.inputs import InputError
from skdnn._messages import brief

_NUMBER = {
    ".": r"\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\s*",
    ",": r"\s*[+-]?(?:\d+,?\d*|,\d+)(?:[eE][+-]?\d+)?\s*",
}
_OTHER = {".": ",", ",": "."}
_THOUSANDS = r"\s*[+-]?\d{1,3}(?:([., '\u2019\u00a0\u202f])\d{3})(?:\1\d{3})*(?:[.,]\d+)?\s*"
_ONE_GROUP = r"\s*[+-]?[1-9]\d{0,2}[.,]\d{3}\s*"  # 1,234: a decimal number, or a thousand
_UNIT = r"[%‰€$£¥°]|[^\W\d_]{1,4}[²³]?"
_WITH_UNIT = rf"(?=.*[^\s\d.,+-])\s*(?:{_UNIT})?\s*[+-]?\d[\d.,]*\s*(?:{_UNIT})?\s*"
_FEW = 10  # different texts that may be codes, such as 2b
_MOSTLY = 0.5  # share of the rows that makes of texts a column of numbers


def decimal_comma_of(
    path: Path, frame: Any, text: Collection[str], *, decimal: str = "."
) -> bool:
    """Tell whether numbers of a table, read with decimal points, have decimal commas.

    Parameters
    ----------
    path : Path
        Of the table.
    frame : pandas.DataFrame
        As it was read with `decimal`.
    text : collection of str
        Columns that are text, whatever they look like.
    decimal : {".", ","}
        Decimal sign.

    Returns
    -------
    answer : bool
        Whether there are numbers with the other decimal sign.

    Raises
    ------
    InputError
        If a column holds numbers that can be read in two senses or in none: with thousands
        separators, with points and with commas, or with words among them.
    """
    found = [_Numbers(path, label, texts, decimal) for label, texts in _texts(frame, text)]
    numeric = [column for column in found if column.share >= _MOSTLY]
    for column in numeric:
        column.check_thousands()
    commas = [column for column in numeric if column.has_other_decimals]
    certain = [column for column in commas if not column.is_ambiguous]
    if decimal == "," and commas:
        raise InputError(
            f"{commas[0].label} must hold numbers with a decimal comma, as other columns do, "
            f"got {commas[0].example}: write all numbers alike"
        )
    if commas and not certain:
        raise InputError(
            f"{commas[0].label} holds numbers such as {commas[0].example}, which can be "
            f"{commas[0].as_thousand} or {commas[0].as_decimal}: write them without a comma"
        )
    for column in numeric:
        if decimal == "," or not certain:
            column.check_words()
    return bool(certain)


def point_thousands_of(head: Any, frame: Any) -> Iterator[str]:
    """Yield a remark on each column whose numbers, such as 1.234, may be thousands.

    Parameters
    ----------
    head : pandas.DataFrame
        The first rows, as text.
    frame : pandas.DataFrame
        The table, read with decimal points.
    """
    for name in frame.select_dtypes("float").columns:
        texts = head[name].dropna()
        pointed = texts[texts.str.contains(".", regex=False)]
        if len(pointed) and pointed.str.fullmatch(_ONE_GROUP).all():
            yield (
                f"{brief(name)} holds numbers such as {pointed.iloc[0]}, read with a decimal "
                "point: if they are thousands, write them without it"
            )


def units_of(frame: Any, text: Collection[str]) -> Iterator[str]:
    """Yield a remark on each column of numbers with a unit or another sign, such as 45 %.

    Parameters
    ----------
    frame : pandas.DataFrame
        The table.
    text : collection of str
        Columns that are meant to be text.
    """
    for name, counts in _texts(frame, text):
        if len(counts) <= _FEW:
            continue
        measured = counts[counts.index.str.fullmatch(_WITH_UNIT).astype(bool)]
        if measured.sum() >= _MOSTLY * counts.sum():
            yield (
                f"{name!r} holds numbers with signs, such as {brief(measured.index[0])}: taken "
                "as categories; for numbers, remove the signs from the file"
            )


def holds_numbers(texts: Any) -> bool:
    """Tell whether all texts of a column are numbers.

    Parameters
    ----------
    texts : pandas.Series
        The column.

    Returns
    -------
    answer : bool
        False for anything but texts, and for gaps alone.
    """
    known = texts.dropna().drop_duplicates()
    return bool(
        len(known) and known.map(type).eq(str).all() and known.str.fullmatch(_NUMBER["."]).all()
    )


def _texts(frame: Any, text: Collection[str]) -> Iterator[tuple[str, Any]]:
    """Yield the different texts of each column of texts, with their counts."""
    from pandas.api.types import is_bool_dtype, is_numeric_dtype

    for name in frame.columns:
        column = frame[name]
        if name in text or is_numeric_dtype(column) or is_bool_dtype(column):
            continue
        counts = column.value_counts()
        if len(counts):
            yield name, counts.set_axis(counts.index.astype(str))


class _Numbers:
    """Texts of a column, and which of them are numbers."""

    def __init__(self, path: Path, name: str, counts: Any, decimal: str) -> None:
        self.label = f"column {name!r} in {path}"
        self._name = name
        texts = counts.index.str
        self._plain = texts.fullmatch(_NUMBER[decimal]).astype(bool)
        self._other = texts.fullmatch(_NUMBER[_OTHER[decimal]]).astype(bool) & ~self._plain
        grouped = texts.fullmatch(_THOUSANDS).astype(bool)
        self._one_group = texts.fullmatch(_ONE_GROUP).astype(bool)
        self._thousands = grouped & ~self._plain & ~self._other
        if decimal == ",":
            self._thousands |= grouped & self._other
        self._counts = counts
        self._decimal = decimal

    @property
    def _is_number(self) -> Any:
        return self._plain | self._other | self._thousands

    @property
    def share(self) -> float:
        """Share of the rows, without gaps, that hold a number."""
        return float(self._counts[self._is_number].sum() / self._counts.sum())

    @property
    def has_other_decimals(self) -> bool:
        return bool(self._other.any())

    @property
    def is_ambiguous(self) -> bool:
        return bool(self._one_group[self._other].all())

    @property
    def example(self) -> str:
        return brief(self._counts.index[self._other][0])

    @property
    def as_thousand(self) -> str:
        return self.example.strip("'").replace(",", "")

    @property
    def as_decimal(self) -> str:
        return self.example.strip("'").replace(",", ".")

    def check_thousands(self) -> None:
        if self._thousands.any():
            raise InputError(
                f"{self.label} holds numbers with thousands separators, such as "
                f"{brief(self._counts.index[self._thousands][0])}: write them without "
                "(in a spreadsheet, by the format of the cells), or leave the column out "
                f"(--drop {shlex.quote(self._name)})"
            )

    def check_words(self) -> None:
        words = self._counts[~self._is_number]
        if len(words):
            name = shlex.quote(self._name)
            raise InputError(
                f"{self.label} holds numbers, but {brief(words.index[0])} and the like in "
                f"{words.sum():,} of {self._counts.sum():,} rows: leave those empty in the "
                f"file, or take all as categories (--categorical {name}), or leave the column "
                f"out (--drop {name})"
            )
