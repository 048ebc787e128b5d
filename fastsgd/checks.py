"""Checks of what the user gives, and the errors that say what would do instead.

Each message begins with the name of the argument, then says what was given and what is expected.
"""

from __future__ import annotations

import math
import operator
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from numbers import Real
from typing import Any, NoReturn

import numpy as np

from .arrays import Array
from .kernels.finite import is_finite
from .stretches import STRETCH, stretches

BOOLS = (bool, np.bool_)

# Numbers of steps and sums of a few are computed with in 64 bits.
MOST_STEPS = 2**62

# Characters of what was given in an error.
MOST_SHOWN = 100

# The smallest and the largest number that each dtype of the kernels holds in full precision.
RANGES = {
    info.dtype: (float(info.tiny), float(info.max))
    for info in (np.finfo(np.float32), np.finfo(np.float64))
}


def shown(value: Any) -> str:
    """Return what was given in one line: a table in the wrong place would fill the screen.

    Examples
    --------
    >>> shown("adam"), shown(np.zeros((1000, 2)))
    ("'adam'", 'ndarray of shape (1000, 2)')
    """
    try:
        text = repr(value)
    except ValueError:  # of integers of thousands of digits
        return f"{type(value).__name__} that Python does not print"
    if len(text) <= MOST_SHOWN and "\n" not in text:
        return text
    if hasattr(value, "shape"):
        return f"{type(value).__name__} of shape {tuple(value.shape)}"
    return f"{' '.join(text.split())[:MOST_SHOWN]}..."


def integer(name: str, value: Any, *, at_least: int, at_most: int | None = None) -> int:
    """Return `value` as an int, if it is an integer within the bounds."""
    try:
        number = None if isinstance(value, BOOLS) else operator.index(value)
    except TypeError:
        number = None
    if number is not None and at_least <= number and (at_most is None or number <= at_most):
        return number
    allowed = f"an integer of at least {at_least}"
    if at_most is not None:
        allowed = f"an integer from {at_least} to {at_most}"
    if number is None:
        raise TypeError(f"{name}: expected {allowed}, got {shown(value)}")
    raise ValueError(f"{name}: expected {allowed}, got {shown(number)}")


def number(name: str, value: Any, allowed: str, within: Callable[[float], bool]) -> float:
    """Return `value` as a float, if it is a finite number within the range that is `allowed`."""
    if isinstance(value, BOOLS) or not isinstance(value, Real):
        raise TypeError(f"{name}: expected {allowed}, got {shown(value)}")
    try:
        result = float(value)
    except OverflowError:
        result = math.inf
    if not (math.isfinite(result) and within(result)):
        raise ValueError(f"{name}: expected {allowed}, got {shown(value)}")
    return result


def positive(name: str, value: Any) -> float:
    """Return a number above 0."""
    return number(name, value, "a positive, finite number", lambda x: x > 0)


def non_negative(name: str, value: Any) -> float:
    """Return a number of at least 0."""
    return number(name, value, "a finite number of at least 0", lambda x: x >= 0)


def above_one(name: str, value: Any) -> float:
    """Return a number above 1."""
    return number(name, value, "a finite number above 1", lambda x: x > 1)


def fraction(name: str, value: Any) -> float:
    """Return a number between 0 and 1."""
    return number(name, value, "a number above 0 and below 1", lambda x: 0 < x < 1)


def ratio(name: str, value: Any) -> float:
    """Return a number from 0 to 1."""
    return number(name, value, "a number from 0 to 1", lambda x: 0 <= x <= 1)


def ratio_below_one(name: str, value: Any) -> float:
    """Return a number from 0 to 1, without 1."""
    return number(name, value, "a number of at least 0 and below 1", lambda x: 0 <= x < 1)


def tweedie_power(name: str, value: Any) -> float:
    """Return a power for which there is a Tweedie distribution."""
    return number(name, value, "a number that is not between 0 and 1", lambda x: not 0 < x < 1)


