"""What a fit returns: the parameters it learned, and how it came to them."""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from . import archive, checks, rows
from .arrays import Array
from .custom import compiling
from .evaluation import mean_losses
from .kernels.epoch import Parameters
from .kinds import MULTICLASS, REGRESSION
from .losses import LOSSES, named_loss
from .losses.softmax import softmax
from .parameters import for_kernels
from .problem import prepare
from .state import State


@dataclass(frozen=True)
class History:
    """One entry for each epoch of a fit.

    Attributes
    ----------
    data_loss : tuple of float
        The data loss: the mean over rows of ``sample_weight * loss(row)``. Over which rows, and
        with which parameters, is decided by the `epoch_loss` of `fit`; empty if that was None.
    penalty : tuple of float
        The penalty on `w` at the end of the epoch, which is averaged only where the data loss is
        "full"; 0 where there is none.
    seconds : tuple of float
        Time that the steps of the epoch took, in seconds, the making of its order and, where the
        first one has to wait for it, compilation included. The pass of ``epoch_loss="full"``,
        validation and callbacks are left out. Short epochs that one call of the kernel runs
        share its time evenly.
    validation_loss : tuple of float
        The data loss on the rows held out, at the end of the epoch; empty if there are none.

    Examples
    --------
    >>> import fastsgd
    >>> history = fastsgd.fit([[0.0], [1.0]], [1.0, 3.0], epochs=2, seed=0).history
    >>> history.loss[1] < history.loss[0], history.penalty
    (True, (0.0, 0.0))
    """

    data_loss: tuple[float, ...] = ()
    penalty: tuple[float, ...] = ()
    seconds: tuple[float, ...] = ()
    validation_loss: tuple[float, ...] = ()

    @property
    def loss(self) -> tuple[float, ...]:
        """The objective, data loss plus penalty; empty where the data loss is."""
        if not self.data_loss:
            return ()
        return tuple(a + b for a, b in zip(self.data_loss, self.penalty, strict=True))


NO_EPOCHS = History()

# Of probabilities that add up to less, shares near the smallest numbers lose more than ten bits.
SMALL = 2.0**-10


