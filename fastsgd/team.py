"""Threads that gather parts of large batches for the one that fits."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import numpy as np
from numba import config

from .kernels.epoch import Work
from .kernels.parts import Parts
from .kernels.team import CELLS, STOPPED, Shared, assist
from .work import with_parts_compiled

if TYPE_CHECKING:
    from concurrent.futures import Future

# With fewer numbers in a part, two threads gain about a tenth on rows that fit in no cache, and on
# others take up to 1.2 times as long as one.
WORTHWHILE = 3 * 2**14


class Team:
    """The threads beside the one that fits."""

    def __init__(self, size: int) -> None:
        from concurrent.futures import ThreadPoolExecutor  # 1 ms of an import, for few fits

        self.size, self.process = size, os.getpid()
        self.cells = np.zeros(CELLS, np.int64)
        self.pool = ThreadPoolExecutor(size, thread_name_prefix="fastsgd")

    def __enter__(self) -> Team:
        return self

    def __exit__(self, *_: object) -> None:
        self.cells[STOPPED] = 1  # whatever was raised where
        self.pool.shutdown()

    @contextmanager
    def assisting(self, work: Work, order: Any) -> Iterator[Work]:
        """Give work of which the threads take their parts, until the end of the context."""
        from concurrent.futures import wait

        work = with_parts_compiled(work, order)
        self.cells = np.zeros(CELLS, np.int64)
        shared = Shared(work.way, self.cells)
        task = work.data, order, work.parameters, work.method.loss, shared
        futures: list[Future[None]] = []
        try:
            with suppress(RuntimeError):  # where no more threads can begin, fewer assist
                for _ in range(self.size):
                    futures.append(self.pool.submit(_assist, *task))
            yield work._replace(way=shared)
        finally:
            shared.cells[STOPPED] = 1
            if self.process == os.getpid():  # else it was forked, and has no threads
                # Those that have not begun need not do so.
                begun = [future for future in futures if not future.cancel()]
                wait(begun)
                for future in begun:
                    future.result()


def _assist(data: Any, order: Any, parameters: Any, loss: Any, shared: Shared) -> None:
    try:
        assist(data, order, parameters, loss, shared)
    finally:  # a part that fails, in a loss of the user's own, is one that nobody waits for
        shared.cells[STOPPED] = 1


def team_for(work: Work, n_threads: int | None) -> Team | None:
    """Return a team of at most so many threads, None for all; or None where one is too many."""
    parts = work.way
    if n_threads == 1 or not isinstance(parts, Parts) or config.DISABLE_JIT:
        return None
    threads = min(processors() if n_threads is None else n_threads, len(parts.losses))
    if threads == 1 or parts.length * work.parameters.w.size < WORTHWHILE:
        return None
    try:
        return Team(threads - 1)
    except RuntimeError:  # of an interpreter that ends, where no more threads can begin
        return None


def processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
