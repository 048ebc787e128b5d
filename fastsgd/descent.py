"""A fit under way: its state, and its epochs."""

import math
import warnings
from collections.abc import Callable
from time import perf_counter
from typing import NoReturn

import numpy as np
from numba.core.errors import NumbaError

from . import diverging
from .arrays import Array, filled
from .diverging import HIGH, is_worse, takes_any_weights, told_to_caller
from .errors import DivergenceError, DivergenceWarning
from .evaluation import mean_losses, penalties
from .held_out import HeldOut
from .interrupts import answer, released
from .kernels.averages import Averaged
from .kernels.dense import Dense
from .kernels.epoch import Parameters, Work, run
from .kernels.finite import is_finite
from .model import History, Model
from .order import orders_of
from .penalties import NoPenalty
from .problem import Problem
from .progress import Report
from .recording import Record
from .schedules import Constant, Function
from .settings import Settings
from .state import State, copy_of, follow, learned
from .stopping import Best, is_watched, watch_losses, with_watches
from .stretches import batch_stretches, epochs_in_a_stretch
from .team import team_for
from .work import at_rates, row_cost, work_on

# How many weights are kept at a time, of epochs that run together with a penalty: 4 or 8 MB.
KEPT = 2**20


class Descent:
    """Mini-batch stochastic gradient descent on given data, an epoch at a time.

    It may be interrupted between any two calls of a kernel: these leave the parameters as they
    are after a whole mini-batch, and an epoch enters the history at once.
    """

    def __init__(
        self,
        problem: Problem,
        settings: Settings,
        first_state: Callable[[], State],
        seed: int,
        history: History,
        held_out: HeldOut | None,
        row_numbers: Array | None,
    ) -> None:
        n = problem.n if row_numbers is None else row_numbers.size
        self.problem, self.settings, self.seed = problem, settings, seed
        self.record = Record(history, settings.epoch_loss is not None, held_out is not None)
        self.held_out, self.is_watched = held_out, is_watched(settings)
        self.is_penalized = not isinstance(settings.penalty, NoPenalty)
        self.row_numbers = row_numbers
        self.first_state = first_state
        size = problem.k if problem.is_one_versus_rest else 1
        # Makes the state anew as it was when the epoch under way began, which few fits need.
        self.state_before: Callable[[], State] = lambda: with_watches(first_state(), settings, size)
        self.state = state = self.state_before()
        self.visited = settings.visited(n)
        self.row_cost = row_cost(problem, settings)
        self.orders = orders_of(problem, settings, self.row_cost, seed, row_numbers)
        self.best = Best(None, None)
        if held_out is not None and state.best is not None:
            losses = held_out.losses(state.best, settings.loss)
            self.best = Best(state.best, self._to_watch(losses))
        self.work = work_on(problem, settings, self.state)
        self.team = team_for(self.work, settings.n_threads)
        self.at_once = self._epochs_at_once()
        self.lrs = np.empty(0)  # the learning rates of the last steps taken
        self.highest_lr = 0.0

    def _epochs_at_once(self) -> int:
        """Return how many epochs one call of the kernel runs: short ones, that no one looks at."""
        settings = self.settings
        if self._is_measured:
            return 1
        if self.team is not None:  # which is given one order
            return 1
        if isinstance(settings.schedule, Function):  # which is asked but once for each step
            return 1
        # Of a penalty, the weights after each epoch are kept: those that steps are taken with.
        if self.is_penalized and not isinstance(self.problem.data.rows, Dense):
            return 1
        most = epochs_in_a_stretch(self.visited, settings.batch_size, self.row_cost)
        if self.is_penalized:
            most = min(most, KEPT // self.state.parameters.w.size)
        return max(1, min(most, self.orders.at_once))

    @property
    def _is_measured(self) -> bool:
        """Tell whether anything is to be found out after each epoch but its running loss."""
        is_full = self.settings.epoch_loss == "full"
        return is_full or self.is_watched or self.held_out is not None

    @property
    def epoch(self) -> int:
        """Return the number of the epoch under way, or of the next one."""
        return self.record.count

    @property
    def has_stopped(self) -> bool:
        """Tell whether nothing is learned any more."""
        return self.is_watched and not self.state.memory.pace.any()

    def run_epochs(self, most: int, report: Report) -> None:
        """Run an epoch, or at most so many short ones; raise DivergenceError if one diverges."""
        count = min(most, self.at_once)
        if self.record.epochs:
            state = copy_of(self.state)
            self.state_before = lambda: copy_of(state)
        began = perf_counter()
        loss_sums = np.zeros((count, self.problem.k))
        is_kept = self.is_penalized and self.at_once > 1
        w = self.state.parameters.w
        w_after = np.empty((count if is_kept else 0, *w.shape), w.dtype)
        raised = None
        try:
            is_good = self._visit_rows(loss_sums, w_after, report) and self._remembers_numbers()
        except Exception as error:
            if count == 1 or isinstance(error, NumbaError):  # which would come again
                raise
            is_good, raised = False, error
        seconds = (perf_counter() - began) / count
        if is_good and self._end_epochs(loss_sums, w_after, seconds):
            return
        if count == 1:
            self._diverged()
        # In which epoch it went wrong, and what was before it, is seen one by one.
        self.state = self.state_before()
        self.work = work_on(self.problem, self.settings, self.state)
        try:
            for _ in range(count):
                self.run_epochs(1, report)
                answer()
            if raised is not None:  # of no epoch, as it did not come again, but of a signal, say
                raise raised
        finally:
            del raised  # whose traceback holds this very frame, and so all of the fit

    def _remembers_numbers(self) -> bool:
        """Tell whether what is remembered is finite: after inf, no weight would move."""
        memory, averages = self.state.memory, self.state.memory.averages
        parts = (memory.w, memory.b) if memory.w.size else ()
        if isinstance(averages, Averaged):
            parts += (averages.w, averages.b)
        return not parts or all(is_finite(part.reshape(-1)) for part in parts)

    def _visit_rows(self, loss_sums: Array, w_after: Array, report: Report) -> bool:
        """Take the steps of the epochs; add the losses before them; return if all is finite.

        `loss_sums` has a row for each epoch, and only one where an epoch takes several calls.
        `w_after` has room for the weights after each, or none.
        """
        begin = 0
        for piece in self.orders.pieces(self.epoch, len(loss_sums)):
            sums = loss_sums, w_after
            if self.team is None:
                is_good = self._take_steps(self.work, piece, begin, *sums, report)
            else:
                with self.team.assisting(self.work, piece[0]) as work:
                    is_good = self._take_steps(work, piece, begin, *sums, report)
            if not is_good:
                return False
            begin += piece.shape[1]
        return True

    def _take_steps(
        self,
        work: Work,
        orders: Array,
        begin: int,
        loss_sums: Array,
        w_after: Array,
        report: Report,
    ) -> bool:
        """Take the steps of a piece of the epochs, whose rows begin so far down their orders."""
        block = self.work.way.block_length
        before, batch_size = self.state.steps, self.settings.batch_size
        n = min(orders.shape[1], self.visited - begin)
        for first, last in batch_stretches(n, batch_size, block, self.row_cost):
            t, end = before + first // batch_size, before - (-last // batch_size) * len(loss_sums)
            if first % batch_size == 0:  # else it is the same step as before
                self.lrs = self._rates(t, end)
            ready = at_rates(work, self.settings, self.state, t, self.lrs, orders[0])
            try:
                are_finite = run(
                    ready,
                    orders,
                    first,
                    last,
                    batch_size,
                    self.lrs,
                    t,
                    loss_sums,
                    w_after,
                )
            except Exception:  # of a loss of the user's own, after nobody knows which step
                self.state = self.state_before()
                raise
            if not are_finite:
                return False
            report(last - first, begin + last, loss_sums)
        return True

    def _rates(self, first: int, last: int) -> Array:
        """Return the learning rates of some steps."""
        schedule = self.settings.schedule
        if isinstance(schedule, Constant):
            return filled(last - first, schedule.lr)
        with released():  # which may be a function of the user's
            rates: Array = schedule.rates(np.arange(first, last))
        if not (rates.min() >= 0 and rates.max() < np.inf):
            t = int(np.argmin((rates >= 0) & (rates < np.inf)))
            raise ValueError(
                f"lr: in step {first + t} it is {rates[t]}; expected finite numbers of at least 0"
            )
        self.highest_lr = max(self.highest_lr, float(rates.max()))
        return rates

    def _end_epochs(self, loss_sums: Array, w_after: Array, seconds: float) -> bool:
        """Write down what was learned, if all of it is finite; tell whether it is."""
        written = self.epoch
        try:
            return self._measure_epochs(loss_sums, w_after, seconds)
        except BaseException:
            if self.epoch == written:  # else the state would be ahead of the history
                self.state = self.state_before()
            raise

    def _measure_epochs(self, loss_sums: Array, w_after: Array, seconds: float) -> bool:
        """Measure what is asked for, and write it down if it is finite; tell whether it is."""
        follow(self.state)
        if self._is_measured or (self.is_penalized and self.at_once == 1):
            return self._end_epoch(loss_sums[0] / self.visited, seconds)
        of_weights = [0.0] * len(loss_sums)
        if w_after.size:
            each = penalties(self.settings.penalty, w_after.reshape(-1, w_after.shape[-1]))
            of_weights = each.reshape(loss_sums.shape).sum(axis=1).tolist()
        return self._record(self._data_losses(loss_sums), of_weights, seconds)

    def _data_losses(self, loss_sums: Array) -> list[float]:
        """Return the data loss of each epoch, from the sums over the rows for each output."""
        # The arithmetic of numpy takes 10 us where it has not been used just now.
        if loss_sums.shape[1] == 1:
            return [loss / self.visited for loss in loss_sums.ravel().tolist()]
        means: list[float] = (loss_sums / self.visited).sum(axis=1).tolist()
        return means

    def _end_epoch(self, losses: Array, seconds: float) -> bool:
        """Measure what is asked for after an epoch, write it down, and see what has stopped."""
        settings, values = self.settings, learned(self.state)
        is_full = settings.epoch_loss == "full"
        if is_full:
            losses = self._losses_of(values)
        of_weights = np.zeros_like(losses)
        if self.is_penalized:  # of the weights whose losses there are: the running ones of no mean
            of_weights = penalties(
                settings.penalty, (values if is_full else self.state.parameters).w
            )
        held = None if self.held_out is None else self.held_out.losses(values, settings.loss)
        measured = [float(losses.sum())], [float(of_weights.sum())]
        validation_loss = None if held is None else float(held.sum())
        if not self._record(*measured, seconds, validation_loss):
            return False
        if held is not None:
            self.best.see(self._to_watch(held), values)
            self.state = self.state._replace(best=self.best.parameters)
        if self.is_watched:
            watch_losses(
                settings, self.state, self._to_watch(losses + of_weights if held is None else held)
            )
        return True

    def _record(
        self,
        data_losses: list[float],
        of_weights: list[float],
        seconds: float,
        validation_loss: float | None = None,
    ) -> bool:
        """Write down what was measured of some epochs, if all of it is finite; tell whether."""
        has_losses = self.record.has_losses
        if not math.isfinite((sum(data_losses) if has_losses else 0.0) + sum(of_weights)):
            return False
        if validation_loss is not None and not math.isfinite(validation_loss):
            self._overflowed(validation_loss)
        self.record.add(data_losses, of_weights, seconds, validation_loss)
        return True

    def _to_watch(self, losses: Array) -> Array:
        """Return the losses of all outputs as one, unless each is a problem of its own."""
        return losses if self.problem.is_one_versus_rest else losses.sum(keepdims=True)

    def model(self) -> Model:
        """Return the model as it is now."""
        state = copy_of(self.state)
        return self._model_of(learned(state), state)

    def best_model(self) -> Model:
        """Return the model of the lowest held-out loss, or of the last epoch; nothing follows."""
        return self._model_of(self.best.parameters or learned(self.state), self.state)

    def last_finite_model(self) -> Model:
        """Return the model as it is now if it is finite, else as it last was."""
        finite = all(np.isfinite(part).all() for part in self.state.parameters)
        return self.model() if finite else self._last_model()

    def _last_model(self) -> Model:
        state = self.state_before()
        return self._model_of(learned(state), state)

    def _model_of(self, values: Parameters, state: State) -> Model:
        outputs, loss, classes = self.problem.outputs, self.settings.loss, self.problem.classes
        return Model(values, outputs, loss, self.seed, self.record.history(), classes, state)

    def warn_if_worse(self) -> None:
        """Warn of a fit that diverged, though all numbers are finite still.

        That is when its loss has grown beyond what steps of a bounded length can do, such as those
        of the perceptron; and unless the best model is good.
        """
        # Averages remember steps from which the weights themselves have come back.
        is_averaged = isinstance(self.state.memory.averages, Averaged)
        if not (is_averaged or self.record.last_loss > HIGH):
            return
        of_model = self._loss_of(self.best.parameters or learned(self.state))
        if of_model <= HIGH:
            return
        whose, loss = "in its last epoch", self.record.last_loss
        if is_averaged:
            whose, loss = "with averages, which remember its first steps,", of_model
        when, before = self._loss_before()
        if not is_worse(loss, before):
            return
        told = told_to_caller.get()
        if told is None:
            message = diverging.grew(whose, loss, when, before, self.problem, self._rate())
            warnings.warn(message, DivergenceWarning, stacklevel=4)
        else:
            told.append(loss)

    def _loss_before(self) -> tuple[str, float]:
        """Return when a loss was low, and which it was."""
        if takes_any_weights(self.settings.loss):
            return "in its first", self.record.first_loss
        return "before its first step", self._loss_of(learned(self.first_state()))

    def _losses_of(self, values: Parameters) -> Array:
        """Return the data loss of each output on the rows that are learned from."""
        return mean_losses(self.problem.data, values, self.settings.loss, self.row_numbers)

    def _loss_of(self, values: Parameters) -> float:
        return float(self._losses_of(values).sum())

    def _diverged(self) -> NoReturn:
        record = self.record
        before = record.last_loss if record.epochs else self._loss_of(learned(self.state_before()))
        rate = self._rate()
        message = diverging.stopped_being_finite(self.epoch, before, self.problem, rate)
        raise DivergenceError(message, self._last_model())

    def _overflowed(self, loss: float) -> NoReturn:
        assert self.held_out is not None
        data = self.held_out.data, self.problem.data
        message = diverging.overflowed(self.epoch + 1, loss, *data)
        raise DivergenceError(message, self._last_model())

    def _rate(self) -> float:
        """Return the highest learning rate so far, at the pace of the last steps as they began."""
        highest = max(self.highest_lr, float(self.lrs.max()))
        return highest * float(self.state_before().memory.pace.max())
