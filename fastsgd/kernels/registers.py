"""Rows so short that registers hold them, and sums of them as well.

A row is held in vectors, of several numbers or of one each. The last vector ends where the row
does: of what it has in common with the one before it, the weights are 0, so that no number counts
twice. So nothing beyond the row is read, and the compiler knows how many numbers there are. Where
vectors are of one number, it makes longer ones across rows.

What kernels do with such rows is defined in NumPy, and so it runs in interpreted mode.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir
from numba import config, types
from numba.core import cgutils
from numba.extending import intrinsic, models, register_model

from .prefetch import CACHE_LINE, write_prefetch
from .vectors import HAS_LONGER, INDEX, LONGEST, NUMBERS, Operand, spread

# How many vectors of a row are worth it, with 32 registers of 64 bytes or 16 of 32: so, epochs in
# the caches take 0.65 to 0.9 times as long as by tiles, and with twice as many up to 1.4 times.
MOST_VECTORS = 16 if HAS_LONGER else 6

# And of rows that memory has to bring, though registers do not hold all of it: 300 and 500 features
# take 0.8 to 0.9 times as long as by tiles, 200 in float64 0.78, and with AVX2 100 features 0.66.
MOST_SLOW_VECTORS = 32 if HAS_LONGER else 16


class Shape(NamedTuple):
    """How rows are held, by the lengths of tuples, which are a part of their types."""

    lanes: tuple[None, ...]  # as many as there are numbers in a vector
    vectors: tuple[None, ...]


@cache
def shape_of(d: int, itemsize: int, most_vectors: int = MOST_VECTORS) -> Shape | None:
    """Return how rows of d numbers are held, or None where that takes too many."""
    if d <= 4:
        lanes, vectors = 1, 2 if d <= 2 else 4
    else:
        lanes = next((lanes for lanes in (4, 8) if d <= 2 * lanes), LONGEST // itemsize)
        vectors = -(-d // lanes)
    return Shape((None,) * lanes, (None,) * vectors) if vectors <= most_vectors else None


class Short(types.Type):
    """The type of a row in registers, or of a sum of rows."""

    def __init__(self, dtype: Any, shape: Any) -> None:
        self.dtype = dtype
        self.lanes, self.count = (len(lengths) for lengths in shape.types)
        super().__init__(name=f"Short({dtype}, {self.lanes}, {self.count})")


class _Vectors:
    """What writes code for the vectors of rows: as many numbers each as `lanes`."""

    def __init__(self, short: Short) -> None:
        self.lanes, self.count = short.lanes, short.count
        suffix, self.number = NUMBERS[short.dtype]
        self.itemsize = short.dtype.bitwidth // 8
        self.bytes = self.itemsize * self.lanes
        self.type = self.number if self.lanes == 1 else ir.VectorType(self.number, self.lanes)
        self.all = ir.LiteralStructType([self.type] * self.count)
        # Of scalars, sums may be reordered, so that there are vectors.
        self.flags = ("reassoc", "nsz", "contract") if self.lanes == 1 else ("contract",)
        self._sum = f"llvm.vector.reduce.fadd.v{self.lanes}{suffix}"

    def addresses(self, builder: Any, table: Operand, i: Any) -> list[Any]:
        """Return where the vectors of row i of a table begin."""
        firsts = [INDEX(vector * self.lanes) for vector in range(self.count - 1)]
        last = builder.sub(table.width, INDEX(self.lanes))
        return [table.at(i, f) for f in (*firsts, last)]

    def spread(self, builder: Any, number: Any) -> Any:
        """Return a vector of one number, again and again."""
        return number if self.lanes == 1 else spread(builder, number, self.lanes)

    def steps(self) -> Any:
        """Return how far each number of a vector is from the first one."""
        if self.lanes == 1:
            return INDEX(0)
        return ir.Constant(ir.VectorType(INDEX, self.lanes), list(range(self.lanes)))

    def total(self, builder: Any, vector: Any) -> Any:
        """Return what the numbers of a vector add up to."""
        if self.lanes == 1:
            return vector
        kind = ir.FunctionType(self.number, [self.number, self.type])
        function = cgutils.get_or_insert_function(builder.module, kind, self._sum)
        zero = ir.Constant(self.number, -0.0)
        return builder.call(function, [zero, vector], fastmath=("reassoc",))

    def load(self, builder: Any, addresses: list[Any]) -> list[Any]:
        """Return the vectors that begin at some addresses."""
        pointers = [builder.bitcast(address, self.type.as_pointer()) for address in addresses]
        return [builder.load(pointer, align=self.itemsize) for pointer in pointers]

    def store(self, builder: Any, vectors: list[Any], addresses: list[Any]) -> None:
        """Store vectors where they begin."""
        for vector, address in zip(vectors, addresses, strict=True):
            pointer = builder.bitcast(address, self.type.as_pointer())
            builder.store(vector, pointer, align=self.itemsize)


@register_model(Short)
class _ShortModel(models.PrimitiveModel):
    def __init__(self, manager: Any, short: Short) -> None:
        super().__init__(manager, short, _Vectors(short).all)


def _row(typing_context: Any, shape: Any, table: Any, i: Any) -> Any:
    """Return row i of a table, in registers."""
    short = Short(table.dtype, shape)

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        vectors, table_ = _Vectors(short), Operand(context, builder, table, args[1])
        loaded = vectors.load(builder, vectors.addresses(builder, table_, args[2]))
        return cgutils.make_anonymous_struct(builder, loaded)

    return short(shape, table, types.intp), generate


def _prefetch_row(typing_context: Any, shape: Any, table: Any, i: Any) -> Any:
    """Prefetch row i of a table."""
    short = Short(table.dtype, shape)

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        vectors, table_ = _Vectors(short), Operand(context, builder, table, args[1])
        for vector, address in enumerate(vectors.addresses(builder, table_, args[2])):
            is_end = vector == vectors.count - 1 and vectors.bytes < CACHE_LINE
            if vector * vectors.bytes % CACHE_LINE == 0 and not is_end:
                write_prefetch(builder, address)
        # One or two numbers lie on one line, as memory of numpy's own begins at a
        # multiple of 16 bytes.
        if vectors.lanes * vectors.count > 2:
            end = builder.sub(table_.width, INDEX(1))
            write_prefetch(builder, table_.at(args[2], end))
        return context.get_dummy_value()

    return types.void(shape, table, types.intp), generate


def _weights_of(typing_context: Any, shape: Any, w: Any, j: Any) -> Any:
    """Return the weights of output j, in registers, for rows to be multiplied by."""
    short = Short(w.dtype, shape)

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        vectors, table = _Vectors(short), Operand(context, builder, w, args[1])
        loaded = vectors.load(builder, vectors.addresses(builder, table, args[2]))
        last = builder.sub(table.width, INDEX(vectors.lanes))
        those = builder.add(vectors.spread(builder, last), vectors.steps())
        before = vectors.spread(builder, INDEX((vectors.count - 1) * vectors.lanes))
        is_new = builder.icmp_signed(">=", those, before)
        loaded[-1] = builder.select(is_new, loaded[-1], ir.Constant(vectors.type, None))
        return cgutils.make_anonymous_struct(builder, loaded)

    return short(shape, w, types.intp), generate


def _nothing_like(typing_context: Any, weights: Any) -> Any:
    """Return a sum of no rows."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return ir.Constant(_Vectors(weights).all, None)

    return weights(weights), generate


