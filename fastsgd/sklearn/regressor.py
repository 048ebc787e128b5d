"""Linear regression."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn import linear_model
from sklearn.base import MultiOutputMixin, RegressorMixin, _fit_context
from sklearn.utils.extmath import safe_sparse_dot
from sklearn.utils.validation import check_is_fitted, validate_data

from .base import OWN_CONSTRAINTS, BaseSGD
from .translation import REGRESSION_LOSSES, loss_of

Array = np.ndarray[Any, Any]


class SGDRegressor(MultiOutputMixin, RegressorMixin, BaseSGD):
    """DOC"""

    _parameter_constraints: dict[str, list[Any]] = {  # noqa: RUF012
        **linear_model.SGDRegressor._parameter_constraints,
        **OWN_CONSTRAINTS,
    }

    def __init__(
        self,
        loss: str = "squared_error",
        *,
        penalty: str | None = "l2",
        alpha: float = 0.0001,
        l1_ratio: float | None = 0.15,
        fit_intercept: bool = True,
        max_iter: int = 1000,
        tol: float | None = 1e-3,
        shuffle: bool = True,
        verbose: int = 0,
        epsilon: float = 0.1,
        random_state: Any = None,
        learning_rate: str = "invscaling",
        eta0: float = 0.01,
        power_t: float = 0.25,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 5,
        warm_start: bool = False,
        average: bool | int = False,
        batch_size: int = 1,
        optimizer: Any = "sgd",
        clip_norm: float | None = None,
        n_threads: int = 1,
    ) -> None:
        self._keep(locals())

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> SGDRegressor:
        """Go on for one epoch, with the optimizer, the averages and the step where they were.

        Parameters
        ----------
        X, y, sample_weight
            As for `fit`: some of the rows.

        Returns
        -------
        self
            The estimator.

        Raises
        ------
        ValueError
            As for `fit`; or if `early_stopping` is True.

        Examples
        --------
        >>> import numpy as np
        >>> from fastsgd.sklearn import SGDRegressor
        >>> X = np.arange(8.0).reshape(8, 1) / 8
        >>> model = SGDRegressor(learning_rate="constant", eta0=0.5, random_state=0)
        >>> for _ in range(200):
        ...     model = model.partial_fit(X, 2 * X[:, 0] + 1)
        >>> model.predict([[0.5]]).round(2)
        array([2.])
        """
        if not hasattr(self, "_model"):
            self._check_together(for_partial_fit=True)
        self._partial_fit(X, y, sample_weight, None)
        return self

    def predict(self, X: Any) -> Array:
        """Return the predictions ``X @ coef_.T + intercept_``.

        Parameters
        ----------
        X : array-like of shape (n, d)
            The rows.

        Returns
        -------
        ndarray of shape (n,), or (n, k) for k targets

        Raises
        ------
        ValueError
            If X is not a table of d finite numbers a row, or before any fit.

        Examples
        --------
        See `partial_fit`.
        """
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse="csr", reset=False)
        return np.asarray(safe_sparse_dot(X, self.coef_.T, dense_output=True) + self.intercept_)

    def _check_y(self) -> dict[str, Any]:
        return {"multi_output": True, "y_numeric": True}

    def _loss(self, classes: Array | None) -> Any:
        return loss_of(REGRESSION_LOSSES, self.loss, self.epsilon)

    def _classes_in(self, y: Array) -> Array | None:
        return None

    def _class_weights(self, y: Array, classes: Array | None) -> dict[int, float] | None:
        return None

    def _targets(self, y: Array, classes: Array | None) -> Array:
        return y

    def _outputs(self, targets: Array, classes: Array | None) -> int | None:
        return None if targets.ndim == 1 else targets.shape[1]
