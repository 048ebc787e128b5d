"""The data loss and the penalty of given parameters."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from .arrays import Array
from .gathering import scores_of
from .kernels.epoch import Data, Parameters
from .kernels.gradient import sum_losses
from .kernels.penalty import add_penalties
from .members import in_dtype
from .order import index_dtype
from .stretches import STRETCH, stretches


def mean_losses(data: Data, parameters: Parameters, loss: Any, rows: Array | None = None) -> Array:
    """Return the mean over rows of ``sample_weight * loss(row)`` for each output, in float64.

    `rows` are the numbers of the rows, of the dtype of `index_dtype`; None stands for all.
    """
    scores = scores_of(parameters.w, data.rows)
    sums = np.zeros(parameters.b.size)
    loss = in_dtype(loss, parameters.w.dtype)
    for piece in pieces(data, parameters.b.size, rows):
        sum_losses(data, piece, parameters, loss, scores, sums)
    return sums / (data.rows.n if rows is None else rows.size)


def penalties(penalty: Any, w: Array) -> Array:
    """Return the penalty on the weights of each output, the rows of `w`, in float64."""
    sums = np.zeros(len(w))
    add_penalties(in_dtype(penalty, np.dtype(np.float64)), w, sums)
    return sums


def pieces(data: Data, k: int, rows: Array | None = None) -> Iterator[Array]:
    """Yield the numbers of all rows in order, or those given, a stretch at a time."""
    n = data.rows.n
    length = min(2**16, max(1, STRETCH // (data.rows.row_length * k)))
    for first, last in stretches(0, n if rows is None else rows.size, length):
        if rows is None:
            yield np.arange(first, last, dtype=index_dtype(n))
        else:
            yield rows[first:last]
