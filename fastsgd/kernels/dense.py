"""Reading dense rows."""

from typing import Any, NamedTuple

import numpy as np

from .arithmetic import unsigned
from .finite import are_finite
from .jit import inner, inner_loop
from .prefetch import CACHE_LINE, prefetch_bytes

# Wider rows are summed in float64: one float32 sum of ten million products drifts by 1e-3.
WIDE = 2**14

# Rows that take no more bytes than this stay in a second-level cache: not to prefetch them there
# takes a tenth off an epoch of 1000 x 100.
NEAR = 2**19

# Of the type of indices that need no look at their sign.
ONE, TWO, THREE, FOUR, FIVE, SIX, SEVEN = map(unsigned, range(1, 8))


class Dense(NamedTuple):
    """Rows of a C-contiguous array of shape (n, d)."""

    X: Any
    count: Any  # (1,): how many features there are
    ahead: int  # how many rows ahead of its use a row is fetched; 0: none is
    share: int  # how many bytes of it are fetched at a time

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

    def settle(self, parameters: Any, t: int) -> bool:
        """Tell whether all parameters are finite."""
        return are_finite(parameters.w, parameters.b)

    def dot_rows(self, order: Any, start: int, stop: int, t: int, w: Any, out: Any) -> None:
        """Set out[j, r] to the product of w[j] and row order[start + r], for every r and j."""
        is_narrow = self.X.shape[1] <= WIDE
        for p in range(start, stop, 8):
            prefetch_ahead(self, order, p, min(p + 8, stop), 0)
            at, r = unsigned(p), unsigned(p - start)
            for j in range(w.shape[0]):
                done = p
                if is_narrow and done + 8 <= stop:
                    dot_eight(self.X, order, at, w, j, out, r)
                    done += 8
                elif is_narrow and done + 4 <= stop:
                    dot_four(self.X, order, at, w, j, out, r)
                    done += 4
                for q in range(done, min(p + 8, stop)):
                    dot_one(self.X, order[q], w, j, out, q - start)

    def add_rows(self, order: Any, start: int, stop: int, factors: Any, g: Any) -> None:
        """Add factors[j, r] times row order[start + r] to g[j], for every r and j."""
        for p in range(start, stop, 8):
            prefetch_ahead(self, order, p, min(p + 8, stop), 1)
            at, r = unsigned(p), unsigned(p - start)
            for j in range(g.shape[0]):
                done = p
                if done + 8 <= stop:
                    add_eight(self.X, order, at, factors, r, g, j)
                    done += 8
                elif done + 4 <= stop:
                    add_four(self.X, order, at, factors, r, g, j)
                    done += 4
                for q in range(done, min(p + 8, stop)):
                    add_one(self.X, order[q], factors[j, q - start], g, j)


class DenseForSeveral(Dense):
    """Dense rows for several outputs, which are taken two at a time.

    Before each two of them, in both passes, a share of rows further down the order is prefetched.
    """

    __slots__ = ()

    def dot_rows(self, order: Any, start: int, stop: int, t: int, w: Any, out: Any) -> None:
        """Set out[j, r] to the product of w[j] and row order[start + r], for every r and j."""
        is_narrow, k = self.X.shape[1] <= WIDE, w.shape[0]
        pairs = (k + 1) // 2
        for p in range(start, stop, 4):
            end, at, r = min(p + 4, stop), unsigned(p), unsigned(p - start)
            for pair in range(pairs):
                prefetch_ahead(self, order, p, end, pair)
                j = 2 * pair
                if is_narrow and p + 4 <= stop and j + 1 < k:
                    dot_four_by_two(self.X, order, at, w, unsigned(j), out, r)
                elif is_narrow and p + 4 <= stop:
                    dot_four(self.X, order, at, w, j, out, r)
                else:
                    for q in range(p, end):
                        for one in range(j, min(j + 2, k)):
                            dot_one(self.X, order[q], w, one, out, q - start)

    def add_rows(self, order: Any, start: int, stop: int, factors: Any, g: Any) -> None:
        """Add factors[j, r] times row order[start + r] to g[j], for every r and j."""
        k = g.shape[0]
        pairs = (k + 1) // 2
        for p in range(start, stop, 4):
            end, at, r = min(p + 4, stop), unsigned(p), unsigned(p - start)
            for pair in range(pairs):
                prefetch_ahead(self, order, p, end, pairs + pair)
                j = 2 * pair
                if p + 4 <= stop and j + 1 < k:
                    add_four_by_two(self.X, order, at, factors, r, g, unsigned(j))
                elif p + 4 <= stop:
                    add_four(self.X, order, at, factors, r, g, j)
                else:
                    for q in range(p, end):
                        for one in range(j, min(j + 2, k)):
                            add_one(self.X, order[q], factors[one, q - start], g, one)


