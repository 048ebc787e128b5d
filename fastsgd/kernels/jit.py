"""How kernels are compiled: their options, their cache, and calls that depend on a type.

A loss or a kind of row is a ``NamedTuple`` with ordinary methods. A kernel cannot call the
methods of a NamedTuple, so it calls a function decorated with `by_type` instead, and the
compiler puts the method of that very class in its place: ``derivative(loss, y_hat, y)`` becomes
``Squared.derivative(loss, y_hat, y)``, inlined, at no cost.
"""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from numba import config, njit
from numba.core.caching import FunctionCache
from numba.extending import overload

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


def _hash_of_sources() -> str:
    package = Path(__file__).parent.parent
    sources = sorted([*package.glob("*.py"), *package.glob("kernels/*.py")])
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in sources)).hexdigest()


SOURCES = _hash_of_sources()


class _CacheOfAllSources(FunctionCache):
    """Machine code on disk that is stale as soon as any file of this package has changed.

    Numba asks only whether the kernel's own file has changed, but the code of a kernel comes
    from many files: without this, an edited loss would run as it was before.
    """

    def _index_key(self, sig: Any, codegen: Any) -> tuple[Any, ...]:
        return (*super()._index_key(sig, codegen), SOURCES)


def inner(function: F) -> F:
    """Compile a function that kernels call, as if its code stood in theirs.

    What is optimised once in the kernel, not at each level of calls above it as well, takes half
    the time to compile.
    """
    return njit(inline="always", **INTERNAL)(function)


def inner_loop(function: F) -> F:
    """Compile a function that kernels call, on its own first, and then copy its code into theirs.

    For the loops that all time is spent in: optimised alone, they are up to 40 % faster.
    """
    return njit(forceinline=True, **INTERNAL)(function)


def entry(function: F) -> F:
    """Compile a kernel that Python calls, and keep its machine code on disk."""
    kernel = njit(no_cfunc_wrapper=True, **OPTIONS)(function)
    if config.DISABLE_JIT:
        return function
    with suppress(RuntimeError):  # where no directory is writable, each process compiles anew
        kernel._cache = _CacheOfAllSources(function)
    return kernel


def by_type(stub: F) -> F:
    """Let kernels call a method of a NamedTuple, by its name, as a function.

    The stub is what runs in interpreted mode, and names the method and its arguments.
    """

    def method(this: Any, *args: Any) -> Any:
        return getattr(this.instance_class, stub.__name__)

    vars(method)["__signature__"] = inspect.signature(stub)
    overload(stub, strict=False, jit_options={**INTERNAL, "forceinline": True})(method)
    return stub
