"""The methods of members and of kinds of data that kernels call, each picked by type."""

from __future__ import annotations

from typing import Any

from .jit import by_type, by_type_exactly


@by_type_exactly
def value(member: Any, x: Any, of: Any) -> Any:
    """Return the loss of a prediction x of a target, or the penalty on a weight x of a feature."""
    return member.value(x, of)


@by_type
def derivative(member: Any, x: Any, of: Any, *lr: Any) -> Any:
    """Return the derivative of `value` with respect to x; of a penalty, that of its smooth part.

    A penalty is given the learning rate as well: L2 takes no more of alpha than 1 / lr.
    """
    return member.derivative(x, of, *lr)


@by_type
def differentiate_rows(loss: Any, y_hat: Any, column: Any, room: Any) -> None:
    """Replace the predictions of all classes by derivatives, and in `column` classes by losses."""
    loss.differentiate_rows(y_hat, column, room)


@by_type
def target(targets: Any, i: int, j: int) -> Any:
    """Return the target of output j of row i."""
    return targets.target(i, j)


@by_type
def differentiate(
    targets: Any,
    weights: Any,
    order: Any,
    start: int,
    stop: int,
    b: Any,
    loss: Any,
    block: Any,
    derivative_sums: Any,
    loss_sums: Any,
) -> None:
    """Replace products of rows and weights by derivatives of losses; add up both."""
    targets.differentiate(weights, order, start, stop, b, loss, block, derivative_sums, loss_sums)


@by_type
def add_losses(
    targets: Any,
    weights: Any,
    order: Any,
    start: int,
    stop: int,
    b: Any,
    loss: Any,
    scores: Any,
    loss_sums: Any,
) -> None:
    """Add the losses of a block of rows to those of their outputs."""
    targets.add_losses(weights, order, start, stop, b, loss, scores, loss_sums)


@by_type
def weigh(weights: Any, i: int, j: int, x: Any) -> Any:
    """Return x times the weight of output j of row i."""
    return weights.weigh(i, j, x)


@by_type
def dot_rows(rows: Any, order: Any, start: int, stop: int, t: int, w: Any, out: Any) -> None:
    """Set out[j, r] to the product of w[j] and row order[start + r], for every r and j.

    It is for step t that they are wanted. `out` has room for whole eights of rows, all of which may
    be overwritten.
    """
    rows.dot_rows(order, start, stop, t, w, out)


@by_type
def add_rows(rows: Any, order: Any, start: int, stop: int, factors: Any, g: Any) -> None:
    """Add factors[j, r] times row order[start + r] to g[j], for every r and j."""
    rows.add_rows(order, start, stop, factors, g)


@by_type
def prefetch(prefetching: Any, shape: Any, data: Any, order: Any, p: int) -> None:
    """Prefetch rows further down the order than the one at place p."""
    prefetching.prefetch(shape, data, order, p)


@by_type
def gather(
    way: Any, data: Any, batch: Any, parameters: Any, loss: Any, gradient: Any, loss_sums: Any
) -> None:
    """Add the gradients of the rows of a batch, and their losses, in a way of their own."""
    way.gather(data, batch, parameters, loss, gradient, loss_sums)


@by_type
def of_part(ways: Any, part: int) -> Any:
    """Return the way in which the rows of one part of a batch are gathered."""
    return ways.of_part(part)


@by_type
def conclude(way: Any, gradient: Any, features: int, rows: int, loss_sums: Any) -> float:
    """Finish the gradient of a batch; return what makes it that of the mean of so many rows."""
    return float(way.conclude(gradient, features, rows, loss_sums))


@by_type
def leave(rows: Any, step: Any) -> None:
    """Finish with the rows of a step."""
    rows.leave(step)


@by_type
def settle(rows: Any, parameters: Any, t: int) -> bool:
    """Finish what is due before step t; tell whether all parameters are finite."""
    return bool(rows.settle(parameters, t))


@by_type
def bring_up(lapse: Any, known: Any, j: int, f: Any, since: Any, t: Any) -> None:
    """Make up for the steps since..t - 1 of output j, in which feature f did not occur."""
    lapse.bring_up(known, j, f, since, t)


@by_type
def dot_up(lapse: Any, entries: Any, columns: Any, w: Any, beside: Any, j: int, t: int) -> Any:
    """Bring the weights of output j in a row up to step t; return their product with the row."""
    return lapse.dot_up(entries, columns, w, beside, j, t)


@by_type
def note_step(lapse: Any, length: Any, j: int, t: int) -> None:
    """Take note of step t of output j: of its learning rate over the scale of the weights."""
    lapse.note_step(length, j, t)


@by_type
def finish(lapse: Any, w: Any, beside: Any, scale: Any, j: int, t: int) -> None:
    """Bring all weights of output j up to step t, and to a scale of 1."""
    lapse.finish(w, beside, scale, j, t)


@by_type
def pay(
    lapse: Any, columns: Any, w: Any, beside: Any, scale: Any, sums: Any, j: int, t: int
) -> None:
    """Let the weights of output j in a row, which are times a scale, pay what is due by step t."""
    lapse.pay(columns, w, beside, scale, sums, j, t)


@by_type
def note_change(sums: Any, j: int, f: Any, before: Any, after: Any) -> None:
    """Take note of what a step has changed of a weight of output j, which is times a scale."""
    sums.note_change(j, f, before, after)


@by_type
def note_scale(sums: Any, scale: Any, j: int, t: int) -> None:
    """Take note of the scale of the weights of output j after step t."""
    sums.note_scale(scale, j, t)


@by_type
def take_sums(sums: Any, w: Any, j: int, t: int) -> None:
    """Take the weights of output j after all steps before t into their averages."""
    sums.take_sums(w, j, t)


@by_type
def rest(penalty: Any, w: Any, f: int, lr_sum: Any, log_kept: Any) -> Any:
    """Return a weight after steps of plain SGD without a gradient of the data.

    Their learning rates sum up to `lr_sum`; they leave of it exp(log_kept) by decay.
    """
    return penalty.rest(w, f, lr_sum, log_kept)


@by_type
def shrink(penalty: Any, w: Any, slots: Any, j: int, f: int, stride: Any) -> Any:
    """Return a weight after the step of the rest of the penalty, `stride` long.

    ``slots[-penalty.slots :, j, f]`` is what a penalty that has slots remembers of the weight.
    """
    return penalty.shrink(w, slots, j, f, stride)


@by_type
def at_step(optimizer: Any, lr: float, t: int, number: Any) -> Any:
    """Return what all coordinates share in step t, in the type `number`."""
    return optimizer.at_step(lr, t, number)


@by_type
def keep(optimizer: Any, lr: float) -> Any:
    """Return what is left of each weight by a decay that has nothing to do with the gradient.

    And how long a step is for a gradient of 1, or 0 where that differs by coordinate.
    """
    return optimizer.keep(lr)


@by_type
def move(optimizer: Any, w: Any, g: Any, slots: Any, j: int, f: int, shared: Any) -> Any:
    """Return a parameter after a step along its gradient g, and how long the step is for g = 1.

    ``slots[:, j, f]`` is what the optimizer remembers of this parameter.
    """
    return optimizer.move(w, g, slots, j, f, shared)


@by_type
def clip(clipping: Any, gradient: Any, features: int, scale: Any) -> None:
    """Shorten the gradient, which is a mean once multiplied by `scale`, to the norm allowed."""
    clipping.clip(gradient, features, scale)


@by_type
def average(averages: Any, parameters: Any, features: int, j: int, t: int) -> None:
    """Take the parameters of output j after step t into their averages."""
    averages.average(parameters, features, j, t)
