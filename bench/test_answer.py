"""Whoever is timed has come near enough to the optimum, fastsgd as well as the others."""

from __future__ import annotations

from dataclasses import replace

import pytest

from . import answer
from .answer import EXCESS, first_within
from .workloads import WORKLOADS


def test_the_first_that_comes_near_enough_is_timed() -> None:
    solvers = [lambda: 2 * EXCESS, lambda: EXCESS, lambda: 0.0]
    assert first_within(solvers, float) == (solvers[1], EXCESS)


def test_where_none_comes_near_enough_the_last_one_says_how_far_it_is() -> None:
    solvers = [lambda: 3 * EXCESS, lambda: 2 * EXCESS]
    assert first_within(solvers, float) == (solvers[1], 2 * EXCESS)


def test_a_fit_by_fastsgd_that_does_not_come_near_enough_is_not_timed(monkeypatch) -> None:
    monkeypatch.setattr(answer, "EXCESS", -1.0)
    monkeypatch.setattr(answer, "SOLVERS", ())
    task = replace(WORKLOADS["sparse 100000x47000, 75 a row"], rows=100).task()
    with pytest.raises(SystemExit, match="fastsgd, shuffle=True, fastsgd, shuffle='block'"):
        next(answer.table(task, quick=False))
    *_, last = answer.table(task, quick=True)
    assert last.startswith("`*`: not within")