def count(name: str, value: Any) -> int:
    """Return an integer of at least 1."""
    return integer(name, value, at_least=1, at_most=MOST_STEPS)


def count_or_zero(name: str, value: Any) -> int:
    """Return an integer of at least 0."""
    return integer(name, value, at_least=0, at_most=MOST_STEPS)


def count_or_none(name: str, value: Any) -> int | None:
    """Return an integer of at least 1, or None."""
    return None if value is None else count(name, value)


def flag(name: str, value: Any) -> bool:
    """Return True or False."""
    flags(**{name: value})
    return bool(value)


def strength(name: str, value: Any) -> Any:
    """Return a number of at least 0, or a read-only array with one for each feature."""
    if isinstance(value, (Real, str)) or value is None:
        return non_negative(name, value)
    given = numbers(name, value)
    if given.ndim == 0:
        return non_negative(name, given.item())
    array = given.astype(np.float64)
    is_series = array.ndim == 1 and array.size > 0 and given.dtype.kind != "b"
    if not (is_series and np.isfinite(array).all() and (array >= 0).all()):
        raise ValueError(
            f"{name}: expected a number, or one for each feature, finite and at least 0, "
            f"got {shown(value)}"
        )
    array.flags.writeable = False
    return array


def series(name: str, value: Any) -> list[float]:
    """Return a sequence of finite numbers as a list of floats."""
    array = numbers(name, value).astype(np.float64)
    if array.ndim != 1 or array.size == 0 or not np.isfinite(array).all():
        raise ValueError(
            f"{name}: expected at least one number in a sequence, all finite, got {shown(value)}"
        )
    return list(map(float, array))


def fits_dtype(name: str, value: float, dtype: np.dtype[Any]) -> None:
    """Check that kernels in `dtype` can use a positive number."""
    smallest, largest = RANGES[dtype]
    if not smallest <= value <= largest:
        raise ValueError(
            f"{name}: expected a number from {smallest:.2g} to {largest:.2g}, the range of "
            f"{dtype}, got {value:g}"
        )


def choice(name: str, value: Any, choices: tuple[Any, ...]) -> None:
    """Check that `value` is one of `choices`."""
    for one in choices:
        if value is one or (isinstance(value, str) and value == one):
            return
    allowed = ", ".join(map(repr, choices))
    raise ValueError(f"{name}: expected one of {allowed}, got {shown(value)}")


def flags(**values: Any) -> None:
    """Check that each value is True or False."""
    for name, value in values.items():
        if not isinstance(value, BOOLS):
            raise TypeError(f"{name}: expected True or False, got {shown(value)}")


def path(value: Any) -> None:
    """Check that `value` is the path of a file."""
    if not isinstance(value, (str, bytes, os.PathLike)):
        raise TypeError(f"path: expected the path of a file, got {shown(value)}")


def numbers(name: str, value: Any) -> Array:
    """Return `value` as an array of real numbers, without a copy where it is one already."""
    array = value if type(value) is np.ndarray else _as_array(name, value)
    if array.dtype.kind not in "biuf":
        kind, hint = type(value).__name__, _hint(name, value, array)
        raise TypeError(
            f"{name}: expected an array of real numbers, got {kind} of dtype {array.dtype}{hint}"
        )
    return array


def _hint(name: str, value: Any, array: Array) -> str:
    """Return what would do in the place of what holds no numbers."""
    if name == "sample_weight" and isinstance(value, str):
        return f"; class_weight={value!r} is what weighs classes"
    if name == "y" and array.ndim > 0 and _has_texts(array):
        return "; labels go with a loss for classes, such as loss='logistic'"
    # Columns of a table of pyarrow are their content.
    named = "column_names" if hasattr(type(value), "column_names") else "columns"
    columns = getattr(value, named, None)
    if columns is not None and array.ndim == 2:
        others = [repr(c) for c, part in zip(columns, array.T, strict=True) if not _are_real(part)]
        if others:
            return f"; {_left_out(others)}"
    return "; np.asarray(..., dtype=float) makes them so" if _are_real(array) else ""


