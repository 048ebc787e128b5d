"""Each penalty is its formula, keeps weights small as it should, and never touches b."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numba import njit
from scipy import sparse

import fastsgd
from fastsgd.kernels.arithmetic import nearer_to_zero
from fastsgd.kernels.methods import derivative, shrink
from fastsgd.members import in_dtype
from fastsgd.optimizers import SGD, Adam
from fastsgd.penalties import L1, L2, CumulativeL1, ElasticNet, NoPenalty, named_penalty
from fastsgd.sklearn.passive import PA1
from fastsgd.sklearn.translation import HuberOnLabels

START = np.array([0.5, -0.5, 1.0, 0.25]), 0.3


def data():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 4))
    return X, X @ [2, -3.4, 0.5, 0] + 4.2


def value_in_numpy(penalty, w):
    alpha = np.asarray(getattr(penalty, "alpha", 0.0), float)
    share = {L1: 1.0, L2: 0.0}.get(type(penalty), getattr(penalty, "l1_ratio", 0.0))
    return float(np.sum(alpha * (share * np.abs(w) + (1 - share) * w**2 / 2)))


def steps_in_numpy(penalty, X, y, w, b, lr, epochs):
    """Forward-backward splitting: L2 in the gradient, then soft thresholding."""
    alpha = np.asarray(getattr(penalty, "alpha", 0.0), float)
    share = {L1: 1.0, L2: 0.0}.get(type(penalty), getattr(penalty, "l1_ratio", 0.0))
    w = w.copy()
    for _ in range(epochs):
        for start in range(0, len(X), 10):
            rows = slice(start, start + 10)
            residual = X[rows] @ w + b - y[rows]
            w *= np.maximum(0, 1 - lr * alpha * (1 - share))
            w -= lr * X[rows].T @ residual / 10
            w = np.sign(w) * np.maximum(np.abs(w) - lr * alpha * share, 0)
            b -= lr * residual.mean()
    return w, b


@st.composite
def penalties(draw):
    strength = st.floats(0, 3)
    alpha = draw(st.one_of(strength, st.lists(strength, min_size=4, max_size=4)))
    kind = draw(st.sampled_from([L1, L2, ElasticNet]))
    return kind(alpha) if kind is not ElasticNet else kind(alpha, draw(st.floats(0, 1)))


@given(penalty=penalties())
def test_plain_sgd_splits_forward_and_backward(penalty):
    X, y = data()
    model = fastsgd.fit(X, y, penalty=penalty, lr=0.1, epochs=3, shuffle=False, init=START)
    w, b = steps_in_numpy(penalty, X, y, *START, lr=0.1, epochs=3)
    # 18 steps of parameters of order 1.
    np.testing.assert_allclose(model.w, w, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(model.b, b, rtol=1e-12)
    assert model.history.penalty[-1] == pytest.approx(value_in_numpy(penalty, w), rel=1e-11)
    for loss, data_loss, value in zip(
        model.history.loss, model.history.data_loss, model.history.penalty, strict=True
    ):
        assert loss == data_loss + value


def test_the_penalty_is_summed_in_float64_over_all_outputs():
    d = 2**16
    w = np.full((d, 2), 0.1, np.float32)
    X, y = sparse.csr_array((1, d), dtype=np.float32), np.zeros((1, 2), np.float32)
    start = w, np.zeros(2)
    model = fastsgd.fit(X, y, penalty=L2(alpha=0.5), lr=1e-30, epochs=1, init=start)
    # A float32 sum of so many equal terms is off by more than 1e-5.
    assert model.history.penalty[0] == pytest.approx(d * 0.5 * float(w[0, 0]) ** 2, rel=1e-12)


@pytest.mark.parametrize("alpha", [9.0, 10.0, 11.0, 1e6])
def test_l2_never_turns_the_sign_of_a_weight(alpha):
    # Without features there is no gradient but that of the penalty.
    X, y = np.zeros((10, 3)), np.zeros(10)
    start = [1.0, -2.0, 0.0], 0.0
    model = fastsgd.fit(X, y, penalty=L2(alpha), lr=0.1, epochs=1, init=start)
    left = max(0.0, 1 - 0.1 * alpha)
    np.testing.assert_allclose(model.w, [left, -2 * left, 0], atol=1e-16)


@pytest.mark.parametrize("optimizer", ["sgd", "adam", SGD(0.9)])
@pytest.mark.parametrize("penalty", [L1(2.0), L2(2.0)])
def test_no_penalty_reaches_b(optimizer, penalty):
    X, y = np.zeros((10, 3)), np.full(10, 3.0)
    options = {"optimizer": optimizer, "lr": 0.05, "epochs": 50, "seed": 0}
    options["init"] = [1.0, -1.0, 1.0], 0.0
    with_penalty = fastsgd.fit(X, y, penalty=penalty, **options)
    without = fastsgd.fit(X, y, **options)
    # Code for another penalty may round in other places.
    assert with_penalty.b == pytest.approx(without.b, rel=1e-13)
    assert (abs(with_penalty.w) < 1).all()
    assert (abs(without.w) == 1).all()


def test_l1_leaves_weights_of_exactly_zero():
    X, y = data()
    model = fastsgd.fit(X, y, penalty=L1(0.4), lr=0.05, epochs=200, batch_size=60, seed=0)
    assert model.w[3] == 0.0
    assert (model.w[:3] != 0).all()


def test_a_penalty_hides_no_nan():
    X, y = np.array([[1.0, 1.0, 1.0], [1.0, np.nan, 1.0]]), np.zeros(2)
    for penalty in (L1(1.0), L2(1.0), ElasticNet(1.0), CumulativeL1(1.0)):
        with pytest.raises(fastsgd.DivergenceError):
            fastsgd.fit(X, y, penalty=penalty, check_finite=False, epoch_loss=None)


def test_l2_is_part_of_the_gradient_that_optimizers_see():
    # The first step of Adam has the length lr in the direction of the gradient, whatever its size,
    # but for eps.
    X, y, w = np.zeros((10, 3)), np.zeros(10), np.array([1.0, -2.0, 0.5])
    model = fastsgd.fit(
        X, y, penalty=L2(0.3), optimizer=Adam(), lr=0.01, batch_size=10, epochs=1, init=(w, 0)
    )
    g = 0.3 * w
    # A few roundings of a step of a hundredth, and one of the weight.
    np.testing.assert_allclose(model.w, w - 0.01 * g / (abs(g) + 1e-8), rtol=5e-16)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "penalty", [NoPenalty(), L1(0.1), L2(0.1), ElasticNet(0.1), CumulativeL1(0.1)]
)
def test_a_penalty_makes_no_step_wider_than_its_weights(penalty, dtype):
    @njit
    def parts(penalty, w, slots):
        x = w[0]
        return x + derivative(penalty, x, 0, x), shrink(penalty, x, slots, 0, 0, x)

    parts(in_dtype(penalty, dtype), np.ones(1, dtype), np.zeros((2, 1, 1), dtype))
    (signature,) = parts.nopython_signatures
    assert [kind.name for kind in signature.return_type] == [dtype, dtype]


def test_names_stand_for_the_defaults():
    assert named_penalty(None) == named_penalty("none") == NoPenalty()
    assert named_penalty("l2") == L2(alpha=1e-4)
    assert named_penalty("l1") == L1(alpha=1e-4)
    assert named_penalty("elasticnet") == ElasticNet(alpha=1e-4, l1_ratio=0.15)
    assert named_penalty("cumulative_l1") == CumulativeL1(alpha=1e-4, l1_ratio=1.0)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: L2(alpha=-1), "alpha: expected a finite number of at least 0, got -1"),
        (lambda: L1(alpha=np.nan), "alpha: expected"),
        (lambda: L1(alpha=[1.0, -1.0]), "alpha: expected a number, or one for each feature"),
        (lambda: L1(alpha=[[1.0]]), "alpha: expected a number, or one for each feature"),
        (lambda: L2(alpha=[]), "alpha: expected a number, or one for each feature"),
        (lambda: L2(alpha=[True, False]), "alpha: expected a number, or one for each feature"),
        (lambda: ElasticNet(l1_ratio=1.5), "l1_ratio: expected a number from 0 to 1, got 1.5"),
        (lambda: CumulativeL1(l1_ratio=-1), "l1_ratio: expected a number from 0 to 1, got -1"),
        (lambda: named_penalty("l3"), "penalty: 'l3' .* nearest name is 'l"),
        (lambda: fastsgd.fit(*data(), penalty=L2([1.0, 2.0])), "penalty: expected one alpha"),
    ],
)
def test_wrong_parameters_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize("alpha", ["1", None, True, np.bool_(True)])
def test_wrong_types_are_refused(alpha):
    with pytest.raises(TypeError, match="alpha: expected"):
        L2(alpha)


def test_alpha_of_each_feature_is_copied():
    alpha = np.array([1.0, 2.0])
    penalty = L2(alpha)
    alpha[:] = 5
    np.testing.assert_array_equal(penalty.alpha, [1, 2])


def test_a_strong_l2_has_the_optimum_of_its_objective_for_optimizers_of_any_step():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 3))
    y = X @ [1.0, 2.0, 3.0]
    best = np.linalg.solve(X.T @ X / 200 + 5 * np.eye(3), X.T @ y / 200)
    options = {"batch_size": 200, "epochs": 300, "seed": 0, "fit_intercept": False}
    model = fastsgd.fit(X, y, penalty=L2(5.0), optimizer="adagrad", lr=1.0, **options)
    # Steps of all rows: after 30 of them nothing but rounding is left, a few ulp.
    np.testing.assert_allclose(model.w, best, rtol=1e-14)


def test_equal_penalties_have_equal_hashes():
    for one, other in ((L2([0.0, 0.2]), L2([-0.0, 0.2])), (ElasticNet([0.1]), ElasticNet([0.1]))):
        assert one == other
        assert hash(one) == hash(other)
    assert len({L2(0.1), L2([0.1]), L2([0.1, 0.1]), L1([0.1]), L1([0.1])}) == 4


@pytest.mark.parametrize(("w", "distance"), [(math.nan, 1.0), (1.0, math.nan), (math.nan, 0.0)])
def test_a_shrunk_weight_lets_nan_be_seen(w, distance):
    assert math.isnan(nearer_to_zero(w, distance))
    assert math.isnan(njit(nearer_to_zero)(w, distance))


def test_rates_whose_sum_overflows_are_not_silent():
    # The penalty on the first weight is 0, and infinity times 0 is not a number.
    X = sparse.csr_array(np.array([[0, 0], [0, 0], [0, 1], [0, 0]], np.float32))
    options = {"lr": 3e38, "batch_size": 1, "epochs": 1, "fit_intercept": False, "shuffle": False}
    with pytest.raises(fastsgd.DivergenceError):
        fastsgd.fit(X, np.zeros(4), init=([1.0, 0.0], 0.0), penalty=L1([0.0, 1.0]), **options)


@pytest.mark.parametrize(
    ("penalty", "w", "value"),
    [(ElasticNet(1e-4, 1.0), 1e160, 1e156), (L2(0.0), 1e160, 0.0), (L2(1e-30), 1e162, 5e293)],
)
def test_the_square_of_a_weight_may_overflow_where_the_penalty_does_not(penalty, w, value):
    options = {"init": ([w, 0.0, 0.0], 0.0), "lr": 0.01, "epochs": 1, "fit_intercept": False}
    model = fastsgd.fit(np.zeros((1, 3)), [0.0], penalty=penalty, **options)
    # No step moves such a weight: what rounds is the penalty itself.
    np.testing.assert_allclose(model.history.penalty, value, rtol=1e-15)


@pytest.mark.parametrize("penalty", [L2(0.1), ElasticNet(0.1, 0.3)])
def test_the_penalty_in_the_history_is_that_of_float64_for_float32_as_well(penalty):
    X, y = data()
    model = fastsgd.fit(X.astype(np.float32), y, penalty=penalty, seed=0)
    w, ratio = model.w.astype(float), getattr(penalty, "l1_ratio", 0.0)
    expected = 0.1 * (ratio * abs(w).sum() + (1 - ratio) * (w @ w) / 2)
    np.testing.assert_allclose(model.history.penalty[-1], expected, rtol=1e-12)


def test_strengths_that_make_no_array_are_refused_by_name():
    with pytest.raises(ValueError, match="alpha: cannot be made an array"):
        L2([[1.0], [1.0, 2.0]])


def test_a_changed_copy_is_of_the_same_class():
    for member in (CumulativeL1(0.1), HuberOnLabels(1.0), PA1(0.1)):
        changed = member._replace(**{member._fields[0]: 0.5})
        assert type(changed) is type(member)
        assert changed[0] == 0.5


def test_no_strength_is_made_of_a_bool():
    X, y = data()
    with pytest.raises(TypeError, match=r"penalty: expected a name, .* got True$"):
        fastsgd.fit(X, y, penalty=True)


def test_full_losses_and_the_penalty_beside_them_are_those_of_averages():
    X, y = data()
    options = {"penalty": L2(0.5), "average": True, "epoch_loss": "full"}
    model = fastsgd.fit(X, y, **options, seed=0)
    residuals = X @ model.w + model.b - y
    np.testing.assert_allclose(model.history.data_loss[-1], (residuals**2).mean() / 2, rtol=1e-12)
    np.testing.assert_allclose(model.history.penalty[-1], model.w @ model.w / 4, rtol=1e-12)


@pytest.mark.parametrize("kind", [ElasticNet, CumulativeL1])
def test_a_share_of_l2_never_turns_the_sign_of_a_weight(kind):
    # Without features. The share of L2 would take three times all of a weight, that of L1 takes 1.
    X, y, start = np.zeros((10, 3)), np.zeros(10), ([1.0, -2.0, 0.0], 0.0)
    model = fastsgd.fit(X, y, penalty=kind(40.0, 0.25), lr=0.1, epochs=1, init=start)
    np.testing.assert_array_equal(model.w, [0, 0, 0])
