"""What the gradient of a batch is gathered in."""

from __future__ import annotations

from typing import Any

import numpy as np

from .kernels.gradient import Gradient
from .kernels.parts import CHUNK, Parts
from .rows import Rows

Array = np.ndarray[Any, Any]

# The most parts of a large batch, and the most numbers in all their sums: 24 MB.
PARTS = 16
NUMBERS = 2**21


def zero_gradient(w: Array, scores: Array) -> Gradient:
    """Return room for the gradient of a batch, for weights like `w` and scores of `scores_of`."""
    return Gradient(np.zeros_like(w), np.zeros(len(w)), scores, np.empty_like(scores[0]))


def parts_if_large(whole: Gradient, batch_size: int, most_parts: int = PARTS) -> Parts | None:
    """Return room for the parts of a batch; None where it is gathered at once."""
    return parts_of(whole, batch_size, most_parts) if batch_size > CHUNK else None


def parts_of(whole: Gradient, batch_size: int, most_parts: int) -> Parts:
    """Return room for the parts of a batch."""
    k, d = whole.w.shape
    chunks = -(-batch_size // CHUNK)
    length = CHUNK * -(-chunks // max(1, min(most_parts, NUMBERS // max(1, k * d))))
    parts = -(-batch_size // length)
    w, b, scores, column = (np.zeros((parts, *part.shape), part.dtype) for part in whole)
    return Parts(
        length, Gradient(w, b, scores, column), np.zeros((parts, k, d)), np.zeros((parts, k))
    )


def scores_of(w: Array, rows: Rows) -> Array:
    """Return room for the scores of one block of rows, as many as are handled together.

    A power of two from 4 to CHUNK: as many rows, or scores if those take more, as stay in a
    first-level cache of 32 kB between the pass that multiplies them by the weights and the pass
    that adds them to the gradient.
    """
    k = w.shape[0]
    fitting = max(4, min(CHUNK, 2**15 // (max(k, rows.row_length) * rows.dtype.itemsize)))
    block = 1 << (fitting.bit_length() - 1)
    return np.empty((k, block), w.dtype)
