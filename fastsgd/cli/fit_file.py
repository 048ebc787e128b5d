"""A fit of the data in a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from .. import rows
from ..errors import Interrupted
from ..model import Model
from .read_file import read
from .report import check, counted, fit_aloud, print_times, settings
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
    """Read the data, fit, print the report, and save the model if there is an `out`."""
    if out is not None and not Path(out).parent.is_dir():
        raise FileNotFoundError(f"--out: there is no folder {str(Path(out).parent)!r}")
    if out is not None and Path(out).is_dir():
        raise IsADirectoryError(f"--out: {out!r} is a folder")
    check(batch_size, lr, epochs, seed)
    X, y, features = read(data, target)
    checked = rows.read(X)
    if dtype is not None:
        checked = rows.in_dtype(checked, np.dtype(dtype))
    X, n, d = checked.numbers, checked.n, checked.d
    print(f"target {target!r} of {data}")
    print(f"{counted(n, 'row')} of {counted(d, 'feature')}, {X.dtype}")
    print(settings(batch_size, lr, epochs, seed), end="\n\n", flush=True)
    try:
        model, compilation = fit_aloud(X, y, batch_size=batch_size, lr=lr, epochs=epochs, seed=seed)
    except Interrupted as interrupted:
        if out is None:
            raise
        interrupted.model.save(out)
        raise KeyboardInterrupt(f"the model so far is in {out}") from interrupted
    print(f"\n{_learned(features, model)}")
    print_times(model, compilation)
    if out is not None:
        model.save(out)
        print(f"\nThe model is in {out}")


def _learned(features: Sequence[str], model: Model) -> str:
    """Return a table of the learned parameters, or of the first of them."""
    shown = features[:WEIGHTS_SHOWN]
    values = decimals([*model.w[:WEIGHTS_SHOWN].tolist(), float(model.b)])
    lines = [["", "learned"]]
    lines += [[f"w of {name}", value] for name, value in zip(shown, values, strict=False)]
    if len(features) > len(shown):
        lines.append([f"and {len(features) - len(shown)} more"])
    return table([*lines, ["b", values[-1]]])
