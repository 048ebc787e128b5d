"""Which fits diverged, and what is said of them: what went wrong, and what to try."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

import numpy as np

from .arrays import Array
from .kernels.epoch import Data
from .kernels.weights import Unweighted
from .kinds import REGRESSION
from .losses import SquaredHinge, regression
from .problem import Problem

# A loss that is higher than `HIGH` is compared with one before; `WORSE` times as much is that of a
# fit which diverged.
HIGH, WORSE = 1e12, 1e6

# Whoever calls `fit` and warns of that in words of its own gets the loss in this list.
told_to_caller: ContextVar[list[float] | None] = ContextVar("told_to_caller", default=None)

# Losses that are squares of margins; and, on labels, those of the errors of numbers.
SQUARES_OR_ERRORS = (SquaredHinge, *regression.LOSSES.values())


def is_worse(loss: float, before: float) -> bool:
    """Tell whether a loss is that of a fit which diverged, from one before.

    The size alone shows nothing: where targets are large, so is the squared loss, and where
    features are, those which grow with the weights.
    """
    return loss > HIGH and loss > WORSE * before


def takes_any_weights(loss: Any) -> bool:
    """Tell whether weights of any size may be good ones.

    So they may where the loss of a margin grows no faster than a line, for which those of the
    user's own are taken as well: steps have bounded lengths, and a loss far above the initial one
    may be that of a good fit.
    """
    return loss.kind != REGRESSION and not isinstance(loss, SQUARES_OR_ERRORS)


def stopped_being_finite(epochs: int, loss: float, problem: Problem, rate: float) -> str:
    """Say that the epoch after so many was not finite, and the one before had this data loss."""
    which = f"after {_whole(epochs)} the next" if epochs else "the first epoch"
    return (
        f"{which} did not stay finite; the data loss before it was {loss:.6g}. "
        f"{_advice(problem, rate)}"
    )


def grew(whose: str, loss: float, when: str, before: float, problem: Problem, rate: float) -> str:
    """Say that a data loss is far above that of some time before."""
    return (
        f"the fit diverged: {whose} the data loss is {loss:.3g}, and {when} "
        f"{before:.3g}. {_advice(problem, rate)}"
    )


def overflowed(epochs: int, loss: float, held_out: Data, fitted: Data) -> str:
    """Say that the data loss on rows held out is not finite, after so many epochs."""
    here, there = _numbers(held_out), _numbers(fitted)
    return (
        f"validation: after {_whole(epochs)} the data loss on the rows held out is {loss}, though "
        f"the parameters are finite. Their X reaches from {here.min():.4g} to {here.max():.4g}, "
        f"and that of the fit from {there.min():.4g} to {there.max():.4g}: scale both alike, or "
        "try a smaller lr"
    )


def _advice(problem: Problem, rate: float) -> str:
    """Return what to try where steps at this learning rate diverged."""
    X, y = _numbers(problem.data), problem.data.targets.y
    if not (np.isfinite(X.min()) and np.isfinite(X.max())):
        return "X holds NaN or infinity: with check_finite=True the error says where"
    smaller = f"Try an lr smaller than {rate:g}, or scale" if rate > 0 else "Scale"
    advice = f"{smaller} the data down: X reaches from {X.min():.4g} to {X.max():.4g}"
    if problem.classes is None:
        advice += f", y from {y.min():.4g} to {y.max():.4g}"
    weights = problem.data.weights
    if not isinstance(weights, Unweighted):
        advice += f"; weights, which count as they are, reach to {weights.weights.max():.4g}"
    return advice


def _whole(epochs: int) -> str:
    """Return a count, which misleads nobody who takes the first epoch for number 0, or for 1."""
    return f"{epochs} whole epoch{'' if epochs == 1 else 's'}"


def _numbers(data: Data) -> Array:
    """Return the numbers in the rows; of sparse rows that hold none, a 0."""
    numbers: Array = data.rows.numbers
    return numbers if numbers.size else np.zeros(1)
