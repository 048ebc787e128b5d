"""Each loss is its definition, with the slope of its value as derivative, accurately."""

from __future__ import annotations

import math
from decimal import Decimal, localcontext

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn._loss import _loss as functions
from sklearn.linear_model import _sgd_fast as margins

import fastsgd
from fastsgd.losses import (
    LOSSES,
    EpsilonInsensitive,
    Gamma,
    Hinge,
    Huber,
    LogCosh,
    Logistic,
    ModifiedHuber,
    Perceptron,
    Poisson,
    Quantile,
    Softmax,
    Squared,
    SquaredEpsilonInsensitive,
    SquaredHinge,
    Tweedie,
    named_loss,
)
from fastsgd.optimizers import OPTIMIZERS
from fastsgd.penalties import PENALTIES

EPS = np.finfo(float).eps
# A few of the smallest numbers that there are, one for each term of a sum.
TINY = Decimal("4e-323")
OF_ONE_OUTPUT = [name for name in LOSSES if name != "softmax"]
numbers = st.floats(-20, 20)


def targets_of(name):
    """Return targets that a loss takes."""
    if LOSSES[name].kind == "binary":
        return st.sampled_from([-1.0, 1.0])
    return st.floats(0.0625, 20) if name in ("poisson", "gamma", "tweedie") else numbers


@pytest.mark.parametrize("name", OF_ONE_OUTPUT)
@given(data=st.data(), y_hat=numbers)
def test_derivative_is_a_slope_of_the_value(name, data, y_hat):
    loss, y = LOSSES[name](), data.draw(targets_of(name))
    h = 1e-6
    low, middle, high = (loss.value(y_hat + step, y) for step in (-h, 0, h))
    # Values are convex: at a kink the derivative is between the slopes on its two sides, and
    # those differ by h times the second derivative elsewhere. Rounding adds that of values.
    rounding = 8 * EPS * (abs(middle) + abs(y_hat * y) + abs(y_hat) + abs(y) + 1) / h
    slope = loss.derivative(y_hat, y)
    curved = (
        4 * h * (math.exp(abs(y_hat)) * (1 + y) if name in ("poisson", "gamma", "tweedie") else 1)
    )
    below, above = (middle - low) / h, (high - middle) / h
    assert below - rounding - curved <= slope <= above + rounding + curved


# What scikit-learn's SGDRegressor and SGDClassifier minimise.
SCIKIT = {
    Squared(): functions.CyHalfSquaredError(),
    fastsgd.losses.Absolute(): functions.CyAbsoluteError(),
    Huber(delta=1.5): functions.CyHuberLoss(1.5),
    EpsilonInsensitive(epsilon=0.5): margins.EpsilonInsensitive(0.5),
    SquaredEpsilonInsensitive(epsilon=0.5): margins.SquaredEpsilonInsensitive(0.5),
    Hinge(): margins.Hinge(1.0),
    SquaredHinge(): margins.SquaredHinge(1.0),
    ModifiedHuber(): margins.ModifiedHuber(),
    Perceptron(): margins.Hinge(0.0),
    Quantile(q=0.25): functions.CyPinballLoss(0.25),
    Poisson(): functions.CyHalfPoissonLoss(),
}


def of_scikit(theirs, y_hat, y):
    """Return value and derivative, at arrays."""
    if hasattr(theirs, "py_loss"):
        pairs = [
            (theirs.py_loss(p, t), theirs.py_dloss(p, t)) for p, t in zip(y_hat, y, strict=True)
        ]
    else:
        value, slope = (np.empty_like(y_hat) for _ in range(2))
        theirs.loss_gradient(y, y_hat, None, value, slope, 1)
        pairs = list(zip(value, slope, strict=True))
    return np.array(pairs)


