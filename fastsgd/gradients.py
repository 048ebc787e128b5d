"""The gradient that autograd would leave in ``param.grad``."""

from typing import Any, Literal, NamedTuple

import numpy as np

from . import checks, csr
from .arrays import Array
from .custom import compiling
from .evaluation import pieces
from .gathering import block_of, part_gatherer, parts_of, scores_of
from .kernels.epoch import Parameters
from .kernels.gradient import ByBlocks, differentiate_all
from .kernels.parts import add_whole_gradient
from .kernels.sparse import Sparse
from .kinds import REGRESSION
from .losses import Loss, named_loss
from .members import in_dtype
from .optimizers import SGD
from .parameters import as_user, checked, for_kernels
from .problem import Problem, prepare
from .rows import product
from .sparse_work import brought_near, in_columns
from .state import new_state


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
    classes: Any = None,
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
        As for `fit`, but the weights may all be 0.
    w : array-like of shape (d,), or (d, k) for y of shape (n, k) or k classes
        The weights, converted to the dtype of X.
    b : float, or array-like of shape (k,)
        The intercepts.
    loss : str or Loss
        As for `fit`.
    classes : array-like, optional
        All labels that there are, for a batch in which some are missing; by default those in y.
    reduction : {"none", "sum", "mean"}
        "sum" is exactly what ``backward()`` leaves in ``param.grad``; "mean" is that divided by
        the number of rows, whatever their weights; "none" gives one gradient a row. Of sparse
        rows these are sparse, and there is one output: y is of shape (n,), with no more than two
        classes, and the loss is not softmax.

    Returns
    -------
    ParameterGradient
        ``.w`` and ``.b`` with the shapes of `w` and `b`, and a leading axis of length n with
        "none"; in the dtype that X is computed with, as for `fit`. Sums are carried in float64
        from 256 rows to the next.

    Raises
    ------
    TypeError, ValueError
        If an argument is not what it should be, or if a gradient is not finite, or a loss that
        goes by a prediction that is not.

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
    problem, values = _prepared(X, y, w, b, loss, sample_weight, classes)
    loss = in_dtype(loss, problem.dtype)
    # What overflows is refused below.
    with compiling(loss), np.errstate(over="ignore", invalid="ignore"):
        if reduction == "none":
            result, losses = _of_each_row(problem, values, loss)
        else:
            scale = problem.n if reduction == "mean" else 1
            result, losses = _of_all_rows(problem, values, loss, scale)
    numbers: Any = result.w.data if csr.is_sparse(result.w) else result.w
    if not (np.isfinite(numbers).all() and np.isfinite(result.b).all()):
        raise ValueError(f"X, y, w, b: their gradient overflows {problem.dtype}; scale them down")
    # Of a prediction that is no number, losses of a constant slope have that slope.
    if np.isnan(losses).any() and not _predicts_numbers(problem, values):
        raise ValueError(f"X, w, b: a prediction overflows {problem.dtype}; scale them down")
    return result


def _prepared(
    X: Any, y: Any, w: Any, b: Any, loss: Any, sample_weight: Any, classes: Any
) -> tuple[Problem, Parameters]:
    """Return checked data and parameters for the kernels."""
    try:
        problem = prepare(X, y, loss, sample_weight, classes=classes)
        w, b = checked(w, b, problem.d, problem.outputs, problem.dtype)
    except ValueError as error:
        if loss.kind != REGRESSION and classes is None:
            error.add_note("Where labels are missing in a batch, classes=... names all of them.")
        raise
    return problem, for_kernels(w, b, problem.dtype)


def _predicts_numbers(problem: Problem, values: Parameters) -> bool:
    """Tell whether the predictions of all rows are finite."""
    with np.errstate(over="ignore", invalid="ignore"):
        predictions = product(problem.data.rows, values.w.T) + values.b
    return bool(np.isfinite(predictions).all())


def _of_all_rows(
    problem: Problem, values: Parameters, loss: Any, scale: int
) -> tuple[ParameterGradient, Array]:
    """Return the sum of the gradients over a scale, and the losses of the outputs."""
    data, parameters = problem.data, values
    is_sparse = isinstance(data.rows, Sparse)
    if is_sparse:
        data, parameters, _ = brought_near(problem, problem.n, new_state(values, SGD()))
    by_blocks = ByBlocks(block_of(scores_of(values.w, problem.data.rows)))
    parts = parts_of(parameters.w, by_blocks, problem.n, most_parts=1)
    for order in pieces(problem.data, problem.k):
        gatherer = part_gatherer(parts, data, order, parameters, loss)
        add_whole_gradient(data, order, parameters, loss, parts, gatherer)
    sums = in_columns(data.rows, parts.carried[0]) if is_sparse else parts.carried[0]
    b = parts.gradients.b[0]
    total = Parameters((sums / scale).astype(problem.dtype), (b / scale).astype(problem.dtype))
    return ParameterGradient(*as_user(total, problem.outputs)), parts.losses[0]


def _of_each_row(
    problem: Problem, values: Parameters, loss: Any
) -> tuple[ParameterGradient, Array]:
    """Return the gradient of each row, and the losses of the outputs."""
    rows, losses, slopes = problem.data.rows, np.zeros(problem.k), np.zeros(problem.k)
    if isinstance(rows, Sparse) and problem.outputs is not None:
        raise ValueError(
            'reduction: expected "sum" or "mean" for sparse rows and several outputs, as of y of '
            'shape (n, k), of more than two classes and of softmax, got "none"'
        )
    block = block_of(scores_of(values.w, rows))
    derivatives = np.empty((problem.n, problem.k), problem.dtype)
    for order in pieces(problem.data, problem.k):
        differentiate_all(problem.data, order, values, loss, block, slopes, losses, derivatives)
    if isinstance(rows, Sparse):
        table = csr.as_scipy(rows).multiply(derivatives).tocsr()
        return ParameterGradient(table, derivatives[:, 0]), losses
    if problem.outputs is None:
        return ParameterGradient(rows.X * derivatives, derivatives[:, 0]), losses
    whole = rows.X[:, :, None] * derivatives[:, None, :]
    return ParameterGradient(whole, derivatives), losses
