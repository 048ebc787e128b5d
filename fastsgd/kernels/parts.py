"""How the gradient of a large batch is gathered: by parts.

The parts are decided by shapes and by the size of the batch alone, and are added up in their
order. So the bits of the sum do not depend on who gathered which part, and when.
"""

from typing import Any, NamedTuple

from .callee import call
from .gradient import Batch, Gradient
from .jit import apart, entry, inner
from .methods import gather, of_part

# A float32 sum of this many rows is good to a few millionths of the sum of their sizes; the sums of
# a larger batch are carried on in float64.
CHUNK = 256


def rows_within(size: int, row_bytes: int) -> int:
    """Return how many rows a block of so many bytes has: a power of two from 8 to CHUNK."""
    fitting = max(8, min(CHUNK, size // row_bytes))
    return 1 << (fitting.bit_length() - 1)


class Parts(NamedTuple):
    """A batch of more than CHUNK rows is gathered by parts."""

    length: int  # rows in a part: a multiple of CHUNK
    gradients: Gradient  # of each part, along the first axis of each array; of one chunk of it
    ways: Any  # how the rows of each part are gathered; a part has its own in arrays' first axes
    carried: Any  # (parts, k, d), float64: of the chunks before
    losses: Any  # (parts, k), float64

    @property
    def block_length(self) -> int:
        """Return how many rows are handled together; a batch may be left after a multiple of it."""
        return int(self.ways.block_length)


class ByParts(NamedTuple):
    """A batch is gathered part by part."""

    parts: Parts
    gather_part: Any  # a callee
    add_up: Any  # a callee

    def gather(
        self, data: Any, batch: Any, parameters: Any, loss: Any, gradient: Any, loss_sums: Any
    ) -> None:
        """Add the gradients of the rows to the parts."""
        length = self.parts.length
        before, end = batch.first - batch.begin, batch.last - batch.begin
        for part in range(before // length, -(-end // length)):
            call(self.gather_part, (self.parts, part, data, batch, parameters, loss))

    def conclude(self, gradient: Any, features: int, rows: int, loss_sums: Any) -> float:
        """Set the gradient to the mean of so many rows, made of the parts; return 1."""
        call(self.add_up, (self.parts, gradient, features, rows, loss_sums))
        return 1.0


@apart
def gather_part(parts: Any, part: int, data: Any, batch: Any, parameters: Any, loss: Any) -> None:
    """Add the gradients of those rows of a batch that are in one part."""
    gradient = Gradient(parts.gradients.w[part], parts.gradients.b[part])
    way, losses = of_part(parts.ways, part), parts.losses[part]
    start = max(batch.first, batch.begin + part * parts.length)
    end = min(batch.last, batch.begin + (part + 1) * parts.length)
    while start < end:
        chunk_last = start - (start - batch.begin) % CHUNK + CHUNK
        stop = min(chunk_last, end)
        chunk = Batch(batch.order, batch.begin, start, stop, batch.t)
        gather(way, data, chunk, parameters, loss, gradient, losses)
        if stop == chunk_last:
            carry(gradient.w, parts.carried[part], data.rows.count[0])
        start = stop


@inner
def carry(sums: Any, to: Any, features: int) -> None:
    """Move one sum to another, in float64: of a chunk, or of a part."""
    for j in range(sums.shape[0]):
        for f in range(features):
            to[j, f] += sums[j, f]
            sums[j, f] = 0


@apart
def add_up(parts: Any, gradient: Any, features: int, rows: int, loss_sums: Any) -> None:
    """Divide the sum of the parts by the number of rows, before it is made narrow."""
    w, b, carried, losses = parts.gradients.w, parts.gradients.b, parts.carried, parts.losses
    for part in range(losses.shape[0]):
        for j in range(gradient.b.size):
            for f in range(features):
                total = carried[part, j, f] + w[part, j, f]
                w[part, j, f] = carried[part, j, f] = 0
                carried[0, j, f] += total
            gradient.b[j] += b[part, j] / rows
            loss_sums[j] += losses[part, j]
            b[part, j] = losses[part, j] = 0
    for j in range(gradient.b.size):
        for f in range(features):
            gradient.w[j, f] = carried[0, j, f] / rows
            carried[0, j, f] = 0


@entry
def add_whole_gradient(
    data: Any, order: Any, parameters: Any, loss: Any, parts: Any, part_gatherer: Any
) -> None:
    """Add the gradients of all rows in `order` to the only part."""
    batch = Batch(order, 0, 0, order.size, 0)
    call(part_gatherer, (parts, 0, data, batch, parameters, loss))
    carry(parts.gradients.w[0], parts.carried[0], data.rows.count[0])
