"""The limits of the machine, measured in the same run: what no epoch can be much faster than."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numba import njit
from scipy.sparse import issparse

import fastsgd
from fastsgd.kernels.prefetch import CACHE_LINE, prefetch_bytes, prefetch_line
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
    read = read_in_random_order(task.X, task.y)

    def run(batches: int) -> Visit:
        read()
        return Visit(task.X.shape[0], None)

    return run


def read_in_random_order(X: Any, y: Any) -> Callable[[], object]:
    """Return what reads all rows and targets, in a random order that is there already."""
    order = fastsgd.epoch_order(X.shape[0], seed=0, epoch=0)
    if X.shape[1] * X.itemsize < CACHE_LINE:
        return partial(total_of_short, X, y, order)
    ones, sums = np.ones((1, X.shape[1]), X.dtype), np.empty((1, ROWS), X.dtype)
    return partial(total_in, X, y, order, ones, sums)


# Sums that may be reordered run in SIMD registers, many at a time, and wait only for memory.
REORDERED = {"reassoc", "nsz", "contract"}

# How many rows ahead are fetched: with half as many, rows of 20 features take 1.4 times as long.
AHEAD = 64

# How many rows are read at a time; they fetch half as many line by line, as they are read.
ROWS = 8
dot_tile = dots([Size(ROWS, 1, fetched=ROWS // 2)])


@njit(fastmath=REORDERED)
def total(values: Any) -> Any:
    """Return the sum, in the precision of the values."""
    result = values.dtype.type(0)
    for i in range(values.size):
        result += values[i]
    return result


@njit(fastmath=REORDERED)
def total_of_short(X: Any, y: Any, order: Any) -> Any:
    """Return the sum of all rows and targets, four rows at a time, in the order given."""
    result = X.dtype.type(0)
    fours, row_bytes = order.size - order.size % 4, X.shape[1] * X.itemsize
    for p in range(0, fours, 4):
        for q in range(p + AHEAD, min(p + AHEAD + 4, order.size)):
            later = np.intp(order[q])
            prefetch_bytes(X, later * row_bytes, (later + 1) * row_bytes)
            prefetch_line(y, later * y.itemsize)
        h, i, j, k = order[p], order[p + 1], order[p + 2], order[p + 3]
        for column in range(X.shape[1]):
            result += X[h, column] + X[i, column] + X[j, column] + X[k, column]
        result += y[h] + y[i] + y[j] + y[k]
    for p in range(fours, order.size):
        result += X[order[p]].sum() + y[order[p]]
    return result


@njit(fastmath=REORDERED)
def total_in(X: Any, y: Any, order: Any, ones: Any, sums: Any) -> Any:
    """Return the sum of all rows and targets, in the order given, of rows of a cache line or more.

    `ones`, of shape (1, d), holds ones, and `sums`, of shape (1, ROWS), is overwritten.
    """
    result = X.dtype.type(0)
    tiled, row_bytes = order.size - order.size % ROWS, X.shape[1] * X.itemsize
    for p in range(0, tiled, ROWS):
        first = min(p + AHEAD, order.size - ROWS)
        for q in range(first, first + ROWS):
            prefetch_line(y, np.intp(order[q]) * y.itemsize)
        for q in range(first + ROWS // 2, first + ROWS):
            later = np.intp(order[q]) * row_bytes
            prefetch_bytes(X, later, later + row_bytes)
        dot_tile(X, order, Place(p, ROWS, 0, 1, 0, first, ROWS // 2), ones, sums)
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
