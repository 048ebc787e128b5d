"""scikit-learn's learning rates for single rows, by the loss and the norm of each."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils.extmath import row_norms

from ..arrays import Array
from ..csr import as_scipy
from ..kernels.dense import Dense
from ..kernels.epoch import Data
from ..kernels.passive import PassiveAggressive
from ..optimizers import SGD, named_optimizer
from ..schedules import Constant


class PA1(Constant):
    """The rate ``min(lr, loss / |x|**2)``: a step ends where the loss of the row is 0.

    References
    ----------
    K. Crammer, O. Dekel, J. Keshet, S. Shalev-Shwartz and Y. Singer, Online passive-aggressive
    algorithms, *JMLR* 7 (2006).
    """

    __slots__ = ()

    def aim(self, data: Data) -> Data:
        """Return data whose derivatives, times lr, are those steps."""
        falls = self.lr * _squares(data.rows)
        # Rows of zeros take no step.
        return _aimed(data, np.where(falls > 0, falls, np.inf), 1.0)


class PA2(Constant):
    """The rate ``loss / (|x|**2 + 1 / (2 * lr))``: a step ends before the loss of the row is 0.

    References
    ----------
    As for `PA1`.
    """

    __slots__ = ()

    def aim(self, data: Data) -> Data:
        """Return data whose derivatives, times lr, are those steps."""
        return _aimed(data, self.lr * _squares(data.rows) + 0.5, np.inf)


RULES = {"pa1": PA1, "pa2": PA2}


def check_rule(estimator: Any, loss: str) -> None:
    """Refuse what does not go with a rule for single rows; `loss` is the only one that does."""
    name = estimator.learning_rate
    if name not in RULES:
        return
    if estimator.loss != loss:
        raise ValueError(f"Learning rate {name!r} only works with loss {loss!r}.")
    if estimator.batch_size != 1:
        raise ValueError(
            f"Learning rate {name!r} only works with batch_size=1, got {estimator.batch_size}: it "
            "is a rule for single rows, by the loss and the norm of each."
        )
    if named_optimizer(estimator.optimizer) != SGD():
        raise ValueError(
            f"Learning rate {name!r} only works with optimizer 'sgd', got {estimator.optimizer!r}: "
            "it says how long a step along the gradient is."
        )


def _squares(rows: Any) -> Array:
    """Return the squared norms of rows."""
    squares = row_norms(rows.X if isinstance(rows, Dense) else as_scipy(rows), squared=True)
    return np.asarray(squares)


def _aimed(data: Data, falls: Array, most: float) -> Data:
    dtype = data.rows.dtype
    targets = PassiveAggressive(data.targets, falls.astype(dtype), dtype.type(most))
    return data._replace(targets=targets)
