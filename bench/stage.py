"""Where contestants perform: the data of one workload at a time, and who is ready on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from importlib.util import find_spec
from math import ceil
from time import perf_counter
from typing import Any, NamedTuple

from .contestants import CONTESTANTS
from .interface import Run
from .workloads import Task, Workload

# A contestant that needs longer than this for a workload visits only a part of its rows.
LONGEST_RUN = 0.25
LONGEST_QUICK_RUN = 0.01

# However slow it is: all rows of the smallest workloads, the original program's among them.
FEWEST_ROWS = 1000

# Of a round, so that the clock and a single interruption do not matter.
LEAST_SECONDS = 0.005


class Ready(NamedTuple):
    """A contestant that is warm: what it has to compile is compiled."""

    run: Callable[[], object]
    rows: int
    seconds: float

    @property
    def iterations(self) -> int:
        """Return how often it runs in a round."""
        return ceil(LEAST_SECONDS / self.seconds)


class Stage:
    """The data of the latest workload only: those of the largest take 800 MB."""

    def __init__(self, quick: bool) -> None:
        self.longest_run = LONGEST_QUICK_RUN if quick else LONGEST_RUN
        self.workload: Workload | None = None
        self.task: Task | None = None
        self.ready: dict[str, Ready] = {}

    def prepare(self, workload: Workload, contestant: str) -> Ready:
        """Return the contestant, made ready at its first appearance on the workload."""
        if workload != self.workload:
            self.ready.clear()
            self.task = None  # before the next data are made, not after
            self.task = workload.task()
            self.workload = workload
        if contestant not in self.ready:
            assert self.task is not None
            run = CONTESTANTS[contestant].prepare(self.task)
            self.ready[contestant] = warmed_up(run, self.task, self.longest_run)
        return self.ready[contestant]


def warmed_up(run: Run, task: Task, longest: float) -> Ready:
    """Find how many mini-batches fit into a run; that is also what warms the contestant up."""
    batches, visited_before = ceil(FEWEST_ROWS / task.batch_size), 0
    while True:
        run(batches)
        began = perf_counter()
        visited = run(batches).rows
        seconds = perf_counter() - began
        # If more mini-batches are no more rows, these are all there are.
        if seconds > longest / 2 or visited == visited_before:
            return Ready(partial(run, batches), visited, seconds)
        visited_before = visited
        growth = min(max(0.8 * longest / seconds, 2), 100)
        batches = ceil(growth * visited / task.epochs / task.batch_size)


@contextmanager
def one_thread() -> Iterator[Any]:
    """Hold BLAS and OpenMP to one thread, even those of libraries that missed the variables."""
    if find_spec("threadpoolctl") is None:
        yield
        return
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1):
        yield
