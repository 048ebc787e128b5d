"""How a fit is made: every choice that does not depend on the data."""

from typing import Any, NamedTuple

import numpy as np

from . import checks
from .losses import named_loss
from .optimizers import SGD, named_optimizer
from .penalties import CumulativeL1, named_penalty
from .problem import Problem
from .schedules import Constant, named_schedule


class Settings(NamedTuple):
    """The arguments of `fit` of these names, checked; names have become members of families."""

    loss: Any
    penalty: Any
    optimizer: Any
    schedule: Any
    batch_size: int
    first_averaged: int | None  # the first step is 0; None for no averages
    clip_norm: float | None
    tol: float | None
    patience: int
    fit_intercept: bool
    shuffle: bool | str
    drop_last: bool
    epoch_loss: str | None
    n_threads: int | None

    def check_with(self, problem: Problem) -> None:
        """Check what depends on the data as well."""
        if isinstance(self.penalty, CumulativeL1) and not isinstance(self.optimizer, SGD):
            raise ValueError(
                f"penalty: expected L1 or ElasticNet with the optimizer {self.optimizer}, got "
                f"{self.penalty}, which goes with SGD"
            )
        alpha = getattr(self.penalty, "alpha", None)
        if isinstance(alpha, np.ndarray) and alpha.size != problem.d:
            raise ValueError(
                f"penalty: expected one alpha, or one for each of the {problem.d} features, "
                f"got {alpha.size}"
            )
        if alpha is not None and np.max(alpha) > 1:  # one that is too small does no harm
            checks.fits_dtype("penalty's alpha", np.max(alpha), problem.dtype)
        if hasattr(self.schedule, "lr"):
            checks.fits_dtype("lr", self.schedule.lr, problem.dtype)
        if getattr(self.schedule, "final", 0) > 1:
            checks.fits_dtype("lr's final", self.schedule.final, problem.dtype)
        if hasattr(self.optimizer, "eps"):
            checks.fits_dtype("optimizer's eps", self.optimizer.eps, problem.dtype)

    def visited(self, n: int) -> int:
        """Return how many of n rows an epoch visits."""
        return n - n % min(self.batch_size, n) if self.drop_last else n

    def for_rows(self, n: int, epochs: int, steps: int) -> "Settings":
        """Return the settings of a fit of n rows that goes on after so many steps."""
        settings = self if self.batch_size <= n else self._replace(batch_size=n)
        if not hasattr(self.schedule, "bound"):
            return settings
        if epochs == 0:  # no step is taken, at whatever rate
            return settings._replace(schedule=Constant())
        total = steps + epochs * -(-settings.visited(n) // settings.batch_size)
        total = min(total, checks.MOST_STEPS)
        bound = self.schedule.bound(loss=self.loss, penalty=self.penalty, steps=total)
        return settings._replace(schedule=bound)


def checked_settings(
    *,
    loss: Any,
    penalty: Any,
    optimizer: Any,
    lr: Any,
    batch_size: Any,
    average: Any,
    clip_norm: Any,
    tol: Any,
    patience: Any,
    fit_intercept: Any,
    shuffle: Any,
    drop_last: Any,
    epoch_loss: Any,
    n_threads: Any,
) -> Settings:
    """Return these arguments of `fit` as settings.

    Raises
    ------
    TypeError, ValueError
        If one of them is not what `fit` says that it should be.
    """
    checks.flags(fit_intercept=fit_intercept, drop_last=drop_last)
    if not isinstance(shuffle, checks.BOOLS):
        checks.choice("shuffle", shuffle, (True, False, "block"))
    checks.choice("epoch_loss", epoch_loss, ("running", "full", None))
    return Settings(
        loss=named_loss(loss),
        penalty=named_penalty(penalty),
        optimizer=named_optimizer(optimizer),
        schedule=named_schedule(lr),
        batch_size=checks.integer("batch_size", batch_size, at_least=1),
        first_averaged=_first_averaged(average),
        clip_norm=None if clip_norm is None else checks.positive("clip_norm", clip_norm),
        tol=None if tol is None else checks.non_negative("tol", tol),
        patience=checks.integer("patience", patience, at_least=1),
        fit_intercept=fit_intercept,
        shuffle=shuffle,
        drop_last=drop_last,
        epoch_loss=epoch_loss,
        n_threads=_threads(n_threads),
    )


def _threads(n_threads: Any) -> int | None:
    """Return a number of threads, or None for one on each processor."""
    if n_threads is None:
        return None
    try:
        return checks.integer("n_threads", n_threads, at_least=1)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{error}; None is one thread on each processor") from None


def _first_averaged(average: Any) -> int | None:
    """Return the number of the step from which on parameters are averaged, the first being 0."""
    if isinstance(average, checks.BOOLS):
        return 0 if average else None
    try:
        return checks.integer("average", average, at_least=1, at_most=checks.MOST_STEPS) - 1
    except TypeError:
        raise TypeError(
            "average: expected True, False or the number of a step, an integer of at least 1, got "
            f"{checks.shown(average)}"
        ) from None
