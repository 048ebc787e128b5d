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

    X: Any  # an array, or a CSR matrix
    y: Array
    batch_size: int
    lr: float
    epochs: int
    loss: str = "squared"
    penalty: str | None = None
    check_finite: bool = False  # each number of X


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
    check_finite: bool = False

    is_sparse = False

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
        return Task(X, y, self.batch_size, self.lr, self.epochs, check_finite=self.check_finite)


@dataclass(frozen=True)
class SparseWorkload(Workload):
    """Rows of so many non-zeros, in columns that follow a Zipf law, and two classes."""

    non_zeros: int = 0
    penalty: str | None = None

    is_sparse = True

    def task(self) -> Task:
        """Make the data: rows of length 1, and classes by a linear model with a little noise."""
        from scipy.sparse import csr_matrix

        rng = np.random.default_rng(0)
        columns = np.empty((self.rows, self.non_zeros), np.int32)
        names = rng.permutation(self.features)
        for row in columns:
            row[:] = np.sort(names[distinct_zipf(rng, self.features, self.non_zeros)])
        data = rng.uniform(0.1, 1, columns.shape).astype(self.dtype)
        data /= np.sqrt((data**2).sum(axis=1, keepdims=True))
        indptr = np.arange(0, columns.size + 1, self.non_zeros, dtype=np.int32)
        X = csr_matrix((data.ravel(), columns.ravel(), indptr), shape=(self.rows, self.features))
        scores = X @ rng.standard_normal(self.features) + rng.normal(scale=0.1, size=self.rows)
        y = np.where(scores > 0, 1, -1).astype(self.dtype)
        return Task(
            X, y, self.batch_size, self.lr, self.epochs, "logistic", self.penalty, self.check_finite
        )


def distinct_zipf(rng: np.random.Generator, d: int, size: int) -> Array:
    """Return `size` different numbers below d, drawn in proportion to 1 / (number + 1)."""
    drawn: Array = np.empty(0, np.int64)
    while drawn.size < size:
        more = np.exp(rng.random(2 * size) * np.log(d + 1)).astype(np.int64) - 1
        drawn = np.unique(np.append(drawn, np.minimum(more, d - 1)))
    return rng.permutation(drawn)[:size]


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
    "10Mx2/10",
    "1Mx100/32",
    "100000x1000/128",
)

ORIGINAL = Workload(
    "original program", 1000, 2, 10, "float64", lr=0.03, epochs=3, check_finite=True
)

PENALTIES = (None, "l2", "l1")


def _sparse(rows: int, features: int, non_zeros: int, penalty: str | None) -> Workload:
    """Return a workload of sparse rows in mini-batches of 32."""
    name = f"sparse {rows}x{features}, {non_zeros} a row{f', {penalty}' if penalty else ''}"
    return SparseWorkload(
        name.replace("000000", "M"),
        rows,
        features,
        32,
        "float32",
        lr=0.5,
        non_zeros=non_zeros,
        penalty=penalty,
    )


WORKLOADS = {
    workload.name: workload
    for workload in (
        ORIGINAL,
        *(_named(shape, dtype) for shape in SHAPES for dtype in ("float32", "float64")),
        *(_sparse(100_000, 47_000, 75, penalty) for penalty in PENALTIES),
        *(_sparse(1_000_000, 1_000_000, 30, penalty) for penalty in PENALTIES),
    )
}

# Of the workloads that have a penalty.
ALPHA = 1e-6


def chosen(words: list[str]) -> list[Workload]:
    """Return the workloads whose names contain one of the words, or all if there are no words."""
    return [
        workload
        for name, workload in WORKLOADS.items()
        if not words or any(word in name for word in words)
    ]
