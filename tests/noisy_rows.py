"""Rows of three features and noisy targets."""

from __future__ import annotations

import numpy as np


def data(n=200):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 3))
    return X, X @ [1.0, -2.0, 0.5] + rng.normal(size=n)
