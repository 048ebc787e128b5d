"""Kernels that other kernels call by their address.

Such a one is compiled once, and is the same machine code whoever calls it. A function that is
compiled along with each kernel that calls it takes the time of each, and may add up in an order of
each.
"""

from __future__ import annotations

import zlib
from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir
from numba import config, typeof, types
from numba.core import cgutils
from numba.extending import intrinsic

from .jit import names


class Callee(NamedTuple):
    """A kernel that returns nothing, compiled for arguments of certain types."""

    address: int
    kinds: int  # a number that stands for the types


def callee(kernel: Any, *like: Any) -> Any:
    """Return a kernel as others can call it, for arguments of the types of those given."""
    if config.DISABLE_JIT:
        return kernel
    key = kernel, _layout(like)
    if key not in _known:
        _known[key] = _compiled(kernel.dispatcher, tuple(map(typeof, like)))
    return _known[key]


# To ask numba for the types takes 0.1 ms.
_known: dict[Any, Callee] = {}

# Classes of which all values are of one type.
PLAIN = {bool, float, int, type(None)}


def _layout(value: Any) -> Any:
    """Return what the type of a value depends on."""
    if isinstance(value, tuple):
        return (type(value), *map(_layout, value))
    if isinstance(value, np.ndarray):
        return value.dtype, value.ndim, value.flags.num
    return type(value) if type(value) in PLAIN else typeof(value)


def _compiled(dispatcher: Any, kinds: tuple[Any, ...]) -> Callee:
    if kinds not in dispatcher.overloads:
        dispatcher.compile(kinds)
    compiled = dispatcher.overloads[kinds]
    address = compiled.library.get_pointer_to_function(compiled.fndesc.llvm_func_name)
    return Callee(address, _number(kinds))


def _number(kinds: tuple[Any, ...]) -> int:
    return zlib.crc32(repr(names(kinds)).encode())


def _call(typing_context: Any, called: Any, arguments: Any) -> Any:
    """Call a callee with a tuple of arguments; fail if their types have other names than its."""
    kinds = tuple(map(types.unliteral, arguments.types))

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        address, number = cgutils.unpack_tuple(builder, args[0])
        convention = context.call_conv
        is_other = builder.icmp_unsigned("!=", number, ir.Constant(number.type, _number(kinds)))
        with cgutils.if_unlikely(builder, is_other):
            message = "a callee was compiled for other types than those it is called with"
            convention.return_user_exc(builder, TypeError, (message,))
        kind = convention.get_function_type(types.none, kinds)
        pointer = builder.inttoptr(address, kind.as_pointer())
        values = cgutils.unpack_tuple(builder, args[1])
        status, _ = convention.call_function(builder, pointer, types.none, kinds, values)
        with cgutils.if_unlikely(builder, status.is_error):
            convention.return_status_propagate(builder, status)
        return context.get_dummy_value()

    return types.void(called, types.Tuple(kinds)), generate


def _call_interpreted(called: Any, arguments: Any) -> None:
    called(*arguments)


call = _call_interpreted if config.DISABLE_JIT else intrinsic(_call)
