"""`python -m bench.sizes`: what a row costs at every size of X, as JSON and as a picture."""

from __future__ import annotations

import argparse
import json
from itertools import pairwise
from math import ceil
from pathlib import Path
from statistics import median
from typing import NamedTuple

from pytest_benchmark.plugin import pytest_benchmark_generate_machine_info

from .command import end_with, parsed
from .contestants import CONTESTANTS
from .curves import draw
from .limits import LIMITS
from .report import QUICK, number
from .stage import FEWEST_ROWS, one_thread, warmed_up
from .turns import in_turn
from .workloads import Workload

FEATURES = (1, 2, 10, 100, 1000, 10_000)

# Two sizes a decade, up to 400 MB.
VALUES = [round(10 ** (k / 2)) for k in range(6, 17)]
LARGEST_QUICK = 100_000

BATCH_SIZE, FEWEST = 32, 10

# Of all the epochs of a fit, so that what a call costs does not count.
VALUES_IN_A_FIT = 10_000_000

MEASURED = ("fastsgd", *LIMITS, "sklearn", "torch")
PASSES = 3

# Those that take longer than this visit only a part of the rows.
LONGEST_RUN = 0.05


class Size(NamedTuple):
    """Of X."""

    rows: int
    features: int


# How many seconds a row takes each contestant.
Costs = dict[str, float]


def sizes(largest: int) -> list[Size]:
    """Return those of more than a handful of rows, for each number of features in turn."""
    return [
        Size(values // features, features)
        for features in FEATURES
        for values in VALUES
        if FEWEST * features <= values <= largest
    ]


def epochs(contestant: str, size: Size) -> int:
    """Return how many epochs a fit has; few in a loop of PyTorch, whose start costs nothing."""
    if contestant == "torch":
        return ceil(FEWEST_ROWS / size.rows)
    return ceil(VALUES_IN_A_FIT / (size.rows * size.features))


def measured(size: Size, passes: int) -> Costs:
    """Let all contestants that are installed take turns, and return their medians."""
    lr = 0.1 / size.features
    task = Workload("", size.rows, size.features, BATCH_SIZE, "float32", lr).task()
    ready = {}
    for name in MEASURED:
        if CONTESTANTS[name].version() is not None:
            own = task._replace(epochs=epochs(name, size))
            ready[name] = warmed_up(CONTESTANTS[name].prepare(own), own, LONGEST_RUN)
    return {name: median(seconds) for name, seconds in in_turn(ready, passes).items()}


def cliff(before: Costs, after: Costs) -> float:
    """Return how much larger fastsgd's step, up or down, is than any of the limits' that way."""
    step = after["fastsgd"] / before["fastsgd"]
    limits = [after[name] / before[name] for name in LIMITS]
    up = step / max(1, *limits)
    down = min(1, *limits) / step
    return max(up, down)


def largest_cliff(costs: dict[Size, Costs]) -> str:
    """Describe it."""
    pairs = [(a, b) for a, b in pairwise(costs) if a.features == b.features]
    a, b = max(pairs, key=lambda pair: cliff(costs[pair[0]], costs[pair[1]]))
    step = costs[b]["fastsgd"] / costs[a]["fastsgd"]
    return (
        f"The largest step: from {a.rows:,} to {b.rows:,} rows of {a.features:,}, a row takes "
        f"{step:.2f} times as long, {cliff(costs[a], costs[b]):.2f} times the step of the limits."
    )


def row(size: Size, costs: Costs) -> str:
    """Return a row of the table: nanoseconds a row, and those of fastsgd a value."""
    cells = [f"{size.rows}x{size.features}"]
    cells += [number(1e9 * costs[name]) if name in costs else "-" for name in MEASURED]
    cells.append(number(1e9 * costs["fastsgd"] / size.features))
    return f"| {' | '.join(cells)} |"


def main() -> int:
    """Print a row for each size, then write both files."""
    parser = argparse.ArgumentParser(prog="python -m bench.sizes", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="only small sizes, one pass")
    options = parsed(parser, "sizes")
    if options.quick:
        print(f"{QUICK}\n")
    titles = [CONTESTANTS[name].title for name in MEASURED]
    print(f"| ns a row of X | {' | '.join(titles)} | ns a value |")
    print(f"| --- |{' ---: |' * (len(titles) + 1)}")
    costs: dict[Size, Costs] = {}
    with one_thread():
        for size in sizes(LARGEST_QUICK if options.quick else VALUES[-1]):
            costs[size] = measured(size, 1 if options.quick else PASSES)
            print(row(size, costs[size]), flush=True)
    print(f"\n{largest_cliff(costs)}\n")
    _write(costs, options.json)
    print(f"wrote {options.json}")
    draw(costs, options.svg)
    print(f"wrote {options.svg}")
    return 0


def _write(costs: dict[Size, Costs], path: Path) -> None:
    """Write all of it, with the machine and the versions."""
    found = {
        "machine": pytest_benchmark_generate_machine_info(),
        "versions": {name: CONTESTANTS[name].version() for name in MEASURED},
        "seconds a row": [{**size._asdict(), **costs[size]} for size in costs],
    }
    path.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    end_with(main)