# Of longer rows only a share is prefetched at a time, before each two outputs in both passes: half
# a row for one output. Epochs of 1000 features take 0.88 to 0.98 times as long, and of 784 and
# softmax 0.74 to 0.84 times. Rows of 400 bytes, in halves, take 1.05 times as long.
LONG = 2**11


def prefetched(X: np.ndarray[Any, Any], k: int = 1) -> tuple[int, int]:
    """Return how many rows ahead of its use a row is to be fetched, and how many bytes at a time.

    0 rows where all stay near. Else far enough for memory to answer, near enough that the
    second-level cache still holds them: 64 rows, or 32 kB of longer ones. Random order then takes
    half the time where rows are short, two thirds at 400 bytes a row, and nine tenths at 4 kB.
    """
    row_bytes = X.shape[1] * X.itemsize
    ahead = 0 if X.nbytes <= NEAR else min(64, max(8, 2**15 // row_bytes))
    shares = 1 if row_bytes <= LONG else 2 * ((k + 1) // 2)
    return ahead, -(-row_bytes // (shares * CACHE_LINE)) * CACHE_LINE


@inner
def prefetch_ahead(rows: Any, order: Any, first: int, last: int, share: int) -> None:
    """Prefetch a share of the rows that are read so far after the places first to last - 1."""
    row_bytes = rows.X.shape[1] * rows.X.itemsize
    begin = share * rows.share
    end = min(begin + rows.share, row_bytes)
    if rows.ahead > 0 and begin < end:
        for p in range(first + rows.ahead, min(last + rows.ahead, order.size)):
            at = np.intp(order[unsigned(p)]) * row_bytes
            prefetch_bytes(rows.X, at + begin, at + end)


# Eight rows at a time read and write w and g once for the eight, and keep eight independent sums
# in flight: epochs of 100 features take 0.83 to 0.92 times as long as by four, and these were 1.6
# times faster than row by row.
@inner
def dot_eight(X: Any, order: Any, p: Any, w: Any, j: int, out: Any, r: Any) -> None:
    """Set out[j, r : r + 8] to the products of w[j] and eight rows of X."""
    i0, i1, i2, i3 = order[p], order[p + ONE], order[p + TWO], order[p + THREE]
    i4, i5, i6, i7 = order[p + FOUR], order[p + FIVE], order[p + SIX], order[p + SEVEN]
    s0 = s1 = s2 = s3 = s4 = s5 = s6 = s7 = w.dtype.type(0)
    for f in range(w.shape[1]):
        s0 += w[j, f] * X[i0, f]
        s1 += w[j, f] * X[i1, f]
        s2 += w[j, f] * X[i2, f]
        s3 += w[j, f] * X[i3, f]
        s4 += w[j, f] * X[i4, f]
        s5 += w[j, f] * X[i5, f]
        s6 += w[j, f] * X[i6, f]
        s7 += w[j, f] * X[i7, f]
    out[j, r], out[j, r + ONE], out[j, r + TWO], out[j, r + THREE] = s0, s1, s2, s3
    out[j, r + FOUR], out[j, r + FIVE], out[j, r + SIX], out[j, r + SEVEN] = s4, s5, s6, s7


@inner
def dot_four(X: Any, order: Any, p: Any, w: Any, j: int, out: Any, r: Any) -> None:
    """Set out[j, r : r + 4] to the products of w[j] and four rows of X."""
    i0, i1, i2, i3 = order[p], order[p + ONE], order[p + TWO], order[p + THREE]
    s0 = s1 = s2 = s3 = w.dtype.type(0)
    for f in range(w.shape[1]):
        s0 += w[j, f] * X[i0, f]
        s1 += w[j, f] * X[i1, f]
        s2 += w[j, f] * X[i2, f]
        s3 += w[j, f] * X[i3, f]
    out[j, r], out[j, r + ONE], out[j, r + TWO], out[j, r + THREE] = s0, s1, s2, s3


# Two outputs use each number of a row that is loaded twice: softmax takes 0.9 times as long.
@inner_loop
def dot_four_by_two(X: Any, order: Any, p: Any, w: Any, j: Any, out: Any, r: Any) -> None:
    """Set out[j : j + 2, r : r + 4] to the products of w[j : j + 2] and four rows of X."""
    i0, i1, i2, i3 = order[p], order[p + ONE], order[p + TWO], order[p + THREE]
    k = j + ONE
    s0 = s1 = s2 = s3 = t0 = t1 = t2 = t3 = w.dtype.type(0)
    for f in range(w.shape[1]):
        s0 += w[j, f] * X[i0, f]
        s1 += w[j, f] * X[i1, f]
        s2 += w[j, f] * X[i2, f]
        s3 += w[j, f] * X[i3, f]
        t0 += w[k, f] * X[i0, f]
        t1 += w[k, f] * X[i1, f]
        t2 += w[k, f] * X[i2, f]
        t3 += w[k, f] * X[i3, f]
    out[j, r], out[j, r + ONE], out[j, r + TWO], out[j, r + THREE] = s0, s1, s2, s3
    out[k, r], out[k, r + ONE], out[k, r + TWO], out[k, r + THREE] = t0, t1, t2, t3


@inner
def dot_one(X: Any, i: Any, w: Any, j: int, out: Any, r: int) -> None:
    """Set out[j, r] to the product of w[j] and one row of X, however wide."""
    total = 0.0
    for f in range(w.shape[1]):
        total += w[j, f] * X[i, f]
    out[j, r] = total


@inner
def add_eight(X: Any, order: Any, p: Any, factors: Any, r: Any, g: Any, j: int) -> None:
    """Add eight rows of X, each times its factor, to g[j]."""
    i0, i1, i2, i3 = order[p], order[p + ONE], order[p + TWO], order[p + THREE]
    i4, i5, i6, i7 = order[p + FOUR], order[p + FIVE], order[p + SIX], order[p + SEVEN]
    c0, c1, c2, c3 = factors[j, r], factors[j, r + ONE], factors[j, r + TWO], factors[j, r + THREE]
    c4, c5 = factors[j, r + FOUR], factors[j, r + FIVE]
    c6, c7 = factors[j, r + SIX], factors[j, r + SEVEN]
    for f in range(g.shape[1]):
        first = c0 * X[i0, f] + c1 * X[i1, f] + c2 * X[i2, f] + c3 * X[i3, f]
        second = c4 * X[i4, f] + c5 * X[i5, f] + c6 * X[i6, f] + c7 * X[i7, f]
        g[j, f] += first + second


@inner
def add_four(X: Any, order: Any, p: Any, factors: Any, r: Any, g: Any, j: int) -> None:
    """Add four rows of X, each times its factor, to g[j]."""
    i0, i1, i2, i3 = order[p], order[p + ONE], order[p + TWO], order[p + THREE]
    c0, c1, c2, c3 = factors[j, r], factors[j, r + ONE], factors[j, r + TWO], factors[j, r + THREE]
    for f in range(g.shape[1]):
        g[j, f] += c0 * X[i0, f] + c1 * X[i1, f] + c2 * X[i2, f] + c3 * X[i3, f]


@inner_loop
def add_four_by_two(X: Any, order: Any, p: Any, factors: Any, r: Any, g: Any, j: Any) -> None:
    """Add four rows of X, each times its factors, to g[j : j + 2]."""
    i0, i1, i2, i3 = order[p], order[p + ONE], order[p + TWO], order[p + THREE]
    k = j + ONE
    c0, c1, c2, c3 = factors[j, r], factors[j, r + ONE], factors[j, r + TWO], factors[j, r + THREE]
    e0, e1, e2, e3 = factors[k, r], factors[k, r + ONE], factors[k, r + TWO], factors[k, r + THREE]
    for f in range(g.shape[1]):
        x0, x1, x2, x3 = X[i0, f], X[i1, f], X[i2, f], X[i3, f]
        g[j, f] += c0 * x0 + c1 * x1 + c2 * x2 + c3 * x3
        g[k, f] += e0 * x0 + e1 * x1 + e2 * x2 + e3 * x3


@inner
def add_one(X: Any, i: Any, factor: Any, g: Any, j: int) -> None:
    """Add one row, times its factor, to g[j]."""
    for f in range(g.shape[1]):
        g[j, f] += factor * X[i, f]
