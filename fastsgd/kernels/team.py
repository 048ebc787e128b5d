"""The parts of a large batch are gathered by several threads.

One thread fits: it offers the parts of each batch, takes parts itself, and goes on when all are
done. The others assist: they take parts that are offered, until they are told to stop. No thread
waits for another to begin: where none assists, the one that fits takes all parts. One that fails
stops all.
"""

from typing import Any, NamedTuple

from . import atomic
from .callee import call
from .gradient import Batch
from .jit import entry, inner
from .methods import conclude
from .parts import ByParts

# Which number is where among the cells; those that several threads change are on cache lines of
# their own. The parts of all batches are numbered through.
OFFERED, TAKEN, DONE, STOPPED = 0, 8, 16, 24
BEGIN, FIRST, LAST, STEP, NUMBER, PART = 32, 33, 34, 35, 36, 37
CELLS = 64


class Shared(NamedTuple):
    """A large batch is gathered by several threads, by parts."""

    by_parts: ByParts
    cells: Any  # (CELLS,), int64

    def gather(
        self, data: Any, batch: Any, parameters: Any, loss: Any, gradient: Any, loss_sums: Any
    ) -> None:
        """Add the gradients of the rows to the parts."""
        cells, length = self.cells, self.by_parts.parts.length
        before, end = batch.first - batch.begin, batch.last - batch.begin
        part = before // length
        cells[BEGIN], cells[FIRST], cells[LAST], cells[STEP] = batch[1:]
        cells[NUMBER], cells[PART] = cells[OFFERED], part
        offered = cells[OFFERED] + -(-end // length) - part
        atomic.write(cells, OFFERED, offered)
        while take_part(self, data, batch.order, parameters, loss):
            pass
        while atomic.read(cells, DONE) < offered:
            if atomic.read(cells, STOPPED) != 0:
                raise RuntimeError("a part of a batch was not gathered")

    def conclude(self, gradient: Any, features: int, rows: int, loss_sums: Any) -> float:
        """Set the gradient to the mean of so many rows, made of the parts; return 1."""
        return conclude(self.by_parts, gradient, features, rows, loss_sums)


@inner
def take_part(shared: Any, data: Any, order: Any, parameters: Any, loss: Any) -> bool:
    """Gather a part that is offered and not taken yet; tell whether there was one."""
    cells = shared.cells
    number = atomic.read(cells, TAKEN)
    if number >= atomic.read(cells, OFFERED):
        return False
    if atomic.replace(cells, TAKEN, number, number + 1):
        part = cells[PART] + number - cells[NUMBER]
        batch = Batch(order, cells[BEGIN], cells[FIRST], cells[LAST], cells[STEP])
        by_parts = shared.by_parts
        call(by_parts.gather_part, (by_parts.parts, part, data, batch, parameters, loss))
        atomic.add(cells, DONE, 1)
    return True


@entry
def assist(data: Any, order: Any, parameters: Any, loss: Any, shared: Any) -> None:
    """Gather parts until told to stop."""
    while atomic.read(shared.cells, STOPPED) == 0:
        take_part(shared, data, order, parameters, loss)
