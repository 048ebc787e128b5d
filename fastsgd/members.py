"""What losses, penalties, optimizers and schedules have in common: they are small values.

A member of a family is a ``NamedTuple`` of numbers with methods. The kernels specialise on its
class and read its numbers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import cache
from numbers import Real
from typing import Any, TypeVar

import numpy as np

from .checks import BOOLS, shown
from .custom import is_custom
from .kernels.attributes import equal_within, having

C = TypeVar("C", bound=type)
Check = Callable[[str, Any], Any]

PACKAGE, *_ = __name__.split(".")

# Families whose members a user may make of functions, and by what.
WITH_CUSTOM = {"loss": "fastsgd.losses.custom", "penalty": "fastsgd.penalties.custom"}

# What others call members of the families: an error names these, where the nearest name misleads.
SYNONYMS = {
    "binary_crossentropy": "logistic",
    "cross_entropy": "softmax",
    "invscaling": "inv_scaling",
    "lasso": "l1",
    "log_loss": "logistic",
    "mae": "absolute",
    "mse": "squared",
    "multinomial": "softmax",
    "ridge": "l2",
    "squared_error": "squared",
}

# And what they call by a name of its own that is a parameter here, of the member of this name.
VALUES = {
    "momentum": ("sgd", "fastsgd.optimizers.SGD(momentum=0.9)"),
    "nesterov": ("sgd", "fastsgd.optimizers.SGD(momentum=0.9, nesterov=True)"),
}


def checked(**checks: Check) -> Callable[[C], C]:
    """Check what a member is made of; each check returns the value that is kept.

    A method `check_together`, if there is one, sees them all. Members of different classes are
    never equal.
    """

    def decorate(cls: C) -> C:
        equal_within(cls)
        make: Callable[..., Any] = cls.__new__

        def make_checked(cls: Any, *args: Any, **kwargs: Any) -> Any:
            given = zip(cls._fields, make(cls, *args, **kwargs), strict=True)
            member = cls._make([checks[name](name, value) for name, value in given])
            if hasattr(cls, "check_together"):
                member.check_together()
            return member

        def replaced(self: Any, **changes: Any) -> Any:
            return type(self)(**{**self._asdict(), **changes})

        make_checked.__wrapped__ = make  # type: ignore[attr-defined]  # for inspect.signature
        return having(__new__=make_checked, _replace=replaced, __replace__=replaced)(cls)

    return decorate


def chosen(argument: str, choice: Any, family: Mapping[str, type]) -> Any:
    """Return a member itself, or the one of that name with its default parameters.

    Raises
    ------
    ValueError
        If no member has that name; the message lists those that there are.
    TypeError
        If `choice` is neither a name nor a member. What a user derives from a member is none: its
        class may share a name with another one, and numba tells classes apart by their names.
    """
    if isinstance(choice, str):
        if choice in family:
            return _default(family[choice])
        raise ValueError(
            f"{argument}: {choice!r} is not known; {_instead_of(choice, family)}, "
            f"and the known ones are {', '.join(map(repr, family))}"
        )
    is_derived = isinstance(choice, tuple(family.values()))
    is_ours = type(choice).__module__.startswith(f"{PACKAGE}.")
    if (is_derived and is_ours) or is_custom(choice, argument):
        return choice
    example = next(iter(family.values()))
    _, module, *_ = example.__module__.split(".")
    hint = ""
    if is_derived:
        hint = f" of the subclass {type(choice).__name__}, which kernels might take for its parent"
    elif isinstance(choice, type) and choice in family.values():
        hint = f", a class; {choice.__name__}(...) is a value of it"
    elif argument == "penalty" and _is_strength(choice):
        hint = f"; {PACKAGE}.penalties.L2({choice}) has that strength"
    elif callable(choice) and not isinstance(choice, type) and argument in WITH_CUSTOM:
        hint = f"; {WITH_CUSTOM[argument]} makes one of functions"
    raise TypeError(
        f"{argument}: expected a name, or a value such as {PACKAGE}.{module}."
        f"{example.__name__}(), got {shown(choice)}{hint}"
    )


def _is_strength(choice: Any) -> bool:
    """Tell whether a choice is a number that a penalty may have as its strength."""
    number: Any = choice if isinstance(choice, Real) and not isinstance(choice, BOOLS) else -1
    return bool(0 <= number < math.inf)


def _instead_of(name: str, family: Mapping[str, type]) -> str:
    """Return what would do in the place of a name that is not known."""
    from difflib import get_close_matches  # only a wrong name needs it

    if name in VALUES and VALUES[name][0] in family:
        return f"{VALUES[name][1]} is a value that does it"
    nearest = SYNONYMS.get(name, "")
    if nearest not in family:
        nearest = get_close_matches(name, family, n=1, cutoff=0.0)[0]
    return f"the nearest name is {nearest!r}"


# To make one, and check its parameters, takes 1 to 2 us of each fit.
@cache
def _default(cls: type) -> Any:
    return cls()


def in_dtype(member: Any, dtype: np.dtype[Any]) -> Any:
    """Return a member with its numbers in the dtype of a fit, so that kernels need no other."""
    # One without numbers is an empty tuple, which is false, and stays what it is.
    return member and member._make(np.asarray(number, dtype)[()] for number in member)
