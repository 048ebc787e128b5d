"""How rows, targets and weights are held while kernels read them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from . import checks, labels
from .kernels.dense import Dense
from .kernels.epoch import Data
from .kernels.targets import Classes, OneVersusRest, Values
from .kernels.weights import Unweighted, Weighted, WeightedByOutput
from .kinds import BINARY, MULTICLASS, REGRESSION

Array = np.ndarray[Any, Any]


class Problem(NamedTuple):
    """Checked data, and what they say of the model."""

    data: Data
    outputs: int | None  # of y of shape (n, k) or of k classes; None for one that is a scalar
    classes: Array | None  # the labels in order, where there are classes

    @property
    def n(self) -> int:
        """Return the number of rows."""
        return int(self.data.rows.X.shape[0])

    @property
    def d(self) -> int:
        """Return the number of features."""
        return int(self.data.rows.X.shape[1])

    @property
    def k(self) -> int:
        """Return the number of outputs."""
        return 1 if self.outputs is None else self.outputs

    @property
    def dtype(self) -> np.dtype[Any]:
        """Return the dtype in which all is computed."""
        return self.data.rows.X.dtype  # type: ignore[no-any-return]

    @property
    def is_one_versus_rest(self) -> bool:
        """Tell whether each output is a problem of its own."""
        return isinstance(self.data.targets, OneVersusRest) and self.k > 1


def dense(X: Any) -> Array:
    """Return X as the kernels read it: C-contiguous float32 or float64, and read-only.

    What is so already is not copied. Integers and bools become float64 and float16 float32.
    """
    array = checks.numbers("X", X)
    checks.shape_of_X(array)
    return readable(array, float_dtype(array.dtype))


def float_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return the dtype in which numbers of `dtype` are computed with."""
    if dtype.kind == "f" and dtype.itemsize <= 4:
        return np.dtype(np.float32)
    return np.dtype(np.float64)


def readable(array: Array, dtype: np.dtype[Any]) -> Array:
    """Return a read-only view of a C-contiguous array of `dtype`, copied only if it is not one.

    Kernels are compiled for read-only input alone: memory-mapped files need no others, and what
    the user gave cannot be written to.
    """
    if array.dtype != dtype:
        with np.errstate(over="ignore"):  # what is too large becomes inf, which is checked for
            array = array.astype(dtype, order="C")
    if not (array.flags.c_contiguous and array.flags.aligned):
        array = np.require(array, requirements=["C_CONTIGUOUS", "ALIGNED"])
    view = array.view()
    view.flags.writeable = False
    return view


def prepare(
    X: Any,
    y: Any,
    loss: Any,
    sample_weight: Any = None,
    *,
    class_weight: Any = None,
    classes: Any = None,
    check_finite: bool = True,
) -> Problem:
    """Return checked data for the kernels.

    Parameters
    ----------
    X, y, loss, sample_weight, class_weight, check_finite
        As for `fit`.
    classes : array-like, optional
        The labels that there are; by default those in y.

    Raises
    ------
    TypeError, ValueError
        If an argument is not what `fit` says that it should be.
    """
    X = dense(X)
    targets: Values | OneVersusRest | Classes
    if loss.kind == REGRESSION:
        targets, outputs = _numbers(y, X, loss)
        numbers = known = None
    else:
        numbers, known = labels.encoded(y, X.shape[0], classes)
        targets, outputs = _classes(numbers, known.size, X.dtype, loss)
    if check_finite:
        checks.finite("X", X)
    weights: Unweighted | Weighted | WeightedByOutput = Unweighted()
    if sample_weight is not None:
        weights = _weights(sample_weight, X, None if loss.kind == MULTICLASS else outputs)
    if class_weight is not None:
        if numbers is None or known is None:
            raise ValueError(f"class_weight: there are no classes for the loss {loss!r}")
        by_class = labels.weights_of_classes(class_weight, numbers, known)
        weights = _times(weights, by_class, numbers, loss.kind == BINARY and known.size > 2, X)
    return Problem(Data(Dense(X), targets, weights), outputs, known)


def _numbers(y: Any, X: Array, loss: Any) -> tuple[Values, int | None]:
    array = checks.numbers("y", y)
    checks.shape_of_y(array, X.shape[0])
    array = readable(array, X.dtype)
    checks.finite("y", array)
    if hasattr(loss, "check_targets"):
        loss.check_targets(array)
    outputs = array.shape[1] if array.ndim == 2 else None
    return Values(array.reshape(X.shape[0], -1)), outputs


def _classes(
    numbers: Array, k: int, dtype: np.dtype[Any], loss: Any
) -> tuple[OneVersusRest | Classes, int | None]:
    """Return the targets; of two classes, the second is the one that is told from the other."""
    column = readable(numbers, dtype).reshape(-1, 1)
    if loss.kind == MULTICLASS:
        return Classes(column), k
    own, other = dtype.type(1), dtype.type(-1)
    if k == 2:
        return OneVersusRest(column, 1, own, other), None
    return OneVersusRest(column, 0, own, other), k


def _weights(given: Any, X: Array, outputs: int | None) -> Weighted | WeightedByOutput:
    array = checks.numbers("sample_weight", given)
    checks.sample_weight(array, X.shape[0], outputs)
    array = readable(array, X.dtype)
    checks.finite("sample_weight", array)
    return Weighted(array) if array.ndim == 1 else WeightedByOutput(array)


def _times(
    weights: Unweighted | Weighted | WeightedByOutput,
    by_class: Array,
    numbers: Array,
    is_one_versus_rest: bool,
    X: Array,
) -> Weighted | WeightedByOutput:
    """Return weights times those of the classes; one-versus-rest, each class's own rows alone."""
    rows = np.ones(numbers.size) if isinstance(weights, Unweighted) else weights.weights
    if not is_one_versus_rest:
        return Weighted(readable(rows * by_class[numbers.astype(np.intp)], X.dtype))
    own = numbers[:, None] == np.arange(by_class.size)
    table = np.where(own, by_class, 1.0)
    return WeightedByOutput(readable(table * rows.reshape(numbers.size, -1), X.dtype))
