"""What happens to a weight in steps in which its feature does not occur.

Each kind brings one method, `bring_up`, which takes what output j knows of feature f from step
`since` to step `t`. It takes the same time however many steps there were, but for `Replay`. What
`Scattered` meets has four others, of weights that are times a scale: `dot_up` brings up the weights
of a row, on the way to its product with them, `note_step` is told of a step, `pay` lets the weights
of a row pay what is due after it, and `finish` brings up those of all features, to a scale of 1.
"""

from typing import Any, NamedTuple

import numpy as np

from .arithmetic import at, payment, unsigned
from .elementary import exp
from .jit import entry, inner
from .methods import bring_up, derivative, rest, shrink
from .sparse import dot


class Nothing(NamedTuple):
    """Nothing happens."""

    def bring_up(self, known: Any, j: int, f: Any, since: Any, t: Any) -> None:
        """Do nothing."""
        return

    def dot_up(self, entries: Any, columns: Any, w: Any, beside: Any, j: Any, t: Any) -> Any:
        """Return the product of a row and the weights of output j."""
        return dot(entries, columns, w)

    def note_step(self, length: Any, j: Any, t: Any) -> None:
        """Do nothing."""
        return

    def pay(self, columns: Any, w: Any, beside: Any, scale: Any, j: Any, t: Any) -> None:
        """Do nothing."""
        return

    def finish(self, w: Any, beside: Any, scale: Any, j: Any, t: Any) -> None:
        """Make the scale of all weights of output j 1."""
        unscale(w, scale, j)


class Averaging(NamedTuple):
    """The weight is at rest, and counts for its average, which begins with step `first`."""

    pace: Any  # (k,): 0 for outputs that have stopped
    first: Any

    def bring_up(self, known: Any, j: int, f: Any, since: Any, t: Any) -> None:
        """Take the same weight into its average again and again."""
        if self.pace[j] > 0:
            total = np.float64(known.w[j, f]) * (t - max(since, self.first))
            take_in(known.averages, j, f, self.first, since, t, total)


class Rates(NamedTuple):
    """The learning rates of the steps from `start` on, and what they sum up to."""

    start: Any
    lrs: Any  # (steps,)
    sums: Any  # (steps + 1,): of the rates before each step
    pace: Any  # (k,)


class Shrinking(NamedTuple):
    """Plain SGD with a penalty that moves a weight by so much for each unit of learning rate."""

    penalty: Any
    rates: Any

    def bring_up(self, known: Any, j: int, f: Any, since: Any, t: Any) -> None:
        """Apply the penalty for all the steps at once."""
        rates = self.rates
        s, e = unsigned(since - rates.start), unsigned(t - rates.start)
        lr_sum = known.w.dtype.type(rates.pace[j] * (rates.sums[e] - rates.sums[s]))
        known.w[j, f] = rest(self.penalty, known.w[j, f], f, lr_sum, 0.0)


class ShrinkingInScale(NamedTuple):
    """As `Shrinking`, of weights that are times a scale, in which a step of L2 is none for them."""

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

    def pay(self, columns: Any, w: Any, beside: Any, scale: Any, j: Any, t: Any) -> None:
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


class Decaying(NamedTuple):
    """Plain SGD with a penalty that takes the same share of all weights in a step."""

    penalty: Any
    rates: Any
    # (paces, steps + 1): of what decay leaves before each step, the logarithm; for each output, or
    # one for all.
    log_kept: Any

    def bring_up(self, known: Any, j: int, f: Any, since: Any, t: Any) -> None:
        """Apply the penalty for all the steps at once."""
        rates = self.rates
        s, e = unsigned(since - rates.start), unsigned(t - rates.start)
        if rates.pace[j] > 0:
            lr_sum = rates.pace[j] * (rates.sums[e] - rates.sums[s])
            part = min(j, self.log_kept.shape[0] - 1)
            log_kept = self.log_kept[part, e] - self.log_kept[part, s]
            known.w[j, f] = rest(self.penalty, known.w[j, f], f, lr_sum, log_kept)


