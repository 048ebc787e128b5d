"""What is minimised: a value and a derivative for each loss.

A loss is a ``NamedTuple`` with two methods of a prediction and a target, both numbers. The
kernels compile these very methods, so they use nothing but arithmetic and functions of numbers.
To add a loss, write its class in one of the files beside this one, and list it there.

Three kinds: a loss for regression has targets that are numbers; one for two classes has the
targets -1 and 1, which stand for two labels or for one class and the rest; `Softmax` sees the
predictions of all classes at once.
"""

from __future__ import annotations

from typing import Any, Protocol

from ..members import chosen
from . import log_link, regression, softmax, two_classes
from .log_link import *  # noqa: F403
from .own import custom
from .regression import *  # noqa: F403
from .softmax import *  # noqa: F403
from .two_classes import *  # noqa: F403

__all__ = ["LOSSES", "Loss", "custom", "named_loss"]
__all__ += regression.__all__ + log_link.__all__ + two_classes.__all__ + softmax.__all__


class Loss(Protocol):
    """What a loss has to offer; `y_hat` is the prediction for a row, `y` its target.

    A loss of all classes together, whose kind is "multiclass", has `differentiate_rows` beside
    these. Optional are `check_targets`, which refuses what cannot be a target; `response`, what is
    predicted from the scores; `probabilities`, those of the classes, with `log_probabilities`
    where these may be too small for numbers; and `takes_exponentials`, if it does, so that those of
    several rows are taken together.
    """

    kind: str

    def value(self, y_hat: Any, y: Any) -> Any:
        """Return the loss of one row."""

    def derivative(self, y_hat: Any, y: Any) -> Any:
        """Return the derivative of `value` with respect to `y_hat`."""

    def _asdict(self) -> dict[str, Any]:
        """Return the parameters of the loss by name."""


LOSSES: dict[str, Any] = {
    **regression.LOSSES,
    **log_link.LOSSES,
    **two_classes.LOSSES,
    **softmax.LOSSES,
}


def named_loss(loss: str | Loss) -> Any:
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
    return chosen("loss", loss, LOSSES)
