"""Losses whose derivatives end where scikit-learn clips its own."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np

from ..kernels.attributes import equal_within, having
from ..kernels.jit import inner
from ..kinds import BINARY
from ..losses import Squared, SquaredEpsilonInsensitive, SquaredHinge

C = TypeVar("C", bound=type)

LIMIT = 1e12


def bounded(cls: C) -> C:
    """Let the derivatives of a loss end at the limit, on both sides; NaN stays.

    The losses are those of float64: as float32, their squares overflow long before.
    """
    whole = inner(cls.derivative)  # type: ignore[attr-defined]
    of_float64 = inner(cls.value)  # type: ignore[attr-defined]

    def derivative(self: Any, y_hat: Any, y: Any) -> Any:
        slope = whole(self, y_hat, y)
        if slope > LIMIT:
            return LIMIT
        return -LIMIT if slope < -LIMIT else slope

    def value(self: Any, y_hat: Any, y: Any) -> Any:
        return of_float64(self, np.float64(y_hat), y)

    return having(derivative=derivative, value=value)(cls)


@bounded
@equal_within
class BoundedSquared(Squared):
    """Half the squared error."""

    __slots__ = ()


@bounded
@equal_within
class BoundedSquaredEpsilonInsensitive(SquaredEpsilonInsensitive):
    """The square of the error beyond a tolerance."""

    __slots__ = ()


@bounded
@equal_within
class BoundedSquaredHinge(SquaredHinge):
    """The square of what is missing of a margin of 1."""

    __slots__ = ()


@equal_within
@having(kind=BINARY)
class BoundedSquaredOnLabels(BoundedSquared):
    """Half the squared error on the targets -1 and 1."""

    __slots__ = ()


@equal_within
@having(kind=BINARY)
class BoundedSquaredEpsilonInsensitiveOnLabels(BoundedSquaredEpsilonInsensitive):
    """The square of the error beyond a tolerance on the targets -1 and 1."""

    __slots__ = ()