class DecayingInAverage(NamedTuple):
    """As `Decaying`, and the weight counts for its average as it decays, from step `first` on."""

    rates: Any
    log_kept: Any  # as of `Decaying`
    # (paces, steps + 1): what a weight of 1 before each step adds up to after that step and each
    # later one.
    sums: Any
    first: Any

    def bring_up(self, known: Any, j: int, f: Any, since: Any, t: Any) -> None:
        """Apply the penalty for all the steps at once."""
        start, part = self.rates.start, min(j, self.sums.shape[0] - 1)
        sums, log_kept = self.sums[part], self.log_kept[part]
        counts_from = min(max(since, self.first), t)
        s, c, e = unsigned(since - start), unsigned(counts_from - start), unsigned(t - start)
        if self.rates.pace[j] > 0:
            w = np.float64(known.w[j, f])
            if c > s:  # until the average has begun
                w *= exp(log_kept[c] - log_kept[s])
            kept = exp(log_kept[e] - log_kept[c])
            # Without the steps from t on, to which a part of the weight is left.
            take_in(known.averages, j, f, self.first, since, t, w * (sums[c] - kept * sums[e]))
            known.w[j, f] = w * kept


@entry
def sum_decaying(kept: Any, sums: Any) -> None:
    """Set `sums` of `DecayingInAverage`, of which the last are 0, given what each step leaves."""
    for part in range(kept.shape[0]):
        for i in range(kept.shape[1] - 1, -1, -1):
            sums[part, i] = kept[part, i] * (1 + sums[part, i + 1])


class DecayingEvenly(NamedTuple):
    """Plain SGD at one rate, with a penalty that takes its own share of each weight in a step."""

    penalty: Any
    rates: Any
    log_kept: Any  # (paces, d): of what decay leaves in a step, the logarithm

    def bring_up(self, known: Any, j: int, f: Any, since: Any, t: Any) -> None:
        """Apply the penalty for all the steps at once."""
        rates = self.rates
        s, e = unsigned(since - rates.start), unsigned(t - rates.start)
        if rates.pace[j] > 0:
            lr_sum = rates.pace[j] * (rates.sums[e] - rates.sums[s])
            part = min(j, self.log_kept.shape[0] - 1)
            log_kept = (t - since) * self.log_kept[part, f]
            known.w[j, f] = rest(self.penalty, known.w[j, f], f, lr_sum, log_kept)


class DecayingByFeature(NamedTuple):
    """As `DecayingEvenly`, at rates that change.

    What a step leaves of a weight has the logarithm ``log(1 - x) = -(x + x**2 / 2 + ...)``, where
    x is the decay times the learning rate, so that its sum over the steps is made of the sums of
    the powers of the rates, which all weights share.
    """

    penalty: Any
    rates: Any
    decay: Any  # (d,), in a step at the highest rate
    # (steps + 1, terms): the sums of x**m / m before each step, from m = 1 on, of rates x in units
    # of the highest.
    powers: Any

    def bring_up(self, known: Any, j: int, f: Any, since: Any, t: Any) -> None:
        """Apply the penalty for all the steps at once."""
        rates = self.rates
        s, e = unsigned(since - rates.start), unsigned(t - rates.start)
        if rates.pace[j] > 0:
            lr_sum = rates.pace[j] * (rates.sums[e] - rates.sums[s])
            decay = rates.pace[j] * self.decay[f]
            power, log_kept = 1.0, 0.0
            for m in range(self.powers.shape[1]):
                power *= decay
                log_kept -= power * (self.powers[e, m] - self.powers[s, m])
            known.w[j, f] = rest(self.penalty, known.w[j, f], f, lr_sum, log_kept)


class Replay(NamedTuple):
    """Plain SGD with a penalty, each step of which is made up for by itself."""

    penalty: Any
    rates: Any
    first: Any  # the step with which averages begin

    def bring_up(self, known: Any, j: int, f: Any, since: Any, t: Any) -> None:
        """Apply the penalty step by step."""
        number = known.w.dtype.type
        if self.rates.pace[j] > 0:
            w = known.w[j, f]
            for u in range(since, t):
                lr = number(self.rates.lrs[unsigned(u - self.rates.start)] * self.rates.pace[j])
                w = w - lr * derivative(self.penalty, w, f, lr)
                w = shrink(self.penalty, w, known.slots, j, f, lr)
                take_in(known.averages, j, f, self.first, u, u + 1, np.float64(w))
            known.w[j, f] = w


