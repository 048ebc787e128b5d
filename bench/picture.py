"""The picture of a run: rows a second of every contestant on a few workloads, as SVG."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from .contestants import CONTESTANTS
from .limits import LIMITS
from .report import number
from .results import Results

# One of each kind: the headline, tiny batches of many rows, in a cache, and far larger than any.
PICTURED = (
    "original program",
    "1Mx10/10 float32",
    "20000x100/32 float32",
    "100000x1000/128 float32",
)

# Told apart by those who do not see all colours, and in grey.
FASTSGD, PEER, LIMIT, INK = "#d55e00", "#56a0d3", "#c8c8c8", "#222222"


def draw(results: Results, path: Path) -> None:
    """Draw the workloads that are usually pictured, or the first few if those are missing."""
    workloads = [name for name in PICTURED if name in results.turns]
    workloads = workloads or list(results.turns)[:4]
    figure = Figure(figsize=(10, 0.6 + 2.7 * ((len(workloads) + 1) // 2)), facecolor="white")
    columns = min(2, len(workloads))
    grid = figure.subplots((len(workloads) + 1) // 2, columns, squeeze=False).ravel()
    for axes, workload in zip(grid, workloads, strict=False):
        _bars(axes, results, workload)
    for axes in grid[len(workloads) :]:
        axes.remove()
    figure.suptitle(
        "Rows a second, one thread, logarithmic scale", color=INK, fontsize=12, fontweight="bold"
    )
    figure.tight_layout(h_pad=1.5, w_pad=2)
    save(figure, path)


def save(figure: Figure, path: Path) -> None:
    """Write it so that text stays text, and that the same numbers make the same file."""
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "fastsgd"}):
        figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)


def _bars(axes: Any, results: Results, workload: str) -> None:
    """Draw a bar for each contestant that was measured, the fastest learner first."""
    rates = {name: results.rate(workload, name) for name in CONTESTANTS}
    learners = [(rate, name) for name, rate in rates.items() if rate and name not in LIMITS]
    limits = [(rate, name) for name, rate in rates.items() if rate and name in LIMITS]
    bars = [*sorted(limits, reverse=True), *sorted(learners, reverse=True)]
    smallest = min(rate for rate, _ in bars)
    for place, (rate, name) in enumerate(bars):
        color = FASTSGD if name == "fastsgd" else LIMIT if name in LIMITS else PEER
        weight = "bold" if name == "fastsgd" else "normal"
        axes.barh(place, rate, color=color, height=0.72)
        label = f" {_short(rate)}"
        axes.text(rate, place, label, va="center", fontsize=8.5, color=INK, fontweight=weight)
    axes.set_yticks(range(len(bars)), [label_of(name) for _, name in bars], fontsize=9, color=INK)
    for text, (_, name) in zip(axes.get_yticklabels(), bars, strict=True):
        text.set_fontweight("bold" if name == "fastsgd" else "normal")
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.set_xlim(smallest / 3, 8 * max(rate for rate, _ in bars))
    axes.set_title(workload, fontsize=10, loc="left", color=INK)
    axes.tick_params(axis="x", labelsize=8, colors="#666666")
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x", color="#e6e6e6", linewidth=0.8)
    axes.set_axisbelow(True)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color("#bbbbbb")


def label_of(name: str) -> str:
    """Return what a contestant is called in a picture."""
    title = CONTESTANTS[name].title
    return f"limit: {title}" if name in LIMITS else title


def _short(rate: float) -> str:
    for size, unit in ((1e6, "M"), (1e3, "k")):
        if rate >= size:
            return number(rate / size) + unit
    return number(rate)
