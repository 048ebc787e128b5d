"""`python -m bench.width`: what a non-zero costs with 10 million features and with 10,000."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from statistics import median
from typing import Any

import numpy as np
from numba import njit
from scipy.sparse import csr_matrix

import fastsgd
from fastsgd.kernels.prefetch import prefetch_line
from fastsgd.optimizers import SGD

from .command import end_with, print_tables
from .report import number
from .stage import one_thread
from .turns import seconds
from .workloads import QUICK_ROWS, SparseWorkload, Task

ROWS, NON_ZEROS = 1_000_000, 50
WIDTHS = 10_000, 10_000_000

MEMBERS: dict[str, dict[str, Any]] = {
    "plain SGD": {},
    "l2": {"penalty": "l2"},
    "l1": {"penalty": "l1"},
    "elasticnet": {"penalty": "elasticnet"},
    "cumulative l1": {"penalty": "cumulative_l1"},
    "average": {"average": True},
    "momentum": {"optimizer": SGD(momentum=0.9)},
    "adagrad": {"optimizer": "adagrad"},
    "rmsprop": {"optimizer": "rmsprop"},
    "adam": {"optimizer": "adam"},
    "adamw": {"optimizer": "adamw"},
}

PASSES = 3

# How many rows ahead the probe prefetches.
AHEAD = 2


@njit
def probe(indices: Any, order: Any, length: int, w: Any, m: Any, v: Any, marks: Any) -> None:
    """Read and write what Adam knows of the features of each row, and do nothing else."""
    for p in range(order.size):
        if p + AHEAD < order.size:
            start = np.intp(order[p + AHEAD]) * length
            for q in range(start, start + length):
                f = np.intp(indices[q])
                prefetch_line(w, 4 * f)
                prefetch_line(m, 4 * f)
                prefetch_line(v, 4 * f)
                prefetch_line(marks, 16 * f)
        start = np.intp(order[p]) * length
        for q in range(start, start + length):
            f = indices[q]
            w[f] += 1
            m[f] += 1
            v[f] += 1
            marks[f, 0] = p
            marks[f, 1] = p


def probing(task: Task) -> Callable[[int], object]:
    """Return the probe of the first rows, in random order."""
    columns = task.X.indices.view(np.uint32)
    d, length = task.X.shape[1], task.X.indptr[1]

    def run(rows: int) -> None:
        order = fastsgd.epoch_order(rows, seed=0, epoch=0).astype(np.uint32)
        w, m, v = np.zeros((3, d), np.float32)
        probe(columns, order, length, w, m, v, np.zeros((d, 2), np.int64))

    return run


def fitting(task: Task, options: dict[str, Any]) -> Callable[[int], object]:
    """Return an epoch of the first rows, a step a row."""
    X = task.X

    def run(rows: int) -> None:
        end = X.indptr[rows]  # not X[:rows], which is a copy
        fastsgd.fit(
            csr_matrix((X.data[:end], X.indices[:end], X.indptr[: rows + 1]), (rows, X.shape[1])),
            task.y[:rows],
            loss="logistic",
            batch_size=1,
            lr=0.1,
            epochs=1,
            epoch_loss=None,
            check_finite=False,
            seed=0,
            **options,
        )

    return run


def cost(run: Callable[[int], object], n: int) -> tuple[float, float]:
    """Return the nanoseconds of a non-zero, and the milliseconds of what is done once.

    The first is what the second half of the rows takes: neither the arrays of length d, which are
    made and swept once, nor the call are in it.
    """
    run(n // 2)  # else a cache that holds all rows would be filled at the cost of the half alone
    half, whole = seconds(partial(run, n // 2)), seconds(partial(run, n))
    rate = (whole - half) / (n - n // 2)
    return 1e9 * rate / NON_ZEROS, 1e3 * (whole - n * rate)


def table(n: int, passes: int) -> Iterator[str]:
    """Yield a table, line by line."""
    shape = SparseWorkload("", n, WIDTHS[0], 1, "float32", lr=0.1, non_zeros=NON_ZEROS)
    tasks = [replace(shape, features=d).task() for d in WIDTHS]
    yield "| | ns a non-zero, d = 10,000 | d = 10M | ratio | / probe of Adam | once, ms, d = 10M |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: |"
    for name, options in MEMBERS.items():
        runs = [fitting(task, options) for task in tasks] + [probing(tasks[1])]
        for run in runs:
            run(QUICK_ROWS)
        found = np.array([[cost(run, n) for run in runs] for _ in range(passes)])
        (narrow, wide, bare), once = np.median(found[:, :, 0], axis=0), median(found[:, 1, 1])
        ratios = [median(found[:, 1, 0] / found[:, i, 0]) for i in (0, 2)]
        cells = [number(value) for value in (narrow, wide, *ratios, max(0.0, once))]
        yield f"| {' | '.join([name, *cells])} |"
    yield ""
    yield f"The probe of Adam takes {number(bare)} ns."


def tables(quick: bool) -> Iterator[str]:
    """Yield the table, line by line."""
    with one_thread():
        yield from table(2 * QUICK_ROWS if quick else ROWS, 1 if quick else PASSES)


if __name__ == "__main__":
    end_with(lambda: print_tables("bench.width", __doc__, tables))
