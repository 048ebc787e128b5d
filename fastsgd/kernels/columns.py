"""Losses that are taken together: of a column of predictions and targets, in whole registers.

That pays for losses that take exponentials, and say so by their attribute `takes_exponentials`.
"""

from typing import Any

from numba.extending import overload

from .arithmetic import unsigned
from .jit import PART, inner
from .methods import derivative, value, weigh

# So many numbers of float64 fill a register, or several shorter ones. The last few of a column
# would be taken one by one, and from so many on that takes longer than to take eight together.
LANES, FEWEST_FILLED = 8, 3


@inner
def whole_registers(rows: int) -> int:
    """Return how many rows fill registers, of so many rows or a few more."""
    return (rows + LANES - 1) // LANES * LANES


def takes_exponentials(loss: Any) -> bool:
    """Tell whether a loss takes exponentials, which those of several rows do best together."""
    return getattr(type(loss), "takes_exponentials", False)


@overload(takes_exponentials, strict=False, jit_options=PART)
def _takes_exponentials(loss: Any) -> Any:
    it_does = getattr(loss.instance_class, "takes_exponentials", False)
    return lambda loss: it_does


@inner
def fill_registers(loss: Any, column: Any, rows: int) -> int:
    """Repeat the last of so many rows until they fill registers; return how many there are now."""
    if not takes_exponentials(loss) or rows < FEWEST_FILLED:
        return rows
    together = min(whole_registers(rows), column.size)
    for r in range(rows, together):
        column[r] = column[rows - 1]
    return together


@inner
def differentiate_column(loss: Any, b: Any, scores: Any, column: Any, rows: int) -> None:
    """Replace products of so many rows and weights by derivatives, and targets by losses.

    What stands after them may change as well, up to the end of a whole register.
    """
    fill_registers(loss, scores, rows)
    for r in range(fill_registers(loss, column, rows)):
        y_hat = scores[r] + b
        y = column[r]
        scores[r] = derivative(loss, y_hat, y)
        column[r] = value(loss, y_hat, y)


@inner
def add_values(
    loss: Any,
    weights: Any,
    order: Any,
    first: int,
    last: int,
    j: int,
    scores: Any,
    column: Any,
    loss_sums: Any,
) -> None:
    """Add the losses of predictions of output j to their sum; the column of targets may change."""
    rows = last - first
    fill_registers(loss, scores, rows)
    for r in range(fill_registers(loss, column, rows)):
        column[r] = value(loss, scores[r], column[r])
    loss_sum = 0.0
    for r in range(rows):
        loss_sum += weigh(weights, order[unsigned(first + r)], j, column[r])
    loss_sums[j] += loss_sum
