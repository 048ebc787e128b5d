"""Finding numbers that are not finite."""

from __future__ import annotations

from typing import Any

from .jit import entry


@entry
def is_finite(values: Any, first: int, last: int) -> bool:
    """Tell whether every entry of values[first:last] is finite."""
    # 0 * x is 0 for every finite x and NaN for the others: a sum that runs in SIMD registers.
    zero = values.dtype.type(0)
    total = zero
    part = values[first:last]
    for i in range(part.size):
        total += zero * part[i]
    return total == zero
