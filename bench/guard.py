"""`python -m bench.guard`: fail where an epoch takes too many times as long as a BLAS gradient.

A ratio within one run carries over from machine to machine, which a time does not.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from math import ceil
from statistics import median

from .command import end_with
from .stage import Stage, one_thread
from .turns import in_turn, ratios
from .workloads import WORKLOADS

# The time of an epoch over that of one BLAS gradient: about twice what was measured last. Whoever
# makes an epoch faster lowers them.
LARGEST = {
    "1000x100/32 float32": 2.5,
    "20000x100/32 float32": 2.7,
}

PASSES = 25

# Of all the epochs of a fit: what a call costs hardly counts.
ROWS = 200_000


def measured(name: str) -> float:
    """Return the ratio on a workload, the median of all passes."""
    workload = WORKLOADS[name]
    workload = replace(workload, epochs=ceil(ROWS / workload.rows))
    stage = Stage(quick=True)
    ready = {contestant: stage.prepare(workload, contestant) for contestant in ("fastsgd", "blas")}
    seconds = in_turn(ready, PASSES)
    return median(ratios(seconds["fastsgd"], seconds["blas"]))


def verdict(name: str, ratio: float, largest: float) -> str:
    """Return a line that says whether the ratio is small enough, and what to do if it is not."""
    line = f"{name}: an epoch takes {ratio:.2f} times as long as a BLAS gradient"
    if ratio <= largest:
        return f"{line}, at most {largest:g} is allowed"
    return (
        f"{line}, more than the {largest:g} that are allowed. Run it again on a machine that does "
        "nothing else. If it stays, find the commit that did it with `python -m bench.compare`, "
        "and make the epoch as fast as it was; raise the limit in bench/guard.py only for a "
        "slowdown that is meant, and say so in the commit."
    )


def main() -> int:
    """Print a verdict for each workload; return 1 if one of them is bad."""
    argparse.ArgumentParser(prog="python -m bench.guard", description=__doc__).parse_args()
    is_slow = False
    with one_thread():
        for name, largest in LARGEST.items():
            ratio = measured(name)
            is_slow |= ratio > largest
            print(verdict(name, ratio, largest), flush=True)
    return int(is_slow)


if __name__ == "__main__":
    end_with(main)
