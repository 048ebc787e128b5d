"""Tables of numbers from .csv files, and where in the file what is wrong with them is."""

from __future__ import annotations

import csv
import io
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def read_csv(path: str) -> tuple[list[str], Array]:
    """Return the names of the columns, none if there is no header, and the table.

    Raises
    ------
    OSError
        If the file cannot be read.
    ValueError
        If it holds no table of numbers.
    """
    content = Path(path).read_bytes()  # once, as what was read from a pipe is not there again
    try:
        return _parsed(content)
    except (csv.Error, ValueError) as error:
        raise ValueError(f"{path}: {error}") from error


def _parsed(content: bytes) -> tuple[list[str], Array]:
    lines = csv.reader(_text(content, newline=""))
    first = next(filter(None, lines), [])
    numbers = [_is_number(cell) for cell in first]
    if any(numbers) and not all(numbers):
        raise ValueError(
            f"line {lines.line_num} is neither a row of numbers nor a header of names: "
            f"{first[numbers.index(True)]!r} is a number, {first[numbers.index(False)]!r} is not"
        )
    # So that a name can be given on a command line and printed in one.
    names = [] if all(numbers) else [" ".join(cell.split()) for cell in first]
    table = _rows(content, lines.line_num if names else 0, names)
    if table.size == 0:
        raise ValueError("has no rows")
    if names and len(names) != table.shape[1]:
        raise ValueError(
            f"the header names {len(names)} columns, but the rows have {table.shape[1]}"
        )
    return names, table


def _text(content: bytes, newline: str | None = None) -> io.TextIOWrapper:
    """Return a file of the text, whose lines end as `newline` says to `open`."""
    # A byte order mark, which some programs write first, is not part of the first cell.
    return io.TextIOWrapper(io.BytesIO(content), encoding="utf-8-sig", newline=newline)


def _rows(content: bytes, skipped: int, names: Sequence[str]) -> Array:
    """Return the numbers in all lines but those of the header, which are skipped."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a file without rows, which is an error here
            return np.loadtxt(
                _text(content),
                delimiter=",",
                quotechar='"',
                comments=None,
                skiprows=skipped,
                ndmin=2,
            )
    except ValueError as error:
        raise ValueError(_bad_line(content, skipped, names) or str(error)) from error


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return "_" not in cell  # which Python reads, and numpy does not


def _bad_line(content: bytes, skipped: int, names: Sequence[str]) -> str | None:
    """Return what is wrong with a table that numpy refused.

    Numpy says where as well, but counts rows now from 0 and now from 1, and never the header.
    """
    lines = csv.reader(_text(content, newline=""))
    width = 0
    for row in lines:
        if not row or lines.line_num <= skipped:
            continue
        width = width or len(row)
        if len(row) != width:
            return f"line {lines.line_num} has {len(row)} cells, those before it {width}"
        for column, cell in enumerate(row):
            if not _is_number(cell):
                name = repr(names[column]) if column < len(names) else column
                return f"line {lines.line_num}, column {name}: {cell!r} is not a number"
    return None
