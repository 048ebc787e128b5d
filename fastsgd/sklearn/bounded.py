"""Losses whose derivatives end where scikit-learn clips its own."""

from __future__ import annotations

from typing import Any, TypeVar

from ..kernels.attributes import equal_within, having
from ..kernels.jit import inner
from ..kinds import BINARY
from ..losses import Squared, SquaredEpsilonInsensitive, SquaredHinge

C = TypeVar("C", bound=type)

LIMIT = 1e12


def bounded(cls: C) -> C:
    """Let the derivatives of a loss end at the limit, on both sides; NaN stays."""
    whole = inner(cls.derivative)  # type: ignore[attr-defined]

    def derivative(self: Any, y_hat: Any, y: Any) -> Any:
        slope = whole(self, y_hat, y)
        if slope > LIMIT:
            return LIMIT
        return -LIMIT if slope < -LIMIT else slope

    return having(derivative=derivative)(cls)


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
