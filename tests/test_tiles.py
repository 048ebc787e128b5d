"""Tiles multiply and add up exactly the rows, outputs and features that they are told to."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from memory import amid_nan, check
from numba import njit
from scripts import number_passed

import fastsgd
from fastsgd.kernels import dense
from fastsgd.kernels.jit import OPTIONS
from fastsgd.kernels.tiles import Place

AROUND = 3  # rows and outputs before and after those of a tile
SIZES = sorted({*dense.SIZES, *dense.SIZES_FOR_SEVERAL})


@njit(**OPTIONS)
def multiplied(for_several, X, order, place, w, out):
    if for_several:
        dense.dot_tile_for_several(X, order, place, w, out)
    else:
        dense.dot_tile(X, order, place, w, out)


@njit(**OPTIONS)
def added_up(for_several, X, order, place, factors, g):
    if for_several:
        dense.add_tile_for_several(X, order, place, factors, g)
    else:
        dense.add_tile(X, order, place, factors, g)


@st.composite
def tiles(draw, sizes):
    """Return all that a tile of one of these sizes is given."""
    size, d = draw(st.sampled_from(sizes)), draw(st.integers(1, 150))
    dtype, offset = draw(st.sampled_from(["float32", "float64"])), draw(st.integers(0, 15))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    n, k = size.rows + 2 * AROUND, size.outputs + 2 * AROUND
    later = draw(st.integers(0, n - size.prefetched))
    order = rng.permutation(n).astype(np.uint32)
    _, X = amid_nan(rng, (n, d), dtype, offset)
    place = Place(AROUND, size.rows, AROUND, size.outputs, AROUND, later, size.prefetched)
    return rng, X, k, order, place, offset


@given(tile=tiles(SIZES))
def test_rows_are_multiplied_by_weights(tile):
    rng, X, k, order, place, offset = tile
    p, rows, j, outputs, r, _, _ = place
    _, w = amid_nan(rng, (k, X.shape[1]), X.dtype, offset)
    memory, out = amid_nan(rng, (k, rows + 2 * AROUND), X.dtype, offset)
    before = memory.copy()
    multiplied(outputs > 1, X, order, place, w, out)
    x, weights = X[order[p : p + rows]].astype(float), w[j : j + outputs].astype(float)
    changed = slice(j, j + outputs), slice(r, r + rows)
    bound = (X.shape[1] + 1) * abs(weights) @ abs(x.T)
    check(memory, before, out, changed, weights @ x.T, bound)


@given(tile=tiles(SIZES))
def test_rows_times_factors_are_added_up(tile):
    rng, X, k, order, place, offset = tile
    p, rows, j, outputs, r, _, _ = place
    memory, g = amid_nan(rng, (k, X.shape[1]), X.dtype, offset)
    _, factors = amid_nan(rng, (k, rows + 2 * AROUND), X.dtype, offset)
    before, so_far = memory.copy(), g[j : j + outputs].astype(float)
    added_up(outputs > 1, X, order, place, factors, g)
    x = X[order[p : p + rows]].astype(float)
    c = factors[j : j + outputs, r : r + rows].astype(float)
    bound = (rows + 1) * (abs(so_far) + abs(c) @ abs(x))
    check(memory, before, g, (slice(j, j + outputs), slice(None)), so_far + c @ x, bound)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("d", [5, 100])
def test_every_number_counts(dtype, d):
    # With powers of two, each sum is exact and tells which of its terms are there.
    rows = 8
    X = np.zeros((rows, d), dtype)
    X[:, d - 1], X[:, 0] = 2.0 ** np.arange(rows), 2.0 ** -np.arange(1, 1 + rows)
    order, w = np.arange(rows, dtype=np.uint32), np.ones((1, d), dtype)
    out, g = np.zeros((1, rows), dtype), np.zeros((1, d), dtype)
    place = Place(0, rows, 0, 1, 0, 0, 0)
    multiplied(False, X, order, place, w, out)
    np.testing.assert_array_equal(out[0], X.sum(axis=1))
    added_up(False, X, order, place, np.ones((1, rows), dtype), g)
    np.testing.assert_array_equal(g[0], X.sum(axis=0))


# Tiles of eight rows: of fewer that are left, they take those of the next batch as well, times 0.
@pytest.mark.parametrize("batch_size", [5, 6, 7, 13])
def test_rows_of_the_next_batch_count_for_nothing(batch_size):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 140)), rng.normal(size=60)
    model = fastsgd.fit(
        X, y, batch_size=batch_size, shuffle=False, epochs=1, lr=1e-3, init=(np.zeros(140), 0.0)
    )
    w, b = np.zeros(140), 0.0
    for first in range(0, 60, batch_size):
        rows = slice(first, first + batch_size)
        error = X[rows] @ w + b - y[rows]
        w, b = w - 1e-3 * error @ X[rows] / len(error), b - 1e-3 * error.mean()
    np.testing.assert_allclose(model.w, w, rtol=0, atol=1e-14)


CHECKED = """
import numpy as np
from test_tiles import Place, multiplied

X, w, out = np.ones((4, 3)), np.ones((1, 3)), np.zeros((1, 4))
for order in [0, 1, 2, 3], [0, 1, 2, 4]:
    multiplied(False, X, np.array(order, np.uint32), Place(0, 4, 0, 1, 0, 0, 0), w, out)
"""


def test_rows_that_are_not_there_are_found_where_bounds_are_checked():
    environment = {**os.environ, "NUMBA_BOUNDSCHECK": "1", "PYTHONPATH": str(Path(__file__).parent)}
    command = [sys.executable, "-c", CHECKED]
    result = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert "IndexError: index is out of bounds" in result.stderr


@pytest.mark.skipif(not dense.HAS_LONGER, reason="vectors are of the shorter kind already")
def test_shorter_vectors_are_right_as_well(tmp_path):
    processor = {"NUMBA_CPU_NAME": "haswell", "NUMBA_CPU_FEATURES": ""}
    selection = __file__, Path(__file__).with_name("test_registers.py"), "-k", "multiplied or added"
    assert number_passed(*selection, **processor, NUMBA_CACHE_DIR=tmp_path) == 3
