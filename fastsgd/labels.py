"""Labels of any type, and the numbers of the classes that they stand for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from . import checks
from .arrays import Array

# Integers that span no more than this are counted, not sorted.
SPAN = 2**16

NUMBERS = (bool, int, float, np.bool_, np.integer, np.floating)


def encoded(y: Any, n: int, classes: Any = None) -> tuple[Array, Array]:
    """Return the number of the class of each row, and the labels of the classes in order.

    Parameters
    ----------
    y : array-like of shape (n,)
        Labels: numbers, bools or strings.
    n : int
        The number of rows of X.
    classes : array-like, optional
        All labels that there are; by default those in y.

    Raises
    ------
    TypeError, ValueError
        If y does not hold labels, or some that are not among the classes, or of one class only.
    """
    labels = _as_labels("y", y)
    if labels.shape != (n,):
        hint = ""
        if labels.shape == (n, 1):
            hint = "; np.ravel(y) makes it so"
        elif labels.ndim == 2 and len(labels) == n:
            hint = "; of one column for each class, np.argmax(y, axis=1) makes labels"
        raise ValueError(
            f"y: expected shape ({n},), one label for each row of X, got shape {labels.shape}{hint}"
        )
    if classes is None:
        found, numbers = _found(labels)
        if found.size < 2:
            raise ValueError(
                f"y: expected labels of at least 2 classes, got {found.tolist()[0]!r} alone"
            )
        return numbers, found
    known = np.unique(_as_labels("classes", classes))
    if known.size < 2:
        raise ValueError(f"classes: expected at least 2 labels, got {known.tolist()}")
    if known.dtype.kind != labels.dtype.kind and "U" in (known.dtype.kind, labels.dtype.kind):
        raise ValueError(f"y: expected labels like {known[0].item()!r}, got {labels[0].item()!r}")
    numbers, unknown = numbered(labels, known)
    if unknown.any():
        row = int(np.argmax(unknown))
        label = labels[row].item()
        raise ValueError(
            f"y: row {row} is {label!r}, which is not among the classes {known.tolist()}"
        )
    return numbers, known


def numbered(labels: Array, known: Array) -> tuple[Array, Array]:
    """Return the place of each label among those known, in order, and which are not among them."""
    ours, theirs = _told_apart(known, labels)
    numbers = np.minimum(np.searchsorted(ours, theirs), known.size - 1)
    return numbers, ours[numbers] != theirs


def _told_apart(known: Array, labels: Array) -> tuple[Array, Array]:
    """Return two arrays of labels so that numpy finds equal only what is."""
    kinds = {known.dtype.kind, labels.dtype.kind}
    is_mixed = len(kinds) > 1 and kinds <= set("biuf")
    if is_mixed and not (_are_exact(known) and _are_exact(labels)):
        # As the floats that numpy makes of both together, large ones would be equal.
        return known.astype(object), labels.astype(object)
    return known, labels


def _are_exact(numbers: Array) -> bool:
    """Tell whether all integers among numbers are so small that float64 holds them."""
    # As numbers of Python, which compare exactly: in float16, 2**53 overflows.
    # At 2**53 itself, a float may stand for the next integer.
    return numbers.size == 0 or -(2**53) < numbers.min().item() <= numbers.max().item() < 2**53


def _as_labels(name: str, y: Any) -> Array:
    checks.not_lazy(name, y)
    checks.not_of_mxnet(name, y)
    checks.not_masked(name, y)
    with checks.naming(name):
        array = np.asarray(y)
    is_mixed = array.dtype.kind == "U" or (array.dtype.kind == "f" and not _are_exact(array))
    if is_mixed and isinstance(y, (list, tuple)):
        # Numpy makes strings of numbers that are among them, and floats of large integers.
        array = np.asarray(y, dtype=object)
    if array.dtype.kind == "T":  # strings of any length, some of which may be missing
        array = array.astype(object)
    if array.dtype.kind == "O" and array.size:
        kinds = {type(label) for label in array.ravel().tolist()}
        if all(issubclass(kind, str) for kind in kinds):
            texts = array.astype(str)
            if (texts != array).any():  # numpy forgets NULs at the end of strings
                label = array.ravel()[int(np.argmax((texts != array).ravel()))]
                raise ValueError(f"{name}: expected no label that ends with a NUL, got {label!r}")
            array = texts
        elif all(issubclass(kind, NUMBERS) for kind in kinds):
            array = _as_numbers(name, array)
        else:
            names = ", ".join(sorted(kind.__name__ for kind in kinds))
            raise TypeError(f"{name}: expected numbers or strings as labels, got {names}")
    if array.dtype.kind not in "biufU":
        raise TypeError(f"{name}: expected numbers or strings as labels, got {array.dtype}")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        row = int(np.argmin(np.isfinite(array.ravel())))
        raise ValueError(f"{name}: row {row} is {array.ravel()[row]}; expected finite labels")
    return array


def _as_numbers(name: str, objects: Array) -> Array:
    """Return an array of numbers that are objects, if one type of numpy's holds them all."""
    given = objects.tolist()
    array = np.asarray(given)
    flat = np.ravel(array).tolist()
    for label, other in zip(np.ravel(objects).tolist(), flat, strict=True):
        # As a number of Python, which compares exactly.
        one = label.item() if isinstance(label, np.generic) else label
        if isinstance(one, int) and not -(2**63) <= one < 2**64:
            raise ValueError(
                f"{name}: {checks.shown(one)} is beyond all integers of 64 bits; such labels can "
                "be strings"
            )
        if other != one == one:  # NaN is found later
            raise ValueError(
                f"{name}: {one!r} would be the label {other!r} beside the others; labels that are "
                "not numbers of one type can be strings"
            )
    return array