def _left_out(columns: list[str]) -> str:
    """Return what is to be done with columns that are not of numbers."""
    return (
        f"columns that hold other things: {', '.join(columns)}; leave them out, or make numbers "
        "of them"
    )


def _has_texts(array: Array) -> bool:
    """Tell whether some entries are strings."""
    if array.dtype.kind == "O":
        return any(isinstance(entry, str) for entry in array.flat)
    return array.dtype.kind in "SU"


def _are_real(array: Array) -> bool:
    """Tell whether objects or strings can be made real numbers."""
    if array.ndim == 0 or array.dtype.kind not in "OSU":
        return False
    try:
        array.astype(float)
    except (TypeError, ValueError, OverflowError):
        return False
    return True


def _as_array(name: str, value: Any) -> Array:
    """Return an array of what is none, if that loses nothing."""
    if hasattr(value, "tocsr"):
        raise TypeError(
            f"{name}: sparse input of this kind is not supported; {name}.toarray() makes it dense, "
            "if it fits in memory"
        )
    not_lazy(name, value)
    not_of_mxnet(name, value)
    not_masked(name, value)
    _without_times(name, value)
    nullable = _nullable_dtype(value)
    with naming(name):
        if nullable is not None:
            value = value.to_numpy(dtype=nullable, na_value=np.nan)
        return np.asarray(value).view(np.ndarray)


@contextmanager
def naming(name: str) -> Iterator[None]:
    """Say which argument it is that cannot be made an array."""
    try:
        yield
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{name}: cannot be made an array: {error}") from None
    except (TypeError, RuntimeError) as error:  # as those of torch
        raise TypeError(f"{name}: cannot be made an array: {error}") from None


def _without_times(name: str, value: Any) -> None:
    """Refuse columns of dates and times, of which polars makes numbers beside columns of these."""
    dtypes = getattr(value, "dtypes", None)
    if not isinstance(dtypes, list):  # as that of no frame of pandas is
        return
    columns = zip(value.columns, dtypes, strict=True)
    others = [repr(c) for c, dtype in columns if _is_temporal(dtype)]
    if others:
        raise TypeError(
            f"{name}: expected an array of real numbers, got {type(value).__name__}; "
            f"{_left_out(others)}"
        )


def _is_temporal(dtype: Any) -> bool:
    return hasattr(dtype, "is_temporal") and bool(dtype.is_temporal())


def not_lazy(name: str, value: Any) -> None:
    """Refuse frames that have not been computed yet, as polars has them."""
    if hasattr(type(value), "collect") and not hasattr(type(value), "__array__"):
        raise TypeError(
            f"{name}: {type(value).__name__} holds no data yet; {name}.collect() brings them"
        )


def not_of_mxnet(name: str, value: Any) -> None:
    """Refuse arrays of MXNet, which numpy reads number by number, or not at all."""
    if hasattr(value, "asnumpy"):
        raise TypeError(
            f"{name}: {type(value).__name__} is not an array of numpy; {name}.asnumpy() makes "
            "it one"
        )


def not_masked(name: str, value: Any) -> None:
    """Refuse arrays with entries that do not count, and lists of such."""
    kinds = set(map(type, value)) if isinstance(value, (list, tuple)) else {type(value)}
    if any(issubclass(kind, np.ma.MaskedArray) for kind in kinds):
        raise TypeError(
            f"{name}: masked arrays are not supported; fill the masked entries with "
            f"{name}.filled(...) or leave out their rows"
        )


