"""What functions of the user's are made of: a fingerprint of it, and a copy that it cannot change.

Numba reads what a function refers to when it compiles it. By then it may have become something
else, and so it may where compiled code is found again: a fingerprint tells what it was.
"""

from __future__ import annotations

import builtins
import hashlib
import sys
from contextlib import suppress
from dis import get_instructions
from types import CellType, CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np
from numba.core.compiler import Compiler
from numba.core.dispatcher import Dispatcher
from numba.core.types import Type
from numba.core.typing.templates import builtin_registry

# Modules whose functions are what their names say.
KNOWN_MODULES = {"builtins", "math", "cmath", "numpy", "numba"}
# What is known by how it is printed, which classes derived from these may do as they like.
PRINTED = {bool, int, float, complex, str, bytes, type(None)}


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
    seen: dict[int, int | None] = {}
    try:
        contents = [
            _content_of_function(part, seen)
            if isinstance(part, FunctionType)
            else _content(part, seen)
            for part in parts
        ]
    except _UnknownError:
        return None
    return hashlib.sha256(repr(contents).encode()).hexdigest()[:32]


def _content(thing: Any, seen: dict[int, int | None]) -> Any:
    """Return all that decides what `thing` does.

    `seen` are the functions met so far, numbered; those under way have no number yet.
    """
    if type(thing) in PRINTED:
        return type(thing).__name__, repr(thing)
    if isinstance(thing, (np.ndarray, np.generic)) and thing.dtype.kind in "biufc":
        return str(thing.dtype), thing.shape, thing.tobytes()
    if isinstance(thing, tuple):
        kind = () if type(thing) is tuple else _named(thing)
        return *kind, *(_content(part, seen) for part in thing)
    if isinstance(thing, CodeType):
        names = thing.co_names, thing.co_varnames, thing.co_freevars
        shape = thing.co_argcount, thing.co_flags
        protected = thing.co_exceptiontable  # by `try`, which is no part of the code itself
        return thing.co_code, protected, *names, *shape, _content(thing.co_consts, seen)
    if isinstance(thing, ModuleType) and thing.__name__.partition(".")[0] in KNOWN_MODULES:
        return thing.__name__
    if isinstance(thing, Dispatcher):
        return *_told_to_numba(thing), _content_of_function(thing.py_func, seen)
    if isinstance(thing, FunctionType) and id(thing) in seen:
        return _content_of_function(thing, seen)
    if isinstance(thing, Type):  # of numba's
        return type(thing).__name__, str(thing)
    if hasattr(thing, "__name__") and callable(thing):
        return _name_of_known(thing)
    raise _UnknownError


def _name_of_known(function: Any) -> tuple[str, str]:
    """Return the name of a function that is what its name says.

    No plain function of the user's is: what numba compiles for it, an `overload` says.
    """
    name = function.__name__
    module = (
        "numpy" if isinstance(function, np.ufunc) else getattr(function, "__module__", "") or ""
    )
    is_there = getattr(sys.modules.get(module), name, None) is function
    is_known = is_there and module.partition(".")[0] in KNOWN_MODULES
    if not is_known or _has_overload_of_users(function):
        raise _UnknownError
    return module, name


def _has_overload_of_users(function: Any) -> bool:
    """Tell whether another `overload` than numba's own says what it compiles for a function."""
    kinds = [kind for of, kind in builtin_registry.globals if of is function]
    templates = [each for kind in kinds for each in getattr(kind, "templates", ())]
    said = [each._overload_func for each in templates if hasattr(each, "_overload_func")]
    # Of some of numba's own, which it makes from text, no module is known.
    return any((each.__module__ or "numba").partition(".")[0] != "numba" for each in said)


def _told_to_numba(dispatcher: Any) -> tuple[str, ...]:
    """Return what else decides how numba compiles a function."""
    options = dispatcher.targetoptions
    if dispatcher._compiler.pipeline_class is not Compiler or any(map(callable, options.values())):
        raise _UnknownError
    # Sets are printed in an order that differs from process to process.
    ordered = {name: sorted(of) if isinstance(of, set) else of for name, of in options.items()}
    told = ordered, sorted(dispatcher.locals.items()), _only_signatures(dispatcher)
    return tuple(map(repr, told))


def _named(thing: Any) -> tuple[Any, ...]:
    """Return what tells values of a NamedTuple from those of others."""
    if not hasattr(thing, "_fields"):
        raise _UnknownError
    return type(thing).__qualname__, thing._fields


def _only_signatures(dispatcher: Any) -> tuple[Any, ...]:
    """Return the signatures of what numba compiles for no others, else none."""
    return () if dispatcher._can_compile else tuple(dispatcher.nopython_signatures)


