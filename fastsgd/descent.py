"""A fit under way: its state, its epochs, and what it raises when it cannot go on."""

from __future__ import annotations

import math
from time import perf_counter
from typing import Any, NoReturn

import numpy as np

from . import parameters
from .evaluation import mean_loss
from .kernels.epoch import Data, Parameters, run
from .losses import Loss
from .model import History, Model
from .order import fill_order, index_dtype
from .progress import Report
from .stretches import batch_stretches


class DivergenceError(ValueError):
    """The loss or a parameter of a fit is no longer a finite number.

    Attributes
    ----------
    model : Model
        The model at the end of the last epoch that was finite, or the initial one.

    Examples
    --------
    >>> import fastsgd
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
        return type(self), (str(self), self.model)


class Interrupted(KeyboardInterrupt):
    """A fit was interrupted, by Ctrl-C as a rule.

    Attributes
    ----------
    model : Model
        The model after the last whole mini-batch; its history ends with the last whole epoch.

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
        return type(self), (self.model,)


class Descent:
    """Mini-batch stochastic gradient descent on given data, an epoch at a time.

    It may be interrupted between any two calls of a kernel: these leave the parameters as they
    are after a whole mini-batch, and an epoch enters the history at once.
    """

    def __init__(
        self,
        *,
        data: Data,
        several: bool,
        loss: Loss,
        batch_size: int,
        lr: float,
        fit_intercept: bool,
        shuffle: bool,
        drop_last: bool,
        seed: int,
        start: Parameters,
        epoch_loss: str | None,
    ) -> None:
        n = data.y.shape[0]
        self.data, self.several, self.loss, self.seed = data, several, loss, seed
        self.batch_size, self.lr, self.fit_intercept = batch_size, lr, fit_intercept
        self.epoch_loss = epoch_loss
        self.parameters = start
        self.gradient = parameters.zero_gradient(start, data.rows)
        self.shuffle = shuffle
        self.all_rows = np.arange(n, dtype=index_dtype(n))
        visited = n - n % self.batch_size if drop_last else n
        self.order = self.all_rows[:visited]
        self.epochs: list[tuple[float | None, float]] = []
        self.last_finite = parameters.copy_of(start)

    def run_epoch(self, epoch: int, report: Report) -> None:
        """Run one epoch; raise DivergenceError if it does not stay finite."""
        began = perf_counter()
        if self.shuffle:
            fill_order(self.all_rows, self.seed, epoch)
        loss = self._visit_rows(epoch, report) / self.order.size
        seconds = perf_counter() - began
        if self.epoch_loss == "full":
            loss = mean_loss(self.data, self.parameters, self.loss)
        if self.epoch_loss is not None and not math.isfinite(loss):
            self._diverged(epoch)
        self.last_finite = parameters.copy_of(self.parameters)
        self.epochs.append((None if self.epoch_loss is None else loss, seconds))

    def _visit_rows(self, epoch: int, report: Report) -> float:
        """Take the steps of one epoch; return the sum of the losses before them."""
        block, row_length = self.gradient.scores.shape[1], self.parameters.w.size
        loss_sum = 0.0
        for first, last in batch_stretches(self.order.size, self.batch_size, block, row_length):
            stretch_loss, is_finite = run(
                self.data,
                self.order,
                first,
                last,
                self.batch_size,
                self.parameters,
                self.fit_intercept,
                self.loss,
                self.lr,
                self.gradient,
            )
            if not is_finite:
                self._diverged(epoch)
            loss_sum += stretch_loss
            report(last - first, loss_sum / last)
        return loss_sum

    def model(self) -> Model:
        """Return the model as it is now."""
        return self._model_of(self.parameters)

    def last_finite_model(self) -> Model:
        """Return the model as it is now if it is finite, else as it last was."""
        finite = all(np.isfinite(part).all() for part in self.parameters)
        return self._model_of(self.parameters if finite else self.last_finite)

    def _model_of(self, values: Parameters) -> Model:
        w, b = parameters.for_user(values, self.several)
        losses = tuple(loss for loss, _ in self.epochs if loss is not None)
        history = History(
            data_loss=losses,
            penalty=(0.0,) * len(self.epochs),
            seconds=tuple(seconds for _, seconds in self.epochs),
        )
        return Model(w, b, self.loss, self.seed, history)

    def _diverged(self, epoch: int) -> NoReturn:
        X, y = self.data.rows.X, self.data.y
        recorded = self.epochs[-1][0] if self.epochs else None
        before = mean_loss(self.data, self.last_finite, self.loss) if recorded is None else recorded
        if np.isfinite(X.min()) and np.isfinite(X.max()):
            advice = (
                f"Try an lr smaller than {self.lr:g}, or scale the data down: X reaches from "
                f"{X.min():.4g} to {X.max():.4g}, y from {y.min():.4g} to {y.max():.4g}"
            )
        else:
            advice = "X holds NaN or infinity: with check_finite=True the error says where"
        raise DivergenceError(
            f"epoch {epoch} (the first is 0) did not stay finite; the data loss before it was "
            f"{before:.6g}. {advice}",
            self._model_of(self.last_finite),
        )
