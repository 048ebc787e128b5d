"""Small batches of short dense rows, gathered row by row."""

from typing import Any, NamedTuple

import numpy as np

from .arithmetic import unsigned
from .attributes import having
from .gradient import mean_of_rows
from .jit import inner
from .methods import derivative, differentiate_rows, target, value, weigh
from .prefetch import prefetch_line, prefetch_short_row

# Rows of so few features do not fill the SIMD registers that loops over a block of them are for: by
# one loop over the rows, an epoch of 2 to 10 features takes 0.6 to 0.75 times as long.
SHORT = 16

# How many rows ahead of its use a row is fetched.
AHEAD = 64


@having(conclude=mean_of_rows, block_length=1)
class ByRow(NamedTuple):
    """Two rows are read, and added to the gradient at once."""

    def gather(
        self, data: Any, batch: Any, parameters: Any, loss: Any, gradient: Any, loss_sums: Any
    ) -> None:
        """Add the gradients of the rows, and their losses."""
        X, order, w = data.rows.X, batch.order, parameters.w
        for j in range(w.shape[0]):
            slope_sum = loss_sum = 0.0
            # One by one, each row would wait until the sums of the one before it are stored:
            # epochs of two features take 0.75 times as long, those of ten 0.9 times.
            for p in range(batch.first, batch.last - 1, 2):
                i1, i2 = order[unsigned(p)], order[unsigned(p + 1)]
                slope1, loss1 = slope_and_loss(data, order, p, parameters, loss, j)
                slope2, loss2 = slope_and_loss(data, order, p + 1, parameters, loss, j)
                slope_sum += slope1
                slope_sum += slope2
                loss_sum += loss1
                loss_sum += loss2
                for f in range(w.shape[1]):
                    gradient.w[j, f] += slope1 * X[i1, f] + slope2 * X[i2, f]
            if (batch.last - batch.first) % 2 == 1:
                p = batch.last - 1
                i = order[unsigned(p)]
                slope, loss_of_row = slope_and_loss(data, order, p, parameters, loss, j)
                slope_sum += slope
                loss_sum += loss_of_row
                for f in range(w.shape[1]):
                    gradient.w[j, f] += slope * X[i, f]
            gradient.b[j] += slope_sum
            loss_sums[j] += loss_sum


@inner
def slope_and_loss(data: Any, order: Any, p: int, parameters: Any, loss: Any, j: int) -> Any:
    """Return the derivative of a row's loss for output j, and the loss, both times its weight."""
    prefetch_later(data.rows, data.targets.y, order, p)
    X, i = data.rows.X, order[unsigned(p)]
    w, b = parameters
    y_hat = b[j]
    for f in range(w.shape[1]):
        y_hat += w[j, f] * X[i, f]
    y = target(data.targets, i, j)
    slope = weigh(data.weights, i, j, derivative(loss, y_hat, y))
    return w.dtype.type(slope), weigh(data.weights, i, j, value(loss, y_hat, y))


@having(conclude=mean_of_rows, block_length=1)
class ByRowOfClasses(NamedTuple):
    """So it is where the predictions of all outputs are seen together."""

    block: Any  # with room for all rows of a batch

    def gather(
        self, data: Any, batch: Any, parameters: Any, loss: Any, gradient: Any, loss_sums: Any
    ) -> None:
        """Add the gradients of the rows, and their losses to those of output 0."""
        X, y, order, w = data.rows.X, data.targets.y, batch.order, parameters.w
        first, rows = batch.first, batch.last - batch.first
        scores, column = self.block.scores, self.block.column[:rows]
        for r in range(rows):
            prefetch_later(data.rows, y, order, first + r)
            i = order[unsigned(first + r)]
            column[r] = y[i, 0]
            for j in range(w.shape[0]):
                y_hat = parameters.b[j]
                for f in range(w.shape[1]):
                    y_hat += w[j, f] * X[i, f]
                scores[j, r] = y_hat
        differentiate_rows(loss, scores, column, self.block.room)
        for r in range(rows):
            i = order[unsigned(first + r)]
            loss_sums[0] += weigh(data.weights, i, 0, column[r])
            for j in range(w.shape[0]):
                slope = weigh(data.weights, i, 0, scores[j, r])
                gradient.b[j] += slope
                for f in range(w.shape[1]):
                    gradient.w[j, f] += slope * X[i, f]


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
