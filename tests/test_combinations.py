"""Every loss takes the steps of its definition with every penalty and every optimizer.

The derivatives of the losses are those of MXNet's autograd; the rest is plain numpy.
"""

from __future__ import annotations

from itertools import product
from typing import NamedTuple

import numpy as np
import pytest
from numba import config
from numpy_reference import (
    adagrad,
    adam,
    cumulative,
    momentum,
    nesterov,
    plain,
    proximal,
    rmsprop,
)

import fastsgd
from fastsgd.kernels.registers import shape_of
from fastsgd.losses import LOSSES
from fastsgd.optimizers import SGD, Adagrad, Adam, AdamW, RMSprop
from fastsgd.penalties import L1, L2, CumulativeL1, ElasticNet, NoPenalty

LR, BATCH_SIZE, EPOCHS, CLIP_NORM = 0.05, 5, 2, 0.8
SHORT, LONG = 10, 140  # features of a row
assert shape_of(LONG, 8) is None
# Each penalty, its strengths of L1 and L2, and its formula.
PENALTIES = {
    NoPenalty(): (0, 0, proximal),
    L1(0.3): (0.3, 0, proximal),
    L2(0.3): (0, 0.3, proximal),
    ElasticNet(0.5, l1_ratio=0.4): (0.2, 0.3, proximal),
    CumulativeL1(0.5, l1_ratio=0.4): (0.2, 0.3, cumulative),
}
# Each optimizer, its formula, and what its decay leaves of the weights in a step.
OPTIMIZERS = {
    SGD(): (plain, 1),
    SGD(momentum=0.9): (momentum, 1),
    SGD(momentum=0.9, nesterov=True): (nesterov, 1),
    Adagrad(): (adagrad, 1),
    RMSprop(): (rmsprop, 1),
    Adam(): (adam, 1),
    AdamW(weight_decay=0.2): (adam, 1 - LR * 0.2),
}


class Combination(NamedTuple):
    loss: str
    penalty: object
    optimizer: object
    is_averaged: bool
    is_clipped: bool
    is_long: bool  # whether rows are too long for registers: those are handled by blocks

    def __str__(self):
        flags = ["averaged"] * self.is_averaged + ["clipped"] * self.is_clipped
        flags += ["long rows"] * self.is_long
        return "-".join([self.loss, str(self.penalty), str(self.optimizer), *flags])


def combination(i, loss, penalty, optimizer):
    """Return number i: averaging, clipping and the rows change from one to the next, at paces."""
    return Combination(loss, penalty, optimizer, i % 2 == 1, i % 4 > 1, i % 8 > 3)


def simple(loss, penalty, optimizer, is_long=False):
    """Return a combination without averages and clipping."""
    return Combination(loss, penalty, optimizer, False, False, is_long)


def go_together(penalty, optimizer):
    return isinstance(optimizer, SGD) or not isinstance(penalty, CumulativeL1)


PRODUCT = [
    combination(i, *members)
    for i, members in enumerate(product(LOSSES, PENALTIES, OPTIMIZERS))
    if go_together(*members[1:])
]
# Compiled: every loss, every penalty and every optimizer; first those whose kernels other tests
# call as well.
NONE, L1_NORM, L2_NORM, NET, CUMULATIVE = PENALTIES
PLAIN, MOMENTUM, NESTEROV, ADAGRAD, RMSPROP, ADAM, ADAMW = OPTIMIZERS
COMPILED = [
    simple("squared", NONE, PLAIN),
    simple("absolute", NONE, MOMENTUM),
    simple("huber", NONE, MOMENTUM),
    simple("epsilon_insensitive", L2_NORM, MOMENTUM),
    simple("squared_epsilon_insensitive", NONE, MOMENTUM),
    simple("gamma", L2_NORM, MOMENTUM),
    simple("squared_hinge", L2_NORM, MOMENTUM, is_long=True),
    simple("perceptron", NONE, PLAIN, is_long=True),
    combination(5, "quantile", NONE, ADAM),
    combination(6, "log_cosh", L1_NORM, ADAMW),
    combination(7, "poisson", L2_NORM, PLAIN),
    combination(1, "tweedie", CUMULATIVE, NESTEROV),
    combination(2, "logistic", NONE, ADAGRAD),
    combination(3, "hinge", L1_NORM, RMSPROP),
    combination(5, "modified_huber", NET, ADAMW),
    combination(7, "softmax", NONE, MOMENTUM),
]
assert {one.loss for one in COMPILED} == set(LOSSES)
for kind, members in (("penalty", PENALTIES), ("optimizer", OPTIMIZERS)):
    assert {getattr(one, kind) for one in COMPILED} == set(members)


