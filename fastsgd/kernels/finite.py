"""Finding numbers that are not finite."""

from __future__ import annotations

from typing import Any

from .jit import entry, inner


@entry
def is_finite(values: Any) -> bool:
    """Tell whether every entry is finite."""
    # 0 * x is 0 for every finite x and NaN for the others: a sum that runs in SIMD registers.
    zero = values.dtype.type(0)
    total = zero
    for i in range(values.size):
        total += zero * values[i]
    return total == zero


@inner
def are_finite(w: Any, b: Any) -> bool:
    """Tell whether all weights and intercepts are finite."""
    zero = w.dtype.type(0)
    total = zero
    for j in range(b.size):
        total += zero * b[j]
        for f in range(w.shape[1]):
            total += zero * w[j, f]
    return total == zero
