"""What steps on sparse rows work on: the weights themselves, or those of one batch at a time.

Each changes few of all weights. Linear steps are taken where the weights are; others in arrays that
have room for the features of one batch, which `kernels.batches` moves in and out.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .arrays import FLOAT64, Array
from .gathering import block_of, parts_if_large, rows_together, scores_of, zero_gradient
from .kernels.averages import Averaged, NotAveraged
from .kernels.batches import NOWHERE, PLACE, STEP, Batches, Known
from .kernels.columns import whole_registers
from .kernels.epoch import Data, Memory, Method, Parameters, Work
from .kernels.gradient import ByBlocks
from .kernels.lapses import Nothing
from .kernels.parts import CHUNK
from .kernels.scaled import Scaling, ShrinkingInScale
from .kernels.scattered import Scattered
from .kernels.sparse import Sparse
from .kernels.sums import NotSummed, Summed
from .lapsing import lapse_in_scale, lapse_of
from .members import in_dtype
from .optimizers import SGD
from .penalties import L1, L2, CumulativeL1, ElasticNet, NoPenalty
from .problem import Problem
from .schedules import Function
from .settings import Settings
from .state import State

# Derivatives are multiplied by the rate over the scale of the weights of sparse rows: so large ones
# do not overflow then.
ROOM = 2.0**32

# Weights are held as a product with a scale, which shrinks; below this it becomes 1 again, which
# takes a sweep over them. Sums of weights lose a digit for each by which scales in them differ.
SMALL, SMALL_IN_SUMS = 2.0**-64, 2.0**-6

# As float32, what is less than half of the last digit of a weight is lost where it is added by
# itself. So many gradients of a batch may be: as often may the commonest feature occur in one.
MOST_ADDED = 32


def with_lapse(work: Work, settings: Settings, state: State, first: int, lrs: Array) -> Work:
    """Return work that knows what happens to weights in steps without a gradient, from `first` on.

    These steps have the learning rates given.
    """
    rows: Any = work.data.rows
    if isinstance(rows, Scattered):  # whose steps are counted from `first`
        lapse = lapse_in_scale(settings, state, first, lrs)
        if isinstance(lapse, ShrinkingInScale):
            rows.beside[...] = 0
    else:
        lapse = lapse_of(settings, state, first, lrs)
    return work._replace(data=work.data._replace(rows=rows._replace(lapse=lapse)))


def sparse_work_on(problem: Problem, settings: Settings, state: State, method: Method) -> Work:
    """Return what a fit works on, of sparse rows."""
    if _is_linear(problem, settings, state):
        return _scattered(problem, settings, state, method)
    return _gathered(problem, settings.batch_size, state, method)


def _is_linear(problem: Problem, settings: Settings, state: State) -> bool:
    """Tell whether the gradients of the rows of a batch can be added to the weights one by one."""
    penalty = settings.penalty
    return (
        settings.optimizer == SGD()
        and (isinstance(penalty, (NoPenalty, L1)) or _is_even(penalty))
        and (isinstance(state.memory.averages, NotAveraged) or _is_summed(problem, settings))
        and settings.clip_norm is None
        and settings.batch_size <= CHUNK
        and _most_in_a_batch(problem, settings.batch_size) <= MOST_ADDED
    )


def _is_even(penalty: Any) -> bool:
    """Tell whether a penalty has L2 in it, or is cumulative, and is the same for all features."""
    return isinstance(penalty, (L2, ElasticNet, CumulativeL1)) and np.ndim(penalty.alpha) == 0


def _is_summed(problem: Problem, settings: Settings) -> bool:
    """Tell whether averages go by sums of scales, which decay may make anew a few times."""
    decay, rows = _decay(settings.penalty, problem.dtype), problem.data.rows
    if isinstance(settings.penalty, (L1, ElasticNet)):  # which take from weights that do not occur
        return False
    if decay == 0:
        return True
    if isinstance(settings.schedule, Function):  # which is asked but once for each step
        return False
    steps = math.ceil(problem.n / settings.batch_size)
    # Of the first ones, whose rates are the highest: a fit that goes on has to take the same way.
    first = getattr(settings.schedule, "warm_up", 0)
    some = np.linspace(first, first + steps - 1, min(steps, 1000)).astype(np.int64)
    shares = np.minimum(settings.schedule.rates(some) * decay, 1 - 2.0**-53)  # not all of it
    sweeps = steps * float(np.log1p(-shares).mean()) / math.log(SMALL_IN_SUMS)
    return bool(sweeps <= max(1.0, rows.entries.size / problem.d))


def _most_in_a_batch(problem: Problem, batch_size: int) -> float:
    """Return how many float32 gradients of a batch one weight takes in on average, at most."""
    rows = problem.data.rows
    if problem.dtype == FLOAT64:
        return 0.0
    if batch_size <= MOST_ADDED:
        return batch_size
    columns = rows.indices.view(f"i{rows.indices.itemsize}")  # numpy counts signed integers alone
    return batch_size * float(np.bincount(columns).max(initial=0)) / problem.n


def _scattered(problem: Problem, settings: Settings, state: State, method: Method) -> Work:
    """Return the work of steps that are linear, each of which goes straight into the weights."""
    w, b = state.parameters
    k, penalty = len(w), settings.penalty
    scores = np.empty((k, whole_registers(settings.batch_size)), w.dtype)
    weights, beside = _with_beside(state, penalty)
    empty, sums = np.zeros((k, 0), w.dtype), _sums_of(state)
    averages = state.memory.averages
    if isinstance(averages, Averaged):  # those of `b` alone are taken step by step
        averages = averages._replace(w=np.zeros((k, 0)))
    scattered = Scattered(
        problem.data.rows,
        weights,
        np.zeros((0, 1)) if isinstance(sums, NotSummed) else sums.changes,
        beside,
        Scaling(),
        np.ones(k),
        np.zeros(1, np.int64),
        scores,
        _decay(penalty, w.dtype),
        SMALL if isinstance(sums, NotSummed) else SMALL_IN_SUMS,
        float(np.finfo(w.dtype).max) / ROOM,
        sums,
    )
    return Work(
        problem.data._replace(rows=scattered),
        method,
        Parameters(empty, b),
        state.memory._replace(averages=averages),
        zero_gradient(empty),
        ByBlocks(block_of(scores)),
    )


def _sums_of(state: State) -> Any:
    """Return what averages go by, if there are any."""
    memory, averages, w = state.memory, state.memory.averages, state.parameters.w
    if isinstance(averages, NotAveraged):
        return NotSummed()
    changes, since = np.full(w.shape, 0.0), np.full(len(w), state.steps)
    return Summed(averages.w, averages.first, memory.pace, changes, np.zeros(len(w)), since)


def _decay(penalty: Any, dtype: np.dtype[Any]) -> float:
    """Return the strength of L2, or of the share of it, that scales all weights."""
    acting = penalty.between() if isinstance(penalty, CumulativeL1) else penalty
    return float(in_dtype(acting, dtype).decay()) if hasattr(acting, "decay") else 0.0


def _with_beside(state: State, penalty: Any) -> tuple[Array, Array]:
    """Return weights, and what has to be known of each: `Scattered` has both."""
    w = state.parameters.w
    if isinstance(penalty, CumulativeL1):
        return w, state.memory.w
    if isinstance(penalty, (NoPenalty, L2)):
        return w, np.zeros((len(w), 0), np.uint32)
    # Side by side, as one cache line brings both: with 10 million features, non-zeros take 0.8
    # times as long. `full` asks for huge pages, and `zeros` does not.
    table = np.full((*w.shape, 2), 0, w.dtype)
    table[..., 0] = w
    return table[..., 0], table.view(f"u{w.itemsize}")[..., 1]


def _gathered(problem: Problem, batch_size: int, state: State, method: Method) -> Work:
    """Return work that gathers the gradient of a batch before it takes the step."""
    block = block_of(scores_of(state.parameters.w, problem.data.rows))
    alpha: Any = getattr(method.penalty, "alpha", 0.0)
    by_feature = alpha.astype(problem.dtype) if np.ndim(alpha) else None
    data, parameters, memory = brought_near(problem, batch_size, state, by_feature)
    rows = data.rows
    if rows.near_alpha.size > 0:
        values = method.penalty._asdict() | {"alpha": rows.near_alpha}
        method = method._replace(penalty=method.penalty._make(values.values()))
    # The rows of a batch share the room that their features are brought together in: in one part.
    way = parts_if_large(parameters.w, ByBlocks(block), batch_size, most_parts=1)
    return Work(data, method, parameters, memory, zero_gradient(parameters.w), way)


def brought_near(
    problem: Problem, batch_size: int, state: State, alpha: Array | None = None
) -> tuple[Data, Parameters, Memory]:
    """Return the data, the parameters and the memory of one batch at a time.

    `alpha` is the strength of a penalty, if it is one for each feature.
    """
    rows, memory, averages = problem.data.rows, state.memory, state.memory.averages
    handled = rows_together(state.parameters.w, rows)
    batches = _batches(rows, batch_size, handled, state, alpha)
    near = batches.near
    if isinstance(averages, Averaged):
        averages = Averaged(near.averages, averages.b, averages.first)
    slots = near.slots.reshape(*memory.w.shape[:2], near.w.shape[1])
    return (
        problem.data._replace(rows=batches),
        Parameters(near.w, state.parameters.b),
        Memory(slots, memory.b, averages, memory.pace, memory.steps),
    )


def _batches(
    rows: Sparse, batch_size: int, handled: int, state: State, alpha: Array | None
) -> Batches:
    """Return sparse rows, and room for what is known of the features of one batch of them.

    So many rows are `handled` together.
    """
    w, slots, averages = state.parameters.w, state.memory.w, state.memory.averages
    (k, d), s = w.shape, slots.shape[0]
    longest = int(np.diff(rows.indptr).max(initial=1))
    # No row occurs twice in an order: a batch has no more entries than all rows.
    size = min(d, batch_size * longest, rows.entries.size)
    is_averaged = isinstance(averages, Averaged)
    near_alpha = np.zeros(0 if alpha is None else size, w.dtype)
    near = Known(
        np.zeros((k, size), w.dtype),
        np.zeros((s * k, size), w.dtype),
        np.zeros((k if is_averaged else 0, size)),
    )
    marks = np.empty((d, 2), np.int64)
    marks[:, STEP], marks[:, PLACE] = state.steps, NOWHERE
    return Batches(
        rows,
        Known(w, slots.reshape(s * k, d), averages.w if is_averaged else np.zeros((0, 1))),
        near,
        np.empty(size + 1, np.uint32),  # one more: what is written there first may not stay
        np.zeros(1, np.int64),
        marks,
        np.empty(min(min(batch_size, handled) * longest, rows.entries.size), np.uint32),
        np.empty(handled, np.int64),
        Nothing(),
        near_alpha if alpha is None else alpha,
        near_alpha,
    )


def in_columns(rows: Batches, sums: Array) -> Array:
    """Return sums over the rows of one batch with a column for each feature of the model."""
    of_all = np.zeros((sums.shape[0], rows.rows.d))
    count = int(rows.count[0])
    of_all[:, rows.features[:count]] = sums[:, :count]
    return of_all
