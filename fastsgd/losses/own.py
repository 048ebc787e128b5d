"""Losses of the user's own."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np

from .. import checks
from ..arrays import Array
from ..custom import PLACES, check_derivative, check_functions, member
from ..kinds import BINARY, REGRESSION

# With which targets a derivative is compared.
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
        its derivative with respect to the prediction. They use arithmetic, conditions such as
        ``a if p > t else b``, functions of `math` and numpy's functions of numbers, as numba
        compiles them, and make no arrays or lists, as np.where does; sums may be reordered. What
        else they refer to, and defaults of further parameters, is read once, as constants.
    kind : {"regression", "binary"}
        Whether targets are numbers, or labels: the functions then see -1 and 1, and more than
        two classes are fitted one-versus-rest.
    targets : sequence of float, optional
        The targets with which the derivative is checked, if not all numbers are targets, such as
        positive ones alone. All numbers are predictions.

    Returns
    -------
    Loss
        A value that `fit` takes. The same functions, whose machine code is kept on disk, give an
        equal one; where they refer to what cannot be compared, such as other modules, these are
        read when the code is compiled, which is done anew for each value and in each process. So
        it is where functions call themselves. The machine code of a value, some megabytes, stays
        in memory until the process ends.

    Raises
    ------
    TypeError
        If an argument is of a wrong type.
    ValueError
        If `targets` holds no numbers; or if at predictions from -10 to 10 a function raises, or
        the derivative is not the slope of the value, by finite differences; the message says
        where. At a kink, any slope between the sides will do. What numba does not compile is found
        by the fit.

    References
    ----------
    Y. Bengio, Practical recommendations for gradient-based training of deep architectures,
    2012, arXiv:1206.5533, section 4.1, for the check of a gradient by finite differences.

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
    points = ((p, t) for t in chosen_targets for p in PLACES)
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
        return np.array([[value(p, t) for p in PLACES] for t in TARGETS[loss.kind]])
