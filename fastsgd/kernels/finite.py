"""Finding numbers that are not finite."""

from __future__ import annotations

from typing import Any

import numpy as np

from .jit import entry, inner


@inner
def is_finite(values: Any) -> bool:
    """Tell whether every entry of a flat array is finite."""
    # 0 * x is 0 for every finite x and NaN for the others: a sum that runs in SIMD registers.
    zero = values.dtype.type(0)
    total = zero
    for i in range(values.size):
        total += zero * values[i]
    return total == zero


@entry
def first_non_finite(values: Any, first: int, last: int) -> int:
    """Return the index of the first entry of values[first:last] that is not finite, or -1."""
    piece = 4096
    for start in range(first, last, piece):
        stop = min(start + piece, last)
        if not is_finite(values[start:stop]):
            for i in range(start, stop):
                if not np.isfinite(values[i]):
                    return i
    return -1
