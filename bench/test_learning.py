"""What is timed is learning: every contestant that learns ends with a small loss."""

from __future__ import annotations

import numpy as np
import pytest

from .contestants import CONTESTANTS
from .limits import LIMITS
from .workloads import ORIGINAL, Array, Task


def loss(task: Task, w: Array, b: Array) -> float:
    return float(np.mean((task.X @ w + b - task.y) ** 2) / 2)


@pytest.mark.parametrize("name", [name for name in CONTESTANTS if name not in LIMITS])
def test_learning(name: str) -> None:
    if CONTESTANTS[name].version() is None:
        pytest.skip(f"{CONTESTANTS[name].title} is absent")
    task = ORIGINAL.task()
    visit = CONTESTANTS[name].prepare(task)(len(task.X))
    assert visit.parameters is not None
    w, b = visit.parameters()
    assert visit.rows >= task.epochs * len(task.X)
    assert loss(task, w, b) < 1e-4 * loss(task, 0 * w, 0 * b)
