"""The order of the rows is a uniformly random permutation, and depends on n, seed, epoch alone."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare, poisson

import fastsgd

# A fair shuffle fails a test once in 100,000 choices of seeds, and the seeds are fixed.
P_VALUE = 1e-5
MANY = 150_000  # rows: dealt into several buckets


@given(n=st.integers(1, 3000), seed=st.integers(0, 2**64 - 1), epoch=st.integers(0, 2**40))
def test_order_is_a_permutation(n, seed, epoch):
    order = fastsgd.epoch_order(n, seed, epoch)
    np.testing.assert_array_equal(np.sort(order), np.arange(n))


@pytest.mark.parametrize("n", [2**16 - 1, 2**16, 2**16 + 1, MANY, 3_000_000])
def test_order_of_many_rows_is_a_permutation(n):
    np.testing.assert_array_equal(np.sort(fastsgd.epoch_order(n, 0, 0)), np.arange(n))


def orders(n, count, across):
    """Return `count` orders of n rows, across seeds or across epochs."""
    if across == "seeds":
        return np.array([fastsgd.epoch_order(n, seed, 0) for seed in range(count)])
    return np.array([fastsgd.epoch_order(n, 0, epoch) for epoch in range(count)])


@pytest.mark.parametrize("across", ["seeds", "epochs"])
@pytest.mark.parametrize("n", [2, 3, 4, 5])
def test_every_permutation_is_equally_likely(n, across):
    index = {p: i for i, p in enumerate(permutations(range(n)))}
    seen = [index[tuple(order)] for order in orders(n, 6000, across).tolist()]
    assert chisquare(np.bincount(seen, minlength=len(index))).pvalue > P_VALUE


@pytest.mark.parametrize("across", ["seeds", "epochs"])
def test_every_row_is_equally_likely_at_every_place(across):
    table = orders(16, 8000, across)
    counts = [np.bincount(table[:, place], minlength=16) for place in range(16)]
    assert chisquare(np.ravel(counts)).pvalue > P_VALUE


@pytest.mark.parametrize("across", ["seeds", "epochs"])
def test_every_pair_of_neighbours_is_equally_likely(across):
    table = orders(9, 8000, across)
    pairs = (9 * table[:, :-1].astype(int) + table[:, 1:]).ravel()
    counts = np.bincount(pairs, minlength=81).reshape(9, 9)
    assert chisquare(counts[~np.eye(9, dtype=bool)]).pvalue > P_VALUE


@pytest.mark.parametrize("across", ["seeds", "epochs"])
def test_successive_orders_are_independent(across):
    table = orders(4, 6000, across)
    index = {p: i for i, p in enumerate(permutations(range(4)))}
    numbers = np.array([index[tuple(order)] for order in table.tolist()])
    pairs = np.bincount(24 * numbers[:-1] + numbers[1:], minlength=24 * 24)
    assert chisquare(pairs).pvalue > P_VALUE


def test_many_rows_are_spread_evenly():
    # Each 1/64 of the rows falls evenly into the 64 parts of the order, over 10 epochs.
    counts = np.zeros((64, 64))
    for order in orders(MANY, 10, "epochs"):
        np.add.at(counts, (np.arange(MANY) * 64 // MANY, order.astype(int) * 64 // MANY), 1)
    sizes = np.bincount(np.arange(MANY) * 64 // MANY)
    expected = 10 * np.outer(sizes, sizes) / MANY
    assert chisquare(counts.ravel(), expected.ravel()).pvalue > P_VALUE


def test_chance_coincidences_of_many_rows():
    # A random permutation has one row at its own place and one pair of neighbours that stay
    # neighbours, on the average; two of them share one place.
    table = orders(MANY, 200, "seeds").astype(int)
    at_home = (table == np.arange(MANY)).sum()
    neighbours = (np.diff(table, axis=1) == 1).sum()
    shared = (table[1:] == table[:-1]).sum()
    for count in (at_home, neighbours, shared):
        assert P_VALUE < poisson(200).cdf(count) < 1 - P_VALUE


def test_n_seed_and_epoch_each_change_the_order():
    base = fastsgd.epoch_order(100, 1, 1)
    np.testing.assert_array_equal(base, fastsgd.epoch_order(100, 1, 1))
    for other in (fastsgd.epoch_order(100, 2, 1), fastsgd.epoch_order(100, 1, 2)):
        assert (base != other).sum() > 80


def test_fit_visits_the_rows_in_this_order():
    # One row a batch, one feature a row: the order decides the parameters, and numpy replays it.
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(50, 1)), rng.normal(size=50)
    model = fastsgd.fit(X, y, init=([0.0], 0.0), batch_size=1, lr=0.1, epochs=2, seed=2**63)
    w = b = 0.0
    for epoch in range(2):
        for i in fastsgd.epoch_order(50, 2**63, epoch):
            residual = X[i, 0] * w + b - y[i]
            w, b = w - 0.1 * residual * X[i, 0], b - 0.1 * residual
    np.testing.assert_allclose([model.w[0], model.b], [w, b], rtol=1e-12)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((0, 0, 0), ValueError, "n: expected an integer from 1 to .*, got 0"),
        ((5, -1, 0), ValueError, "seed: expected an integer from 0 to"),
        ((5, 2**64, 0), ValueError, "seed: expected"),
        ((5, 0, -1), ValueError, "epoch: expected an integer from 0 to .*, got -1"),
        ((5, 0, 2**64), ValueError, "epoch: expected an integer from 0 to"),
        ((2**63, 0, 0), ValueError, "n: expected an integer from 1 to"),
        ((5.0, 0, 0), TypeError, "n: expected an integer"),
    ],
)
def test_bad_arguments_are_named(arguments, error, message):
    with pytest.raises(error, match=message):
        fastsgd.epoch_order(*arguments)
