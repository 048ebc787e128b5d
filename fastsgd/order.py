"""The order in which an epoch visits the rows."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from . import checks
from .kernels import order as kernels
from .stretches import STRETCH, stretches

Array = np.ndarray[Any, Any]

UINT32, UINT64 = np.dtype(np.uint32), np.dtype(np.uint64)

# Up to so many rows are shuffled: swaps wander through 256 kB of a second-level cache, and numbers
# drawn for them are uniform. More rows are numbered by a network, in a third of the time that
# dealing them into buckets and shuffling these took.
SHUFFLED = 2**16

# With shuffle="block", the bytes of the rows that are shuffled one by one, half a second-level
# cache, and of those that stay neighbours until then: the less, the more often memory has to be
# opened at another place.
WINDOW = 2**19
RUN = 2**12

# What tells the random numbers of runs, places and cuts from those of rows; any would do.
OF_RUNS, OF_PLACES, OF_CUTS = 0xA0761D6478BD642F, 0xE7037ED1A0B428DB, 0x8EBC6AF09C88C6E3


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
    n, draws = orders.shape[1], np.empty((2, kernels.DRAWS), np.uint32)
    if row_bytes is not None and 2 * row_bytes <= RUN and n * row_bytes > WINDOW:
        for i, order in enumerate(orders):
            _fill_by_blocks(order, seed, epoch + i, row_bytes, draws)
    elif n <= SHUFFLED:
        kernels.shuffle_all(np.uint64(seed), np.uint64(epoch), orders, draws[0])
    else:
        for i, order in enumerate(orders):
            _fill_order(order, np.uint64(seed), np.uint64(epoch + i), draws)


class Orders:
    """The orders in which the epochs of a fit visit its rows, of n in all or the `numbers` of some.

    With `row_bytes` they are those of shuffle="block".
    """

    def __init__(
        self, n: int, numbers: Array | None, is_shuffled: bool, seed: int, row_bytes: int | None
    ) -> None:
        self.numbers, self.is_shuffled = numbers, is_shuffled
        self.seed, self.row_bytes = seed, row_bytes
        size = n if numbers is None else numbers.size
        if is_shuffled:
            self.room = np.empty((0, size), index_dtype(size))
        else:
            self.room = (np.arange(n, dtype=index_dtype(n)) if numbers is None else numbers)[None]

    def of(self, epoch: int, count: int) -> Array:
        """Return the orders of an epoch and of those after it, until others are asked for.

        Where rows are not shuffled, one stands for all.
        """
        if not self.is_shuffled:
            return self.room
        if len(self.room) < count:
            self.room = np.empty((count, self.room.shape[1]), self.room.dtype)
        places = self.room[:count]
        fill_orders(places, self.seed, epoch, self.row_bytes)
        return places if self.numbers is None else self.numbers[places]


def _fill_order(order: Array, seed: Any, epoch: Any, draws: Array) -> None:
    """Set `order` to that of so many rows that they are not shuffled."""
    width = math.isqrt(order.size - 1) + 1
    for first, last in stretches(0, order.size, STRETCH):
        kernels.permute(seed, epoch, first, last, width, order, *draws)


def _fill_by_blocks(order: Array, seed: int, epoch: int, row_bytes: int, draws: Array) -> None:
    """Set `order` to windows of runs of rows, drawn from all of them, each window shuffled.

    The rows are a ring, which is cut into runs at a place drawn at random if they do not come out
    even.
    """
    n, run = order.size, RUN // row_bytes
    starts = np.empty((1, -(-n // run)), order.dtype)
    fill_orders(starts, seed ^ OF_RUNS, epoch)
    starts *= run
    # Else the rows of the last run, if it is a shorter one, would come to some places never.
    shift = np.random.default_rng([seed ^ OF_CUTS, epoch]).integers(n) if n % run else 0
    short = int(((n - n % run) + shift) % n)
    starts = ((starts[0].astype(np.uint64) + np.uint64(shift)) % np.uint64(n)).astype(order.dtype)
    windows = -(-starts.size // min(WINDOW // RUN, SHUFFLED // run))
    runs = -(-starts.size // windows)
    bounds = _bounds_of_windows(starts.size, windows, runs)
    places, of_places = np.empty(runs * run, np.uint32), np.uint64(seed ^ OF_PLACES)
    kernels.shuffle_places(of_places, np.uint64(epoch), run, places, draws[0])
    filled = 0
    for first, last in stretches(0, windows, max(1, STRETCH // places.size)):
        filled = kernels.shuffle_windows(
            np.uint64(seed),
            np.uint64(epoch),
            starts,
            short,
            bounds,
            first,
            last,
            run,
            places,
            filled,
            order,
            draws[0],
        )


def _bounds_of_windows(total: int, windows: int, runs: int) -> Array:
    """Return where windows of so many runs begin, and the last ends; the last two share the rest.

    Each of these has at least half as many: an epoch should not end with neighbours alone.
    """
    bounds = np.arange(windows + 1) * runs
    bounds[-1] = total
    if windows > 1:
        bounds[-2] = (bounds[-3] + total) // 2
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
    In an order by blocks, with `row_bytes`, every row is as likely at every place as at any other,
    but rows of one run come near each other, and all windows of an epoch are shuffled in one way.

    Parameters
    ----------
    n : int
        Number of rows.
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
    orders = np.empty((1, n), index_dtype(n))
    fill_orders(orders, seed, epoch, row_bytes)
    order: Array = orders[0]
    return order