@pytest.mark.parametrize("loss", SCIKIT, ids=lambda loss: type(loss).__name__)
def test_values_and_derivatives_are_those_of_scikit_learn_at_kinks_too(loss):
    # Multiples of 1/2: all kinks are among the errors and margins, and nothing is rounded.
    predictions = np.arange(-5, 5.5, 0.5)
    known = (
        [-1.0, 1.0] if loss.kind == "binary" else [0.5, 2.0] if loss == Poisson() else predictions
    )
    y_hat, y = (grid.ravel() for grid in np.meshgrid(predictions, known))
    ours = [(loss.value(p, t), loss.derivative(p, t)) for p, t in zip(y_hat, y, strict=True)]
    theirs = of_scikit(SCIKIT[loss], y_hat, y)
    if isinstance(loss, fastsgd.losses.Absolute):
        theirs[y_hat == y, 1] = -1  # theirs has 1 in one class and -1 in another
    np.testing.assert_allclose(ours, theirs, rtol=4 * EPS, atol=0)


@pytest.mark.parametrize(
    ("loss", "theirs"),
    [(Gamma(), functions.CyHalfGammaLoss()), (Tweedie(1.5), functions.CyHalfTweedieLoss(1.5))],
)
def test_deviances_differ_from_those_of_scikit_learn_by_a_term_of_y_alone(loss, theirs):
    y_hat = np.linspace(-3, 3, 13)
    y = np.full_like(y_hat, 2.5)
    value, slope = of_scikit(theirs, y_hat, y).T
    ours = np.array([(loss.value(p, 2.5), loss.derivative(p, 2.5)) for p in y_hat])
    np.testing.assert_allclose(np.diff(ours[:, 0]), np.diff(value), rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(ours[:, 1], slope, rtol=1e-12, atol=1e-14)


@given(y_hat=numbers, y=st.floats(0.0625, 20))
def test_tweedie_has_the_losses_of_its_family_as_special_cases(y_hat, y):
    for power, loss in ((1, Poisson()), (2, Gamma())):
        special = Tweedie(power=power)
        assert special.value(y_hat, y) == pytest.approx(loss.value(y_hat, y), rel=1e-14)
        # Relative to what is subtracted.
        scale = abs(loss.derivative(y_hat, 0)) + y * math.exp(-y_hat if power == 2 else 0)
        error = abs(special.derivative(y_hat, y) - loss.derivative(y_hat, y))
        assert error <= 1e-14 * scale
    mean = math.exp(y_hat)
    slope = Tweedie(power=0).derivative(y_hat, y)
    assert slope == pytest.approx((mean - y) * mean, abs=1e-14 * mean * (mean + y))


def exact(formula, *arguments):
    """Evaluate a formula of decimals with 400 digits, in a range that nothing leaves."""
    with localcontext() as context:
        context.prec, context.Emax, context.Emin = 400, 10**9, -(10**9)
        return formula(*map(Decimal, arguments))


def tanh(x):
    return (x.exp() - (-x).exp()) / (x.exp() + (-x).exp())


ACCURATE = {
    # loss: its value and its derivative, of the margin for y = 1 and of the error for y = 0
    Logistic(): (lambda m: (1 + (-m).exp()).ln(), lambda m: -1 / (1 + m.exp()), 1.0),
    LogCosh(): (lambda r: ((r.exp() + (-r).exp()) / 2).ln(), tanh, 0.0),
    Poisson(): (lambda f: f.exp(), lambda f: f.exp(), 0.0),
    Gamma(): (lambda f: f + 3 * (-f).exp(), lambda f: 1 - 3 * (-f).exp(), 3.0),
}
# Where a naive form overflows, cancels or comes out as 0, and between.
PLACES = [
    1e-300,
    1e-20,
    1e-9,
    1e-4,
    0.01,
    0.3,
    0.999,
    1.0,
    1.001,
    3.0,
    18.4,
    36.0,
    37.5,
    100.0,
    700.0,
    708.0,
]


@pytest.mark.parametrize("place", [*PLACES, *(-place for place in PLACES)])
@pytest.mark.parametrize("loss", ACCURATE, ids=lambda loss: type(loss).__name__)
def test_losses_are_accurate_to_a_few_ulp(loss, place):
    value, derivative, y = ACCURATE[loss]
    for ours, formula in ((loss.value, value), (loss.derivative, derivative)):
        expected = exact(formula, place)
        # The terms of a sum that cancels are rounded before.
        cancelled = 3 * math.exp(-place) + abs(place) if isinstance(loss, Gamma) else 0
        assert abs(Decimal(ours(place, y)) - expected) <= Decimal(4 * EPS) * (
            abs(expected) + Decimal(cancelled)
        )


@pytest.mark.parametrize("margin", [750.0, 1e4, 1e300])
def test_logistic_and_log_cosh_stay_finite_far_out(margin):
    assert Logistic().value(-margin, 1.0) == margin
    assert Logistic().derivative(-margin, 1.0) == -1
    assert Logistic().value(margin, 1.0) == pytest.approx(0, abs=1e-300)
    assert Logistic().derivative(margin, 1.0) == pytest.approx(0, abs=1e-300)
    assert LogCosh().value(margin, 0.0) == pytest.approx(margin, abs=1)
    assert LogCosh().derivative(margin, 0.0) == 1


@given(
    scores=st.lists(st.floats(-1000, 1000), min_size=2, max_size=6),
    data=st.data(),
)
def test_softmax_is_accurate_and_finite(scores, data):
    c = data.draw(st.integers(0, len(scores) - 1))
    with localcontext() as context:
        context.prec = 1000
        powers = [Decimal(score).exp() for score in scores]
        total = sum(powers)
        value = total.ln() - Decimal(scores[c])
        slopes = [power / total for power in powers]
        slopes[c] = -sum(power for j, power in enumerate(powers) if j != c) / total
    # Differences of scores are rounded once, which their exponentials feel.
    rounding = Decimal(EPS * (8 + max(scores) - min(scores)))
    y_hat, column = np.array(scores)[:, None], np.array([float(c)])
    assert abs(Decimal(Softmax().value(y_hat[:, 0], c)) - value) <= rounding * value + TINY
    Softmax().differentiate_rows(y_hat, column, np.empty((4, 1)))
    assert abs(Decimal(column.item()) - value) <= rounding * value + TINY
    for mine, slope in zip(y_hat[:, 0].tolist(), slopes, strict=True):
        assert abs(Decimal(mine) - slope) <= rounding * abs(slope) + TINY


@pytest.mark.parametrize("loss", ["poisson", "gamma", "tweedie"])
def test_an_exponential_that_overflows_is_an_error(loss):
    sign = -1.0 if loss == "gamma" else 1.0
    start = [2000.0 * sign, 0.0, 0.0], 0.0
    with pytest.raises(fastsgd.DivergenceError):
        fastsgd.fit(np.ones((2, 3)), [1.0, 1.0], loss=loss, init=start, epoch_loss=None)


def test_a_name_stands_for_the_default():
    assert named_loss("squared") == Squared()
    assert named_loss("huber") == Huber(delta=1.35)
    assert named_loss(Huber(delta=2)) == Huber(delta=2.0)


@pytest.mark.parametrize("power", [1.0, 1.5, 1.9])
def test_a_target_of_0_costs_little_where_little_is_predicted(power):
    X, y, loss = [[-8000.0]], [0.0], Tweedie(power)
    assert fastsgd.gradient(X, y, [1.0], 0.0, loss=loss).b == math.exp(-8000 * (2 - power))
    model = fastsgd.fit(X, y, loss=loss, init=([1.0], 0.0), epochs=0)
    assert model.evaluate(X, y) == pytest.approx(math.exp(-8000 * (2 - power)) / (2 - power))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Huber(1.0)._replace(delta=-1.0), r"delta: expected a positive, finite number"),
        (lambda: Huber(delta=0), r"delta: expected a positive, finite number, got 0"),
        (lambda: Huber(delta=math.inf), r"delta: expected"),
        (
            lambda: EpsilonInsensitive(epsilon=-0.1),
            r"epsilon: expected a finite number of at least 0",
        ),
        (lambda: SquaredEpsilonInsensitive(epsilon=math.nan), r"epsilon: expected"),
        (lambda: Quantile(q=1), r"q: expected a number above 0 and below 1, got 1"),
        (lambda: Quantile(q=0), r"q: expected"),
        (lambda: Tweedie(power=0.5), r"power: expected .* got 0.5"),
        (lambda: named_loss("hubber"), r"loss: 'hubber' .* nearest name is 'huber'"),
    ],
)
def test_wrong_parameters_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    ("loss", "y", "message"),
    [
        ("poisson", [0.0, -1.0], r"y: row 1 is -1"),
        ("gamma", [1.0, 0.0], r"y: row 1 is 0"),
        (Tweedie(power=1), [1.0, -0.5], r"y: row 1 is -0.5"),
        (Tweedie(power=1.5), [1.0, -0.5], r"y: row 1 is -0.5"),
        (Tweedie(power=2), [0.0, 1.0], r"y: row 0 is 0"),
    ],
)
def test_targets_outside_of_the_domain_are_refused(loss, y, message):
    with pytest.raises(ValueError, match=message):
        fastsgd.fit([[1.0], [2.0]], y, loss=loss)


