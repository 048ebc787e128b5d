"""fit(): the front door. Check, prepare, run the epochs, return the model."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from contextlib import nullcontext, suppress
from typing import Any, Literal

import numpy as np

from . import checks, held_out, interrupts, parameters
from .arrays import Array
from .custom import compiling
from .descent import Descent
from .diverging import HIGH
from .errors import Interrupted
from .kernels.epoch import Parameters
from .kernels.weights import Unweighted
from .losses import Loss
from .model import NO_EPOCHS, Model
from .problem import Problem, prepare
from .progress import progress_bar
from .resuming import check_loss, resumed
from .seeds import checked_seed
from .settings import Settings, checked_settings
from .state import State, copy_of_parameters, new_state, with_averages, with_debts
from .stopping import is_watched
from .stretches import may_be_cut


def fit(
    X: Any,
    y: Any,
    *,
    sample_weight: Any = None,
    class_weight: Any = None,
    loss: str | Loss = "squared",
    penalty: Any = None,
    optimizer: Any = "sgd",
    batch_size: int = 10,
    lr: Any = 0.03,
    epochs: int = 3,
    average: bool | int = False,
    clip_norm: float | None = None,
    tol: float | None = None,
    patience: int = 5,
    validation: Any = None,
    fit_intercept: bool = True,
    shuffle: bool | Literal["block"] = True,
    drop_last: bool = False,
    seed: int | np.random.Generator | None = None,
    init: Model | tuple[Any, Any] | None = None,
    resume: Model | None = None,
    epoch_loss: Literal["running", "full"] | None = "running",
    callback: Callable[[Model, int], object] | None = None,
    progress: bool = False,
    n_threads: int | None = 1,
    check_finite: bool = True,
) -> Model:
    """Fit a linear model, ``y_hat = X @ w + b``, by mini-batch stochastic gradient descent.

    What is minimised, the objective, is the data loss plus the penalty. The data loss is the
    mean over the rows of ``sample_weight * loss(y_hat, y)``; weights are not normalised, and the
    loss of a row is the sum over its k outputs. The penalty is one on `w`, never on `b`. An epoch
    visits every row once, in random order, a mini-batch at a time; each mini-batch takes one
    step, which in plain SGD without a penalty is

        ``param -= lr * (sum of the gradients of its rows) / (number of its rows)``.

    All weights learn at one rate, so features should be of about one size, such as those of
    scikit-learn's StandardScaler. The defaults, 3 epochs at a rate of 0.03, are those of the
    original program; most data take more epochs.

    Labels may be whole numbers or strings, and those of two classes any numbers. Of two classes,
    the losses for two classes tell the second from the first; of k > 2, they tell each class from
    all others (one-versus-rest), in one pass over X, and each class is a problem of its own: it
    stops, and is clipped, by itself.

    Parameters
    ----------
    X : array-like or array or matrix of scipy.sparse, of shape (n, d)
        The rows. float32 and float64 decide in which precision all is computed; losses are summed
        in float64. Columns of frames go by their places, not by their names. A C-contiguous array
        of these types is never copied, read-only and memory-mapped ones included. All other arrays
        are converted once, to a new array: integers and bools to float64, float16 to float32, and
        Fortran-ordered, strided, unaligned and byte-swapped ones. Lists, and frames of pandas and
        polars, become an array of their own first. What is not copied must not change during the
        fit.

        Sparse rows are not copied where they are in CSR form, of float32 or float64, with columns
        that increase within each row and no entry that is 0, but for what says where rows begin;
        all others are converted once, duplicates summed. The notes say what is learned from them.
    y : array-like of shape (n,) or (n, k)
        For regression, the targets, converted to the dtype of X where they are not of it; one
        column is one output of several, with `w` of shape (d, 1). For classes, labels, of shape
        (n,).
    sample_weight : array-like of shape (n,), or (n, k) for outputs with a loss each; optional
        What each row's loss and gradient are multiplied by; at least 0, and not all 0, neither of
        the rows held out nor, unless there is a `class_weight`, of those to learn from. A row of
        weight 0 counts for nothing, though its loss may overflow. Weights far above 1 take an `lr`
        that is as much lower.
    class_weight : "balanced" or dict, optional
        What each class is multiplied by: a number for each label, 1 for those left out, or
        ``n / (number of classes * number of rows of the class)``. One-versus-rest, it is that of
        the class's own rows alone.
    loss : str or Loss
        A name or a value of `fastsgd.losses`.
    penalty : str, Penalty or None
        A name or a value of `fastsgd.penalties`.
    optimizer : str or Optimizer
        A name or a value of `fastsgd.optimizers`.
    batch_size : int
        Rows in a mini-batch; more than n means all n. The last one may be short, and then is
        divided by its own number of rows.
    lr : float, str, Schedule or callable
        The learning rate; or a name or a value of `fastsgd.schedules`; or a function of the
        number of the step. Each mini-batch is a step, and the first one is 0.
    epochs : int
        How often all rows are visited; 0 returns the initial model.
    average : bool or int
        Whether the parameters of the model are the means of those after each step (Polyak-Ruppert
        averaging). An int is the number of the first step that counts, that of the first of all
        being 1, for which True stands. With `resume`, steps are counted from the beginning of the
        first fit. Averages that there are go on, whatever the number is now; those that were to
        begin later do so, but that True lets them begin now; and new ones begin with this fit at
        the earliest. A class that has stopped keeps its means; if it goes on, the parameters that
        it kept count for the steps in between.
    clip_norm : float, optional
        The largest norm of the gradient of the data loss, of w and b together where both are
        learned, and before the penalty; a longer one is shortened to it.
    tol : float, optional
        Stops the fit after `patience` epochs in a row whose loss is not below the lowest one
        before by more than tol, which may be 0. It watches the data loss on the rows held out if
        there are any, else the objective in the history. One-versus-rest, each class stops by
        itself.
    patience : int
        How many epochs without improvement are borne, with `tol`.
    validation : float or (X, y), optional
        Rows held out, on which the data loss is measured after each epoch; then the model
        returned is the best by that, and one-versus-rest each class is. A number is the share of
        the rows, drawn at random, and from each class alike; they count as in the fit. Rows given
        count once each, times the weight that their class has in the fit: where they have weights
        of their own, a `callback` may ask for `Model.evaluate`.
    fit_intercept : bool
        Whether `b` is learned. If not, it stays what it is initially.
    shuffle : bool or "block"
        Whether each epoch visits the rows in a new random order, that of `epoch_order`. If
        not, they are visited from first to last. "block" is for short rows that fit in no cache, of
        which random order reads each by itself: runs of 4 kB of consecutive rows, drawn at random
        from all, are shuffled row by row, up to 128 at a time. It takes 1.1 to 2 times as long as
        no shuffling, where full random order takes 1.2 to 3 times. It learns as from full shuffling
        even where the rows are sorted, but for batches so large that 128 runs are few for one.
        Rows of 256 bytes and more, which gain nothing by it, and those that take no more than
        512 kB together, are fully shuffled.
    drop_last : bool
        Whether a last, short mini-batch is left out of each epoch.
    seed : int, numpy.random.Generator or None
        What decides the initial parameters, the orders and the rows held out: 0 to 2**64 - 1.
        One 64-bit number is drawn from a generator; None takes one from the operating system, or
        from `resume`. `Model.seed` is the number used.
    init : Model or (w, b), optional
        The initial parameters, which are copied. By default ``w ~ N(0, 0.01**2)`` and ``b = 0``.
        A model that has classes has to have those of y.
    resume : Model, optional
        A model whose fit goes on: with its parameters, classes, optimizer state, averages, and
        numbers of steps and epochs, all as they were learned, whatever has been written into its
        `w` since; to begin with that, give the model as `init`. All other arguments but `seed` are
        to be given again: then 3 and 3 more epochs equal 6 to the bit, unless a schedule has a
        horizon. With `validation` the best so far is measured on the rows held out now, and stays
        the best until an epoch is better. What `tol` has stopped goes on only with another `tol`
        or `patience`, or with none, and what an adaptive `lr` has stopped only with another `lr`:
        then its loss is watched anew, and its adaptive rate begins anew.
    epoch_loss : {"running", "full", None}
        The data loss in the history. "running": the mean over the rows visited of the loss that
        each had before its own step, which costs nothing. "full": the mean over all rows that
        are learned from, with the parameters of the model at the end of the epoch, which costs a
        pass over X. None: not recorded.
    callback : callable, optional
        Called as ``callback(model, epoch)`` after each epoch, with a model of its own, as it is
        then and not the best so far, and the epoch's number, from 0. If it returns True, Python's
        or numpy's, the fit ends there.
    progress : bool
        Whether a `tqdm` bar shows the loss and the rows a second.
    n_threads : int or None
        How many threads gather the gradient of a large mini-batch of dense rows, None for one on
        each processor: those of more than 256 rows, and long enough that it pays. The bits of
        the model do not depend on it. With 1 no thread is started.
    check_finite : bool
        Whether X is searched for NaN and infinity before the fit, at memory speed. If not, it
        must not hold any, not even in rows that do not count.

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
        If a parameter stops being finite, or the loss where it is recorded or watched; its
        ``model`` is that of the last finite end of an epoch.
    Interrupted
        At Ctrl-C once the first epoch has begun, within half a second; later while a kernel is
        compiled, which takes some seconds, and for sparse rows with an L2 penalty so strong that
        its steps are made up for one by one. Its ``model`` is that after the last whole mini-batch.
        Before that there is nothing to lose, and Ctrl-C is a plain KeyboardInterrupt.
    Exception
        Whatever else is raised in the epochs is passed on, such as errors of `callback` or of a
        function for `lr`, which is asked for the rates of many steps at once; its ``model``,
        unless it has one, is that after the last whole mini-batch, or at the end of the epoch
        before where it comes out of a loss of your own.

    Warns
    -----
    UserWarning
        If all of what `resume` goes on with has stopped, and no step is taken.
    DivergenceWarning
        If the fit diverged, though all parameters are finite still: the data loss of the model and
        that of the last epoch are above 1e12, and the latter, or of averages the former, is more
        than a million times that of the initial parameters; of classes, but by squared_hinge, more
        than a million times that of the first epoch.

    Notes
    -----
    A step on sparse rows costs what their non-zeros cost.

    What is learned: plain SGD learns from sparse rows what it learns from the same rows given
    dense, if `lr` times a derivative is a normal number of the dtype, with every penalty but the
    cumulative one, which weights pay as their features occur; and so does SGD with momentum at a
    constant rate and without a penalty. All else is lazy: a weight, with all that the optimizer
    remembers of it, its penalty and its decay, changes in the steps in which its feature occurs,
    and in no others. A penalty then counts for less the rarer a feature is, which is another
    objective, and a weight whose feature never occurs stays what it is initially. With momentum,
    weights coast in between, at the rate of the last step before they are needed, or before the end
    of a stretch of the epoch, of which small data have one.

    What takes longer: the steps between two occurrences of a feature are made up for at once, but
    in these cases one by one:

    - with penalties of your own;
    - with L2, or a share of it, that is so strong that alpha times lr may be 1 or more, or above
      1/2 where each feature has an alpha of its own and the rate changes;
    - for averages of plain SGD, where each feature has an alpha of its own, with an elastic net;
      and at a rate that changes with L2 as well, also that of a cumulative penalty.

    An adaptive rate is not one that changes here.

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
    checks.flags(progress=progress, check_finite=check_finite)
    if not (callback is None or callable(callback)):
        raise TypeError(
            f"callback: expected a function of (model, epoch), got {checks.shown(callback)}"
        )
    if not (resume is None or isinstance(resume, Model)):
        raise TypeError(f"resume: expected a Model or None, got {checks.shown(resume)}")
    if init is not None and resume is not None:
        raise ValueError("init: expected None, as resume brings the initial parameters")
    epochs = checks.integer("epochs", epochs, at_least=0)
    settings = checked_settings(
        loss=loss,
        penalty=penalty,
        optimizer=optimizer,
        lr=lr,
        batch_size=batch_size,
        average=average,
        clip_norm=clip_norm,
        tol=tol,
        patience=patience,
        fit_intercept=fit_intercept,
        shuffle=shuffle,
        drop_last=drop_last,
        epoch_loss=epoch_loss,
        n_threads=n_threads,
    )
    _check_watched(settings, validation)
    if resume is not None:
        check_loss(resume, settings.loss)
    problem = prepare(
        X,
        y,
        settings.loss,
        sample_weight,
        class_weight=class_weight,
        classes=None if resume is None else resume.classes,
        check_finite=check_finite,
    )
    settings.check_with(problem)
    validation = held_out.checked(validation, problem, settings.loss)
    seed_used = resume.seed if resume is not None and seed is None else checked_seed(seed)
    held, kept = held_out.split(validation, problem, seed_used)
    _check_some_count(problem, kept, held)
    given = None if init is None else _given(init, problem)
    steps = 0 if resume is None else resume.state.steps
    with compiling(settings.loss, settings.penalty):
        descent = Descent(
            problem,
            settings.for_rows(problem.n if kept is None else kept.size, epochs, steps),
            lambda: _first_state(given, resume, problem, settings, seed_used, held is not None),
            seed_used,
            NO_EPOCHS if resume is None else resume.history,
            held,
            kept,
        )
        if epochs > 0 and descent.has_stopped:
            warnings.warn(
                "resume: all of it has stopped, and takes no more steps; what tol has stopped goes "
                "on with another tol or patience, or with none, what an adaptive lr has stopped "
                "with another lr",
                UserWarning,
                stacklevel=2,
            )
        return _run(descent, epochs, callback, progress)


