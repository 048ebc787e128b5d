"""What is learned from: checked rows, targets and weights, as kernels read them."""

from typing import Any, NamedTuple

import numpy as np

from . import checks, labels
from .arrays import Array, readable
from .kernels.dense import Dense, DenseForSeveral, how_prefetched
from .kernels.epoch import Data
from .kernels.sparse import Sparse
from .kernels.targets import Classes, OneVersusRest, Values
from .kernels.weights import Unweighted, Weighted, WeightedByOutput
from .kinds import BINARY, MULTICLASS, REGRESSION
from .rows import check_rows_finite, read


class Problem(NamedTuple):
    """Checked data, and what they say of the model."""

    data: Data
    n: int  # rows
    d: int  # features
    k: int  # outputs
    dtype: np.dtype[Any]  # in which all is computed
    outputs: int | None  # k, of y of shape (n, k) or of k classes; None for one that is a scalar
    classes: Array | None  # the labels in order, where there are classes
    class_weight: dict[Any, float] | None  # what each label is multiplied by

    @property
    def is_one_versus_rest(self) -> bool:
        """Tell whether each output is a problem of its own."""
        return isinstance(self.data.targets, OneVersusRest) and self.k > 1


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
    table = X if isinstance(X, (Dense, Sparse)) else read(X)
    n, dtype = table.n, table.dtype
    for name, number in zip(loss._fields, loss, strict=True):
        if number:
            checks.fits_dtype(f"loss's {name}", abs(number), dtype)
    targets: Values | OneVersusRest | Classes
    if loss.kind == REGRESSION:
        if classes is not None:
            raise ValueError(f"classes: there are none for the loss {loss!r}")
        targets, outputs = _numbers(y, n, dtype, loss)
        numbers = known = None
    else:
        numbers, known = labels.encoded(y, n, classes)
        known.setflags(write=False)  # all models of a fit hold it
        targets, outputs = _classes(numbers, known.size, dtype, loss)
    if check_finite:
        check_rows_finite(table)
    weights: Unweighted | Weighted | WeightedByOutput = Unweighted()
    if sample_weight is not None:
        weights = _weights(sample_weight, n, dtype, None if loss.kind == MULTICLASS else outputs)
    if class_weight is not None:
        if numbers is None or known is None:
            raise ValueError(
                f"class_weight: there are no classes for the loss {loss!r}; one for classes, such "
                "as 'logistic', has them"
            )
        by_class = labels.weights_of_classes(class_weight, numbers, known)
        weights = _times(weights, by_class, numbers, loss.kind == BINARY and known.size > 2, dtype)
        class_weight = dict(zip(known.tolist(), by_class.tolist(), strict=True))
    k = 1 if outputs is None else outputs
    if k > 1 and isinstance(table, Dense):
        table = DenseForSeveral(table.X, table.count, *how_prefetched(table.X, k))
    data = Data(table, targets, weights)
    return Problem(data, n, table.d, k, dtype, outputs, known, class_weight)


def _numbers(y: Any, n: int, dtype: np.dtype[Any], loss: Any) -> tuple[Values, int | None]:
    array = checks.numbers("y", y)
    checks.shape_of_y(array, n)
    array = readable(array, dtype)
    checks.finite("y", array)
    if hasattr(loss, "check_targets"):
        loss.check_targets(array)
    outputs = array.shape[1] if array.ndim == 2 else None
    return Values(array.reshape(n, -1)), outputs


def _classes(
    numbers: Array, k: int, dtype: np.dtype[Any], loss: Any
) -> tuple[OneVersusRest | Classes, int | None]:
    """Return the targets; of two classes, the second is the one that is told from the other."""
    most = 2 ** (np.finfo(dtype).nmant + 1)  # beyond this, classes would share their numbers
    if k > most:
        raise ValueError(f"classes: expected at most {most} with rows of {dtype}, got {k}")
    column = readable(numbers, dtype).reshape(-1, 1)
    if loss.kind == MULTICLASS:
        return Classes(column), k
    own, other = dtype.type(1), dtype.type(-1)
    if k == 2:
        return OneVersusRest(column, 1, own, other), None
    return OneVersusRest(column, 0, own, other), k


def _weights(
    given: Any, n: int, dtype: np.dtype[Any], outputs: int | None
) -> Weighted | WeightedByOutput:
    array = checks.numbers("sample_weight", given)
    checks.sample_weight(array, n, outputs)
    array = readable(array, dtype)
    checks.finite("sample_weight", array)
    return Weighted(array) if array.ndim == 1 else WeightedByOutput(array)


def _times(
    weights: Unweighted | Weighted | WeightedByOutput,
    by_class: Array,
    numbers: Array,
    is_one_versus_rest: bool,
    dtype: np.dtype[Any],
) -> Weighted | WeightedByOutput:
    """Return weights times those of the classes; one-versus-rest, each class's own rows alone."""
    rows = np.ones(numbers.size) if isinstance(weights, Unweighted) else weights.weights
    with np.errstate(over="ignore"):  # what is too large becomes inf
        if is_one_versus_rest:
            table = np.where(numbers[:, None] == np.arange(by_class.size), by_class, 1.0)
            product = readable(table * rows.reshape(numbers.size, -1), dtype)
        else:
            product = readable(rows * by_class[numbers.astype(np.intp)], dtype)
    if checks.first_non_finite(product.reshape(-1)) is not None:
        largest = by_class.max()
        raise ValueError(
            "class_weight: expected weights that are finite, times those of the rows and as "
            f"{dtype}s, got one of {largest:g}"
        )
    return WeightedByOutput(product) if is_one_versus_rest else Weighted(product)
