"""The workloads: named shapes, and the rows and targets made for them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

Array = np.ndarray[Any, Any]

# A quick run takes at most this many rows: enough for every contestant to take real steps.
QUICK_ROWS = 2000


class Task(NamedTuple):
    """What a contestant is given: rows, targets, and how to learn from them."""

    X: Array
    y: Array
    batch_size: int
    lr: float
    epochs: int


@dataclass(frozen=True)
class Workload:
    """A shape of data, and how it is learned from."""

    name: str
    rows: int
    features: int
    batch_size: int
    dtype: str
    lr: float
    epochs: int = 1

    def scaled_down(self) -> Workload:
        """Return the workload that takes the place of this one in a quick run."""
        return replace(self, rows=min(self.rows, QUICK_ROWS))

    def task(self) -> Task:
        """Make the data: a linear model of normal features, with a little noise."""
        rng = np.random.default_rng(0)
        dtype: Any = self.dtype
        X = rng.standard_normal((self.rows, self.features), dtype=dtype)
        w = rng.standard_normal(self.features).astype(dtype)
        noise = rng.normal(scale=0.01, size=self.rows)
        y = (X @ w + 4.2 + noise).astype(dtype)
        return Task(X, y, self.batch_size, self.lr, self.epochs)


def _named(shape: str, dtype: str) -> Workload:
    """Return the workload that a name such as 20000x100/32 describes."""
    size, batch_size = shape.split("/")
    rows, features = (int(part.replace("M", "000000")) for part in size.split("x"))
    # Peers that step once a row multiply the distance to a row's plane by 1 - lr * |row|**2,
    # and |row|**2 is about the number of features: none of them can diverge.
    lr = 0.1 / features
    return Workload(f"{shape} {dtype}", rows, features, int(batch_size), dtype, lr)


SHAPES = (
    "1000x2/10",
    "1000x100/32",
    "20000x100/32",
    "1Mx10/10",
    "1Mx100/32",
    "100000x1000/128",
)

ORIGINAL = Workload("original program", 1000, 2, 10, "float64", lr=0.03, epochs=3)

WORKLOADS = {
    workload.name: workload
    for workload in (
        ORIGINAL,
        *(_named(shape, dtype) for shape in SHAPES for dtype in ("float32", "float64")),
    )
}


def chosen(words: list[str]) -> list[Workload]:
    """Return the workloads whose names contain one of the words, or all if there are no words."""
    return [
        workload
        for name, workload in WORKLOADS.items()
        if not words or any(word in name for word in words)
    ]
