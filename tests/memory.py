"""Arrays amid memory of NaNs, which what reads or writes beyond them does not leave unseen."""

from __future__ import annotations

import numpy as np


def amid_nan(rng, shape, dtype, offset):
    """Return random numbers in the midst of NaNs, at that many numbers from an even address."""
    size = int(np.prod(shape))
    memory = np.full(size + 256, np.nan, dtype)
    first = (-memory.ctypes.data // memory.itemsize) % 64 + 64 + offset
    array = memory[first : first + size].reshape(shape)
    array[...] = rng.standard_normal(shape)
    return memory, array


def check(memory, before, array, changed, exact, bound):
    """What was to be changed is the exact sum but for rounding, and nothing else is changed."""
    assert (abs(array[changed] - exact) <= bound * np.finfo(array.dtype).eps).all()
    first = (array.ctypes.data - memory.ctypes.data) // memory.itemsize
    array[changed] = before[first : first + array.size].reshape(array.shape)[changed]
    np.testing.assert_array_equal(memory, before)
