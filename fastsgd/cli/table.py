"""Plain text in columns."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from unicodedata import east_asian_width


def display_width(text: str) -> int:
    """Return how many columns of a terminal a text takes: Chinese characters take two each.

    Examples
    --------
    >>> display_width("sum"), display_width("和")
    (3, 2)
    """
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)


def table(rows: Sequence[Sequence[str]]) -> str:
    """Return rows of cells as lines: the first column to the left, all others to the right.

    Examples
    --------
    >>> print(table([["", "learned"], ["w", "2.00"], ["和", "-3.40"]]))
        learned
    w      2.00
    和    -3.40
    """
    columns = zip_longest(*rows, fillvalue="")
    widths = [max(map(display_width, column)) for column in columns]
    return "\n".join(_line(row, widths) for row in rows)


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    padding = [
        " " * (width - display_width(cell)) for cell, width in zip(row, widths, strict=False)
    ]
    numbers = [space + cell for cell, space in zip(row[1:], padding[1:], strict=True)]
    return "  ".join([row[0] + padding[0], *numbers]).rstrip()


def decimals(values: Sequence[float]) -> list[str]:
    """Return numbers with six decimals, or all as powers of ten where some would lose by that.

    Examples
    --------
    >>> decimals([2.0, -3.4])
    ['2.000000', '-3.400000']
    >>> decimals([2.0, 0.00001])
    ['2.000000e+00', '1.000000e-05']
    """
    readable = all(value == 0 or 1e-4 <= abs(value) < 1e6 for value in values)
    return [f"{value:.6f}" if readable else f"{value:.6e}" for value in values]
