"""What is read is all rows and all targets, and each of them once."""

from __future__ import annotations

import numpy as np
import pytest

from fastsgd.kernels.registers import shape_of

from .limits import ROWS, total, total_of_long, total_of_short


@pytest.mark.parametrize("n", [1, 4, 7, 100])
def test_reads_are_of_everything_once(n: int) -> None:
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((n, 3)), rng.standard_normal(n)
    assert total(X.reshape(-1)) == pytest.approx(X.sum())
    order, sums = rng.permutation(n), np.zeros((1, 3))
    assert total_of_short(shape_of(3, X.itemsize), X, y, order, 2, sums) == pytest.approx(y.sum())
    np.testing.assert_allclose(sums[0], X.sum(axis=0))
    all_of_it = pytest.approx(X.sum() + y.sum())
    assert total_of_long(X, y, order, np.ones((1, 3)), np.empty((1, ROWS))) == all_of_it
