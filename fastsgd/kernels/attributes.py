"""Attributes of NamedTuples that are not fields of theirs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

C = TypeVar("C", bound=type)


def having(**attributes: Any) -> Callable[[C], C]:
    """Give a class attributes, or methods that it shares with others."""

    def decorate(cls: C) -> C:
        for name, value in attributes.items():
            setattr(cls, name, value)
        return cls

    return decorate


def equal_within(cls: C) -> C:
    """Let values of a class be equal to none of another, which tuples of equal content are."""

    def __eq__(self: Any, other: object) -> bool:
        return type(other) is cls and all(map(np.array_equal, self, other))  # type: ignore[call-overload]

    def __ne__(self: Any, other: object) -> bool:
        return not __eq__(self, other)

    def __hash__(self: Any) -> int:
        return hash((cls, *(tuple(x.tolist()) if isinstance(x, np.ndarray) else x for x in self)))

    return having(__eq__=__eq__, __ne__=__ne__, __hash__=__hash__)(cls)
