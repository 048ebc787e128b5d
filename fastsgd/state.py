"""What a fit needs to go on where another one ended."""

from typing import Any, NamedTuple

import numpy as np

from .arrays import Array, filled
from .kernels.averages import Averaged, NotAveraged
from .kernels.epoch import Memory, Parameters


class Watch(NamedTuple):
    """The lowest of each of several losses, and for how many epochs none has been lower."""

    lowest: Array
    since: Array
    rule: tuple[float, ...]  # what it goes by; a fit that goes on by another one watches anew


class State(NamedTuple):
    """The state of a fit after a whole mini-batch; all arrays are as the kernels have them."""

    optimizer: Any
    parameters: Parameters  # those of the last step, where the model has averages or the best
    memory: Memory
    watched: Watch | None  # by `tol`
    paced: Watch | None  # by an adaptive learning rate
    stopped: Array  # (k,): how many steps an output that has stopped had taken by then
    best: Parameters | None  # on rows held out; it is never changed in place
    b_scale: float = 1.0  # by what the gradient of `b` is multiplied

    @property
    def steps(self) -> int:
        """Return how many steps have been taken."""
        return int(self.memory.steps[0])


def new_state(parameters: Parameters, optimizer: Any) -> State:
    """Return the state before the first step."""
    k, d = parameters.w.shape
    slots, dtype = optimizer.rule().slots, parameters.w.dtype
    remembered = np.zeros((slots, k, d), dtype), np.zeros((slots, k, 1), dtype)
    memory = Memory(*remembered, NotAveraged(), filled(k, 1.0), np.zeros(1, np.int64))
    return State(optimizer, parameters, memory, None, None, np.zeros(k, np.int64), None)


def copy_of(state: State) -> State:
    """Return a copy that later steps leave as it is."""
    memory, averages = state.memory, state.memory.averages
    if isinstance(averages, Averaged):
        averages = Averaged(averages.w.copy(), averages.b.copy(), averages.first)
    return State(
        state.optimizer,
        copy_of_parameters(state.parameters),
        Memory(memory.w.copy(), memory.b.copy(), averages, memory.pace.copy(), memory.steps.copy()),
        _copy_of(state.watched),
        _copy_of(state.paced),
        state.stopped.copy(),
        state.best and copy_of_parameters(state.best),
        state.b_scale,
    )


def copy_of_parameters(parameters: Parameters) -> Parameters:
    """Return a copy of parameters."""
    return Parameters(parameters.w.copy(), parameters.b.copy())


def _copy_of(watch: Watch | None) -> Watch | None:
    return watch and Watch(watch.lowest.copy(), watch.since.copy(), watch.rule)


def beginning_at(parameters: Parameters, state: State) -> State:
    """Return the state with other parameters, which are the averages as well if there are any."""
    memory, averages = state.memory, state.memory.averages
    if isinstance(averages, Averaged):
        w, b = (np.array(part, float) for part in parameters)
        memory = memory._replace(averages=Averaged(w, b, averages.first))
    return state._replace(parameters=parameters, memory=memory)


def with_averages(state: State, first: int | None) -> State:
    """Return the state with averages from step `first` on, the first one being 0; or with none.

    Averages that there are go on, as do those that are to begin later, but where `first` is 0: then
    they begin now. New ones begin no earlier than now.
    """
    averages: Any = state.memory.averages
    has_averages = not isinstance(averages, NotAveraged)
    waits = has_averages and averages.first > state.steps
    if has_averages == (first is not None) and not (waits and first == 0):
        return state
    if first is None:
        averages = NotAveraged()
    else:
        w, b = (np.array(part, float) for part in state.parameters)
        averages = Averaged(w, b, max(first, state.steps))
    return state._replace(memory=state.memory._replace(averages=averages))


def with_debts(state: State, penalty: Any) -> State:
    """Return the state with room for what the penalty remembers of each weight, or for nothing.

    What it remembers already goes on; a penalty that comes new remembers nothing.
    """
    memory = state.memory
    of_optimizer = len(memory.b)  # as no penalty is on intercepts
    slots = of_optimizer + getattr(penalty, "slots", 0)
    if len(memory.w) == slots:
        return state
    room = np.zeros((slots, *memory.w.shape[1:]), memory.w.dtype)
    room[:of_optimizer] = memory.w[:of_optimizer]
    return state._replace(memory=memory._replace(w=room))


def go_on(state: State, outputs: Array) -> None:
    """Let averages of outputs that now go on count what these rested at, once for each step."""
    averages, parameters = state.memory.averages, state.parameters
    if not isinstance(averages, Averaged):
        return
    for j in np.flatnonzero(outputs):
        rested = state.steps - max(averages.first, state.stopped[j])
        if rested > 0:
            share = rested / (state.steps - averages.first)
            averages.w[j] += share * (parameters.w[j] - averages.w[j])
            averages.b[j] += share * (parameters.b[j] - averages.b[j])


def follow(state: State) -> None:
    """Let averages that have not begun be the parameters: an output may stop before they do."""
    averages = state.memory.averages
    if isinstance(averages, Averaged) and state.steps <= averages.first:
        averages.w[...], averages.b[...] = state.parameters


def learned(state: State) -> Parameters:
    """Return the parameters that have been learned: the averages where there are any yet.

    They may be in the memory of the state, which later steps change.
    """
    averages, dtype = state.memory.averages, state.parameters.w.dtype
    if isinstance(averages, NotAveraged) or state.steps <= averages.first:
        return state.parameters
    return Parameters(*(part.astype(dtype, copy=False) for part in (averages.w, averages.b)))
