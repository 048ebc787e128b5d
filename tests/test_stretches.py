"""Long work is cut in short pieces, and no result depends on where."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

import fastsgd
from fastsgd.kernels.epoch import run
from fastsgd.kernels.order import shuffle_windows
from fastsgd.kernels.parts import CHUNK
from fastsgd.stretches import STRETCH, TOGETHER, batch_stretches, epochs_in_a_stretch


@given(
    n=st.integers(1, 10_000),
    batch_size=st.integers(1, 10_000),
    block=st.sampled_from([4, 16, CHUNK]),
    row_cost=st.sampled_from([2**10, 2**13, 2**19, 2**22]),
)
def test_stretches_follow_each_other_and_are_short(n, batch_size, block, row_cost):
    batch_size = min(batch_size, n)
    bounds = list(batch_stretches(n, batch_size, block, row_cost))
    assert [first for first, _ in bounds] == [0, *(last for _, last in bounds[:-1])]
    assert bounds[-1][1] == n
    for first, last in bounds:
        whole = first % batch_size == 0 and (last % batch_size == 0 or last == n)
        # A piece of a mini-batch ends between two blocks, as sums are gathered block by block.
        inside = first - first % batch_size
        assert whole or (first - inside) % block == 0
        assert whole or (last - inside) % block == 0 or last in (inside + batch_size, n)
        assert (last - first) * row_cost <= max(STRETCH, block * row_cost)


@given(
    n=st.integers(1, 10_000),
    batch_size=st.integers(1, 10_000),
    block=st.sampled_from([4, 16, CHUNK]),
    row_cost=st.integers(1, 2**13),
)
def test_one_call_runs_several_epochs_where_each_fits_into_a_stretch(
    n, batch_size, block, row_cost
):
    batch_size = min(batch_size, n)
    epochs = epochs_in_a_stretch(n, batch_size, row_cost)
    assert epochs * n * row_cost <= TOGETHER
    if epochs > 0:
        assert list(batch_stretches(n, batch_size, block, row_cost)) == [(0, n)]


def test_an_order_is_made_once_where_an_epoch_takes_two_stretches():
    # All rows but a few fit into a stretch of whole mini-batches.
    n, d, batch_size = 60_000, 558, 50_000
    assert len(list(batch_stretches(n, batch_size, CHUNK, d // 2))) == 2
    X, y = np.zeros((n, d), np.float32), np.arange(n, dtype=np.float32)
    model = fastsgd.fit(X, y, seed=0, batch_size=batch_size, lr=1e-9, epochs=2, init=(X[0], 0.0))
    np.testing.assert_allclose(model.history.loss, np.mean(y.astype(float) ** 2 / 2), rtol=1e-6)


@pytest.mark.parametrize("shuffle", [True, "block"])
def test_weights_of_sparse_rows_are_swept_no_more_often_where_orders_are_made_in_pieces(
    monkeypatch, shuffle
):
    # All rows are in one stretch, and a sweep ends each call of the kernel.
    for name, value in {"PIECE": 40, "SHUFFLED": 40, "WINDOW": 2**9, "RUN": 2**7}.items():
        monkeypatch.setattr(f"fastsgd.order.{name}", value)
    calls = []
    monkeypatch.setattr("fastsgd.descent.run", lambda *given: calls.append(1) or run(*given))
    X = sparse.random_array((1000, 5000), density=1e-3, format="csr", rng=np.random.default_rng(0))
    model = fastsgd.fit(X, X.sum(axis=1), shuffle=shuffle, batch_size=7, epochs=2, seed=0)
    assert len(calls) == len(model.history.loss) == 2


def test_no_call_makes_more_of_an_order_by_blocks_than_a_stretch_and_a_window(monkeypatch):
    whole, filled = fastsgd.epoch_order(50_000, 0, 0, row_bytes=248), [0]
    monkeypatch.setattr("fastsgd.order.STRETCH", 5000)

    def make(*given):
        window, end = shuffle_windows(*given)
        filled.append(end)
        return window, end

    monkeypatch.setattr("fastsgd.kernels.order.shuffle_windows", make)
    cut = fastsgd.epoch_order(50_000, 0, 0, row_bytes=248)
    np.testing.assert_array_equal(cut, whole)
    assert max(np.diff(filled)) <= 5000 + 128 * 16


# Gathered row by row, in passes over the rows, and by blocks.
@pytest.mark.parametrize(("d", "loss"), [(30, "squared"), (30, "log_cosh"), (140, "squared")])
@pytest.mark.parametrize("batch_size", [10, 300, 1000, 5000])
def test_bits_do_not_depend_on_the_stretches(monkeypatch, batch_size, d, loss):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(2500, d)) / np.sqrt(d), rng.normal(size=2500)
    options = {"seed": 0, "batch_size": batch_size, "epoch_loss": "full", "loss": loss}
    whole = fastsgd.fit(X, y, **options)
    for length in (1, 100, d * 2000):
        for module in ("stretches", "evaluation", "checks"):
            monkeypatch.setattr(f"fastsgd.{module}.STRETCH", length)
        cut = fastsgd.fit(X, y, **options)
        assert cut.w.tobytes() == whole.w.tobytes()
        assert cut.b.tobytes() == whole.b.tobytes()
        # Sums over the rows are made of those of each piece.
        np.testing.assert_allclose(cut.history.loss, whole.history.loss, rtol=1e-13)


def test_bits_do_not_depend_on_the_stretches_where_a_part_of_a_batch_is_summed_in_several(
    monkeypatch,
):
    monkeypatch.setattr("fastsgd.work.PARTS", 2)
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(2500, 140)) / 12, rng.normal(size=2500)
    options = {"seed": 0, "batch_size": 1300}
    whole = fastsgd.fit(X, y, **options)
    monkeypatch.setattr("fastsgd.stretches.STRETCH", 1)
    cut = fastsgd.fit(X, y, **options)
    assert cut.w.tobytes() == whole.w.tobytes()


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"average": 20},
        {"optimizer": "adam"},
        {"drop_last": True},
        {"penalty": "l2"},
        {"penalty": "l2", "average": 20},
    ],
)
def test_bits_do_not_depend_on_how_many_epochs_a_call_runs(options):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(95, 3)), rng.normal(size=95)
    seen = []
    at_once = fastsgd.fit(X, y, seed=0, epochs=7, **options)
    # With a callback, each epoch is run by itself.
    fastsgd.fit(X, y, seed=0, epochs=7, callback=lambda model, _: seen.append(model), **options)
    assert at_once.w.tobytes() == seen[-1].w.tobytes()
    assert at_once.history.data_loss == seen[-1].history.data_loss
    assert at_once.history.penalty == seen[-1].history.penalty
    assert len(at_once.history.seconds) == 7
