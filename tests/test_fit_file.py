"""`fastsgd fit`: the files it reads, what it learns from them, and what it refuses."""

from __future__ import annotations

import gzip
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from interpreted_mode import needs_jit
from reports import (
    losses_in,
    numbers_in,
    printed,
    process,
    refused,
)

import fastsgd
from fastsgd.cli.read_file import read


@pytest.fixture(scope="module")
def examples():
    """Return a table whose middle column is the target."""
    rng = np.random.default_rng(5)
    X = rng.normal(size=(200, 2))
    y = X @ [2, -3.4] + 4.2 + rng.normal(scale=0.01, size=200)
    return np.column_stack([X[:, 0], y, X[:, 1]])


def write_csv(path, rows, header=None):
    lines = [",".join(map(repr, row)) for row in rows.tolist()]
    path.write_text("\n".join([*([header] if header else []), *lines, ""]), encoding="utf-8")
    return str(path)


@pytest.fixture
def files(examples, tmp_path):
    """Return the same examples in files of every kind, with the target in each."""
    np.save(tmp_path / "table.npy", examples)
    np.savez(tmp_path / "arrays.npz", rows=examples[:, [0, 2]], price=examples[:, 1])
    headed = write_csv(tmp_path / "headed.csv", examples, 'size,"price",built in')
    plain = write_csv(tmp_path / "plain.csv", examples)
    return [
        (headed, "price"),
        (headed, "1"),
        (plain, "1"),
        (plain, "-2"),
        (str(tmp_path / "table.npy"), "1"),
        (str(tmp_path / "arrays.npz"), "price"),
    ]


def test_equal_data_give_equal_models_from_every_kind_of_file(capsys, examples, files, tmp_path):
    expected = fastsgd.fit(
        examples[:, [0, 2]], examples[:, 1], epochs=5, batch_size=8, lr=0.05, seed=4
    )
    out = tmp_path / "model.npz"
    settings = ["--epochs", "5", "--batch-size", "8", "--lr", "0.05", "--seed", "4"]
    for data, target in files:
        report = printed(capsys, "fit", data, "--target", target, *settings, "--out", str(out))
        assert "200 rows of 2 features, float64" in report
        model = fastsgd.load(out)
        np.testing.assert_array_equal(model.w, expected.w)
        assert (model.b, model.seed) == (expected.b, 4)
        assert losses_in(report) == pytest.approx(model.history.data_loss, abs=1e-8)
        out.unlink()


def test_fit_prints_the_learned_parameters_by_the_names_of_the_columns(capsys, files):
    report = printed(capsys, "fit", *files[0][:1], "--target", "price", "--epochs", "40")
    learned = [numbers_in(report, label)[0] for label in ("w of size", "w of built in", "b ")]
    assert learned == pytest.approx([2, -3.4, 4.2], abs=0.01)


def test_fit_prints_no_more_than_twenty_weights(capsys, tmp_path):
    path = tmp_path / "wide.npy"
    np.save(path, np.random.default_rng(0).normal(size=(30, 141)))
    report = printed(capsys, "fit", str(path), "--target", "-1")
    assert len(re.findall("^w of ", report, re.MULTILINE)) == 20
    assert "and 120 more" in report


@needs_jit
# Of so many features that large mini-batches are gathered by several threads, and so many rows that
# they do not stay in a near cache.
@pytest.mark.parametrize(("shape", "batch_size"), [((600, 201), "512"), ((70_000, 3), "1")])
def test_nothing_is_compiled_while_the_fit_is_timed(tmp_path, shape, batch_size):
    path = str(tmp_path / "table.npy")
    np.save(path, np.random.default_rng(0).normal(size=shape))
    command = f"""
import fastsgd
from fastsgd.__main__ import main
from fastsgd.cli import report
from numba.core import event

def fit(*arguments, **options):
    with event.install_recorder("numba:compile") as recorder:
        model = fastsgd.fit(*arguments, **options)
    print("reported" if "callback" in options else "other", bool(recorder.buffer))
    return model

report.fit = fit
main(["fit", {path!r}, "--target", "0", "--lr", "1e-3", "--batch-size", {batch_size!r}])
"""
    done = subprocess.run(
        [sys.executable, "-c", command],
        capture_output=True,
        check=True,
        encoding="utf-8",
        env=os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)},
    )
    assert "other True" in done.stdout
    assert "reported False" in done.stdout


