"""How a gradient becomes a step.

An optimizer is a ``NamedTuple``. Its kernels' form, which `rule` returns, has the number of
`slots`, that is of numbers that it remembers of each parameter, and three methods: `at_step`
returns what all coordinates share in step t, the first one being 0; `keep` what is left of each
weight by a decay that has nothing to do with the gradient, and how long a step is for each unit of
gradient, or 0 where that is not known before (of a known one, L2 takes no more of alpha than
1 / lr); and `move` a parameter after its step, together with its stride: how far it goes for each
unit of gradient, which penalties like L1 need.
To add an optimizer, write its class here and list it in `OPTIMIZERS`.

In the formulas, `g` is the gradient of a mini-batch: the mean over its rows, plus that of the
smooth part of the penalty. Each product is one of coordinates.
"""

import math
from typing import Any, NamedTuple

from . import checks
from .kernels.attributes import having
from .members import checked, chosen

__all__ = ["OPTIMIZERS", "SGD", "Adagrad", "Adam", "AdamW", "RMSprop", "named_optimizer"]


def _keep_all(self: Any, lr: Any) -> Any:
    """Return 1, as weights do not decay, and lr: a step is lr times the gradient."""
    return 1.0, lr


def _keep_all_of_any_size(self: Any, lr: Any) -> Any:
    """Return 1, as weights do not decay, and 0: a step may be of any size for its gradient."""
    return 1.0, 0.0


def _itself(self: Any) -> Any:
    """Return the form of it that kernels use: the same."""
    return self


@having(slots=0, keep=_keep_all)
class _Plain(NamedTuple):
    def at_step(self, lr: Any, t: Any, number: Any) -> Any:
        return number(lr)

    def move(self, w: Any, g: Any, slots: Any, j: Any, f: Any, lr: Any) -> Any:
        return w - lr * g, lr


def _with_momentum(self: Any, lr: Any, t: Any, number: Any) -> Any:
    """Return lr, the momentum, and the stride of a steady gradient."""
    return number(lr), number(self.momentum), number(lr / (1 - self.momentum))


@having(slots=1, keep=_keep_all, at_step=_with_momentum)
class _Momentum(NamedTuple):
    momentum: float

    def move(self, w: Any, g: Any, slots: Any, j: Any, f: Any, shared: Any) -> Any:
        lr, momentum, stride = shared
        v = momentum * slots[0, j, f] + g
        slots[0, j, f] = v
        return w - lr * v, stride


@having(slots=1, keep=_keep_all, at_step=_with_momentum)
class _Nesterov(NamedTuple):
    momentum: float

    def move(self, w: Any, g: Any, slots: Any, j: Any, f: Any, shared: Any) -> Any:
        lr, momentum, stride = shared
        v = momentum * slots[0, j, f] + g
        slots[0, j, f] = v
        return w - lr * (g + momentum * v), stride


@checked(momentum=checks.ratio_below_one, nesterov=checks.flag)
class SGD(NamedTuple):
    """Stochastic gradient descent: ``w -= lr * g``.

    With momentum, ``v = momentum * v + g; w -= lr * v``, and with Nesterov's
    ``w -= lr * (g + momentum * v)``, as in PyTorch.

    Parameters
    ----------
    momentum : float
        What is kept of the velocity from one step to the next: 0 or more, below 1.
    nesterov : bool
        Whether the step looks ahead along the velocity; needs momentum.

    Raises
    ------
    TypeError, ValueError
        If one of them is not what is said above, or nesterov has no momentum.

    References
    ----------
    B. T. Polyak, Some methods of speeding up the convergence of iteration methods, 1964;
    I. Sutskever, J. Martens, G. Dahl and G. Hinton, On the importance of initialization and
    momentum in deep learning, *ICML* 2013.

    Examples
    --------
    >>> SGD(momentum=0.9)
    SGD(momentum=0.9, nesterov=False)
    """

    momentum: float = 0.0
    nesterov: bool = False

    def check_together(self) -> None:
        """Refuse to look ahead where there is no velocity."""
        if self.nesterov and self.momentum == 0:
            raise ValueError("nesterov: expected False without momentum, got True")

    def rule(self) -> Any:
        """Return the form of it that kernels use."""
        if self.momentum == 0:
            return _Plain()
        return _Nesterov(self.momentum) if self.nesterov else _Momentum(self.momentum)


