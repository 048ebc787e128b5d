"""The passive-aggressive learning rates of the estimators are scikit-learn's."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import scipy.sparse as sp
import sklearn.linear_model as theirs
from numba import config
from sklearn.datasets import load_digits
from tolerances import ROUNDING

import fastsgd
from fastsgd.optimizers import SGD
from fastsgd.sklearn import SGDClassifier, SGDRegressor

RNG = np.random.default_rng(0)
X = RNG.normal(size=(90, 4))
SCORE = X @ [4.0, -8.0, 2.0, 0.0] + RNG.normal(scale=0.3, size=90)
TARGETS = {
    "numbers": SCORE,
    "two classes": np.where(SCORE > 0.5, "yes", "no"),
    "three classes": np.digitize(SCORE, [-1.0, 1.0]) + 5,
}
RULES = ["pa1", "pa2"]
PLAIN = {"shuffle": False, "tol": None, "alpha": 0.05}


def pair(kind, **options):
    """Return scikit-learn's estimator and ours."""
    name = "SGDRegressor" if kind == "numbers" else "SGDClassifier"
    options = PLAIN | ({"loss": "epsilon_insensitive"} if kind == "numbers" else {}) | options
    make = SGDRegressor if kind == "numbers" else SGDClassifier
    return getattr(theirs, name)(**options), make(**options)


def assert_alike(their, our):
    """Compare all that was learned."""
    np.testing.assert_allclose(our.coef_, their.coef_, rtol=ROUNDING, atol=ROUNDING)
    np.testing.assert_allclose(our.intercept_, their.intercept_, rtol=ROUNDING, atol=ROUNDING)
    assert our.n_iter_ == their.n_iter_


VARIANTS = {
    "plain": {},
    "without a penalty": {"penalty": None},
    "through zero": {"fit_intercept": False},
    "averaged": {"average": 50},
    "with a tolerance": {"epsilon": 0.5},
}


# What an average is of does not depend on the kind of the targets, nor does what is not penalised.
ONCE = {"averaged": "two classes", "without a penalty": "three classes"}
CASES = [
    (kind, variant)
    for kind, variant in product(TARGETS, VARIANTS)
    if ONCE.get(variant, kind) == kind
]
# Compiled: all that one kernel for each kind of targets is enough for.
COMPILED = [(kind, variant) for kind, variant in CASES if variant not in ONCE]
# An interpreted step takes as long as thousands of compiled ones.
ROWS = slice(30 if config.DISABLE_JIT else None)


@pytest.mark.parametrize(("kind", "variant"), CASES if config.DISABLE_JIT else COMPILED)
@pytest.mark.parametrize("rule", RULES)
def test_parameters_after_each_epoch_are_scikit_learns(kind, rule, variant):
    rows, y = X[ROWS], TARGETS[kind][ROWS]
    for eta0 in (0.02, 1.0):
        for epochs in (1, 2, 3):
            options = {"learning_rate": rule, "eta0": eta0, "max_iter": epochs}
            their, our = pair(kind, **options | VARIANTS[variant])
            assert_alike(their.fit(rows, y), our.fit(rows, y))
            assert our.t_ == their.t_


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("kind", TARGETS)
def test_sparse_rows_and_weights_are_scikit_learns(kind, rule):
    rows = sp.random_array((90, 30), density=0.4, format="csr", rng=np.random.default_rng(1))
    weights = np.random.default_rng(2).uniform(0, 2, size=90)
    more = {} if kind == "numbers" else {"class_weight": dict.fromkeys(TARGETS[kind][:1], 2.0)}
    for model in (models := pair(kind, learning_rate=rule, eta0=0.5, max_iter=3, **more)):
        model.fit(rows, TARGETS[kind], sample_weight=weights)
    assert_alike(*models)


@pytest.mark.parametrize("kind", TARGETS)
def test_streams_and_ends_of_fits_are_scikit_learns(kind):
    y = TARGETS[kind]
    more = {} if kind == "numbers" else {"classes": np.unique(y)}
    options = {"learning_rate": "pa1", "eta0": 0.1}
    for model in (models := pair(kind, **options)):
        for part in (slice(0, 7), slice(7, 90)):
            model.partial_fit(X[part], y[part], **more)
    assert_alike(*models)
    options |= {"tol": 1e-2, "alpha": 0.0, "max_iter": 500}
    for model in (models := pair(kind, **options)):
        model.fit(X, y)
    assert_alike(*models)
    assert 5 < models[1].n_iter_ < 500


