"""The estimators stop when scikit-learn's do, by the loss or by a score."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import sklearn.linear_model as theirs
from peaks import peak_of
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import ShuffleSplit, StratifiedShuffleSplit
from sklearn_pairs import PLAIN, RATES, SCORE, TARGETS, X, assert_alike, ours, pair

from fastsgd.sklearn import SGDClassifier, SGDRegressor


@pytest.mark.parametrize("learning_rate", RATES)
@pytest.mark.parametrize("kind", TARGETS)
def test_fits_stop_when_scikit_learns_do(kind, learning_rate):
    y = TARGETS[kind]
    options = {"tol": 1e-2, "max_iter": 500, "penalty": None, "n_iter_no_change": 3}
    their, our = pair(y, **PLAIN | options, learning_rate=learning_rate)
    assert_alike(their.fit(X, y), our.fit(X, y))
    assert 3 < our.n_iter_ < 500
    assert len(our.loss_curve_) == our.n_iter_


@pytest.mark.parametrize("learning_rate", ["invscaling", "adaptive"])
@pytest.mark.parametrize("kind", ["numbers", "two classes"])
def test_early_stopping_is_scikit_learns(kind, learning_rate):
    y = TARGETS[kind]
    # With a penalty, they score weights that lack a factor.
    options = {"tol": 1e-3, "max_iter": 500, "early_stopping": True, "random_state": 3}
    options |= {"penalty": None}
    their, our = pair(y, **PLAIN | options, learning_rate=learning_rate)
    weights = np.random.default_rng(1).uniform(0, 2, size=90)
    for one in (their, our):
        one.fit(X, y, sample_weight=weights)
    assert_alike(their, our)
    assert our.n_iter_ < 500


@pytest.mark.parametrize("seed", [1, np.random.RandomState(1)])
@pytest.mark.parametrize("kind", TARGETS)
def test_rows_held_out_are_those_that_a_splitter_with_the_random_state_holds_out(kind, seed):
    y = TARGETS[kind]
    splitter = ShuffleSplit if kind == "numbers" else StratifiedShuffleSplit
    train, _ = next(splitter(test_size=0.3, random_state=copy.deepcopy(seed)).split(X, y))
    options = {"early_stopping": True, "validation_fraction": 0.3}
    model = ours(y, **PLAIN, **options, random_state=copy.deepcopy(seed)).fit(X, y)
    alone = ours(y, **PLAIN).fit(X[np.sort(train)], y[np.sort(train)])
    np.testing.assert_array_equal(model.coef_, alone.coef_)


def test_no_more_than_the_rows_held_out_is_copied():
    X = np.random.default_rng(0).normal(size=(20_000, 30))
    options = {"validation_fraction": 0.1, "tol": 1.0, "n_iter_no_change": 1, "random_state": 0}
    model = SGDRegressor(early_stopping=True, eta0=1e-3, **options)
    model.fit(X, X[:, 0])  # compiles
    _, peak = peak_of(lambda: model.fit(X, X[:, 0]))
    assert peak < X.nbytes / 2  # a tenth for the rows held out, the rest for targets and orders


def test_early_stopping_stops_all_classes_by_the_score_of_the_estimator():
    y = TARGETS["three classes"]

    class Unimproved(SGDClassifier):
        scores = (0.1, 0.2, 0.3, 0.3, 0.3)

        def score(self, X, y, sample_weight=None):
            assert set(y) == {0, 1, 2}
            self.seen = [*getattr(self, "seen", []), self.predict(X)]
            return self.scores[len(self.seen) - 1]

    model = Unimproved(early_stopping=True, n_iter_no_change=2, random_state=0, tol=0.05)
    assert model.fit(X, y).n_iter_ == 5
    model.set_params(tol=None, max_iter=7)
    assert model.fit(X, y).n_iter_ == 7


@pytest.mark.parametrize("eta0", [1e-6, *(1e-6 * 5**k for k in range(1, 7)), 5e-6, 2.5e-5, 1e-2])
def test_an_adaptive_rate_ends_where_scikit_learns_does(eta0):
    # What 1e-6 * 5**k leaves after k divisions is 1e-6, or just above it.
    options = PLAIN | {"learning_rate": "adaptive", "eta0": eta0, "n_iter_no_change": 1}
    their, our = pair(SCORE, **options | {"tol": 1e9, "max_iter": 99})
    assert our.fit(X, SCORE).n_iter_ == their.fit(X, SCORE).n_iter_


@pytest.mark.parametrize("eta0", [1e-6, 5e-6, 1e-2])
def test_an_adaptive_rate_ends_where_scikit_learns_does_by_a_score(eta0):
    options = PLAIN | {"learning_rate": "adaptive", "eta0": eta0, "n_iter_no_change": 1}
    options |= {"early_stopping": True, "random_state": 0}
    their, our = pair(SCORE, **options | {"tol": 1e9, "max_iter": 99})
    assert our.fit(X, SCORE).n_iter_ == their.fit(X, SCORE).n_iter_


def test_a_score_has_to_be_above_the_best_before():
    class Worse(SGDClassifier):
        scores = (0.3, 0.1, 0.2, 0.25)

        def score(self, X, y, sample_weight=None):
            self.seen = getattr(self, "seen", 0) + 1
            return self.scores[self.seen - 1]

    model = Worse(early_stopping=True, n_iter_no_change=2, random_state=0, tol=0.05)
    assert model.fit(X, TARGETS["two classes"]).n_iter_ == 3


def test_a_score_that_stays_the_same_does_not_end_a_fit_whose_tol_is_0():
    epochs = []
    for kind in (theirs.SGDClassifier, SGDClassifier):
        same = type("Same", (kind,), {"score": lambda *_: 0.5})
        model = same(early_stopping=True, n_iter_no_change=2, tol=0.0, max_iter=9, random_state=0)
        with pytest.warns(ConvergenceWarning, match="Maximum number of iteration reached"):
            epochs.append(model.fit(X, TARGETS["two classes"]).n_iter_)
    assert epochs == [9, 9]


def test_a_fit_that_ends_one_epoch_before_the_last_one_does_not_warn():
    options = {"tol": 1e9, "n_iter_no_change": 1, "random_state": 0}
    model = SGDRegressor(max_iter=3, **options).fit(X, SCORE)  # where warnings are errors
    assert model.n_iter_ == 2


def test_rows_to_learn_from_that_all_weigh_nothing_are_refused():
    options = {"early_stopping": True, "random_state": 0}
    train, _ = next(ShuffleSplit(test_size=0.1, random_state=0).split(X))
    weights = np.ones(len(X))
    weights[train] = 0
    with pytest.raises(ValueError, match="sample weights for training set are all zero"):
        SGDRegressor(**options).fit(X, SCORE, sample_weight=weights)
