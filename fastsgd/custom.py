"""Losses and penalties of the user's own: plain functions, made members of a family.

The kernels specialise on classes, so each pair of functions gets a class of its own. Its name
holds a fingerprint of all that the functions are made of, and so does the name of the machine
code on disk: code of an edited function is never found again.
"""

from __future__ import annotations

import hashlib
import math
from collections import namedtuple
from collections.abc import Callable, Iterable
from types import BuiltinFunctionType, CodeType, FunctionType, ModuleType
from typing import Any
from uuid import uuid4

import numpy as np
from numba import float64, njit
from numba.core.errors import NumbaError

from .kernels.attributes import equal_within
from .kernels.jit import INTERNAL, inner

# Modules whose functions are what their names say.
KNOWN_MODULES = {"builtins", "math", "cmath", "numpy", "numba"}


class _UnknownError(Exception):
    """A function refers to something whose content cannot be told."""


def fingerprint(*parts: Any) -> str | None:
    """Return a hash of functions and all that they refer to, or None where that is unknown.

    Examples
    --------
    >>> fingerprint(lambda x: 2 * x) == fingerprint(lambda x: 2 * x)
    True
    >>> fingerprint(lambda x: 2 * x) == fingerprint(lambda x: 3 * x)
    False
    """
    try:
        return hashlib.sha256(repr(_content(parts, ())).encode()).hexdigest()[:32]
    except _UnknownError:
        return None


def _content(thing: Any, around: tuple[int, ...]) -> Any:
    """Return all that decides what `thing` does; `around` are the functions it was met in."""
    if thing is None or isinstance(thing, (bool, int, float, complex, str, bytes)):
        return type(thing).__name__, repr(thing)
    if isinstance(thing, (np.ndarray, np.generic)) and thing.dtype.kind in "biufc":
        return str(thing.dtype), thing.shape, thing.tobytes()
    if isinstance(thing, tuple):
        return tuple(_content(part, around) for part in thing)
    if isinstance(thing, CodeType):
        consts = _content(thing.co_consts, around)
        return thing.co_code, thing.co_names, thing.co_varnames, thing.co_freevars, consts
    if isinstance(thing, ModuleType) and thing.__name__.partition(".")[0] in KNOWN_MODULES:
        return thing.__name__
    if isinstance(getattr(thing, "py_func", None), FunctionType):
        return repr(getattr(thing, "targetoptions", None)), _content(thing.py_func, around)
    module = getattr(thing, "__module__", None) or ""
    if isinstance(thing, (BuiltinFunctionType, np.ufunc, type)) or module.startswith("numpy"):
        if module.partition(".")[0] in KNOWN_MODULES or isinstance(thing, np.ufunc):
            return module, thing.__name__
    elif isinstance(thing, FunctionType):
        return _content_of_function(thing, around)
    raise _UnknownError


def _content_of_function(function: FunctionType, around: tuple[int, ...]) -> Any:
    if id(function) in around:
        return around.index(id(function))
    around = (*around, id(function))
    used = sorted(_names(function.__code__) & set(function.__globals__))
    try:
        cells = [cell.cell_contents for cell in function.__closure__ or ()]
    except ValueError:  # a variable that has no value yet
        raise _UnknownError from None
    parts = (function.__code__, function.__defaults__, *cells)
    globals_used = tuple(function.__globals__[name] for name in used)
    return tuple(used), _content(parts, around), _content(globals_used, around)


def _names(code: CodeType) -> set[str]:
    """Return the names of globals and attributes that a function and those in it use."""
    inside = (const for const in code.co_consts if isinstance(const, CodeType))
    return set(code.co_names).union(*map(_names, inside))


def member(family: str, functions: dict[str, Callable[..., Any]], about: dict[str, Any]) -> Any:
    """Return a member of a family with methods of the user's.

    Parameters
    ----------
    family : str
        "loss" or "penalty".
    functions : dict
        The functions by the names of the methods, with the numbers that they are given.
    about : dict
        Other attributes of the class.
    """
    mark = fingerprint(family, *functions.values(), *about.values())
    name = f"{family}_{mark or uuid4().hex}"
    if name not in globals():
        globals()[name] = _new_class(name, family, mark, functions, about)
    return globals()[name]()


