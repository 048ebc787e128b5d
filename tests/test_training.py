"""What `fit` promises."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import make_program_data
from hypothesis import given
from hypothesis import strategies as st
from numpy_reference import orders_of, squared_descent, squared_loss
from peaks import fit_and_peak
from scripts import output_of

import fastsgd

# Registers hold rows as single numbers or as vectors, for each of which kernels are compiled. Rows
# of all lengths are in test_registers.
KINDS = [(3, ()), (4, (3,)), (13, (1,)), (13, (3,))]


@st.composite
def fits(draw):
    n, (d, outputs) = draw(st.integers(1, 700)), draw(st.sampled_from(KINDS))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    X, y = rng.normal(size=(n, d)), rng.normal(size=(n, *outputs))
    start = rng.normal(size=(d, *outputs)), rng.normal(size=outputs)
    options = {
        "batch_size": draw(st.one_of(st.integers(1, 40), st.integers(1, n + 3))),
        "lr": 0.5 / (2 * float((X**2).sum(axis=1).max() + 1)),
        "sample_weight": rng.uniform(0, 2, n) if draw(st.booleans()) else None,
        "fit_intercept": draw(st.booleans()),
        "drop_last": draw(st.booleans()),
    }
    return X, y, start, options, draw(st.booleans())


@given(case=fits())
def test_fit_is_the_textbook_descent(case):
    X, y, start, options, shuffle = case
    n = len(X)
    model = fastsgd.fit(X, y, init=start, shuffle=shuffle, seed=5, epochs=2, **options)
    orders = orders_of(n, 5, 2) if shuffle else [np.arange(n)] * 2
    options["batch_size"] = min(options["batch_size"], n)
    w, b, running = squared_descent(X, y, *start, orders=orders, **options)
    # All numbers are of order 1 to 10, and at most 1400 steps round: 1e-12 leaves room for 1e4 ulp.
    np.testing.assert_allclose(model.w, w, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(model.b, b, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(model.history.loss, running, rtol=1e-12, atol=1e-12)


# The value and the derivative of the loss of each row, given scores and numbers of classes.
DEFINITIONS = {
    "squared": (lambda s, c: (s - c) ** 2 / 2, lambda s, c: s - c),
    "logistic": (lambda s, c: np.log1p(np.exp(s)) - s * c, lambda s, c: 1 / (1 + np.exp(-s)) - c),
    "softmax": (
        lambda s, c: np.log(np.exp(s).sum(1)) - s[np.arange(len(c)), c],
        lambda s, c: np.exp(s) / np.exp(s).sum(1, keepdims=True) - np.eye(s.shape[1])[c],
    ),
}


# Gathered row by row, in passes over the rows, and by blocks.
@pytest.mark.parametrize("d", [3, 140])
@pytest.mark.parametrize("loss", DEFINITIONS)
def test_weights_are_those_of_their_rows_in_random_orders(loss, d):
    rng, outputs = np.random.default_rng(0), (3,) if loss == "softmax" else ()
    X, c = rng.normal(size=(40, d)) / np.sqrt(d), np.arange(40) % (3 if outputs else 2)
    w, b, weights = rng.normal(size=(d, *outputs)), np.zeros(outputs), rng.uniform(0, 2, 40)
    options = {"init": (w, b), "lr": 0.5, "batch_size": 40, "epochs": 1, "seed": 0}
    model = fastsgd.fit(X, c, loss=loss, sample_weight=weights, **options)
    values, slopes = (each(X @ w, c) for each in DEFINITIONS[loss])
    np.testing.assert_allclose(model.history.loss, np.mean(weights * values), rtol=1e-13)
    expected = w - 0.5 * X.T @ (slopes.T * weights).T / 40
    np.testing.assert_allclose(model.w, expected, rtol=0, atol=1e-13)


@pytest.mark.parametrize("seed", range(20))
def test_original_program_reaches_the_noise_floor(seed):
    X, y = make_program_data(seed)
    design = np.column_stack([X, np.ones(1000)])
    best = np.linalg.lstsq(design, y, rcond=None)[0]
    model = fastsgd.fit(X, y, seed=seed, epoch_loss="full")
    # 300 runs of the same program in plain numpy: at most 1.034 times, and 0.0017.
    assert model.history.loss[-1] <= 1.04 * squared_loss(design, y, best, 0)
    assert np.abs(np.append(model.w, model.b) - best).max() <= 0.002


def test_shapes_follow_y(program_data):
    X, y = program_data
    one = fastsgd.fit(X, y, seed=0)
    assert one.w.shape == (2,)
    assert np.ndim(one.b) == 0
    for k in (1, 3):
        several = fastsgd.fit(X, np.column_stack([y] * k), seed=0)
        assert several.w.shape == (2, k)
        assert several.b.shape == (k,)
        assert several.predict(X).shape == (1000, k)


def test_each_output_learns_as_if_it_were_alone(program_data):
    X, y = program_data
    start = np.array([[0.1, -0.2], [0.3, 0.4]]), np.array([0.5, 0.0])
    both = fastsgd.fit(X, np.column_stack([y, -2 * y]), init=start, seed=3)
    for j, target in enumerate([y, -2 * y]):
        alone = fastsgd.fit(X, target, init=(start[0][:, j], start[1][j]), seed=3)
        np.testing.assert_allclose(both.w[:, j], alone.w, rtol=1e-12)
        np.testing.assert_allclose(both.b[j], alone.b, rtol=1e-12)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_fits_without_a_seed_draw_different_ones_in_a_forked_process_too():
    def seeds():
        return [fastsgd.fit([[1.0]], [1.0], epochs=0).seed for _ in range(100)]

    seeds()  # from here on, some may be ready
    reading, writing = os.pipe()
    if (child := os.fork()) == 0:
        os.write(writing, repr(seeds()).encode())
        os._exit(0)
    os.waitpid(child, 0)
    theirs = json.loads(os.read(reading, 10_000))
    assert len({*theirs, *seeds()}) == 200


def test_default_initial_parameters_are_drawn_from_the_seed():
    X, y = np.zeros((2, 20_000)), np.zeros(2)
    model = fastsgd.fit(X, y, epochs=0, seed=1)
    # The standard deviation of 20,000 draws is known to 0.5 %; 5 of its standard errors.
    assert abs(model.w.std() - 0.01) < 0.01 * 5 / np.sqrt(2 * 20_000)
    assert abs(model.w.mean()) < 5 * 0.01 / np.sqrt(20_000)
    assert model.b == 0
    np.testing.assert_array_equal(model.w, fastsgd.fit(X, y, epochs=0, seed=1).w)
    assert (model.w != fastsgd.fit(X, y, epochs=0, seed=2).w).any()


def test_init_is_copied_and_never_changed(program_data):
    X, y = program_data
    w, b = np.array([1.0, 2.0]), np.array(3.0)
    fastsgd.fit(X, y, init=(w, b))
    np.testing.assert_array_equal(w, [1.0, 2.0])
    assert b == 3.0
    first = fastsgd.fit(X, y, seed=0)
    kept = first.w.copy()
    second = fastsgd.fit(X, y, init=first, seed=1)
    np.testing.assert_array_equal(first.w, kept)
    assert len(second.history.loss) == 3
    same = fastsgd.fit(X, y, init=(first.w, first.b), seed=1)
    np.testing.assert_array_equal(second.w, same.w)


def test_zero_epochs_return_the_initial_parameters(program_data):
    model = fastsgd.fit(*program_data, init=([1.0, 2.0], 3.0), epochs=0)
    assert (model.w.tolist(), model.b) == ([1.0, 2.0], 3.0)
    assert model.history.loss == model.history.seconds == ()


def test_seed_of_the_model_repeats_the_fit(program_data):
    first = fastsgd.fit(*program_data)
    again = fastsgd.fit(*program_data, seed=first.seed)
    assert first.w.tobytes() == again.w.tobytes()
    assert fastsgd.fit(*program_data).seed != first.seed


def test_a_generator_gives_one_draw_of_64_bits(program_data):
    model = fastsgd.fit(*program_data, seed=np.random.default_rng(9))
    draws = np.random.default_rng(9)
    assert model.seed == int(draws.integers(2**64, dtype=np.uint64))
    rng = np.random.default_rng(9)
    fastsgd.fit(*program_data, seed=rng)
    assert rng.bit_generator.state == draws.bit_generator.state


BITS = """
import sys; sys.path.insert(0, sys.argv[1])
import fastsgd; from conftest import make_program_data
model = fastsgd.fit(*make_program_data(0), seed=4)
print(model.w.tobytes().hex(), model.b.tobytes().hex(), model.history.loss)
"""


def test_one_seed_gives_the_same_bits_in_another_process(program_data):
    output = output_of(BITS, Path(__file__).parent)
    model = fastsgd.fit(*program_data, seed=4)
    here = f"{model.w.tobytes().hex()} {model.b.tobytes().hex()} {model.history.loss}\n"
    assert output == here


def test_losses_of_the_history(program_data):
    X, y = program_data
    weights = np.random.default_rng(0).uniform(0, 3, 1000)
    running = fastsgd.fit(X, y, sample_weight=weights, seed=0, epochs=2)
    full = fastsgd.fit(X, y, sample_weight=weights, seed=0, epochs=2, epoch_loss="full")
    none = fastsgd.fit(X, y, sample_weight=weights, seed=0, epochs=2, epoch_loss=None)
    for model in (full, none):
        np.testing.assert_array_equal(model.w, running.w)
    expected = squared_loss(X, y, full.w, full.b, weights)
    np.testing.assert_allclose(full.history.loss[-1], expected, rtol=1e-12)
    assert running.history.loss[0] > full.history.loss[0]
    assert none.history.loss == none.history.data_loss == ()
    for model in (running, full):
        assert model.history.penalty == (0.0, 0.0)
        assert model.history.loss == model.history.data_loss
    for model in (running, full, none):
        assert len(model.history.seconds) == 2
        assert min(model.history.seconds) > 0


def test_losses_are_summed_in_float64():
    # Equal losses, so that their mean is each of them, to rounding: float32 sums of as few as ten
    # are off by 1e-8, and one of 2**24 rows hardly grows any more.
    n = 2**24 + 2
    X, y = np.zeros((n, 1), np.float32), np.full(n, 0.1, np.float32)
    each = float(y[0] * y[0]) / 2
    model = fastsgd.fit(X, y, init=([0.0], 0.0), lr=1e-30, epochs=1, batch_size=1024)
    assert model.history.loss[0] == pytest.approx(each, rel=1e-12)
    assert model.evaluate(X, y) == pytest.approx(each, rel=1e-12)


@pytest.mark.parametrize("d", [1, 300])  # gathered row by row, and by blocks
def test_sums_over_a_batch_lose_nothing_of_two_rows(d):
    # Added in float32, 2**24 and 1 would lose the 1, and losses of 2**23 and 1/2 the half.
    X, y = np.zeros((4, d), np.float32), np.float32([-(2**24), -1, 2**24, -1])
    w, b = np.zeros(d), 0.0
    model = fastsgd.fit(X, y, init=(w, b), lr=1.0, epochs=1, batch_size=4, shuffle=False)
    assert model.b == -0.5
    y = np.float32([2**12, 1, 2**12, 1])
    model = fastsgd.fit(X, y, init=(w, b), lr=1.0, epochs=1, batch_size=4, shuffle=False)
    assert model.history.loss[0] == (2**24 + 1) / 4


def test_a_product_of_many_float32_features_does_not_drift():
    # Plain float32 sums of 2**22 products, each 0.01, are off by 3e-4 or more.
    d = 2**22
    X, w = np.full((5, d), 0.1, np.float32), np.full(d, 0.1, np.float32)
    model = fastsgd.fit(X, np.zeros(5), init=(w, 0.0), epochs=0)
    exact = d * float(X[0, 0]) * float(w[0])
    slopes = fastsgd.gradient(X, np.zeros(5), w, 0.0, reduction="none").b
    np.testing.assert_allclose(slopes, exact, rtol=1e-5)
    assert model.evaluate(X, np.zeros(5)) == pytest.approx(exact**2 / 2, rel=2e-5)


def test_a_refused_fit_draws_nothing_from_a_generator(program_data):
    rng = np.random.default_rng(9)
    with pytest.raises(ValueError, match="lr"):
        fastsgd.fit(*program_data, lr=-1, seed=rng)
    assert rng.bit_generator.state == np.random.default_rng(9).bit_generator.state


def test_a_huge_float32_batch_does_not_drift():
    # The gradient of each row is -0.1; a plain float32 sum of 2**22 of them is off by 1 % and more,
    # and one of sums of 256 rows by 1e-5.
    n = 2**22
    X, y = np.full((n, 1), 0.1, np.float32), np.ones(n, np.float32)
    model = fastsgd.fit(X, y, init=([0.0], 0.0), lr=1.0, epochs=1, batch_size=n)
    assert abs(model.w[0] - 0.1) < 3e-6 * 0.1


def test_memory_of_epochs_that_run_together_with_a_penalty_has_a_bound():
    X, options = np.ones((1, 10_000)), {"penalty": "l2", "lr": 1e-6, "seed": 0}
    fastsgd.fit(X, [1.0], epochs=3, **options)
    _, peak = fit_and_peak(X, [1.0], epochs=300, **options)
    assert peak < 2 * 8 * 2**20  # the weights after all epochs would take 3 * 8 * 10**6


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_dtype_of_X_decides(program_data, dtype):
    X, y = program_data
    model = fastsgd.fit(X.astype(dtype), y, sample_weight=np.ones(1000, int), seed=0)
    assert model.w.dtype == model.b.dtype == model.predict(X.astype(dtype)).dtype == dtype


def test_batch_size_above_n_is_one_full_batch(program_data):
    X, y = program_data
    start = ([0.5, 0.5], 1.0)
    huge = fastsgd.fit(X, y, init=start, batch_size=10**9, lr=0.5, epochs=1, drop_last=True)
    gradient = fastsgd.gradient(X, y, *start, reduction="mean")
    np.testing.assert_allclose(huge.w, np.array(start[0]) - 0.5 * gradient.w, rtol=1e-13)


def test_a_program_without_a_console_may_ask_for_a_bar(program_data, monkeypatch):
    monkeypatch.setattr(sys, "stderr", None)
    model = fastsgd.fit(*program_data, seed=0, progress=True)
    np.testing.assert_array_equal(model.w, fastsgd.fit(*program_data, seed=0).w)


def test_progress_shows_loss_and_speed(program_data, capsys, monkeypatch):
    monkeypatch.setattr("fastsgd.stretches.STRETCH", 900)  # so few that an epoch takes several
    model = fastsgd.fit(*program_data, progress=True)
    shown = capsys.readouterr().err
    assert f"loss={model.history.loss[-1]:.4g}]" in shown
    assert "row/s" in shown
    fastsgd.fit(*program_data)
    assert capsys.readouterr().err == ""


MEMORY = """
import numpy as np, fastsgd
def status(name):
    with open("/proc/self/status") as lines:
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))
rng = np.random.default_rng(0)
X = rng.standard_normal((1_000_000, 100), dtype=np.float32)
y = X @ np.ones(100, np.float32)
# So many rows that they take the kernel of all.
fastsgd.fit(X[:60_000], y[:60_000], batch_size=32, lr=1e-4, epoch_loss="full")
with open("/proc/self/clear_refs", "w") as refs:
    refs.write("5")  # the peak starts anew
before = status("VmRSS")
fastsgd.fit(X, y, batch_size=32, lr=1e-4, epochs=2, epoch_loss="full")
print((status("VmHWM") - before) / (0.05 * (X.nbytes + y.nbytes) + 8 * len(y)))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak memory from Linux's /proc")
def test_memory_beyond_the_data_is_small():
    assert float(output_of(MEMORY)) < 1


def test_products_of_many_float32_features_and_several_outputs_do_not_drift():
    d = 2**22
    X, w = np.full((1, d), 0.1, np.float32), np.full((d, 2), 0.1, np.float32)
    slopes = fastsgd.gradient(X, np.zeros((1, 2)), w, np.zeros(2)).b
    np.testing.assert_allclose(slopes, d * float(X[0, 0]) ** 2, rtol=1e-5)
