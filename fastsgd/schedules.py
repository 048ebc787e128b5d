"""How the learning rate moves from step to step.

A schedule is a ``NamedTuple`` with a method `rates`, which returns the learning rates of the
steps t, an array of integers: the first step of a fit is 0, and each mini-batch takes one. It is
called for a stretch of steps at a time, and so are functions of the user's. Optional are a method
`bound`, which returns the schedule as it is for a loss, a penalty and a number of steps; `aim`, by
which rules for single rows return the data with derivatives that depend on the row as well; and
`lr`, the highest rate, which has to be a number of the dtype. To add a schedule, write its class
here and list it in `SCHEDULES`.
"""

import math
from collections.abc import Callable
from functools import lru_cache
from numbers import Real
from typing import Any, NamedTuple

import numpy as np

from . import checks
from .arrays import Array
from .kinds import MULTICLASS
from .members import checked, chosen

__all__ = [
    "SCHEDULES",
    "Adaptive",
    "Constant",
    "Cosine",
    "Exponential",
    "InvScaling",
    "Optimal",
    "Step",
    "named_schedule",
]


@checked(lr=checks.positive)
class Constant(NamedTuple):
    """The same learning rate in each step; a number in the place of a schedule stands for it.

    Parameters
    ----------
    lr : float
        The learning rate, positive.

    Raises
    ------
    TypeError, ValueError
        If it is not what is said above.

    Examples
    --------
    >>> Constant(0.1).rates(np.arange(3))
    array([0.1, 0.1, 0.1])
    """

    lr: float = 0.03

    def rates(self, t: Array) -> Array:
        """Return the learning rates of the steps t."""
        return np.full(t.shape, self.lr)


@checked(lr=checks.positive, power=checks.non_negative, t0=checks.positive)
class InvScaling(NamedTuple):
    """Inverse scaling: ``lr / (1 + t / t0)**power``.

    Parameters
    ----------
    lr : float
        The learning rate of the first step, positive.
    power : float
        How fast it falls, at least 0. By theory, noise averages out for powers above 1/2 and up
        to 1.
    t0 : float
        How late it falls: by ``2**power`` after so many steps; positive.

    Raises
    ------
    TypeError, ValueError
        If one of them is not what is said above.

    References
    ----------
    H. Robbins and S. Monro, A stochastic approximation method, *Ann. Math. Statist.* 22 (1951).

    Examples
    --------
    >>> InvScaling(lr=0.1, power=0.5).rates(np.array([0, 3, 99]))
    array([0.1 , 0.05, 0.01])
    """

    lr: float = 0.03
    power: float = 0.25
    t0: float = 1.0

    def rates(self, t: Array) -> Array:
        """Return the learning rates of the steps t."""
        with np.errstate(over="ignore"):  # where the rate is 0
            rates: Array = self.lr / (t / self.t0 + 1.0) ** self.power
        return rates


@checked()
class Optimal(NamedTuple):
    """Bottou's schedule: ``1 / (alpha * (t0 + t))``, with the alpha of the penalty.

    As in his own programs, ``t0 = 1 / (alpha * lr0)`` and ``lr0 = typ / max(1, -loss'(-typ, 1))``,
    where ``typ = alpha**-0.25`` is how large weights typically are. With one alpha a feature,
    their mean stands for it. scikit-learn takes the derivative with the other sign, and so has
    ``lr0 = typ`` for every loss: a steep one begins with steps that are too long there.

    Raises
    ------
    ValueError
        By `fit`, if there is no penalty, or its alpha is 0; if the loss is that of all classes
        together, which has no derivative by one prediction; or if its derivative at -typ
        overflows.

    References
    ----------
    L. Bottou, Stochastic gradient descent tricks, in *Neural Networks: Tricks of the Trade*,
    2012.

    Examples
    --------
    >>> import fastsgd
    >>> X, y = [[0.0], [1.0]], ["no", "yes"]
    >>> model = fastsgd.fit(X, y, loss="logistic", penalty="l2", lr="optimal")
    """

    def bound(self, *, loss: Any, penalty: Any, **_: Any) -> Any:
        """Return the schedule for a loss and a penalty."""
        alpha = float(np.mean(getattr(penalty, "alpha", 0.0)))
        if alpha == 0:
            raise ValueError(
                "lr: the optimal schedule takes the alpha of the penalty, and there is none: "
                f"expected a penalty such as penalty='l2', got {penalty!r}"
            )
        if loss.kind == MULTICLASS:
            raise ValueError(
                f"lr: the optimal schedule needs a derivative by one prediction, and {loss!r} has "
                "none; use another schedule, or loss='logistic'"
            )
        typical = math.sqrt(1 / math.sqrt(alpha))
        try:
            steepness = -float(loss.derivative(-typical, 1.0))
        except OverflowError:  # from a function of the user's
            steepness = math.inf
        t0 = (1.0 if steepness <= 1 else steepness) / (alpha * typical)
        if not math.isfinite(t0):
            raise ValueError(
                f"lr: the optimal schedule has no first rate for {loss!r} and {penalty!r}, as the "
                f"loss is too steep at -{typical:g}; use another schedule, or a larger alpha"
            )
        return Bottou(alpha, t0, t0)


