"""Mini-batch stochastic gradient descent: the hot path, once, for every loss and kind of row.

Shapes: n rows, d features, k outputs. The weights `w` are held as (k, d), so that the weights of
one output lie side by side as the values of one row do.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from .finite import is_finite
from .jit import entry, inner
from .methods import add_rows, derivative, dot_rows, value, weigh
from .prefetch import prefetch_row

# A float32 sum of this many rows is good to a few parts in a million whatever the numbers are;
# the sums of a larger batch are carried on in float64.
CHUNK = 256

# How many rows ahead of its use a target is fetched.
TARGETS_AHEAD = 64


class Data(NamedTuple):
    """What is learned from."""

    rows: Any
    y: Any  # (n, k)
    weights: Any


class Parameters(NamedTuple):
    """What is learned."""

    w: Any  # (k, d)
    b: Any  # (k,)


class Gradient(NamedTuple):
    """The sum over the rows of a batch of the gradients of their losses, as it is gathered."""

    w: Any  # (k, d), of at most CHUNK rows
    w_carried: Any  # (k, d), float64, of the chunks before
    b: Any  # (k,), float64
    scores: Any  # (k, block): of one block of rows, products with w, then derivatives


@entry
def run(
    data: Any,
    order: Any,
    first: int,
    last: int,
    batch_size: int,
    parameters: Any,
    fit_intercept: bool,
    loss: Any,
    lr: float,
    gradient: Any,
) -> Any:
    """Visit the rows order[first:last], and take a step at the end of each mini-batch.

    Mini-batches begin at the multiples of `batch_size`. Where `last` falls inside one, which it
    may do at a multiple of the block, `gradient` keeps the sum so far for the next call.

    Returns the sum of the losses that the rows had before their own step, and whether the
    parameters are finite.
    """
    loss_sum = 0.0
    while first < last:
        batch_first = first - first % batch_size
        batch_last = min(batch_first + batch_size, order.size)
        chunk_last = min(first - (first - batch_first) % CHUNK + CHUNK, batch_last)
        stop = min(chunk_last, last)
        loss_sum += add_gradient(data, order, first, stop, parameters, loss, gradient)
        if stop == chunk_last and batch_size > CHUNK:
            carry(gradient)
        if stop == batch_last:
            rate = lr / (batch_last - batch_first)
            step(parameters, fit_intercept, gradient, rate, batch_size > CHUNK)
        first = stop
    return loss_sum, is_finite(parameters.w.reshape(-1)) and is_finite(parameters.b)


@inner
def add_gradient(
    data: Any, order: Any, first: int, last: int, parameters: Any, loss: Any, gradient: Any
) -> float:
    """Add the gradients of the rows order[first:last]; return the sum of their losses."""
    loss_sum = 0.0
    scores = gradient.scores
    for start in range(first, last, scores.shape[1]):
        stop = min(start + scores.shape[1], last)
        dot_rows(data.rows, order, start, stop, parameters.w, scores)
        loss_sum += differentiate(data, order, start, stop, parameters.b, loss, scores, gradient.b)
        add_rows(data.rows, order, start, stop, scores, gradient.w)
    return loss_sum


@inner
def differentiate(
    data: Any, order: Any, start: int, stop: int, b: Any, loss: Any, scores: Any, sums: Any
) -> float:
    """Replace the products of rows and weights in `scores` by the derivatives of the losses.

    Adds the sum of each output's derivatives to `sums`; returns the sum of the losses.
    """
    loss_sum = 0.0
    prefetch_targets(data.y, order, start, stop)
    for j in range(b.size):
        slope_sum = 0.0
        for p in range(start, stop):
            i = order[p]
            y_hat = scores[j, p - start] + b[j]
            y = data.y[i, j]
            slope = weigh(data.weights, i, derivative(loss, y_hat, y))
            loss_sum += weigh(data.weights, i, value(loss, y_hat, y))
            slope_sum += slope
            scores[j, p - start] = slope
        sums[j] += slope_sum
    return loss_sum


@inner
def prefetch_targets(y: Any, order: Any, start: int, stop: int) -> None:
    """Prefetch the targets of rows that come later: each lies on a cache line of its own."""
    for p in range(start + TARGETS_AHEAD, min(stop + TARGETS_AHEAD, order.size)):
        prefetch_row(y, order[p])


@inner
def carry(gradient: Any) -> None:
    """Move the sum of one chunk to the float64 sum of the chunks before."""
    for j in range(gradient.w.shape[0]):
        for f in range(gradient.w.shape[1]):
            gradient.w_carried[j, f] += gradient.w[j, f]
            gradient.w[j, f] = 0


@inner
def step(parameters: Any, fit_intercept: bool, gradient: Any, rate: float, carried: bool) -> None:
    """Take one step, ``w -= rate * gradient``, and clear the gradient."""
    w, b = parameters
    for j in range(w.shape[0]):
        if carried:
            for f in range(w.shape[1]):
                w[j, f] -= rate * gradient.w_carried[j, f]
                gradient.w_carried[j, f] = 0
        else:
            narrow_rate = w.dtype.type(rate)
            for f in range(w.shape[1]):
                w[j, f] -= narrow_rate * gradient.w[j, f]
                gradient.w[j, f] = 0
        if fit_intercept:
            b[j] -= rate * gradient.b[j]
        gradient.b[j] = 0


@entry
def add_whole_gradient(data: Any, order: Any, parameters: Any, loss: Any, gradient: Any) -> float:
    """Add the gradients of all rows in `order` to the float64 sum; return that of the losses."""
    loss_sum = 0.0
    for first in range(0, order.size, CHUNK):
        last = min(first + CHUNK, order.size)
        loss_sum += add_gradient(data, order, first, last, parameters, loss, gradient)
        carry(gradient)
    return loss_sum


@entry
def derivatives(data: Any, order: Any, parameters: Any, loss: Any, gradient: Any, out: Any) -> None:
    """Set out[i, j] to the derivative of the loss of output j of row i, for all i in `order`."""
    scores = gradient.scores
    for start in range(0, order.size, scores.shape[1]):
        stop = min(start + scores.shape[1], order.size)
        dot_rows(data.rows, order, start, stop, parameters.w, scores)
        differentiate(data, order, start, stop, parameters.b, loss, scores, gradient.b)
        for p in range(start, stop):
            for j in range(out.shape[1]):
                out[order[p], j] = scores[j, p - start]


@entry
def sum_losses(data: Any, order: Any, parameters: Any, loss: Any, scores: Any) -> float:
    """Return the sum of the losses of all rows in `order`."""
    loss_sum = 0.0
    for start in range(0, order.size, scores.shape[1]):
        stop = min(start + scores.shape[1], order.size)
        dot_rows(data.rows, order, start, stop, parameters.w, scores)
        for j in range(parameters.b.size):
            for p in range(start, stop):
                i = order[p]
                y_hat = scores[j, p - start] + parameters.b[j]
                loss_sum += weigh(data.weights, i, value(loss, y_hat, data.y[i, j]))
    return loss_sum