def test_fit_computes_in_the_dtype_of_the_data_unless_told(capsys, examples, tmp_path):
    path = tmp_path / "table.npy"
    np.save(path, examples.astype(np.float32))
    assert ", float32\n" in printed(capsys, "fit", str(path), "--target", "1")
    assert ", float64\n" in printed(capsys, "fit", str(path), "--target", "1", "--dtype", "float64")


def test_a_byte_order_mark_is_no_part_of_the_first_name(capsys, examples, tmp_path):
    path = write_csv(tmp_path / "marked.csv", examples, "\ufeffprice,age,size")
    assert "w of age" in printed(capsys, "fit", path, "--target", "price")


@pytest.mark.skipif(os.name != "posix", reason="pipes have names of files in POSIX alone")
def test_a_pipe_gives_all_its_rows(capsys, examples, tmp_path):
    content = Path(write_csv(tmp_path / "data.csv", examples, "size,price,built")).read_bytes()
    reader, writer = os.pipe()
    os.write(writer, content)
    os.close(writer)
    path = tmp_path / "pipe.csv"
    path.symlink_to(f"/dev/fd/{reader}")
    report = printed(capsys, "fit", str(path), "--target", "price")
    os.close(reader)
    assert "200 rows of 2 features" in report


@pytest.mark.skipif(os.name != "posix", reason="pipes have names of files in POSIX alone")
def test_a_pipe_of_a_kind_that_is_not_read_at_once_is_refused_by_its_name(capsys, files, tmp_path):
    reader, writer = os.pipe()
    os.write(writer, Path(files[-2][0]).read_bytes())
    os.close(writer)
    path = tmp_path / "pipe.npy"
    path.symlink_to(f"/dev/fd/{reader}")
    message = refused(capsys, "fit", str(path), "--target", "0")
    os.close(reader)
    assert f"{path}: expected a file, got a pipe; save what comes from it" in message


@pytest.mark.parametrize(
    ("text", "target", "said"),
    [
        ("a,b\n1,2\n", "c", "there is no column 'c'; the columns are 'a', 'b'"),
        ("1,2\n3,4\n", "a", "there is no column 'a'; expected 0 to 1"),
        ("a,a\n1,2\n", "a", "2 columns are called 'a'"),
        ("a,b\n1,2\n3,x\n", "a", "line 3, column 'b': 'x' is not a number"),
        ("0.5,,2\n4,5,6\n", "2", "line 1 is neither a row of numbers nor a header of names: '0.5'"),
        ("1,2\n3,1_0\n", "0", "line 2, column 1: '1_0' is not a number"),
        ("1,2\n3,\n", "0", "line 2, column 1: '' is not a number: leave out such rows"),
        ("a,b\n1,１２\n", "a", "line 2, column 'b': '１２' is not a number"),
        ("1,2\n3,4,5\n", "0", "line 2 has 3 cells, those before it 2"),
        ("1,2\n3\n", "0", "line 2 has 1 cell, those before it 2"),
        ("a,b,c\n1,2\n", "a", "the header names 3 columns, but the rows have 2"),
        ("a,b\n", "a", "has no rows"),
        ('"a,b\n1,2\n', "a", "has no rows; is there a quote that is never closed?"),
        ("", "a", "has no rows"),
        ("1,2\n3,nan\n", "0", "line 2, column 1: 'nan' is not finite: leave out such rows"),
        ("a,b\n1,2\n3,1e999\n", "b", "line 3, column 'b': '1e999' is not finite"),
        ("1\n2\n", "0", "a column of targets and others to learn from, got 1 column"),
        ("a;b\n1;2\n", "a", "'1;2' is not a number; expected commas between cells"),
        ("a\tb\n1\t2\n", "a", "is not a number; expected commas between cells"),
        ("a;b\n1,5;2,5\n", "a", "'5;2' is not a number; expected commas between cells"),
        ("a b\n1 2\n", "a", "'1 2' is not a number; expected commas between cells"),
        ("\n0,1,2\n4,5,6\n", "0", "line 2 is '0,1,2', which may be a row, or a header as pandas"),
        ('"0"," 1"\n2,3\n', "0", "put names in its place, or above it"),
        (",a,b\n0,2,3\n", "a", "line 1 is a header with an empty name, as pandas writes it for"),
        ("\n \n1,2\n3,4\n", "0", "line 2 is blank, but is not empty; expected no such line"),
        ("a, ,b\n0,2,3\n", "a", "name that one, or write with to_csv(index=False)"),
        ("١,٢\n3,4\n", "0", "line 1 is '١,٢', which may be a row or a header; expected numbers in"),
        ("1_0,2_0\n3,4\n", "a", "line 1 is '1_0,2_0', which may be a row or a header"),
        ("a,b\n1\x1c,2\n3,x\n", "a", "line 3, column 'b': 'x' is not a number"),
        (",0,1\n1,2,3\n", "0", "'' is not; expected numbers alone, or names alone"),
    ],
)
def test_fit_says_what_is_wrong_with_a_csv(capsys, tmp_path, text, target, said):
    path = tmp_path / "data.csv"
    path.write_text(text, encoding="utf-8")
    assert said in refused(capsys, "fit", str(path), "--target", target)


