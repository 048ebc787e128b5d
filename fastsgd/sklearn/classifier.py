"""Linear classification."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn import linear_model
from sklearn.base import _fit_context
from sklearn.linear_model._base import LinearClassifierMixin
from sklearn.utils import compute_class_weight
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import _check_partial_fit_first_call, check_classification_targets
from sklearn.utils.validation import check_is_fitted

from ..losses import Softmax
from ..model import probabilities
from .base import OWN_CONSTRAINTS, BaseSGD
from .translation import CLASSIFICATION_LOSSES, loss_of

Array = np.ndarray[Any, Any]


def _has_probabilities(estimator: SGDClassifier) -> bool:
    if hasattr(CLASSIFICATION_LOSSES[estimator.loss], "probabilities"):
        return True
    raise AttributeError(f"probability estimates are not available for loss={estimator.loss!r}")


class SGDClassifier(LinearClassifierMixin, BaseSGD):
    """DOC"""

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
        shuffle: bool = True,
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
        n_threads: int = 1,
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
            As for `fit`; if `early_stopping` is True; or if the classes are missing, are not
            those of the first call, or are not all that y has.

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
            self._check_together(for_partial_fit=True)
            if self.class_weight == "balanced":
                raise ValueError(
                    "class_weight 'balanced' is not supported for partial_fit. In order to use "
                    "'balanced' weights, use compute_class_weight('balanced', classes=classes, "
                    "y=y). In place of y you can use a large enough sample of the full training "
                    "set target to properly estimate the class frequency distributions. Pass the "
                    "resulting weights as the class_weight parameter."
                )
        _check_partial_fit_first_call(self, classes)
        self._partial_fit(X, y, sample_weight, self.classes_)
        return self

    @available_if(_has_probabilities)
    def predict_proba(self, X: Any) -> Array:
        """Return the probability of each class.

        Those of classes fitted one-versus-rest are divided by their sum.

        Parameters
        ----------
        X : array-like of shape (n, d)
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
            If X is not a table of d finite numbers a row, or before any fit.

        References
        ----------
        B. Zadrozny and C. Elkan, Transforming classifier scores into accurate multiclass
        probability estimates, *KDD* 2002.

        Examples
        --------
        See the class.
        """
        check_is_fitted(self)
        return probabilities(self._loss(self.classes_), self.decision_function(X))

    @available_if(_has_probabilities)
    def predict_log_proba(self, X: Any) -> Array:
        """Return the logarithm of the probability of each class.

        Parameters
        ----------
        X : array-like of shape (n, d)
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
        return np.log(self.predict_proba(X))

    def _check_together(self, for_partial_fit: bool = False) -> None:
        super()._check_together(for_partial_fit)
        if self.multi_class == "multinomial" and self.loss != "log_loss":
            raise ValueError("multi_class='multinomial' only works with loss 'log_loss'.")

    def _loss(self, classes: Array | None) -> Any:
        # Two weight vectors for two classes would be one too many.
        if self.multi_class == "multinomial" and classes is not None and classes.size > 2:
            return Softmax()
        return loss_of(CLASSIFICATION_LOSSES, self.loss, self.epsilon)

    def _classes_in(self, y: Array) -> Array:
        check_classification_targets(y)
        classes = np.unique(y)
        if classes.size < 2:
            raise ValueError(
                f"The number of classes has to be greater than one; got {classes.size} class"
            )
        return classes

    def _class_weights(self, y: Array, classes: Array | None) -> dict[int, float] | None:
        if self.class_weight is None:
            return None
        weights = compute_class_weight(self.class_weight, classes=classes, y=y)
        return dict(enumerate(weights.tolist()))

    def _targets(self, y: Array, classes: Array | None) -> Array:
        assert classes is not None
        numbers = np.minimum(np.searchsorted(classes, y), classes.size - 1)
        unknown = np.unique(y[classes[numbers] != y])
        if unknown.size:
            raise ValueError(
                f"The target label(s) {unknown} in y do not exist in the initial classes {classes}"
            )
        return numbers

    def _outputs(self, targets: Array, classes: Array | None) -> int | None:
        assert classes is not None
        return None if classes.size == 2 else classes.size

    def _set_parameters(self, model: Any) -> None:
        super()._set_parameters(model)
        self.coef_ = np.atleast_2d(self.coef_)
