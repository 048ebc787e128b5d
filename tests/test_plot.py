"""The program's picture shows what was learned, and lands where it was asked for or not at all."""

from __future__ import annotations

import os
import select
import sys
import threading
import xml.etree.ElementTree as ElementTree

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
from fastsgd.cli import plot

PROGRAM = ["--dtype", "float64"]


def test_a_plot_is_drawn_though_nobody_reads_the_report(tmp_path):
    path = tmp_path / "plot.svg"
    reader, writer = os.pipe()
    os.close(reader)
    assert process("--plot", str(path), stdout=writer) == (0, "")
    os.close(writer)
    assert path.exists()


@pytest.mark.parametrize(("w", "feature"), [(["2", "-3.4"], 1), (["2"], 0)])
def test_plot_is_an_svg_of_the_data_and_the_losses(capsys, tmp_path, w, feature):
    path = tmp_path / "plot.svg"
    assert f"The plot is in {path}" in printed(
        capsys, *PROGRAM, "--n", "50", "--w", *w, "--plot", str(path)
    )
    root = ElementTree.parse(path).getroot()
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    # Matplotlib writes each text that it draws into a comment too.
    assert f"features[:, {feature}]" in path.read_text(encoding="utf-8")


def test_plot_shows_the_line_that_was_learned():
    X, y = np.array([[5.0, 0.0], [6.0, 1.0], [7.0, 3.0]]), np.array([1.0, 2.0, 3.0])
    model = fastsgd.fit(X, y, lr=1e-3, epoch_loss="full", seed=0)
    figure = plot.blank_figure()
    plot.draw(figure, X, y, model)
    scatter, losses = figure.axes
    assert scatter.collections[0].get_offsets().tolist() == [[0, 1], [1, 2], [3, 3]]
    assert scatter.lines[0].get_xdata().tolist() == [0, 3]
    assert scatter.lines[0].get_ydata() == pytest.approx([model.b, model.b + 3 * model.w[1]])
    assert list(losses.lines[0].get_xdata()) == [1, 2, 3]
    assert tuple(losses.lines[0].get_ydata()) == model.history.data_loss


def test_losses_of_zero_are_drawn_without_a_warning():
    X, y = np.ones((3, 1)), np.zeros(3)
    model = fastsgd.fit(X, y, init=(np.zeros(1), 0.0), epoch_loss="full", seed=0)
    assert not any(model.history.data_loss)
    plot.draw(plot.blank_figure(), X, y, model)


def test_plot_is_refused_under_the_name_of_another_format(capsys, tmp_path):
    message = refused(capsys, *PROGRAM, "--plot", str(tmp_path / "plot.png"))
    assert "--plot: expected a name that ends in .svg" in message


def test_a_folder_is_no_place_for_a_plot(capsys, tmp_path):
    folder = tmp_path / "plot.svg"
    folder.mkdir()
    message = refused(capsys, *PROGRAM, "--plot", str(folder))
    assert f"--plot: {str(folder)!r} is a folder" in message


@needs_to_be_no_root
def test_a_plot_that_may_not_be_written_is_refused_before_the_fit(capsys, tmp_path):
    path = tmp_path / "plot.svg"
    path.touch(mode=0o400)
    message = refused(capsys, *PROGRAM, "--plot", str(path))
    assert f"--plot: {str(path)!r} may not be written" in message


@needs_full_device
def test_a_plot_that_finds_no_place_is_an_error(capsys, tmp_path):
    path = tmp_path / "plot.svg"
    path.symlink_to("/dev/full")
    message, report = failed(capsys, *PROGRAM, "--plot", str(path), status=2)
    assert "--plot: the plot is not saved: " in message
    assert str(path) in message
    assert numbers_in(report, "w[0]")


@needs_small_pipes
def test_a_plot_whose_reader_leaves_is_an_error(capsys, tmp_path):
    path = tmp_path / "plot.svg"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    shrink(reader)  # to less than a plot takes

    def leave():
        select.select([reader], [], [])
        os.close(reader)

    leaving = threading.Thread(target=leave)
    leaving.start()
    message, report = failed(capsys, *PROGRAM, "--plot", str(path), status=2)
    leaving.join()
    assert "--plot: the plot is not saved: " in message
    assert numbers_in(report, "w[0]")


def test_plot_without_matplotlib_names_the_extra(capsys, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    message = refused(capsys, *PROGRAM, "--plot", str(tmp_path / "plot.svg"))
    assert "pip install 'fastsgd[plot]'" in message
    assert not list(tmp_path.iterdir())
