"""The cumulative penalty leaves what is due until a weight can pay it, on sparse rows as well."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from noisy_rows import data
from numba import config
from numpy_reference import cumulative
from scipy import sparse
from sklearn.linear_model import Lasso
from sparse_rows import ALPHAS, D, N, table

import fastsgd
from fastsgd.optimizers import SGD
from fastsgd.penalties import L1, CumulativeL1
from fastsgd.schedules import Adaptive, InvScaling

BATCH_SIZE = 3
# Of each of 14 steps in up to 3 epochs.
RATES = 0.3 / np.sqrt(1 + np.arange(42))
# Targets that turn weights from one sign to the other, whose debts differ.
TURNING = np.where(np.arange(N) // 8 % 2, 2.0, -2.0)
OPTIONS = {
    "lr": lambda t: RATES[t],
    "batch_size": BATCH_SIZE,
    "shuffle": False,
    "init": (np.zeros(D), 0.0),
}


def many_features():
    """Return rows of 100 features, of which 3 count, and noisy targets."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(600, 100))
    return X, X[:, :3] @ [3.0, -2.0, 1.0] + rng.normal(size=600)


def test_mini_batches_find_the_weights_that_are_0_at_the_minimum():
    X, y = many_features()
    best = Lasso(alpha=0.2, tol=1e-12).fit(X, y)
    options = {"batch_size": 32, "epochs": 80, "lr": InvScaling(0.1, power=0.5), "seed": 0}
    model = fastsgd.fit(X, y, penalty=CumulativeL1(0.2), **options)
    np.testing.assert_array_equal(model.w != 0, best.coef_ != 0)
    # The others are off by the noise of the last gradients, whose steps are of 0.0025.
    np.testing.assert_allclose(model.w, best.coef_, atol=0.02)
    proximal = fastsgd.fit(X, y, penalty=L1(0.2), **options)
    assert np.count_nonzero(proximal.w) > 10


def steps_in_numpy(X, y, penalties, averages, rates=RATES):
    """Return w and b after plain SGD, an epoch with each penalty; weights pay as features occur."""
    w, b, debts, seen = np.zeros(X.shape[1]), 0.0, np.zeros((2, X.shape[1])), []
    starts = range(0, len(X), BATCH_SIZE)
    for t, (penalty, start) in enumerate(product(penalties, starts)):
        rows, lr = slice(start, start + BATCH_SIZE), rates[t]
        slopes = (X[rows] @ w + b - y[rows]) / len(y[rows])
        decay = lr * (1 - penalty.l1_ratio) * np.asarray(penalty.alpha)
        due = np.broadcast_to(lr * penalty.l1_ratio * np.asarray(penalty.alpha), w.shape)
        w, b = w * (1 - decay) - lr * X[rows].T @ slopes, b - lr * slopes.sum()
        owed = debts + [[1.0], [0.0]] * due
        paid = cumulative(w, due, debts)
        occur = (X[rows] != 0).any(axis=0)
        w, debts = np.where(occur, paid, w), np.where(occur, debts, owed)
        seen.append((w, b))
    return tuple(np.mean(part, axis=0) for part in zip(*seen, strict=True)) if averages else (w, b)


COMPILED = [(CumulativeL1(0.1), True), (CumulativeL1(ALPHAS / 5, 0.4), False)]
CASES = [*COMPILED, (CumulativeL1(0.1), False), (CumulativeL1(ALPHAS / 5, 0.4), True)]
CASES += [
    (CumulativeL1(0.3, share), averages) for share in (0.0, 0.4) for averages in (False, True)
]


@pytest.mark.parametrize(("penalty", "averages"), CASES if config.DISABLE_JIT else COMPILED)
def test_a_weight_pays_when_its_feature_occurs(penalty, averages, monkeypatch):
    # So few that an epoch is cut into several stretches, each of which ends with a sweep.
    monkeypatch.setattr("fastsgd.stretches.STRETCH", 40)
    X, y = table(), TURNING
    model = fastsgd.fit(
        sparse.csr_array(X), y, penalty=penalty, average=averages, epochs=3, **OPTIONS
    )
    w, b = steps_in_numpy(X, y, [penalty] * 3, averages)
    # 42 steps, of weights and debts of order 1.
    np.testing.assert_allclose(model.w, w, rtol=0, atol=1e-14)
    np.testing.assert_array_equal(model.w == 0, w == 0)
    np.testing.assert_allclose(model.b, b, rtol=1e-13)


def test_what_is_due_is_counted_once_where_decay_makes_the_scale_of_weights_anew():
    # To less than a tenth in each of 67 steps.
    penalty, rates = CumulativeL1(3.0, 0.02), np.full(67, 0.31)
    X, y = table(n=200), np.resize(TURNING, 200)
    options = OPTIONS | {"lr": 0.31, "epochs": 1, "penalty": penalty}
    model = fastsgd.fit(sparse.csr_array(X), y, **options)
    w, b = steps_in_numpy(X, y, [penalty], False, rates)
    np.testing.assert_allclose(model.w, w, rtol=0, atol=1e-14)
    np.testing.assert_allclose(model.b, b, rtol=1e-13)


