"""The original program: linear regression from scratch, on data whose w and b are known."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from .. import checks
from ..arrays import Array
from ..model import Model
from . import plot as plots
from .report import Report, check, counted, fit_aloud, settings, times
from .table import decimals, table

TRUE_W = (2.0, -3.4)
TRUE_B = 4.2
NOISE = 0.01


def run(
    *,
    n: int,
    w: Sequence[float],
    b: float,
    noise: float,
    batch_size: int,
    lr: float,
    epochs: int,
    seed: int,
    dtype: str,
    plot: str | None,
) -> None:
    """Make the data, fit, and print how near the fit came; draw both if there is a `plot`."""
    report = Report() if plot is None else plots.report_beside(plot)
    check(batch_size, lr, epochs, seed, dtype)
    rng = np.random.default_rng(seed)
    X, y = synthetic_data(rng, n, w, b, noise, dtype)
    report.say(
        f"y = features @ w + b + noise of standard deviation {noise:g}\n"
        f"{counted(n, 'row')} of {counted(len(w), 'feature')}, {dtype}\n"
        f"{settings(batch_size, lr, epochs, seed)}\n"
    )
    model, compilation = fit_aloud(
        X, y, report.say, batch_size=batch_size, lr=lr, epochs=epochs, seed=rng
    )
    report.end(
        f"\n{_comparison(w, b, model)}\n\n{times(model, compilation)}",
        lambda path: plots.save(path, X, y, model),
    )


def synthetic_data(
    rng: np.random.Generator, n: int, w: Sequence[float], b: float, noise: float, dtype: str
) -> tuple[Array, Array]:
    """Return n rows of features ~ N(0, 1) and their labels, ``features @ w + b`` plus noise."""
    n = checks.integer("n", n, at_least=1)
    if not np.isfinite([*w, b]).all():
        raise ValueError(f"w, b: expected finite numbers, got {' '.join(map(str, w))} and {b}")
    if not 0 <= noise < math.inf:
        raise ValueError(f"noise: expected a finite number of at least 0, got {noise}")
    try:
        X = rng.normal(size=(n, len(w))).astype(dtype)
    except (MemoryError, ValueError) as error:  # of which the latter says that no array is so large
        raise MemoryError(
            f"n: {counted(n, 'row')} of {counted(len(w), 'feature')} do not fit in memory; "
            "expected fewer"
        ) from error
    with np.errstate(over="ignore", invalid="ignore"):  # what overflows is refused below
        y = X @ np.asarray(w) + b + rng.normal(scale=noise, size=n)
        y = y.astype(dtype)
    if not np.isfinite(y).all():
        raise ValueError(
            f"w, b, noise: expected numbers whose labels are finite in {dtype}, which ends at "
            f"{np.finfo(dtype).max:.2g}, got {' '.join(map(str, w))}, {b} and {noise}"
        )
    return X, y


def _comparison(w: Sequence[float], b: float, model: Model) -> str:
    """Return a table of the true parameters and the learned ones."""
    names = [*(f"w[{i}]" for i in range(len(w))), "b"]
    true = [*w, b]
    learned = [*model.w.tolist(), float(model.b)]
    errors = [f"{found - wanted:+.2e}" for found, wanted in zip(learned, true, strict=True)]
    columns = zip(names, decimals(true), decimals(learned), errors, strict=True)
    return table([["", "true", "learned", "error"], *columns])
