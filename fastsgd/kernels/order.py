"""The order in which rows are visited: a uniformly random permutation, made at memory speed.

Source: C. R. Rao (1961) and M. Sandelius (1962). Rows are dealt into buckets at random, and each
bucket is shuffled by Fisher and Yates's method. A bucket fits in the second-level cache, so that
no swap waits for memory as those of a single shuffle of all rows would.

Random numbers are those of SplitMix64 (Steele, Lea and Flood, 2014) at a given place of their
sequence: each depends on the key and the place alone, so none has to be kept, and many can be
made at once.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .arithmetic import unsigned
from .jit import entry, inner, inner_loop

# All constants are uint64: numba turns uint64 mixed with int64 into float64.
GOLDEN = np.uint64(0x9E3779B97F4A7C15)
MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
MIX_2 = np.uint64(0x94D049BB133111EB)
# What random numbers are for; any two numbers would do.
DEAL = np.uint64(0x9FB21C651E98DF25)
SHUFFLE = np.uint64(0xD6E8FEB86659FD93)
S16, S27, S30, S31, S32, S48 = (np.uint64(s) for s in (16, 27, 30, 31, 32, 48))

# How many random numbers are made together: 4 kB of a first-level cache.
DRAWS = 2**10


@inner_loop
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


@inner
def bucket_of(row: Any, key: Any, buckets: Any) -> Any:
    """Return the bucket that a row is dealt into; `buckets` is a power of two."""
    return ((mix(key + np.uint64(row) * GOLDEN) >> S32) * np.uint64(buckets)) >> S32


# Below, random numbers are made ahead of their use, in a loop of nothing else: that runs in SIMD
# registers, and an order takes 0.4 times as long.
@inner
def draw_buckets(key: Any, first: int, count: int, buckets: int, draws: Any) -> None:
    """Set the first draws to the buckets of so many rows, from row `first` on."""
    for i in range(count):
        draws[i] = bucket_of(first + i, key, buckets)


@entry
def count(seed: Any, epoch: Any, first: int, last: int, sizes: Any, draws: Any) -> None:
    """Add to `sizes` how many of the rows first to last - 1 each bucket gets."""
    key = key_of(seed, epoch, DEAL)
    for start in range(first, last, draws.size):
        rows = min(draws.size, last - start)
        draw_buckets(key, start, rows, sizes.size, draws)
        for i in range(rows):
            sizes[draws[i]] += 1


@entry
def deal(seed: Any, epoch: Any, first: int, last: int, places: Any, order: Any, draws: Any) -> None:
    """Put the rows first to last - 1 into their buckets; `places` is where the next one goes."""
    key = key_of(seed, epoch, DEAL)
    for start in range(first, last, draws.size):
        rows = min(draws.size, last - start)
        draw_buckets(key, start, rows, places.size, draws)
        for i in range(rows):
            bucket = draws[i]
            order[places[bucket]] = start + i
            places[bucket] += 1


@entry
def shuffle_all(seed: Any, epoch: Any, orders: Any, draws: Any) -> None:
    """Set each row of `orders` to all numbers of rows, shuffled, from one epoch on."""
    for e in range(orders.shape[0]):
        order = orders[e]
        for p in range(order.size):
            order[p] = p
        swap_at_random(seed, epoch + np.uint64(e), 0, order.size, order, draws)


@inner
def swap_at_random(seed: Any, epoch: Any, first: int, last: int, order: Any, draws: Any) -> None:
    """Swap each entry of order[first:last] with one before it, or with itself."""
    key = key_of(seed, epoch, SHUFFLE)
    for start in range(first, last, draws.size):
        entries = min(draws.size, last - start)
        for i in range(entries):
            before = np.uint64(start - first + i)
            draws[i] = random_below(before + np.uint64(1), key, np.uint64(first) + before)
        for i in range(entries):
            p, q = unsigned(start + i), unsigned(first) + unsigned(draws[i])
            order[p], order[q] = order[q], order[p]


@entry
def lay_out(runs: Any, first: int, last: int, length: Any, n: int, place: Any, order: Any) -> Any:
    """Put the rows of runs[first:last] into `order` from `place` on; return the place after them.

    A run is so many consecutive rows, but that the last of all n rows may be in a shorter one.
    """
    for r in range(first, last):
        begin = np.intp(runs[r]) * length
        for row in range(begin, min(begin + length, n)):
            order[unsigned(place)] = row
            place += 1
    return place


@entry
def shuffle_windows(
    seed: Any, epoch: Any, first: int, last: int, length: int, order: Any, draws: Any
) -> None:
    """Shuffle each window of so many entries of order[first:last]."""
    for start in range(first, last, length):
        swap_at_random(seed, epoch, start, min(start + length, last), order, draws)
