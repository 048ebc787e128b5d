"""Two commits are compared turn by turn; here both are the files as they are."""

from __future__ import annotations

import re
from argparse import ArgumentTypeError
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest

from .compare import FILES, Worker, commit, line, table
from .workloads import ORIGINAL, Task


def test_the_ratio_is_of_the_second_to_the_first_and_taken_turn_by_turn() -> None:
    a, b = [1e-3, 2e-3, 4e-3], [2e-3, 4e-3, 4e-3]
    assert line("some", a, b) == "| some | 2.00 | 4.00 | 2.000 | 1.500 to 2.000 |"


def test_a_commit_that_there_is_not_is_refused() -> None:
    assert commit(FILES) == FILES
    with pytest.raises(ArgumentTypeError, match="'nosuch' is no commit, branch or tag"):
        commit("nosuch")


def test_a_commit_that_cannot_be_imported_is_named(monkeypatch, tmp_path: Path) -> None:
    package = tmp_path / "fastsgd"
    package.mkdir()
    (package / "__init__.py").write_text("import nosuch\n")
    monkeypatch.setattr("bench.compare.ROOT", tmp_path)
    with ExitStack() as stack, pytest.raises(SystemExit, match=f"{FILES}: its process ended"):
        Worker(FILES, tmp_path, stack)


def test_two_processes_take_turns(tmp_path: Path) -> None:
    with ExitStack() as stack:
        a, b = (Worker(FILES, tmp_path / name, stack) for name in "ab")
        *_, last = table(a, b, [ORIGINAL], turns=3)
    assert re.fullmatch(r"\| original program( \| [\d.]+){3} \| [\d.]+ to [\d.]+ \|", last)


def test_a_process_that_was_killed_is_named(tmp_path: Path) -> None:
    task = Task(np.ones((10**5, 1)), np.ones(10**5), 1, 0.1, 1)
    with ExitStack() as stack:
        worker = Worker(FILES, tmp_path, stack)
        worker.process.kill()
        worker.process.wait()
        with pytest.raises(SystemExit, match=f"{FILES}: its process ended"):
            worker.prepare(task)


def test_penalties_are_as_strong_as_in_the_benchmark(monkeypatch, tmp_path: Path) -> None:
    package = tmp_path / "fastsgd"
    package.mkdir()
    (package / "penalties.py").write_text("L1 = 'L1 of {}'.format\n")
    (package / "__init__.py").write_text(
        "from . import penalties\ndef fit(*, penalty, **_): raise ValueError(penalty)\n"
    )
    monkeypatch.setattr("bench.compare.ROOT", tmp_path)
    task = Task(np.ones((2, 1)), np.ones(2), 1, 0.1, 1, penalty="l1")
    with ExitStack() as stack:
        assert Worker(FILES, tmp_path, stack).prepare(task) == "ValueError: L1 of 1e-06"
