"""Estimators of scikit-learn and ours, and what both are fitted to."""

from __future__ import annotations

import numpy as np
import sklearn.linear_model as theirs
from tolerances import ROUNDING

from fastsgd.sklearn import SGDClassifier, SGDRegressor

RNG = np.random.default_rng(0)
# Small enough for scikit-learn's steps to stay far from where it clips derivatives.
X = 0.25 * RNG.normal(size=(90, 4))
SCORE = X @ [4.0, -8.0, 2.0, 0.0] + RNG.normal(scale=0.3, size=90)
TARGETS = {
    "numbers": SCORE,
    "two classes": np.where(SCORE > 0.5, "yes", "no"),
    "three classes": np.digitize(SCORE, [-1.0, 1.0]) + 5,
}
# Both see the rows in the same order, and stop when told to.
PLAIN = {"shuffle": False, "tol": None, "alpha": 0.05, "max_iter": 3}
RATES = ("constant", "optimal", "invscaling", "adaptive")


def ours(y, **options):
    """Return our estimator, for numbers or for labels."""
    return (SGDRegressor if y.dtype.kind == "f" else SGDClassifier)(**options)


def pair(y, **options):
    """Return scikit-learn's estimator and ours, for numbers or for labels."""
    our = ours(y, **options)
    return getattr(theirs, type(our).__name__)(**options), our


def assert_alike(their, our):
    """Compare all that was learned."""
    for name in ("coef_", "intercept_"):
        expected, got = getattr(their, name), getattr(our, name)
        assert got.shape == expected.shape
        assert got.dtype == expected.dtype
        np.testing.assert_allclose(got, expected, rtol=ROUNDING, atol=ROUNDING)
    assert our.n_iter_ == their.n_iter_
