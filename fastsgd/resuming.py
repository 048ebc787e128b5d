"""Fits that go on where another one ended."""

from __future__ import annotations

from typing import Any

from .model import Model
from .problem import Problem
from .settings import Settings
from .state import State, copy_of


def check_loss(model: Model, loss: Any) -> None:
    """Refuse another loss than the model's, which may be one for other targets."""
    if model.loss != loss:
        # Of functions that refer to what cannot be compared, only the very same are equal.
        is_alike = f"{model.loss}" == f"{loss}"
        hint = "; another one of that name: give loss=model.loss" if is_alike else ""
        raise ValueError(f"resume: loss: expected {model.loss}, as in the model, got {loss}{hint}")


def resumed(model: Model, problem: Problem, settings: Settings, is_validated: bool) -> State:
    """Return a copy of the state of a model, if the fit that is to go on is like its own.

    Raises
    ------
    ValueError
        If the model differs in what a state depends on.
    """
    state, history, was = model.state, model.history, model.learned.w
    of_state = (
        ("optimizer", type(state.optimizer).__name__, type(settings.optimizer).__name__),
        ("momentum", *map(_some, (state.optimizer.rule().slots, settings.optimizer.rule().slots))),
        ("features of X", was.shape[1], problem.d),
        ("shape of y", _shape_of_y(model.outputs), _shape_of_y(problem.outputs)),
        ("dtype of X", was.dtype, problem.dtype),
    )
    of_history = (
        ("losses in the history", _some(history.data_loss), _some(settings.epoch_loss)),
        ("validation", _some(history.validation_loss), _some(is_validated)),
    )
    for name, before, now in (*of_state, *(of_history if history.seconds else ())):
        if before != now:
            raise ValueError(f"resume: {name}: expected {before}, as in the model, got {now}")
    return copy_of(state)._replace(optimizer=settings.optimizer)


def _some(thing: Any) -> str:
    return "some" if thing else "none"


def _shape_of_y(outputs: int | None) -> str:
    return "(n,)" if outputs is None else f"(n, {outputs})"