def _found(labels: Array) -> tuple[Array, Array]:
    """Return the labels that there are in order, and which of them each one is."""
    if labels.dtype.kind != "U":
        low, high = labels.min(), labels.max()
        is_high = labels == high
        if low != high and (is_high | (labels == low)).all():
            return np.array([low, high]), is_high
        if labels.dtype.kind in "iu" and int(high) - int(low) < SPAN:
            wide = labels.astype(np.int64) if labels.dtype.itemsize < 8 else labels
            places = (wide - wide.dtype.type(low)).astype(np.int64)
            there = np.bincount(places) > 0
            return np.flatnonzero(there).astype(labels.dtype) + low, (np.cumsum(there) - 1)[places]
    found, numbers = np.unique(labels, return_inverse=True)
    if found.dtype.kind == "f" and found.size > 2 and (found % 1 != 0).any():
        raise ValueError(
            f"y: expected labels of classes, got {found.size} numbers such as {found[0]:g} and "
            f"{found[1]:g}; a loss for regression, such as 'squared', takes those"
        )
    return found, numbers.reshape(labels.shape)


def weights_of_classes(class_weight: Any, numbers: Array, classes: Array) -> Array:
    """Return the weight of each class.

    Raises
    ------
    TypeError, ValueError
        If `class_weight` is neither "balanced" nor a dict of numbers by label.
    """
    if isinstance(class_weight, str) and class_weight == "balanced":
        counts = np.bincount(numbers.astype(np.intp), minlength=classes.size)
        return numbers.size / (classes.size * np.maximum(counts, 1))
    if not isinstance(class_weight, Mapping):
        raise TypeError(
            "class_weight: expected 'balanced' or a dict of weights by label, got "
            f"{checks.shown(class_weight)}"
        )
    places = {label: place for place, label in enumerate(classes.tolist())}
    weights = np.ones(classes.size)
    for label, weight in class_weight.items():
        if label not in places:
            raise ValueError(f"class_weight: {label!r} is not among the classes {list(places)}")
        weights[places[label]] = checks.non_negative(f"class_weight[{label!r}]", weight)
    return weights
