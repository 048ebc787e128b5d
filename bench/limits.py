"""The limits of the machine, measured in the same run: what no epoch can be much faster than."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from functools import partial
from typing import Any

import numpy as np
from numba import njit
from scipy.sparse import issparse

import fastsgd
from fastsgd.kernels.prefetch import prefetch_line
from fastsgd.kernels.registers import (
    MOST_SLOW_VECTORS,
    add_to,
    nothing_like,
    plus,
    prefetch_row,
    row,
    shape_of,
    weights_of,
)
from fastsgd.kernels.tiles import Place, Size, dots

from .interface import Contestant, Run, Visit
from .workloads import Task


def prepare_blas(task: Task) -> Run:
    """One gradient of all rows: two passes of BLAS, or of scipy, and nothing out of order."""
    X, y = task.X, task.y
    w = np.ones(X.shape[1], X.dtype)

    transposed = X.T

    def run(batches: int) -> Visit:
        r = X @ w - y
        transposed @ r
        return Visit(X.shape[0], None)

    return run


def prepare_read(task: Task) -> Run:
    """One read of X from first to last, of a sparse one's data and indices."""
    X = task.X
    parts = (X.data, X.indices) if issparse(X) else (X.reshape(-1),)

    def run(batches: int) -> Visit:
        for values in parts:
            total(values)
        return Visit(X.shape[0], None)

    return run


def prepare_ordered_read(task: Task) -> Run:
    """One read of all rows and targets in a random order, which is made before, not timed."""
    return reading(read_in_random_order(task.X, task.y), task.X.shape[0])


def reading(read: Callable[[], object], rows: int) -> Run:
    """Return what reads so many rows, as a contestant that learns nothing."""

    def run(batches: int) -> Visit:
        read()
        return Visit(rows, None)

    return run


def read_in_random_order(X: Any, y: Any) -> Callable[[], object]:
    """Return what reads all rows and targets, in a random order that is there already."""
    return read_in_order(X, y, fastsgd.epoch_order(X.shape[0], seed=0, epoch=0))


def read_in_order(X: Any, y: Any, order: Any) -> Callable[[], object]:
    """Return what reads rows and targets in an order."""
    ones = np.ones((1, X.shape[1]), X.dtype)
    shape = shape_of(X.shape[1], X.itemsize, MOST_SLOW_VECTORS)
    if shape is None:
        return partial(total_of_long, X, y, order, ones, np.empty((1, ROWS), X.dtype))
    ahead = min(MOST_AHEAD, max(ROWS, BYTES_AHEAD // (X.shape[1] * X.itemsize)))
    return partial(total_of_short, shape, X, y, order, ahead, ones)


def read_in_threads(X: Any, pool: Executor, threads: int) -> Callable[[], object]:
    """Return what reads X from first to last, each of so many threads a share of it."""
    shares = np.array_split(X.reshape(-1), threads)
    return lambda: list(pool.map(total, shares))


def read_in_order_in_threads(
    X: Any, y: Any, order: Any, pool: Executor, threads: int
) -> Callable[[], object]:
    """Return what reads rows and targets in an order, each of so many threads a share of it."""
    reads = [read_in_order(X, y, share) for share in np.array_split(order, threads)]
    return lambda: list(pool.map(lambda read: read(), reads))


# Sums that may be reordered run in SIMD registers, many at a time, and wait only for memory.
REORDERED = {"reassoc", "nsz", "contract"}

# How far ahead of its use a row is prefetched: so many bytes, but no more than so many rows.
BYTES_AHEAD, MOST_AHEAD = 6_400, 96

# How many rows are read at a time where registers hold none, and prefetched line by line.
ROWS = 8
dot_tile = dots([Size(ROWS, 1, prefetched=ROWS)])


@njit(fastmath=REORDERED, nogil=True)
def total(values: Any) -> Any:
    """Return the sum, in the precision of the values."""
    result = values.dtype.type(0)
    for i in range(values.size):
        result += values[i]
    return result


@njit(fastmath=REORDERED, nogil=True)
def total_of_short(shape: Any, X: Any, y: Any, order: Any, ahead: int, sums: Any) -> Any:
    """Return the sum of all targets, in the order given; add all rows to sums[0]."""
    total = nothing_like(weights_of(shape, sums, 0))
    result = y.dtype.type(0)
    for p in range(order.size):
        later = np.intp(order[min(p + ahead, order.size - 1)])
        prefetch_line(y, later * y.itemsize)
        prefetch_row(shape, X, later)
        total = plus(total, X.dtype.type(1), row(shape, X, order[p]))
        result += y[order[p]]
    add_to(sums, 0, total)
    return result


@njit(fastmath=REORDERED, nogil=True)
def total_of_long(X: Any, y: Any, order: Any, ones: Any, sums: Any) -> Any:
    """Return the sum of all rows and targets, in the order given.

    `ones`, of shape (1, d), holds ones, and `sums`, of shape (1, ROWS), is overwritten.
    """
    result = X.dtype.type(0)
    tiled = order.size - order.size % ROWS
    for p in range(0, tiled, ROWS):
        first = min(p + 2 * ROWS, order.size - ROWS)
        for q in range(first, first + ROWS):
            prefetch_line(y, np.intp(order[q]) * y.itemsize)
        dot_tile(X, order, Place(p, ROWS, 0, 1, 0, first, ROWS), ones, sums)
        for r in range(ROWS):
            result += sums[0, r] + y[order[p + r]]
    for p in range(tiled, order.size):
        result += X[order[p]].sum() + y[order[p]]
    return result


LIMITS = {
    "blas": Contestant("BLAS gradient", "numpy", "numpy", prepare_blas, True),
    "read": Contestant("one read of X", "numba", "numba", prepare_read, True),
    "ordered": Contestant("one read in random order", "numba", "numba", prepare_ordered_read),
}
