"""Small sparse tables, and targets for them."""

from __future__ import annotations

import numpy as np

from fastsgd.losses import LOSSES

N, D = 40, 4


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
