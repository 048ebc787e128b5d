"""A bar that shows how far a fit has come."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

Report = Callable[[int, float], None]


@contextmanager
def progress_bar(show: bool, rows: int) -> Iterator[Report]:
    """Yield a function to be told of rows visited and of the loss; it draws a bar if `show`."""
    if not show:
        yield lambda rows, loss: None
        return
    from tqdm.auto import tqdm  # takes 20 ms to import, and few fits show a bar

    with tqdm(total=rows, unit="row", unit_scale=True) as bar:

        def report(rows: int, loss: float) -> None:
            bar.set_postfix(loss=f"{loss:.4g}", refresh=False)
            bar.update(rows)

        yield report
