"""Rows so short that registers hold them, and sums of them as well.

A row of `half` to twice as many numbers is two parts of `half`: what it begins with, and what it
ends with. Where these overlap, the weights of the second one are 0, so that no number counts twice.
Nothing beyond the row is read, and the compiler knows how many numbers there are. Those of short
parts are scalars, from which it makes vectors across rows; longer parts are vectors themselves.

Kernels are given `half` as a tuple of so many zeros, whose length is a part of its type. What they
do with rows is defined in NumPy, and so it runs in interpreted mode.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import config, types
from numba.core import cgutils
from numba.extending import intrinsic, models, register_model

from .vectors import INDEX, Operand

# The halves that there are, and the longest one whose numbers are scalars.
HALVES, SCALARS = (1, 2, 4, 8), 2

# Sums may be reordered, as in all kernels.
FLAGS = ("reassoc", "nsz", "contract")


def half_of(d: int) -> tuple[int, ...]:
    """Return the shortest half of rows of d numbers, as kernels are given it."""
    return (0,) * next(half for half in HALVES if d <= 2 * half)


class Short(types.Type):
    """The type of a row in registers, or of a sum of rows."""

    def __init__(self, dtype: Any, half: int) -> None:
        self.dtype, self.half = dtype, half
        super().__init__(name=f"Short({dtype}, {half})")


class _Parts:
    """What writes code for the parts of rows: as many numbers each as `lanes`."""

    def __init__(self, short: Short) -> None:
        self.half, self.lanes = short.half, 1 if short.half <= SCALARS else short.half
        self.number, suffix = {
            types.float32: (ir.FloatType(), "f32"),
            types.float64: (ir.DoubleType(), "f64"),
        }[short.dtype]
        self.itemsize = short.dtype.bitwidth // 8
        self.type = self.number if self.lanes == 1 else ir.VectorType(self.number, self.lanes)
        self.all = ir.LiteralStructType([self.type] * (2 * self.half // self.lanes))
        self._sum = f"llvm.vector.reduce.fadd.v{self.lanes}{suffix}"

    def features(self, builder: Any, d: Any) -> list[Any]:
        """Return the first feature of each part."""
        offsets = range(0, self.half, self.lanes)
        ends = [builder.sub(d, INDEX(self.half - offset)) for offset in offsets]
        return [*map(INDEX, offsets), *ends]

    def spread(self, builder: Any, number: Any) -> Any:
        """Return a part of one number, again and again."""
        if self.lanes == 1:
            return number
        several = ir.VectorType(number.type, self.lanes)
        one = builder.insert_element(ir.Constant(several, ir.Undefined), number, INDEX(0))
        places = ir.Constant(ir.VectorType(ir.IntType(32), self.lanes), [0] * self.lanes)
        return builder.shuffle_vector(one, one, places)

    def steps(self) -> Any:
        """Return how far each number of a part is from the first one."""
        if self.lanes == 1:
            return INDEX(0)
        return ir.Constant(ir.VectorType(INDEX, self.lanes), list(range(self.lanes)))

    def total(self, builder: Any, part: Any) -> Any:
        """Return what the numbers of a part add up to."""
        if self.lanes == 1:
            return part
        kind = ir.FunctionType(self.number, [self.number, self.type])
        function = cgutils.get_or_insert_function(builder.module, kind, self._sum)
        return builder.call(function, [ir.Constant(self.number, -0.0), part], fastmath=FLAGS)

    def load(self, builder: Any, addresses: list[Any]) -> list[Any]:
        """Return the parts that begin at some addresses."""
        pointers = [builder.bitcast(address, self.type.as_pointer()) for address in addresses]
        return [builder.load(pointer, align=self.itemsize) for pointer in pointers]

    def store(self, builder: Any, parts: list[Any], addresses: list[Any]) -> None:
        """Store parts where they begin."""
        for part, address in zip(parts, addresses, strict=True):
            pointer = builder.bitcast(address, self.type.as_pointer())
            builder.store(part, pointer, align=self.itemsize)


@register_model(Short)
class _ShortModel(models.PrimitiveModel):
    def __init__(self, manager: Any, short: Short) -> None:
        super().__init__(manager, short, _Parts(short).all)


def _row(typing_context: Any, half: Any, table: Any, i: Any) -> Any:
    """Return row i of a table, in registers."""
    short = Short(table.dtype, len(half))

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        parts, table_ = _Parts(short), Operand(context, builder, table, args[1])
        features = parts.features(builder, table_.width)
        loaded = parts.load(builder, [table_.at(args[2], f) for f in features])
        return cgutils.make_anonymous_struct(builder, loaded)

    return short(half, table, types.intp), generate


def _weights_of(typing_context: Any, half: Any, w: Any, j: Any) -> Any:
    """Return the weights of output j, in registers, for rows to be multiplied by."""
    short = Short(w.dtype, len(half))

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        parts, table = _Parts(short), Operand(context, builder, w, args[1])
        features = parts.features(builder, table.width)
        loaded = parts.load(builder, [table.at(args[2], f) for f in features])
        middle, zeros = len(loaded) // 2, ir.Constant(parts.type, None)
        for at in range(middle, len(loaded)):
            those = builder.add(parts.spread(builder, features[at]), parts.steps())
            is_new = builder.icmp_signed(">=", those, parts.spread(builder, INDEX(parts.half)))
            loaded[at] = builder.select(is_new, loaded[at], zeros)
        return cgutils.make_anonymous_struct(builder, loaded)

    return short(half, w, types.intp), generate


def _nothing_like(typing_context: Any, weights: Any) -> Any:
    """Return a sum of no rows."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return ir.Constant(_Parts(weights).all, None)

    return weights(weights), generate


