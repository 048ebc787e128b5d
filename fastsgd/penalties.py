"""What keeps weights small, added to the data loss in the objective; never applied to `b`.

A penalty is a ``NamedTuple`` with three methods for one weight `w`, of feature `f`:
`value` is what it adds to the objective, `derivative` the derivative of its smooth part, which is
added to the gradient of a step of learning rate `lr`, and `shrink` the step of the rest of it,
which follows that of the optimizer. One that remembers something of each weight has the number of
its `slots`, which come after those of the optimizer. To add a penalty, write its class here and
list it in `PENALTIES`.

On sparse rows, plain SGD applies a penalty step by step to a weight whose feature has not occurred
for a while, unless the class has a fourth method that does so at once: `rest`, the weight after
steps without a gradient, of learning rates that add up to `lr_sum`. One that multiplies weights, by
1 minus the learning rate times something, has a fifth that returns this: `decay`. Then `log_kept`
is the logarithm of what those steps leave of a weight. A cumulative one has `between`, the penalty
that acts in those steps, while more and more becomes due.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from . import checks
from .custom import PLACES, check_derivative, check_functions, member
from .kernels.arithmetic import at, capped, nearer_to_zero, payment
from .kernels.attributes import having
from .kernels.elementary import exp, expm1
from .members import checked, chosen

__all__ = [
    "L1",
    "L2",
    "PENALTIES",
    "CumulativeL1",
    "ElasticNet",
    "NoPenalty",
    "custom",
    "named_penalty",
]


@checked()
class NoPenalty(NamedTuple):
    """No penalty.

    Examples
    --------
    >>> NoPenalty().value(3.0, 0)
    0.0
    """

    def value(self, w: Any, f: Any) -> Any:
        """Return 0."""
        return 0.0

    def derivative(self, w: Any, f: Any, lr: Any) -> Any:
        """Return 0."""
        return type(w)(0)  # of this type: see `capped`

    def shrink(self, w: Any, slots: Any, j: Any, f: Any, stride: Any) -> Any:
        """Return the weight."""
        return w


@checked(alpha=checks.strength)
class L2(NamedTuple):
    """Half the squared norm, or ridge penalty: ``alpha / 2 * sum(w**2)``.

    Its derivative, ``alpha * w``, is part of the gradient, so that optimizers see it. A step of
    plain SGD multiplies the weights by ``1 - lr * alpha``, and by 0, to rounding, if that is
    negative: no step of SGD takes more of alpha than ``1 / lr``.

    Parameters
    ----------
    alpha : float, or array-like of shape (d,)
        The strength, at least 0: one for all features, or one for each.

    Raises
    ------
    TypeError, ValueError
        If it is not what is said above.

    References
    ----------
    A. E. Hoerl and R. W. Kennard, Ridge regression: biased estimation for nonorthogonal
    problems, *Technometrics* 12 (1970).

    Examples
    --------
    >>> L2(alpha=0.5).value(2.0, 0), L2(alpha=0.5).derivative(2.0, 0, lr=0.1)
    (1.0, 1.0)
    >>> float(L2(alpha=[0.0, 0.5]).value(2.0, 1))
    1.0
    """

    alpha: Any = 1e-4

    def value(self, w: Any, f: Any) -> Any:
        """Return half the square, times alpha."""
        return at(self.alpha, f) / 2 * w * w

    def derivative(self, w: Any, f: Any, lr: Any) -> Any:
        """Return alpha times the weight."""
        return capped(at(self.alpha, f), lr) * w

    def shrink(self, w: Any, slots: Any, j: Any, f: Any, stride: Any) -> Any:
        """Return the weight."""
        return w

    def decay(self) -> Any:
        """Return alpha: a step of plain SGD takes lr times it of a weight."""
        return self.alpha

    def rest(self, w: Any, f: Any, lr_sum: Any, log_kept: Any) -> Any:
        """Return what decay leaves of the weight."""
        return w * exp(log_kept)


@checked(alpha=checks.strength)
class L1(NamedTuple):
    """The sum of the absolute values, or lasso penalty: ``alpha * sum(|w|)``.

    After each step of the optimizer a proximal step takes up to ``stride * alpha`` from the size
    of each weight, and leaves exactly 0 where that is all there is. The stride is how far the
    optimizer moves this very weight for each unit of gradient: ``lr`` for plain SGD,
    ``lr / (1 - momentum)`` with momentum, ``lr / (sqrt(v) + eps)`` for Adam. With another one
    the weights would settle at the minimum of another objective: so they do on sparse rows with
    all optimizers but plain SGD, which take this step only where a feature occurs.

    In full batches the weights that are 0 at the minimum become exactly 0. In mini-batches some end
    near it, the more the smaller the batches: gradients that differ move them off it again. By
    `CumulativeL1` they become 0 there as well.

    Parameters
    ----------
    alpha : float, or array-like of shape (d,)
        The strength, at least 0: one for all features, or one for each.

    Raises
    ------
    TypeError, ValueError
        If it is not what is said above.

    References
    ----------
    J. Duchi and Y. Singer, Efficient online and batch learning using forward backward
    splitting, *JMLR* 10 (2009).

    Examples
    --------
    >>> L1(alpha=0.5).value(-2.0, 0)
    1.0
    >>> L1(alpha=0.5).shrink(-2.0, None, 0, 0, stride=1.0)
    -1.5
    >>> L1(alpha=0.5).shrink(0.25, None, 0, 0, stride=1.0)
    0.0
    """

    alpha: Any = 1e-4

    def value(self, w: Any, f: Any) -> Any:
        """Return the absolute value, times alpha."""
        return at(self.alpha, f) * abs(w)

    def derivative(self, w: Any, f: Any, lr: Any) -> Any:
        """Return 0: nothing of it is smooth."""
        return type(w)(0)  # of this type: see `capped`

    def shrink(self, w: Any, slots: Any, j: Any, f: Any, stride: Any) -> Any:
        """Return the weight, nearer to 0 by stride times alpha."""
        return nearer_to_zero(w, stride * at(self.alpha, f))

    def rest(self, w: Any, f: Any, lr_sum: Any, log_kept: Any) -> Any:
        """Return the weight, nearer to 0 by the sum of its steps times alpha."""
        return nearer_to_zero(w, lr_sum * at(self.alpha, f))


@checked(alpha=checks.strength, l1_ratio=checks.ratio)
class ElasticNet(NamedTuple):
    """A mixture of `L1` and `L2`.

    ``alpha * sum(l1_ratio * |w| + (1 - l1_ratio) / 2 * w**2)``; each part is handled as there.

    Parameters
    ----------
    alpha : float, or array-like of shape (d,)
        The strength, at least 0: one for all features, or one for each.
    l1_ratio : float
        The share of L1, from 0 to 1.

    Raises
    ------
    TypeError, ValueError
        If one of them is not what is said above.

    References
    ----------
    H. Zou and T. Hastie, Regularization and variable selection via the elastic net,
    *J. R. Statist. Soc.* B 67 (2005).

    Examples
    --------
    >>> ElasticNet(alpha=1.0, l1_ratio=0.5).value(-2.0, 0)
    2.0
    """

    alpha: Any = 1e-4
    l1_ratio: float = 0.15

    def value(self, w: Any, f: Any) -> Any:
        """Return the mixture of the absolute value and half the square, times alpha."""
        return at(self.alpha, f) * (self.l1_ratio * abs(w) + (1 - self.l1_ratio) / 2 * w * w)

    def derivative(self, w: Any, f: Any, lr: Any) -> Any:
        """Return the derivative of the share of L2."""
        return capped((type(w)(1) - self.l1_ratio) * at(self.alpha, f), lr) * w

    def shrink(self, w: Any, slots: Any, j: Any, f: Any, stride: Any) -> Any:
        """Return the weight, nearer to 0 by the share of L1."""
        return nearer_to_zero(w, stride * (self.l1_ratio * at(self.alpha, f)))

    def decay(self) -> Any:
        """Return the share of L2 in alpha: a step of plain SGD takes lr times it of a weight."""
        return (1 - self.l1_ratio) * self.alpha

    def rest(self, w: Any, f: Any, lr_sum: Any, log_kept: Any) -> Any:
        """Return the weight after decay and steps towards 0 in turns."""
        # With x = lr * decay, the sum over the steps of x times what later steps leave of it
        # is 1 - exp(log_kept): it telescopes.
        lost = -expm1(log_kept)
        kept = 1 - lost if lost < 0.5 else exp(log_kept)
        distance = lost / (1 - self.l1_ratio) if log_kept < 0 else lr_sum * at(self.alpha, f)
        return nearer_to_zero(w * kept, distance * self.l1_ratio)


@checked(alpha=checks.strength, l1_ratio=checks.ratio)
@having(slots=2, value=ElasticNet.value, derivative=ElasticNet.derivative)
class CumulativeL1(NamedTuple):
    """`L1`, or its mixture with `L2`, by which weights become exactly 0 in mini-batches too.

    ``alpha * sum(l1_ratio * |w| + (1 - l1_ratio) / 2 * w**2)``. The share of L2 is handled as `L2`
    is. For that of L1 a weight has to pay ``stride * l1_ratio * alpha`` in each step, as with `L1`,
    but what it cannot pay, as that takes it to 0, stays due: what moves it off 0 by no more than
    that is in vain. With u for the sum of all that was to be paid so far, and q for the sum of what
    was added to the weight to pay it, a weight above 0 becomes ``max(0, w - (u + q))``, and one
    below 0 ``min(0, w + (u - q))``.

    It is for SGD: the strides of other optimizers differ by weight, and are so long before the
    first gradient of a weight that it could never pay. On sparse rows a weight pays in the steps in
    which its feature occurs, and in no others; with plain SGD, more becomes due in those as well.
    A fit that goes on from another one with this penalty goes on with what is due, whatever its
    alpha; ``init=model`` begins with nothing. scikit-learn's L1 and elastic net are this penalty.

    Parameters
    ----------
    alpha : float, or array-like of shape (d,)
        The strength, at least 0: one for all features, or one for each.
    l1_ratio : float
        The share of L1, from 0 to 1.

    Raises
    ------
    TypeError, ValueError
        If one of them is not what is said above; `fit` raises if the optimizer is not SGD.

    References
    ----------
    Y. Tsuruoka, J. Tsujii and S. Ananiadou, Stochastic gradient descent training for
    L1-regularized log-linear models with cumulative penalty, *ACL-IJCNLP* 2009.

    Examples
    --------
    >>> import fastsgd, numpy as np
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(500, 100))
    >>> y = 3 * X[:, 0] + rng.normal(size=500)
    >>> options = dict(epochs=50, lr="inv_scaling", seed=0)
    >>> for penalty in (L1(alpha=0.2), CumulativeL1(alpha=0.2)):
    ...     print(np.count_nonzero(fastsgd.fit(X, y, penalty=penalty, **options).w))
    54
    1
    """

    alpha: Any = 1e-4
    l1_ratio: float = 1.0

    def shrink(self, w: Any, slots: Any, j: Any, f: Any, stride: Any) -> Any:
        """Return the weight after it has paid what is due, or as much of that as it can."""
        due = stride * (self.l1_ratio * at(self.alpha, f))
        above, below = slots[-2, j, f] + due, slots[-1, j, f] + due
        paid = payment(w, above, below)
        slots[-2, j, f], slots[-1, j, f] = above - paid, below + paid
        return w - paid

    def between(self) -> Any:
        """Return what acts in steps of plain SGD in which a feature does not occur."""
        return L2((1 - self.l1_ratio) * self.alpha) if self.l1_ratio < 1 else NoPenalty()


PENALTIES: dict[str, Any] = {
    "none": NoPenalty,
    "l2": L2,
    "l1": L1,
    "elasticnet": ElasticNet,
    "cumulative_l1": CumulativeL1,
}


def custom(value: Callable[[Any], Any], derivative: Callable[[Any], Any]) -> Any:
    """Return a penalty of your own, compiled into the same kernels as the others.

    Parameters
    ----------
    value, derivative : callable
        Two plain functions of a weight: what it adds to the objective, and the derivative of
        that, which is added to the gradient. What is said of the functions of
        `fastsgd.losses.custom` holds for them.

    Returns
    -------
    Penalty
        A value that `fit` takes.

    Raises
    ------
    TypeError
        If an argument is not a function.
    ValueError
        If at weights from -10 to 10 a function raises, or the derivative is not the slope of the
        value, by finite differences; the message says where. At a kink, any slope between the
        sides will do. What numba does not compile is found by the fit.

    References
    ----------
    That of `fastsgd.losses.custom`.

    Examples
    --------
    >>> import fastsgd, math
    >>> pull = custom(lambda w: math.log1p(w * w), lambda w: 2 * w / (1 + w * w))
    >>> X, y = [[0.0], [1.0]], [1.0, 3.0]
    >>> model = fastsgd.fit(X, y, penalty=pull, epochs=2000, lr=0.1, seed=0)
    >>> bool(0 < model.w[0] < 2)
    True
    """
    check_functions(value=value, derivative=derivative)
    check_derivative(value, derivative, ((w,) for w in PLACES), ("weight",))
    methods = {"value": value, "derivative": derivative, "shrink": _unchanged}
    return member("penalty", methods, {})


def _unchanged(w: Any) -> Any:
    return w


def named_penalty(penalty: Any) -> Any:
    """Return the penalty itself, or the one of that name with its default parameters.

    Raises
    ------
    ValueError
        If no penalty has that name; the message lists those that there are.
    TypeError
        If `penalty` is neither None, nor a name, nor a penalty.

    Examples
    --------
    >>> named_penalty("l2")
    L2(alpha=0.0001)
    """
    return chosen("penalty", "none" if penalty is None else penalty, PENALTIES)
