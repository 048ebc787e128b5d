"""What looks at a fit of an estimator after each epoch."""

from __future__ import annotations

import math
from collections.abc import Callable
from time import perf_counter
from typing import Any

import numpy as np
from sklearn.base import clone

from ..arrays import Array
from ..model import Model
from .examples import Examples
from .translation import FACTOR, SMALLEST


class ScoreWatch:
    """Stops a fit whose score on rows held out no longer improves.

    Instead of stopping it, an adaptive learning rate is divided as long as it is not small.

    Parameters
    ----------
    score : callable
        Returns the score of a model.
    tol : float
        The improvement that counts.
    patience : int
        How many epochs without improvement are borne.
    eta0 : float
        The learning rate.
    is_adaptive : bool
        Whether it may be divided.
    """

    def __init__(
        self,
        score: Callable[[Model], float],
        tol: float,
        patience: int,
        eta0: float,
        is_adaptive: bool,
    ) -> None:
        self.score, self.tol, self.patience = score, tol, patience
        self.eta, self.is_adaptive = eta0, is_adaptive
        self.best, self.last, self.since = -math.inf, -math.inf, 0

    @property
    def has_ended(self) -> bool:
        """Tell whether the score has not improved for as long as is borne."""
        return self.since >= self.patience

    def rate(self, step: int) -> float:
        """Return the learning rate as it is now."""
        return self.eta

    def sees_end(self, model: Model) -> bool:
        """Take in the model after an epoch; tell whether the fit ends."""
        self.last = score = self.score(model)
        self.since = self.since + 1 if score < self.best + self.tol else 0
        self.best = max(self.best, score)
        if not self.has_ended:
            return False
        if self.is_adaptive and self.eta > SMALLEST:
            self.eta, self.since = self.eta / FACTOR, 0
            return False
        return True


def watch_of(estimator: Any, held: Examples, classes: Array | None) -> ScoreWatch | None:
    """Return what stops the fit of an estimator by its score on rows held out."""
    if estimator.tol is None:
        return None
    judge = clone(estimator)
    if classes is not None:
        judge.classes_ = classes

    def score(model: Model) -> float:
        for name, value in judge._parameters_of(model).items():
            setattr(judge, name, value)
        return float(judge.score(held.X, held.targets, held.sample_weight))

    is_adaptive = estimator.learning_rate == "adaptive"
    return ScoreWatch(score, estimator.tol, estimator.n_iter_no_change, estimator.eta0, is_adaptive)


class Printer:
    """Prints after each epoch what scikit-learn prints."""

    def __init__(self) -> None:
        self.began = perf_counter()

    def show(self, model: Model, epoch: int, watch: ScoreWatch | None) -> None:
        """Print what was learned so far."""
        score = "" if watch is None else f", Validation score: {watch.last:f}"
        w, b = model.learned
        bias = ", ".join(f"{number:.6f}" for number in b)
        print(f"-- Epoch {epoch + 1}")
        print(
            f"Norm: {np.linalg.norm(w):.2f}, NNZs: {np.count_nonzero(w)}, "
            f"Bias: {bias}, T: {model.state.steps}, "
            f"Avg. loss: {model.history.data_loss[-1]:f}, "
            f"Objective: {model.history.loss[-1]:f}{score}"
        )
        print(f"Total training time: {perf_counter() - self.began:.2f} seconds.")


def callback_of(watch: ScoreWatch | None, verbose: int) -> Callable[[Model, int], Any] | None:
    """Return what `fit` calls after each epoch, if anything has to look at it."""
    if watch is None and not verbose:
        return None
    printer = Printer() if verbose else None

    def look(model: Model, epoch: int) -> bool:
        has_ended = watch is not None and watch.sees_end(model)
        if printer is not None:
            printer.show(model, epoch, watch)
        return has_ended

    return look
