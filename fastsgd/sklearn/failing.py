"""What becomes of an estimator, of errors and of those who call where a fit fails."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.exceptions import ConvergenceWarning

from ..arrays import Array
from ..diverging import told_to_caller
from ..errors import DivergenceError


@contextmanager
def whole_or_as_before(estimator: Any) -> Iterator[None]:
    """Leave an estimator whose fit fails as it was."""
    before = dict(vars(estimator))
    try:
        yield
    except BaseException:  # Ctrl-C as well
        for name in vars(estimator).keys() - before.keys():
            delattr(estimator, name)
        vars(estimator).update(before)
        raise


@contextmanager
def labels_in_errors(classes: Array | None) -> Iterator[None]:
    """Have the models of errors tell the labels, not the numbers that stand for them."""
    try:
        yield
    except BaseException as error:  # Ctrl-C as well
        if classes is not None and hasattr(error, "model"):
            error.model = replace(error.model, classes=classes)
        raise


@contextmanager
def errors_of_scikit_learn() -> Iterator[list[float]]:
    """Say what `fastsgd.fit` refuses in the words of scikit-learn, and by the names there.

    The loss of a fit that diverges to finite numbers is put into the list.
    """
    losses: list[float] = []
    token = told_to_caller.set(losses)
    try:
        yield losses
    except DivergenceError as error:
        epoch = len(error.model.history.seconds) + 1
        raise DivergenceError(
            f"Floating-point under-/overflow occurred at epoch #{epoch}. Scaling input data "
            "with StandardScaler or MinMaxScaler might help. So might a smaller eta0.",
            error.model,
        ) from error
    except ValueError as error:
        if not str(error).startswith("resume: "):
            raise
        raise ValueError(str(error).replace("resume", "partial_fit", 1)) from None
    finally:
        told_to_caller.reset(token)


def check_predicted(predicted: Array, X: Any, estimator: Any) -> None:
    """Refuse predictions that are no finite numbers, and say why they are none."""
    if np.isfinite(predicted).all():
        return
    given = {"coef_": estimator.coef_, "intercept_": estimator.intercept_, "X": X}
    for name, held in given.items():
        if issparse(held):
            held = held.tocsr().data
        if not np.isfinite(np.asarray(held, float)).all():
            raise ValueError(f"{name}: it holds NaN or infinity, and so would what is predicted")
    raise ValueError("X: what is predicted overflows; scale it down")


def warn_if_diverged(losses: list[float]) -> None:
    """Warn of a fit that diverged to numbers which are finite still, if one has told its loss."""
    for loss in losses:
        warnings.warn(
            f"The fit diverged: its loss is {loss:.3g}. Scaling input data with StandardScaler or "
            "MinMaxScaler might help. So might a smaller eta0.",
            ConvergenceWarning,
            stacklevel=4,
        )
