"""Whose time counts has come near enough to the optimum, fastsgd as well as the others."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import pytest

from . import answer
from .answer import EXCESS, first_within


def test_the_first_that_comes_near_enough_is_timed() -> None:
    solvers = [lambda: 2 * EXCESS, lambda: EXCESS, lambda: 0.0]
    assert first_within(solvers, float) == (solvers[1], EXCESS)


def test_where_none_comes_near_enough_the_last_one_says_how_far_it_is() -> None:
    solvers = [lambda: 3 * EXCESS, lambda: 2 * EXCESS]
    assert first_within(solvers, float) == (solvers[1], 2 * EXCESS)


def lines(monkeypatch, found: dict[str, float], quick: bool) -> Iterator[str]:
    """Return those of a table of fits that end at these values, where the minimum is 1."""
    fits = {name: [lambda value=value: value] for name, value in found.items()}
    monkeypatch.setattr(answer, "candidates", lambda task: fits)
    monkeypatch.setattr(answer, "objective", lambda task: (lambda value: (value, None), 1.0))
    return answer.table(None, quick)


def test_a_solver_that_does_not_come_near_enough_is_marked(monkeypatch) -> None:
    found = {"fastsgd": 1.0, "sag": 1.5, "saga": float("nan")}
    _, _, *rows, empty, note = lines(monkeypatch, found, quick=False)
    assert [row.split(" | ")[2] for row in rows] == ["0.0e+00", "5.0e-01*", "nan*"]
    assert (empty, note) == ("", "`*`: not within a thousandth.")


def test_that_fastsgd_does_not_come_near_enough_is_an_error_after_the_table(monkeypatch) -> None:
    found = {"fastsgd": 1.5, "sag": 1.0}
    table = lines(monkeypatch, found, quick=False)
    *_, note = islice(table, 2 + len(found) + 2)
    assert note == "`*`: not within a thousandth."
    with pytest.raises(SystemExit, match=r"fastsgd does not come within 0\.001 of the optimum"):
        next(table)
    *_, last = lines(monkeypatch, found, quick=True)
    assert last == "`*`: not within a thousandth, for which a quick run is too small."
