"""The data loss of given parameters."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from .kernels.epoch import Data, Parameters, sum_losses
from .losses import Loss
from .order import index_dtype
from .parameters import scores_of
from .stretches import STRETCH, stretches


def mean_loss(data: Data, parameters: Parameters, loss: Loss) -> float:
    """Return the mean over all rows of ``sample_weight * loss(row)``, summed in float64."""
    scores = scores_of(parameters, data.rows)
    total = sum(sum_losses(data, rows, parameters, loss, scores) for rows in rows_in_order(data))
    return float(total / data.y.shape[0])


def rows_in_order(data: Data) -> Iterator[np.ndarray[Any, Any]]:
    """Yield the numbers of all rows in order, a stretch at a time."""
    n, d = data.rows.X.shape
    length = min(2**16, max(1, STRETCH // (d * data.y.shape[1])))
    for first, last in stretches(0, n, length):
        yield np.arange(first, last, dtype=index_dtype(n))
