"""A bar that shows how far a fit has come."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

# Told of how many rows were visited just now and in this epoch, and of the sums of their losses.
Report = Callable[[int, int, Any], None]


def progress_bar(show: bool, rows: int) -> AbstractContextManager[Report]:
    """Give a function to be told of rows visited and of their losses; it draws a bar if `show`."""
    return _bar(rows) if show else nullcontext(_draw_nothing)


def _draw_nothing(rows: int, visited: int, loss_sums: Any) -> None:
    """Do nothing."""


@contextmanager
def _bar(rows: int) -> Iterator[Report]:
    from tqdm.auto import tqdm  # takes 20 ms to import, and few fits show a bar

    # There is nowhere to draw it where a program has no console.
    with tqdm(total=rows, unit="row", unit_scale=True, disable=sys.stderr is None) as bar:

        def report(rows: int, visited: int, loss_sums: Any) -> None:
            bar.set_postfix(loss=f"{loss_sums.sum() / visited:.4g}", refresh=False)
            bar.update(rows)

        yield report
