"""What is held for the kernels is the user's own memory wherever it can be."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import fastsgd
from fastsgd import rows
from fastsgd.problem import prepare

BASE = np.random.default_rng(0).normal(size=(40, 3)).astype("f4")
TARGET = BASE.sum(axis=1)


def fit(X, y=TARGET):
    return fastsgd.fit(X, y, seed=0)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_contiguous_floats_are_not_copied(dtype, tmp_path):
    X = BASE.astype(dtype)
    locked = X.copy()
    locked.flags.writeable = False
    np.save(tmp_path / "X.npy", X)
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    for array in (X, locked, mapped, X[5:20], X.view(np.matrix)):
        held = rows.read(array).X
        assert np.shares_memory(held, array)
        assert not held.flags.writeable
    assert X.flags.writeable


def test_targets_and_weights_of_the_same_dtype_are_not_copied():
    weights = np.ones(40, np.float32)
    data = prepare(BASE, TARGET, fastsgd.losses.Squared(), weights).data
    assert np.shares_memory(data.targets.y, TARGET)
    assert np.shares_memory(data.weights.weights, weights)


def test_memory_mapped_input_is_fitted_as_it_lies(tmp_path):
    np.save(tmp_path / "X.npy", BASE)
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    np.testing.assert_array_equal(fit(mapped).w, fit(BASE).w)


def unaligned(X):
    buffer = np.empty(X.nbytes + 1, np.uint8)[1:]
    view = buffer.view(X.dtype).reshape(X.shape)
    view[...] = X
    return view


LAYOUTS = {
    "one row, by an axis of stride 0": lambda X: X[0][None],
    "one row, reversed": lambda X: X[::-1][:1],
    "Fortran": np.asfortranarray,
    "strided": lambda X: np.repeat(X, 2, axis=1)[:, ::2],
    "reversed": lambda X: X[::-1].copy()[::-1],
    "byte-swapped": lambda X: X.astype(X.dtype.newbyteorder()),
    "unaligned": unaligned,
    "list": lambda X: X.tolist(),
    "pandas": lambda X: pd.DataFrame(X),
    "pandas, nullable": lambda X: pd.DataFrame(X).astype("Float32"),
    "polars": lambda X: pl.DataFrame(X),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_gives_the_same_model(layout):
    X = LAYOUTS[layout](BASE)
    plain = np.array(X, np.float64 if layout == "list" else np.float32, order="C")
    model, expected = (fit(table, TARGET[: len(plain)]) for table in (X, plain))
    assert model.w.dtype == expected.w.dtype
    np.testing.assert_array_equal(model.w, expected.w)
    if not isinstance(X, list):
        copy = LAYOUTS[layout](BASE)
        np.testing.assert_array_equal(np.asarray(X), np.asarray(copy))


def test_series_are_targets():
    expected = fit(BASE).w
    for series in (pd.Series(TARGET, index=range(9, 49)), pl.Series(TARGET), TARGET.tolist()):
        np.testing.assert_array_equal(fit(BASE, series).w, expected)


@pytest.mark.parametrize(
    ("given_dtype", "used"),
    [
        ("bool", "float64"),
        ("int8", "float64"),
        ("uint64", "float64"),
        ("float16", "float32"),
        ("longdouble", "float64"),
    ],
)
def test_other_numbers_are_converted(given_dtype, used):
    X = (BASE > 0).astype(given_dtype)
    model = fit(X)
    assert model.w.dtype == used
    np.testing.assert_array_equal(model.w, fit(X.astype(used)).w)


def test_frames_of_numbers_and_bools_are_tables_of_numbers():
    numbers, bools = BASE[:, 0], BASE[:, 1] > 0
    plain = np.column_stack([numbers, bools])
    for frame in (pd.DataFrame, pl.DataFrame):
        X = frame({"a": numbers, "b": bools})
        np.testing.assert_array_equal(fit(X).w, fit(plain).w)


def test_frames_that_numpy_cannot_read_are_refused():
    frame = pd.DataFrame({"a": BASE[:, 0], "b": pd.arrays.SparseArray(BASE[:, 1] > 0)})
    with pytest.raises((TypeError, ValueError), match="X: "):
        fit(frame)


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
def test_times_beside_numbers_are_refused(frame):
    X = frame({"a": [datetime(2020, 1, 1)] * 3, "b": [1.0, 2.0, 3.0]})
    with pytest.raises(TypeError, match=r"X: .* columns that hold other things: 'a'"):
        fit(X, np.zeros(3))


def test_other_columns_of_a_table_as_pyarrows_are_named():
    class Table:
        column_names = ("a", "b")
        columns = ([1.0, 2.0], ["x", "y"])

        def __array__(self, *arguments, **options):
            return np.array(self.columns, dtype=object).T

    with pytest.raises(TypeError, match=r"X: .* columns that hold other things: 'b'"):
        fit(Table(), np.zeros(2))


def test_missing_numbers_of_frames_are_refused():
    frame = pd.DataFrame({"a": [1, None, 3], "b": [1.0, 2.0, 3.0]}).astype({"a": "Int64"})
    with pytest.raises(ValueError, match="X: row 1, column 0 is nan"):
        fit(frame, np.zeros(3))
    with pytest.raises(ValueError, match="X: row 1, column 0 is nan"):
        fit(pl.DataFrame({"a": [1, None, 3]}), np.zeros(3))


@given(
    X=hnp.arrays(
        st.sampled_from(["f2", "f4", ">f4", "f8", ">f8", "i4", "u1", "?"]),
        hnp.array_shapes(min_dims=2, max_dims=2, max_side=9),
        elements={"min_value": 0, "max_value": 1},
    ),
    transpose=st.booleans(),
    step=st.sampled_from([1, 2, -1]),
)
def test_what_is_held_equals_what_was_given(X, transpose, step):
    X = (X.T if transpose else X)[::step]
    held = rows.read(X).X
    assert held.flags.c_contiguous
    assert held.flags.aligned
    assert held.dtype.isnative
    assert held.dtype in (np.float32, np.float64)
    np.testing.assert_array_equal(held, X)
