"""What both estimators share: a fit, and what is kept of it."""

from __future__ import annotations

import inspect
import warnings
from abc import ABCMeta, abstractmethod
from dataclasses import replace
from numbers import Integral, Real
from typing import Any, Literal

import numpy as np
import scipy.sparse as sp
from sklearn.base import BaseEstimator, _fit_context, is_classifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model._base import SPARSE_INTERCEPT_DECAY, SparseCoefMixin
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import _check_sample_weight, validate_data

from .. import checks, training
from ..arrays import Array
from ..held_out import LearnedFrom
from ..kernels.averages import Averaged, NotAveraged
from ..kernels.epoch import Parameters
from ..model import History, Model
from ..optimizers import OPTIMIZERS, named_optimizer
from ..penalties import NoPenalty
from ..schedules import Adaptive
from ..state import State, beginning_at, learned, new_state, with_debts
from .examples import Examples, drawn
from .failing import errors_of_scikit_learn, labels_in_errors, warn_if_diverged, whole_or_as_before
from .given import attribute, initial_coef, initial_intercept
from .passive import check_rule
from .translation import penalty_of, schedule_of
from .watching import ScoreWatch, callback_of, watch_of

# What each parameter may be that scikit-learn does not have, or takes less for.
OWN_CONSTRAINTS: dict[str, list[Any]] = {
    "batch_size": [Interval(Integral, 1, None, closed="left")],
    "optimizer": [StrOptions(set(OPTIMIZERS)), *OPTIMIZERS.values()],
    "clip_norm": [Interval(Real, 0, None, closed="neither"), None],
    "n_threads": [Interval(Integral, 1, None, closed="left"), None],
    "shuffle": ["boolean", StrOptions({"block"})],
}


