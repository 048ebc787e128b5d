"""Sparse input of any form is read for what it is; one that does not fit is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from peaks import peak_of
from scipy import sparse
from sparse_rows import N, table, targets

import fastsgd
from fastsgd.csr import as_scipy
from fastsgd.kernels.sparse import Sparse
from fastsgd.penalties import ElasticNet
from fastsgd.rows import read


# The same table in other forms. Duplicates are summed, explicit zeros are none.
def unsorted(X):
    X = sparse.csr_array(X)
    for i in range(X.shape[0]):
        row = slice(X.indptr[i], X.indptr[i + 1])
        X.indices[row], X.data[row] = X.indices[row][::-1].copy(), X.data[row][::-1].copy()
    X.has_sorted_indices = True  # which is not true
    return X


def with_zeros(X):
    X = sparse.coo_array(X)
    data, rows = np.append(X.data, np.zeros(N)), np.append(X.row, np.arange(N))
    X = sparse.csr_array((data, (rows, np.append(X.col, np.full(N, 2)))), shape=X.shape)
    X.sort_indices()
    return with_indices(X, np.int32)


def with_duplicates(X):
    X = sparse.csr_array(X)
    parts = np.repeat(X.data / 2, 2), np.repeat(X.indices, 2), 2 * X.indptr
    return sparse.csr_array(parts, shape=X.shape)


def with_zeros_and_duplicates(X):
    X = sparse.coo_array(X)
    rows = np.concatenate([X.row, X.row, np.arange(N)])
    columns = np.concatenate([X.col, X.col, np.full(N, 2)])
    data = np.concatenate([X.data / 4, X.data * 3 / 4, np.zeros(N)])
    order = np.argsort(rows, kind="stable")
    indptr = np.searchsorted(rows[order], np.arange(N + 1))
    X = sparse.csr_array((data[order], columns[order], indptr), shape=X.shape)
    return with_indices(X, np.int32)


def with_duplicates_that_cancel(X):
    X = sparse.coo_array(X)
    rows = np.concatenate([X.row, np.arange(N), np.arange(N)])
    columns = np.append(X.col, np.full(2 * N, 2))
    data = np.concatenate([X.data, np.ones(N), -np.ones(N)])
    order = np.lexsort([columns, rows])
    indptr = np.searchsorted(rows[order], np.arange(N + 1))
    X = sparse.csr_array((data[order], columns[order], indptr), shape=X.shape)
    return with_indices(X, np.int32)


FORMS = {
    "csr_matrix": sparse.csr_matrix,
    "csc": sparse.csc_array,
    "coo": sparse.coo_array,
    "lil": sparse.lil_array,
    "dok": sparse.dok_array,
    "bsr": sparse.bsr_array,
    "dia": sparse.dia_array,
    "unsorted": unsorted,
    "zeros": with_zeros,
    "duplicates": with_duplicates,
    "zeros and duplicates": with_zeros_and_duplicates,
    "duplicates that cancel": with_duplicates_that_cancel,
    "read-only": lambda X: read_only(sparse.csr_array(X)),
}


def with_indices(X, dtype):
    X.indices, X.indptr = X.indices.astype(dtype), X.indptr.astype(dtype)
    return X


def read_only(X):
    for part in (X.data, X.indices, X.indptr):
        part.flags.writeable = False
    return X


@pytest.mark.parametrize("form", FORMS)
def test_any_form_gives_the_same_bits(form):
    X, y = table(), targets("squared")
    other = FORMS[form](X)
    before = other.toarray()
    options = {"seed": 0, "optimizer": "adagrad", "penalty": ElasticNet(), "average": True}
    model = fastsgd.fit(other, y, **options)
    expected = fastsgd.fit(sparse.csr_array(X), y, **options)
    np.testing.assert_allclose(model.w, expected.w, rtol=1e-12)
    np.testing.assert_array_equal(other.toarray(), before)
    np.testing.assert_allclose(model.predict(other), X @ model.w + model.b, rtol=1e-12)
    loss = np.mean((X @ model.w + model.b - y) ** 2 / 2)
    np.testing.assert_allclose(model.evaluate(other, y), loss, rtol=1e-12)


def test_indices_of_64_bits_give_the_same_bits():
    X, y = sparse.csr_array(table()), targets("squared")
    model, expected = (
        fastsgd.fit(with_indices(X.copy(), dtype), y, seed=0) for dtype in (np.int64, np.int32)
    )
    np.testing.assert_array_equal(model.w, expected.w)
    long = with_indices(X.copy(), np.int64)
    np.testing.assert_array_equal(model.predict(long), expected.predict(X))
    assert model.evaluate(long, y) == expected.evaluate(X, y)


@pytest.mark.parametrize("dtype", [np.bool_, np.int8, np.float32, np.float64])
def test_numbers_are_of_the_types_that_dense_ones_are(dtype):
    X = (table() != 0).astype(dtype)
    rows = read(sparse.csr_array(X))
    assert rows.dtype == read(X).dtype
    np.testing.assert_array_equal(rows.entries, X[X != 0])


def test_nothing_is_copied():
    X = sparse.csr_array(table())
    rows = read(X)
    assert np.shares_memory(rows.entries, X.data)
    assert np.shares_memory(rows.indices, X.indices)


@pytest.mark.parametrize("make", [sparse.csc_array, sparse.bsr_array, sparse.csr_array])
def test_what_was_given_stays_as_it_is(make):
    X = make(table())
    X.data = np.append(X.data, X.data[:1], axis=0).astype(">f8")  # with room to spare
    X.indices = np.append(X.indices, X.indices[:1])
    parts = X.data, X.indices, X.indptr
    copies = [part.copy() for part in parts]
    fastsgd.fit(X, targets("squared"), seed=0).predict(X)
    assert all(now is part for now, part in zip((X.data, X.indices, X.indptr), parts, strict=True))
    for part, copy in zip(parts, copies, strict=True):
        np.testing.assert_array_equal(part, copy)


@pytest.mark.parametrize("with_a_zero", [False, True])
@pytest.mark.parametrize("make", [sparse.csc_array, sparse.coo_array, sparse.csr_array])
def test_what_is_converted_is_converted_once(make, with_a_zero):
    X = make(sparse.random_array((2000, 200), density=0.5, rng=np.random.default_rng(0)))
    X.data[0] = 0.0 if with_a_zero else X.data[0]
    read(X)
    rows, peak = peak_of(lambda: read(X))
    assert peak < 1.5 * (rows.entries.nbytes + rows.indices.nbytes)


small = st.integers(-3, 8)
hostile = st.one_of(small, st.integers(-(2**31), 2**31 - 1))


@given(
    indptr=st.lists(hostile, min_size=5, max_size=5),
    indices=st.lists(hostile, min_size=6, max_size=6),
    data=st.lists(st.sampled_from([0.0, 1.0, -2.5, np.nan, np.inf]), min_size=6, max_size=6),
    is_sorted=st.booleans(),
)
def test_a_hostile_table_is_refused_or_is_what_numpy_says(indptr, indices, data, is_sorted):
    X = sparse.csr_array((4, 5))
    indptr = np.sort(np.clip(indptr, 0, 6)) if is_sorted else np.array(indptr)
    X.indptr, X.indices = indptr.astype(np.int32), np.array(indices, np.int32)
    X.data = np.array(data)
    fits = indptr[0] == 0 and (np.diff(indptr) >= 0).all() and indptr[-1] <= 6
    used = slice(0, max(indptr[-1], 0))
    fits = fits and all(0 <= f < 5 for f in indices[used])
    if not (fits and np.isfinite(data[used]).all()):
        with pytest.raises(ValueError, match="X: "):
            fastsgd.gradient(X, np.zeros(4), np.ones(5), 0.0)
        return
    dense = np.zeros((4, 5))
    for i in range(4):
        for q in range(indptr[i], indptr[i + 1]):
            dense[i, indices[q]] += data[q]
    ours = fastsgd.gradient(X, np.zeros(4), np.ones(5), 0.0)
    np.testing.assert_allclose(ours.w, dense.T @ dense.sum(axis=1), atol=1e-12)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"indices": np.array([0.0, 1.0])}, TypeError, "int32 or int64 as its indices, got float"),
        ({"indptr": np.array([0, 1])}, ValueError, "an indptr of 3 numbers"),
        ({"indptr": np.array([0, 2, 1], np.int32)}, ValueError, "never decrease"),
        ({"indptr": np.array([0, 1, 9], np.int32)}, ValueError, "ends with 9, but it has 2 entr"),
        ({"indices": np.array([0, 3], np.int32)}, ValueError, "from 0 to 2, got 0 to 3"),
        ({"indices": np.array([-1, 2], np.int32)}, ValueError, "from 0 to 2, got -1 to 2"),
        ({"indices": np.array([-1, 2], np.int64)}, ValueError, "from 0 to 2, got -1 to 2"),
        ({"indices": np.array([0, 2**40])}, ValueError, "from 0 to 2, got 0 to 1099511627776"),
        ({"data": np.array([[1.0, 2.0]])}, ValueError, "a flat array as its data"),
        ({"data": np.array([1j, 2.0])}, TypeError, "real numbers"),
        ({"data": np.array([1.0, np.nan])}, ValueError, "row 1, column 2 is nan as float64"),
    ],
    ids=str,
)
def test_bad_parts_are_named(change, error, message):
    X = sparse.csr_array(np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 2.0]]))
    for name, part in change.items():
        setattr(X, name, part)
    with pytest.raises(error, match=f"X: .*{message}"):
        fastsgd.fit(X, [1.0, 2.0])


@pytest.mark.parametrize("dtype", ["uint32", "int16", ">i4"])
@pytest.mark.parametrize("make", [sparse.csc_array, sparse.bsr_matrix])
def test_indices_of_what_is_converted_may_be_any_integers(make, dtype):
    X = make(table())
    expected = fastsgd.fit(X, targets("squared"), seed=0)
    X.indices, X.indptr = X.indices.astype(dtype), X.indptr.astype(dtype)
    np.testing.assert_array_equal(fastsgd.fit(X, targets("squared"), seed=0).w, expected.w)
    X.indices = X.indices + 0.5
    with pytest.raises(TypeError, match="X: expected int32 or int64 as its indices, got float64"):
        fastsgd.fit(X, targets("squared"))


@pytest.mark.parametrize("make", [sparse.csr_array, sparse.csc_array, sparse.bsr_array])
def test_parts_that_are_no_arrays_are_named(make):
    X = make(table())
    X.data = X.data.tolist()
    with pytest.raises(ValueError, match=r"X: expected .* as its data, got \["):
        fastsgd.fit(X, targets("squared"))


@pytest.mark.parametrize("shape", [(0, 3), (3, 0)])
def test_a_table_without_rows_or_features_is_refused(shape):
    with pytest.raises(ValueError, match="X: expected at least one row"):
        fastsgd.fit(sparse.csr_array(shape), np.zeros(shape[0]))


def test_scipy_is_given_the_places_of_more_entries_than_its_indices_can_count():
    entries, columns = np.arange(1.0, 201.0), np.tile(np.arange(100, dtype=np.uint8), 2)
    # Of 8 bits, which stand for the 32 of two billion entries.
    rows = Sparse(entries, columns, np.array([0, 100, 200]), 100)
    np.testing.assert_array_equal(as_scipy(rows).toarray(), entries.reshape(2, 100))
