"""Mini-batch SGD in plain numpy, in float64, as its definition says."""

from __future__ import annotations

import numpy as np

import fastsgd


def squared_descent(
    X,
    y,
    w,
    b,
    *,
    orders,
    batch_size,
    lr,
    sample_weight=None,
    fit_intercept=True,
    drop_last=False,
):
    """Return w, b, and for each epoch the mean loss that the rows had before their own step."""
    X, w, b = np.asarray(X, float), np.array(w, float), np.array(b, float)
    y = np.asarray(y, float)
    weights = np.ones(len(X)) if sample_weight is None else np.asarray(sample_weight, float)
    running = []
    for order in orders:
        losses = []
        for start in range(0, len(order), batch_size):
            rows = order[start : start + batch_size]
            if drop_last and len(rows) < batch_size:
                break
            residual = X[rows] @ w + b - y[rows]
            column = weights[rows].reshape(-1, *[1] * (y.ndim - 1))
            losses.extend((column * residual**2 / 2).reshape(len(rows), -1).sum(axis=1))
            w -= lr * (X[rows].T @ (column * residual)) / len(rows)
            if fit_intercept:
                b -= lr * (column * residual).sum(axis=0) / len(rows)
        running.append(np.mean(losses))
    return w, b, running


def squared_loss(X, y, w, b, sample_weight=None):
    """Return the mean over rows of weight times half the squared error, summed over outputs."""
    rows = ((X @ w + b - y) ** 2 / 2).reshape(len(X), -1).sum(axis=1)
    return float(np.mean(rows if sample_weight is None else sample_weight * rows))


def orders_of(n, seed, epochs):
    """Return the orders of the epochs of a fit."""
    return [fastsgd.epoch_order(n, seed, epoch) for epoch in range(epochs)]
