"""What happens to a weight in steps in which its feature does not occur.

Each kind brings one method, `bring_up`, which applies the steps from `since` to ``t - 1`` to what
output j knows of feature f. It takes the same time however many there were, but for `Replay`.
"""

from typing import Any, NamedTuple

import numpy as np

from .arithmetic import at, unsigned
from .elementary import exp, expm1
from .jit import entry, inner
from .methods import bring_up, derivative, rest, shrink


class Nothing(NamedTuple):
    """Nothing happens."""

    def bring_up(self, known: Any, j: int, f: Any, since: Any, t: Any) -> None:
        """Do nothing."""
        return


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


# All weights share the sums of a stretch: epochs of 47,000 features take 0.2 s, and by `Replay` 38.
class ShrinkingInAverage(NamedTuple):
    """Plain SGD with L1 and L2, and the weight counts for its average, from step `first` on.

    Of a weight w before step s, ``scales[e] * (w / scales[s] - alpha * (ways[e] - ways[s]))`` is
    left before step e, until L1 has taken all of it.
    """

    alpha: Any  # of L1: one number, or (d,)
    rates: Any
    # (paces, steps + 1): what L2 leaves of a weight of 1 before each step; the sum of the learning
    # rates of the steps so far over these; the sum of all later scales; and that of scales times
    # ways so far.
    scales: Any
    ways: Any
    scales_left: Any
    way_sums: Any
    first: Any

    def bring_up(self, known: Any, j: int, f: Any, since: Any, t: Any) -> None:
        """Apply the penalty for all the steps at once."""
        start, part = self.rates.start, min(j, self.scales.shape[0] - 1)
        scales, ways = self.scales[part], self.ways[part]
        s, c, e = places(start, self.first, since, t)
        if self.rates.pace[j] > 0:
            w, alpha = np.float64(known.w[j, f]), at(self.alpha, f) * scales[s]
            left, last = abs(w) - alpha * (ways[e] - ways[s]), e
            if left <= 0:
                left = 0.0
                last = unsigned(last_left(abs(w), alpha, ways, since - start, t - start))
            total = 0.0
            if last > c:
                count = self.scales_left[part, c] - self.scales_left[part, last]
                way = self.way_sums[part, last] - self.way_sums[part, c]
                total = np.sign(w) * ((abs(w) + alpha * ways[s]) * count - alpha * way) / scales[s]
            take_in(known.averages, j, f, self.first, since, t, total)
            known.w[j, f] = np.sign(w) * left * (scales[e] / scales[s])


@inner
def places(start: Any, first: Any, since: Any, t: Any) -> Any:
    """Return how far from `start` steps `since` and t are, and in between where averages begin."""
    counts_from = min(max(since, first), t)
    return unsigned(since - start), unsigned(counts_from - start), unsigned(t - start)


@inner
def last_left(size: Any, alpha: Any, ways: Any, since: Any, t: Any) -> Any:
    """Return the last of the steps since..t - 1 before which something is left of a weight."""
    begin, last = ways[unsigned(since)], since
    while t - last > 1:
        middle = (last + t) // 2
        if alpha * (ways[unsigned(middle)] - begin) < size:
            last = middle
        else:
            t = middle
    return last


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
        part = min(j, self.sums.shape[0] - 1)
        sums, log_kept = self.sums[part], self.log_kept[part]
        s, c, e = places(self.rates.start, self.first, since, t)
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


# 20,000 rows of 47,000 features, one a step, take 0.08 s, and by `Replay` 7.7.
class DecayingEvenlyInAverage(NamedTuple):
    """As `DecayingEvenly`, and the weight counts for its average as it decays, from `first` on."""

    rates: Any
    log_kept: Any  # as of `DecayingEvenly`
    first: Any

    def bring_up(self, known: Any, j: int, f: Any, since: Any, t: Any) -> None:
        """Apply the penalty for all the steps at once."""
        if self.rates.pace[j] > 0:
            log_kept = self.log_kept[min(j, self.log_kept.shape[0] - 1), f]
            counts_from = min(max(since, self.first), t)
            w = np.float64(known.w[j, f]) * exp((counts_from - since) * log_kept)
            steps = t - counts_from
            # A geometric series; where nothing decays, as many times the weight.
            lost, lost_at_once = expm1(steps * log_kept), expm1(log_kept)
            count = exp(log_kept) * lost / lost_at_once if lost_at_once < 0 else np.float64(steps)
            take_in(known.averages, j, f, self.first, since, t, w * count)
            known.w[j, f] = w * exp(steps * log_kept)


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
    """Plain SGD with a cumulative penalty: its L1 becomes due, and its L2 is what `lapse` does."""

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
