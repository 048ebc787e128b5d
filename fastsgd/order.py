"""The order in which an epoch visits the rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import checks
from .interrupts import answer
from .kernels import order as kernels
from .stretches import STRETCH, stretches

Array = np.ndarray[Any, Any]

UINT32, UINT64 = np.dtype(np.uint32), np.dtype(np.uint64)

# Rows in a bucket, on the average: 128 kB of a second-level cache. No more than 2**16, up to which
# the numbers drawn for a shuffle are uniform.
BUCKET = 2**15

# With shuffle="block", the bytes of the rows that are shuffled one by one, half a second-level
# cache, and of those that stay neighbours until then: the less, the more often memory has to be
# opened at another place.
WINDOW = 2**19
RUN = 2**13

# What tells the random numbers of runs from those of rows; any number would do.
OF_RUNS = 0xA0761D6478BD642F


def index_dtype(n: int) -> np.dtype[Any]:
    """Return the smallest type that numbers n rows: 4 bytes a row up to 4 billion rows."""
    return UINT32 if n <= 2**32 else UINT64


# How many numbers the orders of several epochs take at most: half a second-level cache.
ORDERS = 2**17


def orders_at_once(n: int) -> int:
    """Return of how many epochs the orders of n rows are made together; at least 1."""
    return max(1, ORDERS // n)


def fill_orders(orders: Array, seed: int, epoch: int, row_bytes: int | None = None) -> None:
    """Set the rows of `orders` to the orders of the rows in one epoch and in those after it.

    With the number of bytes in a row, they are those of shuffle="block".
    """
    n, draws = orders.shape[1], np.empty(kernels.DRAWS, np.uint32)
    if row_bytes is not None and 2 * row_bytes <= RUN and n * row_bytes > WINDOW:
        for i, order in enumerate(orders):
            _fill_by_blocks(order, seed, epoch + i, row_bytes, draws)
    elif n <= 2 * BUCKET:
        kernels.shuffle_all(np.uint64(seed), np.uint64(epoch), orders, draws)
    else:
        for i, order in enumerate(orders):
            _fill_order(order, np.uint64(seed), np.uint64(epoch + i), draws)


def _fill_order(order: Array, seed: Any, epoch: Any, draws: Array) -> None:
    """Set `order` to that of so many rows that they are dealt into buckets first."""
    n = order.size
    buckets = 1 << (n // BUCKET).bit_length()
    sizes = np.zeros(buckets, np.int64)
    for first, last in stretches(0, n, STRETCH):
        kernels.count(seed, epoch, first, last, sizes, draws)
    ends = np.cumsum(sizes)
    places = ends - sizes
    for first, last in stretches(0, n, STRETCH):
        kernels.deal(seed, epoch, first, last, places, order, draws)
    for first, last in zip((ends - sizes).tolist(), ends.tolist(), strict=True):
        kernels.shuffle_windows(seed, epoch, first, last, max(1, last - first), order, draws)
        answer()


def _fill_by_blocks(order: Array, seed: int, epoch: int, row_bytes: int, draws: Array) -> None:
    """Set `order` to windows of runs of rows, drawn from all of them, and shuffle each window."""
    n, run = order.size, RUN // row_bytes
    window = min(WINDOW // RUN * run, 2 * BUCKET)
    runs = np.empty((1, -(-n // run)), order.dtype)
    fill_orders(runs, seed ^ OF_RUNS, epoch)
    place = 0
    for first, last in stretches(0, runs.size, max(1, STRETCH // run)):
        place = kernels.lay_out(runs[0], first, last, run, n, place, order)
    for first, last in stretches(0, n, max(1, STRETCH // window) * window):
        kernels.shuffle_windows(
            np.uint64(seed), np.uint64(epoch), first, last, window, order, draws
        )


def epoch_order(n: int, seed: int, epoch: int, *, row_bytes: int | None = None) -> Array:
    """Return the order in which one epoch of `fit` visits the rows.

    It is a random permutation, new in every epoch, and decided by these arguments alone:
    mini-batch i of epoch `epoch` holds the rows
    ``epoch_order(n, model.seed, epoch)[i * batch_size : (i + 1) * batch_size]``. All
    permutations are equally likely, but with ``shuffle="block"``.

    Parameters
    ----------
    n : int
        Number of rows.
    seed : int
        The seed of the fit, ``model.seed``: 0 to 2**64 - 1.
    epoch : int
        The number of the epoch, up to 2**64 - 1; the first one is 0.
    row_bytes : int, optional
        For the order of ``fit(..., shuffle="block")``: how many bytes a row of X takes,
        ``X.shape[1] * X.itemsize``, or the mean of ``X.data`` where X is sparse, rounded down to
        whole numbers.

    Returns
    -------
    ndarray of shape (n,), uint32 (uint64 above 2**32 rows)
        The numbers 0 to n - 1, in the order of the visit.

    Raises
    ------
    TypeError, ValueError
        If an argument is not an integer, or is out of its range.

    References
    ----------
    C. R. Rao, Generation of random permutations of given number of elements using random
    sampling numbers, *Sankhya* A 23 (1961); M. Sandelius, A simple randomization procedure,
    *J. R. Statist. Soc.* B 24 (1962).

    Examples
    --------
    >>> sorted(epoch_order(5, seed=0, epoch=0).tolist())
    [0, 1, 2, 3, 4]
    """
    n = checks.integer("n", n, at_least=1, at_most=2**48)
    seed = checks.integer("seed", seed, at_least=0, at_most=2**64 - 1)
    epoch = checks.integer("epoch", epoch, at_least=0, at_most=2**64 - 1)
    if row_bytes is not None:
        row_bytes = checks.integer("row_bytes", row_bytes, at_least=1)
    orders = np.empty((1, n), index_dtype(n))
    fill_orders(orders, seed, epoch, row_bytes)
    order: Array = orders[0]
    return order
