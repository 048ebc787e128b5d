"""What each row counts for."""

from __future__ import annotations

from typing import Any, NamedTuple


class Unweighted(NamedTuple):
    """Every row counts once."""

    def weigh(self, i: Any, j: Any, x: Any) -> Any:
        """Return x."""
        return x


class Weighted(NamedTuple):
    """Row i counts `weights[i]` times."""

    weights: Any  # (n,)

    def weigh(self, i: Any, j: Any, x: Any) -> Any:
        """Return x times the weight of row i."""
        return x * self.weights[i]


class WeightedByOutput(NamedTuple):
    """Row i counts `weights[i, j]` times for output j."""

    weights: Any  # (n, k)

    def weigh(self, i: Any, j: Any, x: Any) -> Any:
        """Return x times the weight of row i for output j."""
        return x * self.weights[i, j]