@checked(eps=checks.positive)
@having(slots=1, keep=_keep_all_of_any_size, rule=_itself)
class Adagrad(NamedTuple):
    """Adagrad: ``s += g**2; w -= lr * g / (sqrt(s) + eps)``, as in PyTorch.

    Parameters
    ----------
    eps : float
        Keeps the first division finite, outside the square root; positive.

    Raises
    ------
    TypeError, ValueError
        If it is not what is said above.

    References
    ----------
    J. Duchi, E. Hazan and Y. Singer, Adaptive subgradient methods for online learning and
    stochastic optimization, *JMLR* 12 (2011).

    Examples
    --------
    >>> Adagrad()
    Adagrad(eps=1e-10)
    """

    eps: float = 1e-10

    def at_step(self, lr: Any, t: Any, number: Any) -> Any:
        """Return lr and eps."""
        return number(lr), number(self.eps)

    def move(self, w: Any, g: Any, slots: Any, j: Any, f: Any, shared: Any) -> Any:
        """Return the parameter after the step, and the stride."""
        lr, eps = shared
        s = slots[0, j, f] + g * g
        slots[0, j, f] = s
        stride = lr / (math.sqrt(s) + eps)
        return w - stride * g, stride


@checked(rho=checks.ratio_below_one, eps=checks.positive)
@having(slots=1, keep=_keep_all_of_any_size, rule=_itself)
class RMSprop(NamedTuple):
    """RMSprop: ``s = rho * s + (1 - rho) * g**2; w -= lr * g / (sqrt(s) + eps)``.

    As in PyTorch, where rho is called alpha; MXNet has eps inside the square root.

    Parameters
    ----------
    rho : float
        What is kept of the mean square from one step to the next: 0 or more, below 1.
    eps : float
        Keeps the division finite, outside the square root; positive.

    Raises
    ------
    TypeError, ValueError
        If one of them is not what is said above.

    References
    ----------
    T. Tieleman and G. Hinton, Lecture 6.5: RMSprop, *COURSERA: Neural Networks for Machine
    Learning*, 2012.

    Examples
    --------
    >>> RMSprop()
    RMSprop(rho=0.99, eps=1e-08)
    """

    rho: float = 0.99
    eps: float = 1e-8

    def at_step(self, lr: Any, t: Any, number: Any) -> Any:
        """Return lr, rho, 1 - rho and eps."""
        return number(lr), number(self.rho), number(1 - self.rho), number(self.eps)

    def move(self, w: Any, g: Any, slots: Any, j: Any, f: Any, shared: Any) -> Any:
        """Return the parameter after the step, and the stride."""
        lr, rho, rest, eps = shared
        s = rho * slots[0, j, f] + rest * g * g
        slots[0, j, f] = s
        stride = lr / (math.sqrt(s) + eps)
        return w - stride * g, stride


def _adam_at_step(self: Any, lr: Any, t: Any, number: Any) -> Any:
    """Return what all coordinates share."""
    rest1, rest2 = 1 - self.beta1, 1 - self.beta2
    bias1, bias2 = 1 - self.beta1 ** (t + 1.0), 1 - self.beta2 ** (t + 1.0)
    return (
        number(lr),
        number(self.beta1),
        number(rest1),
        number(1 / bias1),
        number(self.beta2),
        number(rest2),
        number(1 / math.sqrt(bias2)),
        number(self.eps),
    )


