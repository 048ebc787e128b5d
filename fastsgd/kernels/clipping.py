"""Shortening gradients that are too long."""

import math
from typing import Any, NamedTuple

import numpy as np

from .jit import inner

# Squares of numbers above 1e154 overflow, and those of numbers below 1e-154 lose digits or all;
# those of their quotients by these do not. `FAINT` begins long before that.
LARGE, SMALL = 2.0**600, 2.0**-600
FAINT = 2.0**-960


class Unclipped(NamedTuple):
    """Gradients are left as they are."""

    def clip(self, gradient: Any, features: Any, scale: Any) -> None:
        """Do nothing."""
        return


class Clipped(NamedTuple):
    """The gradients of all outputs together are shortened to a norm of `limit`."""

    limit: Any

    def clip(self, gradient: Any, features: Any, scale: Any) -> None:
        """Shorten the gradient, which is a mean once multiplied by `scale`."""
        shorten(gradient, features, 0, gradient.b.size, scale, self.limit)


class ClippedByOutput(NamedTuple):
    """The gradient of each output is shortened to a norm of `limit`."""

    limit: Any

    def clip(self, gradient: Any, features: Any, scale: Any) -> None:
        """Shorten the gradient of each output, which is a mean once multiplied by `scale`."""
        for j in range(gradient.b.size):
            shorten(gradient, features, j, j + 1, scale, self.limit)


@inner
def shorten(gradient: Any, features: int, first: int, last: int, scale: Any, limit: float) -> None:
    """Shorten the gradients of the outputs first to last - 1, all by the same factor."""
    top = 1.0
    squares = sum_of_squares(gradient, features, first, last, top)
    if squares == math.inf or squares < FAINT:
        top = LARGE if squares == math.inf else SMALL
        squares = sum_of_squares(gradient, features, first, last, top)
    norm, most = scale * math.sqrt(squares), limit / top
    if norm > most:
        factor = most / norm
        for j in range(first, last):
            gradient.b[j] *= factor
            for f in range(features):
                gradient.w[j, f] *= factor


@inner
def sum_of_squares(gradient: Any, features: int, first: int, last: int, top: float) -> float:
    """Return the sum of the squares of the gradients, each divided by `top`."""
    squares = 0.0
    for j in range(first, last):
        g_b = gradient.b[j] / top
        squares += g_b * g_b
        for f in range(features):
            g = np.float64(gradient.w[j, f]) / top  # `float` leaves a float32 what it is
            squares += g * g
    return squares
