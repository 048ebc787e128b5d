"""What the kernels of a fit work on: the parameters themselves, or those of one batch at a time.

Steps on dense rows change all parameters. Those on sparse rows change few, and are taken in
arrays that have room for the features of one batch; `kernels.sparse` moves these in and out.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .arrays import Array
from .gathering import (
    PARTS,
    block_of,
    part_gatherer,
    parts_if_large,
    rows_together,
    scores_of,
    way_by_parts,
    zero_gradient,
)
from .kernels.asking import asking_for, bytes_of_row, come_slowly
from .kernels.averages import Averaged, NotAveraged
from .kernels.dense import FROM_MEMORY, Dense
from .kernels.epoch import Data, Memory, Method, Parameters, Work
from .kernels.gradient import ByBlocks
from .kernels.lapses import Nothing
from .kernels.parts import CHUNK, Parts
from .kernels.registers import MOST_PARTS, MOST_SLOW_PARTS, shape_of
from .kernels.scattered import Scattered
from .kernels.short import (
    SLOW_BATCH,
    ByRow,
    ByRowInPasses,
    ByRowThenLosses,
    are_short,
)
from .kernels.sparse import NOWHERE, PLACE, STEP, Batches, Held, Sparse
from .kernels.targets import (
    FEWEST_FILLED,
    Classes,
    OneVersusRest,
    Values,
    takes_exponentials,
    whole_registers,
)
from .lapsing import is_scale, lapse_of
from .members import in_dtype
from .optimizers import SGD
from .penalties import L1, NoPenalty
from .rows import Problem
from .settings import Settings
from .state import State


def at_rates(
    work: Work, settings: Settings, state: State, first: int, lrs: Array, order: Array
) -> Work:
    """Return work as kernels take it, for the steps from `first` on, with these learning rates."""
    rows = work.data.rows
    if not isinstance(rows, Dense):
        lapse = lapse_of(settings, state, first, lrs, isinstance(rows, Scattered))
        if isinstance(rows, Scattered):  # whose steps are counted from `first`
            rows.steps[...] = 0
        work = work._replace(data=work.data._replace(rows=rows._replace(lapse=lapse)))
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
    method = settings.method(problem, state)
    if hasattr(settings.schedule, "aim"):  # a rate that depends on the row as well
        problem = problem._replace(data=settings.schedule.aim(problem.data))
    if isinstance(problem.data.rows, Sparse) and _is_linear(settings, state):
        return _scattered(problem, settings, state, method)
    by_row = _by_row(problem, settings)
    if by_row is None:
        return _gathered(problem, settings.batch_size, state, method)
    w = state.parameters.w
    way = parts_if_large(w, by_row, settings.batch_size, PARTS)
    return Work(problem.data, method, state.parameters, state.memory, zero_gradient(w), way)


def _by_row(problem: Problem, settings: Settings) -> ByRow | ByRowInPasses | ByRowThenLosses | None:
    """Return the way for short rows, if their losses are of a kind that needs no others."""
    rows, targets, chunk = problem.data.rows, problem.data.targets, min(settings.batch_size, CHUNK)
    if not (isinstance(rows, Dense) and isinstance(targets, (Values, OneVersusRest, Classes))):
        return None
    is_slow = come_slowly(rows)
    most_parts = MOST_SLOW_PARTS if is_slow and problem.k == 1 else MOST_PARTS
    shape = shape_of(problem.d, problem.dtype.itemsize, most_parts)
    if shape is None:
        return None
    is_costly = takes_exponentials(settings.loss) and chunk >= FEWEST_FILLED
    is_in_passes = is_costly or isinstance(targets, Classes)
    if not are_short(problem.d, problem.k, len(shape.parts), is_in_passes):
        return None
    if not is_in_passes:  # in which rows are asked for again for each output
        takes_long = takes_exponentials(settings.loss)
        return ByRow(shape, asking_for(rows, is_slow and problem.k == 1, takes_long))
    asking = asking_for(rows, is_slow, losses_take_long=True)
    block = block_of(np.empty((problem.k, whole_registers(chunk)), problem.dtype))
    is_alone = problem.k == 1 and not isinstance(targets, Classes)
    is_far = is_slow and rows.X.nbytes > FROM_MEMORY
    if is_alone and is_far and chunk * bytes_of_row(rows) >= SLOW_BATCH:
        return ByRowThenLosses(shape, asking, block)
    return ByRowInPasses(shape, asking, block)


# Derivatives are multiplied by the rate over the scale of the weights of sparse rows: so large ones
# do not overflow then.
ROOM = 2.0**32


def _is_linear(settings: Settings, state: State) -> bool:
    """Tell whether the gradients of the rows of a batch can be added to the weights one by one."""
    penalty = settings.penalty
    return (
        settings.optimizer == SGD()
        and (isinstance(penalty, (NoPenalty, L1)) or is_scale(penalty))
        and isinstance(state.memory.averages, NotAveraged)
        and settings.clip_norm is None
        and settings.batch_size <= CHUNK
    )


def _scattered(problem: Problem, settings: Settings, state: State, method: Method) -> Work:
    w, b = state.parameters
    k, penalty = len(w), settings.penalty
    scores = np.empty((k, whole_registers(settings.batch_size)), w.dtype)
    held, steps = _beside_steps(w) if isinstance(penalty, L1) else (w, np.zeros((k, 0), np.uint32))
    none = np.zeros((0, 1))
    scattered = Scattered(
        problem.data.rows,
        Held(held, none.astype(w.dtype), none),
        steps,
        Nothing(),
        np.ones(k),
        np.zeros(1, np.int64),
        scores,
        float(in_dtype(penalty, w.dtype).alpha) if is_scale(penalty) else 0.0,
        float(np.finfo(w.dtype).max) / ROOM,
    )
    empty = np.zeros((k, 0), w.dtype)
    return Work(
        problem.data._replace(rows=scattered),
        method,
        Parameters(empty, b),
        state.memory,
        zero_gradient(empty),
        ByBlocks(block_of(scores)),
    )


def _beside_steps(w: Array) -> tuple[Array, Array]:
    """Return weights, and beside each in memory the step that it has been brought to.

    One cache line brings both: with 10 million features, non-zeros take 0.8 times as long.
    """
    table = np.full((*w.shape, 2), 0, w.dtype)  # `full` asks for huge pages, and `zeros` does not
    table[..., 0] = w
    return table[..., 0], table.view(f"u{w.itemsize}")[..., 1]


def _gathered(problem: Problem, batch_size: int, state: State, method: Method) -> Work:
    """Return work that gathers the gradient of a batch before it takes the step."""
    block = block_of(scores_of(state.parameters.w, problem.data.rows))
    alpha: Any = getattr(method.penalty, "alpha", 0.0)
    by_feature = alpha.astype(problem.dtype) if np.ndim(alpha) else None
    data, parameters, memory = brought_near(problem, batch_size, state, by_feature)
    rows = data.rows
    if isinstance(rows, Batches) and rows.near_alpha.size > 0:
        values = method.penalty._asdict() | {"alpha": rows.near_alpha}
        method = method._replace(penalty=method.penalty._make(values.values()))
    # The rows of a batch share the room that their features are brought together in.
    most = PARTS if isinstance(rows, Dense) else 1
    way = parts_if_large(parameters.w, ByBlocks(block), batch_size, most)
    return Work(data, method, parameters, memory, zero_gradient(parameters.w), way)


def brought_near(
    problem: Problem, batch_size: int, state: State, alpha: Array | None = None
) -> tuple[Data, Parameters, Memory]:
    """Return the data, the parameters and the memory of one batch at a time; of dense rows, all.

    `alpha` is the strength of a penalty, if it is one for each feature.
    """
    rows, memory, averages = problem.data.rows, state.memory, state.memory.averages
    if isinstance(rows, Dense):
        return problem.data, state.parameters, memory
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
    """Return sparse rows, and room for what is held of the features of one batch of them.

    So many rows are `handled` together.
    """
    w, slots, averages = state.parameters.w, state.memory.w, state.memory.averages
    (k, d), s = w.shape, slots.shape[0]
    longest = int(np.diff(rows.indptr).max(initial=1))
    # No row occurs twice in an order: a batch has no more entries than all rows.
    size = min(d, batch_size * longest, rows.entries.size)
    is_averaged = isinstance(averages, Averaged)
    near_alpha = np.zeros(0 if alpha is None else size, w.dtype)
    near = Held(
        np.zeros((k, size), w.dtype),
        np.zeros((s * k, size), w.dtype),
        np.zeros((k if is_averaged else 0, size)),
    )
    marks = np.empty((d, 2), np.int64)
    marks[:, STEP], marks[:, PLACE] = state.steps, NOWHERE
    return Batches(
        rows,
        Held(w, slots.reshape(s * k, d), averages.w if is_averaged else np.zeros((0, 1))),
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


def in_columns(rows: Any, sums: Array) -> Array:
    """Return sums over the rows of one batch with a column for each feature of the model."""
    if not isinstance(rows, Batches):
        return sums
    of_all = np.zeros((sums.shape[0], rows.rows.d))
    count = int(rows.count[0])
    of_all[:, rows.features[:count]] = sums[:, :count]
    return of_all