class BaseSGD(SparseCoefMixin, BaseEstimator, metaclass=ABCMeta):
    """Linear models that `fastsgd.fit` learns, with the conventions of scikit-learn."""

    loss: str
    penalty: str | None
    alpha: float
    l1_ratio: float | None
    fit_intercept: bool
    max_iter: int
    tol: float | None
    shuffle: bool | Literal["block"]
    verbose: int
    epsilon: float
    random_state: Any
    learning_rate: str
    eta0: float
    power_t: float
    early_stopping: bool
    validation_fraction: float
    n_iter_no_change: int
    warm_start: bool
    average: bool | int
    batch_size: int
    optimizer: Any
    clip_norm: float | None
    n_threads: int | None

    _aimed_loss: str  # the only one that "pa1" and "pa2" go with
    _rows_seen: int

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        # Every fit asks for it, and to find it takes a tenth of the time of a small one.
        cls.__init__.__signature__ = inspect.signature(cls.__init__)  # type: ignore[attr-defined]

    def _keep(self, parameters: dict[str, Any]) -> None:
        """Keep the parameters of the constructor as they are."""
        self.__dict__.update({name: p for name, p in parameters.items() if name != "self"})

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X: Any,
        y: Any,
        coef_init: Any = None,
        intercept_init: Any = None,
        sample_weight: Any = None,
    ) -> Any:
        """Fit the model, from zero or from initial parameters.

        Parameters
        ----------
        X : array-like or sparse of shape (n, d)
            The rows.
        y : array-like of shape (n,), or (n, k) for k targets of a regressor
            The targets, or the labels.
        coef_init, intercept_init : array-like, optional
            The initial parameters, finite and of the shapes of `coef_` and `intercept_`.
        sample_weight : array-like of shape (n,), optional
            What each row's loss and gradient are multiplied by; at least 0.

        Returns
        -------
        self
            The fitted estimator.

        Raises
        ------
        ValueError
            If scikit-learn refuses an argument or a parameter; or if the fit does not stay
            finite: a `fastsgd.DivergenceError` with the last finite model.

        Examples
        --------
        See the class.
        """
        with whole_or_as_before(self):
            diverged = self._fit(X, y, coef_init, intercept_init, sample_weight)
        warn_if_diverged(diverged)
        self._warn()
        return self

    def _fit(
        self, X: Any, y: Any, coef_init: Any, intercept_init: Any, sample_weight: Any
    ) -> list[float]:
        """Set the fitted attributes; return the loss if the fit diverged."""
        self._check_together()
        is_warm = self.warm_start and getattr(self, "coef_", None) is not None
        is_first = is_classifier(self) or not is_warm  # then X may have other features
        dtype = [np.float64, np.float32]
        X, y, sample_weight = self._validated(X, y, sample_weight, dtype, is_first)
        classes = self._classes_in(y)
        weights = self._class_weights(y, classes)
        rows = Examples(X, self._targets(y, classes), sample_weight)
        if is_warm:
            coef_init = self.coef_ if coef_init is None else coef_init
            intercept_init = self.intercept_ if intercept_init is None else intercept_init
        held = None
        if self.early_stopping:
            others = drawn(self, y, sample_weight)
            rows, held = rows.without(others), rows.at(others)
        # After the rows are drawn, which has the random state as it was given.
        begun = self._begun(rows, classes, coef_init, intercept_init)
        watch = None if held is None else watch_of(self, held, begun.classes)
        with labels_in_errors(classes):
            model, diverged = self._learn(begun, rows, weights, self.max_iter, self.tol, watch)
        epochs = len(model.history.seconds)
        has_ended = not model.state.memory.pace.any() or (watch is not None and watch.has_ended)
        if self.verbose and has_ended:
            seconds = sum(model.history.seconds)
            print(f"Convergence after {epochs} epochs took {seconds:.2f} seconds")
        known = {} if classes is None else {"classes_": classes}
        self._take(model, [], epochs * rows.n, **known)
        return diverged

    def _partial_fit(
        self, X: Any, y: Any, sample_weight: Any, classes: Array | None
    ) -> list[float]:
        """Go on for an epoch, or begin where there was none before; as `_fit` otherwise."""
        before = getattr(self, "_model", None)
        self._validate_changed_params()
        self._check_together()
        dtype = [np.float64, np.float32] if before is None else before.learned.w.dtype
        X, y, sample_weight = self._validated(X, y, sample_weight, dtype, before is None)
        if before is not None and before.learned.w.size == X.shape[1] and y.size == len(y):
            # Targets of one output, (n,) or (n, 1).
            y = y.reshape((-1,) if before.outputs is None else (-1, before.outputs))
        weights = self._class_weights(y, classes)
        rows = Examples(X, self._targets(y, classes), sample_weight)
        if before is None:
            begun = self._begun(rows, classes, None, None)
        else:
            begun = replace(before, loss=self._loss(classes), seed=self._next_seed(before))
        steps, begun = begun.state.steps, self._as_set(begun)
        if getattr(self, "_penalised_by", None) != self._penalty():
            # What was due to another one is no more.
            begun = replace(begun, state=with_debts(begun.state, NoPenalty()))
        losses, seen = ([], 0) if before is None else (self.loss_curve_, self._rows_seen)
        if begun.state.steps != steps:
            # As many as the steps stand for, which an optimal learning rate falls with.
            self._rows_seen = seen = begun.state.steps * min(self.batch_size, rows.n)
        with labels_in_errors(classes):
            model, diverged = self._learn(begun, rows, weights, 1, None, None)
        self._take(model, losses, seen + rows.n)
        return diverged

    def _validate_changed_params(self) -> None:
        """Check the parameters, which takes a fifth of a small part, if any is a new one."""
        # Nothing else of an estimator has a name without an underscore at one of its ends.
        given = {name: p for name, p in vars(self).items() if name.strip("_") == name}
        known = getattr(self, "_valid", {})
        if given.keys() != known.keys() or any(p is not known[name] for name, p in given.items()):
            self._validate_params()
            self._valid = given

    def __getstate__(self) -> Any:
        state = super().__getstate__()
        if "loss_curve_" in state:  # which `partial_fit` adds to: a copy has one of its own
            state = state | {"loss_curve_": [*state["loss_curve_"]]}
        return state

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    @abstractmethod
    def _loss(self, classes: Array | None) -> Any:
        """Return what is minimised."""

    @abstractmethod
    def _classes_in(self, y: Array) -> Array | None:
        """Return the labels in order; None for a regressor."""

    @abstractmethod
    def _class_weights(self, y: Array, classes: Array | None) -> dict[int, float] | None:
        """Return the weight of each class, by its number."""

    @abstractmethod
    def _targets(self, y: Array, classes: Array | None) -> Array:
        """Return targets as `fastsgd.fit` takes them: numbers, those of the classes for labels."""

    @abstractmethod
    def _outputs(self, targets: Array, classes: Array | None) -> int | None:
        """Return how many outputs the model has; None for one that is a scalar."""

    def _check_y(self, y: Any) -> dict[str, Any]:
        """Return how `validate_data` checks y."""
        return {}

    def _check_first_part(self) -> None:
        """Refuse parameters that do not go with `partial_fit`, in the words of scikit-learn."""
        if self.early_stopping:
            raise ValueError("early_stopping should be False with partial_fit")

    def _check_together(self) -> None:
        """Refuse parameters that do not go with each other, in the words of scikit-learn."""
        if self.learning_rate == "optimal" and self.alpha == 0:
            raise ValueError(
                "alpha must be > 0 since learning_rate is 'optimal'. alpha is used to compute "
                "the optimal learning rate."
            )
        check_rule(self, self._aimed_loss)
        if self.penalty == "elasticnet" and self.l1_ratio is None:
            raise ValueError("l1_ratio must be set when penalty is 'elasticnet'")

    def _validated(
        self, X: Any, y: Any, sample_weight: Any, dtype: Any, is_first: bool
    ) -> tuple[Any, Array, Array | None]:
        X, y = validate_data(
            self,
            X,
            y,
            accept_sparse="csr",
            order="C",
            dtype=dtype,
            reset=is_first,
            **self._check_y(y),
        )
        if sample_weight is not None:
            sample_weight = _check_sample_weight(
                sample_weight,
                X,
                dtype=X.dtype,
                ensure_non_negative=True,
                # The split of a classifier has more to say of them.
                allow_all_zero_weights=self.early_stopping and is_classifier(self),
            )
        return X, y, sample_weight

    def _penalty(self) -> Any:
        """Return what keeps weights small."""
        return penalty_of(self.penalty, self.alpha, self.l1_ratio, self.optimizer)

    def _seed(self) -> int:
        """Return the seed that the random state stands for."""
        if isinstance(self.random_state, Integral):
            return int(self.random_state)
        return int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))

    def _next_seed(self, before: Model) -> int:
        """Return a seed for the part that follows, with an order of its own."""
        if self.random_state == getattr(self, "_seeded_by", self.random_state):
            return (before.seed + 1) % 2**64
        # Of both, as the seeds that follow each other are those of the parts before.
        both = np.random.SeedSequence([self._seed(), before.seed])
        return int(both.generate_state(1, np.uint64)[0])

    def _begun(
        self, rows: Examples, classes: Array | None, coef_init: Any, intercept_init: Any
    ) -> Model:
        """Return a model that has taken no step yet."""
        outputs = self._outputs(rows.targets, classes)
        k, d, dtype = outputs or 1, rows.X.shape[1], rows.X.dtype
        coef = initial_coef(coef_init, k, d, dtype)
        intercept = initial_intercept(intercept_init, k, dtype)
        begin = Parameters(coef, intercept)
        state = new_state(begin, named_optimizer(self.optimizer))
        numbers = None if classes is None else np.arange(classes.size)
        seed = self._seed()
        return Model(begin, outputs, self._loss(classes), seed, History(), numbers, state)

    def _as_set(self, model: Model) -> Model:
        """Return a model with what is in the attributes, which users may set."""
        state, allowed, most = model.state, "a number from 1 to 2**62", checks.MOST_STEPS
        t = checks.number(
            "t_", getattr(self, "t_", state.steps + 1.0), allowed, lambda t: 1 <= t <= most
        )
        memory = state.memory._replace(steps=np.array([int(t) - 1], np.int64))
        was, is_averaged = learned(state), isinstance(memory.averages, Averaged)
        values = Parameters(
            attribute("coef_", getattr(self, "coef_", None), was.w),
            attribute("intercept_", getattr(self, "intercept_", None), was.b),
        )
        is_as_learned = values.w is was.w and values.b is was.b
        state = state._replace(memory=memory)
        # Where nothing is to be averaged any more, what was is what goes on.
        if not is_as_learned or (is_averaged and not self.average):
            state = beginning_at(values, state)
        if not is_as_learned:  # weights that the user has set owe nothing
            state = with_debts(state, NoPenalty())
        return replace(model, learned=values, state=state)

    def _learn(
        self,
        begun: Model,
        rows: Examples,
        class_weight: dict[int, float] | None,
        epochs: int,
        tol: float | None,
        watch: ScoreWatch | None,
    ) -> tuple[Model, list[float]]:
        """Return the model after some more epochs, and its loss if it diverged."""
        if self.learning_rate != "optimal":
            checks.fits_dtype("eta0", checks.positive("eta0", self.eta0), rows.X.dtype)
        b_scale = SPARSE_INTERCEPT_DECAY if sp.issparse(rows.X) else 1.0
        begun = replace(begun, state=begun.state._replace(b_scale=b_scale))
        schedule = self._schedule(begun, rows, tol, watch)
        # An adaptive learning rate ends the fit by itself, a watch does it by the callback.
        is_stopped_otherwise = watch is not None or isinstance(schedule, Adaptive)
        with errors_of_scikit_learn() as diverged:
            model = training.fit(
                rows.X,
                rows.targets,
                sample_weight=rows.sample_weight,
                class_weight=class_weight,
                loss=begun.loss,
                penalty=self._penalty(),
                optimizer=self.optimizer,
                batch_size=self.batch_size,
                lr=schedule,
                epochs=int(epochs),  # scikit-learn takes bools for it, tol and n_iter_no_change
                average=self.average,
                clip_norm=self.clip_norm,
                tol=None if tol is None or is_stopped_otherwise else float(tol),
                patience=int(self.n_iter_no_change),
                fit_intercept=self.fit_intercept,
                shuffle=self.shuffle,
                validation=None if rows.kept is None else LearnedFrom(rows.kept),
                resume=begun,
                callback=callback_of(watch, self.verbose),
                n_threads=self.n_threads,
                check_finite=False,
            )
        return model, diverged

    def _schedule(
        self, begun: Model, rows: Examples, tol: float | None, watch: ScoreWatch | None
    ) -> Any:
        """Return the learning rate."""
        if watch is not None and watch.is_adaptive:
            return watch.rate
        steps, batch_size = begun.state.steps, min(self.batch_size, rows.n)
        seen = self._rows_seen if steps > 0 else 0
        return schedule_of(self, tol, batch_size, seen - steps * batch_size)

    def _parameters_of(self, model: Model) -> dict[str, Array]:
        """Return `coef_` and `intercept_`, by name."""
        w, b = model.learned
        if _remembers(model.state):  # what would not go with weights that a user writes there
            w = w.copy()
        # A view, as users may set the shape of their array.
        return {"coef_": w[0] if model.outputs is None else w.view(), "intercept_": b.copy()}

    def _take(self, model: Model, losses: list[float], rows_seen: int, **others: Any) -> None:
        """Set the fitted attributes, one right after the other: other threads may look at them."""
        fitted = {
            **self._parameters_of(model),
            **others,
            "loss_curve_": losses,
            "n_iter_": len(model.history.seconds),
            "t_": model.state.steps + 1.0,
            "_rows_seen": rows_seen,
            "_seeded_by": self.random_state,
            "_penalised_by": self._penalty(),
            # The past is in loss_curve_; a stream of many parts does not copy it at each of them.
            "_model": replace(model, history=History()),
        }
        for name, value in fitted.items():  # one by one: a subclass may have properties
            setattr(self, name, value)
        losses += model.history.loss

    def _warn(self) -> None:
        """Warn of what scikit-learn warns of."""
        if self.tol is not None and self.n_iter_ == self.max_iter:
            warnings.warn(
                "Maximum number of iteration reached before convergence. Consider increasing "
                "max_iter to improve the fit.",
                ConvergenceWarning,
                stacklevel=4,
            )
        if self.power_t < 0:
            warnings.warn(
                "Negative values for `power_t` are deprecated in version 1.8 and will raise an "
                "error in 1.10. Use values in the range [0.0, inf) instead.",
                FutureWarning,
                stacklevel=4,
            )


def _remembers(state: State) -> bool:
    """Tell whether a fit knows more of its weights than they are."""
    return state.memory.w.size > 0 or not isinstance(state.memory.averages, NotAveraged)
