"""`python -m bench.estimators`: the scikit-learn face beside scikit-learn, quality and time."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from functools import partial
from statistics import median
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
import sklearn.linear_model as theirs
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from fastsgd import sklearn as ours

from .command import end_with, print_tables
from .limits import read_in_random_order
from .report import number
from .turns import seconds

Array = np.ndarray[Any, Any]

# Of a fit whose time is taken.
EPOCHS = 5

SEEDS, TUNING_SEEDS = range(10), range(100, 103)
Rate = dict[str, Any]
RATES: list[Rate] = [
    {"learning_rate": name, "eta0": eta0}
    for name in ("constant", "invscaling")
    for eta0 in (1e-3, 1e-2, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
]
QUICK_RATES = RATES[::9]
# None stands for scikit-learn.
BATCH_SIZES = (None, 1, 32)
PASSES = 5


class Case(NamedTuple):
    """A problem, and the estimators for it."""

    name: str
    data: Callable[[], tuple[Any, Array]]
    estimator: str
    options: dict[str, Any]

    def make(self, batch_size: int | None, **more: Any) -> Any:
        """Return scikit-learn's estimator for None, else ours."""
        if batch_size is None:
            return getattr(theirs, self.estimator)(**self.options, **more)
        return getattr(ours, self.estimator)(**self.options, **more, batch_size=batch_size)


def like_covtype() -> tuple[Array, Array]:
    """Return 10 numbers and 44 flags a row, and labels of 7 classes that overlap."""
    rng = np.random.default_rng(0)
    X = np.hstack([rng.normal(size=(20_000, 10)), rng.random((20_000, 44)) < 0.05])
    scores = X @ rng.normal(size=(54, 7)) + 2 * rng.gumbel(size=(20_000, 7))
    return X, scores.argmax(axis=1)


def like_newsgroups() -> tuple[Any, Array]:
    """Return 80 words a row, a quarter of them of one of 20 topics, weighted by tf-idf."""
    rng = np.random.default_rng(0)
    n, d, words = 11_000, 40_000, 80
    y = rng.integers(0, 20, size=n)
    own = (1500 * y[:, None] + 3000 * rng.random((n, words)) ** 2).astype(np.int32)
    common = (d * rng.random((n, words)) ** 4).astype(np.int32)
    columns = np.where(rng.random((n, words)) < 0.25, own, common).ravel()
    starts = np.arange(0, n * words + 1, words, dtype=np.int32)
    counts = sp.csr_array((np.ones(n * words), columns, starts), (n, d))
    counts.sum_duplicates()
    return TfidfTransformer().fit_transform(counts), y


def _equal_epochs(epochs: int, **options: Any) -> dict[str, Any]:
    return {"max_iter": epochs, "tol": None, **options}


LOG = {"loss": "log_loss"}
QUALITY = [
    Case("digits", lambda: load_digits(return_X_y=True), "SGDClassifier", _equal_epochs(20, **LOG)),
    Case(
        "breast_cancer",
        lambda: load_breast_cancer(return_X_y=True),
        "SGDClassifier",
        _equal_epochs(20),
    ),
    Case("diabetes", lambda: load_diabetes(return_X_y=True), "SGDRegressor", _equal_epochs(20)),
    Case("like covtype", like_covtype, "SGDClassifier", _equal_epochs(5, **LOG)),
    Case("like newsgroups", like_newsgroups, "SGDClassifier", _equal_epochs(10)),
]


def scores(case: Case, X: Any, y: Array, model: Any, seeds: range) -> Iterator[float]:
    """Yield the score on a third of the rows for each seed; -inf where the fit blew up."""
    for seed in seeds:
        train, test, y_train, y_test = train_test_split(X, y, test_size=0.3, random_state=seed)
        if not sp.issparse(X):
            scaler = StandardScaler().fit(train)
            train, test = scaler.transform(train), scaler.transform(test)
        try:
            yield model.set_params(random_state=seed).fit(train, y_train).score(test, y_test)
        except ValueError:
            yield -np.inf


