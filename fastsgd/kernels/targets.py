"""What is predicted: how targets are held, and how the predictions of a block become derivatives.

Each kind brings `differentiate`, which replaces the products of rows and weights in the `scores` of
the block by the derivatives of the losses, times the weights of the rows, and adds what these sum
up to for each output to `derivative_sums`, and its losses to `loss_sums`. Those that losses are
measured with have `add_losses` as well, which does no more than the last, and those whose outputs
have a loss each have `target`.
"""

from typing import Any, NamedTuple

import numpy as np

from .arithmetic import unsigned
from .attributes import having
from .columns import differentiate_column, fill_registers, takes_exponentials
from .jit import inner
from .methods import derivative, differentiate_rows, target, value, weigh
from .prefetch import prefetch_line

# How many rows ahead of its use a target is prefetched.
TARGETS_AHEAD = 64


def differentiate_outputs(
    targets: Any,
    weights: Any,
    order: Any,
    start: int,
    stop: int,
    b: Any,
    loss: Any,
    block: Any,
    derivative_sums: Any,
    loss_sums: Any,
) -> None:
    """Differentiate a loss of each output by itself."""
    prefetch_targets(targets.y, order, start, stop)
    for j in range(b.size):
        if takes_exponentials(loss):
            sums = differentiate_together(targets, weights, order, start, stop, j, b, loss, block)
        else:
            sums = differentiate_each(targets, weights, order, start, stop, j, b, loss, block)
        derivative_sums[j] += sums[0]
        loss_sums[j] += sums[1]


@inner
def differentiate_each(
    targets: Any,
    weights: Any,
    order: Any,
    start: int,
    stop: int,
    j: int,
    b: Any,
    loss: Any,
    block: Any,
) -> Any:
    """Differentiate the losses of output j row by row; return sums of derivatives and losses."""
    scores = block.scores[j]
    derivative_sum = loss_sum = 0.0
    for r in range(stop - start):
        i = order[unsigned(start + r)]
        y_hat, y = scores[r] + b[j], target(targets, i, j)
        weighted = weigh(weights, i, j, derivative(loss, y_hat, y))
        loss_sum += weigh(weights, i, j, value(loss, y_hat, y))
        derivative_sum += weighted
        scores[r] = weighted
    return derivative_sum, loss_sum


# Of the logistic loss, epochs of 1000 x 10 take 0.64 times as long as with each by itself, those of
# 1000 and 30,000 x 300 0.86 times. Of others, 100,000 x 1000 would take 1.03 times as long.
@inner
def differentiate_together(
    targets: Any,
    weights: Any,
    order: Any,
    start: int,
    stop: int,
    j: int,
    b: Any,
    loss: Any,
    block: Any,
) -> Any:
    """Differentiate the losses of output j together; return sums of derivatives and losses."""
    scores, column, rows = block.scores[j], block.column, stop - start
    # Three loops: the middle one touches nothing that lies scattered, and runs in SIMD registers.
    for r in range(rows):
        column[r] = target(targets, order[unsigned(start + r)], j)
    differentiate_column(loss, b[j], scores, column, rows)
    derivative_sum = loss_sum = 0.0
    for r in range(rows):
        i = order[unsigned(start + r)]
        weighted = weigh(weights, i, j, scores[r])
        loss_sum += weigh(weights, i, j, column[r])
        derivative_sum += weighted
        scores[r] = weighted
    return derivative_sum, loss_sum


def add_losses_of_outputs(
    targets: Any,
    weights: Any,
    order: Any,
    start: int,
    stop: int,
    b: Any,
    loss: Any,
    scores: Any,
    loss_sums: Any,
) -> None:
    """Add the losses of a block of rows, of each output by itself."""
    for j in range(b.size):
        loss_sum = 0.0
        for p in range(start, stop):
            i = order[unsigned(p)]
            y_hat = scores[j, p - start] + b[j]
            loss_sum += weigh(weights, i, j, value(loss, y_hat, target(targets, i, j)))
        loss_sums[j] += loss_sum


@having(differentiate=differentiate_outputs, add_losses=add_losses_of_outputs)
class Values(NamedTuple):
    """Targets that are numbers."""

    y: Any  # (n, k)

    def target(self, i: Any, j: Any) -> Any:
        """Return the target of output j of row i."""
        return self.y[i, j]


@having(differentiate=differentiate_outputs, add_losses=add_losses_of_outputs)
class OneVersusRest(NamedTuple):
    """Classes, of which output j tells one from all the others."""

    y: Any  # (n, 1): the number of the class, of the dtype of X
    first: int  # the number of the class of output 0
    own: Any  # 1, of the dtype of X: the target of rows of the class of the output
    other: Any  # -1, of the dtype of X: the target of all others

    def target(self, i: Any, j: Any) -> Any:
        """Return 1 where row i is of the class of output j, else -1."""
        return self.own if self.y[i, 0] == self.first + j else self.other


def differentiate_classes(
    targets: Any,
    weights: Any,
    order: Any,
    start: int,
    stop: int,
    b: Any,
    loss: Any,
    block: Any,
    derivative_sums: Any,
    loss_sums: Any,
) -> None:
    """Differentiate a loss of all outputs together, which counts as that of output 0."""
    prefetch_targets(targets.y, order, start, stop)
    rows = stop - start
    scores, column = block.scores, block.column
    for r in range(rows):
        column[r] = targets.y[order[unsigned(start + r)], 0]
    for j in range(b.size):
        for r in range(rows):
            scores[j, r] += b[j]
        fill_registers(loss, scores[j], rows)
    together = fill_registers(loss, column, rows)
    differentiate_rows(loss, scores, column[:together], block.room)
    for r in range(rows):
        loss_sums[0] += weigh(weights, order[unsigned(start + r)], 0, column[r])
    for j in range(b.size):
        derivative_sum = 0.0
        for r in range(rows):
            scores[j, r] = weigh(weights, order[unsigned(start + r)], 0, scores[j, r])
            derivative_sum += scores[j, r]
        derivative_sums[j] += derivative_sum


def add_losses_of_classes(
    targets: Any,
    weights: Any,
    order: Any,
    start: int,
    stop: int,
    b: Any,
    loss: Any,
    scores: Any,
    loss_sums: Any,
) -> None:
    """Add the losses of a block of rows, of all outputs together, to those of output 0."""
    for p in range(start, stop):
        i = order[unsigned(p)]
        row = scores[:, p - start]
        for j in range(b.size):
            row[j] += b[j]
        loss_sums[0] += weigh(weights, i, 0, value(loss, row, np.intp(targets.y[i, 0])))


@having(differentiate=differentiate_classes, add_losses=add_losses_of_classes)
class Classes(NamedTuple):
    """Classes whose predictions are seen together."""

    y: Any  # (n, 1): the number of the class, of the dtype of X


@inner
def prefetch_targets(y: Any, order: Any, start: int, stop: int) -> None:
    """Prefetch the targets of rows that come later: each lies on a cache line of its own."""
    row_bytes = y.shape[1] * y.itemsize
    for p in range(start + TARGETS_AHEAD, min(stop + TARGETS_AHEAD, order.size)):
        prefetch_line(y, np.intp(order[unsigned(p)]) * row_bytes)
