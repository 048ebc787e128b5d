"""exp, expm1 and log1p as arithmetic, which runs in SIMD registers where loops do.

Those of `math` are calls of a C library for one number at a time: a loss that needs exp and log1p
takes 8 ns a row with them, and 4 ns with these. Their series are summed by Estrin's scheme, whose
parts do not wait for each other: epochs of the logistic loss take 0.90 to 0.96 times as long as by
Horner's.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba.core import types
from numba.extending import overload, register_jitable

from . import narrow
from .jit import EXACT

LOG2_E = 1.4426950408889634
# ln(2) in two parts, of which the first has zeros at its end: its products with integers are exact.
LN2_HIGH, LN2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10
# Added to a number below 2**51, it leaves the nearest integer in the last bits of the sum.
ROUND = 6755399441055744.0
ROUND_BITS = int(np.float64(ROUND).view(np.int64))


def exp(x: float) -> float:
    """Return e**x, or infinity where it overflows.

    In kernels of the dtype of x: to 1.1 ulp in float64, to 2 ulp in float32.
    """
    try:
        return math.exp(x)
    except OverflowError:
        return math.inf


def expm1(x: float) -> float:
    """Return e**x - 1 in float64 for x up to 700, to 2 ulp."""
    return math.expm1(x)


def log1p(x: float) -> float:
    """Return log(1 + x) for x from 0 to 1, to 2 ulp, in kernels of the dtype of x."""
    return math.log1p(x)


@overload(exp, jit_options=EXACT)
def _exp(x: Any) -> Any:
    def by_arithmetic(x: Any) -> Any:
        # Beyond these bounds, it is what it is at them. The upper one is so high that e**x is still
        # infinite where a finite number is subtracted from it before it is rounded.
        p, k = parts_of_exp(min(max(np.float64(x), -746.0), 1400.0))
        # Two factors, as 2**k may be out of range where p * 2**k is not.
        half = k >> 1
        return (1 + p) * power_of_2(half) * power_of_2(k - half)

    return narrow.exp if x == types.float32 else by_arithmetic


@overload(expm1, jit_options=EXACT)
def _expm1(x: Any) -> Any:
    def by_arithmetic(x: Any) -> Any:
        p, k = parts_of_exp(max(np.float64(x), -700.0))
        power = power_of_2(k)
        return p * power + (power - 1)

    return by_arithmetic


@register_jitable(**EXACT)
def parts_of_exp(x: Any) -> Any:
    """Return p and k with e**x = 2**k * (1 + p), and |p| below 1/2."""
    # e**x = 2**k * e**r with |r| <= ln(2) / 2.
    rounded = x * LOG2_E + ROUND
    k = rounded - ROUND
    r = (x - k * LN2_HIGH) - k * LN2_LOW
    # Taylor's series.
    r2 = r * r
    r4 = r2 * r2
    low = (1 / 2.0 + r * (1 / 6.0)) + r2 * (1 / 24.0 + r * (1 / 120.0))
    middle = (1 / 720.0 + r * (1 / 5040.0)) + r2 * (1 / 40320.0 + r * (1 / 362880.0))
    high = (1 / 3628800.0 + r * (1 / 39916800.0)) + r2 * (1 / 479001600.0 + r * (1 / 6227020800.0))
    p = low + r4 * (middle + r4 * high)
    return r + r2 * p, np.float64(rounded).view(np.int64) - ROUND_BITS


@register_jitable(**EXACT)
def power_of_2(k: Any) -> Any:
    """Return 2**k, for k within the exponents of float64."""
    return np.int64((k + 1023) << 52).view(np.float64)


@overload(log1p, jit_options=EXACT)
def _log1p(x: Any) -> Any:
    def by_arithmetic(x: Any) -> Any:
        # log(1 + x) = 2 * artanh(z) with z from 0 to 1/3, by Gregory's series.
        z = np.float64(x) / (2 + np.float64(x))
        s = z * z
        s2 = s * s
        s4 = s2 * s2
        p0 = (1 / 3.0 + s * (1 / 5.0)) + s2 * (1 / 7.0 + s * (1 / 9.0))
        p1 = (1 / 11.0 + s * (1 / 13.0)) + s2 * (1 / 15.0 + s * (1 / 17.0))
        p2 = (1 / 19.0 + s * (1 / 21.0)) + s2 * (1 / 23.0 + s * (1 / 25.0))
        p3 = (1 / 27.0 + s * (1 / 29.0)) + s2 * (1 / 31.0 + s * (1 / 33.0))
        p = p0 + s4 * (p1 + s4 * (p2 + s4 * p3))
        return 2 * (z + z * s * p)

    return narrow.log1p if x == types.float32 else by_arithmetic
