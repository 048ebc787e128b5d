"""Mini-batch stochastic gradient descent: the hot path, once, for every loss and kind of row.

Shapes: n rows, d features, k outputs. The weights `w` are held as (k, d), so that the weights of
one output lie side by side as the values of one row do.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from .jit import entry, inner
from .methods import (
    add_losses,
    add_rows,
    at_step,
    average,
    clip,
    differentiate,
    dot_rows,
    keep,
    leave,
    move,
    settle,
    shrink,
    slope,
)

# A float32 sum of this many rows is good to a few parts in a million whatever the numbers are;
# the sums of a larger batch are carried on in float64.
CHUNK = 256


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


class Gradient(NamedTuple):
    """The sum over the rows of a batch of the gradients of their losses, as it is gathered."""

    w: Any  # (k, d), of at most CHUNK rows
    w_carried: Any  # (k, d), float64, of the chunks before
    b: Any  # (k,), float64
    scores: Any  # (k, block): of one block of rows, products with w, then derivatives
    column: Any  # (block,): of one output, targets, then losses


class Step(NamedTuple):
    """A step that has been taken, with the rows order[first:last]."""

    order: Any
    first: int
    last: int
    factors: Any  # (k, block): of each row of the last block, the derivatives of its losses
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
    loss_sums: Any,
    weights: Any,
) -> bool:
    """Visit the rows order[first:last] in each epoch, and take a step after each mini-batch.

    There are as many epochs as rows of `loss_sums`, of shape (epochs, k): to them it adds the
    losses that the rows had before their own step. Their orders are the rows of `orders`, again
    and again. The first step is number t, with the learning rate lrs[0]. `weights`, of shape
    (epochs, k, d) or (0, k, d), is set to those after each epoch. Returns whether the parameters
    are finite.
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
    loss_sums: Any,
) -> int:
    """Visit the rows order[first:last] once; return how many steps have been taken since step t.

    Mini-batches begin at the multiples of `batch_size`. Where `last` falls inside one, which it
    may do at a multiple of the block, `gradient` keeps the sum so far for the next call.
    """
    while first < last:
        batch_first = first - first % batch_size
        batch_last = min(batch_first + batch_size, order.size)
        chunk_last = min(first - (first - batch_first) % CHUNK + CHUNK, batch_last)
        stop = min(chunk_last, last)
        step_t = t + taken
        add_gradient(data, order, first, stop, step_t, parameters, method.loss, gradient, loss_sums)
        features = data.rows.count[0]
        if stop == chunk_last and batch_size > CHUNK:
            carry(gradient, features)
        if stop == batch_last:
            rows = batch_last - batch_first
            scale = mean_of_carried(gradient, features, rows) if batch_size > CHUNK else 1 / rows
            if method.intercept != 1:
                for j in range(gradient.b.size):
                    gradient.b[j] *= method.intercept
            clip(method.clipping, gradient, features, scale)
            for j in range(memory.pace.size):
                if memory.pace[j] > 0:
                    rate = lrs[taken] * memory.pace[j]
                    step(parameters, method, memory, gradient, features, j, scale, rate, step_t)
            scores, lr, pace = gradient.scores, lrs[taken], memory.pace
            leave(data.rows, Step(order, batch_first, batch_last, scores, scale, lr, pace, step_t))
            taken += 1
        first = stop
    return taken


@inner
def add_gradient(
    data: Any,
    order: Any,
    first: int,
    last: int,
    t: int,
    parameters: Any,
    loss: Any,
    gradient: Any,
    loss_sums: Any,
) -> None:
    """Add the gradients of the rows order[first:last], and their losses, in step t."""
    scores = gradient.scores
    for start in range(first, last, scores.shape[1]):
        stop = min(start + scores.shape[1], last)
        dot_rows(data.rows, order, start, stop, t, parameters.w, scores)
        differentiate(
            data.targets,
            data.weights,
            order,
            start,
            stop,
            parameters.b,
            loss,
            gradient,
            loss_sums,
        )
        add_rows(data.rows, order, start, stop, scores, gradient.w)


@inner
def carry(gradient: Any, features: int) -> None:
    """Move the sum of one chunk to the float64 sum of the chunks before."""
    for j in range(gradient.w.shape[0]):
        for f in range(features):
            gradient.w_carried[j, f] += gradient.w[j, f]
            gradient.w[j, f] = 0


@inner
def mean_of_carried(gradient: Any, features: int, rows: int) -> float:
    """Divide the carried sums by the number of rows, before they are made narrow; return 1."""
    for j in range(gradient.w.shape[0]):
        for f in range(features):
            gradient.w[j, f] = gradient.w_carried[j, f] / rows
            gradient.w_carried[j, f] = 0
        gradient.b[j] /= rows
    return 1.0


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


@entry
def add_whole_gradient(
    data: Any, order: Any, parameters: Any, loss: Any, gradient: Any, loss_sums: Any
) -> None:
    """Add the gradients of all rows in `order` to the float64 sum, and their losses."""
    for first in range(0, order.size, CHUNK):
        last = min(first + CHUNK, order.size)
        add_gradient(data, order, first, last, 0, parameters, loss, gradient, loss_sums)
        carry(gradient, data.rows.count[0])


@entry
def derivatives(
    data: Any,
    order: Any,
    parameters: Any,
    loss: Any,
    gradient: Any,
    loss_sums: Any,
    out: Any,
) -> None:
    """Set out[i, j] to the derivative of the loss of output j of row i, for all i in `order`."""
    scores = gradient.scores
    for start in range(0, order.size, scores.shape[1]):
        stop = min(start + scores.shape[1], order.size)
        dot_rows(data.rows, order, start, stop, 0, parameters.w, scores)
        differentiate(
            data.targets,
            data.weights,
            order,
            start,
            stop,
            parameters.b,
            loss,
            gradient,
            loss_sums,
        )
        for p in range(start, stop):
            for j in range(out.shape[1]):
                out[order[p], j] = scores[j, p - start]


@entry
def sum_losses(
    data: Any, order: Any, parameters: Any, loss: Any, scores: Any, loss_sums: Any
) -> None:
    """Add the losses of all rows in `order` to those of their outputs."""
    for start in range(0, order.size, scores.shape[1]):
        stop = min(start + scores.shape[1], order.size)
        dot_rows(data.rows, order, start, stop, 0, parameters.w, scores)
        add_losses(
            data.targets,
            data.weights,
            order,
            start,
            stop,
            parameters.b,
            loss,
            scores,
            loss_sums,
        )
