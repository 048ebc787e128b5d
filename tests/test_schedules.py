"""Each schedule is its formula, counted in mini-batches."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.sparse import csr_array
from tolerances import ROUNDING

import fastsgd
from fastsgd import schedules
from fastsgd.losses import LOSSES, Squared, Tweedie, custom
from fastsgd.penalties import L1, L2, ElasticNet
from fastsgd.schedules import (
    Adaptive,
    Constant,
    Cosine,
    Exponential,
    InvScaling,
    Optimal,
    Step,
    named_schedule,
)

FORMULAS = {
    Constant(0.1): lambda t: 0.1,
    InvScaling(0.1, 0.5): lambda t: 0.1 / math.sqrt(t + 1),
    InvScaling(0.1, 0.75, t0=7): lambda t: 0.1 / (1 + t / 7) ** 0.75,
    Step(0.1, every=7, factor=0.3): lambda t: 0.1 * 0.3 ** (t // 7),
    Exponential(0.1, decay=0.99): lambda t: 0.1 * 0.99**t,
    Cosine(0.1, steps=30, warm_up=5, final=0.01): lambda t: (
        0.1 * (t + 1) / 5
        if t < 5
        else 0.01 + 0.09 * (1 + math.cos(math.pi * min(1, (t - 5) / 25))) / 2
    ),
}


def data():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(95, 3))
    return X, X @ [2.0, -3.4, 0.5] + 4.2


def rates_taken(lr, epochs=4, batch_size=10, **options):
    """Return the learning rate of each step, from how far it moves b.

    Without features, and with a slope of -1 at every prediction: ``b += lr``.
    """
    X, y = np.zeros((95, 1)), np.full(95, 1e6)
    common = {"loss": "absolute", "lr": lr, "batch_size": batch_size, "init": ([0.0], 0.0)}
    seen = [0.0]
    fastsgd.fit(
        X, y, epochs=epochs, callback=lambda m, e: seen.append(float(m.b)), **common, **options
    )
    return np.diff(seen)


@pytest.mark.parametrize("schedule", FORMULAS, ids=lambda s: type(s).__name__)
def test_a_schedule_is_its_formula_in_mini_batches(schedule):
    formula = FORMULAS[schedule]
    # Ten steps an epoch, as the last mini-batch is short.
    expected = [sum(formula(10 * epoch + t) for t in range(10)) for epoch in range(4)]
    np.testing.assert_allclose(rates_taken(schedule), expected, rtol=ROUNDING)
    np.testing.assert_allclose(rates_taken(formula), expected, rtol=ROUNDING)
    one_a_step = rates_taken(schedule, epochs=12, batch_size=95)
    np.testing.assert_allclose(one_a_step, [formula(t) for t in range(12)], rtol=ROUNDING)


def test_many_steps_are_counted_across_stretches():
    X, y = np.zeros((2**17 + 3, 1)), np.full(2**17 + 3, 1e12)
    options = {"loss": "absolute", "batch_size": 1, "init": ([0.0], 0.0), "epochs": 2}
    model = fastsgd.fit(X, y, lr=lambda t: 1.0 + t, **options)
    n = 2 * len(y)
    assert model.b == n * (n + 1) / 2


def test_cosine_ends_with_the_fit_by_default():
    np.testing.assert_array_equal(
        rates_taken(Cosine(0.1, warm_up=3), epochs=8, batch_size=95),
        rates_taken(Cosine(0.1, warm_up=3, steps=8), epochs=8, batch_size=95),
    )
    dropped = rates_taken(Cosine(0.1), epochs=5, batch_size=40, drop_last=True)
    whole = rates_taken(Cosine(0.1, steps=10), epochs=5, batch_size=40, drop_last=True)
    np.testing.assert_array_equal(dropped, whole)


@pytest.mark.parametrize("loss", [name for name in LOSSES if name != "softmax"])
@given(alpha=st.floats(1e-8, 10))
def test_optimal_is_bottous(loss, alpha):
    value = LOSSES[loss]()
    typical = alpha**-0.25
    slope = -value.derivative(-typical, 1.0)
    assume(math.isfinite(slope))  # that of gamma overflows
    first = typical / max(1.0, slope)
    rates = Optimal().bound(loss=value, penalty=L2(alpha), steps=0).rates(np.arange(5))
    expected = [1 / (alpha * (1 / (alpha * first) + t)) for t in range(5)]
    np.testing.assert_allclose(rates, expected, rtol=1e-12)


STEEP = custom(lambda y_hat, y: math.exp(-y_hat), lambda y_hat, y: -math.exp(-y_hat))


@pytest.mark.parametrize("loss", ["gamma", Tweedie(3.0), STEEP], ids=str)
def test_optimal_is_an_error_where_the_loss_is_too_steep(loss):
    X, y = data()
    with pytest.raises(ValueError, match=r"lr: the optimal schedule has no first rate .* -1000;"):
        fastsgd.fit(X, abs(y) + 1, loss=loss, penalty=L2(1e-12), lr="optimal")


def test_optimal_takes_the_alpha_of_the_penalty_and_is_an_error_without_one():
    X, y = data()
    for penalty in (L1(0.1), ElasticNet(0.1), L2(0.1)):
        assert len(fastsgd.fit(X, y, penalty=penalty, lr="optimal").history.loss)
    for penalty in (None, L2(0.0)):
        with pytest.raises(ValueError, match="lr: the optimal schedule takes the alpha"):
            fastsgd.fit(X, y, penalty=penalty, lr="optimal")
    with pytest.raises(ValueError, match="lr: the optimal schedule needs a derivative by one"):
        fastsgd.fit(X, y > 0, loss="softmax", penalty="l2", lr="optimal")


def test_adaptive_divides_after_patience_epochs_without_improvement_and_ends():
    # The loss stays as it is, but for rounding: it improves in the first epoch alone.
    adaptive = Adaptive(0.1, factor=10, tol=1.0, patience=3, smallest=1e-4)
    rates = rates_taken(adaptive, epochs=100, batch_size=95, epoch_loss="full")
    np.testing.assert_allclose(
        rates, [0.1] * 4 + [0.01] * 3 + [0.001] * 3 + [0.0001] * 3, rtol=1e-4
    )


def test_a_loss_that_stays_the_same_does_not_improve():
    # Each row is on its side of the margin from the first step on: the loss is 0.
    X, y = [[-1.0, 0.0, 0.0], [1.0, 0.0, 0.0]], [0, 1]
    options = {"loss": "perceptron", "init": (np.ones(3), 0.0), "epochs": 99}
    stopped = fastsgd.fit(X, y, tol=0.0, patience=3, **options)
    assert stopped.history.loss == (0.0,) * 4
    adaptive = Adaptive(0.1, factor=10, tol=0.0, patience=3, smallest=0.05)
    assert fastsgd.fit(X, y, lr=adaptive, **options).history.loss == (0.0,) * 4


def test_adaptive_does_not_divide_while_the_loss_improves():
    X, y = data()
    constant, adaptive = (
        fastsgd.fit(X, y, lr=lr, seed=0, epochs=5)
        for lr in (0.03, Adaptive(0.03, patience=1, tol=0.0))
    )
    np.testing.assert_array_equal(constant.w, adaptive.w)


def test_names_stand_for_the_defaults():
    for name, cls in schedules.SCHEDULES.items():
        assert named_schedule(name) == cls()
    assert named_schedule("adaptive") == Adaptive(0.03, 5.0, 1e-3, 5, 1e-6)
    assert named_schedule(0.5) == Constant(0.5)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Cosine(warm_up=-1), "warm_up: expected an integer from 0 to"),
        (lambda: Cosine(steps=0), "steps: expected an integer from 1 to"),
        (lambda: Cosine(steps=5, warm_up=5), "warm_up: expected fewer than the 5 steps, got 5"),
        (
            lambda: fastsgd.fit(*data(), lr=Cosine(warm_up=40), epochs=4),
            "warm_up: expected fewer than the 40 steps, got 40",
        ),
        (lambda: Step(every=0), "every: expected an integer from 1 to"),
        (lambda: Step(every=2**70), "every: expected an integer from 1 to"),
        (lambda: Cosine(steps=2**70), "steps: expected an integer from 1 to"),
        (lambda: Exponential(decay=1.1), "decay: expected a number from 0 to 1"),
        (lambda: InvScaling(power=-1), "power: expected"),
        (lambda: Adaptive(factor=1.0), "factor: expected a finite number above 1"),
        (lambda: fastsgd.fit(*data(), lr="cosin"), "lr: 'cosin' .* nearest name is 'cosine'"),
        (lambda: fastsgd.fit(*data(), lr=lambda t: 3 - t), "lr: in step 4 it is -1"),
        (lambda: fastsgd.fit(*data(), lr=lambda t: math.nan), "lr: in step 0 it is nan"),
        (lambda: fastsgd.fit(*data(), lr=lambda t: 10**400), "lr: in step 0 it is inf"),
        (lambda: fastsgd.fit(*data(), lr=Adaptive(), epoch_loss=None), "lr: there is no loss to"),
    ],
)
def test_wrong_values_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize("lr", [None, Constant, [0.1]])
def test_wrong_types_are_refused(lr):
    with pytest.raises(TypeError, match="lr: expected"):
        fastsgd.fit(*data(), lr=lr)


@pytest.mark.parametrize("rate", ["fast", None, True, [0.1], [[0.1], [0.1, 0.2]], np.ones(1), 1j])
def test_what_a_function_returns_that_is_no_number_is_named_with_its_step(rate):
    message = f"lr: expected a number for each step, got {re.escape(repr(rate))} for step 7"
    with pytest.raises(TypeError, match=message):
        fastsgd.fit(*data(), lr=lambda t: rate if t == 7 else 0.1)


def test_what_only_fit_knows_is_asked_for():
    with pytest.raises(ValueError, match="steps: expected the number of steps until the end"):
        Cosine().rates(np.arange(3))


@pytest.mark.parametrize("number", [int, np.float32, np.array])
def test_functions_may_return_numbers_of_any_type(number):
    one, other = (fastsgd.fit(*data(), lr=lr, seed=0) for lr in (lambda t: number(1), 1.0))
    np.testing.assert_array_equal(one.w, other.w)


def test_a_function_is_asked_but_once_for_each_step():
    X, y = data()
    steps = -(-X.shape[0] // 10)  # of the epoch that diverges
    rates = iter([0.0] * (steps - 1) + [math.inf] + [1e200] * steps)
    with pytest.raises(ValueError, match=f"lr: in step {steps - 1} it is inf"):
        fastsgd.fit(X, y, lr=lambda t: next(rates), epochs=3, batch_size=10)
    with pytest.raises(fastsgd.DivergenceError, match=r"smaller than 1e.200"):
        fastsgd.fit(X, y, lr=lambda t: next(rates), epochs=3, batch_size=10)


def test_it_is_so_where_a_mini_batch_takes_several_stretches(monkeypatch):
    monkeypatch.setattr("fastsgd.stretches.STRETCH", 1000)
    X, y = np.ones((5000, 3)), np.ones(5000)
    steps = []
    fastsgd.fit(X, y, lr=lambda t: steps.append(t) or 0.01, batch_size=2500, epochs=2)
    assert steps == [0, 1, 2, 3]


def test_it_is_so_for_averages_on_sparse_rows():
    steps, (X, y) = [], data()
    options = {"penalty": L2(0.1), "average": True, "batch_size": 10, "epochs": 2}
    fastsgd.fit(csr_array(X), y, lr=lambda t: steps.append(t) or 0.01, **options)
    assert steps == list(range(2 * -(-X.shape[0] // 10)))


def test_a_warm_up_does_not_matter_where_no_step_is_taken():
    options = {"lr": Cosine(warm_up=1000), "epochs": 0}
    assert fastsgd.fit(*data(), **options).history.loss == ()
    begun = fastsgd.fit(*data(), epochs=1)
    assert fastsgd.fit(*data(), **options, resume=begun).history.loss == begun.history.loss


def test_what_a_function_raises_is_passed_on():
    with pytest.raises(ZeroDivisionError):
        fastsgd.fit(*data(), lr=lambda t: 1 / t)


def test_optimal_takes_the_mean_where_each_feature_has_an_alpha():
    of_each, of_all = (
        Optimal().bound(loss=Squared(), penalty=L2(alpha), steps=0) for alpha in ([0.25, 0.75], 0.5)
    )
    assert of_each == of_all


def test_a_learning_rate_of_0_is_taken():
    X, y = data()
    options = {"batch_size": len(y), "seed": 0}
    model = fastsgd.fit(X, y, lr=lambda step: 0.03 if step == 0 else 0.0, epochs=3, **options)
    np.testing.assert_array_equal(model.w, fastsgd.fit(X, y, epochs=1, **options).w)


@pytest.mark.filterwarnings("error")
def test_rates_that_fall_to_0_do_so_in_silence():
    assert InvScaling(0.1, 1e6).rates(np.arange(3))[2] == 0
    assert InvScaling(0.1, 0.5, 1e-320).rates(np.arange(3))[2] == 0


def test_cosine_ends_at_its_final_rate_with_the_fit_by_default():
    np.testing.assert_array_equal(
        rates_taken(Cosine(0.1, final=0.02), epochs=8, batch_size=95),
        rates_taken(Cosine(0.1, final=0.02, steps=8), epochs=8, batch_size=95),
    )


def test_cosine_ends_with_both_fits_where_one_goes_on():
    options = {"batch_size": 95, "seed": 0}
    begun = fastsgd.fit(*data(), epochs=3, **options)
    one, other = (
        fastsgd.fit(*data(), lr=Cosine(0.1, steps=steps), epochs=5, resume=begun, **options)
        for steps in (None, 8)
    )
    np.testing.assert_array_equal(one.w, other.w)


def test_cosine_counts_the_steps_of_the_rows_that_are_learned_from():
    # Of 95 rows 76 are: 8 mini-batches of 10.
    one, other = (
        fastsgd.fit(*data(), lr=Cosine(0.1, steps=steps), epochs=3, validation=0.2, seed=0)
        for steps in (None, 24)
    )
    np.testing.assert_array_equal(one.w, other.w)


@pytest.mark.parametrize("lr", ["optimal", "cosine"])
def test_no_epoch_asks_for_no_rate(lr):
    X = csr_array(np.eye(30))
    y = np.arange(30.0)
    options = {"penalty": "l2", "average": True, "lr": lr, "seed": 0}
    model = fastsgd.fit(X, y, epochs=0, **options)
    np.testing.assert_array_equal(model.w, fastsgd.fit(X, y, epochs=0, seed=0).w)
    assert len(fastsgd.fit(X, y, resume=model, **options).history.loss) == 3


def test_a_last_rate_that_is_too_large_for_float32_is_refused():
    with pytest.raises(ValueError, match=r"lr's final: expected .* float32, got 1e\+39"):
        fastsgd.fit(np.ones((9, 1), np.float32), np.ones(9), lr=Cosine(0.01, final=1e39))
