"""The order in which rows are visited: a random permutation, made at memory speed.

As many rows as stay in a second-level cache while they are swapped are shuffled by Fisher and
Yates's method. More are numbered by a Feistel network (Luby and Rackoff, 1988), which sends each
place of the order to a row by arithmetic alone: no swap waits for memory.

Random numbers are those of SplitMix64 (Steele, Lea and Flood, 2014) at a given place of their
sequence: each depends on the key and the place alone, so none has to be kept, and many can be
made at once.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .arithmetic import unsigned
from .jit import entry, inner

# All constants are uint64: numba makes int64 of uint64 mixed with int64, which
# divides otherwise, and float64 of their minimum.
GOLDEN = np.uint64(0x9E3779B97F4A7C15)
MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
MIX_2 = np.uint64(0x94D049BB133111EB)
# What random numbers are for; any two numbers would do.
TURN = np.uint64(0x9FB21C651E98DF25)
SHUFFLE = np.uint64(0xD6E8FEB86659FD93)
S16, S27, S30, S31, S32, S48 = (np.uint64(s) for s in (16, 27, 30, 31, 32, 48))

# How many random numbers are made together: 4 kB of a first-level cache.
DRAWS = 2**10


@inner
def mix(z: Any) -> Any:
    """Return 64 bits that look random, and differ for different `z`."""
    z = (z ^ (z >> S30)) * MIX_1
    z = (z ^ (z >> S27)) * MIX_2
    return z ^ (z >> S31)


@inner
def key_of(seed: Any, epoch: Any, purpose: Any) -> Any:
    """Return where the random numbers of one seed, epoch and purpose begin."""
    return mix(mix(seed ^ purpose) + epoch * GOLDEN)


@inner
def random_below(bound: Any, key: Any, place: Any) -> Any:
    """Return a number from 0 to bound - 1, for bounds up to 2**16.

    No number is likelier than another by more than one part in 2**32.
    """
    return ((mix(key + place * GOLDEN) >> S16) * bound) >> S48


@entry
def shuffle_all(seed: Any, epoch: Any, orders: Any, draws: Any) -> None:
    """Set each row of `orders` to all numbers of rows, shuffled, from one epoch on."""
    for e in range(orders.shape[0]):
        order = orders[e]
        for p in range(order.size):
            order[p] = p
        swap_at_random(seed, epoch + np.uint64(e), order, draws)


@inner
def swap_at_random(seed: Any, epoch: Any, order: Any, draws: Any) -> None:
    """Swap each entry with one before it, or with itself."""
    key = key_of(seed, epoch, SHUFFLE)
    for start in range(0, order.size, draws.size):
        entries = min(draws.size, order.size - start)
        for i in range(entries):
            before = np.uint64(start + i)
            draws[i] = random_below(before + np.uint64(1), key, before)
        for i in range(entries):
            p, q = unsigned(start + i), unsigned(draws[i])
            order[p], order[q] = order[q], order[p]


# A Feistel network numbers the cells of a table in turns: each moves one coordinate by a random
# function of the other, so that no two cells come to the same place. Three turns are the fewest
# that look random, and four are the fewest that do so in both directions.
TURNS = 6
ODD_1, ODD_2 = np.uint32(0x9E3779B1), np.uint32(0x85EBCA6B)
S8, S15 = np.uint32(8), np.uint32(15)
UNIT = np.float32(2.0**-24)


@inner
def turned(x: Any, y: Any, key: Any, size: Any) -> Any:
    """Return x, plus a number from 0 to size - 1 that y decides, modulo size; all are uint32."""
    z = np.uint32(np.uint32(y ^ np.uint32(key)) * ODD_1)
    z = np.uint32(np.uint32(z ^ (z >> S15) ^ np.uint32(key >> S32)) * ODD_2)
    # 24 bits are exact in float32, and SIMD registers hold more products of those.
    distance = np.int32(np.float32(np.int32(z >> S8)) * (np.float32(size) * UNIT))
    moved = np.uint32(x + np.uint32(distance))
    back = np.uint32(moved - size)  # wraps around if moved < size
    return min(moved, back)


@inner
def turn_all(x: Any, y: Any, cells: int, key: Any, size: Any) -> None:
    """Turn so many coordinates by the others."""
    for i in range(cells):
        x[i] = turned(x[i], y[i], key, size)


@inner
def row_of(cell: Any, key: Any, height: Any, width: Any) -> Any:
    """Return where a network sends a cell of a table, both counted from left to right."""
    x, y = np.uint32(cell // np.uint64(width)), np.uint32(cell % np.uint64(width))
    for turn in range(0, TURNS, 2):
        x = turned(x, y, mix(key + np.uint64(turn) * GOLDEN), height)
        y = turned(y, x, mix(key + np.uint64(turn + 1) * GOLDEN), width)
    return np.uint64(x) * np.uint64(width) + np.uint64(y)


@entry
def permute(
    seed: Any, epoch: Any, n: int, first: int, width: int, order: Any, xs: Any, ys: Any
) -> None:
    """Set a part of an order, from place `first` on, by a table that has room for all n rows.

    Cells beyond the last row are sent on until they come to a row (Black and Rogaway, 2002).
    `xs` and `ys` are room for the coordinates of some cells.
    """
    key, rows = key_of(seed, epoch, TURN), np.uint64(n)
    height, wide = np.uint32(-(-n // width)), np.uint32(width)
    start = 0
    while start < order.size:
        above, left = (first + start) // width, (first + start) % width
        cells = min(xs.size, width - left, order.size - start)
        for i in range(cells):
            xs[i], ys[i] = above, left + i
        for turn in range(0, TURNS, 2):
            turn_all(xs, ys, cells, mix(key + np.uint64(turn) * GOLDEN), height)
            turn_all(ys, xs, cells, mix(key + np.uint64(turn + 1) * GOLDEN), wide)
        for i in range(cells):
            order[unsigned(start + i)] = np.uint64(xs[i]) * np.uint64(width) + np.uint64(ys[i])
        for i in range(cells):
            p = unsigned(start + i)
            while order[p] >= rows:
                order[p] = row_of(np.uint64(order[p]), key, height, wide)
        start += cells


# A place in a window is the number of its run, and in so many bits the place within the run, which
# has at most 2**12 rows: `order.RUN` bytes, of rows of one byte.
PLACE_BITS, PLACE = np.uint32(12), np.uint32(2**12 - 1)


@entry
def shuffle_places(seed: Any, epoch: Any, run_length: int, places: Any, draws: Any) -> None:
    """Set `places` to all places in a window of runs of this length, shuffled."""
    for start in range(0, places.size, run_length):
        run = np.uint32(start // run_length) << PLACE_BITS
        for place in range(run_length):
            places[start + place] = run | np.uint32(place)
    swap_at_random(seed, epoch, places, draws)


@inner
def rows_in_run(start: Any, short: int, run_length: int, n: int) -> int:
    """Return how many of n rows are in a run: fewer in the one that begins with row `short`."""
    left = n % run_length
    return left if left > 0 and np.intp(start) == short else run_length


# All windows are shuffled alike, so that each entry is written once: to lay out the runs and to
# swap the rows of each window takes two to three times as long.
@entry
def shuffle_windows(
    seed: Any,
    epoch: Any,
    n: int,
    starts: Any,
    short: int,
    bounds: Any,
    window: int,
    run_length: int,
    places: Any,
    filled: int,
    wanted: int,
    order: Any,
    draws: Any,
) -> tuple[int, int]:
    """Fill a part of an order with windows from number `window` on, until it has `wanted` entries.

    It has `filled` entries before. Returns the number of the next window, and how many entries
    there are then: more than are wanted where the last window ends beyond them.

    Window i is of the runs bounds[i] to bounds[i + 1] - 1, of which `starts` has the first rows. A
    run has `run_length` rows, but for that of row `short`, which may have fewer; after row n - 1 in
    a run comes row 0. A window of as many rows as `places` has them in that order; the rows of one
    of fewer, or with a run that goes on with row 0, are swapped.
    """
    while filled < wanted:
        of_window = starts[bounds[window] : bounds[window + 1]]
        begin, goes_round = filled, False
        for start in of_window:
            filled += rows_in_run(start, short, run_length, n)
            goes_round |= bool(np.intp(start) > n - run_length)
        if filled - begin == places.size and not goes_round:
            for i in range(places.size):
                start = of_window[unsigned(places[i] >> PLACE_BITS)]
                order[unsigned(begin + i)] = start + (places[i] & PLACE)
        else:
            p = begin
            for start in of_window:
                begins, rows = np.intp(start), rows_in_run(start, short, run_length, n)
                for row in range(begins, begins + rows):
                    order[p] = row if row < n else row - n
                    p += 1
            swap_at_random(seed, epoch, order[begin:filled], draws)
        window += 1
    return window, filled
