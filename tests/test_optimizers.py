"""Every optimizer takes the steps of its paper."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numba import config
from numpy_reference import adagrad, adam, momentum, nesterov, plain, rmsprop
from scipy.sparse import csr_array

import fastsgd
from fastsgd.optimizers import SGD, Adagrad, Adam, AdamW, RMSprop, named_optimizer

LR = 0.05


class Case(NamedTuple):
    optimizer: object
    formula: object
    decay: float = 1.0


CASES = {
    "sgd": Case(SGD(), plain),
    "momentum": Case(SGD(momentum=0.9), momentum),
    "nesterov": Case(SGD(momentum=0.9, nesterov=True), nesterov),
    "adagrad": Case(Adagrad(), adagrad),
    "rmsprop": Case(RMSprop(), rmsprop),
    "adam": Case(Adam(), adam),
    "adamw": Case(AdamW(weight_decay=0.2), adam, 1 - LR * 0.2),
}


def data(dtype="float64"):
    """Return 100 rows: 20 epochs of mini-batches of 10 are 200 steps."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(100, 4)).astype(dtype)
    return X, (X @ [2, -3.4, 0.5, 0] + 4.2).astype(dtype)


def steps_in_numpy(case, X, y, w, b, lr=LR, steps=200, fit_intercept=True):
    """Return w and b after so many steps of the formula."""
    w, b = np.array(w, float), float(b)
    memory_w, memory_b = np.zeros((2, w.size)), np.zeros(2)
    for t in range(steps):
        rows = slice(10 * t % 100, 10 * t % 100 + 10)
        residual = X[rows] @ w + b - y[rows]
        g_w, g_b = X[rows].T @ residual / 10, residual.mean()
        w = case.decay * w + case.formula(g_w, memory_w, t + 1, lr)[0]
        b = b + case.formula(g_b, memory_b, t + 1, lr)[0] if fit_intercept else b
    return w, b


START = [0.5, -0.5, 1.0, 0.25], 0.3


