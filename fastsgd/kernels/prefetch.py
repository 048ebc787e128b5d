"""Ask the memory for a row before it is needed: a hint, no more."""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import config, types
from numba.core import cgutils
from numba.extending import intrinsic

from .jit import inner

CACHE_LINE = 64


def write_prefetch(builder: Any, address: Any) -> None:
    """Write code that prefetches the cache line at an address."""
    byte, int32 = ir.IntType(8).as_pointer(), ir.IntType(32)
    function = cgutils.get_or_insert_function(
        builder.module,
        ir.FunctionType(ir.VoidType(), [byte, int32, int32, int32]),
        "llvm.prefetch.p0",
    )
    read, into_l2, data_not_code = int32(0), int32(2), int32(1)
    builder.call(function, [builder.bitcast(address, byte), read, into_l2, data_not_code])


def _prefetch_line(typing_context: Any, array: Any, offset: Any) -> Any:
    """Prefetch the cache line that holds the byte at `offset` from the start of `array`."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, args[0]).data
        start = builder.bitcast(data, ir.IntType(8).as_pointer())
        write_prefetch(builder, builder.gep(start, [args[1]]))
        return context.get_dummy_value()

    return types.void(array, types.intp), generate


def _no_line(array: Any, offset: Any) -> None:
    """Stand in for it in interpreted mode, where there is nothing to gain."""


prefetch_line = _no_line if config.DISABLE_JIT else intrinsic(_prefetch_line)


@inner
def prefetch_short_row(array: Any, i: Any) -> None:
    """Begin to fetch row `i`, of at most 128 bytes, without the loop that longer ones need."""
    row_bytes = array.shape[1] * array.itemsize
    first = np.intp(i) * row_bytes
    prefetch_line(array, first)
    if row_bytes > CACHE_LINE:
        prefetch_line(array, first + CACHE_LINE)
    prefetch_line(array, first + row_bytes - 1)


@inner
def prefetch_bytes(array: Any, first: int, last: int) -> None:
    """Begin to fetch the bytes first to last - 1 of an array."""
    for offset in range(first, last, CACHE_LINE):
        prefetch_line(array, offset)
    prefetch_line(array, last - 1)
