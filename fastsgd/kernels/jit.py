"""How kernels are compiled: their options, their cache, and calls that depend on a type.

A loss or a kind of row is a ``NamedTuple`` with ordinary methods. A kernel cannot call the
methods of a NamedTuple, so it calls a function decorated with `by_type` instead, and the
compiler puts the method of that very class in its place: ``derivative(loss, y_hat, y)`` becomes
``Squared.derivative(loss, y_hat, y)``, inlined, at no cost.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import update_wrapper, wraps
from typing import Any, TypeVar, cast

import llvmlite
import numba
import numpy as np
from numba import config, njit
from numba.core.caching import FunctionCache
from numba.core.compiler_lock import global_compiler_lock
from numba.core.runtime import rtsys
from numba.extending import overload, register_jitable

from .. import forks, garbage, interrupts  # noqa: F401  (forks registers what it does)
from .disk import Files
from .inside import Inside, OwnInside
from .sources import hash_of_all, hash_of_imported

F = TypeVar("F", bound=Callable[..., Any])

# - Sums may be reordered, which lets them run in SIMD registers. "nnan" and "ninf" stay out: with
#   them the compiler would remove every test for NaN and infinity.
# - No references to arrays are counted: kernels make no arrays, and the atomic increments took a
#   fifth of the time of a small mini-batch.
OPTIONS = {
    "nogil": True,
    "_nrt": False,
    "error_model": "numpy",
    "fastmath": {"reassoc", "nsz", "contract"},
}

# What Python never calls needs no way in for Python or C.
INTERNAL = {**OPTIONS, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}

# What is compiled as a part of kernels, and nowhere else.
PART = {**INTERNAL, "forceinline": True, "pipeline_class": OwnInside}

# Where sums and products must not be reordered: what is added last, on purpose, may be what
# rounding took away, and another order may overflow. But a product and a sum may be rounded once:
# epochs of the logistic loss take 0.7 to 0.93 times as long.
EXACT = {**PART, "fastmath": {"contract"}}


# Their code is a part of the machine code, or makes it.
LIBRARIES = numba.__version__, llvmlite.__version__, np.__version__


# Choices of numba's that decide what code it makes, beside those of the processor.
CHOICES = (
    "BOUNDSCHECK",
    "DEBUGINFO_DEFAULT",
    "LOOP_VECTORIZE",
    "OPT",
    "SLP_VECTORIZE",
    "USING_SVML",
)


class _Cache(FunctionCache):
    """Machine code on disk that is stale as soon as any source of it has changed.

    Numba asks only whether the kernel's own file has changed, but the code of a kernel comes
    from many files: without this, an edited loss would run as it was before.
    """

    def __init__(self, function: Any) -> None:
        sources = hash_of_imported()
        if sources is None:
            raise RuntimeError("nobody could tell whether machine code is stale")
        super().__init__(function)
        own_file = self._impl.locator.get_source_stamp()
        version = sources, *LIBRARIES, own_file
        self._cache_file = Files(self._cache_path, self._impl.filename_base, version)

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        # Numba would first load all that it needs to compile, which takes 0.2 s, and compile what
        # counts references to arrays, which takes 18 of the 44 ms of a first fit. Functions of
        # users may do that, but none of ours.
        if any(hasattr(cls, "is_known") for cls in _named_tuples(tuple(sig))):
            rtsys.initialize(target_context)
        return super()._load_overload(sig, target_context) if _is_known(sig) else None

    def _save_overload(self, sig: Any, data: Any) -> None:
        with suppress(OSError):  # where there can be no such folder any more
            # Of sources that have changed by now, nobody knows which were compiled.
            if _is_known(sig) and hash_of_all() == hash_of_imported():
                super()._save_overload(sig, data)

    def _index_key(self, sig: Any, codegen: Any) -> tuple[Any, ...]:
        # Names in the place of types: a class of the user's may be unknown to the next process.
        choices = [str(getattr(config, name)) for name in CHOICES]
        return (names(sig), *super()._index_key(sig, codegen)[1:], *choices)


def _named_tuples(kind: Any) -> list[Any]:
    """Return the classes of all NamedTuples in a type, or in a tuple of types."""
    if hasattr(kind, "instance_class"):
        return [kind.instance_class, *_named_tuples(tuple(kind.types))]
    return [found for part in kind for found in _named_tuples(part)] if type(kind) is tuple else []


def _is_known(sig: Any) -> bool:
    """Tell whether the names of all classes say what their methods do, those of users as well."""
    return all(getattr(cls, "is_known", True) for cls in _named_tuples(tuple(sig)))


def names(sig: Any) -> tuple[Any, ...]:
    """Return names that only equal types share."""
    classes = _named_tuples(tuple(sig))
    named = (f"{cls.__module__}.{cls.__qualname__}{cls._fields}" for cls in classes)
    return (*map(str, sig), *named)


class _Kernel:
    """A function of which numba makes a dispatcher, with machine code on disk, when it is called.

    That takes 0.2 ms, and 6 ms the first time; no process needs those of all kernels. What numba
    asks a kernel for, it is told by the dispatcher.
    """

    def __init__(self, function: Any, options: dict[str, Any]) -> None:
        update_wrapper(self, function)
        self._given = function, options

    def __call__(self, *args: Any) -> Any:
        return self.dispatcher(*args)

    def __reduce__(self) -> str:
        return cast("str", self.__qualname__)  # a copy is the kernel of that name itself

    def __getattr__(self, name: str) -> Any:
        if name == "dispatcher":
            # Of threads that come at once, all take the same: else each would compile it.
            return vars(self).setdefault(name, _dispatcher(*self._given))
        return getattr(self.dispatcher, name)


def _dispatcher(function: Any, options: dict[str, Any]) -> Any:
    dispatcher = njit(**options)(function)
    # Where no directory is writable, or the package is in a zip, each process compiles anew.
    with suppress(RuntimeError):
        dispatcher._cache = _Cache(function)
    dispatcher.compile = _in_peace(dispatcher.compile)
    return dispatcher


def _in_peace(compile: F) -> F:
    """Have numba compile while nobody forks or interrupts it, and no garbage is collected."""

    @wraps(compile)
    def compile_in_peace(*args: Any) -> Any:
        # A KeyboardInterrupt would be forgotten where the compiler calls Python. A tenth of the
        # time of a compilation would go into the collection of garbage.
        with interrupts.held(), global_compiler_lock, garbage.kept():
            return compile(*args)

    return cast("F", compile_in_peace)


def _silent(function: F) -> F:
    @wraps(function)
    def silent(*args: Any) -> Any:
        with np.errstate(all="ignore"):
            return function(*args)

    return cast("F", silent)


def _kernel(function: F, options: dict[str, Any]) -> F:
    if config.DISABLE_JIT:  # machine code does not warn
        return _silent(function)
    return cast("F", _Kernel(function, options))


# What does nothing ends with `return`: of a docstring alone, numba's debug information, which
# profilers ask for, finds no first line.
def inner(function: F) -> F:
    """Compile a function as a part of the kernels that call it; for Python it stays as it is.

    What is optimised once in the kernel, not at each level of calls above it as well, takes half
    the time to compile.
    """
    return register_jitable(**PART)(function)


def inner_of_user(function: F) -> F:
    """Compile a function of the user's so, who may write it in any way that numba has."""
    return register_jitable(**{**PART, "pipeline_class": Inside})(function)


def apart(function: F) -> F:
    """Compile a function that kernels call by its address, and keep its machine code on disk."""
    return _kernel(function, INTERNAL)


def entry(function: F) -> F:
    """Compile a kernel that Python calls, and keep its machine code on disk."""
    return _kernel(function, {**OPTIONS, "no_cfunc_wrapper": True})


def by_type(stub: F, options: dict[str, Any] = PART) -> F:
    """Let kernels call a method of a NamedTuple, by its name, as a function.

    The stub is what runs in interpreted mode, and names the method and its arguments.
    """

    @wraps(stub)  # of which numba asks the signature
    def method(this: Any, *args: Any) -> Any:
        return getattr(this.instance_class, stub.__name__)

    overload(stub, strict=False, jit_options=options)(method)
    return stub


def by_type_exactly(stub: F) -> F:
    """Let kernels call a method so whose sums and products are those that are written."""
    return by_type(stub, EXACT)
