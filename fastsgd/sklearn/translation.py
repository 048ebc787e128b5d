"""scikit-learn's names for losses, penalties and learning rates, as members of our families."""

from __future__ import annotations

import math
from typing import Any

from ..checks import positive
from ..kernels.attributes import equal_within, having
from ..kinds import BINARY
from ..losses import (
    EpsilonInsensitive,
    Hinge,
    Huber,
    Logistic,
    ModifiedHuber,
    Perceptron,
    Squared,
    SquaredEpsilonInsensitive,
    SquaredHinge,
)
from ..optimizers import SGD, named_optimizer
from ..penalties import L2, CumulativeL1, ElasticNet, NoPenalty
from ..schedules import Adaptive, Bottou, Constant, InvScaling
from .bounded import (
    BoundedSquared,
    BoundedSquaredEpsilonInsensitive,
    BoundedSquaredEpsilonInsensitiveOnLabels,
    BoundedSquaredHinge,
    BoundedSquaredOnLabels,
)
from .passive import RULES

# By what an adaptive learning rate is divided, and below what it is divided no more.
FACTOR, SMALLEST = 5.0, 1e-6


@equal_within
@having(kind=BINARY)
class SquaredOnLabels(Squared):
    """Half the squared error on the targets -1 and 1."""

    __slots__ = ()


@equal_within
@having(kind=BINARY)
class HuberOnLabels(Huber):
    """Huber's loss on the targets -1 and 1."""

    __slots__ = ()


@equal_within
@having(kind=BINARY)
class EpsilonInsensitiveOnLabels(EpsilonInsensitive):
    """The absolute error beyond a tolerance on the targets -1 and 1."""

    __slots__ = ()


@equal_within
@having(kind=BINARY)
class SquaredEpsilonInsensitiveOnLabels(SquaredEpsilonInsensitive):
    """The square of the error beyond a tolerance on the targets -1 and 1."""

    __slots__ = ()


REGRESSION_LOSSES: dict[str, Any] = {
    "squared_error": Squared,
    "huber": Huber,
    "epsilon_insensitive": EpsilonInsensitive,
    "squared_epsilon_insensitive": SquaredEpsilonInsensitive,
}

CLASSIFICATION_LOSSES: dict[str, Any] = {
    "hinge": Hinge,
    "squared_hinge": SquaredHinge,
    "perceptron": Perceptron,
    "log_loss": Logistic,
    "modified_huber": ModifiedHuber,
    "squared_error": SquaredOnLabels,
    "huber": HuberOnLabels,
    "epsilon_insensitive": EpsilonInsensitiveOnLabels,
    "squared_epsilon_insensitive": SquaredEpsilonInsensitiveOnLabels,
}


# What stands for a loss where steps are scikit-learn's own.
BOUNDED: dict[type, Any] = {
    Squared: BoundedSquared,
    SquaredEpsilonInsensitive: BoundedSquaredEpsilonInsensitive,
    SquaredHinge: BoundedSquaredHinge,
    SquaredOnLabels: BoundedSquaredOnLabels,
    SquaredEpsilonInsensitiveOnLabels: BoundedSquaredEpsilonInsensitiveOnLabels,
}


def loss_of(family: dict[str, Any], name: str, epsilon: float, batch_size: int) -> Any:
    """Return the loss of that name; `epsilon` is the parameter of those that have one."""
    cls = family[name]
    if batch_size == 1:
        cls = BOUNDED.get(cls, cls)
    if name == "huber":
        epsilon = positive("epsilon", epsilon)
    return cls(epsilon) if cls._fields else cls()


# An adaptive one that does not watch the loss, as `tol` is None, never adapts.
RATES: dict[str, Any] = {"constant": Constant, "adaptive": Constant, **RULES}


def penalty_of(name: str | None, alpha: float, l1_ratio: Any, optimizer: Any) -> Any:
    """Return the penalty of that name, as it is with an optimizer."""
    if name is None:
        return NoPenalty()
    if name == "l2":
        return L2(alpha)
    kind = CumulativeL1 if isinstance(named_optimizer(optimizer), SGD) else ElasticNet
    return kind(alpha, {"l1": 1.0, "elasticnet": l1_ratio}[name])


def schedule_of(estimator: Any, tol: float | None, batch_size: int, lead: int) -> Any:
    """Return the learning rate of an estimator.

    `lead` is how many more rows have been seen than there would be in so many steps of
    `batch_size`, where the steps before were of other sizes.
    """
    name, eta0 = estimator.learning_rate, estimator.eta0
    if name == "optimal":
        # It falls with the rows seen: with the steps, it would stay too large in mini-batches.
        first = estimator.alpha**-0.75
        alpha, t0 = estimator.alpha * batch_size, (first + lead) / batch_size
        return Bottou(alpha, t0, first / batch_size)
    if name == "invscaling":
        power_t = estimator.power_t
        if power_t < 0:
            return lambda t: _grown(eta0, t, -power_t)
        return InvScaling(eta0, power_t)
    if name == "adaptive" and tol is not None:
        # One that is not yet below the smallest is divided once more.
        last = eta0  # by the same divisions: what rounds to just above the smallest goes on
        while last > SMALLEST:
            last /= FACTOR
        return Adaptive(eta0, FACTOR, float(tol), int(estimator.n_iter_no_change), last / 2)
    return RATES[name](eta0)


def _grown(eta0: float, t: int, power: float) -> float:
    """Return the learning rate of step t, infinity where it overflows."""
    try:
        return float(eta0 * (t + 1.0) ** power)
    except OverflowError:
        return math.inf
