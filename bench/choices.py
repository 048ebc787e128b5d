"""`python -m bench.choices`: what other values of `shuffle` and `n_threads` gain."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from statistics import median

from fastsgd.team import processors

from .command import end_with, print_tables
from .contestants import prepare_fastsgd
from .members import CLASSES, of_classes
from .report import number
from .stage import LONGEST_QUICK_RUN, LONGEST_RUN, one_thread, warmed_up
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

PASSES = 5


def orders(workload: Workload, passes: int, longest: float) -> str:
    """Return a line: an epoch in random orders beside one in the order of the rows."""
    task = workload.task()
    ready = {
        str(shuffle): warmed_up(prepare_fastsgd(task, shuffle=shuffle), task, longest)
        for shuffle in (False, "block", True)
    }
    seconds = in_turn(ready, passes)
    cells = [workload.name, number(1e3 * workload.rows * median(seconds["False"]))]
    for name in ("block", "True"):
        cells.append(number(median(ratios(seconds[name], seconds["False"]))))
    return f"| {' | '.join(cells)} |"


def threads(workload: Workload, has_classes: bool, passes: int, longest: float) -> str:
    """Return a line: an epoch on all processors beside one on one."""
    task, name = workload.task(), workload.name
    if has_classes:
        task, name = of_classes(task), f"{name}, softmax, k = {CLASSES}"
    ready = {
        str(n_threads): warmed_up(prepare_fastsgd(task, n_threads=n_threads), task, longest)
        for n_threads in (1, None)
    }
    seconds = in_turn(ready, passes)
    gain = number(median(ratios(seconds["1"], seconds["None"])))
    return f"| {name} | {number(1e3 * workload.rows * median(seconds['1']))} | {gain} |"


def tables(quick: bool) -> Iterator[str]:
    """Yield both tables, line by line."""
    passes, longest = (1, LONGEST_QUICK_RUN) if quick else (PASSES, LONGEST_RUN)
    with one_thread():
        yield "| float32 | ms/epoch, not shuffled | by block / that | in full random order / that |"
        yield "| --- | ---: | ---: | ---: |"
        for workload in SHUFFLED:
            yield orders(workload.scaled_down() if quick else workload, passes, longest)
        yield ""
        yield f"| float32 | ms/epoch, one thread | x faster with {processors()} |"
        yield "| --- | ---: | ---: |"
        for workload, has_classes in SHARED:
            scaled = workload.scaled_down() if quick else workload
            yield threads(scaled, has_classes, passes, longest)


if __name__ == "__main__":
    end_with(lambda: print_tables("bench.choices", __doc__, tables))