def _new_class(
    name: str,
    family: str,
    mark: str | None,
    functions: dict[str, Callable[..., Any]],
    about: dict[str, Any],
) -> type:
    """Return a new class, which pickle finds in this module as long as the functions are known."""
    cls: Any = type(name, (namedtuple(name, ()),), {"__slots__": (), "__module__": __name__})
    cls.family, cls.functions = family, tuple(functions.values())
    cls.name = next(iter(functions.values())).__name__

    def is_known() -> bool:
        """Tell whether the functions are still what they were when they got their name."""
        return mark is not None and mark == fingerprint(
            family, *functions.values(), *about.values()
        )

    cls.is_known = staticmethod(is_known)
    cls.__repr__ = lambda self: f"custom({cls.name})"
    cls.__reduce__ = lambda self: (member, (family, functions, about))
    equal_within(cls)
    for method, function in functions.items():
        setattr(cls, method, _as_method(family, function))
    for attribute, value in about.items():
        setattr(cls, attribute, value)
    return cls  # type: ignore[no-any-return]


def _as_method(family: str, function: Callable[..., Any]) -> Callable[..., Any]:
    if isinstance(function, FunctionType):
        function = inner(_snapshot(function))
    if family == "penalty":
        return lambda self, w, f, length=None: function(w)
    return lambda self, y_hat, y: function(y_hat, y)


def _snapshot(function: FunctionType) -> FunctionType:
    """Return a function of its own that sees the globals as they are now.

    Numba compiles a function once, and would not see that a global has changed since.
    """
    seen = dict(function.__globals__)
    return FunctionType(
        function.__code__, seen, function.__name__, function.__defaults__, function.__closure__
    )


def is_custom(choice: Any, family: str) -> bool:
    """Tell whether `choice` is a member of that family with methods of the user's."""
    return getattr(type(choice), "family", None) == family and hasattr(type(choice), "is_known")


class compiling:
    """Say which function of the user's numba cannot compile, if that is why a kernel fails."""

    def __init__(self, *members: Any) -> None:
        self.members = members

    def __enter__(self) -> None:
        """Do nothing."""

    def __exit__(self, _: Any, error: BaseException | None, *__: Any) -> None:
        if isinstance(error, NumbaError):
            for one in self.members:
                for function in getattr(type(one), "functions", ()):
                    _check_compiles(type(one).family, function)


def _check_compiles(family: str, function: Callable[..., Any]) -> None:
    numbers = (float64,) * (1 if family == "penalty" else 2)
    try:
        njit(**INTERNAL)(getattr(function, "py_func", function)).compile(numbers)
    except NumbaError as error:
        raise TypeError(
            f"{family}: numba cannot compile {function.__name__}; it may use arithmetic, "
            "conditions, `math` and numpy's functions of numbers, and make no arrays or lists. "
            f"Numba says: {error}"
        ) from None


def check_functions(**functions: Any) -> None:
    """Refuse what is no plain function, nor one that numba has compiled, of numbers in places."""
    for name, function in functions.items():
        plain = getattr(function, "py_func", function)
        if not isinstance(plain, (FunctionType, BuiltinFunctionType, np.ufunc)):
            raise TypeError(
                f"{name}: expected a function, got {function!r}; def or lambda makes one"
            )
        named = getattr(plain, "__kwdefaults__", None)
        if named:
            raise TypeError(
                f"{name}: expected a function of numbers in their places, got {plain.__name__} "
                f"with the keyword-only parameters {', '.join(named)}"
            )


def check_derivative(
    value: Callable[..., Any],
    derivative: Callable[..., Any],
    points: Iterable[tuple[float, ...]],
    names: tuple[str, ...],
) -> None:
    """Compare a derivative by the first number with the slopes of the value on either side.

    It has to lie between them: where they differ, at a kink, all between will do.

    Raises
    ------
    ValueError
        If it does not, or if a value is not a finite number; the message says where.
    """
    for point in points:
        x, rest = point[0], point[1:]
        # The slopes are off by their change over h, which is what lies between them, and by
        # the rounding of the values over h: 1e-11 of them.
        h = 1e-5 * max(1.0, abs(x))
        where = ", ".join(f"{name}={number:g}" for name, number in zip(names, point, strict=True))
        low, middle, high = (_number("value", value, (x + s, *rest), where) for s in (-h, 0.0, h))
        slopes = sorted(((middle - low) / h, (high - middle) / h))
        given = _number("derivative", derivative, point, where)
        slack = 1e-5 * (1 + max(map(abs, slopes))) + 1e-10 * abs(middle)
        if not slopes[0] - slack <= given <= slopes[1] + slack:
            raise ValueError(
                f"derivative: at {where} it is {given:g}, but the slope of value there is "
                f"{slopes[0]:g} on one side and {slopes[1]:g} on the other"
            )


def _number(name: str, function: Callable[..., Any], point: tuple[float, ...], where: str) -> float:
    try:
        with np.errstate(all="ignore"):
            result = float(function(*point))
    except Exception as error:
        raise ValueError(f"{name}: at {where} it raised {error!r}") from error
    if not math.isfinite(result):
        raise ValueError(f"{name}: at {where} it is {result}; expected a finite number")
    return result