def tuned(case: Case, X: Any, y: Array, batch_size: int | None, rates: list[Rate]) -> Any:
    """Return an estimator with the learning rate that is best on other splits."""

    def mean_score(rate: Rate) -> float:
        model = case.make(batch_size, **rate)
        with warnings.catch_warnings(action="ignore", category=ConvergenceWarning):
            return float(np.mean([*scores(case, X, y, model, TUNING_SEEDS)]))

    return case.make(batch_size, **max(rates, key=mean_score))


def quality(seeds: range, rates: list[Rate]) -> Iterator[str]:
    """Yield the rows of a table of accuracies, or R2."""
    yield "| data | scikit-learn | batch_size=1 | batch_size=32 |"
    yield "| --- | ---: | ---: | ---: |"
    for case in QUALITY:
        X, y = case.data()
        cells = [case.name]
        for batch_size in BATCH_SIZES:
            found = [*scores(case, X, y, tuned(case, X, y, batch_size, rates), seeds)]
            cells.append(f"{np.mean(found):.3f} ± {np.std(found):.3f}")
        yield f"| {' | '.join(cells)} |"


def shaped(n: int, d: int, classes: int | None) -> Callable[[], tuple[Array, Array]]:
    """Return a function that makes a linear problem of this shape, in float32."""

    def data() -> tuple[Array, Array]:
        rng = np.random.default_rng(0)
        X = rng.standard_normal((n, d), dtype=np.float32)
        scores = X @ rng.standard_normal((d, classes or 1), dtype=np.float32) / np.sqrt(d)
        return X, scores[:, 0] if classes is None else scores.argmax(axis=1)

    return data


def _timed(n: int, d: int, classes: int | None) -> Case:
    """Return a case of a few epochs."""
    name = f"{n}x{d}" if classes is None else f"{n}x{d}, {classes} classes"
    estimator = "SGDRegressor" if classes is None else "SGDClassifier"
    options = _equal_epochs(EPOCHS, learning_rate="constant", eta0=1e-3)
    return Case(name, shaped(n, d, classes), estimator, options)


# How often a fit is repeated, and the fit.
TIMES = [(200, _timed(50, 4, None)), (1, _timed(200_000, 100, None)), (1, _timed(60_000, 784, 10))]
QUICK_TIMES = [(1, _timed(50, 4, None)), (1, _timed(2000, 100, None)), (1, _timed(600, 784, 10))]


def times(repeated: list[tuple[int, Case]], passes: int) -> Iterator[str]:
    """Yield the rows of a table of times of five epochs; a ratio is one within a pass."""
    faster = ["x faster, batch_size=1", "32", "rows only read, in random order"]
    yield f"| rows x features | scikit-learn, ms | {' | '.join(faster)} |"
    yield f"| --- |{' ---: |' * (len(faster) + 1)}"
    for repeats, case in repeated:
        X, y = case.data()
        models = [case.make(batch_size, random_state=0) for batch_size in BATCH_SIZES]
        runs = [*(partial(model.fit, X, y) for model in models), reading(X, y)]
        for run in runs:
            run()  # compiles, if anything does, and is slower than later runs
        taken = np.array([[seconds(run, repeats) for run in runs] for _ in range(passes)])
        yield line_of_times(case.name, taken)


def line_of_times(name: str, taken: Array) -> str:
    """Return a row of the table, from the seconds of each run, scikit-learn's first, by pass."""
    first, *others = taken.T
    cells = [name, number(1e3 * median(first)), *(number(median(first / one)) for one in others)]
    return f"| {' | '.join(cells)} |"


def reading(X: Array, y: Array) -> Callable[[], object]:
    """Return what reads all rows and targets as often, in an order that is there already."""
    read = read_in_random_order(X, y)

    def run() -> None:
        for _ in range(EPOCHS):
            read()

    return run


def tables(quick: bool) -> Iterator[str]:
    """Yield both tables, line by line."""
    yield from quality(range(1), QUICK_RATES) if quick else quality(SEEDS, RATES)
    yield ""
    yield from times(QUICK_TIMES, 1) if quick else times(TIMES, PASSES)


if __name__ == "__main__":
    end_with(lambda: print_tables("bench.estimators", __doc__, tables))
