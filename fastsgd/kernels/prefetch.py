"""Prefetching: memory is asked for what will be needed. It is a hint, no more."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import config, types
from numba.core import cgutils
from numba.extending import intrinsic

from .jit import inner

# The bytes of a line, and of a first-level cache at least.
CACHE_LINE, FIRST_CACHE = 64, 2**15


# The first cache holds what is to come as long as it has to: prefetched into the second, all but
# dense rows of more than 16 features took 1.01 to 1.06 times as long.
def write_prefetch(builder: Any, address: Any) -> None:
    """Write code that prefetches the line at an address into the first cache."""
    byte, int32 = ir.IntType(8).as_pointer(), ir.IntType(32)
    function = cgutils.get_or_insert_function(
        builder.module,
        ir.FunctionType(ir.VoidType(), [byte, int32, int32, int32]),
        "llvm.prefetch.p0",
    )
    read, locality, data_not_code = int32(0), int32(3), int32(1)
    builder.call(function, [builder.bitcast(address, byte), read, locality, data_not_code])


def _prefetch_line(typing_context: Any, array: Any, offset: Any) -> Any:
    """Prefetch the cache line that holds the byte at `offset` from the start of `array`."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, args[0]).data
        start = builder.bitcast(data, ir.IntType(8).as_pointer())
        write_prefetch(builder, builder.gep(start, [args[1]]))
        return context.get_dummy_value()

    return types.void(array, types.intp), generate


def _nothing(*args: Any) -> None:
    """Stand in for it in interpreted mode, where there is nothing to gain."""


prefetch_line = _nothing if config.DISABLE_JIT else intrinsic(_prefetch_line)


# Not by a range, which counts its turns first: 784 features and softmax take 1.1 times as long.
@inner
def prefetch_bytes(array: Any, first: Any, last: Any) -> None:
    """Prefetch the bytes first to last - 1 of an array."""
    offset = first
    while offset < last:
        prefetch_line(array, offset)
        offset += CACHE_LINE
    prefetch_line(array, last - 1)