class Owing(NamedTuple):
    """Plain SGD with a cumulative penalty: more becomes due; else `lapse` says what happens."""

    lapse: Any
    rates: Any
    alpha: Any  # what becomes due for each unit of learning rate: one number, or (d,)

    def bring_up(self, known: Any, j: int, f: Any, since: Any, t: Any) -> None:
        """Let what becomes due in all the steps be due, of a weight above 0 and of one below."""
        rates, k = self.rates, known.w.shape[0]
        lr_sum = rates.sums[unsigned(t - rates.start)] - rates.sums[unsigned(since - rates.start)]
        due = rates.pace[j] * lr_sum * at(self.alpha, f)
        for slot in range(known.slots.shape[0] - 2 * k, known.slots.shape[0], k):
            known.slots[slot + j, f] += due
        bring_up(self.lapse, known, j, f, since, t)


class Paying(NamedTuple):
    """As `Owing`, of weights that are at hand: what is due of all is counted once."""

    rates: Any
    alpha: Any  # what becomes due for each unit of learning rate
    w: Any  # (k, d): where `finish` leaves the weights
    slots: Any  # (2, k, d): and what they owe

    def dot_up(self, entries: Any, columns: Any, w: Any, beside: Any, j: Any, t: Any) -> Any:
        """Return the product of a row and the weights of output j."""
        return dot(entries, columns, w)

    def note_step(self, length: Any, j: Any, t: Any) -> None:
        """Do nothing: what becomes due in each step is known before."""
        return

    def pay(self, columns: Any, w: Any, beside: Any, scale: Any, j: Any, t: Any) -> None:
        """Let the weights in these columns pay."""
        let_pay(columns, w, scale, beside, j, due_by(self, j, t))

    def finish(self, w: Any, beside: Any, scale: Any, j: Any, t: Any) -> None:
        """Copy all weights of output j, and what they owe."""
        unscale(w, scale, j)
        due = due_by(self, j, t)
        for f in range(w.size):
            self.w[j, f] = w[f]
            for sign in range(2):
                self.slots[sign, j, f] = beside[sign, j, f] + due


@inner
def unscale(w: Any, scale: Any, j: Any) -> None:
    """Make the scale of the weights of one output 1."""
    number = w.dtype.type(scale[j])
    for f in range(w.size):
        w[f] *= number
    scale[j] = 1


@inner
def due_by(paying: Any, j: Any, t: Any) -> Any:
    """Return what has become due of each weight of output j by step t."""
    rates = paying.rates
    lr_sum = rates.pace[j] * rates.sums[unsigned(t - rates.start)]
    return paying.w.dtype.type(paying.alpha * lr_sum)


@inner
def let_pay(columns: Any, w: Any, scale: Any, debts: Any, j: Any, due: Any) -> None:
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
        w[f] = left if paid != weight else 0


class Coasting(NamedTuple):
    """SGD with momentum: the weight goes on along its velocity, at the rate of the last step."""

    powers: Any  # (steps + 1,): of momentum, from 0 on
    sums: Any  # (2, steps + 1): of the first powers from 1 on, and of these sums
    ahead: Any  # by what Nesterov's step multiplies the velocity; else 1
    rates: Any
    first: Any  # the step with which averages begin

    def bring_up(self, known: Any, j: int, f: Any, since: Any, t: Any) -> None:
        """Take all the steps at once."""
        rates = self.rates
        is_at_rest = known.slots[j, f] == 0 and known.averages.shape[0] == 0
        if t > rates.start and rates.pace[j] > 0 and not is_at_rest:
            lr = rates.lrs[unsigned(t - 1 - rates.start)] * rates.pace[j]
            w, v = np.float64(known.w[j, f]), np.float64(known.slots[j, f])
            # After i steps the weight is w - step * sums[0, i]. In closed form, 1 over
            # 1 - momentum would take all digits where momentum is nearly 1.
            step = lr * self.ahead * v
            before, steps = min(max(since, self.first), t) - since, t - since
            moved = self.sums[1, unsigned(steps)] - self.sums[1, unsigned(before)]
            total = (steps - before) * w - step * moved
            take_in(known.averages, j, f, self.first, since, t, total)
            known.w[j, f] = w - step * self.sums[0, unsigned(steps)]
            known.slots[j, f] = v * self.powers[unsigned(steps)]


@inner
def take_in(averages: Any, j: int, f: Any, first: Any, since: Any, t: Any, total: Any) -> None:
    """Take `total`, the sum of a weight after each of the steps since..t - 1, into its average.

    The steps before `first` are not in it.
    """
    if averages.shape[0] > 0 and t > first:
        if since <= first:  # whatever was there before is not in it, not even what it rounds to
            averages[j, f] = total / (t - first)
        else:
            averages[j, f] += (total - (t - since) * averages[j, f]) / (t - first)
