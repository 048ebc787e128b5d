"""All that would be too many kernels to compile, in interpreted mode.

In two processes for the tests of all modules: many of them would mostly start.
"""

from __future__ import annotations

import sys

import test_combinations
import test_cumulative_l1
import test_losses_against_mxnet
import test_optimizers
import test_sklearn
import test_sklearn_checks
import test_sklearn_passive
import test_sklearn_sparse
import test_sklearn_streams
import test_sklearn_warnings
import test_sparse
import test_sparse_rounding
from scripts import number_passed

from fastsgd.losses import LOSSES

# Each test, and how many cases there are of it.
AGAINST_MXNET = {
    test_combinations.test_fit_takes_the_steps_that_gradients_of_mxnet_lead_to: len(
        test_combinations.PRODUCT
    ),
    test_losses_against_mxnet.test_gradient_is_what_mxnet_leaves_in_grad: len(
        test_losses_against_mxnet.PRODUCT
    ),
    test_optimizers.test_200_steps_in_float32_agree_with_the_optimizer_of_mxnet: len(
        test_optimizers.CASES
    ),
    test_sparse.test_gradients_are_those_of_mxnet: 2 * len(LOSSES),
}
OTHERS = {
    test_cumulative_l1.test_a_weight_pays_when_its_feature_occurs: len(test_cumulative_l1.CASES),
    test_sklearn.test_parameters_after_each_epoch_are_scikit_learns: len(test_sklearn.CASES),
    test_sklearn.test_variants_are_scikit_learns: 3 * len(test_sklearn.VARIANTS),
    test_sklearn.test_probabilities_are_scikit_learns: 2 * len(test_sklearn.PROBABLE),
    test_sklearn_checks.test_scikit_learns_check: test_sklearn_checks.number_interpreted(),
    test_sklearn_passive.test_parameters_after_each_epoch_are_scikit_learns: len(
        test_sklearn_passive.RULES
    )
    * len(test_sklearn_passive.CASES),
    test_sklearn_sparse.test_single_rows_take_scikit_learns_steps: 2
    * len(test_sklearn_sparse.WAYS),
    test_sklearn_streams.test_a_stream_of_chunks_is_one_epoch_to_the_bit: len(
        test_sklearn_streams.STREAMS
    ),
    test_sklearn_warnings.test_derivatives_are_clipped_as_there_but_not_without_a_word: len(
        test_sklearn_warnings.UNBOUNDED
    ),
    test_sparse.test_plain_sgd_is_that_of_dense_rows: len(test_sparse.PRODUCT),
    test_sparse.test_momentum_at_a_constant_rate_is_that_of_dense_rows: 2 * 3,
    test_sparse.test_lazy_steps_of_other_optimizers_are_those_of_numpy: 2 * len(test_sparse.LAZY),
    test_sparse.test_a_rate_that_adapts_is_that_of_dense_rows: len(test_sparse.SLOWED),
    test_sparse.test_a_rate_that_adapts_for_each_class_is_that_of_dense_rows: 2
    * len(test_sparse.BY_CLASS),
    test_sparse.test_what_little_decay_leaves_is_exact_to_rounding: len(test_sparse.DECAYING),
    test_sparse_rounding.test_elastic_net_is_that_of_dense_rows_however_much_weights_decay: 2 * 3,
}


def interpreted(tests):
    """Return how many of these tests passed in interpreted mode; fail if one did not."""
    files = [f"{sys.modules[test.__module__].__file__}::{test.__name__}" for test in tests]
    return number_passed(*files, NUMBA_DISABLE_JIT=1)


def test_all_combinations_agree_with_mxnet(mxnet):
    assert interpreted(AGAINST_MXNET) == sum(AGAINST_MXNET.values())


def test_all_combinations_agree_with_dense_rows_numpy_and_scikit_learn_and_pass_its_checks():
    assert interpreted(OTHERS) == sum(OTHERS.values())
