"""The averages of parameters over the steps of a fit.

Source: B. T. Polyak and A. B. Juditsky, Acceleration of stochastic approximation by averaging,
SIAM J. Control Optim. 30 (1992).
"""

from typing import Any, NamedTuple


class NotAveraged(NamedTuple):
    """No averages are kept."""

    def average(self, parameters: Any, features: Any, j: Any, t: Any) -> None:
        """Do nothing."""
        return


class Averaged(NamedTuple):
    """The means of the parameters after each step from step `first` on."""

    w: Any  # (k, d), float64: a float32 mean stops moving after some 10**7 steps
    b: Any  # (k,), float64
    first: Any

    def average(self, parameters: Any, features: Any, j: Any, t: Any) -> None:
        """Take in the parameters of output j after step t."""
        if t == self.first:  # whatever was there before is not in it, not even what it rounds to
            for f in range(features):
                self.w[j, f] = parameters.w[j, f]
            self.b[j] = parameters.b[j]
        elif t > self.first:
            share = 1 / (t - self.first + 1)
            for f in range(features):
                self.w[j, f] += share * (parameters.w[j, f] - self.w[j, f])
            self.b[j] += share * (parameters.b[j] - self.b[j])
