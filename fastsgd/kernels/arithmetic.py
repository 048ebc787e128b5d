"""Arithmetic that several modules share; plain functions for Python as well."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba.core import types
from numba.extending import overload

from .jit import PART, inner

# An index that is never negative. One that might be is counted from the end of the array: to ask
# which it is for every row takes 10 to 20 % of an epoch of short rows.
unsigned = np.uintp


def at(values: Any, f: Any) -> Any:
    """Return the entry for feature f, or the one number that stands for all."""
    return values[f] if np.ndim(values) else values


@overload(at, strict=False, jit_options=PART)
def _at(values: Any, f: Any) -> Any:
    if isinstance(values, types.Array):
        return lambda values, f: values[f]
    return lambda values, f: values


# Of the type of lr: with an integer, numba would make float64 of a float32 gradient and of all of
# its step, and epochs of Adam on 1000 x 100 would take 1.2 times as long.
@inner
def capped(alpha: Any, lr: Any) -> Any:
    """Return alpha, or so much of it that a step of length lr shrinks a weight to 0."""
    return alpha if alpha * lr <= 1 else type(lr)(1) / lr


@inner
def payment(w: Any, above: Any, below: Any) -> Any:
    """Return what a weight pays that owes `above` if it is above 0, and `below` if it is below."""
    return min(max(w, -below), above)  # neither debt is below 0; no branch on the sign


@inner
def nearer_to_zero(w: Any, distance: Any) -> Any:
    """Return a weight moved towards 0 by a distance, but not beyond it; NaN in either stays NaN."""
    # In this order: of two numbers one of which is NaN, both return the first.
    return w - min(distance, max(-distance, w))