@dataclass(frozen=True, eq=False, repr=False)
class Model:
    """A linear model, ``scores = X @ w + b``.

    Attributes
    ----------
    w : ndarray of shape (d,), or (d, k) for k outputs or classes
        The weights, float32 or float64 as the X of the fit.
    b : scalar, or ndarray of shape (k,)
        The intercepts, of the same dtype.
    loss : Loss
        What was minimised, a value of `fastsgd.losses`.
    seed : int
        The seed of the fit, which repeats it.
    history : History
        Losses and seconds by epoch.
    classes : ndarray or None
        The labels in order; None for a loss for regression.
    outputs : int or None
        How many columns `w` has; None where it has the shape (d,).
    learned : Parameters
        What `w` and `b` are copies of, made when they are first asked for, of the shapes (k, d) and
        (k,). It may be the memory of `state`, and so of what `fit` resumes: only to be read.
    state : State
        What `fit` needs to resume.

    Examples
    --------
    >>> import fastsgd
    >>> model = fastsgd.fit([[0.0], [1.0]], [1.0, 3.0], epochs=300, lr=0.5, seed=0)
    >>> model
    Model(features=1, loss=Squared(), epochs=300)
    >>> model.w.round(3), float(model.b.round(3))
    (array([2.]), 1.0)
    """

    learned: Parameters  # as the kernels have them, and where: in the state, as a rule
    outputs: int | None
    loss: Any
    seed: int
    history: History
    classes: Array | None
    state: State

    # What a user writes into them is none of the state's; and where nobody asks, as in a stream of
    # wide rows, there is no copy.
    @cached_property
    def w(self) -> Array:
        """The weights."""
        w: Array = self.learned.w.copy()
        return w[0] if self.outputs is None else w.T

    @cached_property
    def b(self) -> Any:
        """The intercepts."""
        b = self.learned.b.copy()
        return b[0] if self.outputs is None else b

    def __repr__(self) -> str:
        outputs = "" if self.outputs is None else f", outputs={self.outputs}"
        classes = "" if self.classes is None else f", classes={self.classes.size}"
        epochs = len(self.history.seconds)
        return (
            f"Model(features={self.learned.w.shape[1]}{classes or outputs}, loss={self.loss}, "
            f"epochs={epochs})"
        )

    def decision_function(self, X: Any) -> Array:
        """Return the scores ``X @ w + b``.

        Parameters
        ----------
        X : array-like of shape (n, d)
            As for `fit`; the parameters are converted to its dtype.

        Returns
        -------
        ndarray of shape (n,), or (n, k) for k outputs
            Of two classes, a score above 0 stands for the second; of more, and of those of
            softmax, the highest score for the class.

        Raises
        ------
        TypeError, ValueError
            If X is not a table of d numbers a row, or if a score is not finite.

        Examples
        --------
        >>> import fastsgd
        >>> model = fastsgd.fit([[0.0], [1.0]], ["no", "yes"], loss="hinge", epochs=300, lr=0.1)
        >>> model.decision_function([[0.0], [1.0]]).round(1)
        array([-1.,  1.])
        """
        table = rows.read(X)
        self._check_features(table)
        with np.errstate(over="ignore", invalid="ignore"):
            w = self.w.astype(table.dtype, copy=False)
            scores = rows.product(table, w) + np.asarray(self.b, table.dtype)
        if not np.isfinite(scores).all():
            rows.check_rows_finite(table)
            raise ValueError(f"X: its predictions with these weights overflow {table.dtype}")
        return np.asarray(scores)

    def predict(self, X: Any) -> Array:
        """Return the predictions.

        Parameters
        ----------
        X : array-like of shape (n, d)
            As for `decision_function`.

        Returns
        -------
        ndarray of shape (n,), or (n, k) for k outputs
            For classes, the labels as they were in y, but those that were objects are strings or
            numbers of numpy's. For losses with log link, the means ``exp(X @ w + b)``. Else
            ``X @ w + b``.

        Raises
        ------
        TypeError, ValueError
            If X is not a table of d numbers a row, or if a prediction is not finite.

        Examples
        --------
        >>> import fastsgd
        >>> model = fastsgd.fit([[0.0], [1.0]], [1.0, 3.0], epochs=300, lr=0.5, seed=0)
        >>> model.predict([[2.0]]).round(3)
        array([5.])
        >>> model = fastsgd.fit([[0.0], [1.0]], ["no", "yes"], loss="hinge", epochs=300, lr=0.1)
        >>> model.predict([[0.0], [1.0]])
        array(['no', 'yes'], dtype='<U3')
        """
        scores = self.decision_function(X)
        if self.classes is not None:
            return self.classes[_best_class(scores)]
        if not hasattr(self.loss, "response"):
            return scores
        with np.errstate(over="ignore"):
            means: Array = self.loss.response(scores)
        if not np.isfinite(means).all():
            raise ValueError(f"X: its predictions with these weights overflow {means.dtype}")
        return means

    def predict_proba(self, X: Any) -> Array:
        """Return the probability of each class.

        Parameters
        ----------
        X : array-like of shape (n, d)
            As for `decision_function`.

        Returns
        -------
        ndarray of shape (n, k)
            In the order of `classes`; each row adds up to 1. Those of classes fitted
            one-versus-rest are divided by their sum.

        Raises
        ------
        TypeError, ValueError
            As for `decision_function`; or if the loss has no probabilities: "logistic",
            "modified_huber" and "softmax" have them.

        References
        ----------
        B. Zadrozny and C. Elkan, Transforming classifier scores into accurate multiclass
        probability estimates, *KDD* 2002.

        Examples
        --------
        >>> import fastsgd
        >>> X, y = [[0.0], [1.0]], ["no", "yes"]
        >>> model = fastsgd.fit(X, y, loss="modified_huber", epochs=300, lr=0.1)
        >>> model.predict_proba([[0.0], [1.0]]).round(1)
        array([[1., 0.],
               [0., 1.]])
        """
        return probabilities(self.loss, self.decision_function(X))

    def evaluate(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the data loss on given rows: the mean of ``sample_weight * loss(row)``.

        Parameters
        ----------
        X, y, sample_weight
            As for `fit`, but the weights may all be 0. They are not normalised, and a row's loss
            is the sum over its outputs.

        Returns
        -------
        float

        Raises
        ------
        TypeError, ValueError
            If an argument is not what `fit` takes, does not match the model, or if the loss is
            not finite.

        Examples
        --------
        >>> import fastsgd
        >>> model = fastsgd.fit([[0.0], [1.0]], [1.0, 3.0], epochs=300, lr=0.5, seed=0)
        >>> round(model.evaluate([[2.0]], [7.0]), 3)  # (5 - 7)**2 / 2
        2.0
        """
        problem = prepare(X, y, self.loss, sample_weight, classes=self.classes)
        self._check_features(problem.data.rows)
        if problem.outputs != self.outputs:
            given, shape = (
                (problem.n,) if outputs is None else (problem.n, outputs)
                for outputs in (problem.outputs, self.outputs)
            )
            is_one = {problem.outputs, self.outputs} == {None, 1}
            hint = f"; np.reshape(y, {shape}) is so" if is_one else ""
            raise ValueError(f"y: expected shape {shape}, got {given}{hint}")
        parameters = for_kernels(self.w, self.b, problem.dtype)
        with compiling(self.loss):
            value = float(mean_losses(problem.data, parameters, self.loss).sum())
        if not np.isfinite(value):
            raise ValueError(f"X, y: the loss on them overflows {problem.dtype}; scale them down")
        return value

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the model to a file, a ``.npz`` archive that `fastsgd.load` reads.

        Of a loss of your own it holds the name and some values, by which `load` knows it again.

        Parameters
        ----------
        path : path-like
            The file; nothing is added to its name.

        Raises
        ------
        OSError
            If the file cannot be written; what was there before is left as it was.
        TypeError
            If `path` is no path.

        Examples
        --------
        >>> import fastsgd, tempfile, pathlib
        >>> model = fastsgd.fit([[0.0], [1.0]], [1.0, 3.0], seed=0)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = pathlib.Path(folder) / "model.npz"
        ...     model.save(path)
        ...     fastsgd.load(path).seed
        0
        """
        checks.path(path)
        about_state, arrays = archive.parts_of_state(self.state)
        about_loss, values = archive.parts_of_loss(self.loss)
        about = {"seed": self.seed, "state": about_state, **about_loss}
        arrays |= values
        if self.classes is not None:
            arrays["classes"] = self.classes
        archive.write(path, about, {"w": self.w, "b": self.b, **arrays, **vars(self.history)})

    def _check_features(self, table: rows.Rows) -> None:
        d = self.learned.w.shape[1]
        if table.d != d:
            raise ValueError(f"X: expected {d} features, as the model has, got {table.d}")


def probabilities(loss: Any, scores: Array) -> Array:
    """Return the probability of each class, from the scores of `Model.decision_function`."""
    if not hasattr(loss, "probabilities"):
        having = [repr(name) for name, cls in LOSSES.items() if hasattr(cls, "probabilities")]
        raise ValueError(f"loss: {loss} has no probabilities; {', '.join(having)} have them")
    with np.errstate(under="ignore"):
        return _probabilities(loss, scores)


def _probabilities(loss: Any, scores: Array) -> Array:
    if scores.ndim == 1:
        return np.column_stack([loss.probabilities(s) for s in (-scores, scores)])
    if loss.kind == MULTICLASS:
        return np.asarray(loss.probabilities(scores))
    shares = np.asarray(loss.probabilities(scores))
    sums = shares.sum(axis=1, keepdims=True)
    even = np.full_like(shares, 1 / shares.shape[1])
    shares = np.divide(shares, sums, out=even, where=sums > 0)
    if hasattr(loss, "log_probabilities"):
        # Those of a row may all be too small for numbers. Of the others, this takes half the time.
        are_small = sums[:, 0] < SMALL
        shares[are_small] = softmax(loss.log_probabilities(scores[are_small]))
    return shares


def _best_class(scores: Array) -> Array:
    """Return the number of the class of each row."""
    return (scores > 0).astype(np.intp) if scores.ndim == 1 else scores.argmax(axis=1)


def load(path: str | os.PathLike[str], loss: Any = None) -> Model:
    """Read a model that `Model.save` wrote; nothing in the file is ever executed or unpickled.

    Parameters
    ----------
    path : path-like
        The file.
    loss : str or Loss, optional
        The loss of a model that was fitted with one of your own, of the same name and values. Any
        other one need not be given, but is compared.

    Returns
    -------
    Model

    Raises
    ------
    OSError
        If the file cannot be read.
    TypeError, ValueError
        If it is not a model of this package, or if `loss` is not the one that it names.
    MemoryError
        If there is no room for its arrays.
    ImportError
        If its loss is one of `fastsgd.sklearn`, and scikit-learn is not installed.

    Examples
    --------
    >>> import fastsgd, tempfile, pathlib
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "model.npz"
    ...     fastsgd.fit([[0.0], [1.0]], [1.0, 3.0], seed=0).save(path)
    ...     fastsgd.load(path)
    Model(features=1, loss=Squared(), epochs=3)
    """
    checks.path(path)
    with open(path, "rb") as file:
        try:
            about, arrays = archive.read(file)
            saved = archive.loss_of(about, arrays)
            model = _model_of(about, arrays, saved)
        except (MemoryError, ImportError):
            raise
        except Exception as error:  # damaged archives raise errors of many kinds
            of_damage = None, errno.EINVAL  # what an OSError of theirs says
            if isinstance(error, OSError) and error.errno not in of_damage:
                raise
            raise ValueError(f"path: {os.fspath(path)!r} is not a saved model: {error}") from error
    if saved is None:
        return replace(model, loss=archive.supplied_loss(loss, about, arrays))
    if loss is not None and named_loss(loss) != saved:
        raise ValueError(f"loss: the model was fitted with {saved}, got {named_loss(loss)}")
    return model


def _check_classes(classes: Array, k: int) -> None:
    if classes.shape != (k,) or classes.dtype.kind not in "biufU":
        raise ValueError(f"classes have shape {classes.shape} and dtype {classes.dtype}")
    if classes.dtype.kind == "f" and not np.isfinite(classes).all():
        raise ValueError(f"classes are {classes.tolist()}")
    if not (classes[:-1] < classes[1:]).all():
        raise ValueError(f"classes are {classes.tolist()}, which are not in order")


def _history_of(parts: dict[str, Array]) -> History:
    names = ("data_loss", "penalty", "seconds", "validation_loss")
    shapes = [parts[name].shape for name in names]
    epochs = shapes[2]
    is_whole = len(epochs) == 1 and shapes[1] == epochs
    if not is_whole or not {shapes[0], shapes[3]} <= {epochs, (0,)}:
        raise ValueError(f"the history has the shapes {shapes}")
    kinds = {parts[name].dtype.kind for name in names}
    if kinds != {"f"}:
        raise ValueError(f"the history has the kinds {sorted(kinds)}")
    return History(**{name: tuple(parts[name].astype(np.float64).tolist()) for name in names})


def _model_of(about: dict[str, Any], parts: dict[str, Array], loss: Any) -> Model:
    """Return the model that was saved as these parts."""
    w, b = parts["w"], parts["b"]
    if w.ndim not in (1, 2) or b.shape != w.shape[1:] or w.size == 0:
        raise ValueError(f"w has shape {w.shape} and b {b.shape}")
    if w.dtype not in (np.float32, np.float64) or b.dtype != w.dtype:
        raise ValueError(f"w has dtype {w.dtype} and b {b.dtype}")
    if not (np.isfinite(w).all() and np.isfinite(b).all()):
        raise ValueError("w or b is not finite")
    state = archive.state_of(about["state"], parts)
    if state.parameters.w.shape != np.atleast_2d(w.T).shape or state.parameters.w.dtype != w.dtype:
        raise ValueError(f"w has shape {w.shape}, and that of its state {state.parameters.w.shape}")
    classes = parts.get("classes")
    if loss is not None and (classes is None) != (loss.kind == REGRESSION):
        raise ValueError(f"there are {'no ' if classes is None else ''}classes for the loss {loss}")
    if classes is not None:
        _check_classes(classes, 2 if w.ndim == 1 else w.shape[1])
    history = _history_of(parts)
    seed = checks.integer("seed", about["seed"], at_least=0, at_most=2**64 - 1)
    outputs = None if w.ndim == 1 else w.shape[1]
    learned = for_kernels(w, b, w.dtype)
    return Model(learned, outputs, loss, seed, history, classes, state)
