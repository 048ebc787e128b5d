"""Rows are the same to a fit wherever they come from: a cache, or memory that is asked for them."""

from __future__ import annotations

import numpy as np
import pytest

import fastsgd

BATCH_SIZE, LR = 250, 0.1
SLOPES = {
    "squared": lambda y_hat, y: y_hat - y,
    "logistic": lambda y_hat, y: 1 / (1 + np.exp(-y_hat)) - y,
}


# 800 kB and 24 MB of 400 bytes a row, and 52 MB of 240, 400, 1200 and 4000 bytes a row.
@pytest.mark.parametrize(
    ("n", "d", "loss"),
    [
        (2_000, 100, "squared"),
        (60_000, 100, "logistic"),
        (217_000, 60, "squared"),
        (130_000, 100, "squared"),
        (130_000, 100, "logistic"),
        (43_500, 300, "squared"),
        (13_000, 1000, "squared"),
    ],
)
def test_an_epoch_takes_the_steps_of_numpy(n, d, loss):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n, d), np.float32)
    y = (X[:, 0] + X[:, -1] > 0).astype(np.float32)
    w, b = np.zeros(d), 0.0
    order = fastsgd.epoch_order(n, seed=1, epoch=0)
    for start in range(0, n, BATCH_SIZE):
        rows = order[start : start + BATCH_SIZE]
        batch = X[rows].astype(float)
        slopes = SLOPES[loss](batch @ w + b, y[rows])
        w -= LR / len(rows) * slopes @ batch
        b -= LR / len(rows) * slopes.sum()
    options = {"loss": loss, "lr": LR, "batch_size": BATCH_SIZE, "epochs": 1, "seed": 1}
    model = fastsgd.fit(X, y, init=(np.zeros(d), 0.0), **options)
    # Each row moves a weight by up to LR / BATCH_SIZE, and float32 rounds that of order 1 to 1e-7.
    np.testing.assert_allclose(model.w, w, rtol=0, atol=1e-5)
    np.testing.assert_allclose(model.b, b, rtol=0, atol=1e-5)
