"""Reading sparse rows, in the time that their non-zeros take."""

from typing import Any, NamedTuple

import numpy as np

from .arithmetic import unsigned
from .jit import entry, inner
from .prefetch import FIRST_CACHE
from .sparse_ahead import bounds


class Sparse(NamedTuple):
    """Rows in CSR form: row i has entries[q] in column indices[q], indptr[i] <= q < indptr[i + 1].

    Within a row the columns increase, and no entry is 0.
    """

    entries: Any  # (nnz,)
    indices: Any  # (nnz,), unsigned
    indptr: Any  # (n + 1,)
    d: int

    @property
    def n(self) -> int:
        """Return the number of rows."""
        return int(self.indptr.size) - 1

    @property
    def dtype(self) -> np.dtype[Any]:
        """Return the dtype of the numbers."""
        return self.entries.dtype

    @property
    def numbers(self) -> Any:
        """Return the numbers that are held, as an array."""
        return self.entries

    @property
    def row_length(self) -> int:
        """Return how many numbers a row has, on the average."""
        return max(1, self.entries.size // self.n)

    @property
    def block(self) -> int:
        """Return how many bytes of rows are handled together."""
        return FIRST_CACHE

    def dot_rows(self, order: Any, start: int, stop: int, t: int, w: Any, out: Any) -> None:
        """Set out[j, r] to the product of w[j] and row order[start + r], for every r and j."""
        for p in range(start, stop):
            first, last = bounds(self, order[p])
            for j in range(w.shape[0]):
                out[j, p - start] = dot(self.entries[first:last], self.indices[first:last], w[j])


@inner
def dot(entries: Any, columns: Any, w: Any) -> float:
    """Return the product of w and a row, of entries in these columns."""
    total = 0.0  # in float64, which takes no longer here, and lets no long sum drift
    for q in range(entries.size):
        total += entries[q] * w[columns[q]]
    return total


@inner
def add(entries: Any, columns: Any, factor: Any, g: Any) -> None:
    """Add a row of entries in these columns, times a factor, to g."""
    for q in range(entries.size):
        g[columns[q]] += factor * entries[q]


@entry
def is_canonical(entries: Any, indices: Any, indptr: Any, d: int, first: int, last: int) -> bool:
    """Tell whether in some rows the columns increase up to d - 1 at most, and no entry is 0."""
    for i in range(first, last):
        begin, end = indptr[i], indptr[i + 1]
        # Counted to the end of the row: such loops run in SIMD registers, at memory speed.
        faults = 0
        for q in range(begin, end):
            faults += entries[unsigned(q)] == 0
        for q in range(begin + 1, end):
            faults += indices[unsigned(q)] <= indices[unsigned(q - 1)]
        if faults > 0 or (end > begin and indices[unsigned(end - 1)] >= d):
            return False
    return True
