"""scikit-learn's own checks of estimators, for both estimators and several variants."""

from __future__ import annotations

import pytest
from sklearn.linear_model import SGDClassifier as TheirClassifier
from sklearn.linear_model import SGDRegressor as TheirRegressor
from sklearn.utils._test_common.instance_generator import PER_ESTIMATOR_XFAIL_CHECKS
from sklearn.utils.estimator_checks import parametrize_with_checks

from fastsgd.sklearn import SGDClassifier, SGDRegressor

ESTIMATORS = [
    SGDRegressor(),
    SGDClassifier(),
    SGDClassifier(
        loss="log_loss",
        multi_class="multinomial",
        batch_size=32,
        optimizer="adam",
        learning_rate="constant",
    ),
]


def declared_by_scikit_learn(estimator):
    """Return the failures that scikit-learn expects of its own estimator."""
    theirs = TheirRegressor if isinstance(estimator, SGDRegressor) else TheirClassifier
    return PER_ESTIMATOR_XFAIL_CHECKS[theirs]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@parametrize_with_checks(ESTIMATORS, expected_failed_checks=declared_by_scikit_learn)
def test_scikit_learns_check(estimator, check):
    check(estimator)
