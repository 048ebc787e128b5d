"""Mini-batch stochastic gradient descent: the hot path, once, for every loss and kind of row.

Shapes: n rows, d features, k outputs. The weights `w` are held as (k, d), so that the weights of
one output lie side by side as the values of one row do.
"""

from typing import Any, NamedTuple

from .arithmetic import lesser
from .gradient import add_gradient
from .jit import entry, inner
from .methods import (
    at_step,
    average,
    clip,
    conclude,
    gather,
    keep,
    leave,
    move,
    settle,
    shrink,
    slope,
)
from .parts import Batch


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

    w: Any  # (slots, k, d): what the optimizer remembers of each weight
    b: Any  # (slots, k, 1): and of each intercept
    averages: Any
    pace: Any  # (k,): by what the learning rate of each output is multiplied; 0 freezes it


class Method(NamedTuple):
    """How it is learned."""

    loss: Any
    penalty: Any
    optimizer: Any
    clipping: Any
    intercept: float  # by what the gradient of the intercepts is multiplied; 0: they stay


class Step(NamedTuple):
    """A step that has been taken, with the rows order[first:last]."""

    order: Any
    first: int
    last: int
    block: Any  # the last one of rows, if they are handled by blocks
    mean: float  # what makes the sum of the gradients of the rows their mean
    lr: float
    pace: Any
    t: int


@entry
def run(
    data: Any,
    orders: Any,
    first: int,
    last: int,
    batch_size: int,
    method: Any,
    lrs: Any,
    t: int,
    parameters: Any,
    memory: Any,
    gradient: Any,
    block: Any,
    way: Any,
    loss_sums: Any,
    weights: Any,
) -> bool:
    """Visit the rows order[first:last] in each epoch, and take a step after each mini-batch.

    There are as many epochs as rows of `loss_sums`, of shape (epochs, k): to them it adds the
    losses that the rows had before their own step. Their orders are the rows of `orders`, again
    and again. The first step is number t, with the learning rate lrs[0]. The gradients of a batch
    are gathered by blocks of rows or in another way: the other of both is None. `weights`, of
    shape (epochs, k, d) or (0, k, d), is set to those after each epoch. Returns whether the
    parameters are finite.
    """
    taken = 0
    are_finite = True
    for epoch in range(loss_sums.shape[0]):
        taken = visit(
            data,
            orders[epoch % orders.shape[0]],
            first,
            last,
            batch_size,
            method,
            lrs,
            t,
            taken,
            parameters,
            memory,
            gradient,
            block,
            way,
            loss_sums[epoch],
        )
        if taken > 0:
            are_finite &= settle(data.rows, parameters, t + taken)
        if weights.size > 0:
            for j in range(weights.shape[1]):
                for f in range(weights.shape[2]):
                    weights[epoch, j, f] = parameters.w[j, f]
    return are_finite


@inner
def visit(
    data: Any,
    order: Any,
    first: int,
    last: int,
    batch_size: int,
    method: Any,
    lrs: Any,
    t: int,
    taken: int,
    parameters: Any,
    memory: Any,
    gradient: Any,
    block: Any,
    way: Any,
    loss_sums: Any,
) -> int:
    """Visit the rows order[first:last] once; return how many steps have been taken since step t.

    Mini-batches begin at the multiples of `batch_size`. Where `last` falls inside one, which it
    may do at a multiple of the block, `gradient` or `way` keep the sum so far for the next call.
    """
    loss = method.loss
    while first < last:
        batch_first = first - first % batch_size
        batch_last = lesser(batch_first + batch_size, order.size)
        stop = lesser(batch_last, last)
        step_t = t + taken
        # One of the two is None, and what is None the compiler leaves out.
        if block is not None:
            add_gradient(
                data, order, first, stop, step_t, parameters, loss, gradient, block, loss_sums
            )
        if way is not None:
            batch = Batch(order, batch_first, first, stop, step_t)
            gather(way, data, batch, parameters, loss, gradient, loss_sums)
        if stop == batch_last:
            rows, features = batch_last - batch_first, data.rows.count[0]
            scale = 1 / rows if way is None else conclude(way, gradient, features, rows, loss_sums)
            if method.intercept != 1:
                for j in range(gradient.b.size):
                    gradient.b[j] *= method.intercept
            clip(method.clipping, gradient, features, scale)
            for j in range(memory.pace.size):
                if memory.pace[j] > 0:
                    rate = lrs[taken] * memory.pace[j]
                    step(parameters, method, memory, gradient, features, j, scale, rate, step_t)
            lr, pace = lrs[taken], memory.pace
            leave(data.rows, Step(order, batch_first, batch_last, block, scale, lr, pace, step_t))
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
    number = w.dtype.type
    shared = at_step(optimizer, lr, t, number)
    left, length = keep(optimizer, lr)
    kept, narrow_scale, narrow_length = number(left), number(scale), number(length)
    for f in range(features):
        g = narrow_scale * gradient.w[j, f] + slope(penalty, w[j, f], f, narrow_length)
        moved, stride = move(optimizer, kept * w[j, f], g, memory.w, j, f, shared)
        w[j, f] = shrink(penalty, moved, f, stride)
        gradient.w[j, f] = 0
    if method.intercept > 0:
        g_b = number(scale * gradient.b[j])
        b[j], _ = move(optimizer, b[j], g_b, memory.b, j, 0, shared)
    gradient.b[j] = 0
    average(memory.averages, parameters, features, j, t)
