"""What a fit returns: the parameters it learned, and how it came to them."""

from __future__ import annotations

import io
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np

from . import checks, rows
from .evaluation import mean_loss
from .losses import LOSSES, Loss
from .parameters import for_kernels

Array = np.ndarray[Any, Any]

FORMAT = "fastsgd model 1"


@dataclass(frozen=True)
class History:
    """One entry for each epoch of a fit.

    Attributes
    ----------
    data_loss : tuple of float
        The data loss: the mean over rows of ``sample_weight * loss(row)``. Over which rows, and
        with which parameters, is decided by the `epoch_loss` of `fit`; empty if that was None.
    penalty : tuple of float
        The penalty on `w` at the end of the epoch: 0, as there is none yet.
    seconds : tuple of float
        Time that the steps of the epoch took, in seconds, the making of its order and, where the
        first one has to wait for it, compilation included. The pass of ``epoch_loss="full"`` and
        callbacks are left out.

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

    @property
    def loss(self) -> tuple[float, ...]:
        """The objective, data loss plus penalty; empty where the data loss is."""
        if not self.data_loss:
            return ()
        return tuple(a + b for a, b in zip(self.data_loss, self.penalty, strict=True))


@dataclass(frozen=True, eq=False, repr=False)
class Model:
    """A linear model, ``y_hat = X @ w + b``.

    Attributes
    ----------
    w : ndarray of shape (d,), or (d, k) for k outputs
        The weights, float32 or float64 as the X of the fit.
    b : scalar, or ndarray of shape (k,)
        The intercepts, of the same dtype.
    loss : Loss
        What was minimised, a value of `fastsgd.losses`.
    seed : int
        The seed of the fit, which repeats it.
    history : History
        Losses and seconds by epoch.

    Examples
    --------
    >>> import fastsgd
    >>> model = fastsgd.fit([[0.0], [1.0]], [1.0, 3.0], epochs=300, lr=0.5, seed=0)
    >>> model
    Model(features=1, loss=Squared(), epochs=300)
    >>> model.w.round(3), float(model.b.round(3))
    (array([2.]), 1.0)
    """

    w: Array
    b: Any
    loss: Loss
    seed: int
    history: History

    def __repr__(self) -> str:
        outputs = "" if self.w.ndim == 1 else f", outputs={self.w.shape[1]}"
        epochs = len(self.history.seconds)
        return f"Model(features={self.w.shape[0]}{outputs}, loss={self.loss}, epochs={epochs})"

    def predict(self, X: Any) -> Array:
        """Return the predictions ``X @ w + b``.

        Parameters
        ----------
        X : array-like of shape (n, d)
            As for `fit`; the parameters are converted to its dtype.

        Returns
        -------
        ndarray of shape (n,), or (n, k) for k outputs

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
        """
        X = rows.dense(X)
        self._check_features(X)
        with np.errstate(over="ignore", invalid="ignore"):
            y_hat = X @ self.w.astype(X.dtype) + np.asarray(self.b, X.dtype)
        if not np.isfinite(y_hat).all():
            checks.finite("X", X)
            raise ValueError(f"X: its predictions with these weights overflow {X.dtype}")
        return np.asarray(y_hat)

    def evaluate(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the data loss on given rows: the mean of ``sample_weight * loss(row)``.

        Parameters
        ----------
        X, y, sample_weight
            As for `fit`. The weights are not normalised, and a row's loss is the sum over its
            outputs.

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
        data, several = rows.prepare(X, y, sample_weight, check_finite=True)
        X = data.rows.X
        self._check_features(X)
        expected = (self.w.shape[1],) if self.w.ndim == 2 else ()
        given = (data.y.shape[1],) if several else ()
        if given != expected:
            raise ValueError(
                f"y: expected shape {(X.shape[0], *expected)}, got {(X.shape[0], *given)}"
            )
        parameters = for_kernels(self.w, self.b, X.dtype)
        value = mean_loss(data, parameters, self.loss)
        if not np.isfinite(value):
            raise ValueError(f"X, y: the loss on them overflows {X.dtype}; scale them down")
        return value

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the model to a file, a ``.npz`` archive that `fastsgd.load` reads.

        Parameters
        ----------
        path : path-like
            The file; nothing is added to its name.

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
        names = {loss: name for name, loss in LOSSES.items()}
        about = {
            "format": FORMAT,
            "loss": names[type(self.loss)],
            "loss_parameters": self.loss._asdict(),
            "seed": self.seed,
        }
        archive = io.BytesIO()
        np.savez(
            archive,
            about=json.dumps(about),
            w=self.w,
            b=self.b,
            data_loss=self.history.data_loss,
            penalty=self.history.penalty,
            seconds=self.history.seconds,
        )
        # Written beside the file first, so that what was there is whole until the new one is.
        file = Path(os.fsdecode(path)).resolve()
        unfinished = file.with_name(f".{file.name}.{uuid4().hex}")
        try:
            unfinished.write_bytes(archive.getvalue())
            unfinished.replace(file)
        finally:
            unfinished.unlink(missing_ok=True)

    def _check_features(self, X: Array) -> None:
        if X.shape[1] != self.w.shape[0]:
            raise ValueError(
                f"X: expected {self.w.shape[0]} features, as the model has, got {X.shape[1]}"
            )


def load(path: str | os.PathLike[str]) -> Model:
    """Read a model that `Model.save` wrote; nothing in the file is ever executed or unpickled.

    Parameters
    ----------
    path : path-like
        The file.

    Returns
    -------
    Model

    Raises
    ------
    OSError
        If the file cannot be read.
    ValueError
        If it is not a model of this package.

    Examples
    --------
    See `Model.save`.
    """
    with open(path, "rb") as file:
        try:
            archive = np.load(file, allow_pickle=False)
            return _model_of({name: archive[name] for name in archive.files})
        except Exception as error:  # damaged archives raise errors of many kinds
            raise ValueError(f"path: {os.fspath(path)!r} is not a saved model: {error}") from error


def _model_of(parts: dict[str, Array]) -> Model:
    """Return the model that was saved as these arrays."""
    about = json.loads(str(parts["about"]))
    if about["format"] != FORMAT:
        raise ValueError(f"its format is {about['format']!r}, expected {FORMAT!r}")
    loss = LOSSES[about["loss"]](**about["loss_parameters"])
    w, b = parts["w"], parts["b"]
    if w.ndim not in (1, 2) or b.shape != w.shape[1:]:
        raise ValueError(f"w has shape {w.shape} and b {b.shape}")
    if w.dtype not in (np.float32, np.float64) or b.dtype != w.dtype:
        raise ValueError(f"w has dtype {w.dtype} and b {b.dtype}")
    if not (np.isfinite(w).all() and np.isfinite(b).all()):
        raise ValueError("w or b is not finite")
    epochs = (parts[name].astype(np.float64) for name in ("data_loss", "penalty", "seconds"))
    history = History(*(tuple(values.tolist()) for values in epochs))
    seed = checks.integer("seed", about["seed"], at_least=0, at_most=2**64 - 1)
    return Model(w, b[()], loss, seed, history)
