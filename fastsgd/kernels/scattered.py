"""Plain SGD on sparse rows, whose gradients go straight into the weights.

The step of plain SGD is linear: the sum of the gradients of a small batch need not be gathered
before it is taken. Nothing is moved, and of a feature nothing but its weight is touched, and with
L1 the step up to which it has been brought, or what it owes.
"""

from typing import Any, NamedTuple

from .finite import are_finite
from .methods import dot_up, finish, note_step, pay
from .sparse import add
from .sparse_ahead import WEIGHTS_LEFT, bounds, prefetch_entries, prefetch_features

# Weights are held as a product with a scale, which shrinks; below this it becomes 1 again.
SMALL = 2.0**-64


class Scattered(NamedTuple):
    """Sparse rows, and the weights that they are added to.

    The weights of output j are ``scale[j] * known.w[j]``: a step of L2 shrinks the scale alone.
    What else happens in the steps in which a feature does not occur, `lapse` makes up for.
    """

    rows: Any
    known: Any
    # What `lapse` has to know of each weight: up to which of its steps it has been brought, (k, d),
    # unsigned; or what it owes, (2, k, d); or nothing, (k, 0).
    beside: Any
    lapse: Any
    scale: Any  # (k,)
    count: Any  # (1,): 0, as no step of the weights is left once they are added
    scores: Any  # (k, at least batch_size): the derivatives of the rows of a batch
    decay: Any  # what is lost of a weight in a step with a learning rate of 1
    most: Any  # of a rate over the scale, lest factors overflow: beyond it the scale becomes 1

    def dot_rows(self, order: Any, start: int, stop: int, t: int, w: Any, out: Any) -> None:
        """Set out[j, r] to the product of the weights and row order[start + r], for all j, r."""
        for p in range(start, stop):
            prefetch_entries(self.rows, order, p)
            if self.known.w.size * self.known.w.strides[1] > WEIGHTS_LEFT:
                prefetch_features(self.rows, order, p, self.known)
            first, last = bounds(self.rows, order[p])
            entries, indices = self.rows.entries[first:last], self.rows.indices[first:last]
            for j in range(self.scale.size):
                product = dot_up(self.lapse, entries, indices, self.known.w[j], self.beside, j, t)
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
                if self.scale[j] < max(SMALL, min(1.0, rate / self.most)):
                    finish(self.lapse, self.known.w[j], self.beside, self.scale, j, step.t)
                length = rate / self.scale[j]
                note_step(self.lapse, length, j, step.t)
                by = -length * step.mean
                for p in range(step.first, step.last):
                    i = step.order[p]
                    first, last = bounds(self.rows, i)
                    entries, indices = self.rows.entries[first:last], self.rows.indices[first:last]
                    factor = self.known.w.dtype.type(by * self.scores[j, p - step.first])
                    add(entries, indices, factor, self.known.w[j])
                for p in range(step.first, step.last):
                    first, last = bounds(self.rows, step.order[p])
                    columns = self.rows.indices[first:last]
                    w, scale = self.known.w[j], self.scale[j]
                    pay(self.lapse, columns, w, self.beside, scale, j, step.t + 1)

    def settle(self, parameters: Any, t: int) -> bool:
        """Bring all weights up to step t; tell whether all parameters are finite."""
        for j in range(self.scale.size):
            finish(self.lapse, self.known.w[j], self.beside, self.scale, j, t)
        return are_finite(self.known.w, parameters.b)