def _run(
    descent: Descent,
    epochs: int,
    callback: Callable[[Model, int], object] | None,
    progress: bool,
) -> Model:
    """Run the epochs, until the callback or the fit itself wants no more; return the model."""
    visited, last = epochs * descent.visited, descent.epoch + epochs
    with progress_bar(progress, visited) as report:
        try:
            # To hold Ctrl-C back takes 10 us, and so short a fit is over before it matters, but
            # where other threads would wait for ever.
            is_long = may_be_cut(visited, descent.settings.batch_size, descent.row_cost)
            is_held = is_long or descent.team is not None
            with interrupts.held() if is_held else nullcontext(), descent.team or nullcontext():
                is_seen = progress or callback is not None
                while (left := last - descent.epoch) > 0 and not descent.has_stopped:
                    descent.run_epochs(1 if is_seen else left, report)
                    interrupts.answer()
                    if callback is not None and _asks_to_stop(callback, descent):
                        break
                if descent.record.highest_loss > HIGH:
                    descent.warn_if_worse()
                return descent.best_model()
        except KeyboardInterrupt as interrupt:
            raise Interrupted(descent.last_finite_model()) from interrupt
        except Exception as error:
            # Code of the user's, as a rule; what has a model of its own already is left alone, and
            # so is an error that takes none.
            model = descent.last_finite_model()
            with suppress(Exception):
                if not hasattr(error, "model"):
                    error.model = model  # type: ignore[attr-defined]
                    error.add_note("fastsgd: the model as it last was is in its .model")
            raise


