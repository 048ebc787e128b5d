"""The gradient that autograd would leave in ``param.grad``."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import numpy as np

from . import checks, rows
from .evaluation import rows_in_order
from .kernels.epoch import Data, Gradient, Parameters, add_whole_gradient, derivatives
from .losses import Loss, named_loss
from .parameters import checked, for_kernels, for_user, zero_gradient

Array = np.ndarray[Any, Any]


class ParameterGradient(NamedTuple):
    """The gradients with respect to `w` and `b`, in their shapes.

    Examples
    --------
    >>> w, b = gradient([[1.0, 2.0]], [0.0], [1.0, 1.0], 0.5)
    >>> w.tolist(), float(b)
    ([3.5, 7.0], 3.5)
    """

    w: Array
    b: Any


def gradient(
    X: Any,
    y: Any,
    w: Any,
    b: Any,
    *,
    loss: str | Loss = "squared",
    sample_weight: Any = None,
    reduction: Literal["none", "sum", "mean"] = "sum",
) -> ParameterGradient:
    """Return the gradient of the loss with respect to `w` and `b`.

    The gradient of one row is ``sample_weight * loss'(y_hat, y) * x`` with respect to `w`, and
    the same without x with respect to `b`. Why autograd leaves one gradient for a batch of many
    rows: ``backward()`` on a vector of losses is that of their sum, and so leaves the sum of the
    gradients of the rows.

    Parameters
    ----------
    X, y, sample_weight
        As for `fit`.
    w : array-like of shape (d,), or (d, k) for y of shape (n, k)
        The weights, converted to the dtype of X.
    b : float, or array-like of shape (k,)
        The intercepts.
    loss : str or Loss
        As for `fit`.
    reduction : {"none", "sum", "mean"}
        "sum" is exactly what ``backward()`` leaves in ``param.grad``; "mean" is that divided by
        the number of rows, whatever their weights; "none" gives one gradient a row.

    Returns
    -------
    ParameterGradient
        ``.w`` and ``.b`` with the shapes of `w` and `b`, and a leading axis of length n with
        "none"; in the dtype of X. Sums are carried in float64 from 256 rows to the next.

    Raises
    ------
    TypeError, ValueError
        If an argument is not what it should be, or if a gradient is not finite.

    References
    ----------
    A. Paszke et al., Automatic differentiation in PyTorch, 2017, for ``backward()`` as a
    vector-Jacobian product: on a vector of losses its vector is of ones.

    Examples
    --------
    >>> X, y = [[1.0, 2.0], [3.0, 4.0]], [1.0, 1.0]
    >>> gradient(X, y, [1.0, 0.0], 0.0, reduction="none").w
    array([[0., 0.],
           [6., 8.]])
    >>> gradient(X, y, [1.0, 0.0], 0.0).w
    array([6., 8.])
    >>> gradient(X, y, [1.0, 0.0], 0.0, reduction="mean").w
    array([3., 4.])
    """
    checks.choice("reduction", reduction, ("none", "sum", "mean"))
    loss = named_loss(loss)
    data, several = rows.prepare(X, y, sample_weight, check_finite=True)
    n, d = data.rows.X.shape
    outputs = data.y.shape[1] if several else None
    w, b = checked(w, b, d, outputs, data.y.dtype)
    parameters = for_kernels(w, b, data.y.dtype)
    scratch = zero_gradient(parameters, data.rows)
    with np.errstate(over="ignore", invalid="ignore"):  # what overflows is refused below
        if reduction == "none":
            result = _of_each_row(data, parameters, loss, scratch, several)
        else:
            scale = n if reduction == "mean" else 1
            result = _of_all_rows(data, parameters, loss, scratch, several, scale)
    if not (np.isfinite(result.w).all() and np.isfinite(result.b).all()):
        raise ValueError(f"X, y, w, b: their gradient overflows {data.y.dtype}; scale them down")
    return result


def _of_all_rows(
    data: Data, parameters: Parameters, loss: Loss, scratch: Gradient, several: bool, scale: int
) -> ParameterGradient:
    for order in rows_in_order(data):
        add_whole_gradient(data, order, parameters, loss, scratch)
    dtype = parameters.w.dtype
    total = Parameters((scratch.w_carried / scale).astype(dtype), (scratch.b / scale).astype(dtype))
    return ParameterGradient(*for_user(total, several))


def _of_each_row(
    data: Data, parameters: Parameters, loss: Loss, scratch: Gradient, several: bool
) -> ParameterGradient:
    X = data.rows.X
    slopes = np.empty(data.y.shape, X.dtype)
    for order in rows_in_order(data):
        derivatives(data, order, parameters, loss, scratch, slopes)
    if several:
        return ParameterGradient(X[:, :, None] * slopes[:, None, :], slopes)
    return ParameterGradient(X * slopes, slopes[:, 0])
