"""Linear regression."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from sklearn import linear_model
from sklearn.base import MultiOutputMixin, RegressorMixin, _fit_context
from sklearn.utils.extmath import safe_sparse_dot
from sklearn.utils.validation import check_is_fitted, validate_data

from ..arrays import Array
from .base import OWN_CONSTRAINTS, BaseSGD
from .failing import check_predicted, warn_if_diverged, whole_or_as_before
from .translation import REGRESSION_LOSSES, loss_of


class SGDRegressor(MultiOutputMixin, RegressorMixin, BaseSGD):
    """scikit-learn's `SGDRegressor` with mini-batches: linear regression.

    What is minimised is the mean over the rows of ``sample_weight * loss(x @ coef_ + intercept_,
    y)`` plus the penalty on `coef_`, by the steps of `fastsgd.fit`, from zero on. Of k targets,
    the loss of a row is the sum over them, and all are learned in one pass over X.

    Parameters
    ----------
    loss : {"squared_error", "huber", "epsilon_insensitive", "squared_epsilon_insensitive"}
        The loss of a row, of the formula in `fastsgd.losses`.
    penalty : {"l2", "l1", "elasticnet", None}
        As in `fastsgd.penalties`, with the strength `alpha`; never on the intercept. "l1" and
        "elasticnet" are `CumulativeL1`, which chooses features in mini-batches as well, or
        `ElasticNet` with optimizers other than SGD.
    alpha : float
        The strength of the penalty; it also decides the rate of ``learning_rate="optimal"``.
    l1_ratio : float
        The share of L1 in "elasticnet".
    fit_intercept : bool
        Whether the intercept is learned. On sparse rows its gradient counts a hundredth, as in
        scikit-learn: few rows have any one feature, but all have the intercept.
    max_iter : int
        The largest number of epochs of `fit`.
    tol : float or None
        `fit` ends after `n_iter_no_change` epochs in a row whose objective is not below the
        lowest one before by tol. None: it ends after `max_iter` epochs.
    shuffle : bool or "block"
        Whether each epoch visits the rows in a new random order; "block", which is not
        scikit-learn's, is faster where rows fit in no cache, as in `fastsgd.fit`.
    verbose : int
        Above 0, each epoch is printed.
    epsilon : float
        The parameter of "huber", "epsilon_insensitive" and "squared_epsilon_insensitive".
    random_state : int, RandomState or None
        What decides the orders and the rows held out.
    learning_rate : {"constant", "optimal", "invscaling", "adaptive", "pa1", "pa2"}
        With t steps taken before, ``eta0``; ``1 / (alpha * (t0 + t * batch_size))`` with ``t0 = 1 /
        alpha**0.75``, where each `partial_fit` begins with the rows seen by then in the place of
        ``t * batch_size``; ``eta0 / (t + 1)**power_t``; or `eta0`, divided by 5 wherever `fit`
        would end by `tol`, until it is 1e-6. The passive-aggressive ones are for the loss
        "epsilon_insensitive" and ``batch_size=1``: ``min(eta0, loss / |x|**2)`` and ``loss /
        (|x|**2 + 1 / (2 * eta0))`` with the loss of the row x.
    eta0 : float
        The learning rate of the first step, but for "optimal".
    power_t : float
        The power in "invscaling".
    early_stopping : bool
        Whether rows are held out, drawn at random, and `tol` watches the score on them.
    validation_fraction : float
        The share of the rows held out, which are copied. After a `fit`, `partial_fit` holds none
        out.
    n_iter_no_change : int
        How many epochs without improvement are borne.
    warm_start : bool
        Whether `fit` begins with the parameters of the fit before.
    average : bool or int
        Whether the parameters are the means of those after each step; an int is the number of
        the step from which on, the first being 1.
    batch_size : int
        Rows in a mini-batch: each takes one step along the mean of their gradients. With 1,
        scikit-learn's, steps are its own, and derivatives are clipped at 1e12.
    optimizer : str or Optimizer
        A name or a value of `fastsgd.optimizers`.
    clip_norm : float, optional
        The largest norm of the gradient of the data loss; a longer one is shortened to it.
    n_threads : int or None
        How many threads gather the gradient of a large batch of dense rows, None for one on each
        processor; the model does not depend on it.

    Attributes
    ----------
    coef_ : ndarray of shape (d,), or (k, d) for k targets
        The weights, float32 or float64 as X.
    intercept_ : ndarray of shape (1,), or (k,) for k targets
        The intercepts.
    n_iter_ : int
        The number of epochs of the last `fit` or `partial_fit`.
    t_ : float
        The number of the next step, the first being 1. `partial_fit` goes on from it, `coef_` and
        `intercept_`, as you leave them.
    loss_curve_ : list of float
        The objective by epoch: the mean over the rows of the loss that each had before its own
        step, times its weight, plus the penalty at the end of the epoch, both of weights that are
        not averaged. `partial_fit` adds to it.
    n_features_in_, feature_names_in_
        The number of features, and their names where X has such.

    Raises
    ------
    ValueError
        By `fit` and `partial_fit`; see there.

    References
    ----------
    F. Pedregosa et al., Scikit-learn: machine learning in Python, *JMLR* 12 (2011);
    `sklearn.linear_model.SGDRegressor`.

    Examples
    --------
    >>> import numpy as np
    >>> from fastsgd.sklearn import SGDRegressor
    >>> X = np.random.default_rng(0).normal(size=(1000, 2))
    >>> model = SGDRegressor(batch_size=10, random_state=0).fit(X, X @ [2.0, -3.4] + 4.2)
    >>> model.coef_.round(1), model.intercept_.round(1)
    (array([ 2. , -3.4]), array([4.2]))
    """

    _aimed_loss = "epsilon_insensitive"

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
        shuffle: bool | Literal["block"] = True,
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
        n_threads: int | None = 1,
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
            As for `fit`; or if `early_stopping` is True before the first fit.

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
            self._check_first_part()
        with whole_or_as_before(self):
            diverged = self._partial_fit(X, y, sample_weight, None)
        warn_if_diverged(diverged)
        return self

    def predict(self, X: Any) -> Array:
        """Return the predictions ``X @ coef_.T + intercept_``.

        Parameters
        ----------
        X : array-like or sparse of shape (n, d)
            The rows.

        Returns
        -------
        ndarray of shape (n,), or (n, k) for k targets

        Raises
        ------
        ValueError
            If X is not a table of d finite numbers a row, if its predictions overflow, or before
            any fit.

        Examples
        --------
        See `partial_fit`.
        """
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse="csr", reset=False)
        with np.errstate(over="ignore", invalid="ignore"):
            y_hat = safe_sparse_dot(X, self.coef_.T, dense_output=True) + self.intercept_
        check_predicted(y_hat, X, self)
        return np.asarray(y_hat)

    def _check_y(self, y: Any) -> dict[str, Any]:
        # One column is checked in half the time of several.
        return {"multi_output": getattr(y, "ndim", 2) > 1, "y_numeric": True}

    def _loss(self, classes: Array | None) -> Any:
        return loss_of(REGRESSION_LOSSES, self.loss, self.epsilon, self.batch_size)

    def _classes_in(self, y: Array) -> Array | None:
        return None

    def _class_weights(self, y: Array, classes: Array | None) -> dict[int, float] | None:
        return None

    def _targets(self, y: Array, classes: Array | None) -> Array:
        return y if y.dtype.kind in "biuf" else y.astype(float)

    def _outputs(self, targets: Array, classes: Array | None) -> int | None:
        return None if targets.ndim == 1 else targets.shape[1]
