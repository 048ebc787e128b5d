"""fit(): the front door. Check, prepare, run the epochs, return the model."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any, Literal

import numpy as np

from . import checks, interrupts, parameters, rows
from .descent import Descent, Interrupted
from .kernels.epoch import Data, Parameters
from .losses import Loss, named_loss
from .model import Model
from .progress import progress_bar
from .stretches import STRETCH


def fit(
    X: Any,
    y: Any,
    *,
    sample_weight: Any = None,
    loss: str | Loss = "squared",
    batch_size: int = 10,
    lr: float = 0.03,
    epochs: int = 3,
    fit_intercept: bool = True,
    shuffle: bool = True,
    drop_last: bool = False,
    seed: int | np.random.Generator | None = None,
    init: Model | tuple[Any, Any] | None = None,
    epoch_loss: Literal["running", "full"] | None = "running",
    callback: Callable[[Model, int], object] | None = None,
    progress: bool = False,
    check_finite: bool = True,
) -> Model:
    """Fit a linear model, ``y_hat = X @ w + b``, by mini-batch stochastic gradient descent.

    What is minimised, the objective, is the data loss: the mean over the rows of
    ``sample_weight * loss(y_hat, y)``. Weights are not normalised, and the loss of a row is the
    sum over its k outputs. An epoch visits every row once, in random order, a mini-batch at a
    time; each mini-batch takes one step,

        ``param -= lr * (sum of the gradients of its rows) / (number of its rows)``.

    Parameters
    ----------
    X : array-like of shape (n, d)
        The rows. float32 and float64 decide in which precision all is computed; losses are
        summed in float64. A C-contiguous array of these types is never copied, read-only and
        memory-mapped ones included. All other arrays are converted once, to a new array:
        integers and bools to float64, float16 to float32, and Fortran-ordered, strided,
        unaligned and byte-swapped ones. Lists, and frames of pandas and polars, become an array
        of their own first.
    y : array-like of shape (n,) or (n, k)
        The targets, converted to the dtype of X where they are not of it.
    sample_weight : array-like of shape (n,), optional
        What each row's loss and gradient are multiplied by; at least 0.
    loss : str or Loss
        A name or a value of `fastsgd.losses`.
    batch_size : int
        Rows in a mini-batch; more than n means all n. The last one may be short, and then is
        divided by its own number of rows.
    lr : float
        The learning rate.
    epochs : int
        How often all rows are visited; 0 returns the initial model.
    fit_intercept : bool
        Whether `b` is learned. If not, it stays what it is initially.
    shuffle : bool
        Whether each epoch visits the rows in a new, uniformly random order: that of
        `epoch_order`. If not, they are visited from first to last.
    drop_last : bool
        Whether a last, short mini-batch is left out of each epoch.
    seed : int, numpy.random.Generator or None
        What decides the initial parameters and the orders: 0 to 2**64 - 1. One 64-bit number is
        drawn from a generator; None takes one from the operating system. `Model.seed` is the
        number used.
    init : Model or (w, b), optional
        The initial parameters, which are copied. By default ``w ~ N(0, 0.01**2)`` and ``b = 0``.
    epoch_loss : {"running", "full", None}
        The data loss in the history. "running": the mean over the rows visited of the loss that
        each had before its own step, which costs nothing. "full": the mean over all rows with
        the parameters at the end of the epoch, which costs a pass over X. None: not recorded.
    callback : callable, optional
        Called as ``callback(model, epoch)`` after each epoch, with a model of its own and the
        epoch's number, from 0. If it returns True, the fit ends there.
    progress : bool
        Whether a `tqdm` bar shows the loss and the rows a second.
    check_finite : bool
        Whether X is searched for NaN and infinity before the fit, at memory speed.

    Returns
    -------
    Model
        The parameters at the end, the seed and the history.

    Raises
    ------
    TypeError, ValueError
        If an argument is not what is said above. The message names it, what was given and what
        would do.
    DivergenceError
        If the loss or a parameter stops being finite; its ``model`` is that of the last finite
        end of an epoch.
    Interrupted
        At Ctrl-C once the first epoch has begun, within half a second; its ``model`` is that
        after the last whole mini-batch. Before that there is nothing to lose, and Ctrl-C is a
        plain KeyboardInterrupt.

    References
    ----------
    L. Bottou, F. E. Curtis and J. Nocedal, Optimization methods for large-scale machine
    learning, *SIAM Review* 60 (2018).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(1000, 2))
    >>> y = X @ [2.0, -3.4] + 4.2 + rng.normal(scale=0.01, size=1000)
    >>> model = fit(X, y, seed=0)
    >>> model.w.round(2), float(model.b.round(2))
    (array([ 2. , -3.4]), 4.2)
    """
    loss = named_loss(loss)
    checks.flags(
        fit_intercept=fit_intercept,
        shuffle=shuffle,
        drop_last=drop_last,
        progress=progress,
        check_finite=check_finite,
    )
    if not (callback is None or callable(callback)):
        raise TypeError(f"callback: expected a function of (model, epoch), got {callback!r}")
    checks.choice("epoch_loss", epoch_loss, ("running", "full", None))
    epochs = checks.integer("epochs", epochs, at_least=0)
    batch_size = checks.integer("batch_size", batch_size, at_least=1)
    data, several = rows.prepare(X, y, sample_weight, check_finite)
    batch_size = min(batch_size, data.y.shape[0])
    lr = checks.learning_rate(lr, batch_size, data.y.dtype)
    start = None if init is None else _given(init, data, several)
    number = checks.seed(seed)
    descent = Descent(
        data=data,
        several=several,
        loss=loss,
        batch_size=batch_size,
        lr=lr,
        fit_intercept=fit_intercept,
        shuffle=shuffle,
        drop_last=drop_last,
        seed=number,
        start=start or parameters.drawn(number, data, several),
        epoch_loss=epoch_loss,
    )
    with progress_bar(progress, epochs * descent.order.size) as report:
        try:
            # To hold Ctrl-C back takes 10 us, and a fit of one stretch is over before it matters.
            is_long = epochs * data.rows.X.size * data.y.shape[1] > STRETCH
            with interrupts.held() if is_long else nullcontext():
                for epoch in range(epochs):
                    descent.run_epoch(epoch, report)
                    if callback is not None and _asks_to_stop(callback, descent.model(), epoch):
                        break
        except KeyboardInterrupt as interrupt:
            raise Interrupted(descent.last_finite_model()) from interrupt
    return descent.model()


def _given(init: Model | tuple[Any, Any], data: Data, several: bool) -> Parameters:
    pair = (init.w, init.b) if isinstance(init, Model) else init
    if not isinstance(pair, (tuple, list)) or len(pair) != 2:
        raise TypeError(f"init: expected a Model, a pair (w, b) or None, got {init!r}")
    d, k, dtype = data.rows.X.shape[1], data.y.shape[1], data.y.dtype
    w, b = parameters.checked(pair[0], pair[1], d, k if several else None, dtype, whose="init's ")
    return parameters.for_kernels(w, b, dtype)


def _asks_to_stop(callback: Callable[[Model, int], object], model: Model, epoch: int) -> bool:
    with interrupts.released():
        answer = callback(model, epoch)
    return isinstance(answer, (bool, np.bool_)) and bool(answer)
