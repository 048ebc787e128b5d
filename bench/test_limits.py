"""What is read is all rows and all targets, and each of them once."""

from __future__ import annotations

import numpy as np
import pytest

from .limits import total, total_in


@pytest.mark.parametrize("n", [1, 4, 7, 100])
def test_reads_are_of_everything_once(n: int) -> None:
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((n, 3)), rng.standard_normal(n)
    assert total(X.reshape(-1)) == pytest.approx(X.sum())
    assert total_in(X, y, rng.permutation(n)) == pytest.approx(X.sum() + y.sum())