def _check_some_count(problem: Problem, kept: Array | None, held: held_out.HeldOut | None) -> None:
    """Refuse rows to learn from, or to hold out, that all count for nothing."""
    name, checked = "class_weight", []
    if problem.class_weight is None:  # which may leave out all rows of one chunk of a stream
        which = "" if kept is None else " of the rows to learn from"
        name, checked = "sample_weight", [(which, problem.data, kept)]
    if held is not None:
        checked.append((" of those held out", held.data, held.rows))
    for which, data, rows in checked:
        if isinstance(data.weights, Unweighted):
            continue
        weights = data.weights.weights
        if not (weights if rows is None else weights[rows]).any():
            raise ValueError(
                f"{name}: expected at least one above 0 as a {weights.dtype}{which}, got none"
            )


def _check_watched(settings: Settings, validation: Any) -> None:
    """Refuse to watch a loss that is not measured."""
    if settings.epoch_loss is None and validation is None and is_watched(settings):
        name = "lr" if settings.tol is None else "tol"
        raise ValueError(
            f"{name}: there is no loss to watch; expected an epoch_loss or a validation"
        )


def _first_state(
    given: Parameters | None,
    resume: Model | None,
    problem: Problem,
    settings: Settings,
    seed: int,
    is_validated: bool,
) -> State:
    """Return the state to begin with; it is the same each time."""
    if resume is not None:
        state = resumed(resume, problem, settings, is_validated)
    elif given is not None:
        state = new_state(copy_of_parameters(given), settings.optimizer)
    else:
        state = new_state(parameters.drawn(seed, problem), settings.optimizer)
    return with_averages(with_debts(state, settings.penalty), settings.first_averaged)


def _given(init: Any, problem: Problem) -> Parameters:
    """Return the parameters that the user gave."""
    known, labels = getattr(init, "classes", None), problem.classes
    if known is not None and (labels is None or not np.array_equal(known, labels)):
        wanted = "without classes" if labels is None else f"of the classes {labels.tolist()}"
        raise ValueError(f"init: expected a Model {wanted}, or (w, b), got one of {known.tolist()}")
    pair = (init.w, init.b) if isinstance(init, Model) else init
    if not isinstance(pair, (tuple, list)) or len(pair) != 2:
        raise TypeError(f"init: expected a Model, a pair (w, b) or None, got {checks.shown(init)}")
    w, b = parameters.checked(
        pair[0], pair[1], problem.d, problem.outputs, problem.dtype, whose="init's "
    )
    return parameters.for_kernels(w, b, problem.dtype)


def _asks_to_stop(callback: Callable[[Model, int], object], descent: Descent) -> bool:
    with interrupts.released():
        answer = callback(descent.model(), descent.epoch - 1)
    return isinstance(answer, checks.BOOLS) and bool(answer)
