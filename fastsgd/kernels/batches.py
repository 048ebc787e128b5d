"""The features of a batch of sparse rows, brought together: steps on them are as on dense rows."""

from typing import Any, NamedTuple

from .arithmetic import unsigned
from .finite import are_finite
from .jit import inner
from .methods import bring_up
from .sparse import Sparse, add, dot
from .sparse_ahead import FEW, bounds, prefetch_entries, prefetch_features, prefetch_marks

# What is marked of a feature, side by side on one cache line: up to which step it has been
# brought, and where it is among those of the batch. With 10 million features, epochs take four
# fifths as long as with two arrays.
STEP, PLACE = 0, 1
NOWHERE = 2**62  # beyond all places


class Known(NamedTuple):
    """What is known of features: one column for each."""

    w: Any  # (k, ...)
    slots: Any  # (slots * k, ...): what the optimizer and the penalty remember
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
    all: Known  # of all d features
    near: Known  # of those of the batch
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
        count, features, marks = self.count[0], self.features, self.marks
        scatter_columns(self.near.w, features, count, self.all.w)
        scatter_columns(self.near.slots, features, count, self.all.slots)
        scatter_columns(self.near.averages, features, count, self.all.averages)
        for c in range(count):
            f = unsigned(features[unsigned(c)])
            marks[f, STEP], marks[f, PLACE] = step.t + 1, NOWHERE
        self.count[0] = 0

    def settle(self, parameters: Any, t: int) -> bool:
        """Bring all features up to step t; tell whether all parameters are finite."""
        for j in range(self.all.w.shape[0]):
            for f in range(self.marks.shape[0]):
                bring_up(self.lapse, self.all, j, unsigned(f), self.marks[f, STEP], t)
        for f in range(self.marks.shape[0]):
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
    rows, known, marks = batches.rows, batches.all, batches.marks
    starts, columns, features = batches.starts, batches.columns, batches.features
    before = count = batches.count[0]
    at = 0
    for p in range(start, stop):
        prefetch_entries(rows, order, p)
        if rows.d > FEW:
            prefetch_features(rows, order, p, known.w)
            prefetch_features(rows, order, p, known.slots)
            prefetch_features(rows, order, p, known.averages)
            prefetch_marks(rows, order, p, marks)
        starts[p - start] = at
        first, last = bounds(rows, order[p])
        for q in range(first, last):
            f = unsigned(rows.indices[unsigned(q)])
            # A feature that is new comes to the next place, and without a branch, as no processor
            # could tell beforehand which are: with one, epochs of Adam take 1.4 times as long.
            place = min(marks[f, PLACE], count)
            features[unsigned(count)] = f
            marks[f, PLACE] = columns[unsigned(at)] = place
            count += place == count
            at += 1
    batches.count[0] = count
    bring_near(batches, before, count, t)


# Array by array: feature by feature, epochs of Adam take twice as long.
@inner
def bring_near(batches: Any, first: int, last: int, t: int) -> None:
    """Bring some features of the batch up to step t, and what is known of them to its place."""
    known, near, marks, features = batches.all, batches.near, batches.marks, batches.features
    for j in range(known.w.shape[0]):
        for c in range(first, last):
            f = unsigned(features[unsigned(c)])
            bring_up(batches.lapse, known, j, f, marks[f, STEP], t)
    for c in range(first, last):
        marks[unsigned(features[unsigned(c)]), STEP] = t
    gather_columns(known.w, features, first, last, near.w)
    gather_columns(known.slots, features, first, last, near.slots)
    gather_columns(known.averages, features, first, last, near.averages)
    if batches.alpha.size > 0:
        for c in range(first, last):
            batches.near_alpha[c] = batches.alpha[features[c]]


@inner
def gather_columns(table: Any, features: Any, first: int, last: int, near: Any) -> None:
    """Copy the columns features[first:last] of a table to columns first to last - 1 of another."""
    for j in range(table.shape[0]):
        for c in range(first, last):
            near[j, unsigned(c)] = table[j, unsigned(features[unsigned(c)])]


@inner
def scatter_columns(near: Any, features: Any, count: int, table: Any) -> None:
    """Copy the first columns of a table to the columns features[:count] of another."""
    for j in range(table.shape[0]):
        for c in range(count):
            table[j, unsigned(features[unsigned(c)])] = near[j, unsigned(c)]
