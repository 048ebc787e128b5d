"""The original program in MXNet, faithfully, and the gradient of each loss by its autograd."""

from __future__ import annotations

import numpy as np

from fastsgd.cli.autograd import import_mxnet

mx = import_mxnet()


def linreg(X, w, b):
    return mx.nd.dot(X, w) + b


def squared_loss(y_hat, y):
    return (y_hat - y.reshape(y_hat.shape)) ** 2 / 2


LOSSES = {"squared": squared_loss}


def sgd(params, lr, batch_size):
    for param in params:
        param[:] = param - lr * param.grad / batch_size


def train(X, y, w, b, *, lr, batch_size, orders, loss="squared", sample_weight=None):
    """Run the original training loop; yield w and b after every mini-batch.

    `orders` holds the order of the rows for each epoch, where the original program shuffles.
    """
    features, labels, w, b, weights = arrays(X, y, w, b, sample_weight)
    for param in (w, b):
        param.attach_grad()
    for order in orders:
        for start in range(0, len(order), batch_size):
            rows = mx.nd.array(order[start : start + batch_size], dtype="int64")
            with mx.autograd.record():
                losses = LOSSES[loss](linreg(features.take(rows), w, b), labels.take(rows))
                weighted = losses * weights.take(rows)
            weighted.backward()
            sgd([w, b], lr, len(rows))
            yield w.asnumpy(), b.asnumpy()


def gradient(X, y, w, b, loss="squared", sample_weight=None):
    """Return what ``backward()`` leaves in ``w.grad`` and ``b.grad``, in their shapes."""
    shapes = np.shape(w), np.shape(b)
    features, labels, w, b, weights = arrays(X, y, w, b, sample_weight)
    for param in (w, b):
        param.attach_grad()
    with mx.autograd.record():
        weighted = LOSSES[loss](linreg(features, w, b), labels) * weights
    weighted.backward()
    return w.grad.asnumpy().reshape(shapes[0]), b.grad.asnumpy().reshape(shapes[1])


def arrays(X, y, w, b, sample_weight):
    """Return all as MXNet arrays in the dtype of X: y (n, k), w (d, k), b (k,), weights (n, 1)."""
    n, d = X.shape
    weights = np.ones(n) if sample_weight is None else np.asarray(sample_weight)
    shaped = (
        X,
        np.reshape(y, (n, -1)),
        np.reshape(w, (d, -1)),
        np.reshape(b, -1),
        np.reshape(weights, (n, 1)),
    )
    return [mx.nd.array(a, dtype=str(X.dtype)) for a in shaped]
