"""Gradients and whole runs of the original program agree with MXNet's autograd."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from tolerances import ROUNDING

import fastsgd

TOLERANCE = {"float32": 1e-5, "float64": 1e-12}


@pytest.fixture(scope="module")
def reference(mxnet):
    import mxnet_reference

    return mxnet_reference


class Case(NamedTuple):
    X: np.ndarray
    y: np.ndarray
    w: np.ndarray
    b: np.ndarray
    sample_weight: np.ndarray | None


@st.composite
def cases(draw):
    dtype = draw(st.sampled_from(["float32", "float64"]))
    n, d = draw(st.integers(1, 40)), draw(st.integers(1, 40))
    outputs = draw(st.sampled_from([(), (1,), (3,)]))
    # Zero, or far from underflow: MXNet and we may round numbers near it differently.
    size = st.floats(0.0009765625, 1024.0, width=32)
    number = st.one_of(st.just(0.0), size, size.map(lambda x: -x))
    weight = st.one_of(st.just(0.0), size)

    def array(shape, elements=number):
        return draw(hnp.arrays(dtype, shape, elements=elements))

    weights = array((n,), weight) if draw(st.booleans()) else None
    return Case(array((n, d)), array((n, *outputs)), array((d, *outputs)), array(outputs), weights)


def magnitudes(case):
    """Return, for w and for b, the sum of the absolute contributions to each gradient entry.

    Those inside the products of rows and weights count: near an optimum all else cancels.
    """
    X, y, w, b = (np.abs(np.asarray(a, np.float64)) for a in case[:4])
    residual = X @ w + b + y
    if case.sample_weight is not None:
        weight = np.asarray(case.sample_weight, np.float64)
        residual = residual * weight.reshape(-1, *[1] * (y.ndim - 1))
    return X.T @ residual, residual.sum(axis=0)


def assert_gradient_agrees(gradient, reference, case):
    """Assert that `gradient` returns what MXNet's autograd leaves in ``param.grad``."""
    ours = gradient(*case[:4], sample_weight=case.sample_weight)
    theirs = reference.gradient(*case[:4], sample_weight=case.sample_weight)
    for mine, other, magnitude in zip(ours, theirs, magnitudes(case), strict=True):
        assert np.shape(mine) == np.shape(other)
        error = np.abs(np.subtract(mine, other, dtype=np.float64))
        assert (error <= TOLERANCE[str(case.X.dtype)] * magnitude).all()


@given(case=cases())
def test_gradient_is_what_mxnet_leaves_in_grad(reference, case):
    assert_gradient_agrees(fastsgd.gradient, reference, case)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_gradient_of_many_rows_agrees_with_mxnet(reference, dtype):
    # More rows than a chunk, all of one sign: a plain float32 sum of these drifts by 1e-4.
    rng = np.random.default_rng(0)
    X = rng.uniform(0.5, 1.5, (20_001, 3)).astype(dtype)
    case = Case(X, -X.sum(axis=1), np.ones(3, dtype), np.zeros((), dtype), None)
    exact = Case(*(np.asarray(a, np.float64) for a in case[:4]), None)
    ours, theirs = fastsgd.gradient(*case[:4]), reference.gradient(*exact[:4])
    for mine, other, magnitude in zip(ours, theirs, magnitudes(case), strict=True):
        assert (np.abs(mine - other) <= TOLERANCE[dtype] * magnitude).all()


