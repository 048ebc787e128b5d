"""Reading dense rows."""

from typing import Any, NamedTuple

import numpy as np

from .arithmetic import unsigned
from .finite import are_finite
from .jit import inner
from .parts import rows_within
from .prefetch import CACHE_LINE, FIRST_CACHE, prefetch_bytes
from .tiles import Place, Size, dots, sums
from .vectors import HAS_LONGER

# Wider rows are summed in float64: one float32 sum of ten million products drifts by 1e-3.
WIDE = 2**14

# Rows that take no more bytes than this stay in a second-level cache: not to prefetch them there
# takes a tenth off an epoch of 1000 x 100. Of more than that, a third-level cache may hold these.
SECOND_CACHE, MIDDLE = 2**19, 2**23

# And of more than that, none holds a good part.
FROM_MEMORY = 3 * 2**24

# Rows are multiplied and added up by eights, and by fewer where fewer are left; for several outputs
# by fours, and for as many at a time as have a register for each of their sums. Epochs in the
# caches take 0.8 to 0.97 times as long as with plain loops over four and eight rows, those of ten
# outputs 0.7 to 0.75 times.
MOST, HALF, QUARTER = 8, 4, 2
OUTPUTS = 5 if HAS_LONGER else 2
PREFETCHING = Size(MOST, 1, prefetched=MOST)
SIZES = [PREFETCHING, *(Size(rows, 1) for rows in (MOST, HALF, QUARTER, 1))]
SIZES_FOR_SEVERAL = [Size(rows, j) for rows in (HALF, 1) for j in range(1, OUTPUTS + 1)]

dot_tile, add_tile = dots(SIZES), sums(SIZES)
dot_tile_for_several, add_tile_for_several = dots(SIZES_FOR_SEVERAL), sums(SIZES_FOR_SEVERAL)


class Dense(NamedTuple):
    """Rows of a C-contiguous array of shape (n, d)."""

    X: Any
    count: Any  # (1,): how many features there are
    ahead: int  # how many rows ahead of its use a row is prefetched; 0: none is
    share: int  # how many bytes of it are prefetched at a time
    in_both_passes: bool  # whether it is prefetched in both passes over a block
    block: int  # how many bytes of rows are handled together

    @property
    def n(self) -> int:
        """Return the number of rows."""
        return int(self.X.shape[0])

    @property
    def d(self) -> int:
        """Return the number of features."""
        return int(self.X.shape[1])

    @property
    def dtype(self) -> np.dtype[Any]:
        """Return the dtype of the numbers."""
        return self.X.dtype

    @property
    def numbers(self) -> Any:
        """Return the numbers that are held, as an array."""
        return self.X

    @property
    def row_length(self) -> int:
        """Return how many numbers a row has."""
        return self.d

    def leave(self, step: Any) -> None:
        """Do nothing: every step is one of all features."""
        return

    def settle(self, parameters: Any, t: int) -> bool:
        """Tell whether all parameters are finite."""
        return are_finite(parameters.w, parameters.b)

    def dot_rows(self, order: Any, start: int, stop: int, t: int, w: Any, out: Any) -> None:
        """Set out[0, r] to the product of w[0] and row order[start + r], for every r."""
        p = start
        while p < stop:
            rows, r = rows_of_tile(stop - p, order.size - p), p - start
            prefetched = prefetched_by_tile(self, order, p, rows, self.in_both_passes)
            place = Place(p, rows, 0, 1, r, first_prefetched(self, order, p), prefetched)
            if self.X.shape[1] <= WIDE:
                dot_tile(self.X, order, place, w, out)
            else:  # each is a stream that a processor prefetches by itself
                dot_wide(self.X, order, place, w, out)
            p += rows

    def add_rows(self, order: Any, start: int, stop: int, factors: Any, g: Any) -> None:
        """Add factors[0, r] times row order[start + r] to g[0], for every r."""
        clear_after(factors, stop - start)
        p = start
        while p < stop:
            rows, r = rows_of_tile(stop - p, order.size - p), p - start
            prefetched = prefetched_by_tile(self, order, p, rows, True)
            place = Place(p, rows, 0, 1, r, first_prefetched(self, order, p), prefetched)
            add_tile(self.X, order, place, factors, g)
            p += rows