def _adam_move(self: Any, w: Any, g: Any, slots: Any, j: Any, f: Any, shared: Any) -> Any:
    """Return the parameter after the step, and the stride."""
    lr, beta1, rest1, unbias1, beta2, rest2, unbias2, eps = shared
    m = beta1 * slots[0, j, f] + rest1 * g
    v = beta2 * slots[1, j, f] + rest2 * g * g
    slots[0, j, f] = m
    slots[1, j, f] = v
    stride = lr / (math.sqrt(v) * unbias2 + eps)
    return w - stride * (m * unbias1), stride


@checked(beta1=checks.ratio_below_one, beta2=checks.ratio_below_one, eps=checks.positive)
@having(slots=2, keep=_keep_all_of_any_size, at_step=_adam_at_step, move=_adam_move, rule=_itself)
class Adam(NamedTuple):
    """Adam: steps along the mean of gradients over the root of their mean square.

    ``m = beta1 * m + (1 - beta1) * g``, ``v = beta2 * v + (1 - beta2) * g**2`` and, in step t
    from 1 on, ``w -= lr * m_hat / (sqrt(v_hat) + eps)`` with ``m_hat = m / (1 - beta1**t)`` and
    ``v_hat = v / (1 - beta2**t)``, as in PyTorch.

    Parameters
    ----------
    beta1, beta2 : float
        What is kept of both means from one step to the next: 0 or more, below 1.
    eps : float
        Keeps the division finite, outside the square root; positive.

    Raises
    ------
    TypeError, ValueError
        If one of them is not what is said above.

    References
    ----------
    D. P. Kingma and J. Ba, Adam: a method for stochastic optimization, *ICLR* 2015.

    Examples
    --------
    >>> Adam()
    Adam(beta1=0.9, beta2=0.999, eps=1e-08)
    """

    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8


@checked(
    beta1=checks.ratio_below_one,
    beta2=checks.ratio_below_one,
    eps=checks.positive,
    weight_decay=checks.non_negative,
)
@having(slots=2, at_step=_adam_at_step, move=_adam_move, rule=_itself)
class AdamW(NamedTuple):
    """Adam with decoupled weight decay: ``w *= 1 - lr * weight_decay`` before each step of `Adam`.

    That is PyTorch's form: in the paper the decay is multiplied by the schedule of the rate, and
    not by the rate that it begins with. The factor is 0 where it would be negative. The decay is
    not a penalty: neither the gradient nor any loss that is reported knows of it, and it is never
    applied to `b`.

    Parameters
    ----------
    beta1, beta2, eps : float
        As for `Adam`.
    weight_decay : float
        The decay for each unit of lr, at least 0.

    Raises
    ------
    TypeError, ValueError
        If one of them is not what is said above.

    References
    ----------
    I. Loshchilov and F. Hutter, Decoupled weight decay regularization, *ICLR* 2019.

    Examples
    --------
    >>> AdamW(weight_decay=0.1)
    AdamW(beta1=0.9, beta2=0.999, eps=1e-08, weight_decay=0.1)
    """

    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8
    weight_decay: float = 0.01

    def keep(self, lr: Any) -> Any:
        """Return what the decay leaves of each weight, and 0: steps may be of any size."""
        lost = lr * self.weight_decay
        return (1 - lost if lost < 1 else 0.0), 0.0


OPTIMIZERS: dict[str, Any] = {
    "sgd": SGD,
    "adagrad": Adagrad,
    "rmsprop": RMSprop,
    "adam": Adam,
    "adamw": AdamW,
}


def named_optimizer(optimizer: Any) -> Any:
    """Return the optimizer itself, or the one of that name with its default parameters.

    Raises
    ------
    ValueError
        If no optimizer has that name; the message lists those that there are.
    TypeError
        If `optimizer` is neither a name nor an optimizer.

    Examples
    --------
    >>> named_optimizer("sgd")
    SGD(momentum=0.0, nesterov=False)
    """
    return chosen("optimizer", optimizer, OPTIMIZERS)
