"""What `bench.compare` runs in a process of its own: fits, by whatever fastsgd is on the path.

It reads pickles from its standard input: the arguments of a fit, to be ready for it, or None, to
time it. All that it asks of fastsgd is `fit`, and a penalty where there is one, so that any commit
can be measured.
"""

from __future__ import annotations

import pickle
import sys
from collections.abc import Callable
from functools import partial
from math import ceil
from pathlib import Path
from time import perf_counter
from typing import Any

import fastsgd

# So that the clock and a single interruption do not matter.
LEAST_SECONDS = 0.01


def warmed_up(arguments: dict[str, Any]) -> Callable[[], float]:
    """Return what times such a fit; what there is to compile is compiled."""
    if "penalty" in arguments:
        name, alpha = arguments["penalty"]
        arguments["penalty"] = getattr(fastsgd.penalties, name)(alpha)
    fit = partial(fastsgd.fit, **arguments)
    fit()
    began = perf_counter()
    fit()
    return partial(seconds, fit, ceil(LEAST_SECONDS / (perf_counter() - began)))


def seconds(fit: Callable[[], object], repeats: int) -> float:
    """Return how long a fit takes, after one that fills the caches."""
    fit()
    began = perf_counter()
    for _ in range(repeats):
        fit()
    return (perf_counter() - began) / repeats


def main() -> None:
    """Answer until there are no more questions: the first answer is where fastsgd is."""
    answer: Any = Path(fastsgd.__file__).parent
    turn: Any = None
    while True:
        pickle.dump(answer, sys.stdout.buffer)
        sys.stdout.buffer.flush()
        try:
            arguments = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        if arguments is None:
            answer = turn()
            continue
        try:
            turn, answer = warmed_up(arguments), None
        except Exception as error:  # a commit that does not know an argument, say
            answer = f"{type(error).__name__}: {error}"


if __name__ == "__main__":
    main()
