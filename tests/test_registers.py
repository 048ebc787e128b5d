"""Short rows in registers are read, multiplied and added up as NumPy does it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from memory import amid_nan, check
from numba import njit

from fastsgd.kernels.jit import OPTIONS
from fastsgd.kernels.registers import (
    MOST_SLOW_VECTORS,
    add_to,
    nothing_like,
    plus,
    prefetch_row,
    product,
    row,
    shape_of,
    weights_of,
)

N, K = 7, 3
# Of all lengths, those next to where there is one part more, or where they are of another kind.
CANDIDATES = (*range(1, 19), 31, 32, 33, 64, 100, 127, 128, 129, 200, 255, 256, 512)
DTYPES = ["float32", "float64"]


def widest_shape_of(d, dtype):
    return shape_of(d, np.dtype(dtype).itemsize, MOST_SLOW_VECTORS)


ROWS = [(t, d) for t in DTYPES for d in CANDIDATES if widest_shape_of(d, t)]


@njit(**OPTIONS)
def multiplied_and_added_up(shape, X, order, w, j, factors, out, g):
    weights = weights_of(shape, w, j)
    sums = nothing_like(weights)
    for r in range(order.size):
        prefetch_row(shape, X, order[-1])
        x = row(shape, X, order[r])
        out[r] = product(weights, x)
        sums = plus(sums, factors[r], x)
    add_to(g, j, sums)


@given(
    kind=st.sampled_from(ROWS),
    rows=st.integers(0, N),
    j=st.integers(0, K - 1),
    offset=st.integers(0, 15),
    seed=st.integers(0, 2**32),
)
def test_rows_are_multiplied_by_weights_and_added_up(kind, rows, j, offset, seed):
    (dtype, d), rng = kind, np.random.default_rng(seed)
    order = rng.permutation(N)[:rows].astype(np.uint32)
    _, X = amid_nan(rng, (N, d), dtype, offset)
    _, w = amid_nan(rng, (K, d), dtype, offset)
    _, factors = amid_nan(rng, (rows,), dtype, offset)
    memory, g = amid_nan(rng, (K, d), dtype, offset)
    of_products, out = amid_nan(rng, (1, rows), dtype, offset)
    before, products_before = memory.copy(), of_products.copy()
    x, weights, c, so_far = (part.astype(float) for part in (X[order], w[j], factors, g[j]))
    multiplied_and_added_up(widest_shape_of(d, dtype), X, order, w, j, factors, out[0], g)
    check(of_products, products_before, out, 0, x @ weights, (d + 1) * abs(x) @ abs(weights))
    bound = (rows + 1) * (abs(so_far) + abs(c) @ abs(x))
    check(memory, before, g, j, so_far + c @ x, bound)


@pytest.mark.parametrize(("dtype", "d"), ROWS)
def test_every_number_counts_once(dtype, d):
    shape, one, order = widest_shape_of(d, dtype), np.ones(1, dtype), np.uint32([0])
    out, g = np.zeros(1, dtype), np.zeros((1, d), dtype)
    for f in range(d):
        X, g[...] = np.zeros((1, d), dtype), 0
        X[0, f] = 1
        multiplied_and_added_up(shape, X, order, np.ones_like(X), 0, one, out, g)
        assert out[0] == 1
        np.testing.assert_array_equal(g, X)
