"""The methods of losses, kinds of row and weights that kernels call, each picked by type."""

from __future__ import annotations

from typing import Any

from .jit import by_type


@by_type
def value(loss: Any, y_hat: Any, y: Any) -> Any:
    """Return the loss of one output of one row."""
    return loss.value(y_hat, y)


@by_type
def derivative(loss: Any, y_hat: Any, y: Any) -> Any:
    """Return the derivative of the loss with respect to the prediction."""
    return loss.derivative(y_hat, y)


@by_type
def weigh(weights: Any, i: int, x: Any) -> Any:
    """Return x times the weight of row i."""
    return weights.weigh(i, x)


@by_type
def dot_rows(rows: Any, order: Any, start: int, stop: int, w: Any, out: Any) -> None:
    """Set out[j, r] to the product of w[j] and row order[start + r], for every r and j."""
    rows.dot_rows(order, start, stop, w, out)


@by_type
def add_rows(rows: Any, order: Any, start: int, stop: int, factors: Any, g: Any) -> None:
    """Add factors[j, r] times row order[start + r] to g[j], for every r and j."""
    rows.add_rows(order, start, stop, factors, g)
