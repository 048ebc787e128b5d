"""Mini-batch stochastic gradient descent: the hot path, once, for every loss and kind of row.

Shapes: n rows, d features, k outputs. The weights `w` are held as (k, d), so that the weights of
one output lie side by side as the values of one row do.
"""

from typing import Any, NamedTuple

from .gradient import Batch
from .jit import entry, inner
from .methods import (
    at_step,
    average,
    clip,
    conclude,
    derivative,
    gather,
    keep,
    leave,
    move,
    settle,
    shrink,
)


class Data(NamedTuple):
    """What is learned from."""

    rows: Any
    targets: Any
    weights: Any


class Parameters(NamedTuple):
    """What is learned."""

    w: Any  # (k, d)
    b: Any  # (k,)


class Memory(NamedTuple):
    """What is kept of the steps before."""

    w: Any  # (slots, k, d): what the optimizer remembers of each weight, then what the penalty does
    b: Any  # (slots, k, 1): what the optimizer remembers of each intercept
    averages: Any
    pace: Any  # (k,): by what the learning rate of each output is multiplied; 0 freezes it
    steps: Any  # (1,): how many have been taken


class Method(NamedTuple):
    """How it is learned."""

    loss: Any
    penalty: Any
    optimizer: Any
    clipping: Any
    b_scale: float  # by what the gradient of `b` is multiplied; 0: it stays


class Work(NamedTuple):
    """What a kernel is given."""

    data: Data
    method: Method
    parameters: Parameters
    memory: Memory
    gradient: Any  # of a batch: room for its sum
    way: Any  # how it is gathered: row by row, by blocks of rows, or by parts of the batch


class Step(NamedTuple):
    """A step that has been taken, with the rows order[first:last]."""

    order: Any
    first: int
    last: int
    mean: float  # what makes the sum of the gradients of the rows their mean
    lr: float
    pace: Any
    t: int


@entry
def run(
    work: Any,
    orders: Any,
    first: int,
    last: int,
    batch_size: int,
    lrs: Any,
    t: int,
    loss_sums: Any,
    w_after: Any,
) -> bool:
    """Visit the rows order[first:last] in each epoch, and take a step after each mini-batch.

    There are as many epochs as rows of `loss_sums`, of shape (epochs, k): to them it adds the
    losses that the rows had before their own step. Their orders are the rows of `orders`, again
    and again. The first step is number t, with the learning rate lrs[0]. `w_after`, of shape
    (epochs, k, d) or, as of sparse rows, (0, k, d), is set to the weights after each epoch.
    Returns whether the parameters are finite.
    """
    taken = 0
    are_finite = True
    for epoch in range(loss_sums.shape[0]):
        order = orders[epoch % orders.shape[0]]
        lrs_left, losses = lrs[taken:], loss_sums[epoch]
        taken += visit(work, order, first, last, batch_size, lrs_left, t + taken, losses)
        if taken > 0:
            are_finite &= settle(work.data.rows, work.parameters, t + taken)
        if w_after.size > 0:  # number by number: numba assigns arrays by counting references
            for j in range(w_after.shape[1]):
                for f in range(w_after.shape[2]):
                    w_after[epoch, j, f] = work.parameters.w[j, f]
    # Here, as the weights are: whatever happens in Python, they belong together.
    work.memory.steps[0] = t + taken
    return are_finite


@inner
def visit(
    work: Any,
    order: Any,
    first: int,
    last: int,
    batch_size: int,
    lrs: Any,
    t: int,
    loss_sums: Any,
) -> int:
    """Visit the rows order[first:last] once; return how many steps have been taken since step t.

    Mini-batches begin at the multiples of `batch_size`. Where `last` cuts one, at a multiple of the
    block of its way, no step is taken: its sums so far stay in `gradient`, or in the parts of
    `way`, for the next call.
    """
    data, method, parameters, memory, gradient, way = work
    taken = 0
    while first < last:
        batch_first = first - first % batch_size
        batch_last = min(batch_first + batch_size, order.size)
        stop = min(batch_last, last)
        batch = Batch(order, batch_first, first, stop, t + taken)
        gather(way, data, batch, parameters, method.loss, gradient, loss_sums)
        if stop == batch_last:
            rows, features = batch_last - batch_first, data.rows.count[0]
            scale = conclude(way, gradient, features, rows, loss_sums)
            if method.b_scale != 1:
                for j in range(gradient.b.size):
                    gradient.b[j] *= method.b_scale
            clip(method.clipping, gradient, features, scale)
            lr, pace = lrs[taken], memory.pace
            for j in range(pace.size):
                if pace[j] > 0:
                    rate = lr * pace[j]
                    step(parameters, method, memory, gradient, features, j, scale, rate, batch.t)
            leave(data.rows, Step(order, batch_first, batch_last, scale, lr, pace, batch.t))
            taken += 1
        first = stop
    return taken


@inner
def step(
    parameters: Any,
    method: Any,
    memory: Any,
    gradient: Any,
    features: int,
    j: int,
    scale: float,
    lr: float,
    t: int,
) -> None:
    """Take step t of output j, in plain SGD ``w -= lr * scale * gradient``; clear the gradient."""
    w, b = parameters
    penalty, optimizer = method.penalty, method.optimizer
    number = w.dtype.type  # all of the loop is in it: a float64 would make float64 of the rest
    shared = at_step(optimizer, lr, t, number)
    kept, length = keep(optimizer, lr)
    w_kept, w_scale, w_length = number(kept), number(scale), number(length)
    for f in range(features):
        g = w_scale * gradient.w[j, f] + derivative(penalty, w[j, f], f, w_length)
        moved, stride = move(optimizer, w_kept * w[j, f], g, memory.w, j, f, shared)
        w[j, f] = shrink(penalty, moved, memory.w, j, f, stride)
        gradient.w[j, f] = 0
    if method.b_scale > 0:
        g_b = number(scale * gradient.b[j])
        b[j], _ = move(optimizer, b[j], g_b, memory.b, j, 0, shared)
    gradient.b[j] = 0
    average(memory.averages, parameters, features, j, t)
