"""Losses and penalties of the user's own: plain functions, made members of a family.

The kernels specialise on classes, so each pair of functions gets a class of its own. Its name
holds a fingerprint of all that the functions are made of, and so does the name of the machine
code on disk: code of an edited function is never found again. What functions refer to is copied
first, so that what is compiled is what was there then, whatever becomes of it.
"""

from __future__ import annotations

import math
from collections import namedtuple
from collections.abc import Callable, Iterable
from types import BuiltinFunctionType, FunctionType
from typing import Any
from uuid import uuid4

import numpy as np
from numba import float64, njit, types
from numba.core.errors import NumbaError

from .functions import fingerprint, frozen, plain
from .kernels.attributes import equal_within
from .kernels.jit import INTERNAL, inner_of_user

# Predictions or weights at which a derivative is compared: where many losses and penalties have
# their kinks, and others. Saved models hold the values of a loss there.
PLACES = (*np.arange(-10.0, 10.5, 0.5).tolist(), *np.linspace(-3.3, 3.4, 14).tolist())


def member(family: str, functions: dict[str, Callable[..., Any]], about: dict[str, Any]) -> Any:
    """Return a member of a family with methods of the user's.

    Parameters
    ----------
    family : str
        "loss" or "penalty".
    functions : dict
        The functions by the names of the methods.
    about : dict
        Other attributes of the class.
    """
    cls = _class_of(family, functions, about)
    cls.given = functions, about  # the last ones, which pickle finds by their names
    return cls()


def _class_of(family: str, functions: dict[str, Callable[..., Any]], about: dict[str, Any]) -> Any:
    """Return the class of what has these methods, a new one if there is none yet."""
    copies = {name: frozen(function, {}) for name, function in functions.items()}
    called = [function.__name__ for function in functions.values()]
    mark = fingerprint(family, *called, *copies.values(), *about.values())
    name = f"{family}_{mark or uuid4().hex}"
    if name not in globals():
        # Of threads that come at once, all take the same.
        globals().setdefault(name, _new_class(name, family, mark, copies, about))
    return globals()[name]


def _restored(
    family: str, functions: dict[str, Callable[..., Any]], about: dict[str, Any], name: str
) -> Any:
    """Return the member that was pickled, if its functions still do what they did."""
    cls = _class_of(family, functions, about)
    if not hasattr(cls, "given"):  # else pickle would find copies in the place of the originals
        cls.given = functions, about
    again = cls()
    if cls.is_known and cls.__name__ != name:
        raise ValueError(
            f"{family}: what the functions of {again!r} refer to is no longer what it was when it "
            "was made; defaults of further parameters keep what they were"
        )
    return again


def _new_class(
    name: str,
    family: str,
    mark: str | None,
    copies: dict[str, Callable[..., Any]],
    about: dict[str, Any],
) -> type:
    """Return a new class; what is pickled of its values are the functions that were given."""
    cls: Any = type(name, (namedtuple(name, ()),), {"__slots__": (), "__module__": __name__})
    cls.family, cls.functions = family, tuple(copies.values())
    cls.name = next(iter(cls.functions)).__name__
    # Whether the name says all that the functions do.
    cls.is_known = mark is not None
    cls.__copy__ = cls.__deepcopy__ = lambda self, *_: self
    cls.__repr__ = lambda self: f"custom({cls.name})"
    cls.__reduce__ = lambda self: (_restored, (family, *cls.given, name))
    equal_within(cls)
    for method, copy in copies.items():
        setattr(cls, method, _as_method(family, copy))
    for attribute, value in about.items():
        setattr(cls, attribute, value)
    return cls  # type: ignore[no-any-return]


def _as_method(family: str, function: Callable[..., Any]) -> Callable[..., Any]:
    if isinstance(function, FunctionType):
        function = inner_of_user(function)
    if family == "penalty":
        return lambda self, w, *_: function(w)
    return lambda self, y_hat, y: function(y_hat, y)


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
    called = plain(function)
    if not isinstance(called, FunctionType):  # which is all that numba compiles
        ufunc = called
        called = (lambda w: ufunc(w)) if family == "penalty" else (lambda p, t: ufunc(p, t))
    compiled = njit(**INTERNAL)(called)
    try:
        compiled.compile(numbers)
    except NumbaError as error:
        # After what failed comes why, and then page after page of where.
        lines = [*filter(None, map(str.strip, str(error).splitlines()))]
        raise TypeError(
            f"{family}: numba cannot compile {function.__name__}; it may use arithmetic, "
            "conditions (`a if p > t else b`, not np.where), `math` and numpy's functions of "
            f"numbers, and make no arrays or lists. Numba says: {' '.join(lines[1:3] or lines)}"
        ) from None
    result = compiled.nopython_signatures[0].return_type
    if not isinstance(result, (types.Integer, types.Float, types.Boolean)):
        raise TypeError(
            f"{family}: {function.__name__} returns {result}; expected a number on every path"
        ) from None


def check_functions(**functions: Any) -> None:
    """Refuse what is no plain function, nor one that numba has compiled, of numbers in places."""
    for name, function in functions.items():
        compiled = plain(function)
        if not isinstance(compiled, (FunctionType, BuiltinFunctionType, np.ufunc)):
            raise TypeError(
                f"{name}: expected a function, got {function!r}; def or lambda makes one"
            )
        named = getattr(compiled, "__kwdefaults__", None)
        if named:
            raise TypeError(
                f"{name}: expected a function of numbers in their places, got {compiled.__name__} "
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
    compared = []
    for point in points:
        x, rest = point[0], point[1:]
        h = 1e-5 * max(1.0, abs(x))
        where = ", ".join(f"{name}={number:g}" for name, number in zip(names, point, strict=True))
        low, middle, high = (_number("value", value, (x + s, *rest), where) for s in (-h, 0.0, h))
        slopes = sorted(((middle - low) / h, (high - middle) / h))
        given = _number("derivative", derivative, point, where)
        compared.append((where, abs(middle), slopes, given))
    largest = max((abs(slope) for _, _, slopes, _ in compared for slope in slopes), default=0.0)
    size = min(1.0, max(1e-5, largest))
    for where, size_of_value, slopes, given in compared:
        # The slopes are off by their change over h, which is what lies between them, and by
        # the rounding of the values over h: 1e-11 of them, and of what they are a difference of.
        slack = 1e-5 * (size + max(map(abs, slopes))) + 1e-10 * size_of_value
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