FAULTS = {
    "a factor of 2": lambda X, y, w, b, **kw: [2 * g for g in fastsgd.gradient(X, y, w, b, **kw)],
    "a mean for a sum": lambda X, y, w, b, **kw: fastsgd.gradient(
        X, y, w, b, reduction="mean", **kw
    ),
    "a dropped last row": lambda X, y, w, b, **kw: fastsgd.gradient(X[:-1], y[:-1], w, b, **kw),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_faulty_gradient_turns_the_comparison_with_mxnet_red(reference, dtype, fault):
    rng = np.random.default_rng(0)
    arrays = (rng.normal(size=shape).astype(dtype) for shape in ((10, 2), 10, 2, ()))
    case = Case(*map(np.asarray, arrays), None)
    assert_gradient_agrees(fastsgd.gradient, reference, case)
    with pytest.raises(AssertionError):
        assert_gradient_agrees(FAULTS[fault], reference, case)


class Run(NamedTuple):
    """A run of which every step is compared: X and y are in the order of the first epoch."""

    X: np.ndarray
    y: np.ndarray
    sample_weight: np.ndarray | None
    start: tuple[np.ndarray, np.ndarray]
    batch_size: int
    lr: float
    epochs: int


def steps_of_fit(run, fit=fastsgd.fit):
    """Yield w and b after every mini-batch, from fits on growing prefixes of the rows."""
    n, (w, b) = len(run.X), run.start
    for epoch in range(run.epochs):
        order = fastsgd.epoch_order(n, 7, epoch)
        for last in [*range(run.batch_size, n, run.batch_size), n]:
            rows = order[:last]
            weights = None if run.sample_weight is None else run.sample_weight[rows]
            model = fit(
                run.X[rows],
                run.y[rows],
                sample_weight=weights,
                batch_size=run.batch_size,
                lr=run.lr,
                epochs=1,
                shuffle=False,
                init=(w, b),
            )
            yield model.w, model.b
        w, b = model.w, model.b


def assert_run_agrees(reference, run, fit=fastsgd.fit):
    """Assert that w and b agree with MXNet's after every mini-batch.

    Relative to the sum of the absolute contributions to them: the initial value and, step by
    step, those to the gradient.
    """
    n = len(run.X)
    orders = [fastsgd.epoch_order(n, 7, epoch) for epoch in range(run.epochs)]
    theirs = reference.train(
        run.X,
        run.y,
        *run.start,
        lr=run.lr,
        batch_size=run.batch_size,
        orders=orders,
        sample_weight=run.sample_weight,
    )
    batches = [
        order[i : i + run.batch_size] for order in orders for i in range(0, n, run.batch_size)
    ]
    size_w, size_b = (np.abs(part).astype(np.float64) for part in run.start)
    tolerance = TOLERANCE[str(run.X.dtype)]
    current = run.start
    steps = zip(steps_of_fit(run, fit), theirs, batches, strict=True)
    for (w, b), (mx_w, mx_b), rows in steps:
        weights = None if run.sample_weight is None else run.sample_weight[rows]
        grown = magnitudes(Case(run.X[rows], run.y[rows], *current, weights))
        size_w = size_w + run.lr / len(rows) * grown[0]
        size_b = size_b + run.lr / len(rows) * grown[1]
        assert (np.abs(w - mx_w.reshape(np.shape(w))) <= tolerance * size_w).all()
        assert (np.abs(b - mx_b.reshape(np.shape(b))) <= tolerance * size_b).all()
        current = w, b


# Registers hold rows as single numbers or as vectors, and test_registers has all their lengths.
# Kernels are compiled for each combination: here is each pair of a dtype, outputs and a way, and of
# weights or none with a dtype and outputs.
KINDS = [
    ("float64", (), 3, False),
    ("float64", (2,), 13, True),
    ("float32", (), 13, True),
    ("float32", (2,), 3, False),
]


@st.composite
def runs(draw):
    (dtype, outputs, d, is_weighted), n = draw(st.sampled_from(KINDS)), draw(st.integers(1, 40))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    X, y = rng.normal(size=(n, d)).astype(dtype), rng.normal(size=(n, *outputs)).astype(dtype)
    weights = rng.uniform(0, 2, n).astype(dtype) if is_weighted else None
    start = rng.normal(size=(d, *outputs)).astype(dtype), rng.normal(size=outputs).astype(dtype)
    # Stable for any batch: lr is below 1 over the largest weighted squared norm of a row.
    largest = 2 * float((X.astype(np.float64) ** 2).sum(axis=1).max() + 1)
    return Run(X, y, weights, start, draw(st.integers(1, n + 3)), 1 / largest, 2)


@given(run=runs())
def test_every_mini_batch_of_a_run_agrees_with_mxnet(reference, run):
    assert_run_agrees(reference, run)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_original_program_agrees_with_mxnet_after_every_mini_batch(
    reference, program_data, dtype
):
    X, y = (a.astype(dtype) for a in program_data)
    start = np.array([0.01, -0.02], dtype), np.zeros((), dtype)
    assert_run_agrees(reference, Run(X, y, None, start, 10, 0.03, 3))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_shuffled_epochs_agree_with_mxnet_in_the_public_order(reference, program_data, dtype):
    X, y = (a.astype(dtype) for a in program_data)
    model = fastsgd.fit(X, y, seed=11, init=([0.5, 0.5], 1.0))
    orders = [fastsgd.epoch_order(1000, model.seed, epoch) for epoch in range(3)]
    *_, (w, b) = reference.train(X, y, [0.5, 0.5], 1.0, lr=0.03, batch_size=10, orders=orders)
    # Contributions: 300 steps of 0.03 with |x| and |residual| of about 3 add up to less than 100.
    assert np.abs(model.w - w[:, 0]).max() <= TOLERANCE[dtype] * 100
    assert abs(model.b - b[0]) <= TOLERANCE[dtype] * 100


FAULTY_FITS = {
    "a factor of 2": lambda X, y, lr, **kw: fastsgd.fit(X, y, lr=2 * lr, **kw),
    "a mean for a sum": lambda X, y, lr, batch_size, **kw: fastsgd.fit(
        X, y, lr=lr / batch_size, batch_size=batch_size, **kw
    ),
    "a dropped last row": lambda X, y, init, **kw: (
        fastsgd.fit(X[:-1], y[:-1], init=init, **kw)
        if len(X) > 1
        else fastsgd.fit(X, y, init=init, **{**kw, "epochs": 0})
    ),
    "another order": lambda X, y, **kw: fastsgd.fit(X[::-1].copy(), y[::-1].copy(), **kw),
}


@pytest.mark.parametrize("fault", FAULTY_FITS)
def test_a_faulty_fit_turns_the_comparison_of_runs_with_mxnet_red(reference, fault):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(20, 2)), rng.normal(size=20)
    run = Run(X, y, None, (np.zeros(2), np.zeros(())), 5, 0.1, 1)
    assert_run_agrees(reference, run)
    with pytest.raises(AssertionError):
        assert_run_agrees(reference, run, FAULTY_FITS[fault])


