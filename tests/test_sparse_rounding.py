"""Steps of sparse rows are as exact as those of dense ones, however small, large or many."""

from __future__ import annotations

import numpy as np
import pytest
from numba import config
from scipy import sparse
from sparse_rows import ALPHAS, D, N, assert_equal_to_dense, table, targets

import fastsgd
from fastsgd.optimizers import SGD
from fastsgd.penalties import L1, L2, ElasticNet


# Without and with: weights as products with a scale, or all steps of each weight at once.
@pytest.mark.parametrize("clip_norm", [None, 1e9])
def test_steps_that_take_all_of_a_weight_do_not_blur_those_after_them(clip_norm):
    n, half = 100_000, 50_000
    rows = sparse.csr_array((np.arange(n) == half)[:, None] * 1.0)
    y = np.zeros(n)
    y[half] = 1e7  # which makes the weight 1 at that row's step
    model = fastsgd.fit(
        rows,
        y,
        init=([1.0], 0.0),
        fit_intercept=False,
        penalty=ElasticNet(20.0, 0.0),
        lr=lambda t: 0.1 if t < half else 1e-7,
        clip_norm=clip_norm,
        batch_size=1,
        epochs=1,
        shuffle=False,
    )
    # 50,000 factors, each of which rounds by some 1e-16.
    assert float(model.w[0]) == pytest.approx((1 - 2e-6) ** (half - 1), rel=1e-11)


# What a step leaves of each weight is half of it, or a tenth.
@pytest.mark.parametrize(("alpha", "average"), [(5.0, False), (5.0, 100), (9.0, 100)])
@pytest.mark.parametrize("dtype", [np.float64, np.float32] if config.DISABLE_JIT else [np.float64])
def test_elastic_net_is_that_of_dense_rows_however_much_weights_decay(
    dtype, alpha, average, monkeypatch
):
    monkeypatch.setattr("fastsgd.lapsing.Replay", None)  # no step is made up for by itself
    # All 1200 steps leave 2**-1200 or less, and a step of L1 takes some thousandth of what a row
    # adds.
    X, penalty = table(n=1200, dtype=dtype), ElasticNet(alpha, 1e-3)
    y, rtol = (X @ np.arange(D)).astype(dtype), 1e-12 if dtype is np.float64 else 2e-6
    options = {"penalty": penalty, "lr": 0.1, "batch_size": 1, "average": average}
    assert_equal_to_dense(X, y, rtol, **options)


@pytest.mark.parametrize("momentum", [0.9, 1 - 1e-6, 1 - 1e-12])
def test_averages_of_coasting_weights_are_exact_for_momentum_near_1(momentum):
    X = table(n=300)
    options = {"optimizer": SGD(momentum), "lr": 1e-4, "init": (np.zeros(D), 0.0), "average": True}
    assert_equal_to_dense(X, X @ np.arange(D), rtol=1e-12, epochs=1, **options)


def test_float32_is_as_good_as_that_of_dense_rows():
    X = table(dtype=np.float32)
    y = targets("squared").astype(np.float32)
    assert_equal_to_dense(X, y, rtol=2e-6, penalty=ElasticNet(0.3, 0.2))


@pytest.mark.parametrize("penalty", [None, L1(1e-9)])
@pytest.mark.parametrize("others", [0, 99])
def test_steps_of_float32_are_not_lost_where_those_of_single_rows_would_be(others, penalty):
    n, batch_size, epochs, lr = 2560, 256, 100, 1e-5
    X, y = np.zeros((n, 1 + others), np.float32), np.full(n, 2.0)
    X[np.arange(n), np.arange(n) % (1 + others)] = 1e-3  # rare features beside a common one
    X[:, 0] = 1
    options = {"lr": lr, "batch_size": batch_size, "epochs": epochs, "fit_intercept": False}
    options |= {"init": (np.eye(1 + others)[0], 0.0), "penalty": penalty}
    # Of single rows, a step is lr / batch_size, less than half of the last digit of 1.
    expected = 2 - (1 - lr) ** (epochs * n // batch_size)
    rows = sparse.csr_array(X)
    for index in (np.int32,) if penalty else (np.int32, np.int64):
        rows.indices, rows.indptr = rows.indices.astype(index), rows.indptr.astype(index)
        model = fastsgd.fit(rows, y, **options)
        assert abs(model.w[0] - expected) < 0.01 * (expected - 1)


def test_powers_of_large_rates_do_not_overflow():
    X, penalty = 1e-7 * table(), ElasticNet(ALPHAS * 2e-13, 0.0)
    options = {"penalty": penalty, "lr": lambda t: 1e12 - t, "fit_intercept": False}
    assert_equal_to_dense(X, targets("squared"), **options)


def test_a_long_row_of_float32_does_not_drift():
    d = 3_000_000
    X = sparse.csr_array(np.full((1, d), np.float32(0.1)))
    w = np.full(d, np.float32(0.1))
    exact = float(np.float32(0.1)) ** 2 * d
    gradient = fastsgd.gradient(X, np.zeros(1, np.float32), w, 0.0)
    # The score is rounded to float32 once.
    np.testing.assert_allclose(gradient.b, exact, rtol=6e-8)


@pytest.mark.parametrize("size", [1e-10, 1e-14])
def test_rates_for_tiny_float32_numbers_do_not_overflow_as_the_scale_of_the_weights_shrinks(size):
    X = (table()[:, :3] * size).astype(np.float32)
    y, penalty, lr = targets("squared").astype(np.float32), L2(0.5 * size**2), 0.2 / size**2
    options = {"penalty": penalty, "batch_size": 1, "lr": lr, "fit_intercept": False, "seed": 0}
    X, y = (np.concatenate([part] * (2000 // N)) for part in (X, y))
    model = fastsgd.fit(sparse.csr_array(X), y, epochs=1, **options)
    dense = fastsgd.fit(X, y, epochs=1, **options)
    # Weights below 1, of which the last steps, as they forget what was before, round 6e-8 each.
    np.testing.assert_allclose(model.w * size, dense.w * size, rtol=0, atol=1e-6)


def test_nothing_is_left_in_an_average_of_what_a_weight_was_before_it():
    # The first feature occurs in two steps, is 0.1 after them, and rests from where averages begin.
    X = np.zeros((9, 2))
    X[:2, 0], X[2:, 1] = 1.0, 1.0
    options = {"lr": 1.0, "batch_size": 1, "epochs": 1, "shuffle": False, "fit_intercept": False}
    options |= {"average": 3, "init": ([1e17, 0.0], 0.0)}
    model = fastsgd.fit(sparse.csr_array(X), [0.1] * 9, **options)
    np.testing.assert_allclose(model.w, [0.1, 0.1], rtol=1e-15)


def test_averages_of_float32_are_those_of_the_weights_as_steps_round_them():
    X, y = sparse.csr_array(table(dtype=np.float32)), targets("squared").astype(np.float32)
    options = {"lr": 0.3, "batch_size": 1, "epochs": 1, "shuffle": False, "average": True}
    options |= {"init": (np.zeros(D, np.float32), 0.0)}
    after = [fastsgd.fit(X[:n], y[:n], **options).state.parameters.w[0] for n in range(1, N + 1)]
    averages = fastsgd.fit(X, y, **options).state.memory.averages.w[0]
    # In float64, as they are kept: roundings of float32 are 1e8 times as large.
    np.testing.assert_allclose(averages, np.mean(after, axis=0, dtype=float), rtol=1e-13)
