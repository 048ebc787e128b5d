"""Reading sparse rows, in the time that their non-zeros take."""

from typing import Any, NamedTuple

import numpy as np

from .ahead import FEW, bounds, prefetch_entries, prefetch_features, prefetch_marks
from .arithmetic import unsigned
from .finite import are_finite
from .jit import entry, inner
from .methods import bring_up
from .prefetch import FIRST_CACHE

# What is marked of a feature, side by side on one cache line: up to which step it has been
# brought, and where it is among those of the batch. With 10 million features, epochs take four
# fifths as long as with two arrays.
STEP, PLACE = 0, 1
NOWHERE = -1


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


class Held(NamedTuple):
    """What is known of features: one column for each."""

    w: Any  # (k, ...)
    slots: Any  # (slots * k, ...): what the optimizer remembers
    averages: Any  # (k, ...), or (0, ...) where there are none


class Batches(NamedTuple):
    """Sparse rows, of whose features those of one batch are brought together.

    What is known of the features that occur in the rows of a batch is moved side by side,
    steps are taken there as for dense rows, and it is moved back. So nothing of length d is
    swept for a batch. What happens to a weight in steps without a gradient is made up for when
    its feature occurs again, and at the end of each stretch of an epoch; `lapse` knows what that
    is.
    """

    rows: Sparse
    all: Held  # of all d features
    near: Held  # of those of the batch
    features: Any  # which those are
    count: Any  # (1,): how many there are
    marks: Any  # (d, 2), int64: of each feature its STEP, and its PLACE in `features` or NOWHERE
    columns: Any  # of each entry of a block: where its feature is
    starts: Any  # (block,): where the entries of a row begin among `columns`
    lapse: Any
    alpha: Any  # (d,): the strength of the penalty on each feature, or (0,) if it is one for all
    near_alpha: Any  # of the features of the batch

    def leave(self, step: Any) -> None:
        """Move the features of the batch back."""
        for c in range(self.count[0]):
            f = unsigned(self.features[c])
            copy_column(self.near, unsigned(c), self.all, f)
            self.marks[f, STEP], self.marks[f, PLACE] = step.t + 1, NOWHERE
        self.count[0] = 0

    def settle(self, parameters: Any, t: int) -> bool:
        """Bring all features up to step t; tell whether all parameters are finite."""
        for f in range(self.marks.shape[0]):
            bring_up(self.lapse, self.all, unsigned(f), self.marks[f, STEP], t)
            self.marks[f, STEP] = t
        return are_finite(self.all.w, parameters.b)

    def dot_rows(self, order: Any, start: int, stop: int, t: int, w: Any, out: Any) -> None:
        """Bring the features of rows together; set out[j, r] to the product of w[j] and row r."""
        bring_together(self, order, start, stop, t)
        for p in range(start, stop):
            first, last = bounds(self.rows, order[p])
            at = self.starts[p - start]
            columns = self.columns[at : at + last - first]
            for j in range(w.shape[0]):
                out[j, p - start] = dot(self.rows.entries[first:last], columns, w[j])

    def add_rows(self, order: Any, start: int, stop: int, factors: Any, g: Any) -> None:
        """Add factors[j, r] times row order[start + r] to g[j], for every r and j."""
        for p in range(start, stop):
            first, last = bounds(self.rows, order[p])
            at = self.starts[p - start]
            columns = self.columns[at : at + last - first]
            for j in range(g.shape[0]):
                add(self.rows.entries[first:last], columns, factors[j, p - start], g[j])


@inner
def bring_together(batches: Any, order: Any, start: int, stop: int, t: int) -> None:
    """Bring together the features of the rows order[start:stop], in step t."""
    rows, held, marks = batches.rows, batches.all, batches.marks
    starts, columns = batches.starts, batches.columns
    at = 0
    for p in range(start, stop):
        prefetch_entries(rows, order, p)
        if rows.d > FEW:
            prefetch_features(rows, order, p, held)
            prefetch_marks(rows, order, p, marks)
        starts[p - start] = at
        first, last = bounds(rows, order[p])
        for q in range(first, last):
            f = unsigned(rows.indices[q])
            if marks[f, PLACE] == NOWHERE:
                fetch(batches, f, t)
            columns[at] = marks[f, PLACE]
            at += 1


@inner
def fetch(batches: Any, f: Any, t: int) -> None:
    """Bring one feature up to step t, and to those of the batch."""
    held, count, marks = batches.all, batches.count, batches.marks
    c = count[0]
    count[0] = c + 1
    batches.features[c] = f
    bring_up(batches.lapse, held, f, marks[f, STEP], t)
    marks[f, STEP], marks[f, PLACE] = t, c
    copy_column(held, f, batches.near, unsigned(c))
    if batches.alpha.size > 0:
        batches.near_alpha[c] = batches.alpha[f]


@inner
def copy_column(source: Any, f: Any, target: Any, c: Any) -> None:
    """Copy what is known of one feature."""
    for j in range(source.w.shape[0]):
        target.w[j, c] = source.w[j, f]
    for s in range(source.slots.shape[0]):
        target.slots[s, c] = source.slots[s, f]
    for j in range(source.averages.shape[0]):
        target.averages[j, c] = source.averages[j, f]


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
