"""The plot of the original program: its data with the learned line, and its loss by epoch."""

from __future__ import annotations

import io
from typing import Any

import numpy as np

from .. import archive
from ..arrays import Array
from ..model import Model
from .out_file import ReportBesideFile

# An SVG with an element for each of more points than this is slow to open.
POINTS_AS_SHAPES = 10_000


def report_beside(plot: str) -> ReportBesideFile:
    """Return a report beside a plot; refuse one that cannot be drawn, before the fit."""
    if not plot.lower().endswith(".svg"):
        raise ValueError(f"--plot: expected a name that ends in .svg, got {plot!r}")
    report = ReportBesideFile("--plot", "plot", plot)
    blank_figure()
    return report


def save(path: str, X: Array, y: Array, model: Model) -> None:
    """Write the plot to a file."""
    figure, content = blank_figure(), io.BytesIO()
    draw(figure, X, y, model)
    figure.savefig(content, format="svg")
    archive.put(path, content.getvalue())


def blank_figure() -> Any:
    """Return a figure of matplotlib, with which nothing is drawn on any screen.

    Raises
    ------
    ImportError
        If matplotlib is not installed; the message says how to install it.
    """
    try:
        import matplotlib.figure
    except ImportError as error:
        raise ImportError(
            "--plot needs matplotlib, which is not installed: pip install 'fastsgd[plot]'"
        ) from error
    return matplotlib.figure.Figure(figsize=(9, 4), layout="constrained")


def draw(figure: Any, X: Array, y: Array, model: Model) -> None:
    """Draw the labels against one feature with the learned line, and the loss by epoch."""
    scatter, losses = figure.subplots(1, 2)
    _draw_line(scatter, X, y, model)
    _draw_losses(losses, model.history.data_loss)


def _draw_line(axes: Any, X: Array, y: Array, model: Model) -> None:
    feature = 1 if X.shape[1] >= 2 else 0
    x = X[:, feature]
    # The other features are 0 on the average, and on the line.
    ends = np.array([x.min(), x.max()])
    axes.scatter(x, y, s=4, rasterized=y.size > POINTS_AS_SHAPES, label="rows")
    axes.plot(ends, model.w[feature] * ends + model.b, color="C1", label="learned")
    axes.set(xlabel=f"features[:, {feature}]", ylabel="labels")
    axes.legend()


def _draw_losses(axes: Any, losses: tuple[float, ...]) -> None:
    axes.plot(range(1, len(losses) + 1), losses, marker="o")
    if any(losses):  # matplotlib warns of an axis on which nothing is positive
        axes.set_yscale("log")
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.set(xlabel="epoch", ylabel="mean loss of all rows")
