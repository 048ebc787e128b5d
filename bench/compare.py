"""`python -m bench.compare A [B]`: how long fits take in commit B beside commit A.

Each commit runs in a process of its own, with a cache of its own, on tasks that are made here. The
processes take turns. As in `python -m bench`, each number of X is checked in the original program
and nowhere else.
"""

from __future__ import annotations

import argparse
import io
import os
import pickle
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from .command import at_least, end_with, part_of_a_name
from .report import QUICK, number
from .turns import ratios
from .workloads import ALPHA, Task, Workload, chosen

ROOT = Path(__file__).parent.parent

# What B is by default: the files as they are now.
FILES = "these files"


class Worker:
    """A process that fits with one commit's fastsgd, whenever it is asked to."""

    def __init__(self, commit: str, folder: Path, stack: ExitStack) -> None:
        self.commit = commit
        source = ROOT if commit == FILES else _written(commit, folder / "source")
        places = {"PYTHONPATH": str(source), "NUMBA_CACHE_DIR": str(folder / "cache")}
        # -P: the modules of bench/ do not hide others of the same name.
        self.process = subprocess.Popen(
            [sys.executable, "-P", str(Path(__file__).with_name("worker.py"))],
            env={**os.environ, **places},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        stack.enter_context(self.process)
        imported = self._answer()
        if imported != source / "fastsgd":
            raise RuntimeError(f"{commit}: fastsgd was imported from {imported}")

    def prepare(self, task: Task) -> str | None:
        """Make it ready for a task; return the error if the commit cannot learn it."""
        error: str | None = self._ask(_arguments(task))
        return error

    def turn(self) -> float:
        """Fit the task, and return the seconds that a fit takes."""
        seconds: float = self._ask(None)
        return seconds

    def _ask(self, question: Any) -> Any:
        assert self.process.stdin is not None
        try:
            pickle.dump(question, self.process.stdin)
            self.process.stdin.flush()
        except BrokenPipeError:  # of a process that has ended, which gives no answer either
            with suppress(BrokenPipeError):
                self.process.stdin.close()  # else what it has not read is written once more
        return self._answer()

    def _answer(self) -> Any:
        assert self.process.stdout is not None
        try:
            return pickle.load(self.process.stdout)
        except EOFError:
            sys.exit(f"{self.commit}: its process ended; see above for why")


def _written(commit: str, folder: Path) -> Path:
    """Write the files of a commit into a folder."""
    archive = subprocess.check_output(["git", "-C", str(ROOT), "archive", commit])
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extractall(folder, filter="data")
    return folder


def _arguments(task: Task) -> dict[str, Any]:
    """Return the arguments of the fit; the defaults are left out, which old commits cannot name."""
    arguments = task._asdict()
    if task.loss == "squared":
        del arguments["loss"]
    if task.penalty is None:
        del arguments["penalty"]
    else:
        arguments["penalty"] = task.penalty.upper(), ALPHA
    zeros = np.zeros(task.X.shape[1]), 0.0
    return {**arguments, "init": zeros}


def table(a: Worker, b: Worker, workloads: list[Workload], turns: int) -> Iterator[str]:
    """Yield a line for each workload."""
    yield "| rows x features / batch | A, ms | B, ms | time B / time A | quartiles |"
    yield "| --- | ---: | ---: | ---: | ---: |"
    for workload in workloads:
        task = workload.task()
        errors = {"A": a.prepare(task), "B": b.prepare(task)}
        if any(errors.values()):
            whys = ", ".join(f"{name}: {error}" for name, error in errors.items() if error)
            yield f"| {workload.name} | - | - | - | {whys} |"
        else:
            yield line(workload.name, *alternately(a, b, turns))


def alternately(a: Worker, b: Worker, turns: int) -> tuple[list[float], list[float]]:
    """Return the seconds of a fit in each turn; the other one is first in every other turn."""
    seconds: dict[Worker, list[float]] = {a: [], b: []}
    for turn in range(turns):
        for worker in (b, a) if turn % 2 else (a, b):
            seconds[worker].append(worker.turn())
    return seconds[a], seconds[b]


def line(name: str, a: list[float], b: list[float]) -> str:
    """Return the times of a fit, and the median and the quartiles of their ratio."""
    low, middle, high = quantiles(ratios(b, a), n=4, method="inclusive")
    times = " | ".join(number(1e3 * median(seconds)) for seconds in (a, b))
    return f"| {name} | {times} | {middle:.3f} | {low:.3f} to {high:.3f} |"


def main() -> int:
    """Print the table."""
    options = _parser().parse_args()
    workloads = chosen(options.workloads)
    if options.quick:
        print(f"{QUICK}\n")
        workloads = [workload.scaled_down() for workload in workloads]
    if options.epochs:
        workloads = [replace(workload, epochs=options.epochs) for workload in workloads]
    with TemporaryDirectory() as folder, ExitStack() as stack:
        a = Worker(options.a, Path(folder, "a"), stack)
        b = Worker(options.b, Path(folder, "b"), stack)
        print(f"A: {options.a}, B: {options.b}\n")
        for row in table(a, b, workloads, options.turns):
            print(row, flush=True)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.compare", description=__doc__)
    parser.add_argument("a", type=commit, metavar="A", help="a commit, or a branch or a tag")
    parser.add_argument(
        "b", nargs="?", type=commit, default=FILES, metavar="B", help=f"default: {FILES}"
    )
    parser.add_argument("--quick", action="store_true", help="scale the shapes down")
    parser.add_argument(
        "--workloads", nargs="+", type=part_of_a_name, default=[], metavar="WORD", help="named so"
    )
    parser.add_argument(
        "--epochs", type=at_least(1), metavar="N", help="of a fit; with more, its call counts less"
    )
    parser.add_argument(
        "--turns", type=at_least(2), default=15, metavar="N", help="default: 15, at least 2"
    )
    return parser


def commit(name: str) -> str:
    """Return the name of a commit that there is."""
    question = ["git", "-C", str(ROOT), "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}"]
    if name != FILES and subprocess.run(question, stdout=subprocess.DEVNULL).returncode:
        raise argparse.ArgumentTypeError(f"{name!r} is no commit, branch or tag in {ROOT}")
    return name


if __name__ == "__main__":
    end_with(main)
