"""The measurements of one run, read from pytest-benchmark's JSON and compared turn by turn."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from .turns import ratios


class Turns(NamedTuple):
    """One contestant on one workload: how long a row took in each turn, in seconds.

    A turn is known by the number of its pass, as a run may be interrupted, or a turn fail.
    """

    seconds: dict[int, float]
    is_whole: bool  # whether it visited exactly the rows of its epochs


class Results:
    """All turns of a run, and the machine they were measured on."""

    def __init__(self, path: Path) -> None:
        data = json.loads(path.read_text())
        self.machine: dict[str, Any] = data["machine_info"]
        self.about: dict[str, Any] = self.machine["bench"]
        self.rows: dict[str, int] = {}
        self.turns: dict[str, dict[str, Turns]] = defaultdict(dict)
        self.cold_start: dict[str, float] = {}
        # In the order of their turns, as they were run.
        for benchmark in data["benchmarks"]:
            info = benchmark["extra_info"]
            if "workload" in info:
                self._add(info, benchmark["stats"]["median"])
            self.cold_start.update(info.get("cold_start", {}))

    def _add(self, info: dict[str, Any], seconds: float) -> None:
        workload, contestant, visited = info["workload"], info["contestant"], info["visited"]
        self.rows[workload] = info["rows"]
        is_whole = visited in (info["rows"], info["rows"] * info["epochs"])
        turns = self.turns[workload].setdefault(contestant, Turns({}, is_whole))
        turns.seconds[info["turn"]] = seconds / visited

    def rate(self, workload: str, contestant: str) -> float | None:
        """Return the rows a second, the median of all turns, or None if it was not measured."""
        turns = self.turns[workload].get(contestant)
        return None if turns is None else 1 / median(turns.seconds.values())

    def ratio(self, workload: str, slow: str, fast: str) -> float | None:
        """Return how many times as long `slow` took as `fast` did in the same pass; the median."""
        turns = self.turns[workload]
        if slow not in turns or fast not in turns:
            return None
        both = turns[slow].seconds.keys() & turns[fast].seconds.keys()
        taken = ([turns[name].seconds[turn] for turn in both] for name in (slow, fast))
        return median(ratios(*taken)) if both else None
