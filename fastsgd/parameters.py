"""Weights and intercepts as the user has them and as the kernels have them.

The user has ``w`` of shape (d,) and a scalar ``b``, or ``w`` of shape (d, k) and ``b`` of shape
(k,) for k outputs. The kernels have `Parameters`: ``w`` of shape (k, d) and ``b`` of shape (k,).
"""

from __future__ import annotations

import threading
from typing import Any

import numpy as np

from . import checks
from .arrays import Array, readable
from .kernels.epoch import Parameters
from .problem import Problem


def for_kernels(w: Any, b: Any, dtype: np.dtype[Any]) -> Parameters:
    """Return a copy of `w` and `b` as the kernels have them."""
    return Parameters(
        np.array(w.T, dtype, order="C", ndmin=2), np.array(b, dtype, order="C", ndmin=1)
    )


def as_user(parameters: Parameters, outputs: int | None) -> tuple[Array, Any]:
    """Return `parameters` as the user has them, in the same memory, for so many `outputs`."""
    w, b = parameters
    return (w[0], b[0]) if outputs is None else (w.T, b)


def shapes(d: int, outputs: int | None) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the shapes of `w` and `b`; `outputs` is None for a scalar y."""
    return ((d,), ()) if outputs is None else ((d, outputs), (outputs,))


def checked(
    w: Any, b: Any, d: int, outputs: int | None, dtype: np.dtype[Any], whose: str = ""
) -> tuple[Array, Array]:
    """Return `w` and `b` as arrays of `dtype`, if they are finite and of the right shapes."""
    arrays = []
    for part, value, shape in zip("wb", (w, b), shapes(d, outputs), strict=True):
        array = readable(checks.numbers(f"{whose}{part}", value), dtype)
        if array.shape != shape:
            raise ValueError(
                f"{whose}{part}: expected shape {shape}, to go with X and y, got {array.shape}"
            )
        if checks.first_non_finite(array.reshape(-1)) is not None:
            raise ValueError(f"{whose}{part}: expected finite {dtype}s, got {array}")
        arrays.append(array)
    return arrays[0], arrays[1]


def drawn(seed: int, problem: Problem) -> Parameters:
    """Return initial parameters: w ~ N(0, 0.01**2), and b = 0."""
    w = _local.generator(seed).normal(0, 0.01, (problem.k, problem.d))
    return Parameters(w.astype(problem.dtype, copy=False), np.zeros(problem.k, problem.dtype))


class _Local(threading.local):
    """A random generator for each thread: to make one takes 10 us, to set its key takes 1 us."""

    def __init__(self) -> None:
        self.bits = np.random.Philox(key=0)
        self.beginning: Any = self.bits.state
        self.of_bits = np.random.Generator(self.bits)

    def generator(self, seed: int) -> np.random.Generator:
        """Return a generator at the beginning of the numbers of a seed."""
        self.beginning["state"]["key"][0] = seed
        self.bits.state = self.beginning
        return self.of_bits


_local = _Local()
