"""Numbers in an array of int64 that several threads read and change.

What a thread wrote before it changed such a number, another sees once it has read the change.
"""

from __future__ import annotations

from typing import Any

from numba import types
from numba.extending import intrinsic


def _address(context: Any, builder: Any, array_type: Any, array: Any, i: Any) -> Any:
    data = context.make_array(array_type)(context, builder, array).data
    return builder.gep(data, [i])


@intrinsic
def read(typing_context: Any, array: Any, i: Any) -> Any:
    """Return array[i]."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        address = _address(context, builder, signature.args[0], *args)
        return builder.load_atomic(address, "acquire", 8)

    return types.int64(array, types.intp), generate


@intrinsic
def write(typing_context: Any, array: Any, i: Any, value: Any) -> Any:
    """Set array[i]."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        address = _address(context, builder, signature.args[0], *args[:2])
        builder.store_atomic(args[2], address, "release", 8)
        return context.get_dummy_value()

    return types.void(array, types.intp, types.int64), generate


@intrinsic
def add(typing_context: Any, array: Any, i: Any, value: Any) -> Any:
    """Add to array[i]."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        address = _address(context, builder, signature.args[0], *args[:2])
        builder.atomic_rmw("add", address, args[2], "acq_rel")
        return context.get_dummy_value()

    return types.void(array, types.intp, types.int64), generate


@intrinsic
def replace(typing_context: Any, array: Any, i: Any, old: Any, new: Any) -> Any:
    """Set array[i] to `new` if it is `old`; tell whether it was."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        address = _address(context, builder, signature.args[0], *args[:2])
        pair = builder.cmpxchg(address, args[2], args[3], "acq_rel", "acquire")
        return builder.extract_value(pair, 1)

    return types.boolean(array, types.intp, types.int64, types.int64), generate
