"""How rows, targets and weights are held while kernels read them."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import checks
from .kernels.dense import Dense
from .kernels.epoch import Data
from .kernels.weights import Unweighted, Weighted

Array = np.ndarray[Any, Any]


def dense(X: Any) -> Array:
    """Return X as the kernels read it: C-contiguous float32 or float64, and read-only.

    What is so already is not copied. Integers and bools become float64 and float16 float32.
    """
    array = checks.numbers("X", X)
    checks.shape_of_X(array)
    return readable(array, float_dtype(array.dtype))


def float_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return the dtype in which numbers of `dtype` are computed with."""
    if dtype.kind == "f" and dtype.itemsize <= 4:
        return np.dtype(np.float32)
    return np.dtype(np.float64)


def readable(array: Array, dtype: np.dtype[Any]) -> Array:
    """Return a read-only view of a C-contiguous array of `dtype`, copied only if it is not one.

    Kernels are compiled for read-only input alone: memory-mapped files need no others, and what
    the user gave cannot be written to.
    """
    if array.dtype != dtype:
        with np.errstate(over="ignore"):  # what is too large becomes inf, which is checked for
            array = array.astype(dtype, order="C")
    view = np.require(array, requirements=["C_CONTIGUOUS", "ALIGNED"]).view()
    view.flags.writeable = False
    return view


def prepare(X: Any, y: Any, sample_weight: Any, check_finite: bool) -> tuple[Data, bool]:
    """Return checked data for the kernels, and whether y came as a table of outputs.

    Raises
    ------
    TypeError, ValueError
        If an argument is not what `fit` says that it should be.
    """
    X = dense(X)
    targets = checks.numbers("y", y)
    checks.shape_of_y(targets, X.shape[0])
    targets = readable(targets, X.dtype)
    if check_finite:
        checks.finite("X", X)
    checks.finite("y", targets)
    weights: Unweighted | Weighted = Unweighted()
    if sample_weight is not None:
        given = checks.numbers("sample_weight", sample_weight)
        checks.sample_weight(given, X.shape[0])
        weights = Weighted(readable(given, X.dtype))
        checks.finite("sample_weight", weights.weights)
    data = Data(Dense(X), targets.reshape(X.shape[0], -1), weights)
    return data, targets.ndim == 2
