"""Linear classification."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Literal

import numpy as np
from scipy.special import log_softmax
from sklearn import linear_model
from sklearn.base import _fit_context
from sklearn.linear_model._base import LinearClassifierMixin
from sklearn.utils import compute_class_weight
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import (
    _check_partial_fit_first_call,
    check_classification_targets,
    unique_labels,
)

from ..arrays import Array
from ..labels import numbered
from ..losses import ModifiedHuber, Softmax
from ..model import probabilities
from .base import OWN_CONSTRAINTS, BaseSGD
from .failing import check_predicted, warn_if_diverged, whole_or_as_before
from .translation import CLASSIFICATION_LOSSES, loss_of


def _has_probabilities(estimator: SGDClassifier) -> bool:
    if hasattr(CLASSIFICATION_LOSSES[estimator.loss], "probabilities"):
        return True
    raise AttributeError(f"probability estimates are not available for loss={estimator.loss!r}")


class SGDClassifier(LinearClassifierMixin, BaseSGD):
    """scikit-learn's `SGDClassifier` with mini-batches: linear classification.

    What is minimised is the mean over the rows of ``sample_weight * loss(x @ coef_ + intercept_,
    y)`` plus the penalty on `coef_`, by the steps of `fastsgd.fit`, from zero on. Of two classes,
    y is 1 for the second and -1 for the first. Of k > 2, each is told from all the others, 1 from
    -1, in one pass over X.

    Parameters
    ----------
    loss : str
        The loss of a row, of the formula in `fastsgd.losses`: "hinge", "squared_hinge",
        "perceptron", "log_loss" (`Logistic`) or "modified_huber"; or one for regression on the
        targets 1 and -1: "squared_error", "huber", "epsilon_insensitive" or
        "squared_epsilon_insensitive".
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
        lowest one before by tol.
        One-versus-rest, each class ends by itself. None: it ends after `max_iter` epochs.
    shuffle : bool or "block"
        Whether each epoch visits the rows in a new random order; "block", which is not
        scikit-learn's, is faster where rows fit in no cache, as in `fastsgd.fit`.
    verbose : int
        Above 0, each epoch is printed.
    epsilon : float
        The parameter of "huber", "epsilon_insensitive" and "squared_epsilon_insensitive".
    n_jobs : int, optional
        Without effect: all classes are fitted in one pass over X.
    random_state : int, RandomState or None
        What decides the orders and the rows held out.
    learning_rate : {"constant", "optimal", "invscaling", "adaptive", "pa1", "pa2"}
        With t steps taken before, ``eta0``; ``1 / (alpha * (t0 + t * batch_size))`` with ``t0 = 1 /
        alpha**0.75``, where each `partial_fit` begins with the rows seen by then in the place of
        ``t * batch_size``; ``eta0 / (t + 1)**power_t``; or `eta0`, divided by 5 wherever `fit`
        would end by `tol`, until it is 1e-6. The passive-aggressive ones are for the loss "hinge"
        and ``batch_size=1``: ``min(eta0, loss / |x|**2)`` and ``loss / (|x|**2 + 1 / (2 * eta0))``
        with the loss of the row x.
    eta0 : float
        The learning rate of the first step, but for "optimal".
    power_t : float
        The power in "invscaling".
    early_stopping : bool
        Whether rows are held out, as many of each class as its share, and `tol` watches the
        score on them, of all classes together.
    validation_fraction : float
        The share of the rows held out, which are copied. After a `fit`, `partial_fit` holds none
        out.
    n_iter_no_change : int
        How many epochs without improvement are borne.
    class_weight : "balanced", dict or None
        What each class is multiplied by; one-versus-rest, the rows of the class itself alone.
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
    multi_class : {"ovr", "multinomial"}
        Whether each of more than two classes is told from all the others, or, with
        ``loss="log_loss"``, all from each other by softmax.
    clip_norm : float, optional
        The largest norm of the gradient of the data loss; a longer one is shortened to it.
    n_threads : int or None
        How many threads gather the gradient of a large batch of dense rows, None for one on each
        processor; the model does not depend on it.

    Attributes
    ----------
    coef_ : ndarray of shape (1, d), or (k, d) for k classes
        The weights, float32 or float64 as X.
    intercept_ : ndarray of shape (1,), or (k,) for k classes
        The intercepts.
    classes_ : ndarray of shape (k,)
        The labels in order.
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
    `sklearn.linear_model.SGDClassifier`.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from fastsgd.sklearn import SGDClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> model = SGDClassifier(
    ...     "log_loss", multi_class="multinomial", optimizer="adam", learning_rate="constant",
    ...     eta0=0.01, batch_size=10, random_state=0,
    ... ).fit(X, y)
    >>> bool(model.score(X, y) > 0.95), model.predict_proba(X[:1]).round(1)
    (True, array([[1., 0., 0.]]))
    >>> model.predict_log_proba(X[:1]).shape
    (1, 3)
    """

    _aimed_loss = "hinge"

    _parameter_constraints: dict[str, list[Any]] = {  # noqa: RUF012
        **linear_model.SGDClassifier._parameter_constraints,
        **OWN_CONSTRAINTS,
        "multi_class": [StrOptions({"ovr", "multinomial"})],
    }

    n_jobs: int | None
    class_weight: Any
    multi_class: str

    def __init__(
        self,
        loss: str = "hinge",
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
        n_jobs: int | None = None,
        random_state: Any = None,
        learning_rate: str = "optimal",
        eta0: float = 0.01,
        power_t: float = 0.5,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 5,
        class_weight: Any = None,
        warm_start: bool = False,
        average: bool | int = False,
        batch_size: int = 1,
        optimizer: Any = "sgd",
        multi_class: str = "ovr",
        clip_norm: float | None = None,
        n_threads: int | None = 1,
    ) -> None:
        self._keep(locals())

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(
        self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None
    ) -> SGDClassifier:
        """Go on for one epoch, with the optimizer, the averages and the step where they were.

        Parameters
        ----------
        X, y, sample_weight
            As for `fit`: some of the rows. They need not be of all classes.
        classes : array-like
            The labels of all classes; needed in the first call, and the same in others.

        Returns
        -------
        self
            The estimator.

        Raises
        ------
        ValueError
            As for `fit`; if `early_stopping` is True before the first fit; or if the classes are
            missing, are not those of the first call, or are not all that y has.

        Examples
        --------
        >>> from fastsgd.sklearn import SGDClassifier
        >>> model = SGDClassifier(random_state=0)
        >>> for x, label in [(-1.0, "no"), (1.0, "yes"), (-2.0, "no"), (2.0, "yes")]:
        ...     model = model.partial_fit([[x]], [label], classes=["no", "yes"])
        >>> model.predict([[-3.0], [3.0]])
        array(['no', 'yes'], dtype='<U3')
        """
        if not hasattr(self, "_model"):
            self._check_first_part()
        with whole_or_as_before(self):
            _check_partial_fit_first_call(self, classes)
            diverged = self._partial_fit(X, y, sample_weight, self.classes_)
        warn_if_diverged(diverged)
        return self

    def decision_function(self, X: Any) -> Array:
        """Return the scores ``X @ coef_.T + intercept_``.

        Parameters
        ----------
        X : array-like or sparse of shape (n, d)
            The rows.

        Returns
        -------
        ndarray of shape (n, k), or (n,) for two classes
            Those of two classes are positive for the second.

        Raises
        ------
        ValueError
            If X is not a table of d finite numbers a row, if a score overflows, or before any fit.

        Examples
        --------
        See the class.
        """
        with np.errstate(over="ignore", invalid="ignore"):
            scores = np.asarray(super().decision_function(X))
        check_predicted(scores, X, self)
        return scores

    @available_if(_has_probabilities)
    def predict_proba(self, X: Any) -> Array:
        """Return the probability of each class.

        Those of classes fitted one-versus-rest are divided by their sum.

        Parameters
        ----------
        X : array-like or sparse of shape (n, d)
            The rows.

        Returns
        -------
        ndarray of shape (n, k)
            In the order of `classes_`; each row adds up to 1.

        Raises
        ------
        AttributeError
            If the loss has none: "log_loss" and "modified_huber" have them.
        ValueError
            If X is not a table of d finite numbers a row, if the decision function overflows, or
            before any fit.

        References
        ----------
        B. Zadrozny and C. Elkan, Transforming classifier scores into accurate multiclass
        probability estimates, *KDD* 2002.

        Examples
        --------
        See the class.
        """
        scores = self.decision_function(X)
        return probabilities(self._loss(self.classes_), scores)

    @available_if(_has_probabilities)
    def predict_log_proba(self, X: Any) -> Array:
        """Return the logarithm of the probability of each class.

        With "log_loss" it is finite, however small the probability is.

        Parameters
        ----------
        X : array-like or sparse of shape (n, d)
            The rows.

        Returns
        -------
        ndarray of shape (n, k)
            In the order of `classes_`.

        Raises
        ------
        AttributeError, ValueError
            As for `predict_proba`.

        Examples
        --------
        See the class.
        """
        scores = self.decision_function(X)
        loss = self._loss(self.classes_)
        if isinstance(loss, ModifiedHuber):  # of which many are 0
            return np.asarray(np.log(probabilities(loss, scores)))
        with np.errstate(under="ignore"):
            if scores.ndim == 1:
                return np.column_stack([loss.log_probabilities(s) for s in (-scores, scores)])
            logarithms = scores if isinstance(loss, Softmax) else loss.log_probabilities(scores)
            return np.asarray(log_softmax(logarithms, axis=1))

    def _check_first_part(self) -> None:
        super()._check_first_part()
        if self.class_weight == "balanced":
            raise ValueError(
                "class_weight 'balanced' is not supported for partial_fit. In order to use "
                "'balanced' weights, use compute_class_weight('balanced', classes=classes, y=y). "
                "In place of y you can use a large enough sample of the full training set target "
                "to properly estimate the class frequency distributions. Pass the resulting "
                "weights as the class_weight parameter."
            )

    def _check_together(self) -> None:
        super()._check_together()
        if self.multi_class == "multinomial" and self.loss != "log_loss":
            raise ValueError("multi_class='multinomial' only works with loss 'log_loss'.")

    def _loss(self, classes: Array | None) -> Any:
        # Two weight vectors for two classes would be one too many.
        if self.multi_class == "multinomial" and classes is not None and classes.size > 2:
            return Softmax()
        return loss_of(CLASSIFICATION_LOSSES, self.loss, self.epsilon, self.batch_size)

    def _classes_in(self, y: Array) -> Array:
        check_classification_targets(y)
        classes = np.unique(y)
        return classes if classes.dtype != object else np.asarray(unique_labels(classes))

    def _class_weights(self, y: Array, classes: Array | None) -> dict[int, float] | None:
        if self.class_weight is None:
            return None
        weights = compute_class_weight(self.class_weight, classes=classes, y=y)
        if not ((weights >= 0) & (weights < np.inf)).all():
            raise ValueError(
                f"class_weight: expected finite weights of at least 0, got {self.class_weight!r}"
            )
        return dict(enumerate(weights.tolist()))

    def _targets(self, y: Array, classes: Array | None) -> Array:
        assert classes is not None
        if classes.size < 2:
            raise ValueError(
                f"The number of classes has to be greater than one; got {classes.size} class"
            )
        with suppress(TypeError):  # words among objects have no place among numbers
            numbers, unknown = numbered(y, classes)
            if not unknown.any():
                return numbers
        raise ValueError("classes should include all valid labels that can be in y")

    def _outputs(self, targets: Array, classes: Array | None) -> int | None:
        assert classes is not None
        return None if classes.size == 2 else classes.size

    def _parameters_of(self, model: Any) -> dict[str, Array]:
        parameters = super()._parameters_of(model)
        return parameters | {"coef_": np.atleast_2d(parameters["coef_"])}
