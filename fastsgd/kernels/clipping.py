"""Shortening gradients that are too long."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from .jit import inner


class Unclipped(NamedTuple):
    """Gradients are left as they are."""

    def clip(self, gradient: Any, features: Any, scale: Any) -> None:
        """Do nothing."""


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
    squares = 0.0
    for j in range(first, last):
        squares += gradient.b[j] * gradient.b[j]
        for f in range(features):
            g = float(gradient.w[j, f])
            squares += g * g
    norm = scale * math.sqrt(squares)
    if norm > limit:
        factor = limit / norm
        for j in range(first, last):
            gradient.b[j] *= factor
            for f in range(features):
                gradient.w[j, f] *= factor
