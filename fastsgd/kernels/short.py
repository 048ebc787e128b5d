"""Small batches of short dense rows, gathered row by row."""

from typing import Any, NamedTuple

import numpy as np

from .arithmetic import unsigned
from .attributes import having
from .gradient import Block, mean_of_rows
from .jit import inner
from .methods import derivative, differentiate, target, value, weigh
from .parts import CHUNK
from .prefetch import prefetch_line, prefetch_short_row
from .registers import add_to, nothing_like, plus, product, row, weights_of

# Rows of so few features do not fill the SIMD registers that loops over a block of them are for: by
# one loop over the rows, an epoch of 2 to 10 features takes 0.6 to 0.75 times as long.
SHORT = 16

# How many rows ahead of its use a row is fetched.
AHEAD = 64


@having(conclude=mean_of_rows, block_length=CHUNK)
class ByRow(NamedTuple):
    """A row is read, and added to the gradient at once."""

    half: tuple[int, ...]  # of the numbers in a row: see `registers`

    def gather(
        self, data: Any, batch: Any, parameters: Any, loss: Any, gradient: Any, loss_sums: Any
    ) -> None:
        """Add the gradients of the rows, and their losses."""
        X, order, w = data.rows.X, batch.order, parameters.w
        for j in range(w.shape[0]):
            weights, b = weights_of(self.half, w, j), parameters.b[j]
            sums = nothing_like(weights)
            slope_sum = loss_sum = 0.0
            for p in range(batch.first, batch.last):
                prefetch_later(data.rows, data.targets.y, order, p)
                i = order[unsigned(p)]
                x, y = row(self.half, X, i), target(data.targets, i, j)
                y_hat = product(weights, x) + b
                slope = w.dtype.type(weigh(data.weights, i, j, derivative(loss, y_hat, y)))
                sums = plus(sums, slope, x)
                slope_sum += slope
                loss_sum += weigh(data.weights, i, j, value(loss, y_hat, y))
            add_to(gradient.w, j, sums)
            gradient.b[j] += slope_sum
            loss_sums[j] += loss_sum


# Of the logistic loss, epochs of 1000 rows of 2 and 10 features take 0.5 times as long as by row,
# those in batches of 100 rows 0.25 times. Of the squared loss they would take 1.5 and 1.2 times.
@having(conclude=mean_of_rows, block_length=CHUNK)
class ByRowInPasses(NamedTuple):
    """All rows are read, then their losses differentiated together, in SIMD registers."""

    half: tuple[int, ...]
    block: Block  # with room for all rows of a batch

    def gather(
        self, data: Any, batch: Any, parameters: Any, loss: Any, gradient: Any, loss_sums: Any
    ) -> None:
        """Add the gradients of the rows, and their losses."""
        X, order, (w, b) = data.rows.X, batch.order, parameters
        first, last, block = batch.first, batch.last, self.block
        for p in range(first, last):
            prefetch_later(data.rows, data.targets.y, order, p)
        for j in range(w.shape[0]):
            weights = weights_of(self.half, w, j)
            for p in range(first, last):
                x = row(self.half, X, order[unsigned(p)])
                block.scores[j, p - first] = product(weights, x)
        differentiate(
            data.targets, data.weights, order, first, last, b, loss, block, gradient.b, loss_sums
        )
        for j in range(w.shape[0]):
            sums = nothing_like(weights_of(self.half, w, j))
            for p in range(first, last):
                x = row(self.half, X, order[unsigned(p)])
                sums = plus(sums, block.scores[j, p - first], x)
            add_to(gradient.w, j, sums)


# One row after the other: of the prefetches of a whole batch together, a processor drops those for
# which it has no room, and epochs of a million rows took 1.05 to 1.5 times as long.
@inner
def prefetch_later(rows: Any, y: Any, order: Any, p: int) -> None:
    """Prefetch the row, and its target, that is read so many places after place p."""
    later = p + AHEAD
    if rows.ahead > 0 and later < order.size:
        i = np.intp(order[unsigned(later)])
        prefetch_short_row(rows.X, i)
        prefetch_line(y, i * y.shape[1] * y.itemsize)
