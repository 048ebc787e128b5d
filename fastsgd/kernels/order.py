"""The order in which rows are visited: a uniformly random permutation, made at memory speed.

Source: C. R. Rao (1961) and M. Sandelius (1962). Rows are dealt into buckets at random, and each
bucket is shuffled by Fisher and Yates's method. A bucket fits in the second-level cache, so that
no swap waits for memory as those of a single shuffle of all rows would.

Random numbers are those of SplitMix64 (Steele, Lea and Flood, 2014) at a given place of their
sequence: each depends on the key and the place alone, so none has to be kept.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .jit import entry, inner, inner_loop

# All constants are uint64: numba turns uint64 mixed with int64 into float64.
GOLDEN = np.uint64(0x9E3779B97F4A7C15)
MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
MIX_2 = np.uint64(0x94D049BB133111EB)
# What random numbers are for; any two numbers would do.
DEAL = np.uint64(0x9FB21C651E98DF25)
SHUFFLE = np.uint64(0xD6E8FEB86659FD93)
LOW_HALF = np.uint64(0xFFFFFFFF)
TWO_TO_32 = np.uint64(1 << 32)
S27, S30, S31, S32 = np.uint64(27), np.uint64(30), np.uint64(31), np.uint64(32)


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
    """Return an exactly uniform number from 0 to bound - 1, for bounds up to 2**32.

    Source: D. Lemire, Fast random integer generation in an interval, ACM TOMACS 29 (2019).
    """
    while True:
        bits = mix(key + place * GOLDEN)
        product = (bits >> S32) * bound
        rest = product & LOW_HALF
        if rest >= bound or rest >= (TWO_TO_32 - bound) % bound:
            return product >> S32
        key = bits  # one try in 2**32 / bound, at most: go on with other numbers


@inner
def bucket_of(row: Any, key: Any, buckets: Any) -> Any:
    """Return the bucket that a row is dealt into; `buckets` is a power of two."""
    return ((mix(key + np.uint64(row) * GOLDEN) >> S32) * np.uint64(buckets)) >> S32


@entry
def count(seed: Any, epoch: Any, first: int, last: int, sizes: Any) -> None:
    """Add to `sizes` how many of the rows first to last - 1 each bucket gets."""
    key = key_of(seed, epoch, DEAL)
    for row in range(first, last):
        sizes[bucket_of(row, key, sizes.size)] += 1


@entry
def deal(seed: Any, epoch: Any, first: int, last: int, places: Any, order: Any) -> None:
    """Put the rows first to last - 1 into their buckets; `places` is where the next one goes."""
    key = key_of(seed, epoch, DEAL)
    for row in range(first, last):
        bucket = bucket_of(row, key, places.size)
        order[places[bucket]] = row
        places[bucket] += 1


@entry
def shuffle_all(seed: Any, epoch: Any, orders: Any) -> None:
    """Set each row of `orders` to all numbers of rows, shuffled, from one epoch on."""
    for e in range(orders.shape[0]):
        order = orders[e]
        for p in range(order.size):
            order[p] = p
        swap_at_random(seed, epoch + np.uint64(e), 0, order.size, order)


@entry
def shuffle(seed: Any, epoch: Any, first: int, last: int, order: Any) -> None:
    """Shuffle order[first:last]."""
    swap_at_random(seed, epoch, first, last, order)


@inner
def swap_at_random(seed: Any, epoch: Any, first: int, last: int, order: Any) -> None:
    """Swap each entry of order[first:last] with one before it, or with itself."""
    key = key_of(seed, epoch, SHUFFLE)
    for p in range(last - 1, first, -1):
        q = first + np.intp(random_below(np.uint64(p - first + 1), key, np.uint64(p)))
        order[p], order[q] = order[q], order[p]
