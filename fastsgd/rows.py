"""How rows are held while kernels read them."""

from typing import Any

import numpy as np

from . import checks, csr
from .arrays import Array, float_dtype, readable
from .kernels.dense import Dense, how_prefetched
from .kernels.sparse import Sparse

Rows = Dense | Sparse


def read(X: Any) -> Rows:
    """Return X as the kernels read it, if it is a table of numbers.

    Dense rows are C-contiguous float32 or float64, and read-only; what is so already is not
    copied. Integers and bools become float64 and float16 float32. For sparse ones see `csr.read`.
    """
    if csr.is_sparse(X):
        return csr.read(X)
    array = checks.numbers("X", X)
    checks.shape_of_X(array)
    return _dense(readable(array, float_dtype(array.dtype)))


def _dense(X: Array) -> Dense:
    return Dense(X, np.array(X.shape[1:]), *how_prefetched(X))


def in_dtype(rows: Rows, dtype: np.dtype[Any]) -> Rows:
    """Return rows with their numbers in `dtype`."""
    if isinstance(rows, Dense):
        return _dense(readable(rows.X, dtype))
    return rows._replace(entries=readable(rows.entries, dtype))


def check_rows_finite(rows: Rows) -> None:
    """Check that rows hold neither NaN nor infinity; they are read once, at memory speed."""
    if isinstance(rows, Dense):
        checks.finite("X", rows.X)
    else:
        csr.check_finite(rows)


def product(rows: Rows, w: Array) -> Array:
    """Return rows times weights of shape (d,) or (d, k)."""
    table = rows.X if isinstance(rows, Dense) else csr.as_scipy(rows)
    return np.asarray(table @ w)