# 56 MB, which are read by row, and the losses then taken together; batches of 700 part by part.
@pytest.mark.parametrize("batch_size", [45, 700])
def test_an_epoch_of_the_logistic_loss_from_memory_agrees_with_mxnet(reference, batch_size):
    rng = np.random.default_rng(0)
    n, d = 56_001, 125
    X, weights = rng.normal(size=(n, d)), rng.uniform(size=n)
    y = np.where(X @ rng.normal(size=d) + rng.logistic(size=n) > 0, 1.0, -1.0)
    options = {"batch_size": batch_size, "lr": 0.02, "sample_weight": weights}
    w, b = np.zeros(d), np.float64(0)
    order = fastsgd.epoch_order(n, 0, 0)
    steps = reference.train(X, y, w, b, orders=[order], loss="logistic", **options)
    losses = []
    for start, after in zip(range(0, n, batch_size), steps, strict=True):
        rows = order[start : start + batch_size]
        losses.extend(weights[rows] * np.logaddexp(0, -y[rows] * (X[rows] @ w + b)))
        w, b = after[0].reshape(d), after[1][0]
    options.update(loss="logistic", init=(0 * w, 0.0), epochs=1, seed=0)
    for n_threads in (1, 2):
        model = fastsgd.fit(X, y, n_threads=n_threads, **options)
        np.testing.assert_allclose(model.w, w, rtol=ROUNDING)
        np.testing.assert_allclose(model.b, b, rtol=ROUNDING)
        assert model.history.data_loss == pytest.approx((np.mean(losses),), rel=ROUNDING)
