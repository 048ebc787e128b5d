"""What every contestant is: a name, a package, and a function that makes it ready."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import NamedTuple

import numpy as np

from .workloads import Array, Task


class Visit(NamedTuple):
    """What a run did: how many rows it visited in all its epochs, and what it learned.

    The parameters, (w, b), are asked for after the clock has stopped. A run ends when they are
    learned, even in a library that works asynchronously.
    """

    rows: int
    parameters: Callable[[], tuple[Array, Array]] | None


# Learns anew, from zeros, in epochs of this many mini-batches, or of all if there are fewer.
# Called with another number than before it may compile; called again it may not.
Run = Callable[[int], Visit]


class Contestant(NamedTuple):
    """Something that learns, or that reads the rows as fast as anything could."""

    title: str
    module: str
    distribution: str
    prepare: Callable[[Task], Run]
    reads_sparse: bool = False

    def version(self) -> str | None:
        """Return the version of its package, or None if it is absent."""
        if find_spec(self.module) is None:
            return None
        try:
            return version(self.distribution)
        except PackageNotFoundError:  # imported from a checkout
            return str(import_module(self.module).__version__)


def visited_rows(task: Task, batches: int) -> int:
    """Return the number of rows that an epoch of so many mini-batches visits."""
    return min(task.X.shape[0], batches * task.batch_size)


def random_order(rng: np.random.Generator, n: int, visited: int) -> Array:
    """Return a random order of all n rows, or of only as many of them as are visited."""
    return rng.permutation(n) if visited == n else rng.integers(n, size=visited)
