"""The picture of all sizes: what a row costs each contestant, as SVG."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from .picture import FASTSGD, INK, PEER, label_of, save

# Told apart by those who do not see all colours: colour, form of the line, form of the points.
STYLES = {
    "fastsgd": {"color": FASTSGD, "linestyle": "-", "marker": "o", "linewidth": 2.2, "zorder": 3},
    "sklearn": {"color": PEER, "linestyle": "-", "marker": "s"},
    "torch": {"color": PEER, "linestyle": "-", "marker": "^"},
    "blas": {"color": "#777777", "linestyle": "--", "marker": ""},
    "read": {"color": "#777777", "linestyle": ":", "marker": ""},
    "ordered": {"color": "#777777", "linestyle": "-", "marker": ""},
}


def draw(costs: Mapping[Any, Mapping[str, float]], path: Path) -> None:
    """Draw one panel for each number of features; the costs are seconds a row, by size."""
    panels = sorted({size.features for size in costs})
    lines = (len(panels) + 2) // 3
    figure = Figure(figsize=(11, 1.2 + 2.7 * lines), facecolor="white")
    grid = figure.subplots(lines, 3, squeeze=False, sharex=True).ravel()
    for axes, features in zip(grid, panels, strict=False):
        chosen = {size: cost for size, cost in costs.items() if size.features == features}
        _panel(axes, features, chosen)
    for axes in grid[len(panels) :]:
        axes.remove()
    figure.suptitle(
        "Nanoseconds a row (left) and a value (right), by the number of values of X",
        color=INK,
        fontsize=12,
        fontweight="bold",
    )
    handles, labels = grid[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="lower center", ncols=len(labels), frameon=False, fontsize=9)
    figure.tight_layout(h_pad=1.5, w_pad=1.5, rect=(0, 0.3 / figure.get_figheight(), 1, 1))
    save(figure, path)


def _panel(axes: Any, features: int, costs: Mapping[Any, Mapping[str, float]]) -> None:
    """Draw a line for each contestant that was measured."""
    for name, style in STYLES.items():
        points = [
            (n * features, 1e9 * cost[name]) for (n, _), cost in costs.items() if name in cost
        ]
        if points:
            axes.plot(*zip(*points, strict=True), label=label_of(name), markersize=3.5, **style)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_title(f"{features:,} feature{'s' if features > 1 else ''}", fontsize=10, loc="left")
    values = axes.secondary_yaxis(
        "right", functions=(lambda y: y / features, lambda v: v * features)
    )
    for axis in (axes, values):
        axis.tick_params(labelsize=8, colors="#666666")
        axis.minorticks_off()
    axes.grid(color="#e6e6e6", linewidth=0.8)
    axes.set_axisbelow(True)
    for side in axes.spines.values():
        side.set_color("#bbbbbb")