def test_targets_at_the_edge_of_the_domain_are_taken():
    for loss in ("poisson", Tweedie(power=1.5)):
        fastsgd.fit([[1.0], [2.0]], [0.0, 1.0], loss=loss, epochs=0)
    fastsgd.fit([[1.0], [2.0]], [-1.0, 1.0], loss=Tweedie(power=0), epochs=0)


@pytest.mark.parametrize(
    "make", [lambda: Huber(delta="1"), lambda: named_loss(Huber), lambda: named_loss(None)]
)
def test_wrong_types_are_refused(make):
    with pytest.raises(TypeError, match="expected"):
        make()


def test_the_losses_of_numbers_work_on_arrays_where_they_do_not_branch():
    y_hat, y = np.array([1.0, 2.0]), np.array([0.0, 4.0])
    np.testing.assert_array_equal(Squared().value(y_hat, y), [0.5, 2.0])


def test_only_members_of_one_class_are_equal():
    members = [cls() for cls in [*LOSSES.values(), *PENALTIES.values(), *OPTIMIZERS.values()]]
    for i, one in enumerate(members):
        assert [one == other for other in members].index(True) == i
        assert [one != other for other in members].count(False) == 1
    assert len(set(members)) == len(members)
    assert fastsgd.penalties.L2([1.0, 2.0]) == fastsgd.penalties.L2([1.0, 2.0])
    assert Huber(delta=1.0) != Huber(delta=2.0)


