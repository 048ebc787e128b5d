"""What happens to a fit, or to one of its outputs, that no longer improves."""

from __future__ import annotations

import numpy as np

from .arrays import Array
from .kernels.epoch import Parameters
from .schedules import Adaptive
from .settings import Settings
from .state import State, Watch, copy_of_parameters, go_on


def is_watched(settings: Settings) -> bool:
    """Tell whether a fit depends on how its loss goes."""
    return settings.tol is not None or isinstance(settings.schedule, Adaptive)


def with_watches(state: State, settings: Settings, size: int) -> State:
    """Return the state with watches over that many losses.

    Those that there are go on if their rules are still the same. Else they begin anew, and so
    does what they have stopped or slowed down; what goes on after a stop is watched anew by all.
    """
    if not (is_watched(settings) or state.watched or state.paced):
        return state
    schedule, pace = settings.schedule, state.memory.pace
    by_tol = None if settings.tol is None else (settings.tol, settings.patience)
    watched = _by_rule(state.watched, by_tol, size)
    paced = _by_rule(state.paced, tuple(schedule) if isinstance(schedule, Adaptive) else None, size)
    had_stopped = pace == 0
    if paced is not state.paced:
        pace[...] = 1
    elif watched is not state.watched and state.watched is not None:
        # Their rates begin anew as well: they were lost with the stop.
        pace[...] = np.where(had_stopped & _has_ended(state.watched), 1, pace)
    if watched is not None:
        pace[...] = np.where(_has_ended(watched), 0, pace)
    goes_on = had_stopped & (pace > 0)
    for watch in (watched, paced):
        if watch is not None:
            begins = goes_on[: watch.since.size]
            watch.since[begins], watch.lowest[begins] = 0, np.inf
    go_on(state, goes_on)
    return state._replace(watched=watched, paced=paced)


def _by_rule(watch: Watch | None, rule: tuple[float, ...] | None, size: int) -> Watch | None:
    if rule is None:
        return None
    if watch is not None and watch.rule == rule:
        return watch
    return Watch(np.full(size, np.inf), np.zeros(size, np.int64), rule)


def _has_ended(watched: Watch) -> Array:
    """Tell which losses have not improved for as long as `tol` and its patience allow."""
    _, patience = watched.rule
    return np.asarray(watched.since >= patience)


def watch_losses(settings: Settings, state: State, losses: Array) -> None:
    """Take in the losses after an epoch; freeze what no longer improves, or slow it down.

    There is one loss for all outputs, or one for each. The arrays of the state change in place.
    """
    pace, schedule = state.memory.pace, settings.schedule
    watched, paced = state.watched, state.paced
    went_on = pace > 0
    if watched is not None and settings.tol is not None:
        _see(watched, losses, settings.tol, went_on)
        pace[...] = np.where(_has_ended(watched), 0, pace)
    if paced is not None and isinstance(schedule, Adaptive):
        _see(paced, losses, schedule.tol, went_on)
        is_due, slower = paced.since >= schedule.patience, pace / schedule.factor
        slower = np.where(slower * schedule.lr < schedule.smallest, 0, slower)
        pace[...] = np.where(is_due, slower, pace)
        paced.since[is_due] = 0
    state.stopped[went_on & (pace == 0)] = state.steps


def _see(watch: Watch, losses: Array, tol: float, went_on: Array) -> None:
    """Take in the losses of one more epoch, in which to fall by more than `tol` is to improve."""
    since = np.where(losses < watch.lowest - tol, 0, watch.since + 1)
    watch.since[...] = np.where(went_on[: losses.size], since, watch.since)
    np.minimum(watch.lowest, losses, out=watch.lowest)


class Best:
    """The parameters with which the losses were lowest, of all outputs or of each."""

    def __init__(self, parameters: Parameters | None, losses: Array | None) -> None:
        self.parameters, self.lowest = parameters, losses

    def see(self, losses: Array, values: Parameters) -> None:
        """Take in the parameters after one more epoch."""
        if self.parameters is None or self.lowest is None:
            self.parameters = copy_of_parameters(values)
            self.lowest = losses.copy()
            return
        better = losses < self.lowest
        if better.any():
            w, b = self.parameters
            which = np.broadcast_to(better, b.shape)
            w, b = np.where(which[:, None], values.w, w), np.where(which, values.b, b)
            self.parameters, self.lowest = Parameters(w, b), np.where(better, losses, self.lowest)
