"""What a fit raises when it cannot go on, of which nothing is lost, and what it warns of."""

from __future__ import annotations

from typing import Any

from .model import Model


class DivergenceError(ValueError):
    """The loss or a parameter of a fit is no longer a finite number.

    Attributes
    ----------
    model : Model
        The model at the end of the last epoch that was finite, or the initial one.

    Examples
    --------
    >>> import fastsgd
    >>> import numpy as np
    >>> try:
    ...     fastsgd.fit([[1.0], [2.0]], [1.0, 2.0], lr=1e3, epochs=1000, init=([0.5], 0.0))
    ... except fastsgd.DivergenceError as error:
    ...     model = error.model
    >>> bool(np.isfinite(model.w).all())
    True
    """

    def __init__(self, message: str, model: Model) -> None:
        super().__init__(message)
        self.model = model

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (str(self), self.model), vars(self)


class DivergenceWarning(UserWarning):
    """A fit diverged, though all numbers are finite still: its weights predict nothing.

    Examples
    --------
    >>> import fastsgd
    >>> import warnings
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always")
    ...     model = fastsgd.fit([[1.0], [2.0]], [1.0, 2.0], lr=10, epochs=9, seed=0)
    >>> [warning.category.__name__ for warning in caught], model.history.loss[-1] > 1e12
    (['DivergenceWarning'], True)
    """


class Interrupted(KeyboardInterrupt):
    """A fit was interrupted, by Ctrl-C as a rule.

    Attributes
    ----------
    model : Model
        The model after the last whole mini-batch. Its history ends with the last whole epoch; in a
        fit that takes no more than some milliseconds, it may end with one before that.

    Examples
    --------
    >>> import fastsgd
    >>> def press_ctrl_c(model, epoch):
    ...     raise KeyboardInterrupt
    >>> try:
    ...     fastsgd.fit([[1.0], [2.0]], [1.0, 2.0], epochs=1000, callback=press_ctrl_c)
    ... except fastsgd.Interrupted as interrupted:
    ...     print(len(interrupted.model.history.loss))
    1
    """

    def __init__(self, model: Model) -> None:
        super().__init__("the fit was interrupted; what it learned so far is in .model")
        self.model = model

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.model,), vars(self)
