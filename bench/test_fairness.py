"""What is timed of a peer is what is timed of fastsgd."""

from __future__ import annotations

import pytest

from .contestants import CONTESTANTS
from .workloads import WORKLOADS


def test_reading_what_vowpal_wabbit_learned_is_no_part_of_its_run(monkeypatch) -> None:
    vowpalwabbit = pytest.importorskip("vowpalwabbit")
    read: list[int] = []
    monkeypatch.setattr(vowpalwabbit.Workspace, "get_weight", lambda self, f: read.append(f) or 0.0)
    task = WORKLOADS["sparse 1Mx1M, 30 a row"].scaled_down().task()
    visit = CONTESTANTS["vw"].prepare(task)(1)
    assert not read
    visit.parameters()
    assert len(read) == task.X.shape[1] + 1
