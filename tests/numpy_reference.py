"""Mini-batch SGD and optimizers in plain numpy, in float64, as their definitions say."""

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


# Each optimizer is a formula of the gradient of step t, the first one being 1, and of what is
# remembered of each parameter in `memory`, two numbers, which it changes. It returns the change of
# the parameter, and how far that goes, in the long run, for each unit of gradient.
def plain(g, memory, t, lr):
    return -lr * g, lr


def momentum(g, memory, t, lr, mu=0.9):
    memory[0] = mu * memory[0] + g
    return -lr * memory[0], lr / (1 - mu)


def nesterov(g, memory, t, lr, mu=0.9):
    memory[0] = mu * memory[0] + g
    return -lr * (g + mu * memory[0]), lr / (1 - mu)


def adagrad(g, memory, t, lr, eps=1e-10):
    memory[0] += g**2
    stride = lr / (np.sqrt(memory[0]) + eps)
    return -stride * g, stride


def rmsprop(g, memory, t, lr, rho=0.99, eps=1e-8):
    memory[0] = rho * memory[0] + (1 - rho) * g**2
    stride = lr / (np.sqrt(memory[0]) + eps)
    return -stride * g, stride


def adam(g, memory, t, lr, beta1=0.9, beta2=0.999, eps=1e-8):
    memory[0] = beta1 * memory[0] + (1 - beta1) * g
    memory[1] = beta2 * memory[1] + (1 - beta2) * g**2
    stride = lr / (np.sqrt(memory[1] / (1 - beta2**t)) + eps)
    return -stride * memory[0] / (1 - beta1**t), stride


# Each form of L1 is a formula of the weights after the step of the optimizer, of what each is to
# pay in this step, and of two numbers that are remembered of each, which it changes.
def proximal(w, due, memory):
    return np.sign(w) * np.maximum(abs(w) - due, 0)


def cumulative(w, due, memory):
    """Tsuruoka's: u is what was to be paid so far, and q what was added to the weight for it."""
    memory[0] += due
    u, q = memory
    paid = np.where(w > 0, np.maximum(0, w - (u + q)), np.minimum(0, w + (u - q)))
    memory[1] += paid - w
    return paid
