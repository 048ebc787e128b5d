"""Losses of numbers of which the logarithm is predicted."""

from typing import Any, NamedTuple

import numpy as np

from .. import checks
from ..arrays import Array
from ..kernels.attributes import having
from ..kernels.elementary import exp
from ..kinds import REGRESSION
from ..members import checked

__all__ = ["Gamma", "Poisson", "Tweedie"]


def _mean(self: Any, scores: Array) -> Array:
    """Return the mean."""
    return np.exp(scores)


@checked()
@having(kind=REGRESSION, response=_mean, takes_exponentials=True)
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


@checked()
@having(kind=REGRESSION, response=_mean, takes_exponentials=True)
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


@checked(power=checks.tweedie_power)
@having(kind=REGRESSION, response=_mean, takes_exponentials=True)
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

    Raises
    ------
    TypeError, ValueError
        If it is not what is said above.

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
        # Of a target of 0, the factor may overflow.
        return exp(b * y_hat) / b - (y * exp(a * y_hat) / a if y != 0 else 0.0)

    def derivative(self, y_hat: Any, y: Any) -> Any:
        """Return the error of the mean over its variance, times the mean."""
        a, b = 1 - self.power, 2 - self.power
        return exp(b * y_hat) - (y * exp(a * y_hat) if y != 0 else 0.0)

    def check_targets(self, y: Array) -> None:
        """Refuse targets that no distribution of this power has."""
        if self.power > 0:
            checks.targets_above(y, 0, strictly=self.power >= 2, loss=f"tweedie({self.power:g})")


LOSSES: dict[str, Any] = {
    "poisson": Poisson,
    "gamma": Gamma,
    "tweedie": Tweedie,
}
