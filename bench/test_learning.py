"""What is timed is learning: every contestant that learns ends with a smaller loss."""

from __future__ import annotations

from dataclasses import replace
from math import ceil

import numpy as np
import pytest

from .contestants import CONTESTANTS
from .interface import Visit
from .limits import LIMITS
from .workloads import ORIGINAL, WORKLOADS, Array, Task

LEARNERS = [name for name in CONTESTANTS if name not in LIMITS]
SPARSE = [name for name in WORKLOADS if name.startswith("sparse 100000x47000")]


def run(name: str, task: Task) -> Visit:
    """Return what a contestant does in all mini-batches."""
    if CONTESTANTS[name].version() is None:
        pytest.skip(f"{CONTESTANTS[name].title} is absent")
    return CONTESTANTS[name].prepare(task)(ceil(task.X.shape[0] / task.batch_size))


def squared(task: Task, w: Array, b: Array) -> float:
    return float(np.mean((task.X @ w + b - task.y) ** 2) / 2)


def logistic(task: Task, w: Array, b: Array) -> float:
    return float(np.mean(np.logaddexp(0, -task.y * (task.X @ w + b))))


@pytest.mark.parametrize("name", LEARNERS)
def test_learning(name: str) -> None:
    task = ORIGINAL.task()
    visit = run(name, task)
    assert visit.parameters is not None
    w, b = visit.parameters()
    assert visit.rows >= task.epochs * len(task.X)
    assert squared(task, w, b) < 1e-4 * squared(task, 0 * w, 0 * b)


@pytest.mark.parametrize("name", [name for name in LEARNERS if CONTESTANTS[name].reads_sparse])
@pytest.mark.parametrize("workload", SPARSE)
def test_learning_from_sparse_rows(workload: str, name: str) -> None:
    # An epoch of so few rows is less than a hundred mini-batches, which hardly lower the loss.
    task = replace(WORKLOADS[workload].scaled_down(), epochs=10).task()
    visit = run(name, task)
    assert visit.parameters is not None
    w, b = visit.parameters()
    assert logistic(task, w, b) < 0.95 * logistic(task, 0 * w, 0 * b)
