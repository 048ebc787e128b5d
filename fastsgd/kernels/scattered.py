"""Plain SGD on sparse rows, whose gradients go straight into the weights.

The step of plain SGD is linear: the sum of the gradients of a small batch need not be gathered
before it is taken. Nothing is moved, and of a feature nothing but its weight is touched, with L1
the step up to which it has been brought, or what it owes, and with averages what they go by.
"""

from typing import Any, NamedTuple

from .finite import are_finite
from .jit import inner
from .methods import dot_up, finish, note_change, note_scale, note_step, pay, take_sums
from .sparse_ahead import WEIGHTS_LEFT, bounds, prefetch_entries, prefetch_features


class Scattered(NamedTuple):
    """Sparse rows, and the weights that they are added to.

    The weights of output j are ``scale[j] * w[j]``: a step of L2 shrinks the scale alone.
    What else happens in the steps in which a feature does not occur, `lapse` makes up for.
    """

    rows: Any
    w: Any  # (k, d)
    changes: Any  # those of `sums`, (k, d), which are prefetched as well; or (0, 1)
    # What `lapse` has to know of each weight: up to which of its steps it has been brought, (k, d),
    # unsigned; or what it owes, (2, k, d); or nothing, (k, 0).
    beside: Any
    lapse: Any
    scale: Any  # (k,)
    count: Any  # (1,): 0, as no step of the weights is left once they are added
    scores: Any  # (k, at least batch_size): the derivatives of the rows of a batch
    decay: Any  # what is lost of a weight in a step with a learning rate of 1
    small: Any  # a scale below this becomes 1
    most: Any  # of a rate over the scale, lest factors overflow: beyond it the scale becomes 1
    sums: Any  # for averages

    def dot_rows(self, order: Any, start: int, stop: int, t: int, w: Any, out: Any) -> None:
        """Set out[j, r] to the product of the weights and row order[start + r], for all j, r."""
        for p in range(start, stop):
            prefetch_entries(self.rows, order, p)
            if self.w.size * self.w.strides[1] > WEIGHTS_LEFT:
                prefetch_features(self.rows, order, p, self.w)
                prefetch_features(self.rows, order, p, self.changes)
            first, last = bounds(self.rows, order[p])
            entries, indices = self.rows.entries[first:last], self.rows.indices[first:last]
            for j in range(self.scale.size):
                product = dot_up(self.lapse, entries, indices, self.w[j], self.beside, j, t)
                out[j, p - start] = self.scale[j] * product

    def add_rows(self, order: Any, start: int, stop: int, factors: Any, g: Any) -> None:
        """Do nothing: the rows are added to the weights."""
        return

    def leave(self, step: Any) -> None:
        """Take the step: add the rows, times their factors, to the weights."""
        for j in range(self.scale.size):
            if step.pace[j] > 0:
                rate = step.lr * step.pace[j]
                self.scale[j] *= 1 - min(1.0, rate * self.decay)
                if self.scale[j] < max(self.small, min(1.0, rate / self.most)):
                    bring_all_up(self, j, step.t)
                length = rate / self.scale[j]
                note_step(self.lapse, length, j, step.t)
                by = -length * step.mean
                for p in range(step.first, step.last):
                    factor = self.w.dtype.type(by * self.scores[j, p - step.first])
                    # Of the hinges of twenty classes most are 0: epochs take 0.6 times as long.
                    if factor != 0:
                        first, last = bounds(self.rows, step.order[p])
                        entries = self.rows.entries[first:last]
                        columns = self.rows.indices[first:last]
                        add_noted(entries, columns, factor, self.w[j], self.sums, j)
                for p in range(step.first, step.last):
                    first, last = bounds(self.rows, step.order[p])
                    columns = self.rows.indices[first:last]
                    w, scale = self.w[j], self.scale[j]
                    pay(self.lapse, columns, w, self.beside, scale, self.sums, j, step.t + 1)
                note_scale(self.sums, self.scale, j, step.t)

    def settle(self, parameters: Any, t: int) -> bool:
        """Bring all weights up to step t; tell whether all parameters are finite."""
        for j in range(self.scale.size):
            bring_all_up(self, j, t)
        return are_finite(self.w, parameters.b)


@inner
def bring_all_up(rows: Any, j: Any, t: Any) -> None:
    """Bring all weights of output j, and their averages, up to step t, and to a scale of 1."""
    take_sums(rows.sums, rows.w[j], j, t)
    finish(rows.lapse, rows.w[j], rows.beside, rows.scale, j, t)


@inner
def add_noted(entries: Any, columns: Any, factor: Any, w: Any, sums: Any, j: Any) -> None:
    """Add a row of entries in these columns, times a factor, to the weights of output j."""
    for q in range(entries.size):
        f = columns[q]
        before, w[f] = w[f], w[f] + factor * entries[q]
        note_change(sums, j, f, before, w[f])
