"""What the commands that fit have in common: the losses as they come, and the times."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from time import perf_counter

import numpy as np

from .. import checks, interrupts
from ..arrays import Array
from ..errors import DivergenceWarning, Interrupted
from ..kernels.dense import FROM_MEMORY
from ..model import Model
from ..order import SHUFFLED
from ..training import fit
from . import stdout
from .table import table

NOTHING_SAVED = "nothing was saved"


class Report:
    """Text on stdout, which is all that a command gives."""

    def say(self, text: str) -> None:
        """Print a text at once."""
        try:
            print(text, flush=True)
        except KeyboardInterrupt:
            stdout.discard()  # or the process would wait for whoever does not read, as it did here
            raise

    def interrupted(self, save: Callable[[str], object]) -> KeyboardInterrupt:
        """Return what to raise in place of `Interrupted`; there is no file to `save`."""
        return KeyboardInterrupt(NOTHING_SAVED)

    def end(self, text: str, save: Callable[[str], object]) -> None:
        """Print the last text; there is no file to `save`."""
        self.say(text)


def fit_aloud(
    X: Array,
    y: Array,
    say: Callable[[str], None],
    *,
    batch_size: int,
    lr: float,
    epochs: int,
    seed: int | np.random.Generator,
) -> tuple[Model, float]:
    """Fit, saying the loss after each epoch; return the model, and the seconds of compilation.

    X is of float32 or float64. What diverged to finite numbers is an error: a model that predicts
    nothing should not be saved.
    """
    compilation = _compile(X, batch_size, epochs)
    with warnings.catch_warnings():
        warnings.simplefilter("error", DivergenceWarning)
        model = fit(
            X,
            y,
            batch_size=batch_size,
            lr=lr,
            epochs=epochs,
            seed=seed,
            epoch_loss="full",
            callback=lambda model, epoch: say(_loss_line(model, epoch)),
        )
    return model, compilation


def check(batch_size: int, lr: float, epochs: int, seed: int, dtype: str) -> None:
    """Refuse bad options, as a fit would, before anything takes long or is printed."""
    zeros = np.zeros((1, 1), dtype)
    fit(zeros, zeros[0], batch_size=batch_size, lr=lr, epochs=0, seed=seed, check_finite=False)
    checks.integer("epochs", epochs, at_least=0)


def _compile(X: Array, batch_size: int, epochs: int) -> float:
    """Compile all that the fit will call, by a fit of rows of zeros; return the seconds."""
    n, d = X.shape
    began = perf_counter()
    # No more than tell a fit how to go about it: which kernels it calls depends on whether a
    # mini-batch is large, the rows are many, and caches hold them.
    most = max(batch_size, SHUFFLED, FROM_MEMORY // (d * X.itemsize)) + 1
    zeros = np.zeros((min(n, most), d), X.dtype)
    try:
        with interrupts.held():  # where the compiler calls Python, an interrupt would be forgotten
            fit(zeros, zeros[:, 0], batch_size=batch_size, epochs=min(epochs, 1), epoch_loss="full")
    except Interrupted:  # which has a model of nothing but zeros
        raise KeyboardInterrupt from None
    return perf_counter() - began


def _loss_line(model: Model, epoch: int) -> str:
    loss = model.history.data_loss[-1]
    heading = "epoch              loss\n" if epoch == 0 else ""
    # Of a width of its own, as the losses to come are not known yet.
    shown = f"{loss:.8f}" if 1e-6 <= loss < 1e6 else f"{loss:.8e}"
    return f"{heading}{epoch + 1:5d}  {shown:>16}"


def times(model: Model, compilation: float) -> str:
    """Return the time of the fit and, apart from it, that of the compilation."""
    seconds = model.history.seconds
    shown = table([["fit", duration(sum(seconds))], ["compilation", duration(compilation)]])
    return f"""{shown}

The fit is its {counted(len(seconds), "epoch")}, without the losses printed after them.
The compilation comes before it, and is short where an earlier run left the code on the disk."""


def duration(seconds: float) -> str:
    """Return a time in a unit that suits it.

    Examples
    --------
    >>> duration(0.000104), duration(9.3708)
    ('0.104 ms', '9.371 s ')
    """
    return f"{seconds * 1000:.3f} ms" if seconds < 1 else f"{seconds:.3f} s "


def counted(number: int, noun: str) -> str:
    """Return a number of things.

    Examples
    --------
    >>> counted(1, "row"), counted(3, "row")
    ('1 row', '3 rows')
    """
    return f"{number} {noun}{'' if number == 1 else 's'}"


def settings(batch_size: int, lr: float, epochs: int, seed: int) -> str:
    """Return the line that says how the fit was made."""
    return (
        f"squared loss, mini-batches of {batch_size}, lr {lr:g}, {counted(epochs, 'epoch')}, "
        f"seed {seed}"
    )
