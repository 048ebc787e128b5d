"""exp and log1p of float32, as `elementary` has them of float64, in registers of twice as many.

Epochs of the logistic loss take 0.75 to 0.92 times as long as by those of float64.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba.extending import register_jitable

from .jit import EXACT

number, integer = np.float32, np.int32

LOG2_E = number(1.4426950408889634)
# ln(2) in two parts, of which the first has zeros at its end: its products with integers are exact.
LN2_HIGH, LN2_LOW = number(0.693359375), number(-2.12194440e-4)
# Added to a number below 2**22, it leaves the nearest integer in the last bits of the sum.
ROUND = number(12582912.0)
ROUND_BITS = ROUND.view(integer)
ONE, TWO = number(1), number(2)


def exp(x: Any) -> Any:
    """Return e**x, to 2 ulp; infinity where it overflows."""
    # Beyond these bounds, it is what it is at them. The upper one is so high that e**x is still
    # infinite where a finite number is subtracted from it before it is rounded.
    x = min(max(x, number(-105)), number(170))
    # e**x = 2**k * e**r with |r| <= ln(2) / 2.
    rounded = x * LOG2_E + ROUND
    whole = rounded - ROUND
    r = (x - whole * LN2_HIGH) - whole * LN2_LOW
    # Taylor's series.
    r2 = r * r
    low = (number(1 / 2.0) + r * number(1 / 6.0)) + r2 * (number(1 / 24.0) + r * number(1 / 120.0))
    p = low + r2 * r2 * (number(1 / 720.0) + r * number(1 / 5040.0))
    # Two factors, as 2**k may be out of range where e**r * 2**k is not.
    k = integer(number(rounded).view(integer) - ROUND_BITS)
    half = integer(k >> 1)
    return (ONE + (r + r2 * p)) * power_of_2(half) * power_of_2(integer(k - half))


def log1p(x: Any) -> Any:
    """Return log(1 + x) for x from 0 to 1, to 2 ulp."""
    # log(1 + x) = 2 * artanh(z) with z from 0 to 1/3, by Gregory's series.
    z = x / (TWO + x)
    s = z * z
    s2 = s * s
    low = (number(1 / 3.0) + s * number(1 / 5.0)) + s2 * (number(1 / 7.0) + s * number(1 / 9.0))
    high = (number(1 / 11.0) + s * number(1 / 13.0)) + s2 * number(1 / 15.0)
    return TWO * (z + z * s * (low + s2 * s2 * high))


@register_jitable(**EXACT)
def power_of_2(k: Any) -> Any:
    """Return 2**k, for k within the exponents of float32."""
    return integer(integer(k + 127) << 23).view(number)
