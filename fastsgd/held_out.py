"""Rows that are held out of a fit, to see how good it is on others."""

from typing import Any, NamedTuple

import numpy as np

from . import checks, rows
from .arrays import Array
from .evaluation import mean_losses
from .kernels.epoch import Data, Parameters
from .order import index_dtype
from .problem import Problem, prepare


class HeldOut(NamedTuple):
    """Rows to validate on: some of those of the fit, or others."""

    data: Data
    rows: Array | None  # their numbers; None for all rows of `data`

    def losses(self, parameters: Parameters, loss: Any) -> Array:
        """Return the data loss of each output."""
        return mean_losses(self.data, parameters, loss, self.rows)


class LearnedFrom(NamedTuple):
    """The only rows that a fit learns from, where its caller validates on others by itself."""

    rows: Array  # their numbers, of the dtype of `index_dtype`


def checked(validation: Any, problem: Problem, loss: Any) -> float | HeldOut | LearnedFrom | None:
    """Return the share of the rows to hold out, or other rows to validate on.

    Raises
    ------
    TypeError, ValueError
        If `validation` is neither None, nor a share of the rows, nor other data.
    """
    if validation is None or isinstance(validation, LearnedFrom):
        return validation
    if isinstance(validation, (tuple, list)):
        return HeldOut(_others(validation, problem, loss), None)
    allowed = "a number above 0 and below 1, the share of the rows, or (X, y)"
    return checks.number("validation", validation, allowed, lambda share: 0 < share < 1)


def split(
    validation: float | HeldOut | LearnedFrom | None, problem: Problem, seed: int
) -> tuple[HeldOut | None, Array | None]:
    """Return the rows to validate on, and the numbers of those to learn from, None for all."""
    if isinstance(validation, LearnedFrom):
        return None, validation.rows
    if not isinstance(validation, float):
        return validation, None
    is_held = _drawn(validation, problem, seed)
    dtype = index_dtype(problem.n)
    held, kept = (np.flatnonzero(which).astype(dtype) for which in (is_held, ~is_held))
    if not (held.size and kept.size):
        raise ValueError(
            f"validation: {validation:g} of {problem.n} rows leaves {kept.size} to learn from and "
            f"{held.size} to validate on; expected at least one of each"
        )
    return HeldOut(problem.data, held), kept


def _others(validation: Any, problem: Problem, loss: Any) -> Data:
    if len(validation) != 2:
        raise TypeError(
            f"validation: expected a share of the rows, or (X, y), got {len(validation)} things"
        )
    try:
        other = prepare(
            rows.in_dtype(rows.read(validation[0]), problem.dtype),
            validation[1],
            loss,
            class_weight=problem.class_weight,
            classes=problem.classes,
        )
    except (TypeError, ValueError) as error:
        raise type(error)(f"validation: {error}") from None
    if other.d != problem.d or other.outputs != problem.outputs:
        raise ValueError(
            "validation: expected X and y of the shapes of those of the fit, "
            f"{_shapes(problem)}, got {_shapes(other)}"
        )
    return other.data


def _shapes(problem: Problem) -> str:
    is_column = problem.outputs is None or problem.classes is not None
    return f"(n, {problem.d}) and {'(n,)' if is_column else f'(n, {problem.k})'}"


def _drawn(share: float, problem: Problem, seed: int) -> Array:
    """Return which rows are held out: drawn at random, as many of each class as its share."""
    rng = np.random.default_rng([seed, 1])
    is_held = np.zeros(problem.n, np.bool_)
    if problem.classes is None:
        is_held[rng.permutation(problem.n)[: round(share * problem.n)]] = True
        return is_held
    numbers = problem.data.targets.y[:, 0].astype(np.intp)
    # The shares of all classes, end to end, are rounded at random but by one number: so each class
    # gives its share rounded up or down, and so do all together.
    ends = np.cumsum(share * np.bincount(numbers, minlength=problem.classes.size)) + rng.random()
    for c, size in enumerate(np.diff(ends.astype(np.intp), prepend=0).tolist()):
        members = np.flatnonzero(numbers == c)
        # The last member of a class is never held out.
        is_held[rng.permutation(members)[: min(size, max(members.size - 1, 0))]] = True
    return is_held