def problem(loss, features):
    """Return X, y, the targets of each output, of shape (n, k), and initial w and b."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(12, features)) * min(1, 4 / np.sqrt(features))  # lest steps be too long
    if LOSSES[loss].kind == "regression":
        y = abs(rng.normal(size=12)) + 0.1
        return X, y, y[:, None], 0.3 * rng.normal(size=features), np.array(rng.normal())
    y = np.arange(12) % 3
    own = y[:, None] == np.arange(3)
    targets = own * 1.0 if loss == "softmax" else np.where(own, 1.0, -1.0)
    return X, y, targets, rng.normal(size=(features, 3)), rng.normal(size=3)


def fit_in_numpy(reference, combination, X, targets, w, b):
    """Return w and b after all steps, or the means of those after each one."""
    n, k = targets.shape
    w, b = w.reshape(-1, k).copy(), b.reshape(k).copy()
    formula, kept = OPTIMIZERS[combination.optimizer]
    l1, l2, penalised = PENALTIES[combination.penalty]
    by_output = k > 1 and combination.loss != "softmax"
    memory_w, memory_b, seen = np.zeros((2, *w.shape)), np.zeros((2, *b.shape)), []
    debts = np.zeros((2, *w.shape))
    for t, start in enumerate([*range(0, n, BATCH_SIZE)] * EPOCHS, start=1):
        rows = slice(start, start + BATCH_SIZE)
        slopes = reference.derivative(X[rows] @ w + b, targets[rows], combination.loss)
        g_w, g_b = X[rows].T @ slopes / len(slopes), slopes.mean(axis=0)
        if combination.is_clipped:
            squares = (g_w**2).sum(axis=0) + g_b**2
            norm = np.sqrt(squares if by_output else squares.sum())
            g_w, g_b = (g * (CLIP_NORM / np.maximum(norm, CLIP_NORM)) for g in (g_w, g_b))
        change, stride = formula(g_w + l2 * w, memory_w, t, LR)
        w = penalised(kept * w + change, stride * l1, debts)
        b = b + formula(g_b, memory_b, t, LR)[0]
        seen.append((w, b))
    if combination.is_averaged:
        return tuple(np.mean(values, axis=0) for values in zip(*seen, strict=True))
    return w, b


@pytest.mark.parametrize("combination", PRODUCT if config.DISABLE_JIT else COMPILED, ids=str)
def test_fit_takes_the_steps_that_gradients_of_mxnet_lead_to(mxnet, combination):
    import mxnet_reference

    X, y, targets, w, b = problem(combination.loss, LONG if combination.is_long else SHORT)
    expected = fit_in_numpy(mxnet_reference, combination, X, targets, w, b)
    model = fastsgd.fit(
        X,
        y,
        loss=combination.loss,
        penalty=combination.penalty,
        optimizer=combination.optimizer,
        average=combination.is_averaged,
        clip_norm=CLIP_NORM if combination.is_clipped else None,
        init=(w, b),
        lr=LR,
        batch_size=BATCH_SIZE,
        epochs=EPOCHS,
        shuffle=False,
    )
    # Numbers of order 1, and six steps. Where a mean of squares is near 0, optimizers that divide
    # by its root amplify what rounding left of it.
    np.testing.assert_allclose(model.w, expected[0].reshape(w.shape), rtol=1e-11, atol=1e-11)
    np.testing.assert_allclose(model.b, expected[1].reshape(b.shape), rtol=1e-11, atol=1e-11)
