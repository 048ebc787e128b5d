"""What happens to weights times a scale in steps in which their features do not occur.

A step of L2 shrinks the scale alone. Each kind does the rest, by four methods: `dot_up` brings up
the weights of a row to a step, on the way to its product with them; `note_step` is told of a step;
`pay` lets the weights of a row pay what is due after it; and `finish` brings up those of all
features, to a scale of 1.
"""

from typing import Any, NamedTuple

from .arithmetic import payment, unsigned
from .jit import inner
from .methods import note_change, rest
from .sparse import dot


class Scaling(NamedTuple):
    """No penalty, or L2 alone: nothing but the scale changes."""

    def dot_up(self, entries: Any, columns: Any, w: Any, beside: Any, j: Any, t: Any) -> Any:
        """Return the product of a row and the weights of output j."""
        return dot(entries, columns, w)

    def note_step(self, length: Any, j: Any, t: Any) -> None:
        """Do nothing."""
        return

    def pay(self, columns: Any, w: Any, beside: Any, scale: Any, sums: Any, j: Any, t: Any) -> None:
        """Do nothing."""
        return

    def finish(self, w: Any, beside: Any, scale: Any, j: Any, t: Any) -> None:
        """Multiply all weights of output j by their scale."""
        unscale(w, scale, j)


@inner
def unscale(w: Any, scale: Any, j: Any) -> None:
    """Make the scale of the weights of one output 1."""
    number = w.dtype.type(scale[j])
    for f in range(w.size):
        w[f] *= number
    scale[j] = 1


# Weights that steps of L2 do not touch need no exponential each: epochs of elastic net take 0.2 to
# 0.3 times as long as by `Decaying`.
class ShrinkingInScale(NamedTuple):
    """Plain SGD with a penalty that moves a weight by so much for each unit of learning rate."""

    penalty: Any  # without L2
    start: Any
    # (k, steps + 1): of the steps up to each one since the scale was 1, the sum of the learning
    # rates over the scales.
    sums: Any
    w: Any  # (k, d): where `finish` leaves the weights

    def dot_up(self, entries: Any, columns: Any, w: Any, beside: Any, j: Any, t: Any) -> Any:
        """Apply the penalty to the weights of a row; return their product."""
        step = t - self.start
        return dot_shrunk(self.penalty, entries, columns, w, beside[j], self.sums[j], step)

    def note_step(self, length: Any, j: Any, t: Any) -> None:
        """Add the step to the sums."""
        before, after = unsigned(t - self.start), unsigned(t + 1 - self.start)
        self.sums[j, after] = self.sums[j, before] + length

    def pay(self, columns: Any, w: Any, beside: Any, scale: Any, sums: Any, j: Any, t: Any) -> None:
        """Do nothing: they are shrunk when they occur again."""
        return

    def finish(self, w: Any, beside: Any, scale: Any, j: Any, t: Any) -> None:
        """Apply the penalty to all weights of output j."""
        step = unsigned(t - self.start)
        shrink_all(self.penalty, w, beside[j], self.sums[j], step, scale[j], self.w[j])
        self.sums[j, step] = 0
        scale[j] = 1


@inner
def dot_shrunk(
    penalty: Any, entries: Any, columns: Any, w: Any, steps: Any, sums: Any, step: Any
) -> Any:
    """Bring the weights in these columns up to a step; return their product with the entries."""
    number, total, now = w.dtype.type, 0.0, sums[step]
    for q in range(columns.size):
        f = columns[q]
        weight = rest(penalty, w[f], f, number(now - sums[steps[f]]), 0.0)
        w[f], steps[f] = weight, step
        total += entries[q] * weight
    return total


@inner
def shrink_all(
    penalty: Any, w: Any, steps: Any, sums: Any, step: Any, scale: Any, out: Any
) -> None:
    """Bring all weights of one output up to a step and a scale of 1, and copy them to `out`."""
    number = w.dtype.type
    for f in range(w.size):
        weight = rest(penalty, w[f], f, number(sums[step] - sums[steps[f]]), 0.0)
        w[f], steps[f] = number(scale) * weight, step
        out[f] = w[f]


class Paying(NamedTuple):
    """Plain SGD with a cumulative penalty: what is due of all weights is counted once."""

    rates: Any
    alpha: Any  # what becomes due for each unit of learning rate
    counted: Any  # (k,): what of that all weights owe already

    def dot_up(self, entries: Any, columns: Any, w: Any, beside: Any, j: Any, t: Any) -> Any:
        """Return the product of a row and the weights of output j."""
        return dot(entries, columns, w)

    def note_step(self, length: Any, j: Any, t: Any) -> None:
        """Do nothing: what becomes due in each step is known before."""
        return

    def pay(self, columns: Any, w: Any, beside: Any, scale: Any, sums: Any, j: Any, t: Any) -> None:
        """Let the weights in these columns pay."""
        let_pay(columns, w, scale, beside, sums, j, w.dtype.type(due_by(self, j, t)))

    def finish(self, w: Any, beside: Any, scale: Any, j: Any, t: Any) -> None:
        """Let all weights of output j owe what has become due."""
        unscale(w, scale, j)
        due = due_by(self, j, t)
        for sign in range(2):
            for f in range(w.size):
                beside[sign, j, f] += w.dtype.type(due)
        self.counted[j] += due


@inner
def due_by(paying: Any, j: Any, t: Any) -> Any:
    """Return what has become due of each weight of output j by step t, and is not counted yet."""
    rates = paying.rates
    lr_sum = rates.pace[j] * rates.sums[unsigned(t - rates.start)]
    return paying.alpha * lr_sum - paying.counted[j]


@inner
def let_pay(columns: Any, w: Any, scale: Any, debts: Any, sums: Any, j: Any, due: Any) -> None:
    """Let weights pay that are times a scale; one whose feature occurs again has paid by then."""
    number, inverse = w.dtype.type(scale), w.dtype.type(1 / scale)
    for q in range(columns.size):
        f = columns[q]
        weight, above, below = number * w[f], debts[0, j, f], debts[1, j, f]
        paid = payment(weight, above + due, below + due)
        debts[0, j, f], debts[1, j, f] = above - paid, below + paid
        # Before it is decided whether it counts: with a jump around it, which nobody can predict,
        # epochs take 1.6 to 2 times as long.
        left = w[f] - paid * inverse
        before, w[f] = w[f], left if paid != weight else 0
        note_change(sums, j, f, before, w[f])
