"""exp and log1p are accurate wherever they are used, and say where they overflow."""

from __future__ import annotations

import math
from decimal import Decimal, localcontext

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numba import njit

from fastsgd.kernels.elementary import exp, expm1, log1p
from fastsgd.kernels.jit import OPTIONS


# Compiled as kernels are, in which sums may be reordered.
@njit(**OPTIONS)
def exp_of_all(x, out):
    for i in range(x.size):
        out[i] = exp(x[i])


@njit(**OPTIONS)
def expm1_of_all(x, out):
    for i in range(x.size):
        out[i] = expm1(x[i])


@njit(**OPTIONS)
def log1p_of_all(x, out):
    for i in range(x.size):
        out[i] = log1p(x[i])


def compiled(function, x, dtype="float64"):
    """Return the value at x, from the loop body that handles many numbers at once."""
    many, out = np.full(64, x, dtype), np.empty(64, dtype)
    function(many, out)
    assert len({value.hex() for value in out.tolist()}) == 1
    return float(out[0])


def ulps(ours, exact):
    """Return how far off a number is, in units of the last place of the exact one."""
    return abs(Decimal(ours) - exact) / Decimal(math.ulp(float(exact)))


def most_ulps_of_narrow(function, x, exact):
    """Return how far off the values at many float32 x are, given their values in float64."""
    out = np.empty_like(x)
    function(x, out)
    return np.max(np.abs(out - exact) / np.spacing(np.abs(exact).astype(np.float32)))


@given(x=st.floats(-745, 709.78))
@example(159.77050086033864)  # the worst of many tried: 1.048
@example(-0.3465)  # where a series that is broken off lacks most
def test_exp_is_good_to_1_ulp_and_a_tenth(x):
    with localcontext() as context:
        context.prec = 60
        exact = Decimal(x).exp()
    # Below the normal numbers, one more rounding.
    assert ulps(compiled(exp_of_all, x), exact) <= (1.1 if x > -708 else 1.5)


@given(x=st.one_of(st.floats(-745, 700), st.floats(-1, 1), st.floats(-1e-10, -1e-300)))
def test_expm1_is_good_to_2_ulp(x):
    with localcontext() as context:
        context.prec = 400
        exact = Decimal(x).exp() - 1
    assert ulps(compiled(expm1_of_all, x), exact) <= 2


@given(x=st.one_of(st.floats(0, 1), st.floats(1e-300, 1e-10)))
def test_log1p_is_good_to_2_ulp_from_0_to_1(x):
    with localcontext() as context:
        context.prec = 400
        exact = (1 + Decimal(x)).ln()
    assert ulps(compiled(log1p_of_all, x), exact) <= 2


def test_exp_of_float32_is_good_to_2_ulp():
    x = np.concatenate([np.linspace(-104, 88.72, 1_000_001), np.geomspace(1e-30, 1, 100_001)])
    x = x.astype(np.float32)
    assert most_ulps_of_narrow(exp_of_all, x, np.exp(x.astype(float))) <= 2


def test_log1p_of_float32_is_good_to_2_ulp_from_0_to_1():
    x = np.concatenate([np.linspace(0, 1, 1_000_001), np.geomspace(1e-30, 1, 100_001)])
    x = x.astype(np.float32)
    assert most_ulps_of_narrow(log1p_of_all, x, np.log1p(x.astype(float))) <= 2


@pytest.mark.parametrize(
    ("x", "value"),
    [
        (0.0, 1.0),
        (-0.0, 1.0),
        (709.79, math.inf),
        (1e300, math.inf),
        (math.inf, math.inf),
        (-745.2, 0.0),
        (-1e300, 0.0),
        (-math.inf, 0.0),
    ],
)
def test_exp_at_its_ends(x, value):
    assert compiled(exp_of_all, x) == value


@pytest.mark.parametrize(
    ("x", "value"),
    [
        (0.0, 1.0),
        (-0.0, 1.0),
        (88.73, math.inf),
        (1e30, math.inf),
        (math.inf, math.inf),
        (-104.0, 0.0),
        (-1e30, 0.0),
        (-math.inf, 0.0),
    ],
)
def test_exp_of_float32_at_its_ends(x, value):
    assert compiled(exp_of_all, x, "float32") == value


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_nan_stays_nan(dtype):
    assert math.isnan(compiled(exp_of_all, math.nan, dtype))
    assert math.isnan(compiled(expm1_of_all, math.nan, dtype))
    assert math.isnan(compiled(log1p_of_all, math.nan, dtype))


def test_expm1_of_float32_is_computed_in_float64():
    x = float(np.float32(0.7))
    assert compiled(expm1_of_all, x, "float32") == np.float32(compiled(expm1_of_all, x))


def test_python_has_them_too():
    assert exp(1.0) == math.e
    assert exp(1000.0) == math.inf
    assert expm1(1e-20) == 1e-20
    assert log1p(1.0) == math.log(2)


@pytest.mark.parametrize("x", [-745.0, -1e4, -1e300, -math.inf])
def test_expm1_far_below_0_is_minus_1(x):
    assert compiled(expm1_of_all, x) == -1
