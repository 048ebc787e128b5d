"""Sparse input: checked, and as the kernels read it."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from . import checks
from .arrays import float_dtype, readable
from .kernels.sparse import Sparse, is_canonical
from .stretches import STRETCH, stretches

# Kernels keep the features of a batch as numbers of 32 bits.
MOST_FEATURES = 2**32 - 1


def is_sparse(X: Any) -> bool:
    """Tell whether X is a sparse array or matrix of scipy's, without an import of scipy."""
    scipy = sys.modules.get("scipy.sparse")
    return scipy is not None and scipy.issparse(X)


def read(X: Any) -> Sparse:
    """Return sparse rows as the kernels read them.

    A CSR array or matrix of float32 or float64, whose columns increase within each row and of
    whose entries none is 0, is not copied; of all others a copy is made that is so.

    Raises
    ------
    TypeError, ValueError
        If X is not a table of numbers, or if its parts do not fit each other.
    """
    if X.ndim != 2:
        raise ValueError(f"X: expected 2 dimensions (rows, features), got shape {X.shape}")
    if not 1 <= X.shape[1] <= MOST_FEATURES or X.shape[0] < 1:
        raise ValueError(
            f"X: expected at least one row, and 1 to {MOST_FEATURES} features, got shape {X.shape}"
        )
    if X.format in ("csr", "csc", "bsr"):
        _check_arrays(X)
    if X.dtype.kind not in "biuf":
        kind = type(X).__name__
        raise TypeError(f"X: expected an array of real numbers, got {kind} of dtype {X.dtype}")
    dtype = float_dtype(X.dtype)
    is_own = X.format != "csr"
    if is_own:
        X = _converted(X, dtype)
    _check_parts(X)
    rows = _as_read(X, dtype)
    if _is_canonical(rows):
        return rows
    del rows  # which may be a copy as well
    _check_range(X)
    X = X.astype(dtype, copy=not is_own)
    X.sum_duplicates()
    X.eliminate_zeros()
    return _as_read(X, dtype)


def check_finite(rows: Sparse) -> None:
    """Check that the entries hold neither NaN nor infinity."""
    place = checks.first_non_finite(rows.entries)
    if place is not None:
        row = int(np.searchsorted(rows.indptr, place, side="right")) - 1
        index = (row, int(rows.indices[place]))
        checks.refuse_non_finite("X", index, rows.entries[place])


def as_scipy(rows: Sparse) -> Any:
    """Return rows as a CSR array of scipy, which shares their entries, and indices as a rule."""
    from scipy.sparse import csr_array  # who has sparse rows has scipy

    indices = rows.indices.view(np.dtype(f"i{rows.indices.dtype.itemsize}"))
    if rows.entries.size > np.iinfo(indices.dtype).max:  # scipy wants both of one dtype
        indices = indices.astype(np.int64)
    parts = rows.entries, indices, rows.indptr.astype(indices.dtype, copy=False)
    return csr_array(parts, shape=(rows.n, rows.d))


def _converted(X: Any, dtype: Any) -> Any:
    """Return X in CSR form, once scipy has made sure that the parts of X fit each other."""
    try:
        if X.format in ("csc", "bsr"):
            # Another one of the same arrays, as scipy may replace those of the one that it checks.
            scipy = sys.modules["scipy.sparse"]
            kind = "matrix" if scipy.isspmatrix(X) else "array"
            make = getattr(scipy, f"{X.format}_{kind}")
            parts = X.data.astype(dtype, copy=False), X.indices, X.indptr
            X = make(parts, shape=X.shape)
            X.check_format(full_check=True)
        return X.astype(dtype, copy=False).tocsr()
    except ValueError as error:
        raise ValueError(f"X: {error}") from None


def _as_read(X: Any, dtype: Any) -> Sparse:
    size = int(X.indptr[-1])
    # As unsigned numbers, indices need no look at whether they are below 0.
    unsigned = np.dtype(f"u{X.indices.dtype.itemsize}")
    return Sparse(
        readable(X.data[:size], dtype),
        readable(X.indices[:size].view(unsigned), unsigned),
        readable(X.indptr, np.dtype(np.int64)),
        int(X.shape[1]),
    )


def _check_arrays(X: Any) -> None:
    """Check that X is made of arrays, of the kinds that they should be."""
    of_data = 3 if X.format == "bsr" else 1
    parts = ("data", X.data, of_data), ("indices", X.indices, 1), ("indptr", X.indptr, 1)
    for name, part, ndim in parts:
        if not isinstance(part, np.ndarray) or part.ndim != ndim:
            kind = "a flat array" if ndim == 1 else f"an array of {ndim} dimensions"
            raise ValueError(f"X: expected {kind} as its {name}, got {checks.shown(part)}")
    for name, part, _ in parts[1:]:
        is_read = part.dtype in (np.dtype(np.int32), np.dtype(np.int64))
        if not (is_read or (X.format != "csr" and part.dtype.kind in "iu")):
            raise TypeError(f"X: expected int32 or int64 as its {name}, got {part.dtype}")


def _check_parts(X: Any) -> None:
    """Check that the rows of a CSR matrix lie within its arrays: scipy may not have."""
    n = X.shape[0]
    if X.indptr.size != n + 1 or X.indptr[0] != 0 or (X.indptr[1:] < X.indptr[:-1]).any():
        raise ValueError(
            f"X: expected an indptr of {n + 1} numbers that begin with 0 and never decrease"
        )
    size, held = int(X.indptr[-1]), min(X.data.size, X.indices.size)
    if size > held:
        raise ValueError(f"X: its indptr ends with {size}, but it has {held} entries")


def _check_range(X: Any) -> None:
    """Check that all columns are there."""
    d, used = X.shape[1], X.indices[: int(X.indptr[-1])]
    if used.size and not 0 <= used.min() <= used.max() < d:
        raise ValueError(f"X: expected indices from 0 to {d - 1}, got {used.min()} to {used.max()}")


def _is_canonical(rows: Sparse) -> bool:
    """Tell whether in each row the columns increase and are there, and no entry is 0."""
    parts = stretches(0, rows.n, max(1, STRETCH // rows.row_length))
    return all(is_canonical(*rows, first, last) for first, last in parts)
