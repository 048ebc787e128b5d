"""What is minimised: a value and a derivative for each loss.

A loss is a ``NamedTuple`` with two methods of a prediction and a target, both numbers. The
kernels compile these very methods, so they use nothing but arithmetic and numpy's functions of
numbers; they also work on arrays, as plain Python. To add a loss, write its class here and list
it in `LOSSES`.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any, NamedTuple, Protocol


class Loss(Protocol):
    """What a loss has to offer; `y_hat` is the prediction for a row, `y` its target."""

    def value(self, y_hat: Any, y: Any) -> Any:
        """Return the loss of one row."""

    def derivative(self, y_hat: Any, y: Any) -> Any:
        """Return the derivative of `value` with respect to `y_hat`."""

    def _asdict(self) -> dict[str, Any]:
        """Return the parameters of the loss by name."""


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
        return (y_hat - y) ** 2 / 2

    def derivative(self, y_hat: Any, y: Any) -> Any:
        """Return the error."""
        return y_hat - y


LOSSES: dict[str, type[Loss]] = {"squared": Squared}


def named_loss(loss: str | Loss) -> Loss:
    """Return the loss itself, or the one of that name with its default parameters.

    Raises
    ------
    ValueError
        If no loss has that name; the message lists those that there are.
    TypeError
        If `loss` is neither a name nor a loss.

    Examples
    --------
    >>> named_loss("squared")
    Squared()
    """
    if isinstance(loss, str):
        if loss in LOSSES:
            return LOSSES[loss]()
        nearest = get_close_matches(loss, LOSSES, n=1, cutoff=0.0)[0]
        raise ValueError(
            f"loss: {loss!r} is not a loss; the nearest name is {nearest!r}, "
            f"and the known ones are {', '.join(map(repr, LOSSES))}"
        )
    if isinstance(loss, tuple(LOSSES.values())):
        return loss
    raise TypeError(
        f"loss: expected a name or a value of fastsgd.losses such as Squared(), got {loss!r}"
    )