def _content_of_function(function: FunctionType, seen: dict[int, int | None]) -> Any:
    if id(function) in seen:
        # Machine code of what calls itself, found on disk, would end the process: numba's linker
        # looks for a part of it in vain.
        if seen[id(function)] is None:
            raise _UnknownError
        return seen[id(function)]
    number = len(seen)
    seen[id(function)] = None
    used = _globals_used(function)
    try:
        cells = [cell.cell_contents for cell in function.__closure__ or ()]
    except ValueError:  # a variable that has no value yet
        raise _UnknownError from None
    parts = (function.__code__, function.__defaults__, *cells)
    globals_used = tuple(used.values())
    values = _values_in_modules((*globals_used, *cells), _attributes(function.__code__))
    content = tuple(used), _content((parts, globals_used, values), seen)
    seen[id(function)] = number
    return content


def _values_in_modules(things: tuple[Any, ...], names: set[str]) -> tuple[Any, ...]:
    """Return what such names stand for in modules: numbers, functions, and what was put there."""
    modules = [thing for thing in things if isinstance(thing, ModuleType)]
    kinds = (bool, int, float, complex, str, tuple, np.ndarray, np.generic, Type)
    values = []
    for module in modules:  # which may grow on the way
        there = [vars(module)[name] for name in sorted(names & vars(module).keys())]
        if any(map(_has_overload_of_users, there)):
            raise _UnknownError
        modules += [one for one in there if isinstance(one, ModuleType) and one not in modules]
        values += [one for one in there if isinstance(one, kinds) or callable(one)]
    return tuple(values)


def _globals_used(function: FunctionType) -> dict[str, Any]:
    """Return the globals that a function uses, in order of their names; Python's own are some."""
    there = vars(builtins) | function.__globals__
    return {name: there[name] for name in sorted(_names(function.__code__) & there.keys())}


def _names(code: CodeType) -> set[str]:
    """Return the names of globals that a function and those in it use."""
    own = {step.argval for step in get_instructions(code) if step.opname == "LOAD_GLOBAL"}
    return own.union(*map(_names, _codes_in(code)))


def _attributes(code: CodeType) -> set[str]:
    """Return the names of attributes, among others, that a function and those in it use."""
    return set(code.co_names).union(*map(_attributes, _codes_in(code)))


def _codes_in(code: CodeType) -> list[CodeType]:
    return [const for const in code.co_consts if isinstance(const, CodeType)]


def frozen(thing: Any, made: dict[int, Any]) -> Any:
    """Return a copy of a function that refers to what is there now, or of what it refers to.

    Numba reads such things when it compiles, and would see what they have become by then. `made`
    are the copies of functions made so far, which may refer to each other.
    """
    if id(thing) in made:
        return made[id(thing)]
    if isinstance(thing, np.ndarray):
        return thing.copy()
    if type(thing) is tuple:
        return tuple(frozen(part, made) for part in thing)
    if isinstance(thing, tuple) and hasattr(thing, "_make"):
        return thing._make(frozen(part, made) for part in thing)
    if isinstance(thing, Dispatcher):
        return _frozen_dispatcher(thing, made)
    # One that another calls is left alone: numba knows it, if at all, by its identity.
    return _frozen_function(thing, made) if isinstance(thing, FunctionType) and not made else thing


def _frozen_function(function: FunctionType, made: dict[int, Any]) -> FunctionType:
    made[id(function)] = copy = _without_references(function)
    _refer(copy, function, made)
    return copy


def _frozen_dispatcher(dispatcher: Any, made: dict[int, Any]) -> Any:
    function, told = _without_references(dispatcher.py_func), dispatcher.targetoptions
    pipeline = dispatcher._compiler.pipeline_class
    made[id(dispatcher)] = copy = type(dispatcher)(function, dispatcher.locals, told, pipeline)
    _refer(function, dispatcher.py_func, made)
    for signature in _only_signatures(dispatcher):
        copy.compile(signature)
    if not dispatcher._can_compile:
        copy.disable_compile()
    return copy


def _without_references(function: FunctionType) -> FunctionType:
    """Return a copy of a function that refers to nothing yet, as it may refer to itself.

    It is of this module: numba imports that of what it finds on disk, and that of the user's may
    by then have another name, or none.
    """
    closure = tuple(CellType() for _ in function.__closure__ or ()) or None
    there = {"__name__": __name__}
    return FunctionType(function.__code__, there, function.__name__, None, closure)


def _refer(copy: FunctionType, function: FunctionType, made: dict[int, Any]) -> None:
    """Let a copy of a function refer to copies of what the function refers to."""
    copy.__defaults__ = frozen(function.__defaults__, made)
    used = {name: frozen(thing, made) for name, thing in _globals_used(function).items()}
    # No more than those: what else the user's module holds now would stay in memory for ever.
    copy.__globals__.update({"__builtins__": function.__globals__.get("__builtins__")} | used)
    for cell, original in zip(copy.__closure__ or (), function.__closure__ or (), strict=True):
        with suppress(ValueError):  # of a variable that has no value yet
            cell.cell_contents = frozen(original.cell_contents, made)


def plain(function: Any) -> Any:
    """Return the function that numba compiles, if it is one of its own."""
    return function.py_func if isinstance(function, Dispatcher) else function