class Bottou(NamedTuple):
    """``1 / (alpha * (t0 + t))``, and never more than ``1 / (alpha * least)``."""

    alpha: float
    t0: float  # which may be below 0, of a fit that goes on after smaller steps
    least: float

    def rates(self, t: Array) -> Array:
        """Return the learning rates of the steps t."""
        return 1 / (self.alpha * np.maximum(self.least, self.t0 + t))


@checked(lr=checks.positive, every=checks.count, factor=checks.ratio)
class Step(NamedTuple):
    """Steps down: ``lr * factor**(t // every)``.

    Parameters
    ----------
    lr : float
        The learning rate of the first steps, positive.
    every : int
        How many mini-batches each learning rate lasts.
    factor : float
        By what the rate is multiplied after that: from 0 to 1.

    Raises
    ------
    TypeError, ValueError
        If one of them is not what is said above.

    Examples
    --------
    >>> Step(lr=0.1, every=2, factor=0.5).rates(np.arange(5))
    array([0.1  , 0.1  , 0.05 , 0.05 , 0.025])
    """

    lr: float = 0.03
    every: int = 1000
    factor: float = 0.5

    def rates(self, t: Array) -> Array:
        """Return the learning rates of the steps t."""
        return self.lr * self.factor ** (t // self.every)


@checked(lr=checks.positive, decay=checks.ratio)
class Exponential(NamedTuple):
    """Exponential decay: ``lr * decay**t``.

    Parameters
    ----------
    lr : float
        The learning rate of the first step, positive.
    decay : float
        By what it is multiplied after each mini-batch: from 0 to 1.

    Raises
    ------
    TypeError, ValueError
        If one of them is not what is said above.

    Examples
    --------
    >>> Exponential(lr=0.1, decay=0.5).rates(np.arange(3))
    array([0.1  , 0.05 , 0.025])
    """

    lr: float = 0.03
    decay: float = 0.9999

    def rates(self, t: Array) -> Array:
        """Return the learning rates of the steps t."""
        return self.lr * self.decay ** t.astype(np.float64)


@checked(
    lr=checks.positive,
    steps=checks.count_or_none,
    warm_up=checks.count_or_zero,
    final=checks.non_negative,
)
class Cosine(NamedTuple):
    """Half a wave of the cosine, from `lr` down to `final`, after a linear warm-up.

    In the steps t below `warm_up` the rate is ``lr * (t + 1) / warm_up``; from there to t = steps
    it is ``final + (lr - final) * (1 + cos(pi * (t - warm_up) / (steps - warm_up))) / 2``, and
    afterwards `final`.

    Parameters
    ----------
    lr : float
        The learning rate after the warm-up, positive.
    steps : int, optional
        The number of mini-batches until `final`, the warm-up included; by default those of the
        whole fit, and where it goes on from another one, those of both.
    warm_up : int
        The number of mini-batches of the warm-up, less than all `steps`; 0 for none.
    final : float
        The last learning rate, at least 0; one above `lr` is risen to.

    Raises
    ------
    TypeError, ValueError
        If one of them is not what is said above.

    References
    ----------
    I. Loshchilov and F. Hutter, SGDR: stochastic gradient descent with warm restarts, *ICLR*
    2017; P. Goyal et al., Accurate, large minibatch SGD, 2017, for the warm-up.

    Examples
    --------
    >>> Cosine(lr=0.1, steps=6, warm_up=2).rates(np.array([0, 1, 2, 4, 6, 7]))
    array([0.05, 0.1 , 0.1 , 0.05, 0.  , 0.  ])
    """

    lr: float = 0.03
    steps: int | None = None
    warm_up: int = 0
    final: float = 0.0

    def bound(self, *, steps: int, **_: Any) -> Any:
        """Return the schedule for a fit of so many steps."""
        if self.steps is not None:
            return self
        bound = self._replace(steps=steps)
        bound.check_together()
        return bound

    def check_together(self) -> None:
        """Refuse a warm-up that leaves no step for the wave."""
        if self.steps is not None and self.warm_up >= self.steps:
            raise ValueError(
                f"warm_up: expected fewer than the {self.steps} steps, got {self.warm_up}"
            )

    def rates(self, t: Array) -> Array:
        """Return the learning rates of the steps t."""
        if self.steps is None:
            raise ValueError("steps: expected the number of steps until the end, which `fit` knows")
        rising = self.lr * (t + 1) / max(1, self.warm_up)
        done = np.clip((t - self.warm_up) / (self.steps - self.warm_up), 0, 1)
        falling = self.final + (self.lr - self.final) * (1 + np.cos(np.pi * done)) / 2
        return np.where(t < self.warm_up, rising, falling)


@checked(
    lr=checks.positive,
    factor=checks.above_one,
    tol=checks.non_negative,
    patience=checks.count,
    smallest=checks.non_negative,
)
class Adaptive(NamedTuple):
    """Divides the learning rate when the loss stops improving.

    After `patience` epochs in a row whose loss is not below the lowest one before by more than
    `tol`, the learning rate is divided by `factor`; the fit ends where it would fall below
    `smallest`. A loss that stays the same does not improve, though `tol` is 0. The loss is the
    one that `tol` of `fit` watches. Classes that are fitted one-versus-rest have a learning rate
    each.

    Parameters
    ----------
    lr : float
        The learning rate of the first steps, positive.
    factor : float
        By what it is divided, above 1.
    tol : float
        The improvement that counts, in the units of the loss; at least 0.
    patience : int
        How many epochs without improvement are borne.
    smallest : float
        The smallest learning rate, at least 0.

    Raises
    ------
    TypeError, ValueError
        If one of them is not what is said above.

    References
    ----------
    The learning rate "adaptive" of scikit-learn's `SGDClassifier`.

    Examples
    --------
    >>> import fastsgd
    >>> X, y = [[0.0], [1.0], [2.0]], [1.0, 3.0, 4.0]
    >>> model = fastsgd.fit(X, y, lr=Adaptive(lr=0.1), batch_size=1, epochs=10_000, seed=0)
    >>> model.predict(X).round()
    array([1., 3., 4.])
    """

    lr: float = 0.03
    factor: float = 5.0
    tol: float = 1e-3
    patience: int = 5
    smallest: float = 1e-6

    def rates(self, t: Array) -> Array:
        """Return the learning rates of the steps t, before they are divided."""
        return np.full(t.shape, self.lr)


class Function(NamedTuple):
    """A function of the user's."""

    function: Callable[[int], Any]

    def rates(self, t: Array) -> Array:
        """Return what the function returns for each step."""
        return np.array([self.rate(step) for step in t.tolist()])

    def rate(self, step: int) -> float:
        """Return what the function returns, if it is a number."""
        rate = self.function(step)
        if isinstance(rate, float):
            return rate
        number = rate.item() if getattr(rate, "ndim", None) == 0 else rate
        if isinstance(number, bool) or not isinstance(number, Real):
            raise TypeError(
                f"lr: expected a number for each step, got {checks.shown(rate)} for step {step}"
            )
        try:
            return float(number)
        except OverflowError:
            return math.inf


SCHEDULES: dict[str, Any] = {
    "constant": Constant,
    "inv_scaling": InvScaling,
    "optimal": Optimal,
    "step": Step,
    "exponential": Exponential,
    "cosine": Cosine,
    "adaptive": Adaptive,
}


def named_schedule(lr: Any) -> Any:
    """Return the schedule that `lr` is, names, or stands for.

    Raises
    ------
    ValueError
        If no schedule has that name, or if a number is not positive and finite.
    TypeError
        If `lr` is none of a number, a name, a schedule and a function.

    Examples
    --------
    >>> named_schedule(0.1)
    Constant(lr=0.1)
    """
    if type(lr) is float:
        return _constant(lr)
    if isinstance(lr, Bottou):  # of the estimators, which count rows
        return lr
    if isinstance(lr, str) and lr not in SCHEDULES:
        _refuse_text(lr)
    if isinstance(lr, (str, *SCHEDULES.values())):
        return chosen("lr", lr, SCHEDULES)
    if callable(lr) and not isinstance(lr, type):
        return Function(lr)
    if isinstance(lr, Real):
        return Constant(lr)  # type: ignore[arg-type]  # which makes a float of it
    is_one = isinstance(lr, type) and lr in SCHEDULES.values()
    hint = f", a class; {lr.__name__}(...) is a value of it" if is_one else ""
    raise TypeError(
        "lr: expected a number, a name, a value such as fastsgd.schedules.Cosine(), or a "
        f"function of the number of a step, got {checks.shown(lr)}{hint}"
    )


def _refuse_text(lr: str) -> None:
    """Refuse a number that is written out, of which no name is near."""
    try:
        float(lr)
    except ValueError:
        return
    raise TypeError(f"lr: expected a number or a name, got a number as a string, {lr!r}")


# To make one, and check it, takes 2 us of each fit.
@lru_cache
def _constant(lr: float) -> Constant:
    return Constant(lr)
