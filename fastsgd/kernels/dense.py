"""Reading dense rows."""

from typing import Any, NamedTuple

import numpy as np

from .arithmetic import unsigned
from .finite import are_finite
from .jit import inner
from .prefetch import prefetch_row

# Wider rows are summed in float64: one float32 sum of ten million products drifts by 1e-3.
WIDE = 2**14

# Rows that take no more bytes than this stay in a second-level cache: not to prefetch them there
# takes a tenth off an epoch of 1000 x 100.
NEAR = 2**19

# Of the type of indices that need no look at their sign.
ONE, TWO, THREE = unsigned(1), unsigned(2), unsigned(3)


class Dense(NamedTuple):
    """Rows of a C-contiguous array of shape (n, d)."""

    X: Any
    count: Any  # (1,): how many features there are
    ahead: int  # how many rows ahead of its use a row is fetched; 0: none is

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
        for p in range(start, stop, 4):
            prefetch_ahead(self, order, p, p + 4)
            for j in range(w.shape[0]):
                if p + 4 <= stop and is_narrow:
                    dot_four(self.X, order, unsigned(p), w, j, out, unsigned(p - start))
                else:
                    for q in range(p, min(p + 4, stop)):
                        dot_one(self.X, order[q], w, j, out, q - start)

    def add_rows(self, order: Any, start: int, stop: int, factors: Any, g: Any) -> None:
        """Add factors[j, r] times row order[start + r] to g[j], for every r and j."""
        for j in range(g.shape[0]):
            for p in range(start, stop, 4):
                if p + 4 <= stop:
                    add_four(self.X, order, unsigned(p), factors, unsigned(p - start), g, j)
                else:
                    for q in range(p, stop):
                        add_one(self.X, order[q], factors[j, q - start], g, j)


def rows_ahead(X: np.ndarray[Any, Any]) -> int:
    """Return how many rows ahead of its use a row is to be fetched; 0 where all stay near.

    Far enough for memory to answer, near enough that the second-level cache still holds them:
    64 rows, or 32 kB of longer ones. Random order then takes half the time where rows are short,
    two thirds at 400 bytes a row, and nine tenths at 4 kB.
    """
    return 0 if X.nbytes <= NEAR else min(64, max(8, 2**15 // (X.shape[1] * X.itemsize)))


@inner
def prefetch_ahead(rows: Any, order: Any, first: int, last: int) -> None:
    """Prefetch as many rows as are read at the places first to last - 1, from further down."""
    if rows.ahead > 0:
        for p in range(first + rows.ahead, min(last + rows.ahead, order.size)):
            prefetch_row(rows.X, order[unsigned(p)])


# Four rows at a time read and write w and g once for the four, and keep four independent sums in
# flight: 1.6 times faster than row by row where rows of 100 features are in a cache.
@inner
def dot_four(X: Any, order: Any, p: Any, w: Any, j: int, out: Any, r: Any) -> None:
    """Set out[j, r : r + 4] to the products of w[j] and four rows of X."""
    a, b, c, d = order[p], order[p + ONE], order[p + TWO], order[p + THREE]
    zero = w.dtype.type(0)
    sum_a = sum_b = sum_c = sum_d = zero
    for f in range(w.shape[1]):
        sum_a += w[j, f] * X[a, f]
        sum_b += w[j, f] * X[b, f]
        sum_c += w[j, f] * X[c, f]
        sum_d += w[j, f] * X[d, f]
    out[j, r], out[j, r + ONE], out[j, r + TWO], out[j, r + THREE] = sum_a, sum_b, sum_c, sum_d


@inner
def dot_one(X: Any, i: Any, w: Any, j: int, out: Any, r: int) -> None:
    """Set out[j, r] to the product of w[j] and one row of X, however wide."""
    total = 0.0
    for f in range(w.shape[1]):
        total += w[j, f] * X[i, f]
    out[j, r] = total


@inner
def add_four(X: Any, order: Any, p: Any, factors: Any, r: Any, g: Any, j: int) -> None:
    """Add four rows of X, each times its factor, to g[j]."""
    a, b, c, d = order[p], order[p + ONE], order[p + TWO], order[p + THREE]
    by_a, by_b = factors[j, r], factors[j, r + ONE]
    by_c, by_d = factors[j, r + TWO], factors[j, r + THREE]
    for f in range(g.shape[1]):
        g[j, f] += by_a * X[a, f] + by_b * X[b, f] + by_c * X[c, f] + by_d * X[d, f]


@inner
def add_one(X: Any, i: Any, factor: Any, g: Any, j: int) -> None:
    """Add one row, times its factor, to g[j]."""
    for f in range(g.shape[1]):
        g[j, f] += factor * X[i, f]
