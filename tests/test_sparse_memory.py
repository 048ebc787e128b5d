"""Sparse rows take the memory, and the time, of their weights and non-zeros, whatever is asked."""

from __future__ import annotations

from statistics import median

import numpy as np
import pytest
from peaks import fit_and_peak, peak_of
from scipy import sparse

import fastsgd
from fastsgd.penalties import L2, ElasticNet


def five_in_a_row(n, d):
    """Return n rows of d features, each of five ones."""
    columns = np.sort(np.random.default_rng(0).integers(0, d, (n, 5), np.int32), axis=1).ravel()
    rows = 5 * np.arange(n + 1, dtype=np.int32)
    return sparse.csr_array((np.ones(5 * n), columns, rows), shape=(n, d))


def test_memory_is_that_of_the_weights_and_the_non_zeros():
    n, d = 1000, 1_000_000
    X = five_in_a_row(n, d)
    options = {"seed": 0, "penalty": ElasticNet(), "optimizer": "adagrad", "average": True}
    fastsgd.fit(X[:20], np.ones(20), **options)
    model, peak = fit_and_peak(X, np.ones(n), **options)
    assert model.w.shape == (d,)
    # Of each feature: a weight, a number of Adagrad and an average, copies of these at the end of
    # the last epoch and while one is made, up to when the feature has been brought, and where it
    # is. What the rows take is less than a hundredth of one of these.
    assert peak < d * 8 * (3 + 3 + 3 + 2 + 0.01)


def test_a_fit_holds_its_weights_once():
    n, d = 1000, 1_000_000
    X = five_in_a_row(n, d)
    fastsgd.fit(X[:20], np.ones(20), seed=0)
    model, peak = fit_and_peak(X, np.ones(n), seed=0)
    assert peak < d * 8 * 1.01
    assert peak_of(lambda: model.b)[1] < 1000  # which copies no weights
    assert peak_of(lambda: model.predict(X[:2]))[1] < d * 8 * 1.01


# The stronger the penalty, the more powers of the rates count: of 1/2, 57.
@pytest.mark.parametrize(("alpha", "numbers"), [(0.01, 20), (15, 40)])
def test_memory_with_an_alpha_for_each_feature_is_no_table_of_features_and_steps(alpha, numbers):
    n, d = 2000, 4000
    X = five_in_a_row(n, d)
    options = {"seed": 0, "penalty": L2(np.linspace(0, alpha, d)), "batch_size": 1}
    for lr in (0.03, lambda t: 0.03 / (1 + t)):
        fastsgd.fit(X[:20], np.ones(20), lr=lr, **options)
        _, peak = fit_and_peak(X, np.ones(n), lr=lr, **options)
        # So many of each feature and of each step.
        assert peak < 8 * numbers * (n + d)


def test_memory_with_an_alpha_for_each_feature_does_not_grow_with_the_steps():
    n, d = 100_000, 40
    columns, rows = (np.arange(n) % d).astype(np.int32), np.arange(n + 1, dtype=np.int32)
    X = sparse.csr_array((np.ones(n), columns, rows), shape=(n, d))
    options = {"seed": 0, "penalty": L2(np.ones(d)), "batch_size": 1, "lr": lambda t: 0.49}
    fastsgd.fit(X[:20], np.ones(20), **options)
    _, peak = fit_and_peak(X, np.ones(n), **options)
    # 57 powers of each rate are 46 MB, and in stretches 16 MB; rates, orders and rows are a few.
    assert peak < 24e6


def test_memory_with_one_long_row_is_not_that_of_a_batch_of_such_rows():
    n = d = 20_000
    indices = np.concatenate([np.arange(d), np.arange(1, n)]).astype(np.int32)
    indptr = np.append(0, np.arange(d, d + n)).astype(np.int32)
    X = sparse.csr_array((np.ones(d + n - 1), indices, indptr), shape=(n, d))
    options = {"seed": 0, "optimizer": "adagrad", "batch_size": 256}
    fastsgd.fit(X[1:300], np.ones(299), **options)
    _, peak = fit_and_peak(X, np.ones(n), **options)
    assert peak < 8 * 20 * (n + d)


def test_averages_of_weights_that_decay_fast_take_no_sweep_for_every_few_steps():
    d = 1_000_000
    X, y = five_in_a_row(2000, d), np.random.default_rng(1).normal(size=2000)
    options = {"seed": 0, "penalty": L2(3.0), "lr": 0.1, "batch_size": 1, "epochs": 1}
    seconds = {average: [] for average in (False, True)}
    for _ in range(5):
        for average, measured in seconds.items():
            measured.append(fastsgd.fit(X, y, average=average, **options).history.seconds[0])
    # Some 9 times; with such sweeps, 130.
    assert median(seconds[True]) < 40 * median(seconds[False])