def test_rows_take_steps_of_their_own_lengths_in_random_orders():
    order, weights = fastsgd.epoch_order(90, 3, 0), np.linspace(0, 2, 90)
    options = {"learning_rate": "pa1", "eta0": 1.0, "max_iter": 1, "random_state": 3}
    shuffled = pair("numbers", **options, shuffle=True)[1]
    shuffled.fit(X, SCORE, sample_weight=weights)
    in_order = pair("numbers", **options)[1]
    in_order.fit(X[order], SCORE[order], sample_weight=weights[order])
    np.testing.assert_allclose(shuffled.coef_, in_order.coef_, rtol=1e-12)
    np.testing.assert_allclose(shuffled.loss_curve_, in_order.loss_curve_, rtol=1e-12)


def test_a_row_of_zeros_takes_no_step():
    rows = X * (np.arange(90) % 3 > 0)[:, None]
    for kind, y in TARGETS.items():
        for rule in ("pa1", "pa2"):
            their, our = pair(kind, learning_rate=rule, max_iter=2, alpha=0.0)
            assert_alike(their.fit(rows, y), our.fit(rows, y))


def test_several_targets_are_learned_as_each_alone():
    y = np.column_stack([SCORE, -2 * SCORE])
    both = pair("numbers", learning_rate="pa2")[1].fit(X, y)
    alone = [pair("numbers", learning_rate="pa2")[1].fit(X, column) for column in y.T]
    np.testing.assert_allclose(both.coef_, [one.coef_ for one in alone], rtol=ROUNDING)


def test_each_class_is_clipped_by_itself():
    options = PLAIN | {"learning_rate": "pa1", "clip_norm": 0.05, "max_iter": 3}
    y = TARGETS["three classes"]
    model = SGDClassifier(**options).fit(X, y)
    alone = [SGDClassifier(**options).fit(X, y == label).coef_[0] for label in np.unique(y)]
    np.testing.assert_allclose(model.coef_, alone, rtol=ROUNDING)


def test_digits_in_float32():
    rows, y = load_digits(return_X_y=True)
    options = {"learning_rate": "pa1", "eta0": 0.1, "random_state": 0, "penalty": None}
    model = SGDClassifier(**options).fit((rows / 16).astype(np.float32), y)
    assert model.coef_.dtype == np.float32
    assert model.score(rows / 16, y) > 0.95


REFUSED = {
    "mini-batches": ({"batch_size": 2}, "'pa1' only works with batch_size=1, got 2: it is a rule"),
    "a name": ({"optimizer": "adam"}, "'pa1' only works with optimizer 'sgd', got 'adam'"),
    "momentum": ({"optimizer": SGD(0.9)}, "'pa1' only works with optimizer 'sgd', got SGD"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_a_rule_for_single_rows_does_not_go_with_is_refused(case):
    options, message = REFUSED[case]
    model = SGDClassifier(learning_rate="pa1", **options)
    with pytest.raises(ValueError, match=message):
        model.fit(X, TARGETS["two classes"])
    begun = SGDClassifier().fit(X, TARGETS["two classes"]).set_params(**model.get_params())
    with pytest.raises(ValueError, match=message):
        begun.partial_fit(X, TARGETS["two classes"])


@pytest.mark.parametrize("rule", RULES)
def test_losses_count_as_much_as_their_rows(rule):
    options = {"learning_rate": rule, "max_iter": 1, "tol": None, "alpha": 0.0}
    model = SGDRegressor("epsilon_insensitive", epsilon=0.5, **options)
    model.fit(sp.csr_array([[1.0]]), [3.0], sample_weight=[2.0])
    assert model.loss_curve_ == [2.0 * (3.0 - 0.5)]


def test_losses_count_as_much_as_the_class_of_their_rows():
    # Rows of zeros lose 1 for each class, times its weight where the row is of it.
    options = {"learning_rate": "pa1", "max_iter": 1, "tol": None, "alpha": 0.0}
    model = SGDClassifier(**options, class_weight={0: 2.0, 1: 3.0, 2: 4.0}, fit_intercept=False)
    assert model.fit(sp.csr_array((3, 1)), [0, 1, 2]).loss_curve_ == [(2 + 3 + 4 + 6) / 3]
