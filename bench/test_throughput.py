"""Rows per second: every contestant on every workload, in turn."""

from __future__ import annotations

from typing import Any

import pytest

from .contestants import CONTESTANTS
from .stage import Stage, one_thread
from .turns import ROUNDS
from .workloads import Workload


def test_throughput(benchmark: Any, stage: Stage, turn: tuple[Workload, int, str]) -> None:
    workload, number, name = turn
    if CONTESTANTS[name].version() is None:
        pytest.skip(f"{CONTESTANTS[name].title} is absent")
    with one_thread():
        ready = stage.prepare(workload, name)
        # Those before it have had the caches to themselves.
        ready.run()
        benchmark.pedantic(ready.run, rounds=ROUNDS, iterations=ready.iterations)
    benchmark.extra_info.update(
        workload=workload.name,
        contestant=name,
        turn=number,
        visited=ready.rows,
        rows=workload.rows,
        epochs=workload.epochs,
    )
