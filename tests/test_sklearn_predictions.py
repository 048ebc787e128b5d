"""What the estimators predict is a number, or an error that names what is none."""

from __future__ import annotations

import numpy as np
import pytest
from labelled_rows import CLASSES, LABELS, SCORE, X
from scipy.sparse import csr_array
from sklearn import config_context

from fastsgd.sklearn import SGDClassifier, SGDRegressor


@pytest.mark.parametrize("form", [np.asarray, csr_array])
def test_predictions_that_overflow_are_not_returned(form):
    rows = form(np.full((2, 3), 1.7e308))
    regressor, classifier = (
        kind(learning_rate="constant", eta0=eta0, max_iter=5, tol=None).fit(X, y)
        for kind, y, eta0 in ((SGDRegressor, 9 * SCORE, 0.01), (SGDClassifier, CLASSES, 1.0))
    )
    with pytest.raises(ValueError, match="X: what is predicted overflows"):
        regressor.predict(rows)
    for method in (classifier.decision_function, classifier.predict):
        with pytest.raises(ValueError, match="X: what is predicted overflows"):
            method(rows)


def test_no_number_is_told_from_an_overflow():
    fitted = SGDRegressor(tol=None).fit(X, SCORE), SGDClassifier(tol=None).fit(X, LABELS)
    for model, method in zip(fitted, ("predict", "decision_function"), strict=True):
        with config_context(assume_finite=True), pytest.raises(ValueError, match="X: it holds NaN"):
            getattr(model, method)(np.where(X > 2, np.nan, X))
        model.coef_ = np.full_like(model.coef_, np.nan)
        with pytest.raises(ValueError, match="coef_: it holds NaN"):
            getattr(model, method)(X)


@pytest.mark.parametrize("options", [{}, {"multi_class": "multinomial"}])
def test_probabilities_that_underflow_are_none_of_the_errors_of_numpy(options):
    model = SGDClassifier("log_loss", tol=None, **options).fit(X, CLASSES)
    with np.errstate(all="raise"):
        assert (model.predict_proba(1000 * X).max(axis=1) <= 1).all()
        assert (model.predict_log_proba(1000 * X).max(axis=1) <= 0).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_logarithms_of_probabilities_are_exact_where_these_underflow_or_round_to_1(dtype):
    two = SGDClassifier("log_loss", tol=None).fit(X.astype(dtype), LABELS)
    two.coef_, two.intercept_ = np.eye(1, 3, dtype=dtype), np.zeros(1, dtype)
    rows = np.array([[900, 0, 0], [-900, 0, 0], [12, 0, 0]], dtype)
    nearly = -np.log1p(np.exp(-12.0))
    expected = [[-900, 0], [0, -900], [nearly - 12, nearly]]
    np.testing.assert_allclose(two.predict_log_proba(rows), expected, rtol=4 * np.finfo(dtype).eps)


# With the scores 900, 0 and -900; one-versus-rest, 1 and 1/2 and exp(-900) are divided by 3/2.
LOGARITHMS = {
    "ovr": np.array([0, -np.log(2), -900]) - np.log(1.5),
    "multinomial": [0, -900, -1800],
}


@pytest.mark.parametrize("multi_class", LOGARITHMS)
def test_logarithms_of_probabilities_of_several_classes_are_finite_as_well(multi_class):
    model = SGDClassifier("log_loss", tol=None, multi_class=multi_class).fit(X, CLASSES)
    model.coef_, model.intercept_ = np.eye(3), np.zeros(3)
    logarithms = model.predict_log_proba([[900, 0, -900]])[0]
    np.testing.assert_allclose(logarithms, LOGARITHMS[multi_class], rtol=1e-15)


def test_what_is_no_number_is_named_in_sparse_weights_and_intercepts_as_well():
    model = SGDRegressor(tol=None).fit(X, SCORE)
    model.intercept_[:] = np.nan
    with pytest.raises(ValueError, match="intercept_: it holds NaN"):
        model.predict(X)
    model = SGDRegressor(tol=None).fit(X, SCORE)
    model.coef_[:] = 1e200
    model.sparsify()
    with pytest.raises(ValueError, match="X: what is predicted overflows"):
        model.predict(1e200 * np.ones((1, 3)))
