"""The number that decides what is random in a fit."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from . import checks


def checked_seed(seed: Any) -> int:
    """Return a seed as an int; draw one from a generator, or from the system for None."""
    if seed is None:
        return _from_the_system()
    if isinstance(seed, np.random.Generator):
        return int(seed.integers(2**64, dtype=np.uint64))
    try:
        return checks.integer("seed", seed, at_least=0, at_most=2**64 - 1)
    except TypeError:
        raise TypeError(
            "seed: expected an integer from 0 to 2**64 - 1, a numpy.random.Generator or None, got "
            f"{checks.shown(seed)}"
        ) from None


# Seeds drawn ahead: to ask the system takes 1 us for one, and 3 us for 64.
_seeds: list[int] = []

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_seeds.clear)  # else its seeds were those of its parent


def _from_the_system() -> int:
    """Return 64 random bits."""
    try:
        return _seeds.pop()
    except IndexError:
        _seeds.extend(np.frombuffer(os.urandom(8 * 64), np.uint64).tolist())
        # None of these, which other threads may have taken by now.
        return int.from_bytes(os.urandom(8))