def _product(typing_context: Any, weights: Any, x: Any) -> Any:
    """Return the product of weights and a row."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        parts = _Parts(weights)
        pairs = zip(*(cgutils.unpack_tuple(builder, arg) for arg in args), strict=True)
        products = [builder.fmul(*pair, flags=FLAGS) for pair in pairs]
        total = products[0]
        for product in products[1:]:
            total = builder.fadd(total, product, flags=FLAGS)
        return parts.total(builder, total)

    return weights.dtype(weights, x), generate


def _plus(typing_context: Any, sums: Any, factor: Any, x: Any) -> Any:
    """Return sums plus a row times a factor."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        parts = _Parts(sums)
        factors = parts.spread(builder, args[1])
        pairs = zip(*(cgutils.unpack_tuple(builder, args[i]) for i in (0, 2)), strict=True)
        added = [
            builder.fadd(total, builder.fmul(factors, number, flags=FLAGS), flags=FLAGS)
            for total, number in pairs
        ]
        return cgutils.make_anonymous_struct(builder, added)

    return sums(sums, sums.dtype, x), generate


def _add_to(typing_context: Any, table: Any, j: Any, sums: Any) -> Any:
    """Add sums to row j of a table."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        parts, table_ = _Parts(sums), Operand(context, builder, table, args[0])
        features = parts.features(builder, table_.width)
        addresses = [table_.at(args[1], f) for f in features]
        # All are loaded before one is stored: what parts have in common is added to once.
        before = parts.load(builder, addresses)
        added = zip(before, cgutils.unpack_tuple(builder, args[2]), strict=True)
        parts.store(builder, [builder.fadd(*pair) for pair in added], addresses)
        return context.get_dummy_value()

    return types.void(table, types.intp, sums), generate


def _compiled(code: Callable[..., Any]) -> Callable[[Callable[..., Any]], Any]:
    """Have kernels run this code for a function, which is its definition."""
    return lambda definition: definition if config.DISABLE_JIT else intrinsic(code)


@_compiled(_row)
def row(half: Any, table: Any, i: Any) -> Any:
    """Return row i of a table."""
    return table[i]


@_compiled(_weights_of)
def weights_of(half: Any, w: Any, j: Any) -> Any:
    """Return the weights of output j, for rows to be multiplied by."""
    return w[j]


@_compiled(_nothing_like)
def nothing_like(weights: Any) -> Any:
    """Return a sum of no rows."""
    return 0 * weights


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
