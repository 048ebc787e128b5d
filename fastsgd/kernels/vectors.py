"""Machine code for vectors: so many numbers side by side that one instruction handles them all.

The compiler makes vectors of plain loops as well. But it takes the features that fill no vector
one by one, where here they are one more vector, masked; and it adds up the numbers of each sum by
itself, where here those of several sums are added up together.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from llvmlite import ir
from numba import config, types
from numba.core import cgutils
from numba.core.codegen import get_host_cpu_features

FEATURES = get_host_cpu_features() if config.CPU_FEATURES is None else config.CPU_FEATURES
HAS_LONGER = "+avx512f" in FEATURES
# The bytes of a vector: a register, or two of 16 bytes, where additions wait less for each other.
LONGEST = 64 if HAS_LONGER else 32

# Within so many bytes of a register numbers are quick to move.
QUICK = 16

INDEX = ir.IntType(64)

# What LLVM calls the types of numbers in the names of its functions, and these types.
NUMBERS = {types.float32: ("f32", ir.FloatType()), types.float64: ("f64", ir.DoubleType())}


def spread(builder: Any, number: Any, count: int) -> Any:
    """Return a vector of one number, so many times."""
    several = ir.VectorType(number.type, count)
    one = builder.insert_element(ir.Constant(several, ir.Undefined), number, INDEX(0))
    return builder.shuffle_vector(one, one, _places([0] * count))


class Operand:
    """A C-contiguous array, as machine code sees it."""

    def __init__(self, context: Any, builder: Any, kind: Any, value: Any) -> None:
        assert kind.layout == "C", kind
        self._context, self._builder, self._dtype = context, builder, kind.dtype
        array = context.make_array(kind)(context, builder, value)
        self._data, self._shape = array.data, cgutils.unpack_tuple(builder, array.shape)
        self.width = self._shape[-1]

    def at(self, *place: Any) -> Any:
        """Return the address of array[i, f], or of array[i]."""
        if self._context.enable_boundscheck:
            for i, length in zip(place, self._shape, strict=True):
                cgutils.do_boundscheck(self._context, self._builder, i, length)
        *row, offset = place
        for i in row:
            offset = self._builder.add(self._builder.mul(i, self.width), offset)
        return self._builder.gep(self._data, [offset])

    def index(self, i: Any) -> Any:
        """Return array[i], which is an index itself."""
        value = self._builder.load(self.at(i))
        return self._context.cast(self._builder, value, self._dtype, types.intp)


class Vectors:
    """What writes code for vectors of numbers of one dtype."""

    def __init__(self, builder: Any, dtype: Any) -> None:
        self.builder = builder
        self._suffix, number = NUMBERS[dtype]
        self._itemsize = dtype.bitwidth // 8
        self.type = ir.VectorType(number, LONGEST // self._itemsize)

    def spread(self, number: Any) -> Any:
        """Return a vector of one number, again and again."""
        return spread(self.builder, number, self.type.count)

    def sum_with_product(self, total: Any, x: Any, y: Any) -> Any:
        """Return total + x * y, rounded once where there is one instruction for it."""
        product = self.builder.fmul(x, y, flags=("contract",))
        return self.builder.fadd(total, product, flags=("contract",))

    def sum_of_products(self, x: Sequence[Any], y: Sequence[Any]) -> Any:
        """Return the sum of all x[i] * y[i], no more than four of which wait for each other."""
        if len(x) > 4:
            halves = (self.sum_of_products(x[of], y[of]) for of in (slice(4), slice(4, None)))
            return self._fenced(self.builder.fadd(*halves))
        total = self.builder.fmul(x[0], y[0], flags=("contract",))
        for i in range(1, len(x)):
            total = self.sum_with_product(total, x[i], y[i])
        return self._fenced(total)

    def _fenced(self, value: Any) -> Any:
        """Have a value computed as it is written, whatever it is added to."""
        return self._call(f"llvm.arithmetic.fence.v{self.type.count}{self._suffix}", [value])

    def for_features(self, d: Any, write: Callable[[Any, Any, Any], None], together: int) -> None:
        """Write code for d features, one vector at a time or so many.

        It is given where the vector begins, and what loads and stores that of a row, by the
        address of the row.
        """
        builder, size = self.builder, INDEX(self.type.count)
        many = INDEX(together * self.type.count)
        whole, grouped = (builder.sub(d, builder.urem(d, length)) for length in (size, many))
        with cgutils.for_range_slice(builder, INDEX(0), grouped, many) as (first, _):
            for i in range(together):
                f = builder.add(first, INDEX(i * self.type.count))
                write(f, *self._access(f))
        if together > 1:
            with cgutils.for_range_slice(builder, grouped, whole, size) as (f, _):
                write(f, *self._access(f))
        with builder.if_then(builder.icmp_signed("<", whole, d)):
            # It ends where the row does: beyond it may be memory that is not near.
            f = builder.sub(d, size)
            f = builder.select(builder.icmp_signed("<", f, INDEX(0)), INDEX(0), f)
            write(whole, *self._masked_access(f, whole, d))

    def keep_loop(self) -> None:
        """Have LLVM not unroll a loop: it leaves those alone that hold assembly, if only none."""
        nothing = ir.FunctionType(ir.VoidType(), [])
        self.builder.asm(nothing, "", "", [], side_effect=True)

    def _access(self, f: Any) -> tuple[Any, Any]:
        def load(row: Any) -> Any:
            return self.builder.load(self._at(row, f), align=self._itemsize)

        def store(vector: Any, row: Any) -> None:
            self.builder.store(vector, self._at(row, f), align=self._itemsize)

        return load, store

    def _masked_access(self, f: Any, first: Any, last: Any) -> tuple[Any, Any]:
        """Return what loads and stores the features first to last - 1 of a vector from f on."""
        builder, align = self.builder, ir.IntType(32)(self._itemsize)
        steps = ir.Constant(ir.VectorType(INDEX, self.type.count), list(range(self.type.count)))
        features = builder.add(self.spread(f), steps)
        mask = builder.and_(
            builder.icmp_signed("<=", self.spread(first), features),
            builder.icmp_signed("<", features, self.spread(last)),
        )
        suffix = f"v{self.type.count}{self._suffix}.p0"

        def load(row: Any) -> Any:
            zeros = ir.Constant(self.type, None)
            return self._call(f"llvm.masked.load.{suffix}", [self._at(row, f), align, mask, zeros])

        def store(vector: Any, row: Any) -> None:
            given = [vector, self._at(row, f), align, mask]
            self._call(f"llvm.masked.store.{suffix}", given, ir.VoidType())

        return load, store

    def _at(self, row: Any, f: Any) -> Any:
        return self.builder.bitcast(self.builder.gep(row, [f]), self.type.as_pointer())

    def _call(self, name: str, given: list[Any], returned: Any = None) -> Any:
        kind = ir.FunctionType(returned or self.type, [value.type for value in given])
        function = cgutils.get_or_insert_function(self.builder.module, kind, name)
        return self.builder.call(function, given)

    def store_totals(self, vectors: Sequence[Any], address: Any) -> None:
        """Store what the numbers of each vector, of eight at most, add up to, side by side."""
        left, vectors = len(vectors), (list(vectors) * 4)[: 8 if len(vectors) > 4 else 4]
        for totals in self._totals(vectors):
            count = min(left, totals.type.count)
            some = self.builder.shuffle_vector(totals, totals, _places(range(count)))
            pointer = self.builder.bitcast(address, some.type.as_pointer())
            self.builder.store(some, pointer, align=self._itemsize)
            address = self.builder.gep(address, [INDEX(count)])
            left -= count
            if left == 0:
                break

    def _totals(self, vectors: list[Any]) -> list[Any]:
        """Return vectors of what the numbers of each of four or eight vectors add up to."""
        # In each vector, parts of the totals of so many stand side by side, again and again: each
        # addition of a pair makes twice as many totals of half as many parts.
        sums, quick = 1, QUICK // self._itemsize
        while vectors[0].type.count > sums:
            block, unit = (quick, 1) if sums < quick else (vectors[0].type.count, quick)
            pairs = [vectors[v : v + 2] for v in range(0, len(vectors), 2)]
            places = _every_other(vectors[0].type.count, block, unit, len(pairs[0]))
            vectors = [
                self.builder.fadd(
                    *(self.builder.shuffle_vector(pair[0], pair[-1], of) for of in places)
                )
                for pair in pairs
            ]
            sums *= len(pairs[0])
        return vectors


def _places(values: Sequence[int]) -> Any:
    return ir.Constant(ir.VectorType(ir.IntType(32), len(values)), list(values))


def _every_other(size: int, block: int, unit: int, vectors: int) -> list[Any]:
    """Return where every other unit of a block is, and where the others are.

    Of each block of one vector, or two, of that size: those in the first, then those in the second.
    """
    return [
        _places(
            [
                vector * size + begin + at + place
                for begin in range(0, size, block)
                for vector in range(vectors)
                for at in range(first, block, 2 * unit)
                for place in range(unit)
            ]
        )
        for first in (0, unit)
    ]
