"""The order in which an epoch visits the rows."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np

from . import checks
from .arrays import Array
from .kernels import order as kernels
from .kernels.sparse import Sparse
from .problem import Problem
from .settings import Settings
from .stretches import STRETCH, rows_in_a_stretch, stretches

UINT32, UINT64 = np.dtype(np.uint32), np.dtype(np.uint64)

# How many numbers of orders are made at a time: 4 MB of a third-level cache. A call that visits ten
# million rows once takes 0.92 times as long as with room for all of them, and short epochs that are
# run together 0.92 to 0.98 times as long as with an eighth of this.
PIECE = 2**20

# Up to so many rows are shuffled: swaps wander through 256 kB of a second-level cache, and numbers
# drawn for them are uniform. More rows are numbered by a network, in a third of the time that
# dealing them into buckets and shuffling these took.
SHUFFLED = 2**16

# With shuffle="block", the most bytes of the rows that are shuffled one by one, half a second-level
# cache, and the bytes of those that stay neighbours until then: the less, the more often memory has
# to be opened at another place.
WINDOW = 2**19
RUN = 2**12

# Rows of so many bytes, and longer ones, are fully shuffled then as well: a million of 400 bytes
# take 0.83 times as long.
LONG = 2**8

# What tells the random numbers of runs, places and cuts from those of rows; any would do.
OF_RUNS, OF_PLACES, OF_CUTS = 0xA0761D6478BD642F, 0xE7037ED1A0B428DB, 0x8EBC6AF09C88C6E3


def index_dtype(n: int) -> np.dtype[Any]:
    """Return the smallest type that numbers n rows: 4 bytes a row up to 4 billion rows."""
    return UINT32 if n <= 2**32 else UINT64


class Orders(Protocol):
    """The orders in which the epochs of a fit visit its rows, made piece by piece."""

    at_once: int  # of how many epochs they may be made together, each in one piece

    def pieces(self, epoch: int, count: int) -> Iterator[Array]:
        """Yield the orders of an epoch and of those after it, of shape (count, rows of the piece).

        Or of shape (1, rows), which stands for all. A piece holds whole mini-batches, and is good
        until the next one is asked for.
        """


def orders_of(
    problem: Problem, settings: Settings, row_cost: int, seed: int, numbers: Array | None
) -> Orders:
    """Return the orders of the epochs of a fit, of all rows or of those of some numbers."""
    n, rows, row_bytes = problem.n, problem.data.rows, None
    if not settings.shuffle:
        return _InSequence(np.arange(n, dtype=index_dtype(n)) if numbers is None else numbers)
    if settings.shuffle == "block":
        row_bytes = rows.row_length * rows.dtype.itemsize
    unit = settings.batch_size
    if isinstance(rows, Sparse):  # whose stretches end with a sweep: no piece cuts one short
        unit = rows_in_a_stretch(unit, row_cost)
    if numbers is None:
        return random_orders(n, unit, seed, row_bytes)
    return _OfSome(numbers, random_orders(numbers.size, unit, seed, row_bytes))


class _InSequence:
    """The same numbers in each epoch, from first to last."""

    def __init__(self, numbers: Array) -> None:
        self.at_once, self.numbers = max(1, PIECE // numbers.size), numbers

    def pieces(self, epoch: int, count: int) -> Iterator[Array]:
        return iter((self.numbers[None],))


class _OfSome:
    """Some numbers of rows, in the orders of as many rows."""

    def __init__(self, numbers: Array, orders: Orders) -> None:
        self.numbers, self.orders, self.at_once = numbers, orders, orders.at_once

    def pieces(self, epoch: int, count: int) -> Iterator[Array]:
        return (self.numbers[piece] for piece in self.orders.pieces(epoch, count))


def random_orders(n: int, unit: int, seed: int, row_bytes: int | None = None) -> Orders:
    """Return random orders of n rows, in pieces of whole units of so many rows.

    Where the bytes of a row are given, they are orders by blocks.
    """
    piece_length = min(n, max(1, PIECE // unit) * unit)
    if row_bytes is not None and row_bytes < LONG and n * row_bytes > WINDOW:
        return _ByBlocks(n, seed, piece_length, RUN // row_bytes)
    return _Shuffled(n, seed) if n <= SHUFFLED else _Numbered(n, seed, piece_length)


class _Shuffled:
    """Random orders of up to SHUFFLED rows, which are shuffled anew for each epoch."""

    def __init__(self, n: int, seed: int) -> None:
        self.at_once, self.seed = max(1, PIECE // n), np.uint64(seed)
        self.room = np.empty((0, n), UINT32)

    def pieces(self, epoch: int, count: int) -> Iterator[Array]:
        if len(self.room) < count:
            self.room = np.empty((count, self.room.shape[1]), UINT32)
        places, draws = self.room[:count], np.empty(kernels.DRAWS, np.uint32)
        kernels.shuffle_all(self.seed, np.uint64(epoch), places, draws)
        return iter((places,))


class _Numbered:
    """Random orders of more rows, in which a network computes the row at each place."""

    at_once = 1

    def __init__(self, n: int, seed: int, piece_length: int) -> None:
        self.n, self.seed, self.piece_length = n, np.uint64(seed), piece_length
        self.room = np.empty((1, piece_length), index_dtype(n))

    def pieces(self, epoch: int, count: int) -> Iterator[Array]:
        coordinates = np.empty((2, kernels.DRAWS), np.uint32)
        width = math.isqrt(self.n - 1) + 1  # of a table that is nearly square
        for first, last in stretches(0, self.n, self.piece_length):
            piece = self.room[:, : last - first]
            # A piece may be one batch of any size, and longer than Ctrl-C should wait.
            for start, stop in stretches(first, last, STRETCH):
                part = piece[0, start - first : stop - first]
                kernels.permute(
                    self.seed, np.uint64(epoch), self.n, start, width, part, *coordinates
                )
            yield piece


class _ByBlocks:
    """Random orders by blocks: runs of rows, drawn from all of them, are shuffled in windows.

    Where n is no multiple of the length of a run, one run is shorter. The rows are taken as a ring,
    which is cut into runs from a row on that is drawn anew for each epoch: were the shorter run
    always that of the last rows, these could not come to every place.
    """

    at_once = 1

    def __init__(self, n: int, seed: int, piece_length: int, run_length: int) -> None:
        self.n, self.seed, self.piece_length = n, seed, piece_length
        self.run_length = run_length
        runs = -(-n // run_length)
        windows = -(-runs // min(WINDOW // RUN, SHUFFLED // run_length))
        runs_in_window = -(-runs // windows)
        self.bounds = _bounds_of_windows(runs, windows, runs_in_window)
        self.places = np.empty(runs_in_window * run_length, np.uint32)
        # The last window of a piece may end beyond it: what is left begins the next piece.
        self.room = np.empty((1, min(n, piece_length + self.places.size)), index_dtype(n))
        self.order_of_runs = random_orders(runs, runs, seed ^ OF_RUNS)

    def pieces(self, epoch: int, count: int) -> Iterator[Array]:
        seed, number, n, room = np.uint64(self.seed), np.uint64(epoch), self.n, self.room
        starts, short = self._runs(epoch)
        draws = np.empty(kernels.DRAWS, np.uint32)
        of_places = np.uint64(self.seed ^ OF_PLACES)
        kernels.shuffle_places(of_places, number, self.run_length, self.places, draws)
        window = filled = 0
        for first, last in stretches(0, n, self.piece_length):
            rows = last - first
            for _, wanted in stretches(filled, rows, STRETCH):
                window, filled = kernels.shuffle_windows(
                    seed,
                    number,
                    n,
                    starts,
                    short,
                    self.bounds,
                    window,
                    self.run_length,
                    self.places,
                    filled,
                    wanted,
                    room[0],
                    draws,
                )
            yield room[:, :rows]
            filled -= rows
            room[:, :filled] = room[:, rows : rows + filled]

    def _runs(self, epoch: int) -> tuple[Array, int]:
        """Return the first rows of the runs, in random order, and that of the shorter run."""
        n, length, cut = self.n, self.run_length, 0
        (order,) = self.order_of_runs.pieces(epoch, 1)
        if n % length:
            cut = _number_below(n, self.seed ^ OF_CUTS, epoch)
        # In 64 bits, as numpy 1 leaves a uint32 array what it is, whatever it is multiplied by.
        starts = order[0].astype(np.uint64) * np.uint64(length) + np.uint64(cut)
        return (starts % np.uint64(n)).astype(self.room.dtype), (n - n % length + cut) % n


def _number_below(n: int, seed: int, epoch: int) -> int:
    """Return a random number from 0 to n - 1, the same in all versions of all libraries."""
    digest = hashlib.sha256(seed.to_bytes(8, "little") + epoch.to_bytes(8, "little")).digest()
    return int.from_bytes(digest, "little") % n


def _bounds_of_windows(runs: int, windows: int, runs_in_window: int) -> Array:
    """Return the places of the runs with which windows begin, and where the last one ends.

    The last two windows share evenly what the others leave, so that each has at least half as many
    runs as these: an epoch should not end with a window of one run, which is of neighbours alone.
    """
    bounds = np.arange(windows + 1) * runs_in_window
    bounds[-1] = runs
    if windows > 1:
        bounds[-2] = (bounds[-3] + runs) // 2
    return bounds


def epoch_order(n: int, seed: int, epoch: int, *, row_bytes: int | None = None) -> Array:
    """Return the order in which one epoch of `fit` visits the rows.

    It is a random permutation, new in every epoch, and decided by these arguments alone;
    mini-batch i of epoch `epoch` holds the rows
    ``epoch_order(n, model.seed, epoch)[i * batch_size : (i + 1) * batch_size]``.

    Up to 65,536 rows are shuffled by Fisher and Yates's method, and all permutations are equally
    likely, as far as a seed of 64 bits can tell them apart. More rows are numbered by a Feistel
    network of six rounds, whose functions the seed and the epoch decide: every row is equally
    likely at every place, and so are any two at two places, as far as statistical tests can tell.
    In an order by blocks, with `row_bytes` below 256, every row is as likely at every place as at
    any other, but rows of one run come near each other, and all windows of an epoch are shuffled in
    one way.

    Parameters
    ----------
    n : int
        Number of rows that are learned from, up to 2**48: where `validation` holds out a share of
        them, the others are numbered as they follow each other.
    seed : int
        The seed of the fit, ``model.seed``: 0 to 2**64 - 1.
    epoch : int
        The number of the epoch, up to 2**64 - 1; the first one is 0.
    row_bytes : int, optional
        For the order of ``fit(..., shuffle="block")``: how many bytes a row of X takes as it is
        computed with, ``X.shape[1]`` times 4 for float32 and float16, else times 8; where X is
        sparse, so many times ``max(1, X.nnz // n)``, without duplicates and zeros.

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
    M. Luby and C. Rackoff, How to construct pseudorandom permutations from pseudorandom
    functions, *SIAM J. Comput.* 17 (1988); J. Black and P. Rogaway, Ciphers with arbitrary
    finite domains, *CT-RSA* (2002).

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
    (piece,) = random_orders(n, n, seed, row_bytes).pieces(epoch, 1)
    order: Array = piece[0]
    return order
