"""A run that was interrupted, or in which a turn failed, still tells what was measured."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from .contestants import CONTESTANTS
from .report import report
from .results import Results


def results(folder: Path, turns: dict[str, dict[int, float]]) -> Results:
    """Return those of contestants, each of which took so many microseconds for a row in a pass."""
    found = [
        {
            "extra_info": {**WHERE, "contestant": name, "turn": turn},
            "stats": {"median": 1e-5 * taken},
        }
        for name, passes in turns.items()
        for turn, taken in passes.items()
    ]
    about = {"python": "3", "numba": "1", "quick": False, "versions": dict.fromkeys(CONTESTANTS)}
    machine = {"cpu": {"count": 1}, "machine": "some", "system": "any", "bench": about}
    path = folder / "benchmark.json"
    path.write_text(json.dumps({"machine_info": machine, "benchmarks": found}))
    return Results(path)


WHERE: dict[str, Any] = {"workload": "some rows", "rows": 10, "epochs": 1, "visited": 10}


def test_a_ratio_is_one_within_a_pass_though_others_are_missing(tmp_path: Path) -> None:
    turns = {"fastsgd": {0: 1.0, 1: 2.0, 2: 3.0}, "numpy": {0: 2.0, 2: 9.0}, "jax": {}}
    found = results(tmp_path, turns)
    assert found.ratio("some rows", "numpy", "fastsgd") == pytest.approx(2.5)
    assert found.ratio("some rows", "jax", "fastsgd") is None
    assert "| some rows | 0.500M |" in report(found)


def test_turns_in_no_pass_together_have_no_ratio(tmp_path: Path) -> None:
    found = results(tmp_path, {"fastsgd": {1: 1.0}, "numpy": {0: 2.0}})
    assert found.ratio("some rows", "numpy", "fastsgd") is None


def test_a_workload_on_which_fastsgd_failed_is_no_line_of_the_table(tmp_path: Path) -> None:
    assert "some rows" not in report(results(tmp_path, {"numpy": {0: 1.0}}))