@pytest.mark.parametrize(("y_hat", "y"), [(1.79e308, 1.0), (712.0, 1e305), (1300.0, 1e304)])
def test_the_loss_of_poisson_overflows_where_what_is_subtracted_is_large_as_well(y_hat, y):
    model = fastsgd.fit([[1.0]], [y], loss="poisson", init=([y_hat], 0.0), epochs=0)
    with pytest.raises(ValueError, match="overflow"):
        model.evaluate([[1.0]], [y])


@pytest.mark.parametrize("shift", [0.0, 1e8, -1e12])
def test_the_loss_of_softmax_loses_nothing_where_all_scores_are_large(shift):
    start = [[0.0, 0.0]], [shift, shift - 1.0]
    model = fastsgd.fit([[0.0], [0.0]], [0, 1], loss="softmax", epochs=0, init=start)
    gap = model.b[0] - model.b[1]
    assert model.evaluate([[0.0]], [0]) == pytest.approx(np.log1p(np.exp(-gap)), rel=1e-15)


@pytest.mark.parametrize("error", [0.3, 1.0, 1.9, 3.0, -30.0, 800.0, -1e4])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_kernels_have_the_value_of_log_cosh(error, dtype):
    X = np.zeros((1, 1), dtype)
    model = fastsgd.fit(X, [0.0], loss="log_cosh", init=([0.0], error), epochs=0)
    size = abs(error)
    value = size + math.log1p(math.exp(-2 * size)) - math.log(2)
    tolerance = 64 * float(np.finfo(dtype).eps)
    assert model.evaluate(X, [0.0]) == pytest.approx(value, rel=tolerance, abs=0)


def test_losses_of_softmax_count_as_much_as_their_rows():
    # Without scores to tell k classes apart, a row loses log(k); so short are the steps.
    X, y, weights = np.zeros((6, 3)), [0, 1, 2] * 2, np.arange(6.0)
    options = {"loss": "softmax", "init": (np.zeros((3, 3)), np.zeros(3)), "lr": 1e-300}
    model = fastsgd.fit(X, y, sample_weight=weights, epochs=1, **options)
    expected = pytest.approx(weights.mean() * math.log(3), rel=1e-15)
    assert model.history.loss[0] == expected
    assert model.evaluate(X, y, weights) == expected
