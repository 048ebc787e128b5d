"""Losses and penalties of the user's own: plain functions, made members of a family.

The kernels specialise on classes, so each pair of functions gets a class of its own. Its name
holds a fingerprint of all that the functions are made of, and so does the name of the machine
code on disk: code of an edited function is never found again. What functions refer to is copied
first, so that what is compiled is what was there then, whatever becomes of it.
"""

from __future__ import annotations

import hashlib
import math
from collections import namedtuple
from collections.abc import Callable, Iterable
from contextlib import suppress
from types import BuiltinFunctionType, CellType, CodeType, FunctionType, ModuleType
from typing import Any
from uuid import uuid4

import numpy as np
from numba import float64, njit
from numba.core.dispatcher import Dispatcher
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
        kind = () if type(thing) is tuple else _named(thing)
        return *kind, *(_content(part, around) for part in thing)
    if isinstance(thing, CodeType):
        consts = _content(thing.co_consts, around)
        return thing.co_code, thing.co_names, thing.co_varnames, thing.co_freevars, consts
    if isinstance(thing, ModuleType) and thing.__name__.partition(".")[0] in KNOWN_MODULES:
        return thing.__name__
    if isinstance(thing, Dispatcher):
        options = repr(thing.targetoptions), repr(sorted(thing.locals.items()))
        return *options, repr(_only_signatures(thing)), _content_of_function(thing.py_func, around)
    module = getattr(thing, "__module__", None) or ""
    if isinstance(thing, (BuiltinFunctionType, np.ufunc, type)) or module.startswith("numpy"):
        if module.partition(".")[0] in KNOWN_MODULES or isinstance(thing, np.ufunc):
            return module, thing.__name__
    elif isinstance(thing, FunctionType) and (not around or id(thing) in around):
        return _content_of_function(thing, around)
    # So is a plain function that another one calls: what numba compiles for it, an `overload` says.
    raise _UnknownError


def _named(thing: Any) -> tuple[Any, ...]:
    """Return what tells values of a NamedTuple from those of others."""
    if not hasattr(thing, "_fields"):
        raise _UnknownError
    return type(thing).__qualname__, thing._fields


def _only_signatures(dispatcher: Any) -> tuple[Any, ...]:
    """Return the signatures of what numba compiles for no others, else none."""
    return () if dispatcher._can_compile else tuple(dispatcher.nopython_signatures)


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
    copies = {name: frozen(function, {}) for name, function in functions.items()}
    called = [function.__name__ for function in functions.values()]
    mark = fingerprint(family, *called, *copies.values(), *about.values())
    name = f"{family}_{mark or uuid4().hex}"
    if name not in globals():
        cls = _new_class(name, family, mark, functions, copies, about)
        globals().setdefault(name, cls)  # of threads that come at once, all take the same
    return globals()[name]()


def _new_class(
    name: str,
    family: str,
    mark: str | None,
    functions: dict[str, Callable[..., Any]],
    copies: dict[str, Callable[..., Any]],
    about: dict[str, Any],
) -> type:
    """Return a new class; what is pickled of its values are the functions that were given."""
    cls: Any = type(name, (namedtuple(name, ()),), {"__slots__": (), "__module__": __name__})
    cls.family, cls.functions = family, tuple(functions.values())
    cls.name = next(iter(functions.values())).__name__
    # Whether the name says all that the functions do.
    cls.is_known = mark is not None
    cls.__copy__ = cls.__deepcopy__ = lambda self, *_: self
    cls.__repr__ = lambda self: f"custom({cls.name})"
    cls.__reduce__ = lambda self: (member, (family, functions, about))
    equal_within(cls)
    for method, copy in copies.items():
        setattr(cls, method, _as_method(family, copy))
    for attribute, value in about.items():
        setattr(cls, attribute, value)
    return cls  # type: ignore[no-any-return]


def _as_method(family: str, function: Callable[..., Any]) -> Callable[..., Any]:
    if isinstance(function, FunctionType):
        function = inner(function)
    if family == "penalty":
        return lambda self, w, f, length=None: function(w)
    return lambda self, y_hat, y: function(y_hat, y)


def frozen(thing: Any, made: dict[int, Any]) -> Any:
    """Return a copy of a function that refers to what is there now, or of what it refers to.

    Numba reads such things when it compiles, and would see what they have become by then. `made`
    are the copies of the functions that it was met in.
    """
    if id(thing) in made:
        return made[id(thing)]
    if isinstance(thing, np.ndarray):
        return thing.copy()
    if isinstance(thing, tuple):
        parts = [frozen(part, made) for part in thing]
        return thing._make(parts) if hasattr(thing, "_make") else type(thing)(parts)
    if isinstance(thing, Dispatcher):
        return _frozen_dispatcher(thing, made)
    # One that another calls is left alone: numba knows it, if at all, by its identity.
    return _frozen_function(thing, made) if isinstance(thing, FunctionType) and not made else thing


def _frozen_function(function: FunctionType, made: dict[int, Any]) -> FunctionType:
    seen, cells = dict(function.__globals__), function.__closure__ or ()
    closure = tuple(CellType() for _ in cells) or None
    copy = FunctionType(function.__code__, seen, function.__name__, None, closure)
    made = {**made, id(function): copy}
    copy.__defaults__ = frozen(function.__defaults__, made)
    for name in _names(function.__code__) & set(seen):
        seen[name] = frozen(seen[name], made)
    for cell, original in zip(closure or (), cells, strict=True):
        with suppress(ValueError):  # of a variable that has no value yet
            cell.cell_contents = frozen(original.cell_contents, made)
    return copy


def _frozen_dispatcher(dispatcher: Any, made: dict[int, Any]) -> Any:
    copy = type(dispatcher)(
        _frozen_function(dispatcher.py_func, made), dispatcher.locals, dispatcher.targetoptions
    )
    for signature in _only_signatures(dispatcher):
        copy.compile(signature)
    if not dispatcher._can_compile:
        copy.disable_compile()
    return copy


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
        njit(**INTERNAL)(_plain(function)).compile(numbers)
    except NumbaError as error:
        raise TypeError(
            f"{family}: numba cannot compile {function.__name__}; it may use arithmetic, "
            "conditions, `math` and numpy's functions of numbers, and make no arrays or lists. "
            f"Numba says: {error}"
        ) from None


def _plain(function: Any) -> Any:
    """Return the function that numba compiles, if it is one of its own."""
    return function.py_func if isinstance(function, Dispatcher) else function


def check_functions(**functions: Any) -> None:
    """Refuse what is no plain function, nor one that numba has compiled, of numbers in places."""
    for name, function in functions.items():
        plain = _plain(function)
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
