"""Attributes of NamedTuples that are not fields of theirs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

C = TypeVar("C", bound=type)


def having(**attributes: Any) -> Callable[[C], C]:
    """Give a class attributes, or methods that it shares with others."""

    def decorate(cls: C) -> C:
        for name, value in attributes.items():
            setattr(cls, name, value)
        return cls

    return decorate
