"""Short dense rows, gathered row by row."""

from typing import Any, NamedTuple

from .arithmetic import unsigned
from .attributes import having
from .columns import add_values
from .gradient import Block, block_of_part, mean_of_rows
from .jit import inner
from .methods import derivative, differentiate, prefetch, target, value, weigh
from .parts import CHUNK
from .registers import (
    Shape,
    add_to,
    nothing_like,
    plus,
    product,
    row,
    weights_of,
)
from .short_ahead import Ahead, NoPrefetching

# For several outputs, wider rows are read once by tiles, and here again for each. Up to so many
# vectors of all weights that is quicker: with 20 to 250 features, epochs of the squared loss take
# 0.42 to 0.98 times as long, and those of losses in passes 0.8 to 1.0 times. With 4 outputs of 250
# features the former would take 1.24 times as long, with 8 of 50 the latter up to 1.3 times.
SHORT_FOR_SEVERAL, MOST_FOR_SEVERAL, MOST_IN_PASSES = 16, 32, 8


def are_short(d: int, k: int, vectors: int, are_in_passes: bool) -> bool:
    """Tell whether rows of so many vectors are read again for each of k outputs, not by tiles."""
    most = MOST_IN_PASSES if are_in_passes else MOST_FOR_SEVERAL
    return k == 1 or d <= SHORT_FOR_SEVERAL or k * vectors <= most


@having(conclude=mean_of_rows, block_length=CHUNK)
class ByRow(NamedTuple):
    """A row is read once, and added to the gradient at once."""

    shape: Shape
    prefetching: NoPrefetching | Ahead

    def of_part(self, part: int) -> Any:
        """Return the way of a part of a batch: the same."""
        return self

    def gather(
        self, data: Any, batch: Any, parameters: Any, loss: Any, gradient: Any, loss_sums: Any
    ) -> None:
        """Add the gradients of the rows, and their losses."""
        order, w = batch.order, parameters.w
        for j in range(w.shape[0]):
            weights, b = weights_of(self.shape, w, j), parameters.b[j]
            sums = nothing_like(weights)
            derivative_sum = loss_sum = 0.0
            for p in range(batch.first, batch.last):
                sums, weighted, y_hat, y = with_row(self, data, order, p, j, weights, b, loss, sums)
                derivative_sum += weighted
                of_row = value(loss, y_hat, y)
                loss_sum += weigh(data.weights, order[unsigned(p)], j, of_row)
            add_to(gradient.w, j, sums)
            gradient.b[j] += derivative_sum
            loss_sums[j] += loss_sum


# From memory, batches of fewer bytes are quicker in passes.
SLOW_BATCH = 2**13


# From memory, epochs of losses that take exponentials take 0.76 to 1.0 times as long as in passes,
# of which one waits for rows and the other prefetches none; from caches, 1.5 to 2.5 times.
@having(conclude=mean_of_rows, block_length=CHUNK)
class ByRowThenLosses(NamedTuple):
    """A row of one output is read once, and added at once; the losses of all follow together."""

    shape: Shape
    prefetching: NoPrefetching | Ahead
    block: Block  # with room for all rows of a batch, or of a chunk

    def of_part(self, part: int) -> Any:
        """Return the way of a part, of those that are held along the first axis of each array."""
        return ByRowThenLosses(self.shape, self.prefetching, block_of_part(self.block, part))

    def gather(
        self, data: Any, batch: Any, parameters: Any, loss: Any, gradient: Any, loss_sums: Any
    ) -> None:
        """Add the gradients of the rows, then their losses."""
        order, first, last = batch.order, batch.first, batch.last
        scores, column = self.block.scores[0], self.block.column
        weights, b = weights_of(self.shape, parameters.w, 0), parameters.b[0]
        sums = nothing_like(weights)
        derivative_sum = 0.0
        for p in range(first, last):
            sums, weighted, y_hat, y = with_row(self, data, order, p, 0, weights, b, loss, sums)
            derivative_sum += weighted
            scores[p - first], column[p - first] = y_hat, y
        add_to(gradient.w, 0, sums)
        gradient.b[0] += derivative_sum
        add_values(loss, data.weights, order, first, last, 0, scores, column, loss_sums)


@inner
def with_row(
    way: Any,
    data: Any,
    order: Any,
    p: int,
    j: int,
    weights: Any,
    b: Any,
    loss: Any,
    sums: Any,
) -> Any:
    """Return sums plus the gradient of the row at place p; its derivative, prediction and target.

    Rows from further down the order are prefetched.
    """
    i, x = order[unsigned(p)], next_row(way, data, order, p)
    y_hat, y = product(weights, x) + b, target(data.targets, i, j)
    weighted = data.rows.X.dtype.type(weigh(data.weights, i, j, derivative(loss, y_hat, y)))
    return plus(sums, weighted, x), weighted, y_hat, y


# Of the logistic loss, epochs of 1000 rows of 2 and 10 features take 0.5 times as long as by row,
# those in batches of 100 rows 0.25 times. Of the squared loss they would take 1.5 and 1.2 times.
@having(conclude=mean_of_rows, block_length=CHUNK)
class ByRowInPasses(NamedTuple):
    """All rows are read, then their losses differentiated together, in SIMD registers."""

    shape: Shape
    prefetching: NoPrefetching | Ahead
    block: Block  # with room for all rows of a batch, or of a chunk

    def of_part(self, part: int) -> Any:
        """Return the way of a part, of those that are held along the first axis of each array."""
        return ByRowInPasses(self.shape, self.prefetching, block_of_part(self.block, part))

    def gather(
        self, data: Any, batch: Any, parameters: Any, loss: Any, gradient: Any, loss_sums: Any
    ) -> None:
        """Add the gradients of the rows, and their losses."""
        X, order, (w, b) = data.rows.X, batch.order, parameters
        first, last, block = batch.first, batch.last, self.block
        for j in range(w.shape[0]):
            weights = weights_of(self.shape, w, j)
            for p in range(first, last):
                if j == 0:
                    x = next_row(self, data, order, p)
                else:
                    x = row(self.shape, X, order[unsigned(p)])
                block.scores[j, p - first] = product(weights, x)
        differentiate(
            data.targets, data.weights, order, first, last, b, loss, block, gradient.b, loss_sums
        )
        for j in range(w.shape[0]):
            sums = nothing_like(weights_of(self.shape, w, j))
            for p in range(first, last):
                x = row(self.shape, X, order[unsigned(p)])
                sums = plus(sums, block.scores[j, p - first], x)
            add_to(gradient.w, j, sums)


@inner
def next_row(way: Any, data: Any, order: Any, p: int) -> Any:
    """Return the row at place p of the order, and prefetch others from further down."""
    x = row(way.shape, data.rows.X, order[unsigned(p)])
    prefetch(way.prefetching, way.shape, data, order, p)
    return x
