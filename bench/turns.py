"""Turns: contestants are timed one after another, pass after pass, and compared within each."""

from __future__ import annotations

from collections.abc import Callable
from statistics import median
from timeit import repeat, timeit

from .stage import Ready

# Of each turn the median counts.
ROUNDS = 3


def in_turn(contestants: dict[str, Ready], passes: int) -> dict[str, list[float]]:
    """Return how long a row took each of them in each of its turns, in seconds."""
    taken: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(passes):
        for name, ready in contestants.items():
            # Those before it have had the caches to themselves.
            ready.run()
            rounds = repeat(ready.run, repeat=ROUNDS, number=ready.iterations)
            taken[name].append(median(rounds) / ready.iterations / ready.rows)
    return taken


def seconds(run: Callable[[], object], repeats: int = 1) -> float:
    """Return how long a call takes."""
    return timeit(run, number=repeats) / repeats


def ratios(slow: list[float], fast: list[float]) -> list[float]:
    """Return how many times as long `slow` took as `fast` did, in each pass."""
    return [a / b for a, b in zip(slow, fast, strict=True)]
