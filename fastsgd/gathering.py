"""What the gradient of a batch is gathered in."""

from __future__ import annotations

from typing import Any

import numpy as np

from .arrays import Array
from .kernels.callee import callee
from .kernels.epoch import Data, Parameters
from .kernels.gradient import Batch, Block, ByBlocks, Gradient
from .kernels.parts import CHUNK, ByParts, Parts, add_up, gather_part, rows_within
from .kernels.short import ByRow, ByRowInPasses, ByRowThenLosses
from .rows import Rows

Way = ByBlocks | ByRow | ByRowInPasses | ByRowThenLosses

# The most parts of a large batch, and the most numbers in all their sums: 24 MB of
# float32, or 32 MB of float64.
PARTS = 16
NUMBERS = 2**21


def zero_gradient(w: Array) -> Gradient:
    """Return room for the gradient of a batch, for weights like `w`."""
    return Gradient(np.zeros(w.shape, w.dtype), np.zeros(len(w)))


def parts_if_large(w: Array, way: Way, batch_size: int, most_parts: int) -> Way | Parts:
    """Return the way in which a batch is gathered: as given, or part by part if it is large."""
    return way if batch_size <= CHUNK else parts_of(w, way, batch_size, most_parts)


def parts_of(w: Array, way: Way, batch_size: int, most_parts: int) -> Parts:
    """Return room for the parts of a batch, each of which is gathered in the way given."""
    k, d = w.shape
    chunks = -(-batch_size // CHUNK)
    length = CHUNK * -(-chunks // max(1, min(most_parts, NUMBERS // max(1, k * d))))
    parts = -(-batch_size // length)
    gradients = Gradient(np.zeros((parts, k, d), w.dtype), np.zeros((parts, k)))
    if not isinstance(way, ByRow):  # which needs no room
        room = (np.empty((parts, *part.shape), part.dtype) for part in way.block)
        way = way._replace(block=Block(*room))
    return Parts(length, gradients, way, np.zeros((parts, k, d)), np.zeros((parts, k)))


def part_gatherer(parts: Parts, data: Data, order: Array, parameters: Parameters, loss: Any) -> Any:
    """Return what kernels call to gather one of the parts."""
    batch = Batch(order, 0, 0, 0, 0)
    return callee(gather_part, parts, 0, data, batch, parameters, loss)


def way_by_parts(parts: Parts, gatherer: Any, gradient: Gradient) -> ByParts:
    """Return the way in which kernels gather a batch part by part."""
    loss_sums = np.zeros(len(gradient.b))
    return ByParts(parts, gatherer, callee(add_up, parts, gradient, 0, 0, loss_sums))


def block_of(scores: Array) -> Block:
    """Return room for what is found of a block of rows, with scores of `scores_of`."""
    room = np.empty((5, scores.shape[1]), scores.dtype)
    return Block(scores, room[4], room[:4])


def scores_of(w: Array, rows: Rows) -> Array:
    """Return room for the scores of one block of rows, as many as are handled together."""
    return np.empty((len(w), rows_together(w, rows)), w.dtype)


def rows_together(w: Array, rows: Rows) -> int:
    """Return how many rows are handled together.

    As many rows, or scores if those take more, as stay in a first-level cache between the pass that
    multiplies them by the weights and the pass that adds them to the gradient.
    """
    numbers = max(len(w), rows.row_length)
    return rows_within(rows.block, numbers * rows.dtype.itemsize)
