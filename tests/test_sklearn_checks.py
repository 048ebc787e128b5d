"""scikit-learn's own checks of estimators, for both estimators and several variants."""

from __future__ import annotations

import pytest
from numba import config
from sklearn.linear_model import SGDClassifier as TheirClassifier
from sklearn.linear_model import SGDRegressor as TheirRegressor
from sklearn.utils._test_common.instance_generator import PER_ESTIMATOR_XFAIL_CHECKS
from sklearn.utils.estimator_checks import (
    estimator_checks_generator,
    parametrize_with_checks,
)

from fastsgd.sklearn import SGDClassifier, SGDRegressor

# Compiled, with all types of rows that checks come with, which kernels differ by.
COMPILED = [SGDRegressor(), SGDClassifier()]
# Interpreted, at a rate with which few epochs are enough.
INTERPRETED = SGDClassifier(
    loss="log_loss",
    multi_class="multinomial",
    batch_size=32,
    optimizer="adam",
    learning_rate="constant",
    eta0=0.1,
)


def declared_by_scikit_learn(estimator):
    """Return the failures that scikit-learn expects of its own estimator."""
    theirs = TheirRegressor if isinstance(estimator, SGDRegressor) else TheirClassifier
    return PER_ESTIMATOR_XFAIL_CHECKS[theirs]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@parametrize_with_checks(
    [INTERPRETED] if config.DISABLE_JIT else COMPILED,
    expected_failed_checks=declared_by_scikit_learn,
)
def test_scikit_learns_check(estimator, check):
    check(estimator)


def number_interpreted():
    """Return how many checks there are that are neither declared to fail nor skipped."""
    names = [check.func.__name__ for _, check in estimator_checks_generator(INTERPRETED)]
    others = {*declared_by_scikit_learn(INTERPRETED), "check_array_api_input"}
    return sum(name not in others for name in names)
