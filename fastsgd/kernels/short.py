"""Short dense rows, gathered row by row."""

from typing import Any, NamedTuple

import numpy as np

from .arithmetic import lesser, unsigned
from .attributes import having
from .dense import FROM_MEMORY
from .gradient import Block, block_of_part, mean_of_rows
from .jit import inner
from .methods import derivative, differentiate, target, value, weigh
from .parts import CHUNK
from .prefetch import prefetch_line
from .registers import (
    Shape,
    add_to,
    fetch_row,
    nothing_like,
    plus,
    product,
    row,
    weights_of,
)
from .targets import add_values

# For several outputs, wider rows are read once by tiles, and here again for each. Up to so many
# parts of all weights that is quicker: with 20 to 250 features, epochs of the squared loss take
# 0.42 to 0.98 times as long, and those of losses in passes 0.8 to 1.0 times. With 4 outputs of 250
# features the former would take 1.24 times as long, with 8 of 50 the latter up to 1.3 times.
SHORT_FOR_SEVERAL, MOST_FOR_SEVERAL, MOST_IN_PASSES = 16, 32, 8

# How far ahead of its use a row is fetched: so many bytes, but no more than so many rows. With
# twice as many bytes, 20000 x 100 takes 1.15 times as long; with half as many rows, 1M x 10 1.27.
BYTES_AHEAD, ROWS_AHEAD = 10_000, 96

# Of fewer bytes, rows are no quicker for being asked for twice, and batches are quicker in passes.
SLOW_ROW, SLOW_BATCH = 2**8, 2**13


def are_short(d: int, k: int, parts: int, are_in_passes: bool) -> bool:
    """Tell whether rows in so many parts are read again for each of k outputs, not by tiles."""
    most = MOST_IN_PASSES if are_in_passes else MOST_FOR_SEVERAL
    return k == 1 or d <= SHORT_FOR_SEVERAL or k * parts <= most


def rows_ahead(rows: Any) -> int:
    """Return how many rows ahead of its use a row is fetched; 0 where all stay near."""
    return 0 if rows.ahead == 0 else min(ROWS_AHEAD, BYTES_AHEAD // row_bytes(rows))


def come_slowly(rows: Any) -> bool:
    """Tell whether it is memory that rows wait for."""
    return bool(rows.X.nbytes > FROM_MEMORY and row_bytes(rows) >= SLOW_ROW)


def row_bytes(rows: Any) -> int:
    """Return how many bytes a row takes."""
    return int(rows.X.shape[1]) * int(rows.X.itemsize)


@having(conclude=mean_of_rows, block_length=CHUNK)
class ByRow(NamedTuple):
    """A row is read once, and added to the gradient at once."""

    shape: Shape
    ahead: int  # how many rows ahead of its use a row is fetched; 0: none is
    asks_twice: bool  # whether each is asked for twice, which pays where memory has to bring it

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


# From memory, epochs of losses that take exponentials take 0.76 to 1.0 times as long as in passes,
# of which one waits for rows and the other fetches none; from caches, they would take 1.5 to 2.5.
@having(conclude=mean_of_rows, block_length=CHUNK)
class ByRowThenLosses(NamedTuple):
    """A row is read once, and added to the gradient at once; the losses of all follow together."""

    shape: Shape
    ahead: int
    asks_twice: bool
    block: Block  # with room for all rows of a batch, or of a chunk

    def of_part(self, part: int) -> Any:
        """Return the way of a part, of those that are held along the first axis of each array."""
        block = block_of_part(self.block, part)
        return ByRowThenLosses(self.shape, self.ahead, self.asks_twice, block)

    def gather(
        self, data: Any, batch: Any, parameters: Any, loss: Any, gradient: Any, loss_sums: Any
    ) -> None:
        """Add the gradients of the rows, then their losses."""
        order, first, w = batch.order, batch.first, parameters.w
        scores, column = self.block.scores, self.block.column
        for j in range(w.shape[0]):
            weights, b = weights_of(self.shape, w, j), parameters.b[j]
            sums = nothing_like(weights)
            derivative_sum = 0.0
            for p in range(first, batch.last):
                sums, weighted, y_hat, y = with_row(self, data, order, p, j, weights, b, loss, sums)
                derivative_sum += weighted
                scores[j, p - first], column[p - first] = y_hat, y
            add_to(gradient.w, j, sums)
            gradient.b[j] += derivative_sum
            add_values(
                loss, data.weights, order, first, batch.last, j, scores[j], column, loss_sums
            )


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

    A row from further down the order begins to be fetched.
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
    ahead: int
    asks_twice: bool
    block: Block  # with room for all rows of a batch, or of a chunk

    def of_part(self, part: int) -> Any:
        """Return the way of a part, of those that are held along the first axis of each array."""
        block = block_of_part(self.block, part)
        return ByRowInPasses(self.shape, self.ahead, self.asks_twice, block)

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


# Memory is asked for long rows twice: 1M x 100 takes 0.84 times as long, in float64 0.88 times.
# From caches, 20000 x 100 would take 1.1 times.
@inner
def next_row(way: Any, data: Any, order: Any, p: int) -> Any:
    """Return the row at place p of the order, and begin to fetch one from further down."""
    X, y, i = data.rows.X, data.targets.y, order[unsigned(p)]
    if way.ahead == 0:
        return row(way.shape, X, i)
    later = np.intp(order[unsigned(lesser(p + way.ahead, order.size - 1))])
    prefetch_line(y, later * y.shape[1] * y.itemsize)
    fetch_row(way.shape, X, later)
    x = row(way.shape, X, i)
    if way.asks_twice:
        fetch_row(way.shape, X, later)
    return x
