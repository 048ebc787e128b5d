"""Which short dense rows are prefetched, how far ahead of their use and how often."""

from typing import Any, NamedTuple

import numpy as np

from .arithmetic import unsigned
from .prefetch import prefetch_line
from .registers import prefetch_row

# How far ahead of its use a row is prefetched: so many bytes, but no more than so many rows. With
# twice as many bytes, 20000 x 100 takes 1.15 times as long; with half as many rows, 1M x 10 1.27.
BYTES_AHEAD, ROWS_AHEAD = 10_000, 96

# And where X takes more bytes than a third-level cache has for it: prefetched again, 24 to 40 MB
# take 0.7 to 0.85 times as long.
MOST_CACHED, SLOW_BYTES_AHEAD = 5 * 2**22, 16_000

# Rows of fewer bytes are no quicker for being prefetched more than once, and those of less than
# twice as many, or whose losses take long, for being prefetched more than twice.
SLOW_ROW, LONG_ROW = 2**8, 2**9


class NoPrefetching(NamedTuple):
    """No row is prefetched: all stay near."""

    def prefetch(self, shape: Any, data: Any, order: Any, p: int) -> None:
        """Do nothing."""
        return


# Where many requests wait, a processor drops some, and while it waits for a row that was dropped it
# prefetches no others. Prefetched twice, 1M x 100 takes 0.84 times as long; four times, rows of 600
# to 800 bytes take 0.91 to 0.93 times as long as twice, but 1.12 times where the loss is the
# logistic one.
class Ahead(NamedTuple):
    """A row and its targets are prefetched when so many rows are to come before it, each time."""

    rows: tuple[int, ...]

    def prefetch(self, shape: Any, data: Any, order: Any, p: int) -> None:
        """Prefetch rows, where the one at place p of the order is used."""
        X, y = data.rows.X, data.targets.y
        for ahead in self.rows:
            i = np.intp(order[unsigned(min(p + ahead, order.size - 1))])
            prefetch_line(y, i * y.shape[1] * y.itemsize)
            prefetch_row(shape, X, i)


def prefetching_of(rows: Any, is_slow: bool, losses_take_long: bool) -> NoPrefetching | Ahead:
    """Return how rows are prefetched, if memory is slow to bring them or not."""
    if rows.ahead == 0:
        return NoPrefetching()
    row_bytes = bytes_of_row(rows)
    if not is_slow:
        return Ahead((min(ROWS_AHEAD, BYTES_AHEAD // row_bytes),))
    ahead = SLOW_BYTES_AHEAD // row_bytes
    if row_bytes < LONG_ROW or losses_take_long:
        return Ahead((ahead, ahead // 2))
    return Ahead((ahead * 5 // 4, ahead, ahead * 3 // 4, ahead // 2))


def come_slowly(rows: Any) -> bool:
    """Tell whether memory has to bring rows, and these are so long that they wait for it."""
    return bool(rows.X.nbytes > MOST_CACHED and bytes_of_row(rows) >= SLOW_ROW)


def bytes_of_row(rows: Any) -> int:
    """Return how many bytes a row takes."""
    return int(rows.X.shape[1]) * int(rows.X.itemsize)
