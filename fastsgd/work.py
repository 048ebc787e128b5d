"""What the kernels of a fit work on, and the way in which they gather the gradient of a batch."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import lapsing, sparse_work
from .arrays import Array
from .gathering import (
    PARTS,
    block_of,
    part_gatherer,
    parts_if_large,
    scores_of,
    way_by_parts,
    zero_gradient,
)
from .kernels.clipping import Clipped, ClippedByOutput, Unclipped
from .kernels.columns import FEWEST_FILLED, takes_exponentials, whole_registers
from .kernels.dense import FROM_MEMORY, Dense
from .kernels.epoch import Method, Work
from .kernels.gradient import ByBlocks
from .kernels.parts import CHUNK, Parts
from .kernels.registers import MOST_SLOW_VECTORS, MOST_VECTORS, shape_of
from .kernels.short import (
    SLOW_BATCH,
    ByRow,
    ByRowInPasses,
    ByRowThenLosses,
    are_short,
)
from .kernels.short_ahead import bytes_of_row, come_slowly, prefetching_of
from .kernels.sparse import Sparse
from .kernels.targets import Classes, OneVersusRest, Values
from .members import in_dtype
from .problem import Problem
from .settings import Settings
from .state import State
from .stretches import cost_of_reading


def row_cost(problem: Problem, settings: Settings) -> int:
    """Return how many numbers a row counts for in a stretch of a fit."""
    if isinstance(problem.data.rows, Sparse):
        return lapsing.sparse_row_cost(problem, settings)
    return cost_of_reading(problem.data.rows, problem.k)


def at_rates(
    work: Work, settings: Settings, state: State, first: int, lrs: Array, order: Array
) -> Work:
    """Return work as kernels take it, for the steps from `first` on, with these learning rates."""
    if not isinstance(work.data.rows, Dense):
        work = sparse_work.with_lapse(work, settings, state, first, lrs)
    return with_parts_compiled(work, order)


def with_parts_compiled(work: Work, order: Array) -> Work:
    """Return work with what gathers the parts of batches, if they have parts, compiled."""
    parts = work.way
    if not isinstance(parts, Parts):
        return work
    gatherer = part_gatherer(parts, work.data, order, work.parameters, work.method.loss)
    return work._replace(way=way_by_parts(parts, gatherer, work.gradient))


def work_on(problem: Problem, settings: Settings, state: State) -> Work:
    """Return what a fit works on, and `at_rates` makes ready for its kernels."""
    method = _method(problem, settings, state)
    if hasattr(settings.schedule, "aim"):  # a rate that depends on the row as well
        problem = problem._replace(data=settings.schedule.aim(problem.data))
    if isinstance(problem.data.rows, Sparse):
        return sparse_work.sparse_work_on(problem, settings, state, method)
    by_row = _by_row(problem, settings)
    w = state.parameters.w
    of_part = by_row or ByBlocks(block_of(scores_of(w, problem.data.rows)))
    way = parts_if_large(w, of_part, settings.batch_size, PARTS)
    return Work(problem.data, method, state.parameters, state.memory, zero_gradient(w), way)


def _method(problem: Problem, settings: Settings, state: State) -> Method:
    """Return what the kernels need to know of the settings."""
    clipping: Any = Unclipped()
    if settings.clip_norm is not None:
        kind = ClippedByOutput if problem.is_one_versus_rest else Clipped
        clipping = kind(settings.clip_norm)
    return Method(
        in_dtype(settings.loss, problem.dtype),
        in_dtype(settings.penalty, problem.dtype),
        settings.optimizer.rule(),
        clipping,
        state.b_scale if settings.fit_intercept else 0.0,
    )


def _by_row(problem: Problem, settings: Settings) -> ByRow | ByRowInPasses | ByRowThenLosses | None:
    """Return the way for short rows; None for long ones, or where losses need more than a target.

    `ByRow` is for losses that take no time; of those that take exponentials, `ByRowThenLosses` is
    for one output and rows that come from memory, and `ByRowInPasses` for all others.
    """
    rows, targets, chunk = problem.data.rows, problem.data.targets, min(settings.batch_size, CHUNK)
    if not isinstance(targets, (Values, OneVersusRest, Classes)):
        return None
    is_slow = come_slowly(rows)
    most_vectors = MOST_SLOW_VECTORS if is_slow and problem.k == 1 else MOST_VECTORS
    shape = shape_of(problem.d, problem.dtype.itemsize, most_vectors)
    if shape is None:
        return None
    takes_long = takes_exponentials(settings.loss)
    is_in_passes = (takes_long and chunk >= FEWEST_FILLED) or isinstance(targets, Classes)
    if not are_short(problem.d, problem.k, len(shape.vectors), is_in_passes):
        return None
    if not is_in_passes:  # in which rows are prefetched again for each output
        return ByRow(shape, prefetching_of(rows, is_slow and problem.k == 1, takes_long))
    prefetching = prefetching_of(rows, is_slow, losses_take_long=True)
    block = block_of(np.empty((problem.k, whole_registers(chunk)), problem.dtype))
    is_alone = problem.k == 1 and not isinstance(targets, Classes)
    is_far = is_slow and rows.X.nbytes > FROM_MEMORY
    if is_alone and is_far and chunk * bytes_of_row(rows) >= SLOW_BATCH:
        return ByRowThenLosses(shape, prefetching, block)
    return ByRowInPasses(shape, prefetching, block)
