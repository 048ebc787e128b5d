"""A fit of the data in a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from .. import rows
from ..arrays import Array, readable
from ..errors import Interrupted
from ..losses import Squared
from ..model import Model
from ..problem import prepare
from .out_file import ReportBesideFile
from .read_file import Examples, read
from .report import Report, check, counted, fit_aloud, settings, times
from .table import decimals, table

# Weights that are printed; a model of more features is looked at in other ways.
WEIGHTS_SHOWN = 20


def run(
    *,
    data: str,
    target: str,
    batch_size: int,
    lr: float,
    epochs: int,
    seed: int,
    dtype: str | None,
    out: str | None,
) -> None:
    """Read the data, fit, save the model if there is an `out`, and print the report."""
    report = Report() if out is None else _report_beside(out, data)
    check(batch_size, lr, epochs, seed, dtype or "float64")
    examples = read(data, target)
    X, y = _checked(examples, target, dtype), examples.y
    check(batch_size, lr, epochs, seed, X.dtype.name)  # of which the file alone knew
    n, d = X.shape
    report.say(
        f"target {target!r} of {examples.source}\n"
        f"{counted(n, 'row')} of {counted(d, 'feature')}, {X.dtype}\n"
        f"{settings(batch_size, lr, epochs, seed)}\n"
    )
    try:
        model, compilation = fit_aloud(
            X, y, report.say, batch_size=batch_size, lr=lr, epochs=epochs, seed=seed
        )
    except Interrupted as interrupted:
        raise report.interrupted(interrupted.model.save) from interrupted
    report.end(f"\n{_learned(examples.features, model)}\n\n{times(model, compilation)}", model.save)


def _report_beside(out: str, data: str) -> ReportBesideFile:
    report = ReportBesideFile("--out", "model", out)
    if Path(out).exists() and Path(data).exists() and Path(out).samefile(data):
        raise ValueError(f"--out: {out!r} is the file with the data; expected another one")
    return report


def _checked(examples: Examples, target: str, dtype: str | None) -> Array:
    """Return X as it is fitted; refuse what the fit would, before there is any report."""
    X = rows.read(examples.X)
    if dtype is not None:
        given, X = X.numbers, rows.in_dtype(X, np.dtype(dtype))
        _refuse_overflow(dtype, given, X.numbers, examples.features)
        if examples.y.dtype.kind == "f":
            column = examples.y[:, None]
            _refuse_overflow(dtype, column, readable(column, X.dtype), [target])
    prepare(X, examples.y, Squared())
    numbers: Array = X.numbers
    return numbers


def _refuse_overflow(dtype: str, given: Array, held: Array, columns: Sequence[str]) -> None:
    """Refuse a dtype in which a number of a column is held as infinity."""
    for i, j in np.argwhere(~np.isfinite(held)):
        raise ValueError(
            f"--dtype: expected one that holds the {given[i, j]:g} of {columns[j]!r}, got {dtype}"
        )


def _learned(features: Sequence[str], model: Model) -> str:
    """Return a table of the learned parameters, or of the first of them."""
    shown = features[:WEIGHTS_SHOWN]
    values = decimals([*model.w[:WEIGHTS_SHOWN].tolist(), float(model.b)])
    lines = [["", "learned"]]
    lines += [[f"w of {name}", value] for name, value in zip(shown, values, strict=False)]
    if len(features) > len(shown):
        lines.append([f"and {len(features) - len(shown)} more"])
    return table([*lines, ["b", values[-1]]])
