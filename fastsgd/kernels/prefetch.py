"""Ask the memory for a row before it is needed: a hint, no more."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import config, types
from numba.core import cgutils
from numba.extending import intrinsic

# The bytes of a line, and of a first-level cache at least.
CACHE_LINE, FIRST_CACHE = 64, 2**15


# The first cache holds what is to come as long as it has to: fetched into the second, all but dense
# rows of more than 16 features took 1.01 to 1.06 times as long.
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
        start = _start(context, builder, signature, args)
        write_prefetch(builder, builder.gep(start, [args[1]]))
        return context.get_dummy_value()

    return types.void(array, types.intp), generate


# As a loop in Python it would take 0.03 of a first fit of sparse rows.
def _prefetch_bytes(typing_context: Any, array: Any, first: Any, last: Any) -> Any:
    """Begin to fetch the bytes first to last - 1 of an array."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        start, (_, begin, end) = _start(context, builder, signature, args), args
        line, one = ir.Constant(begin.type, CACHE_LINE), ir.Constant(begin.type, 1)
        with cgutils.for_range_slice(builder, begin, end, line) as (offset, _):
            write_prefetch(builder, builder.gep(start, [offset]))
        write_prefetch(builder, builder.gep(start, [builder.sub(end, one)]))
        return context.get_dummy_value()

    return types.void(array, types.intp, types.intp), generate


def _start(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    """Write code that finds the first byte of an array, the first of some arguments."""
    data = context.make_array(signature.args[0])(context, builder, args[0]).data
    return builder.bitcast(data, ir.IntType(8).as_pointer())


def _nothing(*args: Any) -> None:
    """Stand in for both in interpreted mode, where there is nothing to gain."""


prefetch_line = _nothing if config.DISABLE_JIT else intrinsic(_prefetch_line)
prefetch_bytes = _nothing if config.DISABLE_JIT else intrinsic(_prefetch_bytes)