def test_a_class_that_has_stopped_owes_no_more():
    X, y = sparse.csr_array(table()), np.arange(N) % 3
    options = {"loss": "logistic", "penalty": CumulativeL1(0.05), "seed": 0, "lr": 0.1}
    model = fastsgd.fit(X, y, tol=0.01, patience=1, epochs=20, **options)
    epochs = model.state.stopped // (N // 10)
    assert len(set(epochs)) > 1
    for j, count in enumerate(epochs):
        alone = fastsgd.fit(X, y, epochs=int(count), **options)
        np.testing.assert_array_equal(model.w[:, j], alone.w[:, j])
        np.testing.assert_array_equal(model.state.memory.w[:, j], alone.state.memory.w[:, j])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_fits_of_sparse_rows_go_on_with_what_is_due(dtype):
    X, y = sparse.csr_array(table(dtype=dtype)), TURNING
    options = {name: value for name, value in OPTIONS.items() if name != "init"}
    penalty = CumulativeL1(0.1, 0.5)
    first = fastsgd.fit(X, y, penalty=penalty, epochs=1, **OPTIONS)
    more = fastsgd.fit(X, y, penalty=penalty, epochs=2, resume=first, **options)
    whole = fastsgd.fit(X, y, penalty=penalty, epochs=3, **OPTIONS)
    np.testing.assert_array_equal(more.w, whole.w)
    np.testing.assert_array_equal(more.state.memory.w, whole.state.memory.w)


def test_debts_that_differ_by_feature_go_on_with_one_strength_for_all():
    X, y = table(), TURNING
    penalties = [CumulativeL1(ALPHAS / 5, 0.4), CumulativeL1(0.1)]
    first = fastsgd.fit(sparse.csr_array(X), y, penalty=penalties[0], epochs=1, **OPTIONS)
    options = {name: value for name, value in OPTIONS.items() if name != "init"}
    options |= {"resume": first, "epochs": 1}
    model = fastsgd.fit(sparse.csr_array(X), y, penalty=penalties[1], **options)
    w, _ = steps_in_numpy(X, y, penalties, False)
    np.testing.assert_allclose(model.w, w, rtol=0, atol=1e-14)


def test_another_penalty_may_follow_and_owes_nothing():
    X, y = data()
    options = {"optimizer": SGD(momentum=0.5), "seed": 0, "lr": 0.01}
    first = fastsgd.fit(X, y, penalty=CumulativeL1(0.3), **options)
    assert len(first.state.memory.w) == 3
    # What the optimizer remembers goes on.
    after = fastsgd.fit(X, y, resume=first, epochs=1, **options)
    velocity = first.state.memory.w[:1]
    plain = replace(
        first, state=first.state._replace(memory=first.state.memory._replace(w=velocity))
    )
    expected = fastsgd.fit(X, y, resume=plain, epochs=1, **options)
    np.testing.assert_array_equal(after.w, expected.w)
    begun = fastsgd.fit(X, y, resume=after, epochs=1, penalty=CumulativeL1(0.3), **options)
    expected = fastsgd.fit(X, y, resume=after, epochs=1, penalty=L1(0.3), **options)
    # No weight has come to 0 yet: both forms of L1 take the same from it.
    np.testing.assert_allclose(begun.w, expected.w, rtol=1e-13)


def test_optimizers_whose_strides_differ_by_weight_are_refused():
    X, y = data()
    message = r"penalty: expected L1 or ElasticNet with the optimizer Adam.*, got CumulativeL1.*SGD"
    with pytest.raises(ValueError, match=message):
        fastsgd.fit(X, y, penalty="cumulative_l1", optimizer="adam")


def test_each_output_owes_what_it_would_alone():
    X, start = sparse.csr_array(table()), np.linspace(-1, 1, 3 * D).reshape(D, 3)
    y = TURNING[:, None] * [1.0, -0.5, 0.1]
    options = OPTIONS | {"penalty": CumulativeL1(ALPHAS / 5)}
    model = fastsgd.fit(X, y, **options | {"init": (start, np.zeros(3))})
    for j in range(3):
        alone = fastsgd.fit(X, y[:, j], **options | {"init": (start[:, j], 0.0)})
        np.testing.assert_allclose(model.w[:, j], alone.w, rtol=0, atol=1e-14)


@pytest.mark.parametrize("alpha", [0.02, ALPHAS / 50])
def test_what_becomes_due_falls_with_a_rate_that_adapts(alpha):
    # From the third epoch of 14 steps on, each has half the rate of the one before.
    adaptive = Adaptive(0.3, factor=2.0, tol=1e9, patience=1, smallest=0.0)
    models = [
        fastsgd.fit(
            sparse.csr_array(table()),
            TURNING,
            penalty=CumulativeL1(alpha),
            epochs=4,
            **OPTIONS | {"lr": lr},
        )
        for lr in (adaptive, lambda t: 0.3 / 2 ** max(0, t // 14 - 1))
    ]
    np.testing.assert_allclose(models[0].w, models[1].w, rtol=0, atol=1e-14)


@pytest.mark.parametrize(("momentum", "left"), [(0.0, 1 - 10 * 0.01), (0.5, 1 - 2 * 0.02)])
def test_with_momentum_more_becomes_due_where_a_feature_occurs_alone(momentum, left):
    # The first feature occurs in the first and the last of ten rows, and no row has a gradient: at
    # scores of 900, that of the logistic loss is below 1e-300.
    X = np.zeros((10, 2))
    X[[0, 9], 0], X[1:9, 1] = 1e3, -1e3
    options = {"loss": "logistic", "optimizer": SGD(momentum), "lr": 0.1, "batch_size": 1}
    options |= {"epochs": 1, "shuffle": False, "fit_intercept": False, "init": ([1.0, 1.0], 0.0)}
    model = fastsgd.fit(sparse.csr_array(X), X[:, 0] > 0, penalty=CumulativeL1(0.1), **options)
    np.testing.assert_allclose(model.w[0], left, rtol=1e-14)
