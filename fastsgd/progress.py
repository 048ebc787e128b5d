"""A bar that shows how far a fit has come."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

# Told of how many rows were visited just now and in this epoch, and of the sums of their losses.
Report = Callable[[int, int, Any], None]


@contextmanager
def progress_bar(show: bool, rows: int) -> Iterator[Report]:
    """Yield a function to be told of rows visited and of their losses; it draws a bar if `show`."""
    if not show:
        yield lambda rows, visited, loss_sums: None
        return
    from tqdm.auto import tqdm  # takes 20 ms to import, and few fits show a bar

    with tqdm(total=rows, unit="row", unit_scale=True) as bar:

        def report(rows: int, visited: int, loss_sums: Any) -> None:
            bar.set_postfix(loss=f"{loss_sums.sum() / visited:.4g}", refresh=False)
            bar.update(rows)

        yield report
