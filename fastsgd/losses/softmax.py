"""The loss of several classes whose predictions are seen together."""

import math
from typing import Any, NamedTuple

import numpy as np

from ..kernels.attributes import having
from ..kinds import MULTICLASS
from ..members import parameters

Array = np.ndarray[Any, Any]


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