def test_a_quote_that_is_never_closed_does_not_fill_the_screen(capsys, tmp_path):
    path = tmp_path / "data.csv"
    path.write_text('1,2\n3,"4\n' + "5,6\n" * 100)
    message = refused(capsys, "fit", str(path), "--target", "0")
    assert message.endswith("5,6\\n' is not a number\n")
    assert len(message) < len(str(path)) + 160
    path.write_text('1,2\n3,"4\n' + "5,6\n" * 50_000)
    message = refused(capsys, "fit", str(path), "--target", "0")
    assert "is there a quote that is never closed?" in message


def test_thousands_of_names_do_not_fill_the_screen(capsys, tmp_path):
    names = [f"c{i}" for i in range(5000)]
    path = write_csv(tmp_path / "wide.csv", np.ones((2, 5000)), ",".join(names))
    message = refused(capsys, "fit", path, "--target", "y")
    assert "the columns are 'c0', 'c1', " in message
    assert "'c19' and 4980 more, or 0 to 4999, or -5000 to -1 from the end\n" in message
    np.savez(tmp_path / "many.npz", **dict.fromkeys(names, 0))
    message = refused(capsys, "fit", str(tmp_path / "many.npz"), "--target", "y")
    assert message.endswith("'c19' of shape () and 4980 more\n")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("a,b\n1,2\n".encode("utf-16"), "line 1: byte 0xff"),
        ("größe,b\n1,2\n".encode("latin-1"), "line 1: byte 0xf6"),
        (gzip.compress(b"1,2\n"), "line 1: byte 0x8b"),
        (b"\xef\xbb\xbfa,b\r\n1,2\r\n" + b"3,4\r\n" * 9999 + b"\xe9", "line 10002: byte 0xe9"),
    ],
    ids=["UTF-16", "Latin-1", "gzip", "last byte"],
)
def test_what_is_not_utf8_is_refused(capsys, tmp_path, content, said):
    path = tmp_path / "data.csv"
    path.write_bytes(content)
    message = refused(capsys, "fit", str(path), "--target", "0")
    assert f"{path}: {said} is not UTF-8; save the file as UTF-8" in message


def test_a_line_may_end_within_a_quoted_name(capsys, tmp_path):
    path = tmp_path / "data.csv"
    path.write_bytes(b'"sale\r\nprice",age\r\n1,2\r\n')
    assert "w of age" in printed(capsys, "fit", str(path), "--target", "sale price")
    path.write_bytes(b'"sale\r\nprice",age\r\n1,2\r\n3,x\r\n')
    message = refused(capsys, "fit", str(path), "--target", "age")
    assert "line 4, column 'age': 'x' is not a number" in message