class DenseForSeveral(Dense):
    """Dense rows for several outputs, which are taken by groups of about the same size.

    Before each group, in both passes, a share of rows further down the order is prefetched, or in
    each pass all of them.
    """

    __slots__ = ()

    def dot_rows(self, order: Any, start: int, stop: int, t: int, w: Any, out: Any) -> None:
        """Set out[j, r] to the product of w[j] and row order[start + r], for every r and j."""
        k, groups = w.shape[0], groups_of(w.shape[0])
        p = start
        while p < stop:
            rows, r = HALF if p + HALF <= stop else 1, p - start
            for group in range(groups):
                prefetch_ahead(self, order, p, p + rows, group)
                j = group * k // groups
                place = Place(p, rows, j, (group + 1) * k // groups - j, r, 0, 0)
                if self.X.shape[1] <= WIDE:
                    dot_tile_for_several(self.X, order, place, w, out)
                else:
                    dot_wide(self.X, order, place, w, out)
            p += rows

    def add_rows(self, order: Any, start: int, stop: int, factors: Any, g: Any) -> None:
        """Add factors[j, r] times row order[start + r] to g[j], for every r and j."""
        k, groups = g.shape[0], groups_of(g.shape[0])
        shares_before = 0 if self.in_both_passes else groups
        p = start
        while p < stop:
            rows, r = HALF if p + HALF <= stop else 1, p - start
            for group in range(groups):
                prefetch_ahead(self, order, p, p + rows, shares_before + group)
                j = group * k // groups
                place = Place(p, rows, j, (group + 1) * k // groups - j, r, 0, 0)
                add_tile_for_several(self.X, order, place, factors, g)
            p += rows


@inner
def groups_of(k: int) -> int:
    """Return by how many groups k outputs are taken."""
    return (k + OUTPUTS - 1) // OUTPUTS


# Of longer rows for several outputs only a share is prefetched at a time, before each group in both
# passes: epochs of 784 features and softmax take 0.74 to 0.84 times as long.
LONG = 2**11


# Rows of up to so many bytes are prefetched in both passes: 300 to 700 features from memory take
# 0.87 to 0.95 times as long. So are, from memory, those of up to LONG for three to five outputs:
# 150 to 500 features take 0.74 to 0.85 times as long. Others are prefetched as they are added up:
# 1 to 8 MB take 0.74 to 0.93 times as long, and 1000 features in a third-level cache 0.89 times.
TWICE = 3200


def how_prefetched(X: np.ndarray[Any, Any], k: int = 1) -> tuple[int, int, bool, int]:
    """Return how rows are to be prefetched: what `Dense` has of it.

    A block is what the first-level cache holds, alone or beside the rows of the next block, which
    are prefetched into it. None are where all stay near, else as many rows ahead as a block has at
    most: early enough for them to arrive, late enough that the cache still holds them.
    """
    row_bytes = X.shape[1] * X.itemsize
    shares = 1 if k == 1 or row_bytes <= LONG else 2 * groups_of(k)
    share = -(-row_bytes // (shares * CACHE_LINE)) * CACHE_LINE
    if X.nbytes <= SECOND_CACHE:
        return 0, share, False, FIRST_CACHE
    is_far = k > 1 or X.nbytes > MIDDLE  # only the tiles of one output tell these apart
    block = FIRST_CACHE if is_far else FIRST_CACHE // 2
    in_both_passes = is_far and row_bytes <= TWICE
    if k > 1:
        in_both_passes = X.nbytes > FROM_MEMORY and row_bytes <= LONG and groups_of(k) == 1
    return rows_within(block, row_bytes), share, in_both_passes, block


@inner
def prefetch_ahead(rows: Any, order: Any, first: int, last: int, part: int) -> None:
    """Prefetch a part of the rows that are read so far after the places first to last - 1."""
    row_bytes = rows.X.shape[1] * rows.X.itemsize
    begin = part * rows.share
    end = min(begin + rows.share, row_bytes)
    if rows.ahead > 0 and begin < end:
        for p in range(first + rows.ahead, min(last + rows.ahead, order.size)):
            at = np.intp(order[unsigned(p)]) * row_bytes
            prefetch_bytes(rows.X, at + begin, at + end)


# Of five to seven rows that are left, a tile takes those that follow in the order as well, times 0:
# epochs in batches of 5 to 7, 15, 30 and 31 take 0.65 to 0.96 times as long as by smaller tiles.
@inner
def rows_of_tile(left: int, there: int) -> int:
    """Return how many rows the next tile takes, of so many left to take, and there in the order."""
    if left > HALF and there >= MOST:
        return MOST
    return HALF if left >= HALF else QUARTER if left >= QUARTER else 1


@inner
def clear_after(factors: Any, count: int) -> None:
    """Clear the factors after the first `count` that a tile may take as well."""
    if count % MOST > HALF:
        for r in range(count, count + MOST - count % MOST):
            factors[0, r] = 0


# Eight rows are prefetched line by line as the features of others are handled: by whole rows
# together, epochs of 300 and 1000 features take 1.2 to 1.3 times as long.
@inner
def prefetched_by_tile(rows: Any, order: Any, p: int, count: int, prefetches: bool) -> int:
    """Return how many rows a tile prefetches, if it is to; prefetch some here where it cannot."""
    if rows.ahead > 0 and count == MOST:
        return MOST if prefetches else 0
    # In both passes: batches of 4 and 7 take 0.7 to 0.8 times as long as with one of them.
    prefetch_ahead(rows, order, p, p + count, 0)
    return 0


@inner
def first_prefetched(rows: Any, order: Any, p: int) -> int:
    """Return where in the order the rows begin that a tile at p prefetches."""
    return min(p + rows.ahead, order.size - MOST)


@inner
def dot_wide(X: Any, order: Any, place: Any, w: Any, out: Any) -> None:
    """Set out[j : j + outputs, r : r + rows] to products of w and rows of X, however wide."""
    p, rows, j, outputs, r, _, _ = place
    for i in range(rows):
        x = X[order[p + i]]
        for output in range(j, j + outputs):
            total = 0.0
            for f in range(w.shape[1]):
                total += w[output, f] * x[f]
            out[output, r + i] = total
