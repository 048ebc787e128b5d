"""Losses of numbers."""

import math
from typing import Any, NamedTuple

from .. import checks
from ..kernels.attributes import having
from ..kernels.elementary import expm1, log1p
from ..kinds import REGRESSION
from ..members import checked

__all__ = [
    "Absolute",
    "EpsilonInsensitive",
    "Huber",
    "LogCosh",
    "Quantile",
    "Squared",
    "SquaredEpsilonInsensitive",
]

LN2 = math.log(2.0)


@checked()
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


@checked()
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


@checked(delta=checks.positive)
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

    Raises
    ------
    TypeError, ValueError
        If it is not what is said above.

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
        r = y_hat - y
        kept = min(max(r, -self.delta), self.delta)
        return kept * (r - kept / 2)

    def derivative(self, y_hat: Any, y: Any) -> Any:
        """Return the error, kept between -delta and delta."""
        return min(max(y_hat - y, -self.delta), self.delta)


@checked(epsilon=checks.non_negative)
@having(kind=REGRESSION)
class EpsilonInsensitive(NamedTuple):
    """The absolute error beyond a tolerance: ``max(0, |y_hat - y| - epsilon)``.

    The derivative is the sign of ``y_hat - y`` where the error is larger than epsilon, else 0.
    `y` may be any real number. It is the loss of support vector regression.

    Parameters
    ----------
    epsilon : float
        The error that costs nothing, in the units of y; at least 0.

    Raises
    ------
    TypeError, ValueError
        If it is not what is said above.

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
        return max(abs(y_hat - y) - self.epsilon, 0.0)

    def derivative(self, y_hat: Any, y: Any) -> Any:
        """Return the sign of the error, or 0 within epsilon."""
        r = y_hat - y
        return 0.0 if abs(r) <= self.epsilon else math.copysign(1.0, r)


@checked(epsilon=checks.non_negative)
@having(kind=REGRESSION)
class SquaredEpsilonInsensitive(NamedTuple):
    """The square of the error beyond a tolerance: ``max(0, |y_hat - y| - epsilon)**2``.

    The derivative is ``2 * (|r| - epsilon) * sign(r)`` where ``|r| > epsilon``, with
    ``r = y_hat - y``, else 0; no factor 1/2, as in scikit-learn. `y` may be any real number.

    Parameters
    ----------
    epsilon : float
        The error that costs nothing, in the units of y; at least 0.

    Raises
    ------
    TypeError, ValueError
        If it is not what is said above.

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
        beyond = max(abs(y_hat - y) - self.epsilon, 0.0)
        return beyond * beyond

    def derivative(self, y_hat: Any, y: Any) -> Any:
        """Return twice the error beyond epsilon, with its sign."""
        r = y_hat - y
        return 2 * (r - min(max(r, -self.epsilon), self.epsilon))


@checked(q=checks.fraction)
@having(kind=REGRESSION)
class Quantile(NamedTuple):
    """The pinball loss: ``q * (y - y_hat)`` where ``y >= y_hat``, else ``(1 - q) * (y_hat - y)``.

    The derivative is -q where ``y >= y_hat``, else ``1 - q``. `y` may be any real number.
    Minimising its mean predicts the quantile q: a fraction q of the targets lies below.

    Parameters
    ----------
    q : float
        The quantile, between 0 and 1.

    Raises
    ------
    TypeError, ValueError
        If it is not what is said above.

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
        return max((1 - self.q) * (y_hat - y), self.q * (y - y_hat))

    def derivative(self, y_hat: Any, y: Any) -> Any:
        """Return -q below the target, and 1 - q above."""
        return -self.q if y >= y_hat else 1 - self.q


@checked()
@having(kind=REGRESSION, takes_exponentials=True)
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
        lost = expm1(-r)
        # cosh(r) is 1 + lost**2 / (2 * (1 + lost)), and e**r / 2 * (1 + (1 + lost)**2).
        is_small, left = r < 1, 1 + lost
        rest = log1p(lost * lost / (2 * left) if is_small else left * left)
        return rest if is_small else r + (rest - LN2)

    def derivative(self, y_hat: Any, y: Any) -> Any:
        """Return tanh(r)."""
        error = y_hat - y
        lost = expm1(-abs(error))
        left = 1 + lost
        tanh = -lost * (1 + left) / (1 + left * left)
        return tanh if error > 0 else -tanh


LOSSES: dict[str, Any] = {
    "squared": Squared,
    "absolute": Absolute,
    "huber": Huber,
    "epsilon_insensitive": EpsilonInsensitive,
    "squared_epsilon_insensitive": SquaredEpsilonInsensitive,
    "quantile": Quantile,
    "log_cosh": LogCosh,
}