def _nullable_dtype(value: Any) -> np.dtype[Any] | None:
    """Return the dtype for a pandas frame or series of which numpy would make objects.

    Its numbers are nullable, and may be missing, or stand beside bools. None stands for all else,
    which numpy makes an array of by itself.
    """
    dtypes: Any = getattr(value, "dtypes", None)
    if dtypes is None:
        return None
    columns = list(dtypes) if hasattr(dtypes, "__iter__") else [dtypes]
    known = [getattr(column, "numpy_dtype", column) for column in columns]
    if not all(isinstance(dtype, np.dtype) for dtype in known):
        return None
    kinds = {dtype.kind for dtype in known}
    # Of columns of numbers beside others of bools, pandas makes an array of objects.
    is_mixed = "b" in kinds and len(kinds) > 1
    if not kinds <= set("biuf") or (known == columns and not is_mixed):
        return None
    common = np.result_type(*known)
    return common if common.kind == "f" else np.dtype(np.float64)


def shape_of_X(X: Array) -> None:
    """Check that X is a table with at least one row and one column."""
    if X.ndim != 2:
        hint = ""
        if X.ndim == 1:
            hint = (
                "; np.asarray(X).reshape(1, -1) makes one row of it, and "
                "np.asarray(X).reshape(-1, 1) one feature"
            )
        raise ValueError(f"X: expected 2 dimensions (rows, features), got shape {X.shape}{hint}")
    if X.shape[0] == 0 or X.shape[1] == 0:
        raise ValueError(f"X: expected at least one row and one feature, got shape {X.shape}")


def shape_of_y(y: Array, n: int) -> None:
    """Check that y has one target, or one row of targets, for each of n rows."""
    if y.ndim not in (1, 2):
        raise ValueError(f"y: expected shape (n,) or (n, k), got shape {y.shape}")
    if y.shape[0] != n:
        raise ValueError(f"y: expected one entry for each of the {n} rows of X, got {y.shape[0]}")
    if y.ndim == 2 and y.shape[1] == 0:
        raise ValueError(f"y: expected at least one output, got shape {y.shape}")


def finite(name: str, array: Array) -> None:
    """Check that a C-contiguous float array holds neither NaN nor infinity.

    It is read once, at memory speed.
    """
    place = first_non_finite(array.reshape(-1))
    if place is not None:
        index = np.unravel_index(place, array.shape)
        refuse_non_finite(name, index, array[index])


def first_non_finite(flat: Array) -> int | None:
    """Return the place of the first entry that is NaN or infinite."""
    for first, last in stretches(0, flat.size, STRETCH):
        piece = flat[first:last]
        if not is_finite(piece):
            return first + int(np.isfinite(piece).argmin())
    return None


def refuse_non_finite(name: str, index: Iterable[Any], number: Any) -> NoReturn:
    """Raise the error for an entry that is not finite."""
    where = ", ".join(f"{axis} {i}" for axis, i in zip(("row", "column"), index, strict=False))
    raise ValueError(
        f"{name}: {where} is {number} as {number.dtype}; expected finite numbers: "
        "leave out such rows, or fill in a number"
    )


def sample_weight(weights: Array, n: int, outputs: int | None) -> None:
    """Check that there is one weight of at least 0 for each of n rows; NaN passes.

    Where outputs are independent of each other, there may be one for each output of each row.
    """
    shapes = [(n,)] if outputs is None else [(n,), (n, outputs)]
    if weights.shape not in shapes:
        expected = " or ".join(map(str, shapes))
        raise ValueError(
            f"sample_weight: expected shape {expected}, one weight a row of X, got {weights.shape}"
        )
    if (weights < 0).any():
        where = np.argwhere(weights < 0)[0]
        raise ValueError(
            f"sample_weight: row {where[0]} is {weights[tuple(where)]}; expected weights of at "
            "least 0"
        )


def targets_above(y: Array, bound: float, *, strictly: bool, loss: str) -> None:
    """Check that all targets are above a bound, or at it; NaN passes."""
    outside = y <= bound if strictly else y < bound
    if outside.any():
        where = np.argwhere(outside)[0]
        allowed = "above" if strictly else "of at least"
        raise ValueError(
            f"y: row {where[0]} is {y[tuple(where)]:g}; expected targets {allowed} {bound:g}, "
            f"as the loss {loss} does"
        )
