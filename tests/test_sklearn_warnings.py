"""Fits of the estimators that diverged, or ended too early, are warned of, and no others."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import sklearn.linear_model as theirs
from labelled_rows import LABELS, SCORE, X
from noisy_rows import data
from numba import config
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import ShuffleSplit
from tolerances import ROUNDING

import fastsgd.sklearn
from fastsgd.sklearn import SGDClassifier, SGDRegressor
from fastsgd.sklearn.bounded import BoundedSquared


def test_weights_of_classes_make_no_fit_look_as_if_it_diverged():
    options = {"learning_rate": "constant", "eta0": 1e-16, "tol": None, "max_iter": 3}
    with warnings.catch_warnings():
        warnings.filterwarnings("error", "The fit diverged")
        SGDClassifier(**options, class_weight={"no": 1e13, "yes": 1e13}).fit(X, LABELS)
        # Of class weight 0, a row counts for nothing, though its loss overflows.
        rows, weights = np.array([[1e200], [1e7], [1e7]] * 4), {0: 0, 1: 1}
        options |= {"loss": "squared_error", "eta0": 1e-30, "alpha": 0, "class_weight": weights}
        SGDClassifier(**options).fit(rows, [0, 1, 1] * 4, coef_init=[[1.0]])
        # One-versus-rest, the weight of a class is that of its own rows alone.
        options = {"learning_rate": "constant", "eta0": 1e-25, "tol": None, "max_iter": 3}
        weights, of_rows = {"no": 1.0, "yes": 1.0}, np.full(len(X), 1e14)
        model = SGDClassifier("log_loss", **options, class_weight=weights)
        model.fit(X, LABELS, sample_weight=of_rows)
        model = SGDClassifier("log_loss", **options, class_weight=dict.fromkeys(range(3), 1e-9))
        model.fit(X, np.arange(len(X)) % 3, sample_weight=np.full(len(X), 1e13))
        model = SGDRegressor(learning_rate="constant", eta0=1e-9, average=True).partial_fit(
            X, SCORE
        )
        model.coef_ = np.full(3, 1e7)
        model.partial_fit(X, SCORE)


UNBOUNDED = [
    ("SGDRegressor", "squared_error"),
    ("SGDRegressor", "squared_epsilon_insensitive"),
    ("SGDClassifier", "squared_error"),
    ("SGDClassifier", "squared_epsilon_insensitive"),
    ("SGDClassifier", "squared_hinge"),
]


@pytest.mark.parametrize(("name", "loss"), UNBOUNDED if config.DISABLE_JIT else UNBOUNDED[:3:2])
def test_derivatives_are_clipped_as_there_but_not_without_a_word(name, loss):
    rows, y = 1e3 * X, SCORE if name == "SGDRegressor" else LABELS
    options = {"loss": loss, "random_state": 0, "tol": None, "max_iter": 3, "eta0": 0.1}
    options["learning_rate"] = "constant"
    their = getattr(theirs, name)(**options).fit(rows, y)
    our = getattr(fastsgd.sklearn, name)(**options)
    with pytest.warns(ConvergenceWarning, match="The fit diverged: its loss is .*e") as caught:
        our.fit(rows, y)
    assert caught[0].filename == __file__
    classes = {} if name == "SGDRegressor" else {"classes": np.unique(y)}
    with pytest.warns(ConvergenceWarning, match="The fit diverged") as caught:
        getattr(fastsgd.sklearn, name)(**options).partial_fit(rows, y, **classes)
    assert caught[0].filename == __file__
    assert 1e10 < np.abs(their.coef_).max() < 1e17
    assert 0.01 < np.abs(our.coef_).max() / np.abs(their.coef_).max() < 100


def warned(model):
    """Return the warnings of a fit."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(X, SCORE)
    return caught


def test_a_fit_that_diverged_is_warned_of_once_in_the_words_of_scikit_learn():
    options = {"batch_size": 30, "learning_rate": "constant", "eta0": 5.0, "max_iter": 60}
    (warning,) = warned(SGDRegressor(**options, tol=None, random_state=0))
    assert warning.category is ConvergenceWarning


