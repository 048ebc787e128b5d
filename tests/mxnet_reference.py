"""The original program in MXNet, faithfully, and the gradient of each loss by its autograd."""

from __future__ import annotations

import math
from functools import reduce

import numpy as np

from fastsgd.cli.autograd import import_mxnet

mx = import_mxnet()


def linreg(X, w, b):
    return mx.nd.dot(X, w) + b


def squared_loss(y_hat, y):
    return (y_hat - y.reshape(y_hat.shape)) ** 2 / 2


def log_of_sum_of_exp(*terms):
    """Return ``log(sum(exp(term)))``; what is taken out of the exponents is held constant."""
    top = mx.nd.BlockGrad(reduce(mx.nd.broadcast_maximum, terms))
    return top + mx.nd.log(sum(mx.nd.exp(term - top) for term in terms))


def huber(y_hat, y, delta=1.35):
    r = mx.nd.abs(y_hat - y)
    return mx.nd.where(r <= delta, r**2 / 2, delta * (r - delta / 2))


def modified_huber(y_hat, y):
    margin = y * y_hat
    return mx.nd.where(margin >= -1, mx.nd.relu(1 - margin) ** 2, -4 * margin)


def tweedie(y_hat, y, p=1.5):
    return mx.nd.exp((2 - p) * y_hat) / (2 - p) - y * mx.nd.exp((1 - p) * y_hat) / (1 - p)


def softmax(y_hat, y):
    """Return one loss a row; `y` is 1 for the class of the row and 0 for the others."""
    classes = [mx.nd.slice_axis(y_hat, axis=1, begin=j, end=j + 1) for j in range(y_hat.shape[1])]
    return log_of_sum_of_exp(*classes) - (y * y_hat).sum(axis=1, keepdims=True)


# Each loss of predictions and targets of shape (n, k), with the parameters that a name stands
# for. Targets of two classes are -1 and 1. Never `clip`: it rounds its limits to float32.
LOSSES = {
    "squared": squared_loss,
    "absolute": lambda y_hat, y: mx.nd.abs(y_hat - y),
    "huber": huber,
    "epsilon_insensitive": lambda y_hat, y: mx.nd.relu(mx.nd.abs(y_hat - y) - 0.1),
    "squared_epsilon_insensitive": lambda y_hat, y: mx.nd.relu(mx.nd.abs(y_hat - y) - 0.1) ** 2,
    "quantile": lambda y_hat, y: mx.nd.broadcast_maximum(0.5 * (y - y_hat), 0.5 * (y_hat - y)),
    "log_cosh": lambda y_hat, y: log_of_sum_of_exp(y_hat - y, y - y_hat) - math.log(2),
    "poisson": lambda y_hat, y: mx.nd.exp(y_hat) - y * y_hat,
    "gamma": lambda y_hat, y: y_hat + y * mx.nd.exp(-y_hat),
    "tweedie": tweedie,
    "logistic": lambda y_hat, y: log_of_sum_of_exp(0 * y_hat, -y * y_hat),
    "hinge": lambda y_hat, y: mx.nd.relu(1 - y * y_hat),
    "squared_hinge": lambda y_hat, y: mx.nd.relu(1 - y * y_hat) ** 2,
    "modified_huber": modified_huber,
    "perceptron": lambda y_hat, y: mx.nd.relu(-y * y_hat),
    "softmax": softmax,
}


def derivative(y_hat, y, loss):
    """Return the derivative of each loss with respect to the predictions, in their dtype."""
    predictions, targets = (mx.nd.array(a, dtype=str(y_hat.dtype)) for a in (y_hat, y))
    predictions.attach_grad()
    with mx.autograd.record():
        losses = LOSSES[loss](predictions, targets)
    losses.backward()
    return predictions.grad.asnumpy()


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
    """Return all as MXNet arrays in the dtype of X: y (n, k), w (d, k), b (k,), weights a row."""
    n, d = X.shape
    weights = np.ones(n) if sample_weight is None else np.asarray(sample_weight)
    shaped = (
        X,
        np.reshape(y, (n, -1)),
        np.reshape(w, (d, -1)),
        np.reshape(b, -1),
        np.reshape(weights, (n, -1)),
    )
    return [mx.nd.array(a, dtype=str(X.dtype)) for a in shaped]
