"""Small batches of short dense rows, gathered row by row."""

from typing import Any, NamedTuple

from .arithmetic import unsigned
from .attributes import having
from .dense import prefetch_ahead
from .methods import derivative, differentiate_rows, target, value, weigh
from .targets import prefetch_targets

# Rows of so few features do not fill the SIMD registers that loops over a block of them are for: by
# one loop over the rows, an epoch of 2 to 10 features takes 0.6 to 0.75 times as long.
SHORT = 16


def _mean(self: Any, gradient: Any, features: int, rows: int, loss_sums: Any) -> float:
    """Return what makes the gradient that of the mean of so many rows."""
    return 1 / rows


@having(conclude=_mean)
class ByRow(NamedTuple):
    """Each row is read, and added to the gradient at once."""

    def gather(
        self, data: Any, batch: Any, parameters: Any, loss: Any, gradient: Any, loss_sums: Any
    ) -> None:
        """Add the gradients of the rows, and their losses."""
        X, order, w = data.rows.X, batch.order, parameters.w
        number = w.dtype.type
        prefetch_ahead(data.rows, order, batch.first, batch.last)
        prefetch_targets(data.targets.y, order, batch.first, batch.last)
        for j in range(w.shape[0]):
            slope_sum = loss_sum = 0.0
            for p in range(batch.first, batch.last):
                i = order[unsigned(p)]
                y_hat = parameters.b[j]
                for f in range(w.shape[1]):
                    y_hat += w[j, f] * X[i, f]
                y = target(data.targets, i, j)
                slope = number(weigh(data.weights, i, j, derivative(loss, y_hat, y)))
                slope_sum += slope
                loss_sum += weigh(data.weights, i, j, value(loss, y_hat, y))
                for f in range(w.shape[1]):
                    gradient.w[j, f] += slope * X[i, f]
            gradient.b[j] += slope_sum
            loss_sums[j] += loss_sum


@having(conclude=_mean)
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
        prefetch_ahead(data.rows, order, first, batch.last)
        prefetch_targets(y, order, first, batch.last)
        for r in range(rows):
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
