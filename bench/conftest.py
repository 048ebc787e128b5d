"""The options of `pytest bench`, the stage, and what is noted beside the measurements."""

from __future__ import annotations

import platform
from importlib.metadata import version
from typing import Any

import pytest

from .contestants import CONTESTANTS
from .stage import Stage
from .workloads import chosen

PASSES = 5


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--quick", action="store_true", help="scale the shapes down, one pass")
    parser.addoption(
        "--workloads", nargs="+", default=[], help="those whose names contain one of these"
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Let all contestants take turns in each pass, and finish one workload before the next."""
    if "turn" not in metafunc.fixturenames:
        return
    quick = metafunc.config.getoption("--quick")
    workloads = chosen(metafunc.config.getoption("--workloads"))
    turns = [
        (workload.scaled_down() if quick else workload, number, contestant)
        for workload in workloads
        for number in range(1 if quick else PASSES)
        for contestant in CONTESTANTS
        if CONTESTANTS[contestant].reads_sparse or not workload.is_sparse
    ]
    names = [f"{workload.name}-pass {number}-{name}" for workload, number, name in turns]
    metafunc.parametrize("turn", turns, ids=names)


@pytest.fixture(scope="session")
def stage(request: pytest.FixtureRequest) -> Stage:
    """The one stage of the session."""
    return Stage(request.config.getoption("--quick"))


def pytest_benchmark_update_machine_info(config: pytest.Config, machine_info: Any) -> None:
    """Write down the versions, and how it was measured, into the JSON file."""
    versions = {name: contestant.version() for name, contestant in CONTESTANTS.items()}
    machine_info["bench"] = {
        "python": platform.python_version(),
        "numba": version("numba"),
        "versions": versions,
        "quick": config.getoption("--quick"),
    }
