"""Losses of two classes, whose targets are -1 and 1."""

from typing import Any, NamedTuple

import numpy as np

from ..arrays import Array
from ..kernels.attributes import having
from ..kernels.elementary import exp, log1p
from ..kinds import BINARY
from ..members import checked

__all__ = ["Hinge", "Logistic", "ModifiedHuber", "Perceptron", "SquaredHinge"]


@checked()
@having(kind=BINARY, takes_exponentials=True)
class Logistic(NamedTuple):
    """Logistic regression for two classes: ``log(1 + exp(-y * y_hat))``.

    The derivative is ``-y / (1 + exp(y * y_hat))``; `y` is -1 or 1. The probability of the
    second class is ``1 / (1 + exp(-y_hat))``.

    References
    ----------
    D. R. Cox, The regression analysis of binary sequences, *J. R. Statist. Soc.* B 20 (1958).

    Examples
    --------
    >>> round(Logistic().value(2.0, 1.0), 6), round(Logistic().derivative(2.0, 1.0), 6)
    (0.126928, -0.119203)
    """

    def value(self, y_hat: Any, y: Any) -> Any:
        """Return the negative log-likelihood, by a form that neither cancels nor overflows."""
        margin = y * y_hat
        rest = log1p(exp(-abs(margin)))
        return rest if margin > 0 else rest - margin

    def derivative(self, y_hat: Any, y: Any) -> Any:
        """Return -y times the probability of the other class."""
        margin = y * y_hat
        small = exp(-abs(margin))
        # Of the margin's type: an integer would make float64 of float32, which takes 1.05 times as
        # long.
        return (-y * small if margin > 0 else -y) / (type(margin)(1) + small)

    def probabilities(self, scores: Array) -> Array:
        """Return the probability of the class 1."""
        small = np.exp(-np.abs(scores))
        return np.asarray(np.where(scores > 0, 1, small) / (1 + small))

    def log_probabilities(self, scores: Array) -> Array:
        """Return the logarithm of the probability of the class 1."""
        return np.asarray(-np.logaddexp(0, -scores))


@checked()
@having(kind=BINARY)
class Hinge(NamedTuple):
    """The hinge loss for two classes: ``max(0, 1 - y * y_hat)``.

    The derivative is -y where ``y * y_hat <= 1``, else 0; `y` is -1 or 1. It is the loss of the
    linear support vector machine.

    References
    ----------
    C. Cortes and V. Vapnik, Support-vector networks, *Machine Learning* 20 (1995).

    Examples
    --------
    >>> Hinge().value(0.5, 1.0), Hinge().derivative(0.5, 1.0)
    (0.5, -1.0)
    """

    def value(self, y_hat: Any, y: Any) -> Any:
        """Return by how much the margin falls short of 1."""
        return max(1 - y * y_hat, 0.0)

    def derivative(self, y_hat: Any, y: Any) -> Any:
        """Return -y up to a margin of 1."""
        return 0.0 if y * y_hat > 1 else -y


@checked()
@having(kind=BINARY)
class SquaredHinge(NamedTuple):
    """The squared hinge loss for two classes: ``max(0, 1 - y * y_hat)**2``.

    The derivative is ``-2 * y * max(0, 1 - y * y_hat)``; `y` is -1 or 1. No factor 1/2, as in
    scikit-learn.

    References
    ----------
    Y.-W. Chang, C.-J. Hsieh and C.-J. Lin, Coordinate descent method for large-scale L2-loss
    linear support vector machines, *JMLR* 9 (2008).

    Examples
    --------
    >>> SquaredHinge().value(0.5, 1.0), SquaredHinge().derivative(0.5, 1.0)
    (0.25, -1.0)
    """

    def value(self, y_hat: Any, y: Any) -> Any:
        """Return the square of by how much the margin falls short of 1."""
        short = max(1 - y * y_hat, 0.0)
        return short * short

    def derivative(self, y_hat: Any, y: Any) -> Any:
        """Return -2 y times by how much the margin falls short of 1."""
        return -2 * y * max(1 - y * y_hat, 0.0)


@checked()
@having(kind=BINARY)
class ModifiedHuber(NamedTuple):
    """The modified Huber loss for two classes: the squared hinge, a line below a margin of -1.

    With the margin ``m = y * y_hat``: ``max(0, 1 - m)**2`` where ``m >= -1``, else ``-4 * m``;
    the derivative is ``-2 * y * max(0, 1 - m)``, else ``-4 * y``. `y` is -1 or 1. The
    probability of the second class is ``(1 + y_hat) / 2``, kept between 0 and 1.

    References
    ----------
    T. Zhang, Solving large scale linear prediction problems using stochastic gradient descent
    algorithms, *ICML* 2004.

    Examples
    --------
    >>> ModifiedHuber().value(-2.0, 1.0), ModifiedHuber().derivative(-2.0, 1.0)
    (8.0, -4.0)
    """

    def value(self, y_hat: Any, y: Any) -> Any:
        """Return the square of by how much the margin falls short of 1, or the line."""
        short = max(1 - y * y_hat, 0.0)
        within = min(short, 2.0)
        return within * (2 * short - within)

    def derivative(self, y_hat: Any, y: Any) -> Any:
        """Return the derivative of the square, or of the line."""
        return -2 * y * min(max(1 - y * y_hat, 0.0), 2.0)

    def probabilities(self, scores: Array) -> Array:
        """Return the probability of the class 1."""
        return np.asarray((np.clip(scores, -1, 1) + 1) / 2)


@checked()
@having(kind=BINARY)
class Perceptron(NamedTuple):
    """The perceptron's loss for two classes: ``max(0, -y * y_hat)``.

    The derivative is -y where ``y * y_hat <= 0``, else 0; `y` is -1 or 1. At a margin of 0 it
    is -y, or weights of zero would never change.

    References
    ----------
    F. Rosenblatt, The perceptron, *Psychological Review* 65 (1958).

    Examples
    --------
    >>> Perceptron().value(-2.0, 1.0), Perceptron().derivative(-2.0, 1.0)
    (2.0, -1.0)
    """

    def value(self, y_hat: Any, y: Any) -> Any:
        """Return by how far the margin is below 0."""
        return max(-y * y_hat, 0.0)

    def derivative(self, y_hat: Any, y: Any) -> Any:
        """Return -y up to a margin of 0."""
        return 0.0 if y * y_hat > 0 else -y


LOSSES: dict[str, Any] = {
    "logistic": Logistic,
    "hinge": Hinge,
    "squared_hinge": SquaredHinge,
    "modified_huber": ModifiedHuber,
    "perceptron": Perceptron,
}
