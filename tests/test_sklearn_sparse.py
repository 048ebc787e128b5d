"""Sparse rows, which the estimators pass on to `fastsgd.fit` as they are."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
import sklearn.linear_model as theirs
from numba import config
from sklearn.datasets import load_digits
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.utils import get_tags
from tolerances import ROUNDING

import fastsgd.sklearn
from fastsgd.sklearn import SGDClassifier, SGDRegressor

D = 4
PLAIN = {"shuffle": False, "tol": None, "max_iter": 3, "batch_size": 8}
THROUGH_ZERO = PLAIN | {"fit_intercept": False}
LOSS = "log_loss"  # of the classifier
CONTAINERS = [sp.csr_array, sp.csr_matrix, sp.csc_array, sp.coo_array]


def data():
    """Return sparse rows, numbers and labels."""
    rng = np.random.default_rng(0)
    X = sp.random_array((120, D), density=0.2, format="csr", rng=rng)
    return X, X @ rng.normal(size=D), rng.integers(0, 3, size=120)


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("penalty", [None, "l2"])
def test_sparse_rows_are_learned_as_the_dense_ones(container, penalty):
    X, score, labels = data()
    options = THROUGH_ZERO | {"penalty": penalty}
    for make, loss, y in ((SGDRegressor, "squared_error", score), (SGDClassifier, LOSS, labels)):
        model = make(loss, **options).fit(container(X), y)
        dense = make(loss, **options).fit(X.toarray(), y)
        np.testing.assert_allclose(model.coef_, dense.coef_, rtol=1e-10, atol=1e-14)
        np.testing.assert_allclose(model.predict(X), dense.predict(X.toarray()), rtol=1e-10)


def test_a_stream_of_sparse_chunks_is_one_epoch():
    X, _, labels = data()
    for penalty in (None, "l2"):
        whole = SGDClassifier(LOSS, **PLAIN | {"max_iter": 1}, penalty=penalty).fit(X, labels)
        stream = SGDClassifier(LOSS, **PLAIN, penalty=penalty)
        for part in (slice(0, 16), slice(16, 80), slice(80, 120)):
            stream.partial_fit(X[part], labels[part], classes=[0, 1, 2])
        np.testing.assert_allclose(stream.coef_, whole.coef_, rtol=1e-12)
        np.testing.assert_allclose(stream.intercept_, whole.intercept_, rtol=1e-12)


WAYS = [{}, {"penalty": None}, {"penalty": "l1", "alpha": 0.01}, {"average": True}]


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("way", WAYS if config.DISABLE_JIT else WAYS[:-1])
def test_single_rows_take_scikit_learns_steps(fit_intercept, way):
    X, score, labels = data()
    options = {"shuffle": False, "tol": None, "max_iter": 3, "fit_intercept": fit_intercept} | way
    of_kinds = ("SGDRegressor", "squared_error", score), ("SGDClassifier", LOSS, labels)
    for name, loss, y in of_kinds:
        our = getattr(fastsgd.sklearn, name)(loss, **options).fit(X, y)
        their = getattr(theirs, name)(loss, **options).fit(X, y)
        np.testing.assert_allclose(our.coef_, their.coef_, rtol=ROUNDING, atol=ROUNDING)
        np.testing.assert_allclose(our.intercept_, their.intercept_, rtol=ROUNDING, atol=ROUNDING)
        assert our.intercept_.any() == fit_intercept


@pytest.mark.parametrize("clip_norm", [None, 1e9])
def test_the_intercept_takes_hundredths_of_steps_in_mini_batches_too(clip_norm):
    X, score, _ = data()
    options = PLAIN | {"learning_rate": "constant", "penalty": None, "clip_norm": clip_norm}
    model = SGDRegressor(**options).fit(X, score)
    w, b = np.zeros(D), 0.0
    for first in 3 * [*range(0, 120, 8)]:
        rows = X[first : first + 8]
        slopes = rows @ w + b - score[first : first + 8]
        w, b = w - 0.01 * rows.T @ slopes / 8, b - 0.01 * 0.01 * slopes.mean()
    np.testing.assert_allclose(model.coef_, w, rtol=ROUNDING)
    np.testing.assert_allclose(model.intercept_, b, rtol=ROUNDING)


def test_chunks_of_a_stream_may_be_sparse_or_dense():
    X, score, _ = data()
    options = {"shuffle": False, "tol": None}
    their, our = theirs.SGDRegressor(**options), SGDRegressor(**options)
    for model in (their, our):
        model.partial_fit(X[:50], score[:50])
        model.partial_fit(X[50:90].toarray(), score[50:90])
        model.partial_fit(X[90:], score[90:])
    np.testing.assert_allclose(our.intercept_, their.intercept_, rtol=ROUNDING)


def test_early_stopping_and_tools_take_sparse_rows():
    X, y = load_digits(return_X_y=True)
    model = make_pipeline(
        TfidfTransformer(),
        SGDClassifier(loss="log_loss", batch_size=8, early_stopping=True, random_state=0),
    )
    search = GridSearchCV(model, {"sgdclassifier__alpha": [1e-4, 1e-3]}, cv=3)
    assert search.fit(sp.csr_array(X), y).best_score_ > 0.85


def test_long_indices_are_taken_as_well():
    X, score, _ = data()
    long = X.copy()
    long.indices, long.indptr = long.indices.astype(np.int64), long.indptr.astype(np.int64)
    model, expected = (SGDRegressor(**PLAIN).fit(rows, score) for rows in (long, X))
    np.testing.assert_array_equal(model.coef_, expected.coef_)
    np.testing.assert_array_equal(model.predict(long), expected.predict(X))


def test_tags_say_so():
    for model in (SGDRegressor(), SGDClassifier()):
        assert get_tags(model).input_tags.sparse


def test_averages_in_parts_with_short_last_batches_ask_for_no_rate_before_the_first_step():
    X, score, _ = data()
    model = SGDRegressor(learning_rate="optimal", average=True, batch_size=32, random_state=0)
    with np.errstate(divide="raise"):
        for _ in range(45):  # after which, counted in steps, the first one would be far below 0
            model.partial_fit(X[:100], score[:100])
