"""Arrays as the kernels read them."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

FLOAT32, FLOAT64 = np.dtype(np.float32), np.dtype(np.float64)


def float_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return the dtype in which numbers of `dtype` are computed with."""
    return FLOAT32 if dtype.kind == "f" and dtype.itemsize <= 4 else FLOAT64


def readable(array: Array, dtype: np.dtype[Any]) -> Array:
    """Return a read-only view of a C-contiguous array of `dtype`, copied only if it is not one.

    Kernels are compiled for read-only input alone: memory-mapped files need no others, and what
    the user gave cannot be written to.
    """
    if array.dtype != dtype:
        with np.errstate(over="ignore"):  # what is too large becomes inf, which is checked for
            array = array.astype(dtype, order="C")
    if not (array.flags.c_contiguous and array.flags.aligned):
        array = np.require(array, requirements=["C_CONTIGUOUS", "ALIGNED"])
    view = array.view()
    view.setflags(write=False)
    return view


def filled(size: int, value: float) -> Array:
    """Return that many float64 numbers of one value; of few, `numpy.full` takes thrice as long."""
    array = np.empty(size)
    array.fill(value)
    return array
