"""Tiles: a few rows times a few outputs, so that each number that is loaded serves several sums.

What a tile does is defined in NumPy, and so it runs in interpreted mode; compiled, its sums are
vectors in registers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any, NamedTuple

from llvmlite import ir
from numba import config, types
from numba.core import cgutils
from numba.extending import intrinsic

from .prefetch import write_prefetch
from .vectors import INDEX, Operand, Vectors


class Size(NamedTuple):
    """How large a tile is."""

    rows: int
    outputs: int
    prefetched: int = 0  # how many rows, from further down the order, it prefetches


class Place(NamedTuple):
    """Where a tile is, and how large."""

    p: Any  # where in the order its rows begin
    rows: Any
    j: Any  # the first of its outputs
    outputs: Any
    r: Any  # where the columns for its rows begin
    later: Any  # where in the order the rows that it prefetches begin
    prefetched: Any  # how many these are


def dots(sizes: Sequence[Size]) -> Any:
    """Return a function for kernels that multiplies rows by weights, a tile of one of these sizes.

    Of another size nothing is computed.
    """

    def dot(X: Any, order: Any, place: Place, w: Any, out: Any) -> None:
        """Set out[j : j + outputs, r : r + rows] to products of w and rows of X."""
        p, rows, j, outputs, r, _, _ = place
        out[j : j + outputs, r : r + rows] = w[j : j + outputs] @ X[order[p : p + rows]].T

    def write(tile: _Tile, w: Operand, out: Operand) -> None:
        vectors, builder = tile.vectors, tile.builder
        zeros = ir.Constant(vectors.type, None)
        sums_of = [
            [cgutils.alloca_once_value(builder, zeros) for _ in tile.x] for _ in tile.outputs
        ]

        def add(load: Any, _: Any) -> None:
            numbers = [load(row) for row in tile.x]
            for j, totals in zip(tile.outputs, sums_of, strict=True):
                weights = load(w.at(j, INDEX(0)))
                for total, number in zip(totals, numbers, strict=True):
                    so_far = builder.load(total)
                    builder.store(vectors.sum_with_product(so_far, weights, number), total)

        tile.for_features(w.width, add)
        for j, totals in zip(tile.outputs, sums_of, strict=True):
            vectors.store_totals(
                [builder.load(total) for total in totals], out.at(j, tile.places[0])
            )

    return dot if config.DISABLE_JIT else _compiled(sizes, write)


def sums(sizes: Sequence[Size]) -> Any:
    """Return a function for kernels that adds up rows times factors, a tile of one of these sizes.

    Of another size nothing is computed.
    """

    def add_up(X: Any, order: Any, place: Place, factors: Any, g: Any) -> None:
        """Add rows of X, times factors[j : j + outputs, r : r + rows], to g[j : j + outputs]."""
        p, rows, j, outputs, r, _, _ = place
        g[j : j + outputs] += factors[j : j + outputs, r : r + rows] @ X[order[p : p + rows]]

    def write(tile: _Tile, factors: Operand, g: Operand) -> None:
        vectors, builder = tile.vectors, tile.builder
        spread = [
            [vectors.spread(builder.load(factors.at(j, r))) for r in tile.places]
            for j in tile.outputs
        ]

        def add(load: Any, store: Any) -> None:
            numbers = [load(row) for row in tile.x]
            for j, of_rows in zip(tile.outputs, spread, strict=True):
                row, total = g.at(j, INDEX(0)), vectors.sum_of_products(of_rows, numbers)
                # What the tile before has to have stored first is added last.
                store(builder.fadd(load(row), total), row)

        tile.for_features(g.width, add)

    return add_up if config.DISABLE_JIT else _compiled(sizes, write)


class _Tile:
    """What code is written for: a tile, by the addresses of its rows and the indices of outputs."""

    def __init__(
        self,
        builder: Any,
        dtype: Any,
        size: Size,
        X: Operand,
        order: Operand,
        p: Any,
        j: Any,
        r: Any,
    ) -> None:
        self.builder = builder
        self.vectors = Vectors(builder, dtype)
        self.x = self._rows(X, order, p, size.rows)
        self.outputs = self._from(j, size.outputs)
        self.places = self._from(r, size.rows)
        self._prefetched: list[Any] = []

    def _from(self, first: Any, count: int) -> list[Any]:
        return [self.builder.add(first, INDEX(i)) for i in range(count)]

    def _rows(self, X: Operand, order: Operand, p: Any, count: int) -> list[Any]:
        return [X.at(order.index(place), INDEX(0)) for place in self._from(p, count)]

    def prefetch(self, X: Operand, order: Operand, p: Any, count: int) -> None:
        """Fetch so many rows from place p of the order on, while code for features runs."""
        self._prefetched = self._rows(X, order, p, count)

    def for_features(self, d: Any, add: Callable[[Any, Any], None]) -> None:
        """Write code for each vector of d features, given what loads and stores that of a row."""

        def add_and_prefetch(f: Any, load: Any, store: Any) -> None:
            add(load, store)
            self._prefetch_from(f)

        # Of several outputs, one vector has work enough, and more take 0.2 s to compile. Eight rows
        # to prefetch leave no register free, and two vectors take up to 1.19 times as long.
        has_more = len(self.outputs) > 1 or len(self._prefetched) > 0
        self.vectors.for_features(d, add_and_prefetch, 1 if has_more else 2)
        self._prefetch_from(self.builder.sub(d, INDEX(1)))  # where the row may end in one line more

    def _prefetch_from(self, f: Any) -> None:
        # Unrolled by LLVM, loops that prefetch take longer: without that 10,000 and 20,000 x 300
        # take 0.81 and 0.87 times as long. Others gain by it.
        if self._prefetched:
            self.vectors.keep_loop()
        for row in self._prefetched:
            write_prefetch(self.builder, self.builder.gep(row, [f]))


def _compiled(sizes: Sequence[Size], write: Callable[[_Tile, Operand, Operand], None]) -> Any:
    """Return what `write` writes, for each size."""

    def typed(typing_context: Any, X: Any, order: Any, place: Any, used: Any, changed: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            X_, order_, used_, changed_ = (
                Operand(context, builder, signature.args[i], args[i]) for i in (0, 1, 3, 4)
            )
            p, rows, j, outputs, r, later, prefetched = (
                context.cast(builder, value, kind, types.intp)
                for value, kind in zip(
                    cgutils.unpack_tuple(builder, args[2]), place.types, strict=True
                )
            )
            for size in sizes:
                wanted = ((rows, size.rows), (outputs, size.outputs), (prefetched, size.prefetched))
                is_this = [builder.icmp_signed("==", value, INDEX(of)) for value, of in wanted]
                with builder.if_then(reduce(builder.and_, is_this)):
                    tile = _Tile(builder, X.dtype, size, X_, order_, p, j, r)
                    if size.prefetched > 0:
                        tile.prefetch(X_, order_, later, size.prefetched)
                    write(tile, used_, changed_)
            return context.get_dummy_value()

        return types.void(X, order, place, used, changed), generate

    return intrinsic(typed)
