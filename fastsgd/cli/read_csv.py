"""Tables of numbers from .csv files, and where in the file what is wrong with them is."""

from __future__ import annotations

import csv
import io
import math
import reprlib
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..arrays import Array
from .report import counted

# What is quoted in messages: a quote that is never closed makes a cell of the rest of the file.
_shortened = reprlib.Repr()
_shortened.maxstring = 80
quoted = _shortened.repr


UNCLOSED = "is there a quote that is never closed?"

# And how many names; a table may have thousands.
NAMES_LISTED = 20


class Table(NamedTuple):
    """A table of numbers, the names of its columns, and what its first line is."""

    numbers: Array
    names: list[str]  # none if there is no header
    first_line: str


def read_csv(path: str) -> Table:
    """Read a table of finite numbers, with or without a header.

    Raises
    ------
    OSError
        If the file cannot be read.
    ValueError
        If it holds no such table.
    """
    content = Path(path).read_bytes()  # once, as what was read from a pipe is not there again
    try:
        return _parsed(content)
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: {_bad_byte(content)}") from error
    except csv.Error as error:
        raise ValueError(f"{path}: expected comma-separated cells: {error}; {UNCLOSED}") from error
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def listed(names: Sequence[str]) -> str:
    """Return names as they are listed in messages, or the first of them."""
    more = len(names) - NAMES_LISTED
    return ", ".join(names[:NAMES_LISTED]) + (f" and {more} more" if more > 0 else "")


def one_line(name: str) -> str:
    """Return a name of a column as it is printed, and given on a command line."""
    return " ".join(name.split())


def _parsed(content: bytes) -> Table:
    lines = csv.reader(_text(content))
    first = next(filter(None, lines), [])
    line = lines.line_num
    names = _names(first, line)
    numbers = _rows(content, line if names else 0, names)
    if numbers.size == 0:
        is_open = content.count(b'"') % 2 == 1  # then all lines after it are of the header
        raise ValueError(f"has no rows; {UNCLOSED}" if is_open else "has no rows")
    if names and len(names) != numbers.shape[1]:
        raise ValueError(
            f"the header names {counted(len(names), 'column')}, "
            f"but the rows have {numbers.shape[1]}"
        )
    first_line = f"line {line} is the header" if names else f"no header: line {line} is a row"
    return Table(numbers, names, first_line)


def _text(content: bytes) -> io.TextIOWrapper:
    # A byte order mark, which some programs write first, is not part of the first cell.
    return io.TextIOWrapper(io.BytesIO(content), encoding="utf-8-sig")


def _bad_byte(content: bytes) -> str | None:
    """Return which byte is not UTF-8, and where; who reads the text by pieces cannot tell."""
    try:
        content.decode()
    except UnicodeDecodeError as error:
        byte = content[error.start : error.start + 1]
        line = len((content[: error.start] + byte).splitlines())
        return f"line {line}: byte 0x{byte.hex()} is not UTF-8; save the file as UTF-8"
    return None


def _names(first: Sequence[str], line: int) -> list[str]:
    """Return the names of the columns if the first line is a header, and none if it is a row."""
    numbers = [_is_number(cell) for cell in first]
    if any(numbers) and not all(numbers):
        number, other = first[numbers.index(True)], first[numbers.index(False)]
        raise ValueError(
            f"line {line} is neither a row of numbers nor a header of names: {quoted(number)} is "
            f"a number, {quoted(other)} is not; expected numbers alone, or names alone"
        )
    names = [one_line(cell) for cell in first]
    _refuse_doubtful(names, line)
    return [] if any(numbers) else names


def _refuse_doubtful(names: Sequence[str], line: int) -> None:
    """Refuse a first line that may be meant as a header or as a row."""
    if names and names == [str(i) for i in range(len(names))]:
        raise ValueError(
            f"line {line} is {quoted(','.join(names))}, which may be a row, or a header as pandas "
            "writes it for columns without names; put names in its place, or above it"
        )
    if names == [""]:
        raise ValueError(f"line {line} is blank, but is not empty; expected no such line")
    if "" in names:
        raise ValueError(
            f"line {line} is a header with an empty name, as pandas writes it for an index; "
            "expected a name for each column: name that one, or write with to_csv(index=False)"
        )
    if names and all(_is_number_in_python(name) and not _is_number(name) for name in names):
        raise ValueError(
            f"line {line} is {quoted(','.join(names))}, which may be a row or a header; expected "
            "numbers in the digits 0 to 9 without underscores, or names that are no numbers"
        )


def _rows(content: bytes, skipped: int, names: Sequence[str]) -> Array:
    """Return the numbers in all lines but those of the header, which are skipped."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a file without rows, which is an error here
            numbers = np.loadtxt(
                _text(content),
                delimiter=",",
                quotechar='"',
                comments=None,
                skiprows=skipped,
                ndmin=2,
            )
    except ValueError as error:
        raise ValueError(_fault(content, skipped, names) or str(error)) from error
    if not np.isfinite(numbers).all():
        raise ValueError(_fault(content, skipped, names))
    return numbers


def _fault(content: bytes, skipped: int, names: Sequence[str]) -> str | None:
    """Return what is wrong with a table, and where it is.

    Numpy says where as well, but counts rows now from 0 and now from 1, and never the header.
    """
    lines = csv.reader(_text(content))
    width = 0
    for row in lines:
        if not row or lines.line_num <= skipped:
            continue
        width = width or len(row)
        if len(row) != width:
            cells = counted(len(row), "cell")
            return f"line {lines.line_num} has {cells}, those before it {width}"
        for column, cell in enumerate(row):
            if fault := _fault_of_cell(cell, is_alone=width == 1):
                name = quoted(names[column]) if column < len(names) else column
                return f"line {lines.line_num}, column {name}: {quoted(cell)} is {fault}"
    return None


def _fault_of_cell(cell: str, *, is_alone: bool) -> str | None:
    """Return what a cell is, unless it is a finite number."""
    if not _is_number(cell):
        if not cell.strip():
            return "not a number: leave out such rows, or fill in one"
        is_uncut = is_alone or ";" in cell or "\t" in cell
        return f"not a number{'; expected commas between cells' if is_uncut else ''}"
    if not math.isfinite(float(cell.strip())):
        return "not finite: leave out such rows, or fill in a number"
    return None


def _is_number(cell: str) -> bool:
    """Tell whether numpy reads a cell; Python reads underscores and digits of all scripts too."""
    return _is_number_in_python(cell) and "_" not in cell and cell.strip().isascii()


def _is_number_in_python(cell: str) -> bool:
    try:
        float(cell.strip())  # as numpy does, of more than `float` strips
    except ValueError:
        return False
    return True
