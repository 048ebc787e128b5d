"""Long work in short stretches.

Python answers Ctrl-C only between two calls of compiled code, so none of them may be long. The
stretches of a task depend on its size alone, and what is learned does not depend on them, but for
momentum on sparse rows at a rate that changes: weights coast at the rate of the last step before
they are brought up, which is done at the end of each stretch as well.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from .interrupts import answer
from .kernels.dense import Dense
from .kernels.parts import CHUNK
from .kernels.sparse import Sparse

# How many numbers a stretch reads: 3 to 30 milliseconds' worth, and 0.3 s where they are read in
# order from a disk of 400 MB/s. A call takes 60 us where the rows have left nothing of Python in a
# cache: with a quarter of this, 100 million numbers in float32 take 1.03 times as long.
STRETCH = 2**24

# And how many the epochs that one call runs together, each of which fits into a stretch: after the
# first one nothing is read from a disk. Where each has 2 to 8 million numbers, they take 0.85 to
# 0.88 times as long as one by one.
TOGETHER = 2**26

# The most steps in a stretch: their learning rates take 2 MB.
STEPS = 2**18


def stretches(first: int, last: int, length: int) -> Iterator[tuple[int, int]]:
    """Yield the bounds of the pieces of first..last, each `length` long but for the last.

    Raises KeyboardInterrupt where Ctrl-C was pressed before the next piece begins.
    """
    for start in range(first, last, length):
        if start > first:
            answer()
        yield start, min(start + length, last)


def cost_of_reading(rows: Dense | Sparse, k: int) -> int:
    """Return how many numbers a row counts for in a stretch, where there are k outputs.

    One of float32 counts half, and a non-zero, which has a column as well, twice. A stretch of
    sparse rows ends with a sweep over all weights. Where there are many of them, its rows count
    for less, so that it has at least twice as many numbers.
    """
    if isinstance(rows, Dense):
        return max(1, rows.d * k * rows.dtype.itemsize // 8)
    swept = 4 * rows.d * k
    return max(1, 2 * rows.row_length * k * STRETCH // max(STRETCH, swept))


def cost_of_steps(share: float, batch_size: int) -> int:
    """Return for how many numbers a row counts if a step takes such a share of a stretch."""
    return math.ceil(STRETCH * share / batch_size)


def may_be_cut(n: int, batch_size: int, row_cost: int) -> bool:
    """Tell whether the visit of n rows may take several stretches."""
    return n * row_cost > STRETCH or n > rows_in_a_stretch(batch_size, row_cost)


def epochs_in_a_stretch(n: int, batch_size: int, row_cost: int) -> int:
    """Return how many epochs one call runs; 0 where one may take several stretches."""
    if may_be_cut(n, batch_size, row_cost):
        return 0
    return min(TOGETHER // (n * row_cost), STEPS // -(-n // batch_size))


def rows_in_a_stretch(batch_size: int, row_cost: int) -> int:
    """Return how many rows a stretch of whole mini-batches has; no fewer than one batch."""
    return min(max(STRETCH // row_cost // batch_size, 1), STEPS) * batch_size


def batch_stretches(
    n: int, batch_size: int, block: int, row_cost: int
) -> Iterator[tuple[int, int]]:
    """Return stretches of whole mini-batches, or of whole blocks of one that is too large.

    Parameters
    ----------
    n : int
        Number of rows.
    batch_size : int
        Rows in a mini-batch.
    block : int
        Rows that a kernel handles together: all of a batch, or a divisor of CHUNK.
    row_cost : int
        How many numbers a row costs.
    """
    rows = max(1, STRETCH // row_cost)
    if batch_size <= max(rows, block):
        return stretches(0, n, rows_in_a_stretch(batch_size, row_cost))
    blocks, batches = max(rows // CHUNK * CHUNK, block), stretches(0, n, batch_size)
    return (piece for first, last in batches for piece in stretches(first, last, blocks))