def test_the_targets_do_not_keep_the_table_from_which_they_come(examples, tmp_path):
    path = write_csv(tmp_path / "data.csv", examples)
    assert read(path, "1").y.base is None


@pytest.mark.parametrize("name", ["data.npy", "data.npz"])
def test_a_file_without_rows_is_refused_by_its_name(capsys, tmp_path, name):
    path = tmp_path / name
    if name == "data.npy":
        np.save(path, np.ones((0, 3)))
    else:
        np.savez(path, X=np.ones((0, 3)), y=np.ones(0))
    message = refused(capsys, "fit", str(path), "--target", "y" if name == "data.npz" else "0")
    assert message.startswith(f"fastsgd: error: {path}: expected ")
    assert "at least one row" in message
    assert "shape (0, 3)" in message


def test_a_report_that_cannot_be_printed_is_an_error(examples, tmp_path):
    path = write_csv(tmp_path / "data.csv", examples, "大小,price,age")
    command = ["fit", path, "--target", "price"]
    status, message = process(*command, stdout=subprocess.DEVNULL, PYTHONIOENCODING="ascii")
    assert status == 2
    assert message.startswith("fastsgd: error: 'ascii' codec can't encode ")


@pytest.mark.parametrize("header", ["2019,2020,2021", "0,1,3", "1,2,3", "0.0,1.0,2.0"])
def test_other_numbers_are_a_row_and_the_report_says_so(capsys, examples, tmp_path, header):
    path = write_csv(tmp_path / "data.csv", examples, f"\n{header}")
    report = printed(capsys, "fit", path, "--target", "1", "--lr", "1e-9")
    assert f"{path}; no header: line 2 is a row\n" in report
    assert "201 rows of 2 features" in report


def test_a_name_is_the_same_however_its_words_are_parted(capsys, examples, tmp_path):
    path = write_csv(tmp_path / "data.csv", examples, 'size,"sale  price ",built')
    for target in ("sale price", " sale  price", "1"):
        assert "w of built" in printed(capsys, "fit", path, "--target", target)


@pytest.mark.parametrize(
    ("name", "said"),
    [("none.csv", "No such file"), ("none.npz", "No such file"), ("data.txt", ".npy or .npz")],
)
def test_fit_says_which_file_it_cannot_read(capsys, tmp_path, name, said):
    message = refused(capsys, "fit", str(tmp_path / name), "--target", "0")
    assert said in message
    assert name in message


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"X": np.ones((3, 2))}, "no array 'y'; "),
        ({"X": np.ones((3, 2)), "Z": np.ones((3, 2)), "y": np.ones(3)}, "one array of 2 dim"),
        ({"X": np.ones((3, 2)), "y": np.ones((3, 2))}, "one target a row, got 'y' of shape (3, 2)"),
        ({"X": np.ones((3, 2)), "y": np.array(["a", "b", "c"])}, "y: expected an array of real"),
        ({"X": np.ones((3, 2)), "y": np.array([1, 2, np.inf])}, "'y': row 2 is inf"),
        ({"X": [[1.0, 2.0], [3.0, np.nan]], "y": np.ones(2)}, "'X': row 1, column 1 is nan"),
        ({"X": np.ones((3, 2)), "y": np.ones(4)}, "y: expected one entry for each of the 3 rows"),
    ],
)
def test_fit_says_what_is_wrong_with_an_archive(capsys, tmp_path, arrays, said):
    path = tmp_path / "data.npz"
    np.savez(path, **arrays)
    assert said in refused(capsys, "fit", str(path), "--target", "y")


def test_a_number_that_is_not_finite_is_named_by_its_place_in_the_table(capsys, examples, tmp_path):
    table = examples.copy()
    table[3, 2] = np.nan
    path = tmp_path / "table.npy"
    np.save(path, table)
    message = refused(capsys, "fit", str(path), "--target", "0")
    assert f"{path}: row 3, column 2 is nan" in message


