"""Small sparse tables, targets for them, and the same fits of dense ones."""

from __future__ import annotations

import numpy as np
from numba import config
from scipy import sparse

import fastsgd
from fastsgd.losses import LOSSES

N, D = 40, 4
ALPHAS = np.array([0.0, 0.3, 0.7, 1.5])


def table(seed=0, n=N, d=D, dtype=float):
    """Return rows of which one in five entries is not 0, some of them empty, and one column."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d)) * (rng.random((n, d)) < 0.2)
    X[:, -1] = 0
    X[n // 2, -1] = 1.0  # one feature occurs once
    return X.astype(dtype)


def targets(loss, n=N):
    """Return targets for a loss."""
    rng = np.random.default_rng(1)
    if LOSSES[loss].kind == "regression":
        return abs(rng.normal(size=n)) + 0.1
    return np.arange(n) % 3


# The same sums are taken in another order: each of at most 2000 steps rounds by some 1e-16 of the
# largest number, and mostly not to the same side. Seen were 1e-14, and 2e-7 in 28 steps of float32.
def assert_equal_to_dense(X, y, rtol=1e-12, **options):
    """Fit both; w, b and the history are the same."""
    # Orders are made by compiled code alone.
    options = {
        "seed": 0,
        "batch_size": 3,
        "epochs": 2,
        "shuffle": not config.DISABLE_JIT,
        **options,
    }
    ours = fastsgd.fit(sparse.csr_array(X), y, **options)
    dense = fastsgd.fit(X, y, **options)
    scale = max(abs(dense.w).max(), 1e-3)
    np.testing.assert_allclose(ours.w, dense.w, rtol=0, atol=rtol * scale)
    np.testing.assert_allclose(ours.b, dense.b, rtol=0, atol=rtol * max(abs(dense.b).max(), scale))
    np.testing.assert_allclose(ours.history.loss, dense.history.loss, rtol=rtol)
