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
    DecayingInAverage,
    Nothing,
    Rates,
    Replay,
    Shrinking,
    sum_decaying,
)
from .kernels.sparse import Sparse
from .members import in_dtype
from .optimizers import SGD
from .penalties import L1, L2, NoPenalty
from .rows import Problem
from .settings import Settings
from .state import State
from .stretches import cost_of_reading


def is_scale(penalty: Any) -> bool:
    """Tell whether a penalty multiplies all weights by the same number."""
    return isinstance(penalty, L2) and np.ndim(penalty.alpha) == 0


def is_replayed(settings: Settings) -> bool:
    """Tell whether steps between occurrences are made up for one by one, whatever their rates."""
    optimizer, penalty = settings.optimizer, settings.penalty
    if not (isinstance(optimizer, SGD) and optimizer.momentum == 0):
        return False
    if isinstance(penalty, NoPenalty):
        return False
    is_averaged = settings.first_averaged is not None
    return not hasattr(penalty, "rest") or (is_averaged and not is_scale(penalty))


def row_cost(problem: Problem, settings: Settings) -> int:
    """Return how many numbers a row counts for in a stretch of a fit."""
    cost = cost_of_reading(problem.data.rows, problem.k)
    if isinstance(problem.data.rows, Sparse) and is_replayed(settings):
        cost += problem.d * problem.k // settings.batch_size  # in the sweep at the end
    return cost


def lapse_of(settings: Settings, state: State, start: int, lrs: Array, is_scattered: bool) -> Any:
    """Return what happens to a weight while its feature does not occur."""
    optimizer, averages, pace = settings.optimizer, state.memory.averages, state.memory.pace
    penalty = in_dtype(settings.penalty, state.parameters.w.dtype)
    if is_scattered and not isinstance(penalty, L1):
        return Nothing()
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
        return Shrinking(penalty, start, rates.sums, pace, state.parameters.w)
    lapse = _decaying(penalty, rates, first)
    if is_averaged and isinstance(lapse, Decaying):
        return _in_average(lapse, first)
    return lapse


# Of a sum of powers, terms below this fraction of the first change no digit.
NEGLIGIBLE = 1e-17


def _decaying(penalty: Any, rates: Rates, first: int) -> Decaying | DecayingByFeature | Replay:
    """Return what a penalty does that multiplies weights by something in each step."""
    lrs, pace, decay = rates.lrs, rates.pace, np.asarray(penalty.decay(), float)
    if decay.ndim == 0:
        paces = pace if (pace != 1).any() else np.ones(1)
        lost = paces[:, None] * lrs * decay
        if lost.max() >= 1:  # of which the logarithm cannot be summed
            return Replay(penalty, rates, first)
        return Decaying(penalty, rates, _cumulated(np.log1p(-lost)))
    highest = lrs.max() or 1.0  # in units of it, no power of a rate overflows
    most = highest * pace.max() * decay.max()
    if most > 0.5:  # where powers take long to vanish
        return Replay(penalty, rates, first)
    terms = 1 if most == 0 else math.ceil(math.log(NEGLIGIBLE) / math.log(most))
    powers = np.empty((lrs.size + 1, terms))
    for m in range(1, 1 + terms):
        powers[:, m - 1] = _cumulated((lrs / highest) ** m / m)
    return DecayingByFeature(penalty, rates, highest * decay, powers)


def _in_average(lapse: Decaying, first: int) -> DecayingInAverage:
    """Return what a penalty does that multiplies weights, which count for their averages."""
    sums = np.zeros_like(lapse.log_kept)
    sum_decaying(np.exp(np.diff(lapse.log_kept)), sums)
    return DecayingInAverage(lapse, sums, first)


def _rates(start: int, lrs: Array, pace: Array) -> Rates:
    """Return the learning rates, and what they sum up to."""
    return Rates(start, lrs, _cumulated(lrs), pace)


def _cumulated(rates: Array) -> Array:
    """Return the sums along the last axis of no rate, one, two and so on."""
    sums = np.zeros((*rates.shape[:-1], rates.shape[-1] + 1))
    np.cumsum(rates, axis=-1, out=sums[..., 1:])
    return sums
