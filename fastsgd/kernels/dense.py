"""Reading dense rows."""

from __future__ import annotations

from typing import Any, NamedTuple

from .jit import inner, inner_loop
from .prefetch import prefetch_row

# Wider rows are summed in pieces: one float32 sum of ten million products drifts by 1e-3.
WIDE = 2**14

# Rows that take no more bytes than this stay in a second-level cache: not to prefetch them there
# takes a tenth off an epoch of 1000 x 100.
NEAR = 2**19


class Dense(NamedTuple):
    """Rows of a C-contiguous array of shape (n, d)."""

    X: Any

    def dot_rows(self, order: Any, start: int, stop: int, w: Any, out: Any) -> None:
        """Set out[j, r] to the product of w[j] and row order[start + r], for every r and j."""
        is_narrow = self.X.shape[1] <= WIDE
        for p in range(start, stop, 4):
            rows = min(4, stop - p)
            prefetch_ahead(self.X, order, p, rows)
            for j in range(w.shape[0]):
                if rows == 4 and is_narrow:
                    dot_four(self.X, order[p : p + 4], w[j], out[j, p - start :])
                else:
                    for q in range(p, p + rows):
                        out[j, q - start] = dot_one(self.X[order[q]], w[j])

    def add_rows(self, order: Any, start: int, stop: int, factors: Any, g: Any) -> None:
        """Add factors[j, r] times row order[start + r] to g[j], for every r and j."""
        for j in range(g.shape[0]):
            for p in range(start, stop, 4):
                if p + 4 <= stop:
                    add_four(self.X, order[p : p + 4], factors[j, p - start :], g[j])
                else:
                    for q in range(p, stop):
                        add_one(self.X[order[q]], factors[j, q - start], g[j])


@inner
def prefetch_ahead(X: Any, order: Any, p: int, rows: int) -> None:
    """Prefetch as many rows as are read at place p, from further down the order.

    Far enough for memory to answer, near enough that the second-level cache still holds them:
    64 rows, or 32 kB of longer ones. Random order then takes half the time where rows are short,
    two thirds at 400 bytes a row, and nine tenths at 4 kB.
    """
    if X.size * X.itemsize <= NEAR:
        return
    ahead = p + min(64, max(8, 32768 // (X.shape[1] * X.itemsize)))
    for q in range(ahead, min(ahead + rows, order.size)):
        prefetch_row(X, order[q])


# Four rows at a time read and write w and g once for the four, and keep four independent sums in
# flight: 1.6 times faster than row by row where rows of 100 features are in a cache.
@inner_loop
def dot_four(X: Any, rows: Any, w: Any, out: Any) -> None:
    """Set the first four entries of `out` to the products of w and four rows of X."""
    a, b, c, d = rows[0], rows[1], rows[2], rows[3]
    zero = w.dtype.type(0)
    sum_a = sum_b = sum_c = sum_d = zero
    for f in range(w.size):
        sum_a += w[f] * X[a, f]
        sum_b += w[f] * X[b, f]
        sum_c += w[f] * X[c, f]
        sum_d += w[f] * X[d, f]
    out[0], out[1], out[2], out[3] = sum_a, sum_b, sum_c, sum_d


@inner
def dot_one(x: Any, w: Any) -> Any:
    """Return the product of w and one row, however wide."""
    total = w.dtype.type(0)
    for first in range(0, w.size, WIDE):
        total += dot_narrow(x[first : first + WIDE], w[first : first + WIDE])
    return total


@inner_loop
def dot_narrow(x: Any, w: Any) -> Any:
    """Return the product of w and one row, or a piece of one."""
    total = w.dtype.type(0)
    for f in range(w.size):
        total += w[f] * x[f]
    return total


@inner_loop
def add_four(X: Any, rows: Any, factors: Any, g: Any) -> None:
    """Add four rows of X, each times its factor, to g."""
    a, b, c, d = rows[0], rows[1], rows[2], rows[3]
    by_a, by_b, by_c, by_d = factors[0], factors[1], factors[2], factors[3]
    for f in range(g.size):
        g[f] += by_a * X[a, f] + by_b * X[b, f] + by_c * X[c, f] + by_d * X[d, f]


@inner_loop
def add_one(x: Any, factor: Any, g: Any) -> None:
    """Add one row, times its factor, to g."""
    for f in range(g.size):
        g[f] += factor * x[f]
