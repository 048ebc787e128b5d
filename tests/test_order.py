"""The order of the rows is a uniformly random permutation, and depends on n, seed, epoch alone."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2, chisquare, poisson
from tolerances import ROUNDING

import fastsgd
from fastsgd.order import random_orders

# A fair shuffle fails a test once in 100,000 choices of seeds, and the seeds are fixed.
P_VALUE = 1e-5
MANY = 150_000  # rows: numbered by a network, in a table of 388 columns


@given(n=st.integers(1, 3000), seed=st.integers(0, 2**64 - 1), epoch=st.integers(0, 2**40))
def test_order_is_a_permutation(n, seed, epoch):
    order = fastsgd.epoch_order(n, seed, epoch)
    np.testing.assert_array_equal(np.sort(order), np.arange(n))


@pytest.mark.parametrize("n", [2**16 - 1, 2**16, 2**16 + 1, 2**18, 2**18 + 1, MANY, 3_000_000])
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


@pytest.mark.parametrize("distance", [1, 387, 388, 389, MANY // 2])
def test_two_of_many_rows_are_anywhere(distance):
    # Of two places at a distance, which may be neighbours in the table, the rows are in any two of
    # 32 parts of the data, over 20 epochs. The parts have nearly the same sizes.
    counts = np.zeros((32, 32))
    for order in orders(MANY, 20, "epochs"):
        parts = order.astype(int) * 32 // MANY
        np.add.at(counts, (parts[:-distance], parts[distance:]), 1)
    sizes = np.bincount(np.arange(MANY) * 32 // MANY) / MANY
    expected = counts.sum() * np.outer(sizes, sizes)
    excess = ((counts - expected) ** 2 / expected).sum()
    assert chi2.isf(1 - P_VALUE, 31**2) < excess < chi2.isf(P_VALUE, 31**2)


def test_chance_coincidences_of_many_rows():
    # A random permutation has one row at its own place and one pair of neighbours that stay
    # neighbours, on the average; two of them share one place.
    table = orders(MANY, 200, "seeds").astype(int)
    at_home = (table == np.arange(MANY)).sum()
    neighbours = (np.diff(table, axis=1) == 1).sum()
    shared = (table[1:] == table[:-1]).sum()
    for count in (at_home, neighbours, shared):
        assert P_VALUE < poisson(200).cdf(count) < 1 - P_VALUE


# With shuffle="block", rows of 248 bytes: in runs of 16, and in windows of 128 runs.
BLOCK = {"row_bytes": 248}


@given(n=st.integers(1, 5000), seed=st.integers(0, 2**64 - 1), row_bytes=st.integers(1, 10_000))
def test_order_by_blocks_is_a_permutation(n, seed, row_bytes):
    order = fastsgd.epoch_order(n, seed, 0, row_bytes=row_bytes)
    np.testing.assert_array_equal(np.sort(order), np.arange(n))


@pytest.mark.parametrize("row_bytes", [4, 44, 204])
def test_order_of_many_rows_by_blocks_is_a_permutation(row_bytes):
    order = fastsgd.epoch_order(300_000, 0, 0, row_bytes=row_bytes)
    np.testing.assert_array_equal(np.sort(order), np.arange(300_000))


def test_order_by_blocks_is_one_of_windows_of_whole_runs():
    order = fastsgd.epoch_order(16 * 128 * 5, 0, 0, **BLOCK).reshape(5, 128 * 16)
    runs = [set((window // 16).tolist()) for window in order]
    assert [len(of_window) for of_window in runs] == [128] * 5
    assert runs[0] | runs[1] | runs[2] | runs[3] | runs[4] == set(range(128 * 5))
    # The runs of a window are drawn from all: from neither end of the data come many more.
    for of_window in runs:
        assert pytest.approx(np.mean(list(of_window)), abs=6 * 185 / 11) == 128 * 5 / 2


@pytest.mark.parametrize("runs", [130, 128 * 199 + 1])
def test_no_epoch_ends_with_few_runs(runs):
    # A window of what is left would be of two runs here, or of one: of neighbours alone.
    order = fastsgd.epoch_order(16 * runs, 0, 0, row_bytes=255)
    assert len(set((order[-16:] // 16).tolist())) > 8


# Of an order of so many rows, one piece is made: 1024 runs of as many rows. Where those of the
# second number go round the end, places beyond 2**32 are counted on the way.
@pytest.mark.parametrize("n", [2**33, 3 * 2**30 + 1])
def test_runs_are_drawn_from_all_of_billions_of_rows(n):
    (piece,) = next(random_orders(n, 1, 5, 4).pieces(0, 1))
    eighths = np.bincount(piece.astype(np.int64) * 8 // n, minlength=8)
    assert chisquare(eighths / 1024).pvalue > P_VALUE


def test_every_row_is_equally_likely_at_every_place_by_blocks():
    # 40 parts of the rows, four runs each, in 40 parts of the order, which are of two windows.
    n, parts = 2560, 40
    counts = np.zeros((parts, parts))
    for seed in range(600):
        order = fastsgd.epoch_order(n, seed, 0, **BLOCK)
        np.add.at(counts, (np.arange(n) // 64, order.astype(int) // 64), 1)
    # Rows of one run go together to one window, so the counts vary 16 times as much as by chance.
    excess = ((counts - counts.mean()) ** 2 / counts.mean()).sum() / 16
    assert excess < chi2.isf(P_VALUE, parts * parts)


def test_rows_of_a_shorter_run_come_to_all_places_alike():
    # 129 runs of 16 rows, and one of a single row, in two windows.
    n, epochs, rows = 2065, 36_000, (0, 1200, 2064)
    counts = np.zeros((n, 3))
    for epoch in range(epochs):
        order = fastsgd.epoch_order(n, 3, epoch, row_bytes=255)
        counts[[np.flatnonzero(order == row)[0] for row in rows], range(3)] += 1
    excess = ((counts - epochs / n) ** 2 / (epochs / n)).sum(axis=0)
    assert chi2.sf(excess, n - 1).min() > P_VALUE


# Of 256 whole runs, two windows of one pattern; of 162 and a shorter one, two that are swapped.
@pytest.mark.parametrize(
    ("n", "rows"), [(4096, slice(2048)), (4096, slice(2048, None)), (2600, slice(None))]
)
def test_rows_of_a_window_are_in_random_order(n, rows):
    # Two rows are neighbours in the order as often as any other two of a window.
    together = 0
    for seed in range(300):
        part = fastsgd.epoch_order(n, seed, 0, **BLOCK).astype(int)[rows]
        together += (abs(np.diff(part)) == 1).sum()
    # Fifteen of sixteen pairs of rows that follow each other are of one run, and half of the others
    # are in one window as well.
    pairs, window = len(part) * (15 + 1 / 2) / 16, n / 2
    expected = 300 * pairs * 2 / window
    assert P_VALUE < poisson(expected).cdf(together) < 1 - P_VALUE


def test_long_rows_are_fully_shuffled_by_blocks_too():
    full = fastsgd.epoch_order(5000, 1, 0)
    np.testing.assert_array_equal(fastsgd.epoch_order(5000, 1, 0, row_bytes=256), full)
    assert (fastsgd.epoch_order(5000, 1, 0, row_bytes=255) != full).any()


def test_fit_visits_the_rows_in_the_order_of_blocks():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(3000, 31)), rng.normal(size=3000)
    model = fastsgd.fit(X, y, init=(np.zeros(31), 0.0), epochs=2, seed=7, shuffle="block")
    orders = [fastsgd.epoch_order(3000, 7, epoch, **BLOCK) for epoch in range(2)]
    w, b = np.zeros(31), 0.0
    for rows in np.concatenate(orders).reshape(-1, 10).astype(int):
        residuals = X[rows] @ w + b - y[rows]
        w, b = w - 0.03 / 10 * residuals @ X[rows], b - 0.03 / 10 * residuals.sum()
    np.testing.assert_allclose(model.w, w, rtol=ROUNDING)
    np.testing.assert_allclose(model.b, b, rtol=ROUNDING)


def logistic_problem(rng):
    X = rng.normal(size=(60_000, 4))
    is_one = rng.random(60_000) < 1 / (1 + np.exp(-2 * X @ rng.normal(size=4)))
    by_label = np.argsort(is_one, kind="stable")
    return X[by_label], is_one[by_label].astype(int), {"loss": "logistic", "lr": 0.05}


def drifting_problem(rng):
    # What the rows teach changes slowly from first to last.
    X, when = rng.normal(size=(60_000, 4)), np.linspace(-1, 1, 60_000)
    y = X @ rng.normal(size=4) + when * (X @ rng.normal(size=4)) + rng.normal(size=60_000)
    return X, y, {"lr": 0.01}


def sorted_by_target_problem(rng):
    X = rng.normal(size=(60_000, 4))
    y = X @ rng.normal(size=4) + rng.normal(size=60_000)
    return X[np.argsort(y)], np.sort(y), {"lr": 0.03}


@pytest.mark.parametrize("problem", [logistic_problem, drifting_problem, sorted_by_target_problem])
def test_blocks_learn_as_well_as_full_shuffling(problem):
    X, y, options = problem(np.random.default_rng(0))
    losses = [
        fastsgd.fit(
            X, y, seed=0, shuffle=shuffle, batch_size=32, epoch_loss="full", **options
        ).history.loss[-1]
        for shuffle in (True, "block", False)
    ]
    assert losses[1] <= 1.01 * losses[0]
    assert losses[2] > 1.01 * losses[0]  # in the order of the file the problem is harder


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


# Orders of many rows are made piece by piece: here of 40 rows, or of one batch.
@pytest.mark.parametrize("drop_last", [False, True])
@pytest.mark.parametrize("batch_size", [6, 64])
@pytest.mark.parametrize("shuffle", [True, "block"])
def test_fit_visits_the_rows_in_this_order_where_it_is_made_in_pieces(
    monkeypatch, shuffle, batch_size, drop_last
):
    for name, value in {"PIECE": 40, "SHUFFLED": 40, "WINDOW": 2**12, "RUN": 2**8}.items():
        monkeypatch.setattr(f"fastsgd.order.{name}", value)
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(1001, 2)), rng.normal(size=1001)
    options = {
        "init": (np.zeros(2), 0.0),
        "epochs": 3,
        "seed": 5,
        "lr": fastsgd.schedules.InvScaling(0.1),
    }
    model = fastsgd.fit(
        X, y, batch_size=batch_size, shuffle=shuffle, drop_last=drop_last, **options
    )
    w, t = np.zeros(3), 0
    for epoch in range(3):
        order = fastsgd.epoch_order(1001, 5, epoch, row_bytes=16 if shuffle == "block" else None)
        np.testing.assert_array_equal(np.sort(order), np.arange(1001))
        for first in range(0, 1001 - batch_size + 1 if drop_last else 1001, batch_size):
            rows = order[first : first + batch_size].astype(int)
            ones = np.column_stack((X[rows], np.ones(len(rows))))
            lr = 0.1 / (t + 1) ** 0.25
            w, t = w - lr * (ones @ w - y[rows]) @ ones / len(rows), t + 1
    np.testing.assert_allclose([*model.w, model.b], w, rtol=ROUNDING)


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


def test_windows_of_an_epoch_have_runs_and_places_of_their_own():
    # Of 256 runs, 128 are in the first window: 64 of them in that of another epoch, give or take 4.
    one, other = (fastsgd.epoch_order(4096, 0, e, **BLOCK)[:2048].astype(int) for e in (0, 1))
    assert 40 < len(set((one // 16).tolist()) & set((other // 16).tolist())) < 88
    # A row is at the same place of its run as that of the other epoch once in 16 times.
    assert (one % 16 != other % 16).mean() > 0.85


def test_rows_are_cut_into_runs_at_other_places_in_each_epoch():
    # 129 runs of 16 rows, and one of a single row: what is in the first window shows where others
    # begin. Rows are so long that all take more than 512 kB.
    begins = set()
    for epoch in range(20):
        is_there = np.zeros(2065, bool)
        is_there[fastsgd.epoch_order(2065, 0, epoch, row_bytes=255)[:1025]] = True
        first_rows = np.flatnonzero(is_there & ~np.roll(is_there, 1))
        begins.add(int(np.bincount(first_rows % 16).argmax()))
    assert len(begins) > 5  # of 16, by 20 draws
