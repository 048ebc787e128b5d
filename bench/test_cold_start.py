"""How long the first fit of a process takes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from .cold_start import cold_start

PROCESSES = 3


def test_cold_start(benchmark: Any, request: pytest.FixtureRequest) -> None:
    found: list[dict[str, float]] = []
    rounds = 1 if request.config.getoption("--quick") else PROCESSES
    benchmark.pedantic(lambda: found.append(cold_start()), rounds=rounds)
    medians = {part: median(once[part] for once in found) for part in found[0]}
    benchmark.extra_info["cold_start"] = medians
    # The cache was hit.
    assert medians["warm"] < medians["default"] / 2


@pytest.mark.parametrize("text", ["{", "3"])
def test_arguments_of_a_fit_that_are_no_json_object_are_refused(text: str) -> None:
    command = [sys.executable, "-P", str(Path(__file__).with_name("first_fit.py")), text]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.endswith(f"arguments: {text!r} is no JSON object, which '{{}}' would be\n")
