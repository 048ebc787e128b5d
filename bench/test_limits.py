"""What is read is all rows and all targets, and each of them once."""

from __future__ import annotations

import numpy as np
import pytest

from .limits import ROWS, total, total_in, total_of_short


@pytest.mark.parametrize("n", [1, 4, 7, 100])
def test_reads_are_of_everything_once(n: int) -> None:
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((n, 3)), rng.standard_normal(n)
    assert total(X.reshape(-1)) == pytest.approx(X.sum())
    order, all_of_it = rng.permutation(n), pytest.approx(X.sum() + y.sum())
    assert total_of_short(X, y, order) == all_of_it
    assert total_in(X, y, order, np.ones((1, 3)), np.empty((1, ROWS))) == all_of_it
