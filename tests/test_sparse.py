"""Sparse rows give what the same rows give dense, and never cost a dense copy."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from numba import config
from numpy_reference import adagrad, adam, rmsprop
from scipy import sparse
from sparse_rows import ALPHAS, D, N, assert_equal_to_dense, table, targets

import fastsgd
from fastsgd import schedules
from fastsgd.descent import run
from fastsgd.losses import LOSSES
from fastsgd.optimizers import SGD, Adagrad, Adam, AdamW, RMSprop
from fastsgd.penalties import L1, L2, ElasticNet, NoPenalty, custom

STEEP = L2(alpha=40.0)  # it shrinks every weight to 0 in one step
STEEPS = L2(alpha=40 * ALPHAS)
STEEP_NET = ElasticNet(alpha=40.0, l1_ratio=1e-4)
OWN = custom(lambda w: w * w, lambda w: 2 * w)
PENALTIES = [
    NoPenalty(),
    L2(alpha=0.3),
    L2(alpha=ALPHAS),
    STEEP,
    STEEPS,
    STEEP_NET,
    L1(alpha=0.02),
    L1(alpha=ALPHAS / 10),
    ElasticNet(alpha=0.3, l1_ratio=0.2),
    ElasticNet(alpha=0.3, l1_ratio=1 - 1e-9),
    ElasticNet(alpha=0.3, l1_ratio=1.0),
    ElasticNet(alpha=ALPHAS, l1_ratio=0.0),
    OWN,
]
RATES = [0.05, schedules.InvScaling(0.1), schedules.Step(0.1, factor=0.3, every=5)]


# Every loss with every penalty, and both with all pairs of a rate and averages: these are in turns.
# At weights of 0 the perceptron stands on its kink, where what is left by rounding decides.
PAIRS = list(product(RATES, [False, True, 9, 1000]))
PRODUCT = [
    (loss, penalty, *PAIRS[(i + j) % len(PAIRS)])
    for (i, loss), (j, penalty) in product(enumerate(LOSSES), enumerate(PENALTIES))
    if not (loss == "perceptron" and penalty in (STEEP, STEEPS, STEEP_NET))
]
# Compiled: what is made up for in each way.
COMPILED = [
    ("squared", NoPenalty(), RATES[0], 9),
    ("squared", L2(alpha=0.3), RATES[1], False),
    ("squared", L2(alpha=0.3), RATES[1], 9),
    ("squared", L2(alpha=ALPHAS), RATES[0], 9),
    ("squared", ElasticNet(alpha=ALPHAS, l1_ratio=0.2), RATES[1], False),
    ("logistic", L1(alpha=ALPHAS / 10), RATES[2], False),
    ("softmax", ElasticNet(alpha=0.3, l1_ratio=0.2), RATES[1], 9),
    ("squared", OWN, RATES[0], False),
]


@pytest.mark.parametrize(
    ("loss", "penalty", "lr", "average"), PRODUCT if config.DISABLE_JIT else COMPILED
)
def test_plain_sgd_is_that_of_dense_rows(loss, penalty, lr, average):
    assert_equal_to_dense(
        table(), targets(loss), loss=loss, penalty=penalty, lr=lr, average=average
    )


@pytest.mark.parametrize("nesterov", [False, True] if config.DISABLE_JIT else [False])
@pytest.mark.parametrize("average", [False, 9, 1000] if config.DISABLE_JIT else [9])
def test_momentum_at_a_constant_rate_is_that_of_dense_rows(nesterov, average):
    optimizer = SGD(momentum=0.8, nesterov=nesterov)
    assert_equal_to_dense(table(), targets("squared"), optimizer=optimizer, average=average)


# The lazy form: what is remembered of a weight, and the weight itself, change in the steps in
# which its feature occurs and in no others.
LAZY = {
    Adagrad(): (adagrad, 1),
    RMSprop(): (rmsprop, 1),
    Adam(): (adam, 1),
    AdamW(weight_decay=0.4): (adam, 1 - 0.05 * 0.4),
}


@pytest.mark.parametrize("optimizer", LAZY if config.DISABLE_JIT else [Adagrad()])
@pytest.mark.parametrize("average", [False, True] if config.DISABLE_JIT else [True])
def test_lazy_steps_of_other_optimizers_are_those_of_numpy(optimizer, average):
    X, y, (formula, kept) = table(), targets("squared"), LAZY[optimizer]
    alpha, l1_ratio, lr = 0.3, 0.5, 0.05
    w, b = np.linspace(-1, 1, D), np.zeros(1)
    memory, memory_b, seen = np.zeros((2, D)), np.zeros((2, 1)), []
    for t, start in enumerate(range(0, N, 4), start=1):
        rows = slice(start, start + 4)
        error = X[rows] @ w + b - y[rows]
        at = np.flatnonzero((X[rows] != 0).any(axis=0))
        part = memory[:, at]
        g = X[rows][:, at].T @ error / 4 + alpha * (1 - l1_ratio) * w[at]
        change, stride = formula(g, part, t, lr)
        memory[:, at] = part
        moved = kept * w[at] + change
        w[at] = np.sign(moved) * np.maximum(abs(moved) - stride * alpha * l1_ratio, 0)
        b = b + formula(error.mean(keepdims=True), memory_b, t, lr)[0]
        seen.append(w.copy())
    model = fastsgd.fit(
        sparse.csr_array(X),
        y,
        init=(np.linspace(-1, 1, D), 0.0),
        optimizer=optimizer,
        penalty=ElasticNet(alpha, l1_ratio),
        average=average,
        lr=lr,
        batch_size=4,
        epochs=1,
        shuffle=False,
    )
    # Ten steps of numbers of order 1.
    np.testing.assert_allclose(model.w, np.mean(seen, 0) if average else w, rtol=1e-13)


@pytest.mark.parametrize(
    "options",
    [
        {"batch_size": 1},
        {"batch_size": 1000},
        {"batch_size": 300, "epochs": 1},
        {"clip_norm": 0.1},
        {"drop_last": True, "batch_size": 7},
        {"sample_weight": [0.0, 1.0, 2.5, 0.5] * 175},
        {"validation": 0.2},
        {"epoch_loss": "full"},
        {"fit_intercept": False},
        {"tol": 1e-3, "patience": 1, "epochs": 9},
    ],
    ids=lambda options: "-".join(options),
)
def test_options_mean_what_they_mean_for_dense_rows(options):
    X = table(n=700)
    y = X @ np.arange(D) + 1
    assert_equal_to_dense(X, y, penalty=L2(0.3), **options)


def test_classes_that_stop_by_themselves():
    X, y = table(n=300), np.array(["a", "b", "c"])[np.arange(300) % 3]
    options = {"tol": 1e-4, "patience": 1, "epochs": 30, "penalty": L2(0.3), "average": True}
    assert_equal_to_dense(X, y, loss="logistic", lr=0.5, **options)


SLOWED = [
    {"penalty": L2(0.3)},
    {"penalty": L1(0.01)},
    {"penalty": L2(ALPHAS)},
    {"penalty": ElasticNet(0.3, 0.2)},
    {"penalty": ElasticNet(0.3, 0.2), "clip_norm": 1.0},
    {"optimizer": SGD(momentum=0.5)},
]


@pytest.mark.parametrize("options", SLOWED if config.DISABLE_JIT else SLOWED[2:4])
def test_a_rate_that_adapts_is_that_of_dense_rows(options):
    X = table(n=300)
    lr = schedules.Adaptive(0.2, tol=1e-3, patience=1)
    assert_equal_to_dense(X, X @ np.arange(D), lr=lr, epochs=20, **options)


# What happens to weights in between, in each way, where each class has a rate of its own.
BY_CLASS = [
    {"average": True},
    {"penalty": L1(0.01)},
    {"penalty": L1(0.01), "average": True},
    {"penalty": L1(0.01), "clip_norm": 0.3},
    {"penalty": L2(0.05), "average": True},
    {"penalty": ElasticNet(0.05, 0.4)},
    {"penalty": ElasticNet(0.05, 0.4), "clip_norm": 0.3},
    {"penalty": ElasticNet(0.01, 1.0)},
    {"penalty": ElasticNet(ALPHAS / 10, 0.4)},
    {"penalty": ElasticNet(ALPHAS / 50, 1.0)},
    {"optimizer": SGD(0.5)},
    {"optimizer": SGD(0.5), "average": True},
]


@pytest.mark.parametrize("options", BY_CLASS if config.DISABLE_JIT else BY_CLASS[4:5])
@pytest.mark.parametrize("smallest", [1e-6, 0.1])  # below which a class stops
def test_a_rate_that_adapts_for_each_class_is_that_of_dense_rows(options, smallest):
    X = table(n=100)
    y = (np.digitize(X @ np.arange(D), [-1, 1]) + (np.arange(100) % 7 == 0)) % 3
    lr = schedules.Adaptive(0.5, factor=3.0, tol=0.01, patience=1, smallest=smallest)
    paces, more = [], {"loss": "logistic", "lr": lr, "epochs": 12}
    more["callback"] = lambda model, epoch: paces.append(tuple(model.state.memory.pace))
    assert_equal_to_dense(X, y, **more, **options)
    assert any(len(set(pace)) > 1 for pace in paces)
    assert smallest < 0.1 or any(min(pace) == 0 < max(pace) for pace in paces)


def test_3_and_3_epochs_equal_6_to_the_bit_though_decay_falls_off():
    X = sparse.random(400, 1000, density=0.002, format="csr", random_state=0)
    options = {"penalty": L2(1.0), "lr": "optimal", "average": True, "batch_size": 1, "seed": 0}
    half, whole = (fastsgd.fit(X, targets("squared", 400), epochs=n, **options) for n in (3, 6))
    more = fastsgd.fit(X, targets("squared", 400), epochs=3, resume=half, **options)
    np.testing.assert_array_equal(more.w, whole.w, strict=True)


def test_an_epoch_of_many_stretches_is_that_of_one(monkeypatch):
    monkeypatch.setattr("fastsgd.stretches.STRETCH", 100)
    X = table(n=700)
    for batch_size in (3, 600):
        options = {"batch_size": batch_size, "penalty": L2(0.3)}
        assert_equal_to_dense(X, X @ np.arange(D), **options)


def test_large_batches_are_those_of_dense_rows_where_the_rate_jumps(monkeypatch):
    monkeypatch.setattr("fastsgd.stretches.STRETCH", 2000)
    X = table(n=1500)
    # From step 2 on, a step takes more than all of a weight.
    options = {"penalty": ElasticNet(2.0, 0.1), "lr": lambda t: 0.05 if t < 2 else 0.6}
    assert_equal_to_dense(X, X @ np.arange(D), batch_size=300, epochs=1, **options)


def test_a_table_with_far_more_features_than_rows():
    X = np.zeros((30, 100_000))
    X[np.arange(60) // 2, np.random.default_rng(0).integers(0, 100_000, 60)] = 1.5
    X[:, 77_777] = 1
    assert_equal_to_dense(X, targets("squared", 30), penalty=L1(np.full(100_000, 0.001)))


def test_resumed_epochs_equal_those_of_one_fit_to_the_bit(tmp_path):
    X, y = sparse.csr_array(table()), targets("squared")
    options = {"seed": 0, "optimizer": SGD(0.9, nesterov=True), "average": True, "lr": 0.01}
    whole = fastsgd.fit(X, y, epochs=6, **options)
    half = fastsgd.fit(X, y, epochs=3, **options)
    half.save(tmp_path / "half.npz")
    for model in (half, fastsgd.load(tmp_path / "half.npz")):
        resumed = fastsgd.fit(X, y, epochs=3, resume=model, **{**options, "seed": None})
        assert resumed.w.tobytes() == whole.w.tobytes()
        assert resumed.history.loss == whole.history.loss


def test_a_callback_changes_no_bit():
    X, y = sparse.csr_array(table()), targets("squared")
    options = {"seed": 0, "optimizer": SGD(0.9, nesterov=True), "average": True, "epochs": 4}
    expected = fastsgd.fit(X, y, **options)
    seen = []
    fastsgd.fit(X, y, callback=lambda model, _: seen.append(model.w), **options)
    assert seen[-1].tobytes() == expected.w.tobytes()


COMPILED_GRADIENTS = [("squared", np.float32), ("hinge", np.float64), ("softmax", np.float64)]


@pytest.mark.parametrize(
    ("loss", "dtype"),
    [*product(LOSSES, [np.float64, np.float32])] if config.DISABLE_JIT else COMPILED_GRADIENTS,
)
def test_gradients_are_those_of_mxnet(mxnet, loss, dtype):
    import mxnet_reference

    X, y = table(dtype=dtype), targets(loss)
    k = 1 if LOSSES[loss].kind == "regression" else 3
    rng = np.random.default_rng(2)
    w, b = rng.normal(size=(D, k)), rng.normal(size=k)
    w, b = w.astype(dtype).astype(float), b.astype(dtype).astype(float)
    own = y[:, None] == np.arange(k)
    numbers = y[:, None] if k == 1 else own * 1.0 if loss == "softmax" else np.where(own, 1.0, -1.0)
    slopes = mxnet_reference.derivative(X.astype(float) @ w + b, numbers, loss)
    shape = (w[:, 0], b[0]) if k == 1 else (w, b)
    ours = fastsgd.gradient(sparse.csr_array(X), y, *shape, loss=loss)
    # The sum over 40 rows of derivatives of up to 100, each known to some roundings.
    tolerance = {"rtol": 0, "atol": 40 * 100 * np.finfo(dtype).eps}
    np.testing.assert_allclose(ours.w.reshape(D, k), X.T.astype(float) @ slopes, **tolerance)
    np.testing.assert_allclose(np.reshape(ours.b, k), slopes.sum(axis=0), **tolerance)


def test_gradients_of_each_row():
    X, y = table(), targets("squared")
    w = np.arange(D) / D
    ours = fastsgd.gradient(sparse.csr_array(X), y, w, 0.5, reduction="none")
    slopes = X @ w + 0.5 - y
    np.testing.assert_allclose(ours.w.toarray(), slopes[:, None] * X, rtol=1e-12)
    np.testing.assert_allclose(ours.b, slopes, rtol=1e-12)


def test_rows_without_entries_learn_the_intercept_alone():
    model = fastsgd.fit(
        sparse.csr_array((50, 3)), np.full(50, 2.0), init=([1, 2, 3], 0.0), epochs=99, lr=0.03
    )
    np.testing.assert_array_equal(model.w, [1, 2, 3])
    # In each of 495 steps, 0.03 of what is left.
    np.testing.assert_allclose(model.b, 2 * (1 - 0.97**495), rtol=1e-14)
    with pytest.raises(fastsgd.DivergenceError, match="X reaches from 0 to 0"):
        fastsgd.fit(sparse.csr_array((50, 3)), np.full(50, 1e300), epochs=99, lr=1e30)


def test_several_outputs_have_no_sparse_gradient_of_each_row():
    X, Y = sparse.csr_array(table()), np.zeros((N, 2))
    with pytest.raises(ValueError, match='expected "sum" or "mean" for sparse rows'):
        fastsgd.gradient(X, Y, np.zeros((D, 2)), np.zeros(2), reduction="none")


def test_rows_of_which_each_step_is_made_up_for_by_all_weights_are_visited_in_short_stretches(
    monkeypatch,
):
    X, d = sparse.random(400, 1000, density=0.01, format="csr", random_state=0), 1000
    y = X @ np.ones(d)
    options = {"penalty": OWN, "batch_size": 2, "seed": 0}
    whole, steps = fastsgd.fit(X, y, **options), []

    def counting(work, orders, first, last, *given):
        steps.append((last - first) / 2)
        return run(work, orders, first, last, *given)

    monkeypatch.setattr("fastsgd.descent.run", counting)
    monkeypatch.setattr("fastsgd.stretches.STRETCH", 2**14)
    model = fastsgd.fit(X, y, **options)
    assert sum(steps) == 3 * 200
    assert max(steps) * d <= 2**14
    np.testing.assert_array_equal(model.w, whole.w)


# Without and with: weights as products with a scale, or all steps of each weight at once.
@pytest.mark.parametrize("clip_norm", [None, 10.0])
def test_a_step_may_take_exactly_all_of_a_weight(clip_norm):
    penalty = ElasticNet(alpha=20.0, l1_ratio=0.0)
    options = {"penalty": penalty, "lr": 0.05, "clip_norm": clip_norm}
    assert_equal_to_dense(table(), targets("squared"), **options)


def test_steps_of_no_length_leave_weights_as_they_are():
    start, X = np.arange(1.0, D + 1), sparse.csr_array(table())
    penalty = ElasticNet(ALPHAS / 10, l1_ratio=0.0)
    options = {"init": (start, 1.0), "penalty": penalty, "lr": lambda t: 0.0}
    model = fastsgd.fit(X, targets("squared"), **options)
    np.testing.assert_array_equal(model.w, start)


# Weights as products with a scale, and all steps of each weight at once.
RIDGE = ElasticNet(1.0, l1_ratio=0.0)
DECAYING = [(RIDGE, None), (L2(1.0), 10.0), (RIDGE, 10.0)]


@pytest.mark.parametrize(("penalty", "clip_norm"), DECAYING if config.DISABLE_JIT else DECAYING[:2])
def test_what_little_decay_leaves_is_exact_to_rounding(penalty, clip_norm):
    # No feature occurs. Of each weight, 500 steps leave 0.9**500, which is 1e-23.
    options = {"lr": 0.1, "batch_size": 1, "epochs": 1, "init": (np.ones(D), 0.0), "seed": 0}
    options["clip_norm"] = clip_norm
    X = sparse.csr_array((500, D))
    model = fastsgd.fit(X, np.zeros(500), penalty=penalty, **options)
    np.testing.assert_allclose(model.w, 0.9**500, rtol=1e-12)


def test_alphas_of_0_are_no_penalty():
    assert_equal_to_dense(table(), targets("squared"), penalty=L2(np.zeros(D)))


def test_a_weight_that_has_come_to_rest_counts_for_its_average():
    # At momentum 1/2 nothing is left of a velocity after 1,100 steps.
    X = np.zeros((4000, D))
    X[:, 0], X[2000, 1] = np.arange(4000) % 2, 1.0
    options = {"optimizer": SGD(0.5), "average": True, "init": (np.zeros(D), 0.0)}
    y = X[:, :2] @ [1.0, 3.0]
    assert_equal_to_dense(X, y, batch_size=1, epochs=3, shuffle=False, **options)
