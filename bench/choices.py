"""`python -m bench.choices`: what other values of `shuffle` and `n_threads` gain; fits at once."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from math import ceil
from statistics import median

import numpy as np

from fastsgd import epoch_order
from fastsgd.team import processors

from .command import end_with, print_tables
from .contestants import prepare_fastsgd
from .interface import Run
from .limits import read_in_order, read_in_order_in_threads, read_in_threads, reading
from .members import CLASSES, of_classes
from .report import number
from .stage import LONGEST_QUICK_RUN, LONGEST_RUN, Ready, one_thread, warmed_up
from .turns import in_turn, ratios
from .workloads import WORKLOADS, Workload

# Of two epochs: a fit of one makes room for an order that later epochs have already.
SHUFFLED = [
    replace(WORKLOADS[f"{shape} float32"], epochs=2)
    for shape in ("1Mx10/10", "10Mx2/10", "1Mx100/32", "100000x1000/128")
]

# And whether they are of classes, for softmax.
SHARED = [
    (Workload(f"{n}x{d}/1024", n, d, 1024, "float32", lr=1e-3, epochs=2), has_classes)
    for n, d, has_classes in (
        (100_000, 50, False),
        (100_000, 100, False),
        (100_000, 1000, False),
        (60_000, 784, True),
    )
]

# Fits of 0.1 ms, of about 1 and 3 ms in a cache, and of data from memory.
AT_ONCE = [
    replace(WORKLOADS[f"{shape} float32"], name=f"{shape}, {epochs} epochs", epochs=epochs)
    for shape, epochs in (
        ("1000x2/10", 3),
        ("1000x2/10", 300),
        ("1000x100/32", 100),
        ("20000x100/32", 20),
        ("1Mx10/10", 2),
        ("1Mx100/32", 2),
    )
]

PASSES = 5


def orders(workload: Workload, passes: int, longest: float) -> str:
    """Return a line: an epoch in random orders beside one in the order of the rows."""
    task, n = workload.task(), workload.rows
    row_bytes = workload.features * task.X.itemsize
    of_reads = {
        "False": np.arange(n, dtype=np.uint32),
        "block": epoch_order(n, 0, 0, row_bytes=row_bytes),
        "True": epoch_order(n, 0, 0),
    }
    ready = {
        str(shuffle): warmed_up(prepare_fastsgd(task, shuffle=shuffle), task, longest)
        for shuffle in (False, "block", True)
    }
    for name, order in of_reads.items():
        read = reading(read_in_order(task.X, task.y, order), n)
        ready[f"read {name}"] = warmed_up(read, task, longest)
    seconds = in_turn(ready, passes)
    cells = [workload.name, number(1e3 * n * median(seconds["False"]))]
    for kind in ("", "read "):
        for name in ("block", "True"):
            beside = ratios(seconds[kind + name], seconds[f"{kind}False"])
            cells.append(number(median(beside)))
    return f"| {' | '.join(cells)} |"


def threads(workload: Workload, has_classes: bool, passes: int, longest: float) -> str:
    """Return a line: an epoch on all processors beside one on one, and beside one read of X."""
    task, name, most = workload.task(), workload.name, processors()
    if has_classes:
        task, name = of_classes(task), f"{name}, softmax, k = {CLASSES}"
    ready = {
        str(n_threads): warmed_up(prepare_fastsgd(task, n_threads=n_threads), task, longest)
        for n_threads in (1, None)
    }
    order = epoch_order(workload.rows, 0, 0)
    with ThreadPoolExecutor(most) as pool:
        for kind, read in (
            ("read", read_in_threads(task.X, pool, most)),
            ("read in that order", read_in_order_in_threads(task.X, task.y, order, pool, most)),
        ):
            ready[kind] = warmed_up(reading(read, workload.rows), task, longest)
        seconds = in_turn(ready, passes)
    cells = [name, number(1e3 * workload.rows * median(seconds["1"]))]
    cells.append(number(median(ratios(seconds["1"], seconds["None"]))))
    for kind in ("None", "read in that order"):
        cells.append(number(median(ratios(seconds[kind], seconds["read"]))))
    return f"| {' | '.join(cells)} |"


def at_once(workload: Workload, passes: int, longest: float) -> str:
    """Return a line: a fit in each of as many threads as there are processors, beside one fit."""
    task, most = workload.task(), processors()
    fits = [prepare_fastsgd(task._replace(X=task.X.copy(), y=task.y.copy())) for _ in range(most)]
    ms = 1e3 * warmed_up(fits[0], task, longest).seconds
    # Threads that have just begun take a while to spread over the processors.
    times = ceil(1e3 * longest / ms)
    with ThreadPoolExecutor(most) as pool:
        ready = {
            "one": Ready(partial(repeatedly, times, fits[0]), times, longest),
            "all": Ready(lambda: list(pool.map(partial(repeatedly, times), fits)), times, longest),
        }
        seconds = in_turn(ready, passes)
    beside = ratios(seconds["all"], seconds["one"])
    return f"| {workload.name} | {number(ms)} | {number(median(beside))} |"


def repeatedly(times: int, fit: Run) -> None:
    """Fit so many times."""
    for _ in range(times):
        fit(0)  # always all mini-batches


def tables(quick: bool) -> Iterator[str]:
    """Yield the tables, line by line."""
    passes, longest = (1, LONGEST_QUICK_RUN) if quick else (PASSES, LONGEST_RUN)
    with one_thread():
        yield (
            "| float32 | ms/epoch, not shuffled | by block / that | in full random order / that "
            "| rows only read: by block / in order | in random order / in order |"
        )
        yield "| --- | ---: | ---: | ---: | ---: | ---: |"
        for workload in SHUFFLED:
            yield orders(workload.scaled_down() if quick else workload, passes, longest)
        yield ""
        most = processors()
        yield (
            f"| float32 | ms/epoch, one thread | x faster with {most} "
            f"| time with {most} / one read of X by {most} "
            f"| rows only read by {most}: in random order / that |"
        )
        yield "| --- | ---: | ---: | ---: | ---: |"
        for workload, has_classes in SHARED:
            scaled = workload.scaled_down() if quick else workload
            yield threads(scaled, has_classes, passes, longest)
        yield ""
        yield f"| float32 | ms/fit | {most} fits at once, in threads of Python / one |"
        yield "| --- | ---: | ---: |"
        for workload in AT_ONCE:
            yield at_once(workload.scaled_down() if quick else workload, passes, longest)


if __name__ == "__main__":
    end_with(lambda: print_tables("bench.choices", __doc__, tables))
