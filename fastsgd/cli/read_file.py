"""Rows and targets from the files that `fit` takes; nothing in them is ever unpickled."""

from __future__ import annotations

import io
from pathlib import Path
from typing import NamedTuple

import numpy as np

from .. import checks
from ..arrays import Array
from .read_csv import listed, one_line, quoted, read_csv
from .report import counted


class Examples(NamedTuple):
    """What is learned from, the names of the features, and what it all comes from."""

    X: Array
    y: Array
    features: list[str]
    source: str


def read(path: str, target: str) -> Examples:
    """Read a .csv, .npy or .npz file; `target` is a column of a table, or an array of a .npz.

    Raises
    ------
    OSError
        If the file cannot be read.
    ValueError
        If it does not hold what it should, or has no such target.
    """
    kind = Path(path).suffix.lower()
    if kind == ".csv":
        table = read_csv(path)
        examples = _split(path, table.numbers, table.names, target)
        return examples._replace(source=f"{path}; {table.first_line}")
    if kind not in (".npy", ".npz"):
        raise ValueError(
            f"{path}: expected a file whose name ends in .csv, .npy or .npz; in Python fastsgd.fit "
            "takes whatever pandas or polars has read"
        )
    arrays = _read_numpy(path)
    if isinstance(arrays, dict):
        return _choose(path, arrays, target)
    if arrays.ndim != 2 or not len(arrays):
        raise ValueError(
            f"{path}: expected an array of 2 dimensions (rows, columns) with at least one row, "
            f"got shape {arrays.shape}"
        )
    _check_finite(path, arrays)
    return _split(path, arrays, [], target)


def _read_numpy(path: str) -> Array | dict[str, Array]:
    """Return the array of a .npy file, or those of a .npz file by name."""
    try:
        content = np.load(path, allow_pickle=False)
        if isinstance(content, np.ndarray):
            return content
        with content as archive:
            arrays = {name: archive[name] for name in archive.files}
    except io.UnsupportedOperation as error:
        raise OSError(f"{path}: expected a file, got a pipe; save what comes from it") from error
    except OSError:
        raise
    except Exception as error:  # whatever a damaged archive makes of the libraries that read it
        raise ValueError(f"{path}: nothing that numpy reads without unpickling: {error}") from error
    for name, array in arrays.items():
        if not isinstance(array, np.ndarray):
            raise ValueError(f"{path}: {name!r} is not an array")
    return arrays


def _check_finite(name: str, array: Array) -> None:
    """Refuse NaN and infinity by their place in the file, which is not that in X."""
    if array.dtype.kind == "f":  # what holds no floats is looked at later
        places = np.argwhere(~np.isfinite(array))
        if places.size:
            checks.refuse_non_finite(name, places[0], array[tuple(places[0])])


def _split(path: str, table: Array, names: list[str], target: str) -> Examples:
    """Part a table into the column of the targets and all others."""
    width = table.shape[1]
    if width < 2:
        raise ValueError(
            f"{path}: expected a column of targets and others to learn from, "
            f"got {counted(width, 'column')}"
        )
    column = _column(names, width, one_line(target))
    features = names or [f"column {i}" for i in range(width)]
    return Examples(
        np.delete(table, column, axis=1),
        table[:, column].copy(),  # of a view all of the table would be kept
        features[:column] + features[column + 1 :],
        path,
    )


def _column(names: list[str], width: int, target: str) -> int:
    """Return the number of the column that `target` names or numbers."""
    if names.count(target) == 1:
        return names.index(target)
    if target in names:
        raise ValueError(f"--target: {names.count(target)} columns are called {quoted(target)}")
    try:
        return range(width)[int(target)]
    except (ValueError, IndexError):
        there_are = f"the columns are {listed([*map(quoted, names)])}, or" if names else "expected"
        raise ValueError(
            f"--target: there is no column {quoted(target)}; "
            f"{there_are} 0 to {width - 1}, or -{width} to -1 from the end"
        ) from None


def _choose(path: str, arrays: dict[str, Array], target: str) -> Examples:
    """Take the targets and the rows from the arrays of an archive."""
    if target not in arrays:
        raise ValueError(f"--target: there is no array {target!r}; {_listed(path, arrays)}")
    y = arrays[target]
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.ndim != 1:
        raise ValueError(f"--target: expected one target a row, got {target!r} of shape {y.shape}")
    others = [name for name, a in arrays.items() if name != target and a.ndim == 2]
    if len(others) != 1:
        raise ValueError(
            f"{path}: expected one array of 2 dimensions besides {target!r}; "
            f"{_listed(path, arrays)}"
        )
    if not len(y):
        raise ValueError(f"{path}: expected at least one row; {_listed(path, arrays)}")
    for name in (*others, target):
        _check_finite(f"{path}: {name!r}", arrays[name])
    X = arrays[others[0]]
    return Examples(X, y, [f"column {i}" for i in range(X.shape[1])], path)


def _listed(path: str, arrays: dict[str, Array]) -> str:
    shapes = listed([f"{name!r} of shape {array.shape}" for name, array in arrays.items()])
    return f"{path} holds {shapes or 'none'}"