def test_warnings_are_scikit_learns():
    options = {"max_iter": 2, "power_t": -0.1, "eta0": 1e-3}
    expected, got = (warned(make(**options)) for make in (theirs.SGDRegressor, SGDRegressor))
    for one, other in zip(got, expected, strict=True):
        assert (one.category, str(one.message)) == (other.category, str(other.message))
        assert one.filename == __file__
    assert [one.category for one in got] == [ConvergenceWarning, FutureWarning]
    assert not warned(SGDRegressor(tol=None, max_iter=2))


def test_rates_that_grow_are_scikit_learns_as_long_as_it_has_them():
    options = {"power_t": -0.1, "eta0": 1e-3, "tol": None, "max_iter": 3, "shuffle": False}
    their, our = theirs.SGDRegressor(**options), SGDRegressor(**options)
    for model in (their, our):
        warned(model)
    np.testing.assert_allclose(our.coef_, their.coef_, rtol=ROUNDING)


@pytest.mark.filterwarnings("ignore:Negative values:FutureWarning")
def test_a_rate_that_grows_beyond_numbers_is_refused():
    model = SGDRegressor(power_t=-300.0, eta0=1e-300, max_iter=1, tol=None)
    with pytest.raises(ValueError, match=r"lr: in step 1\d it is inf"):
        model.fit(1e-30 * X, SCORE)


def test_derivatives_end_at_1e12_on_both_sides():
    errors = np.array([-1e20, -2e12, -5e11, 0.0, 5e11, 2e12, 1e20])
    slopes = [BoundedSquared().derivative(error, 0.0) for error in errors]
    np.testing.assert_array_equal(slopes, np.clip(errors, -1e12, 1e12))


def test_single_rows_of_float32_are_fitted_as_scikit_learn_does_where_their_losses_are_large():
    rows, options = X.astype(np.float32) * 1e6, {"shuffle": False, "tol": None, "max_iter": 3}
    expected = theirs.SGDRegressor(**options).fit(rows, SCORE)
    with pytest.warns(ConvergenceWarning, match="The fit diverged"):
        model = SGDRegressor(**options).fit(rows, SCORE)
    np.testing.assert_allclose(model.coef_, expected.coef_, rtol=1e-3)  # 270 steps round by 6e-8


def test_fits_without_an_estimator_warn_after_those_with_one():
    SGDRegressor(random_state=0, max_iter=2, tol=None).fit(X, SCORE)
    with pytest.warns(fastsgd.DivergenceWarning, match="diverged"):
        fastsgd.fit(*data(), lr=3.0, batch_size=200, epochs=30, seed=0)


def test_averages_that_predict_nothing_are_warned_of_though_the_weights_have_come_back():
    rows = 1.6 * np.random.default_rng(0).normal(size=(400, 4))
    y = rows @ np.arange(4.0) + 1
    options = {"eta0": 1.0, "random_state": 0, "max_iter": 40, "tol": None}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        alone = SGDRegressor(**options).fit(rows, y)
    assert alone.score(rows, y) > 0.9
    averaged = SGDRegressor(average=True, **options)
    with pytest.warns(ConvergenceWarning, match="The fit diverged: its loss is .*e"):
        averaged.fit(rows, y)
    assert averaged.score(rows, y) < -1e6
    # So they are by the rows that were learned from, whatever those held out are.
    _, held = next(ShuffleSplit(test_size=0.1, random_state=0).split(rows))
    y[held] = 1e60
    with pytest.warns(ConvergenceWarning, match="The fit diverged: its loss is .*e"):
        averaged.set_params(early_stopping=True).fit(rows, y)


def test_large_losses_of_steps_of_bounded_length_are_no_divergence():
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(500, 4))
    labels = rows @ [1, 2, 3, 0] + 3 * rng.normal(size=500) > 0
    options = {"penalty": None, "learning_rate": "constant", "eta0": 1.0, "fit_intercept": False}
    small, large = (
        SGDClassifier("perceptron", max_iter=20, tol=None, random_state=0, **options).fit(X, labels)
        for X in (rows, 2**23 * rows)
    )
    assert large.loss_curve_[-1] > 1e12
    # The weights of a perceptron are sums of rows, whatever their unit.
    np.testing.assert_array_equal(large.coef_, 2**23 * small.coef_)
