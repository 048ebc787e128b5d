"""Parameters that users give an estimator: to begin with, or in its attributes."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse import issparse

from .. import checks
from ..arrays import Array


def initial_coef(given: Any, k: int, d: int, dtype: Any) -> Array:
    """Return initial weights, zeros where none are given."""
    if given is None:
        return np.zeros((k, d), dtype)
    values = _finite("coef_init", given, dtype)
    if k == 1 and values.size != d:
        raise ValueError("Provided coef_init does not match dataset.")
    if k > 1 and values.shape != (k, d):
        raise ValueError("Provided ``coef_`` does not match dataset. ")
    return values.reshape(k, d)


def initial_intercept(given: Any, k: int, dtype: Any) -> Array:
    """Return initial intercepts, zeros where none are given."""
    if given is None:
        return np.zeros(k, dtype)
    values = _finite("intercept_init", given, dtype)
    if values.shape != (k,) and (k > 1 or values.shape != ()):
        raise ValueError("Provided intercept_init does not match dataset.")
    return values.reshape(k)


def attribute(name: str, value: Any, was: Array) -> Array:
    """Return `was` where an attribute still holds that, or is not set; else a copy of its value.

    Where the attribute is a view of `was`, users may have written into it.
    """
    shapes = (was.shape, was.shape[1:]) if len(was) == 1 else (was.shape,)
    if value is None:
        _check_finite(name, was)
        return was
    # Nearly always it is still that array: to see that takes less time than a copy.
    if isinstance(value, np.ndarray) and value.shape in shapes:
        if _is_view(value, was):
            _check_finite(name, was)
            return was
        if np.array_equal(value.reshape(was.shape), was):
            return was
    array = _finite(name, value, was.dtype)
    if array.shape not in shapes:
        raise ValueError(f"{name}: expected shape {was.shape}, got {array.shape}")
    array = array.reshape(was.shape)
    return was if np.array_equal(array, was) else array  # of a list, say


def _is_view(value: Array, was: Array) -> bool:
    """Tell whether an array is the memory of `was`, whatever the user has written into it."""
    at, was_at = (array.__array_interface__["data"][0] for array in (value, was))
    return at == was_at and value.dtype == was.dtype and value.flags.c_contiguous


def _finite(name: str, given: Any, dtype: Any) -> Array:
    """Return a copy of parameters that the user gave, if all are finite numbers."""
    if issparse(given):
        raise ValueError(f"{name}: expected an array, got a sparse one; call densify() first")
    with checks.naming(name), np.errstate(over="ignore"):
        array = np.array(given, dtype, order="C")
    _check_finite(name, array)
    return array


def _check_finite(name: str, array: Array) -> None:
    if checks.first_non_finite(array.reshape(-1)) is not None:
        raise ValueError(f"{name}: expected finite {array.dtype}s, got {array}")