def _product(typing_context: Any, weights: Any, x: Any) -> Any:
    """Return the product of weights and a row."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        vectors = _Vectors(weights)
        pairs = zip(*(cgutils.unpack_tuple(builder, arg) for arg in args), strict=True)
        products = [builder.fmul(*pair, flags=vectors.flags) for pair in pairs]
        total = products[0]
        for product in products[1:]:
            total = builder.fadd(total, product, flags=vectors.flags)
        return vectors.total(builder, total)

    return weights.dtype(weights, x), generate


def _plus(typing_context: Any, sums: Any, factor: Any, x: Any) -> Any:
    """Return sums plus a row times a factor."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        vectors = _Vectors(sums)
        factors = vectors.spread(builder, args[1])
        pairs = zip(*(cgutils.unpack_tuple(builder, args[i]) for i in (0, 2)), strict=True)
        added = [
            builder.fadd(
                total,
                builder.fmul(factors, number, flags=vectors.flags),
                flags=vectors.flags,
            )
            for total, number in pairs
        ]
        return cgutils.make_anonymous_struct(builder, added)

    return sums(sums, sums.dtype, x), generate


def _add_to(typing_context: Any, table: Any, j: Any, sums: Any) -> Any:
    """Add sums to row j of a table."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        vectors, table_ = _Vectors(sums), Operand(context, builder, table, args[0])
        addresses = vectors.addresses(builder, table_, args[1])
        # All are loaded before one is stored: what vectors have in common is added to once.
        before = vectors.load(builder, addresses)
        added = zip(before, cgutils.unpack_tuple(builder, args[2]), strict=True)
        vectors.store(builder, [builder.fadd(*pair) for pair in added], addresses)
        return context.get_dummy_value()

    return types.void(table, types.intp, sums), generate


def _compiled(code: Callable[..., Any]) -> Callable[[Callable[..., Any]], Any]:
    """Have kernels run this code for a function, which is its definition."""
    return lambda definition: definition if config.DISABLE_JIT else intrinsic(code)


@_compiled(_row)
def row(shape: Any, table: Any, i: Any) -> Any:
    """Return row i of a table."""
    return table[i]


@_compiled(_prefetch_row)
def prefetch_row(shape: Any, table: Any, i: Any) -> None:
    """Prefetch row i of a table."""


@_compiled(_weights_of)
def weights_of(shape: Any, w: Any, j: Any) -> Any:
    """Return the weights of output j, for rows to be multiplied by."""
    return w[j]


@_compiled(_nothing_like)
def nothing_like(weights: Any) -> Any:
    """Return a sum of no rows."""
    return np.zeros_like(weights)


@_compiled(_product)
def product(weights: Any, x: Any) -> Any:
    """Return the product of weights and a row."""
    return weights @ x


@_compiled(_plus)
def plus(sums: Any, factor: Any, x: Any) -> Any:
    """Return sums plus a row times a factor."""
    return sums + factor * x


@_compiled(_add_to)
def add_to(table: Any, j: Any, sums: Any) -> Any:
    """Add sums to row j of a table."""
    table[j] += sums
