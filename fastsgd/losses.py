"""What is minimised: a value and a derivative for each loss.

A loss is a ``NamedTuple`` with two methods of a prediction and a target, both numbers. The
kernels compile these very methods, so they use nothing but arithmetic and functions of numbers.
To add a loss, write its class here and list it in `LOSSES`.

Three kinds: a loss for regression has targets that are numbers; one for two classes has the
targets -1 and 1, which stand for two labels or for one class and the rest; `Softmax` sees the
predictions of all classes at once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np

from . import checks
from .custom import check_derivative, check_functions, member
from .kernels.attributes import having
from .kernels.elementary import exp, log1p
from .kinds import BINARY, MULTICLASS, REGRESSION
from .members import chosen, parameters

__all__ = [
    "LOSSES",
    "Absolute",
    "EpsilonInsensitive",
    "Gamma",
    "Hinge",
    "Huber",
    "LogCosh",
    "Logistic",
    "Loss",
    "ModifiedHuber",
    "Perceptron",
    "Poisson",
    "Quantile",
    "Softmax",
    "Squared",
    "SquaredEpsilonInsensitive",
    "SquaredHinge",
    "Tweedie",
    "custom",
    "named_loss",
]

Array = np.ndarray[Any, Any]


class Loss(Protocol):
    """What a loss has to offer; `y_hat` is the prediction for a row, `y` its target."""

    kind: str

    def value(self, y_hat: Any, y: Any) -> Any:
        """Return the loss of one row."""

    def derivative(self, y_hat: Any, y: Any) -> Any:
        """Return the derivative of `value` with respect to `y_hat`."""

    def _asdict(self) -> dict[str, Any]:
        """Return the parameters of the loss by name."""


@parameters()
@having(kind=REGRESSION)
class Squared(NamedTuple):
    """Half the squared error: ``(y_hat - y)**2 / 2``, with derivative ``y_hat - y``.

    `y` may be any real number. Minimising its mean is ordinary least squares.

    References
    ----------
    A. Zhang, Z. C. Lipton, M. Li and A. J. Smola, *Dive into Deep Learning*, section 3.1.

    Examples
    --------
    >>> Squared().value(3.0, 1.0)
    2.0
    >>> Squared().derivative(3.0, 1.0)
    2.0
    """

    def value(self, y_hat: Any, y: Any) -> Any:
        """Return half the squared error."""
        error = y_hat - y
        return error * error / 2

    def derivative(self, y_hat: Any, y: Any) -> Any:
        """Return the error."""
        return y_hat - y


@parameters()
@having(kind=REGRESSION)
class Absolute(NamedTuple):
    """The absolute error: ``|y_hat - y|``, with derivative 1 where ``y_hat > y``, else -1.

    `y` may be any real number. Minimising its mean predicts a median. At ``y_hat == y`` the
    derivative is -1, as in scikit-learn.

    References
    ----------
    R. Koenker and G. Bassett, Regression quantiles, *Econometrica* 46 (1978).

    Examples
    --------
    >>> Absolute().value(3.0, 1.0), Absolute().derivative(3.0, 1.0)
    (2.0, 1.0)
    """

    def value(self, y_hat: Any, y: Any) -> Any:
        """Return the absolute error."""
        return abs(y_hat - y)

    def derivative(self, y_hat: Any, y: Any) -> Any:
        """Return the sign of the error."""
        return 1.0 if y_hat > y else -1.0


@parameters(delta=checks.positive)
@having(kind=REGRESSION)
class Huber(NamedTuple):
    """Huber's loss: squared for small errors, absolute for large ones.

    With ``r = y_hat - y``: ``r**2 / 2`` where ``|r| <= delta``, else
    ``delta * |r| - delta**2 / 2``; the derivative is `r`, kept between -delta and delta.

    `y` may be any real number.

    Parameters
    ----------
    delta : float
        The largest error that counts in full, in the units of y; positive.

    References
    ----------
    P. J. Huber, Robust estimation of a location parameter, *Ann. Math. Statist.* 35 (1964).

    Examples
    --------
    >>> Huber(delta=1.0).value(3.0, 0.0), Huber(delta=1.0).derivative(3.0, 0.0)
    (2.5, 1.0)
    """

    delta: float = 1.35

    def value(self, y_hat: Any, y: Any) -> Any:
        """Return half the squared error, or the line that goes on from it."""
        r = abs(y_hat - y)
        return r * r / 2 if r <= self.delta else self.delta * (r - self.delta / 2)

    def derivative(self, y_hat: Any, y: Any) -> Any:
        """Return the error, kept between -delta and delta."""
        r = y_hat - y
        if abs(r) <= self.delta:
            return r
        return math.copysign(self.delta, r)


@parameters(epsilon=checks.non_negative)
@having(kind=REGRESSION)
class EpsilonInsensitive(NamedTuple):
    """The absolute error beyond a tolerance: ``max(0, |y_hat - y| - epsilon)``.

    The derivative is the sign of ``y_hat - y`` where the error is larger than epsilon, else 0.
    `y` may be any real number. It is the loss of support vector regression.

    Parameters
    ----------
    epsilon : float
        The error that costs nothing, in the units of y; at least 0.

    References
    ----------
    V. N. Vapnik, *The Nature of Statistical Learning Theory*, 1995.

    Examples
    --------
    >>> EpsilonInsensitive(epsilon=0.5).value(3.0, 1.0)
    1.5
    >>> EpsilonInsensitive(epsilon=0.5).derivative(1.25, 1.0)
    0.0
    """

    epsilon: float = 0.1

    def value(self, y_hat: Any, y: Any) -> Any:
        """Return the error beyond epsilon."""
        r = abs(y_hat - y)
        return 0.0 if r <= self.epsilon else r - self.epsilon

    def derivative(self, y_hat: Any, y: Any) -> Any:
        """Return the sign of the error, or 0 within epsilon."""
        r = y_hat - y
        return 0.0 if abs(r) <= self.epsilon else math.copysign(1.0, r)


@parameters(epsilon=checks.non_negative)
@having(kind=REGRESSION)
class SquaredEpsilonInsensitive(NamedTuple):
    """The square of the error beyond a tolerance: ``max(0, |y_hat - y| - epsilon)**2``.

    The derivative is ``2 * (|r| - epsilon) * sign(r)`` where ``r = y_hat - y`` is larger than
    epsilon, else 0; no factor 1/2, as in scikit-learn. `y` may be any real number.

    Parameters
    ----------
    epsilon : float
        The error that costs nothing, in the units of y; at least 0.

    References
    ----------
    V. N. Vapnik, *The Nature of Statistical Learning Theory*, 1995.

    Examples
    --------
    >>> SquaredEpsilonInsensitive(epsilon=0.5).value(3.0, 1.0)
    2.25
    >>> SquaredEpsilonInsensitive(epsilon=0.5).derivative(3.0, 1.0)
    3.0
    """

    epsilon: float = 0.1

    def value(self, y_hat: Any, y: Any) -> Any:
        """Return the square of the error beyond epsilon."""
        r = abs(y_hat - y) - self.epsilon
        return 0.0 if r <= 0 else r * r

    def derivative(self, y_hat: Any, y: Any) -> Any:
        """Return twice the error beyond epsilon, with its sign."""
        r = y_hat - y
        return 0.0 if abs(r) <= self.epsilon else 2 * (r - math.copysign(self.epsilon, r))


@parameters(q=checks.fraction)
@having(kind=REGRESSION)
class Quantile(NamedTuple):
    """The pinball loss: ``q * (y - y_hat)`` where ``y >= y_hat``, else ``(1 - q) * (y_hat - y)``.

    The derivative is -q where ``y >= y_hat``, else ``1 - q``. `y` may be any real number.
    Minimising its mean predicts the quantile q: a fraction q of the targets lies below.

    Parameters
    ----------
    q : float
        The quantile, between 0 and 1.

    References
    ----------
    R. Koenker and G. Bassett, Regression quantiles, *Econometrica* 46 (1978).

    Examples
    --------
    >>> Quantile(q=0.75).value(1.0, 3.0), Quantile(q=0.75).derivative(1.0, 3.0)
    (1.5, -0.75)
    """

    q: float = 0.5

    def value(self, y_hat: Any, y: Any) -> Any:
        """Return the error, weighed by the side that it is on."""
        return self.q * (y - y_hat) if y >= y_hat else (1 - self.q) * (y_hat - y)

    def derivative(self, y_hat: Any, y: Any) -> Any:
        """Return -q below the target, and 1 - q above."""
        return -self.q if y >= y_hat else 1 - self.q


@parameters()
@having(kind=REGRESSION)
class LogCosh(NamedTuple):
    """The logarithm of the hyperbolic cosine: ``log(cosh(y_hat - y))``.

    The derivative is ``tanh(y_hat - y)``: like half the squared error for small errors, like the
    absolute one for large ones. `y` may be any real number.

    References
    ----------
    R. A. Saleh and A. K. Md. E. Saleh, Statistical properties of the log-cosh loss function used
    in machine learning, 2022, arXiv:2208.04564.

    Examples
    --------
    >>> round(LogCosh().value(3.0, 1.0), 6), round(LogCosh().derivative(3.0, 1.0), 6)
    (1.325003, 0.964028)
    """

    def value(self, y_hat: Any, y: Any) -> Any:
        """Return log(cosh(r)), by a form that neither cancels nor overflows."""
        r = abs(y_hat - y)
        if r < 1:
            half = math.sinh(r / 2)
            return math.log1p(2 * half * half)
        return r + (math.log1p(math.exp(-2 * r)) - math.log(2.0))

    def derivative(self, y_hat: Any, y: Any) -> Any:
        """Return tanh(r)."""
        return math.tanh(y_hat - y)


@parameters()
@having(kind=REGRESSION)
class Poisson(NamedTuple):
    """Poisson regression with log link: ``exp(y_hat) - y * y_hat``.

    The derivative is ``exp(y_hat) - y``. `y` is a count or a rate, at least 0, and its mean is
    modelled as ``exp(X @ w + b)``, which is what `Model.predict` returns. Half the Poisson
    deviance, but for what does not depend on `y_hat`.

    References
    ----------
    P. McCullagh and J. A. Nelder, *Generalized Linear Models*, 1989.

    Examples
    --------
    >>> Poisson().value(0.0, 3.0), Poisson().derivative(0.0, 3.0)
    (1.0, -2.0)
    """

    def value(self, y_hat: Any, y: Any) -> Any:
        """Return the negative log-likelihood, up to a term of y alone."""
        return exp(y_hat) - y * y_hat

    def derivative(self, y_hat: Any, y: Any) -> Any:
        """Return the mean minus the target."""
        return exp(y_hat) - y

    def check_targets(self, y: Array) -> None:
        """Refuse targets below 0."""
        checks.targets_above(y, 0, strictly=False, loss="poisson")

    def response(self, scores: Array) -> Array:
        """Return the mean."""
        return np.exp(scores)


@parameters()
@having(kind=REGRESSION)
class Gamma(NamedTuple):
    """Gamma regression with log link: ``y_hat + y * exp(-y_hat)``.

    The derivative is ``1 - y * exp(-y_hat)``. `y` is positive, and its mean is modelled as
    ``exp(X @ w + b)``, which is what `Model.predict` returns. Half the gamma deviance, but for
    what does not depend on `y_hat`.

    References
    ----------
    P. McCullagh and J. A. Nelder, *Generalized Linear Models*, 1989.

    Examples
    --------
    >>> Gamma().value(0.0, 3.0), Gamma().derivative(0.0, 3.0)
    (3.0, -2.0)
    """

    def value(self, y_hat: Any, y: Any) -> Any:
        """Return the negative log-likelihood, up to a term of y alone."""
        return y_hat + y * exp(-y_hat)

    def derivative(self, y_hat: Any, y: Any) -> Any:
        """Return the relative error of the mean."""
        return 1 - y * exp(-y_hat)

    def check_targets(self, y: Array) -> None:
        """Refuse targets that are not positive."""
        checks.targets_above(y, 0, strictly=True, loss="gamma")

    def response(self, scores: Array) -> Array:
        """Return the mean."""
        return np.exp(scores)


@parameters(power=checks.tweedie_power)
@having(kind=REGRESSION)
class Tweedie(NamedTuple):
    """Tweedie regression with log link, for a variance of ``mean**power``.

    With ``p = power``: ``exp((2 - p) * y_hat) / (2 - p) - y * exp((1 - p) * y_hat) / (1 - p)``,
    with derivative ``exp((2 - p) * y_hat) - y * exp((1 - p) * y_hat)``; for p = 1 it is
    `Poisson`, for p = 2 `Gamma`, and for p = 0 the squared error of ``exp(y_hat)``. Half the
    deviance, but for what does not depend on `y_hat`. The mean is modelled as
    ``exp(X @ w + b)``, which is what `Model.predict` returns.

    `y` may be any real number for p <= 0, is at least 0 for p below 2, and positive from 2 on.

    Parameters
    ----------
    power : float
        0 normal, 1 Poisson, between 1 and 2 compound Poisson-gamma, 2 gamma, 3 inverse
        Gaussian; not between 0 and 1, where there is no such distribution.

    References
    ----------
    B. Jorgensen, Exponential dispersion models, *J. R. Statist. Soc.* B 49 (1987).

    Examples
    --------
    >>> Tweedie(power=1.5).value(0.0, 3.0), Tweedie(power=1.5).derivative(0.0, 3.0)
    (8.0, -2.0)
    """

    power: float = 1.5

    def value(self, y_hat: Any, y: Any) -> Any:
        """Return half the deviance, up to a term of y alone."""
        if self.power == 1:
            return exp(y_hat) - y * y_hat
        if self.power == 2:
            return y_hat + y * exp(-y_hat)
        a, b = 1 - self.power, 2 - self.power
        return exp(b * y_hat) / b - y * exp(a * y_hat) / a

    def derivative(self, y_hat: Any, y: Any) -> Any:
        """Return the error of the mean over its variance, times the mean."""
        a, b = 1 - self.power, 2 - self.power
        return exp(b * y_hat) - y * exp(a * y_hat)

    def check_targets(self, y: Array) -> None:
        """Refuse targets that no distribution of this power has."""
        if self.power > 0:
            checks.targets_above(y, 0, strictly=self.power >= 2, loss=f"tweedie({self.power:g})")

    def response(self, scores: Array) -> Array:
        """Return the mean."""
        return np.exp(scores)


@parameters()
@having(kind=BINARY)
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
        return (-y * small if margin > 0 else -y) / (1 + small)

    def probabilities(self, scores: Array) -> Array:
        """Return the probability of the class 1."""
        small = np.exp(-np.abs(scores))
        return np.asarray(np.where(scores > 0, 1, small) / (1 + small))


@parameters()
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
        margin = y * y_hat
        return 0.0 if margin > 1 else 1 - margin

    def derivative(self, y_hat: Any, y: Any) -> Any:
        """Return -y up to a margin of 1."""
        return 0.0 if y * y_hat > 1 else -y


@parameters()
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
        short = 1 - y * y_hat
        return 0.0 if short <= 0 else short * short

    def derivative(self, y_hat: Any, y: Any) -> Any:
        """Return -2 y times by how much the margin falls short of 1."""
        short = 1 - y * y_hat
        return 0.0 if short <= 0 else -2 * y * short


@parameters()
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
        margin = y * y_hat
        if margin < -1:
            return -4 * margin
        return 0.0 if margin >= 1 else (1 - margin) * (1 - margin)

    def derivative(self, y_hat: Any, y: Any) -> Any:
        """Return the slope of the square, or of the line."""
        margin = y * y_hat
        if margin < -1:
            return -4 * y
        return 0.0 if margin >= 1 else -2 * y * (1 - margin)

    def probabilities(self, scores: Array) -> Array:
        """Return the probability of the class 1."""
        return np.asarray((np.clip(scores, -1, 1) + 1) / 2)


@parameters()
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
        margin = y * y_hat
        return 0.0 if margin > 0 else -margin

    def derivative(self, y_hat: Any, y: Any) -> Any:
        """Return -y up to a margin of 0."""
        return 0.0 if y * y_hat > 0 else -y


@parameters()
@having(kind=MULTICLASS)
class Softmax(NamedTuple):
    """Multinomial logistic regression for k classes, or cross-entropy after softmax.

    With the k predictions `y_hat` of a row, whose class is number c:
    ``log(sum(exp(y_hat))) - y_hat[c]``. The derivative with respect to ``y_hat[j]`` is ``p[j]``,
    less 1 for j = c, with the probabilities ``p = exp(y_hat) / sum(exp(y_hat))``.

    References
    ----------
    C. M. Bishop, *Pattern Recognition and Machine Learning*, 2006, section 4.3.4.

    Examples
    --------
    >>> y_hat = np.array([1.0, 2.0, 3.0])
    >>> round(float(Softmax().differentiate_row(y_hat, 2)), 6)
    0.407606
    >>> y_hat.round(6)  # now the derivatives
    array([ 0.090031,  0.244728, -0.334759])
    """

    def value(self, y_hat: Any, c: Any) -> Any:
        """Return the negative log-likelihood, by a form that neither cancels nor overflows."""
        top = 0
        for j in range(y_hat.size):
            if y_hat[j] > y_hat[top]:
                top = j
        rest = 0 * y_hat[top]
        for j in range(y_hat.size):
            if j != top:
                rest += math.exp(y_hat[j] - y_hat[top])
        return math.log1p(rest) + (y_hat[top] - y_hat[c])

    def differentiate_row(self, y_hat: Any, c: Any) -> Any:
        """Replace the k predictions by the derivatives; return the value."""
        top = 0
        for j in range(y_hat.size):
            if y_hat[j] > y_hat[top]:
                top = j
        highest, lost = y_hat[top], y_hat[top] - y_hat[c]
        rest = others = 0 * highest
        for j in range(y_hat.size):
            y_hat[j] = math.exp(y_hat[j] - highest)
            if j != top:
                rest += y_hat[j]
            if j != c:
                others += y_hat[j]
        for j in range(y_hat.size):
            y_hat[j] /= 1 + rest
        y_hat[c] = -others / (1 + rest)
        return math.log1p(rest) + lost

    def probabilities(self, scores: Array) -> Array:
        """Return the probabilities of the k classes."""
        powers = np.exp(scores - scores.max(axis=1, keepdims=True))
        return np.asarray(powers / powers.sum(axis=1, keepdims=True))


LOSSES: dict[str, Any] = {
    "squared": Squared,
    "absolute": Absolute,
    "huber": Huber,
    "epsilon_insensitive": EpsilonInsensitive,
    "squared_epsilon_insensitive": SquaredEpsilonInsensitive,
    "quantile": Quantile,
    "log_cosh": LogCosh,
    "poisson": Poisson,
    "gamma": Gamma,
    "tweedie": Tweedie,
    "logistic": Logistic,
    "hinge": Hinge,
    "squared_hinge": SquaredHinge,
    "modified_huber": ModifiedHuber,
    "perceptron": Perceptron,
    "softmax": Softmax,
}


# Where a derivative is compared: with the kinks of many losses among the predictions, and others.
PREDICTIONS = (*np.arange(-10.0, 10.5, 0.5).tolist(), *np.linspace(-3.3, 3.4, 14).tolist())
TARGETS = {REGRESSION: (-2.0, -1.0, 0.0, 0.5, 1.0, 3.0), BINARY: (-1.0, 1.0)}


def custom(
    value: Callable[[Any, Any], Any],
    derivative: Callable[[Any, Any], Any],
    *,
    kind: Literal["regression", "binary"] = "regression",
    targets: Sequence[float] | None = None,
) -> Any:
    """Return a loss of your own, compiled into the same kernels as the others.

    Parameters
    ----------
    value, derivative : callable
        Two plain functions of a prediction and a target, both numbers: the loss of one row, and
        its derivative with respect to the prediction. They use arithmetic, functions of `math`
        and numpy's functions of numbers, as numba compiles them, and make no arrays or lists. What
        else they refer to, and defaults of further parameters, is read once, as constants.
    kind : {"regression", "binary"}
        Whether targets are numbers, or labels: the functions then see -1 and 1, and more than
        two classes are fitted one-versus-rest.
    targets : sequence of float, optional
        The targets with which the derivative is checked, if not all numbers are targets.

    Returns
    -------
    Loss
        A value that `fit` takes. The same functions, whose machine code is kept on disk, give an
        equal one; where they refer to what cannot be compared, such as other modules, the code
        is compiled anew in each process.

    Raises
    ------
    TypeError
        If an argument is of a wrong type.
    ValueError
        If `targets` holds no numbers; or if the derivative is not the slope of the value at
        predictions from -10 to 10, by finite differences; the message says where. At a kink, any
        slope between the sides will do.

    References
    ----------
    Y. Bengio, Practical recommendations for gradient-based training of deep architectures,
    2012, arXiv:1206.5533, section 4.2, for the check of a gradient by finite differences.

    Examples
    --------
    >>> import fastsgd
    >>> quartic = custom(lambda p, t: (p - t)**4 / 4, lambda p, t: (p - t)**3)
    >>> X, y = [[0.0], [1.0]], [1.0, 3.0]
    >>> model = fastsgd.fit(X, y, loss=quartic, epochs=2000, lr=0.1, seed=0)
    >>> model.predict([[0.5]]).round(1)
    array([2.])
    """
    check_functions(value=value, derivative=derivative)
    checks.choice("kind", kind, (REGRESSION, BINARY))
    chosen_targets = TARGETS[kind] if targets is None else checks.series("targets", targets)
    points = ((p, t) for t in chosen_targets for p in PREDICTIONS)
    check_derivative(value, derivative, points, ("prediction", "target"))
    return member("loss", {"value": value, "derivative": derivative}, {"kind": kind})


def values_of(loss: Any) -> Array:
    """Return the values of a loss where derivatives are checked; NaN where it has none."""

    def value(p: float, t: float) -> float:
        try:
            return float(loss.value(p, t))
        except Exception:
            return math.nan

    with np.errstate(all="ignore"):
        return np.array([[value(p, t) for p in PREDICTIONS] for t in TARGETS[loss.kind]])


def named_loss(loss: str | Loss) -> Any:
    """Return the loss itself, or the one of that name with its default parameters.

    Raises
    ------
    ValueError
        If no loss has that name; the message lists those that there are.
    TypeError
        If `loss` is neither a name nor a loss.

    Examples
    --------
    >>> named_loss("squared")
    Squared()
    """
    return chosen("loss", loss, LOSSES)
