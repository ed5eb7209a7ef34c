"""Rows of a trace: a CSV file with a header, whose values hold until the next row."""

import csv
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from inference_operator.api.quoting import listed, quoted
from inference_operator.api.suggestions import closest
from inference_operator.cli.documents import STDIN, InputError

MOST_BYTES = 4 << 20
MOST_ROWS = 20_000
_LONGEST_NUMBER = 32
# Spreadsheets write it at the beginning of a file.
_BYTE_ORDER_MARK = "\ufeff"


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns that a trace may have."""

    required: tuple[str, ...]
    optional: tuple[str, ...]
    bounds: Mapping[str, tuple[float, float]]
    """The least and the largest value of each column that has numbers."""

    remedies: Mapping[str, str]
    """What to do about a wrong number, by the end of the column's name."""

    @property
    def names(self) -> tuple[str, ...]:
        return (*self.required, *self.optional)

    def remedy(self, column: str) -> str:
        """Return what to do about a wrong number in a column."""
        fitting = (words for end, words in self.remedies.items() if column.endswith(end))
        return next(fitting, "correct it")


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the file with its place."""

    place: str
    values: Mapping[str, str]
    columns: Columns

    def refuse(self, column: str, value: str, expected: str, remedy: str) -> NoReturn:
        """Raise InputError that names the place, the value, what is expected, and the remedy."""
        raise InputError(
            f"{self.place}, column {column}: found {value}, expected {expected}; {remedy}"
        )

    def number(self, column: str, otherwise: float | None = None) -> float:
        """Return the number in a column; `otherwise` where an optional column has none."""
        least, most = self.columns.bounds[column]
        text = self.values.get(column, "").strip()
        if not text and otherwise is not None:
            return otherwise
        try:
            value = float(text) if len(text) <= _LONGEST_NUMBER else float("nan")
        except ValueError:
            value = float("nan")
        if not least <= value <= most:
            expected = f"a number from {least:g} to {most:,.15g}"
            self.refuse(column, quoted(text), expected, self.columns.remedy(column))
        return value

    def word(self, column: str, words: Sequence[str]) -> str:
        """Return the word of an optional column: nothing, or one of the words."""
        given = self.values.get(column, "").strip()
        if given not in ("", *words):
            expected = f"nothing, or one of {', '.join(each for each in words if each)}"
            self.refuse(column, quoted(given), expected, "correct or remove it")
        return given

    def rising(self, before: float | None) -> float:
        """Return the time, which must be later than that of the row before."""
        time = self.number("time")
        if before is not None and time <= before:
            self.refuse("time", f"{time:g}", f"more than {before:g}", "sort the rows")
        return time


def lines_of(text: str, where: str, columns: Columns) -> Iterator[Line]:
    """Yield the rows below the header; messages call the file `where`.

    Raises:
        InputError: with row, column, value, requirement and remedy.
    """
    if len(text) > MOST_BYTES:
        raise InputError(
            f"{where}: found more than {MOST_BYTES:,} characters, expected at most as many; leave"
            " out rows that change nothing"
        )
    count = 0
    for line in _lines(text, where, columns):
        count += 1
        yield line
    if not count:
        raise InputError(f"{where}: found no row, expected at least one; add a row for time 0")


def read_text(name: str) -> str:
    """Return the text of a trace's file, or of standard input for `-`; a little more than
    `MOST_BYTES` characters at most.

    Raises:
        InputError: if it cannot be read, or is not UTF-8.
    """
    where = place_of(name)
    try:
        if name == STDIN:
            return sys.stdin.read(MOST_BYTES + 1)
        with Path(name).open(encoding="utf-8", newline="") as file:
            return file.read(MOST_BYTES + 1)
    except OSError as error:
        raise InputError(f"{where}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise InputError(f"{where}: found bytes that are not UTF-8; save it as UTF-8") from None


def place_of(name: str) -> str:
    """Return what messages call a file.

    >>> place_of("-"), place_of("trace.csv")
    ('standard input', 'trace.csv')
    """
    return "standard input" if name == STDIN else name


def _lines(text: str, where: str, columns: Columns) -> Iterator[Line]:
    reader = csv.reader(text.removeprefix(_BYTE_ORDER_MARK).splitlines(), strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
        _check_header(header, where, columns)
        for number, values in enumerate((row for row in reader if row), 1):
            place = f"{where}, row {number}"
            if number > MOST_ROWS:
                raise InputError(
                    f"{where}: found more than {MOST_ROWS:,} rows, expected at most as many; leave"
                    " out rows that change nothing"
                )
            if len(values) != len(header):
                raise InputError(
                    f"{place}: found {len(values)} values, expected {len(header)}, as in the"
                    " header; add or remove commas"
                )
            yield Line(place, dict(zip(header, values, strict=True)), columns)
    except csv.Error as error:
        raise InputError(
            f"{where}, line {reader.line_num}: cannot be read as CSV: {error}"
        ) from None


def _check_header(header: list[str], where: str, columns: Columns) -> None:
    for name in header:
        if name not in columns.names:
            meant = closest(name, columns.names)
            names = f"the columns are {', '.join(columns.names)}"
            remedy = f"did you mean {meant}?" if meant else names
            raise InputError(f"{where}, header: found the column {quoted(name)}; {remedy}")
        if header.count(name) > 1:
            raise InputError(
                f"{where}, header: found the column {name} twice, expected it once; remove one"
            )
    if absent := [name for name in columns.required if name not in header]:
        raise InputError(
            f"{where}, header: found no column {listed(absent, show=str)}, expected"
            f" {', '.join(columns.required)}; add a line with the names of the columns"
        )
