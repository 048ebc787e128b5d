"""`fastsgd fit --out`: what it leaves on the disk, and what becomes of the report beside it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from reports import (
    failed,
    needs_full_device,
    needs_small_pipes,
    needs_to_be_no_root,
    numbers_in,
    printed,
    process,
    refused,
    shrink,
)

import fastsgd
from fastsgd import archive


def write_rows(path, header):
    path.write_text(f"{header}\n1,2,0\n0,-3,1\n1,-1,1\n", encoding="utf-8")
    return str(path)


@pytest.fixture
def data(tmp_path):
    return write_rows(tmp_path / "data.csv", "size,price,built in")


def test_a_folder_is_no_place_for_a_model(capsys, data, tmp_path):
    options = ["--target", "price", "--out", str(tmp_path)]
    assert "is a folder" in refused(capsys, "fit", data, *options)


def test_a_name_that_is_empty_is_no_folder(capsys, data):
    said = refused(capsys, "fit", data, "--target", "price", "--out", "")
    assert "--out: expected the name of a file, got ''" in said


def test_a_folder_that_is_not_there_is_refused_before_the_fit(capsys, data, tmp_path):
    out = tmp_path / "nowhere" / "model.npz"
    options = ["--target", "price", "--out", str(out)]
    assert "nowhere" in refused(capsys, "fit", data, *options)


@pytest.mark.parametrize("end", ["", "."])
def test_a_name_that_ends_in_a_slash_is_no_name_of_a_file(capsys, data, tmp_path, end):
    out = os.path.join(tmp_path, "models", end)
    message = refused(capsys, "fit", data, "--target", "price", "--out", out)
    assert f"--out: there is no folder {out!r}" in message
    assert not (tmp_path / "models").exists()


def test_the_data_are_never_overwritten_by_the_model(capsys, data, tmp_path):
    link = tmp_path / "link.csv"
    link.symlink_to(data)
    before = Path(data).read_bytes()
    for out in (data, str(link)):
        message = refused(capsys, "fit", data, "--target", "price", "--out", out)
        assert f"--out: {out!r} is the file with the data" in message
    assert Path(data).read_bytes() == before


@pytest.fixture
def read_only(tmp_path):
    """Return a folder in which nothing may be written but one file that is there."""
    folder = tmp_path / "read only"
    folder.mkdir()
    (folder / "old.npz").touch()
    folder.chmod(0o500)
    yield folder
    folder.chmod(0o700)


@needs_to_be_no_root
@pytest.mark.parametrize("name", ["new.npz", "old.npz"])
@pytest.mark.parametrize("is_link", [False, True], ids=["file", "link"])
def test_a_folder_in_which_nothing_may_be_written_is_refused_before_the_fit(
    capsys, data, read_only, tmp_path, name, is_link
):
    out = tmp_path / "link.npz" if is_link else read_only / name
    if is_link:
        out.symlink_to(read_only / name)
    message = refused(capsys, "fit", data, "--target", "price", "--out", str(out))
    assert f"--out: nothing may be written in the folder {str(read_only)!r}" in message


@needs_to_be_no_root
def test_a_file_that_may_not_be_written_is_refused_before_the_fit(capsys, data, tmp_path):
    out = tmp_path / "model.npz"
    out.touch(mode=0o400)
    message = refused(capsys, "fit", data, "--target", "price", "--out", str(out))
    assert f"--out: {str(out)!r} may not be written" in message


@pytest.mark.parametrize(
    ("leads_to", "said"),
    [("nowhere/model.npz", "there is no folder "), ("link.npz", "is a link that leads back")],
)
def test_a_link_that_leads_nowhere_is_refused_before_the_fit(
    capsys, data, tmp_path, leads_to, said
):
    out = tmp_path / "link.npz"
    out.symlink_to(tmp_path / leads_to)
    message = refused(capsys, "fit", data, "--target", "price", "--out", str(out))
    assert said in message
    assert message.startswith("fastsgd: error: --out: ")


def test_a_model_may_have_the_longest_name_that_a_file_may_have(capsys, data, tmp_path):
    out = tmp_path / f"{'m' * 251}.npz"
    printed(capsys, "fit", data, "--target", "price", "--out", str(out))
    assert len(fastsgd.load(out).history.loss) == 3


def test_an_interrupt_ends_with_status_130(capsys, data, monkeypatch, tmp_path):
    def interrupt(*arguments, **options):
        raise fastsgd.Interrupted(None)

    monkeypatch.setattr("fastsgd.cli.report.fit", interrupt)
    before = sorted(tmp_path.iterdir())
    message, _ = failed(capsys, "fit", data, "--target", "price", status=130)
    assert "interrupted; nothing was saved" in message
    assert sorted(tmp_path.iterdir()) == before


def test_an_interrupt_before_the_first_epoch_leaves_nothing_to_save(
    capsys, data, monkeypatch, tmp_path
):
    def interrupt(*arguments, **options):
        if options.get("epochs") == 1:  # of the rows of zeros that are fitted to compile
            raise fastsgd.Interrupted(None)
        return fastsgd.fit(*arguments, **options)

    monkeypatch.setattr("fastsgd.cli.report.fit", interrupt)
    out = tmp_path / "model.npz"
    options = ["--target", "price", "--out", str(out)]
    message, _ = failed(capsys, "fit", data, *options, status=130)
    assert "interrupted; nothing was saved" in message
    assert not out.exists()


def test_an_interrupt_while_the_model_is_saved_does_not_say_that_nothing_was(
    capsys, data, monkeypatch, tmp_path
):
    put = archive.put

    def interrupt(*arguments):
        put(*arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr("fastsgd.archive.put", interrupt)
    out = str(tmp_path / "model.npz")
    message, _ = failed(capsys, "fit", data, "--target", "price", "--out", out, status=130)
    assert f"interrupted; {out} is as it was, or holds the model" in message


def test_an_interrupt_saves_what_was_learned_where_it_was_to_be_saved(
    capsys, data, monkeypatch, tmp_path
):
    model = fastsgd.fit([[1.0, 2.0]], [1.0], seed=0)

    def interrupt(*arguments, **options):
        if "callback" in options:
            raise fastsgd.Interrupted(model)
        return fastsgd.fit(*arguments, **options)

    monkeypatch.setattr("fastsgd.cli.report.fit", interrupt)
    out = str(tmp_path / "model.npz")
    message, _ = failed(capsys, "fit", data, "--target", "price", "--out", out, status=130)
    assert f"interrupted; the model so far is in {out}" in message
    np.testing.assert_array_equal(fastsgd.load(out).w, model.w)


def test_a_model_is_saved_whole_though_nobody_reads_the_report(data, tmp_path):
    out = tmp_path / "model.npz"
    reader, writer = os.pipe()
    os.close(reader)
    command = ["fit", data, "--target", "price", "--out", str(out)]
    assert process(*command, stdout=writer) == (0, "")
    os.close(writer)
    assert len(fastsgd.load(out).history.loss) == 3


@needs_full_device
def test_a_model_is_saved_though_the_report_finds_no_place(data, tmp_path):
    out = tmp_path / "model.npz"
    command = ["fit", data, "--target", "price", "--out", str(out)]
    with open("/dev/full", "w") as full:
        status, message = process(*command, stdout=full)
    assert status == 2
    assert message.startswith("fastsgd: error: stdout: ")
    assert message.endswith(f"The model is in {out}\n")
    assert len(fastsgd.load(out).history.loss) == 3


def test_a_model_is_saved_though_the_names_of_columns_cannot_be_printed(tmp_path):
    path = write_rows(tmp_path / "data.csv", "大小,price,age")
    out = tmp_path / "model.npz"
    command = ["fit", path, "--target", "price", "--out", str(out)]
    status, message = process(*command, stdout=subprocess.DEVNULL, PYTHONIOENCODING="ascii")
    assert status == 2
    assert message.endswith(f"The model is in {out}\n")
    assert len(fastsgd.load(out).history.loss) == 3


def test_a_name_that_no_file_may_have_is_refused_before_the_fit(capsys, data, tmp_path):
    out = str(tmp_path / f"{'m' * 252}.npz")
    message = refused(capsys, "fit", data, "--target", "price", "--out", out)
    assert message.startswith("fastsgd: error: --out: ")
    assert out in message


def test_a_fit_that_diverges_leaves_the_file_as_it_was_and_says_so(capsys, data, tmp_path):
    out = tmp_path / "model.npz"
    out.write_bytes(b"former")
    options = ["--target", "price", "--lr", "1e200", "--out", str(out)]
    message, _ = failed(capsys, "fit", data, *options, status=1)
    assert message.startswith("fastsgd: the fit diverged; nothing was saved: ")
    assert out.read_bytes() == b"former"


@needs_full_device
def test_a_model_that_finds_no_place_is_an_error(capsys, data):
    command = ["fit", data, "--target", "price", "--out", "/dev/full"]
    message, report = failed(capsys, *command, status=2)
    assert "--out: the model is not saved: " in message
    assert numbers_in(report, "w of size")
    assert "The model is in" not in report


@needs_small_pipes
def test_an_interrupt_of_a_report_that_nobody_reads_says_where_the_model_is(tmp_path):
    reader, writer = os.pipe()
    # The last lines of the report are as wide as this name, and together more than the pipe holds.
    name = "n" * (shrink(writer) // 3)
    path = write_rows(tmp_path / "data.csv", f"{name},price,age")
    out = tmp_path / "model.npz"
    command = f"""
import signal, sys
from fastsgd.__main__ import main
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.exit(main(["fit", {path!r}, "--target", "price", "--out", {str(out)!r}]))
"""
    child = subprocess.Popen(
        [sys.executable, "-c", command],
        stdout=writer,
        stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONUNBUFFERED": ""},
    )
    os.close(writer)
    while b" " * 99 not in (shown := os.read(reader, 1000)):
        assert shown  # or there is no more to come
    child.send_signal(signal.SIGINT)
    _, message = child.communicate(timeout=60)
    os.close(reader)
    assert message.decode() == f"fastsgd: interrupted; the model is in {out}\n"
    assert child.returncode == 130
    assert len(fastsgd.load(out).history.loss) == 3
