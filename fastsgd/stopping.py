"""What happens to a fit, or to one of its outputs, that no longer improves."""

from __future__ import annotations

from typing import Any

import numpy as np

from .kernels.epoch import Parameters
from .schedules import Adaptive
from .settings import Settings
from .state import State, Watch

Array = np.ndarray[Any, Any]


def is_watched(settings: Settings) -> bool:
    """Tell whether a fit depends on how its loss goes."""
    return settings.tol is not None or isinstance(settings.schedule, Adaptive)


def with_watches(state: State, size: int) -> State:
    """Return the state with watches over that many losses, if there are none yet."""
    watched, paced = (
        watch or Watch(np.full(size, np.inf), np.zeros(size, np.int64))
        for watch in (state.watched, state.paced)
    )
    return state._replace(watched=watched, paced=paced)


def watch(settings: Settings, state: Any, losses: Array) -> None:
    """Take in the losses after an epoch; freeze what no longer improves, or slow it down.

    There is one loss for all outputs, or one for each.
    """
    pace, schedule = state.memory.pace, settings.schedule
    if settings.tol is not None:
        _see(state.watched, losses, settings.tol)
        pace[...] = np.where(state.watched.since >= settings.patience, 0, pace)
    if isinstance(schedule, Adaptive):
        _see(state.paced, losses, schedule.tol)
        slower = np.where(state.paced.since >= schedule.patience, pace / schedule.factor, pace)
        pace[...] = np.where(slower * schedule.lr < schedule.smallest, 0, slower)
        state.paced.since[state.paced.since >= schedule.patience] = 0


def _see(watch: Any, losses: Array, tol: float) -> None:
    """Take in the losses of one more epoch, in which to fall by more than `tol` is to improve."""
    watch.since[...] = np.where(losses < watch.lowest - tol, 0, watch.since + 1)
    np.minimum(watch.lowest, losses, out=watch.lowest)


class Best:
    """The parameters with which the losses were lowest, of all outputs or of each."""

    def __init__(self) -> None:
        self.parameters: Parameters | None = None

    def see(self, losses: Array, values: Parameters) -> None:
        """Take in the parameters after one more epoch."""
        if self.parameters is None:
            self.parameters = Parameters(values.w.copy(), values.b.copy())
            self.lowest = losses.copy()
            return
        better = np.broadcast_to(losses < self.lowest, values.b.shape)
        self.parameters.w[better] = values.w[better]
        self.parameters.b[better] = values.b[better]
        np.minimum(self.lowest, losses, out=self.lowest)
