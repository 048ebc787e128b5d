"""What happens to the weights of sparse rows in the steps of one stretch, at its learning rates."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .arrays import Array
from .kernels.averages import Averaged
from .kernels.lapses import (
    Averaging,
    Coasting,
    Decaying,
    DecayingByFeature,
    DecayingEvenly,
    DecayingInAverage,
    Nothing,
    Owing,
    Paying,
    Rates,
    Replay,
    Shrinking,
    ShrinkingInScale,
    sum_decaying,
)
from .kernels.sparse import Sparse
from .members import in_dtype
from .optimizers import SGD
from .penalties import L1, L2, CumulativeL1, ElasticNet, NoPenalty
from .problem import Problem
from .schedules import Adaptive, Constant
from .settings import Settings
from .state import State
from .stretches import cost_of_reading

# Of a sum of powers, terms below this fraction of the first change no digit. Where what decays in a
# step is more than this, powers take long to vanish.
NEGLIGIBLE, MOST_DECAY = 1e-17, 0.5


# Schedules whose rate is the same in all steps; what a fit divides it by is in its pace.
EVEN = (Constant, Adaptive)


def is_scale(penalty: Any) -> bool:
    """Tell whether a penalty multiplies all weights by the same number."""
    return isinstance(penalty, L2) and np.ndim(penalty.alpha) == 0


def is_replayed(settings: Settings) -> bool:
    """Tell whether steps between occurrences are made up for one by one, whatever their rates."""
    penalty = settings.penalty
    if not _is_plain(settings.optimizer) or isinstance(penalty, NoPenalty):
        return False
    is_averaged = settings.first_averaged is not None
    return not hasattr(penalty, "rest") or (is_averaged and not is_scale(penalty))


def _is_plain(optimizer: Any) -> bool:
    return isinstance(optimizer, SGD) and optimizer.momentum == 0


def _takes_powers(settings: Settings) -> bool:
    """Tell whether what decay leaves of weights is made of powers of the learning rates."""
    if not (_is_plain(settings.optimizer) and hasattr(settings.penalty, "decay")):
        return False
    return np.ndim(settings.penalty.decay()) == 1 and not isinstance(settings.schedule, EVEN)


def _most_decay(settings: Settings) -> float:
    """Return the largest share of a weight that decays in a step, as far as can be told."""
    lr: float = getattr(settings.schedule, "lr", math.inf)
    return min(MOST_DECAY, lr * float(np.max(settings.penalty.decay())))


def _terms(most: float) -> int:
    """Return how many powers count of what decays, which is at most so much."""
    return 1 if most == 0 else math.ceil(math.log(NEGLIGIBLE) / math.log(most))


def _between(settings: Settings) -> Settings:
    """Return settings with what a penalty that remembers what is due does between occurrences."""
    penalty = settings.penalty
    return settings._replace(penalty=penalty.between()) if hasattr(penalty, "between") else settings


def row_cost(problem: Problem, settings: Settings) -> int:
    """Return how many numbers a row counts for in a stretch of a fit."""
    settings = _between(settings)
    cost = cost_of_reading(problem.data.rows, problem.k)
    if not isinstance(problem.data.rows, Sparse):
        return cost
    if is_replayed(settings):
        return cost + problem.d * problem.k // settings.batch_size  # in the sweep at the end
    if _takes_powers(settings):
        # The table of a stretch takes 8 MB at most: two of them, as the next is made.
        return cost + 16 * _terms(_most_decay(settings)) // settings.batch_size
    return cost


def lapse_of(settings: Settings, state: State, start: int, lrs: Array) -> Any:
    """Return what happens to a weight while its feature does not occur."""
    if hasattr(settings.penalty, "between") and _is_plain(settings.optimizer):
        rates = _rates(start, lrs, state.memory.pace)
        alpha = settings.penalty.l1_ratio * settings.penalty.alpha
        return Owing(lapse_of(_between(settings), state, start, lrs), rates, alpha)
    optimizer, averages, pace = settings.optimizer, state.memory.averages, state.memory.pace
    penalty = in_dtype(settings.penalty, state.parameters.w.dtype)
    is_averaged = isinstance(averages, Averaged)
    first = averages.first if is_averaged else 0
    if isinstance(optimizer, SGD) and optimizer.momentum > 0:
        momentum = optimizer.momentum
        ahead = momentum if optimizer.nesterov else 1.0
        powers = momentum ** np.arange(lrs.size + 1.0)
        once = _cumulated(powers[1:])
        sums = np.stack((once, np.cumsum(once)))
        return Coasting(powers, sums, ahead, _rates(start, lrs, pace), first)
    if not isinstance(optimizer, SGD) or isinstance(penalty, NoPenalty):
        return Averaging(pace, first) if is_averaged else Nothing()
    rates = _rates(start, lrs, pace)
    if is_replayed(settings):
        return Replay(penalty, rates, first)
    if not hasattr(penalty, "decay"):
        return Shrinking(penalty, rates)
    lapse = _decaying(penalty, settings.schedule, rates, first)
    if is_averaged and isinstance(lapse, Decaying):
        return _in_average(lapse, first)
    return lapse


def lapse_in_scale(settings: Settings, state: State, start: int, lrs: Array) -> Any:
    """Return what happens meanwhile to a weight times a scale, which is what L2 shrinks."""
    w, penalty = state.parameters.w, settings.penalty
    if isinstance(penalty, CumulativeL1):
        rates = _rates(start, lrs, state.memory.pace)
        return Paying(rates, penalty.l1_ratio * penalty.alpha, w, state.memory.w)
    if isinstance(penalty, ElasticNet):
        penalty = L1(penalty.l1_ratio * penalty.alpha)
    if not isinstance(penalty, L1):
        return Nothing()
    return ShrinkingInScale(in_dtype(penalty, w.dtype), start, np.zeros((len(w), lrs.size + 1)), w)


def _decaying(
    penalty: Any, schedule: Any, rates: Rates, first: int
) -> Decaying | DecayingEvenly | DecayingByFeature | Replay:
    """Return what a penalty does that multiplies weights by something in each step."""
    lrs, pace, decay = rates.lrs, rates.pace, np.asarray(penalty.decay(), float)
    if decay.ndim == 1 and not isinstance(schedule, EVEN):
        return _by_feature(penalty, decay, rates, first)
    paces = pace if (pace != 1).any() else np.ones(1)
    lost = paces[:, None] * (lrs if decay.ndim == 0 else lrs[:1]) * decay
    if lost.max() >= 1:  # of which the logarithm cannot be summed
        return Replay(penalty, rates, first)
    log_kept = np.log1p(-lost)
    if decay.ndim == 1:
        return DecayingEvenly(penalty, rates, log_kept)
    return Decaying(penalty, rates, _cumulated(log_kept))


def _by_feature(penalty: Any, decay: Array, rates: Rates, first: int) -> DecayingByFeature | Replay:
    """Return what a penalty does that makes each weight decay by itself, at rates that change."""
    lrs = rates.lrs
    highest = lrs.max() or 1.0  # in units of it, no power of a rate overflows
    most = highest * rates.pace.max() * decay.max()
    if most > MOST_DECAY:
        return Replay(penalty, rates, first)
    terms = _terms(most)
    powers = np.empty((lrs.size + 1, terms))
    for m in range(1, 1 + terms):
        powers[:, m - 1] = _cumulated((lrs / highest) ** m / m)
    return DecayingByFeature(penalty, rates, highest * decay, powers)


def _in_average(lapse: Decaying, first: int) -> DecayingInAverage:
    """Return what a penalty does that multiplies weights, which count for their averages."""
    sums = np.zeros_like(lapse.log_kept)
    sum_decaying(np.exp(np.diff(lapse.log_kept)), sums)
    return DecayingInAverage(lapse.rates, lapse.log_kept, sums, first)


def _rates(start: int, lrs: Array, pace: Array) -> Rates:
    """Return the learning rates, and what they sum up to."""
    return Rates(start, lrs, _cumulated(lrs), pace)


def _cumulated(rates: Array) -> Array:
    """Return the sums along the last axis of no rate, one, two and so on."""
    sums = np.zeros((*rates.shape[:-1], rates.shape[-1] + 1))
    np.cumsum(rates, axis=-1, out=sums[..., 1:])
    return sums
