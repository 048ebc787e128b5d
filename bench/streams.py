"""`python -m bench.streams`: a part of a stream, by `partial_fit`, beside scikit-learn's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
import sklearn.linear_model as theirs

from fastsgd import sklearn as ours

from .command import end_with, print_tables
from .estimators import Array, line_of_times
from .turns import seconds

# How many parts a stream has, and how often it is learned from.
PARTS, PASSES = 10, 9
# None stands for scikit-learn.
BATCH_SIZES = (None, 1, 32)

Part = tuple[Any, Array]


class Stream(NamedTuple):
    """Parts of rows with labels of two classes, and a classifier for them."""

    name: str
    part: Callable[[np.random.Generator], Part]
    options: dict[str, Any]

    def make(self, batch_size: int | None) -> Any:
        """Return scikit-learn's classifier for None, else ours."""
        if batch_size is None:
            return theirs.SGDClassifier(**self.options, random_state=0)
        return ours.SGDClassifier(**self.options, random_state=0, batch_size=batch_size)


def dense(n: int, d: int, rng: np.random.Generator) -> Part:
    """Return a part of n rows of d numbers."""
    X = rng.normal(size=(n, d))
    return X, (X[:, 0] + rng.normal(size=n) > 0).astype(int)


def hashed(n: int, d: int, rng: np.random.Generator) -> Part:
    """Return a part of n rows of 75 words, as scikit-learn's `HashingVectorizer` makes them."""
    words = (d * rng.random((n, 75)) ** 4).astype(np.int32)
    starts = np.arange(0, 75 * n + 1, 75, dtype=np.int32)
    X = sp.csr_array((np.full(75 * n, 75**-0.5), words.ravel(), starts), (n, d))
    X.sum_duplicates()
    return X, (words[:, 0] % 2 ^ (rng.random(n) < 0.1)).astype(int)


HASHED = partial(hashed, 1000, 2**20)
STREAMS = [
    Stream("100x20", partial(dense, 100, 20), {}),
    Stream("1000x100", partial(dense, 1000, 100), {}),
    Stream("1000 sparse rows of 2^20 features", HASHED, {}),
    Stream("the same, with L1", HASHED, {"penalty": "l1"}),
    Stream("the same, with averages", HASHED, {"average": True}),
]


def table(passes: int) -> Iterator[str]:
    """Yield the rows of a table of times of a part; a ratio is one within a pass."""
    yield "| a part | scikit-learn, ms | x faster, batch_size=1 | 32 |"
    yield "| --- | ---: | ---: | ---: |"
    for stream in STREAMS:
        rng = np.random.default_rng(0)
        parts = [stream.part(rng) for _ in range(PARTS)]
        models = [stream.make(batch_size) for batch_size in BATCH_SIZES]
        for model in models:
            model.partial_fit(*parts[0], classes=[0, 1])  # compiles, if anything does
        runs = [partial(_learn, model, parts) for model in models]
        taken = np.array([[seconds(run, 1) / PARTS for run in runs] for _ in range(passes)])
        yield line_of_times(stream.name, taken)


def _learn(model: Any, parts: list[Part]) -> None:
    for X, y in parts:
        model.partial_fit(X, y)


def tables(quick: bool) -> Iterator[str]:
    """Yield the table, line by line."""
    yield from table(1 if quick else PASSES)


if __name__ == "__main__":
    end_with(lambda: print_tables("bench.streams", __doc__, tables))