def test_numbers_that_a_dtype_does_not_hold_are_refused_before_the_report(capsys, tmp_path):
    path = tmp_path / "table.npy"
    np.save(path, [[1.0, 2.0], [3.0, 1e300]])
    for target, said in (
        ("0", r"the 1e\+300 of 'column 1', got float32"),
        ("1", r"the 1e\+300 of '1', got float32"),
    ):
        message = refused(capsys, "fit", str(path), "--target", target, "--dtype", "float32")
        assert re.search(said, message)


def test_a_rate_that_the_dtype_of_the_data_does_not_hold_is_refused_before_the_report(
    capsys, tmp_path
):
    path = tmp_path / "table.npy"
    np.save(path, np.ones((3, 2), np.float32))
    assert "lr: " in refused(capsys, "fit", str(path), "--target", "0", "--lr", "1e-40")


def test_fit_says_that_an_archive_is_damaged_or_holds_other_things(capsys, tmp_path):
    path = tmp_path / "data.npz"
    np.savez_compressed(path, X=np.arange(600.0).reshape(300, 2), y=np.ones(300))
    damaged = bytearray(path.read_bytes())
    damaged[100:120] = bytes(20)
    path.write_bytes(damaged)
    message = "nothing that numpy reads without unpickling"
    assert message in refused(capsys, "fit", str(path), "--target", "y")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("y.txt", "1 2 3")
    assert "'y.txt' is not an array" in refused(capsys, "fit", str(path), "--target", "y.txt")


@pytest.mark.parametrize(("name", "target"), [("data.npy", "0"), ("data.npz", "y")])
def test_an_object_array_is_refused_and_not_unpickled(capsys, monkeypatch, tmp_path, name, target):
    path = tmp_path / name
    objects = np.array([[None, 1.0]], dtype=object)
    if name == "data.npy":
        np.save(path, objects, allow_pickle=True)
    else:
        np.savez(path, X=objects, y=np.ones(1))
    unpickled = []
    monkeypatch.setattr("pickle.load", lambda *arguments, **options: unpickled.append(arguments))
    assert "Object arrays cannot be loaded" in refused(capsys, "fit", str(path), "--target", target)
    assert not unpickled


def test_a_sign_that_begins_comments_elsewhere_is_no_number(capsys, tmp_path):
    path = tmp_path / "data.csv"
    for line in ("#3,4", "3,4#5"):
        path.write_text(f"a,b\n1,2\n{line}\n5,6\n")
        assert "line 3, column" in refused(capsys, "fit", str(path), "--target", "a")


def test_numbers_may_be_quoted(capsys, tmp_path):
    path, texts = tmp_path / "data.csv", []
    for text in ("a,b\n1,2\n3,5\n", '"a","b"\n"1","2"\n"3","5"\n'):
        path.write_text(text)
        report = printed(capsys, "fit", str(path), "--target", "b", "--seed", "0")
        texts.append(report.split("fit ")[0])
    assert texts[0] == texts[1]


def test_one_name_may_be_a_number_to_python(capsys, tmp_path):
    path = tmp_path / "data.csv"
    path.write_text("1_0,price\n1,2\n3,5\n")
    assert "w of 1_0" in printed(capsys, "fit", str(path), "--target", "price")


def test_names_may_end_in_capitals(capsys, tmp_path):
    path = tmp_path / "DATA.CSV"
    path.write_text("a,b\n1,2\n3,5\n")
    assert "w of a" in printed(capsys, "fit", str(path), "--target", "b")


def test_targets_of_an_archive_may_be_a_column(capsys, tmp_path):
    X, y = np.arange(12.0).reshape(6, 2) / 12, np.arange(6.0)
    path, texts = tmp_path / "data.npz", []
    for targets in (y, y[:, None]):
        np.savez(path, X=X, y=targets)
        text = printed(capsys, "fit", str(path), "--target", "y", "--seed", "0")
        texts.append(text[text.index("epoch") : text.index("compilation")].rpartition("fit")[0])
    assert texts[0] == texts[1]
