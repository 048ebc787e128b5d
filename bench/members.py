"""`python -m bench.members`: an epoch of other losses, penalties and optimizers; and softmax."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from statistics import median
from typing import Any

import numpy as np

from fastsgd.optimizers import SGD
from fastsgd.penalties import L1, L2

from .command import end_with, print_tables
from .contestants import CONTESTANTS, prepare_fastsgd
from .peers import prepare_torch
from .report import number
from .stage import LONGEST_QUICK_RUN, LONGEST_RUN, warmed_up
from .turns import in_turn, ratios
from .workloads import ALPHA, WORKLOADS, Task, Workload

MEMBERS: dict[str, dict[str, Any]] = {
    "squared": {},
    "huber": {"loss": "huber"},
    "logistic": {"loss": "logistic"},
    "l2": {"penalty": "l2"},
    "cumulative l1": {"penalty": "cumulative_l1"},
    "momentum": {"optimizer": SGD(momentum=0.9)},
    "adam": {"optimizer": "adam"},
}

# On sparse rows all but the first remember something of each feature.
ON_SPARSE: dict[str, dict[str, Any]] = {
    "plain SGD": {},
    "elastic net": {"penalty": "elasticnet"},
    "cumulative l1": {"penalty": "cumulative_l1"},
    "momentum": {"optimizer": SGD(momentum=0.9)},
    "averages": {"average": True},
    "averages, l2": {"average": True, "penalty": L2(ALPHA)},
    "averages, l1": {"average": True, "penalty": L1(ALPHA)},
    "adagrad": {"optimizer": "adagrad"},
    "adam": {"optimizer": "adam"},
}
SPARSE = WORKLOADS["sparse 100000x47000, 75 a row"]

# Of several epochs, so that checking the labels hardly counts.
SQUARED = replace(WORKLOADS["1Mx100/32 float32"], epochs=5)

SOFTMAX = Workload("60000x784/256 float32", 60_000, 784, 256, "float32", lr=1e-3)
CLASSES = 10

PASSES = 5


def members(
    workload: Workload, options_of: dict[str, dict[str, Any]], passes: int
) -> Iterator[str]:
    """Yield a line for each member: its epoch beside that of the first."""
    task = workload.task()
    classes = task._replace(y=np.sign(task.y))
    ready = {
        name: warmed_up(
            prepare_fastsgd(classes if name == "logistic" else task, **options), task, LONGEST_RUN
        )
        for name, options in options_of.items()
    }
    seconds = in_turn(ready, passes)
    first = next(iter(seconds))
    yield f"| {workload.name} | ms/epoch | time / {first} |"
    yield "| --- | ---: | ---: |"
    for name, found in seconds.items():
        ratio = median(ratios(found, seconds[first]))
        yield f"| {name} | {number(1e3 * workload.rows * median(found))} | {number(ratio)} |"


def of_classes(task: Task) -> Task:
    """Return a task of the same rows, in classes that the softmax loss tells apart."""
    scores = task.X @ np.random.default_rng(1).standard_normal((task.X.shape[1], CLASSES))
    return task._replace(y=scores.argmax(axis=1), loss="softmax")


def softmax(workload: Workload, passes: int, longest: float) -> Iterator[str]:
    """Yield a table of one line: an epoch on one thread beside one of PyTorch, on all cores too."""
    task = of_classes(workload.task())
    ready = {"fastsgd": warmed_up(prepare_fastsgd(task), task, longest)}
    numbers_of_threads = sorted({1, os.cpu_count() or 1})
    if CONTESTANTS["torch"].version() is not None:
        for threads in numbers_of_threads:
            ready[f"torch {threads}"] = warmed_up(prepare_torch(task, threads), task, longest)
    seconds = in_turn(ready, passes)
    cells = [f"{workload.name}, k = {CLASSES}"]
    cells.append(number(1e3 * workload.rows * median(seconds["fastsgd"])))
    header = ["softmax", "ms/epoch"]
    for threads in numbers_of_threads:
        header.append(f"x faster than PyTorch, {threads} thread{'s' if threads > 1 else ''}")
        slow = seconds.get(f"torch {threads}")
        cells.append("-" if slow is None else number(median(ratios(slow, seconds["fastsgd"]))))
    yield f"| {' | '.join(header)} |"
    yield f"| --- |{' ---: |' * (len(header) - 1)}"
    yield f"| {' | '.join(cells)} |"


def tables(quick: bool) -> Iterator[str]:
    """Yield the tables, line by line."""
    chosen = (SQUARED, SPARSE, SOFTMAX)
    squared, sparse, many = (w.scaled_down() if quick else w for w in chosen)
    passes, longest = (1, LONGEST_QUICK_RUN) if quick else (PASSES, LONGEST_RUN)
    yield from members(squared, MEMBERS, passes)
    yield ""
    yield from members(sparse, ON_SPARSE, passes)
    yield ""
    yield from softmax(many, passes, longest)


if __name__ == "__main__":
    end_with(lambda: print_tables("bench.members", __doc__, tables))
