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
    DecayingEvenlyInAverage,
    DecayingInAverage,
    Nothing,
    Owing,
    Rates,
    Replay,
    Shrinking,
    ShrinkingInAverage,
    sum_decaying,
)
from .kernels.scaled import Paying, Scaling, ShrinkingInScale
from .members import in_dtype
from .optimizers import SGD
from .penalties import L1, CumulativeL1, ElasticNet, NoPenalty
from .problem import Problem
from .schedules import Adaptive, Constant
from .settings import Settings
from .state import State
from .stretches import cost_of_reading, cost_of_steps

# Of a sum of powers, terms below this fraction of the first change no digit. Where what decays in a
# step is more than this, powers take long to vanish.
NEGLIGIBLE, MOST_DECAY = 1e-17, 0.5

# What decay leaves of weights is divided by: where this is its logarithm, no quotient overflows.
LEAST_LOG_KEPT = -600.0

# Schedules whose rate is the same in all steps; what a fit divides it by is in its pace.
EVEN = (Constant, Adaptive)


def is_replayed(settings: Settings) -> bool:
    """Tell whether steps between occurrences are made up for one by one, whatever their rates."""
    penalty = settings.penalty
    if not _is_plain(settings.optimizer) or isinstance(penalty, NoPenalty):
        return False
    if not hasattr(penalty, "rest"):
        return True
    if settings.first_averaged is None or isinstance(penalty, L1) or np.ndim(penalty.alpha) == 0:
        return False
    return isinstance(penalty, ElasticNet) or not isinstance(settings.schedule, EVEN)


def _is_plain(optimizer: Any) -> bool:
    return isinstance(optimizer, SGD) and optimizer.momentum == 0


def _takes_powers(settings: Settings) -> bool:
    """Tell whether what decay leaves of weights is made of powers of the learning rates."""
    if not (_is_plain(settings.optimizer) and hasattr(settings.penalty, "decay")):
        return False
    return np.ndim(settings.penalty.decay()) == 1 and not isinstance(settings.schedule, EVEN)


def _is_divided(settings: Settings) -> bool:
    """Tell whether what L1 takes is counted in units of what decay leaves of weights."""
    is_averaged = settings.first_averaged is not None
    is_net = isinstance(settings.penalty, ElasticNet)
    return is_net and is_averaged and _is_plain(settings.optimizer)


def _most_decay(settings: Settings) -> float:
    """Return the largest share of a weight that decays in a step, or infinity if none is known."""
    lr: float = getattr(settings.schedule, "lr", math.inf)
    decay = float(np.max(settings.penalty.decay()))
    return lr * decay if decay > 0 else 0.0


def _terms(most: float) -> int:
    """Return how many powers count of what decays, which is at most so much."""
    return 1 if most == 0 else math.ceil(math.log(NEGLIGIBLE) / math.log(most))


def _between(settings: Settings) -> Settings:
    """Return settings with what a penalty that remembers what is due does between occurrences."""
    penalty = settings.penalty
    return settings._replace(penalty=penalty.between()) if hasattr(penalty, "between") else settings


def sparse_row_cost(problem: Problem, settings: Settings) -> int:
    """Return how many numbers a sparse row counts for in a stretch of a fit."""
    settings = _between(settings)
    cost = cost_of_reading(problem.data.rows, problem.k)
    if is_replayed(settings):
        return cost + problem.d * problem.k // settings.batch_size  # in the sweep at the end
    if _takes_powers(settings):
        # The table of a stretch takes 8 MB at most: two of them, as the next is made.
        most = min(_most_decay(settings), MOST_DECAY)
        return cost + 16 * _terms(most) // settings.batch_size
    if _is_divided(settings):
        most = _most_decay(settings)
        share = math.log1p(-most if most < 1 else -MOST_DECAY) / LEAST_LOG_KEPT
        return max(cost, cost_of_steps(share, settings.batch_size))
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
    if is_averaged and isinstance(penalty, (L1, ElasticNet)):
        return _shrinking_in_average(penalty, rates, first)
    if isinstance(penalty, L1):
        return Shrinking(penalty, rates)
    lapse = _decaying(penalty, settings.schedule, rates, first)
    if is_averaged and isinstance(lapse, Decaying):
        return _in_average(lapse, first)
    if is_averaged and isinstance(lapse, DecayingEvenly):
        return DecayingEvenlyInAverage(rates, lapse.log_kept, first)
    return lapse


def lapse_in_scale(settings: Settings, state: State, start: int, lrs: Array) -> Any:
    """Return what happens meanwhile to a weight times a scale, which is what L2 shrinks."""
    w, penalty = state.parameters.w, settings.penalty
    if isinstance(penalty, CumulativeL1):
        rates = _rates(start, lrs, state.memory.pace)
        return Paying(rates, penalty.l1_ratio * penalty.alpha, np.zeros(len(w)))
    if isinstance(penalty, ElasticNet):
        penalty = L1(penalty.l1_ratio * penalty.alpha)
    if not isinstance(penalty, L1):
        return Scaling()
    return ShrinkingInScale(in_dtype(penalty, w.dtype), start, np.zeros((len(w), lrs.size + 1)), w)


def _decaying(
    penalty: Any, schedule: Any, rates: Rates, first: int
) -> Decaying | DecayingEvenly | DecayingByFeature | Replay:
    """Return what a penalty does that multiplies weights by something in each step."""
    lrs, decay = rates.lrs, np.asarray(penalty.decay(), float)
    if decay.ndim == 1 and not isinstance(schedule, EVEN):
        return _by_feature(penalty, decay, rates, first)
    lost = _for_paces(rates.pace, lrs if decay.ndim == 0 else lrs[:1]) * decay
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


def _shrinking_in_average(
    penalty: L1 | ElasticNet, rates: Rates, first: int
) -> ShrinkingInAverage | Replay:
    """Return what L1 and L2 do to weights that count for their averages."""
    if isinstance(penalty, L1):
        alpha, decay = penalty.alpha, 0.0
    else:
        alpha, decay = penalty.l1_ratio * penalty.alpha, float(penalty.decay())
    lrs = _for_paces(rates.pace, rates.lrs)
    lost = lrs * decay
    if lost.max() >= 1:
        return Replay(penalty, rates, first)
    log_kept = _cumulated(np.log1p(-lost))
    if log_kept.min() < LEAST_LOG_KEPT:
        return Replay(penalty, rates, first)
    scales = np.exp(log_kept)
    ways = _cumulated(lrs / scales[:, 1:])
    left = np.zeros_like(scales)
    left[:, :-1] = np.cumsum(scales[:, :0:-1], axis=1)[:, ::-1]
    way_sums = np.cumsum(scales * ways, axis=1)
    return ShrinkingInAverage(alpha, rates, scales, ways, left, way_sums, first)


def _for_paces(pace: Array, lrs: Array) -> Array:
    """Return the learning rates of each output, in rows; in one, where all have the same."""
    return (pace if (pace != 1).any() else np.ones(1))[:, None] * lrs


def _rates(start: int, lrs: Array, pace: Array) -> Rates:
    """Return the learning rates, and what they sum up to."""
    return Rates(start, lrs, _cumulated(lrs), pace)


def _cumulated(rates: Array) -> Array:
    """Return the sums along the last axis of no rate, one, two and so on."""
    sums = np.zeros((*rates.shape[:-1], rates.shape[-1] + 1))
    np.cumsum(rates, axis=-1, out=sums[..., 1:])
    return sums
