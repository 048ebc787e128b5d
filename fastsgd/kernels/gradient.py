"""The gradient of a batch: the sum over its rows of the gradients of their losses."""

from typing import Any, NamedTuple

from .attributes import having
from .jit import entry, inner
from .methods import add_losses, add_rows, differentiate, dot_rows


class Batch(NamedTuple):
    """The rows order[first:last] of a mini-batch, all of it or as many as one call visits."""

    order: Any
    begin: int  # where the mini-batch begins in the order
    first: int
    last: int
    t: int  # the step that they are for


class Gradient(NamedTuple):
    """The sum over the rows of a batch of the gradients of their losses, as it is gathered."""

    w: Any  # (k, d)
    b: Any  # (k,), float64


class Block(NamedTuple):
    """What is found of one block of rows, as many as are handled together."""

    scores: Any  # (k, block): their products with w, then derivatives
    column: Any  # (block,): of one output, their targets, then losses
    room: Any  # (4, block): for what a loss of several outputs finds on its way


def mean_of_rows(self: Any, gradient: Any, features: int, rows: int, loss_sums: Any) -> float:
    """Return what makes the gradient that of the mean of so many rows."""
    return 1 / rows


@having(conclude=mean_of_rows)
class ByBlocks(NamedTuple):
    """A batch is gathered by blocks of rows."""

    block: Block

    @property
    def block_length(self) -> int:
        """Return how many rows are handled together; a batch may be left after a multiple of it."""
        return int(self.block.column.shape[-1])

    def of_part(self, part: int) -> Any:
        """Return the way of a part, of those that are held along the first axis of each array."""
        return ByBlocks(block_of_part(self.block, part))

    def gather(
        self, data: Any, batch: Any, parameters: Any, loss: Any, gradient: Any, loss_sums: Any
    ) -> None:
        """Add the gradients of the rows, and their losses."""
        order, t, block, b = batch.order, batch.t, self.block, gradient.b
        length = block.scores.shape[1]
        for start in range(batch.first, batch.last, length):
            stop = min(start + length, batch.last)
            differentiate_block(data, order, start, stop, t, parameters, loss, block, b, loss_sums)
            add_rows(data.rows, order, start, stop, block.scores, gradient.w)


@inner
def block_of_part(block: Any, part: int) -> Any:
    """Return the block of a part, of those that are held along the first axis of each array."""
    return Block(block.scores[part], block.column[part], block.room[part])


@inner
def differentiate_block(
    data: Any,
    order: Any,
    start: int,
    stop: int,
    t: int,
    parameters: Any,
    loss: Any,
    block: Any,
    derivative_sums: Any,
    loss_sums: Any,
) -> None:
    """Set block.scores to the derivatives of the losses of a block of rows; add up both."""
    dot_rows(data.rows, order, start, stop, t, parameters.w, block.scores)
    b, weights = parameters.b, data.weights
    differentiate(
        data.targets, weights, order, start, stop, b, loss, block, derivative_sums, loss_sums
    )


@entry
def differentiate_all(
    data: Any,
    order: Any,
    parameters: Any,
    loss: Any,
    block: Any,
    derivative_sums: Any,
    loss_sums: Any,
    out: Any,
) -> None:
    """Set out[i, j] to the derivative of the loss of output j of row i, for all i in `order`."""
    scores = block.scores
    for start in range(0, order.size, scores.shape[1]):
        stop = min(start + scores.shape[1], order.size)
        differentiate_block(
            data, order, start, stop, 0, parameters, loss, block, derivative_sums, loss_sums
        )
        for p in range(start, stop):
            for j in range(out.shape[1]):
                out[order[p], j] = scores[j, p - start]


@entry
def sum_losses(
    data: Any, order: Any, parameters: Any, loss: Any, scores: Any, loss_sums: Any
) -> None:
    """Add the losses of all rows in `order` to those of their outputs."""
    for start in range(0, order.size, scores.shape[1]):
        stop = min(start + scores.shape[1], order.size)
        dot_rows(data.rows, order, start, stop, 0, parameters.w, scores)
        add_losses(
            data.targets,
            data.weights,
            order,
            start,
            stop,
            parameters.b,
            loss,
            scores,
            loss_sums,
        )
