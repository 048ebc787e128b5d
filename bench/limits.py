"""The limits of the machine, measured in the same run: what no epoch can be much faster than."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from scipy.sparse import issparse

from .interface import Contestant, Run, Visit
from .workloads import Task


def prepare_blas(task: Task) -> Run:
    """One gradient of all rows: two passes of BLAS, or of scipy, and nothing out of order."""
    X, y = task.X, task.y
    w = np.ones(X.shape[1], X.dtype)

    transposed = X.T

    def run(batches: int) -> Visit:
        r = X @ w - y
        transposed @ r
        return Visit(X.shape[0], None)

    return run


def prepare_read(task: Task) -> Run:
    """One read of X from first to last, of a sparse one's data and indices."""
    X = task.X
    parts = (X.data, X.indices) if issparse(X) else (X.reshape(-1),)

    def run(batches: int) -> Visit:
        for values in parts:
            total(values)
        return Visit(X.shape[0], None)

    return run


# Sums that may be reordered run in SIMD registers, many at a time, and wait only for memory.
@njit(fastmath={"reassoc", "nsz", "contract"})
def total(values: Any) -> Any:
    """Return the sum, in the precision of the values."""
    result = values.dtype.type(0)
    for i in range(values.size):
        result += values[i]
    return result


LIMITS = {
    "blas": Contestant("BLAS gradient", "numpy", "numpy", prepare_blas, True),
    "read": Contestant("one read of X", "numba", "numba", prepare_read, True),
}