@pytest.mark.parametrize("name", CASES)
def test_200_steps_are_those_of_the_paper(name):
    X, y = data()
    case = CASES[name]
    model = fastsgd.fit(X, y, optimizer=case.optimizer, lr=LR, epochs=20, shuffle=False, init=START)
    w, b = steps_in_numpy(case, X, y, *START)
    # Parameters of order 1 to 10 and 200 steps, each of which rounds at 1e-16.
    np.testing.assert_allclose(model.w, w, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(model.b, b, rtol=1e-12, atol=1e-12)


def mxnet_optimizer(mx, name):
    """Return MXNet's optimizer in the form nearest to ours.

    Its epsilons are inside the square root, or in other units: they are made too small to count.
    """
    tiny = 1e-30
    return {
        "sgd": lambda: mx.optimizer.SGD(learning_rate=LR, wd=0),
        "momentum": lambda: mx.optimizer.SGD(learning_rate=LR, momentum=0.9, wd=0),
        "nesterov": lambda: mx.optimizer.NAG(learning_rate=LR, momentum=0.9, wd=0),
        "adagrad": lambda: mx.optimizer.AdaGrad(learning_rate=LR, eps=tiny, wd=0),
        "rmsprop": lambda: mx.optimizer.RMSProp(
            learning_rate=LR, gamma1=0.99, epsilon=tiny, wd=0, centered=False
        ),
        "adam": lambda: mx.optimizer.Adam(learning_rate=LR, epsilon=tiny, wd=0),
        "adamw": lambda: mx.optimizer.Adam(learning_rate=LR, epsilon=tiny, wd=0),
    }[name]()


# Compiled: the optimizers whose kernels of float32 other tests call as well.
NARROW = ["sgd", "adagrad", "rmsprop", "adam", "adamw"]


@pytest.mark.parametrize("name", CASES if config.DISABLE_JIT else NARROW)
def test_200_steps_in_float32_agree_with_the_optimizer_of_mxnet(mxnet, name):
    X, y = data("float32")
    case = CASES[name]
    ours = case.optimizer
    if hasattr(ours, "eps"):
        ours = ours._replace(eps=1e-30)
    model = fastsgd.fit(X, y, optimizer=ours, lr=LR, epochs=20, shuffle=False, init=START)
    nd, theirs = mxnet.nd, mxnet_optimizer(mxnet, name)
    features, labels = nd.array(X), nd.array(y).reshape((-1, 1))
    w, b = nd.array(START[0]).reshape((-1, 1)), nd.array([START[1]])
    states = [theirs.create_state(i, param) for i, param in enumerate((w, b))]
    for t in range(200):
        rows = slice(10 * t % 100, 10 * t % 100 + 10)
        residual = nd.dot(features[rows], w) + b - labels[rows]
        grads = nd.dot(features[rows].T, residual) / 10, residual.mean(axis=0)
        w *= case.decay
        for i, (param, grad) in enumerate(zip((w, b), grads, strict=True)):
            theirs.update(i, param, grad, states[i])
    # Relative to parameters of up to 4, and to what 200 steps in float32 round.
    np.testing.assert_allclose(model.w, w.asnumpy()[:, 0], rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(model.b, b.asnumpy()[0], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", ["momentum", "adamw"])
def test_an_intercept_that_is_not_fitted_stays(name):
    X, y = data()
    case = CASES[name]
    options = {"lr": LR, "epochs": 20, "shuffle": False, "fit_intercept": False}
    model = fastsgd.fit(X, y, optimizer=case.optimizer, init=START, **options)
    w, b = steps_in_numpy(case, X, y, *START, fit_intercept=False)
    np.testing.assert_allclose(model.w, w, rtol=1e-12, atol=1e-12)
    assert model.b == b == START[1]


def test_decoupled_decay_spares_b_and_never_turns_a_sign():
    # Rows of zeros with targets of zero: no gradient, so that decay is all there is.
    X, y = np.zeros((10, 3)), np.full(10, 0.5)
    start = [1.0, -1.0, 0.0], 0.5
    for decay, left in ((0.5, 0.75), (2.0, 0.0), (3.0, 0.0)):
        optimizer = AdamW(weight_decay=decay)
        model = fastsgd.fit(X, y, optimizer=optimizer, lr=0.5, epochs=1, init=start)
        np.testing.assert_array_equal(model.w, [left, -left, 0])
        assert model.b == 0.5
        assert model.history.penalty == (0.0,)


def test_each_output_has_a_state_of_its_own():
    X, y = data()
    targets = np.column_stack([y, -3 * y])
    start = np.array([[0.1, 0.2]] * 4), np.array([0.5, 0.0])
    options = {"optimizer": "adam", "lr": LR, "seed": 1}
    both = fastsgd.fit(X, targets, init=start, **options)
    for j in range(2):
        alone = fastsgd.fit(X, targets[:, j], init=(start[0][:, j], start[1][j]), **options)
        np.testing.assert_allclose(both.w[:, j], alone.w, rtol=1e-12)
        np.testing.assert_allclose(both.b[j], alone.b, rtol=1e-12)


@given(batch_size=st.integers(1, 1000), first=st.integers(1, 30))
def test_averages_are_means_over_the_steps_from_the_first_on(batch_size, first):
    X, y = data()
    options = {"lr": 0.1, "shuffle": False, "init": START, "batch_size": batch_size}
    seen = []
    w, b = START
    starts = range(0, 100, batch_size)
    for start in [*starts, *starts]:
        rows = slice(start, start + batch_size)
        model = fastsgd.fit(X[rows], y[rows], epochs=1, **{**options, "init": (w, b)})
        w, b = model.w, model.b
        seen.append(np.append(w, b))
    model = fastsgd.fit(X, y, epochs=2, average=first, **options)
    expected = np.mean(seen[first - 1 :], axis=0) if len(seen) >= first else seen[-1]
    # Up to 200 parameters of order 1 are averaged.
    np.testing.assert_allclose(np.append(model.w, model.b), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("form", [np.asarray, csr_array])
def test_an_average_of_one_step_is_that_step(form):
    # Nothing is left of what the parameters were initially, not even what it rounds to.
    X = np.array([[1.0, 0.0, 0.0], [-1.0, 0.0, 0.0]] * 5)
    options = {"batch_size": 1, "lr": 0.5, "epochs": 6, "seed": 0, "init": ([1e17, 0, 0], 0.0)}
    last = fastsgd.fit(form(X), 2 * X[:, 0], **options)
    model = fastsgd.fit(form(X), 2 * X[:, 0], average=60, **options)
    assert model.w.tobytes() == last.w.tobytes()
    assert model.b.tobytes() == last.b.tobytes()


def test_averages_that_begin_where_a_fit_goes_on_are_means_over_its_own_steps():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(20, 4)), rng.normal(size=20)
    options = {"batch_size": 20, "lr": 0.1, "seed": 0}
    begun = fastsgd.fit(X, y, epochs=5, **options)
    steps = [fastsgd.fit(X, y, epochs=e, resume=begun, **options).w for e in (1, 2, 3)]
    averaged = fastsgd.fit(X, y, epochs=3, resume=begun, average=True, **options)
    np.testing.assert_allclose(averaged.w, np.mean(steps, axis=0), rtol=1e-12)


@pytest.mark.parametrize("average", [True, 100])
def test_averages_that_were_to_begin_later_begin_now_with_true_alone(average):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(20, 4)), rng.normal(size=20)
    options = {"batch_size": 20, "lr": 0.1, "seed": 0}
    begun = fastsgd.fit(X, y, epochs=5, average=7, **options)
    steps = [fastsgd.fit(X, y, epochs=e, resume=begun, **options).w for e in (1, 2, 3)]
    averaged = fastsgd.fit(X, y, epochs=3, resume=begun, average=average, **options)
    expected = np.mean(steps if average is True else steps[1:], axis=0)
    np.testing.assert_allclose(averaged.w, expected, rtol=1e-12)


def test_float32_averages_do_not_stop_moving():
    # Parameters that go to and fro by 2 for a million steps: their mean is known to 1e-6.
    X, y = np.zeros((2**20, 1), np.float32), np.tile(np.float32([0, 2]), 2**19)
    options = {"batch_size": 1, "lr": 1.0, "epochs": 1, "shuffle": False, "init": ([0.0], 1.0)}
    model = fastsgd.fit(X, y, average=True, **options)
    assert abs(model.b - 1.0) < 1e-6


def test_names_stand_for_the_defaults():
    assert named_optimizer("sgd") == SGD(0.0, False)
    assert named_optimizer("adam") == Adam(0.9, 0.999, 1e-8)
    assert named_optimizer("adamw") == AdamW(0.9, 0.999, 1e-8, 0.01)
    assert named_optimizer("rmsprop") == RMSprop(0.99, 1e-8)
    assert named_optimizer("adagrad") == Adagrad(1e-10)
    assert named_optimizer(Adam(eps=1e-6)) == Adam(eps=1e-6)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SGD(momentum=1), "momentum: expected a number of at least 0 and below 1, got 1"),
        (lambda: SGD(momentum=-0.1), "momentum: expected"),
        (lambda: Adam(beta1=1.0), "beta1: expected"),
        (lambda: Adam(eps=0), "eps: expected a positive, finite number, got 0"),
        (lambda: RMSprop(rho=math.nan), "rho: expected"),
        (lambda: AdamW(weight_decay=-1), "weight_decay: expected"),
        (lambda: named_optimizer("adamm"), "optimizer: 'adamm' .* nearest name is 'adam'"),
        (lambda: SGD(nesterov=True), "nesterov: expected False without momentum, got True"),
    ],
)
def test_wrong_parameters_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    "make",
    [
        lambda: SGD(momentum="0.9"),
        lambda: SGD(momentum=0.9, nesterov=1),
        lambda: named_optimizer(Adam),
        lambda: named_optimizer(None),
    ],
)
def test_wrong_types_are_refused(make):
    with pytest.raises(TypeError, match="expected"):
        make()


def test_averages_that_overflow_are_not_returned():
    options = {"loss": "hinge", "lr": 1.7e308, "batch_size": 1, "epochs": 1, "shuffle": False}
    options |= {"fit_intercept": False, "init": (np.zeros(3), 0.0)}
    options["penalty"] = fastsgd.penalties.L2(0.0)
    with pytest.raises(fastsgd.DivergenceError):
        fastsgd.fit([[1.0, 0.0, 0.0]] * 3, ["n", "p", "p"], average=True, **options)


def test_adamw_that_takes_no_decay_is_adam_under_a_strong_l2_as_well():
    X, y = data()
    options = {"penalty": fastsgd.penalties.L2(5.0), "lr": 1.0, "init": START, "seed": 0}
    both = Adam(), AdamW(weight_decay=0)
    adam, adamw = (fastsgd.fit(X, y, optimizer=each, **options) for each in both)
    np.testing.assert_allclose(adamw.w, adam.w, rtol=1e-12)
