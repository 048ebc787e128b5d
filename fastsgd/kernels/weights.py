"""What each row counts for."""

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
        """Return x times the weight of row i; 0 if that is 0, though x may be infinite."""
        weight = self.weights[i]
        return x * weight if weight > 0 else weight


class WeightedByOutput(NamedTuple):
    """Row i counts `weights[i, j]` times for output j."""

    weights: Any  # (n, k)

    def weigh(self, i: Any, j: Any, x: Any) -> Any:
        """Return x times the weight of row i for output j; 0 if that is 0."""
        weight = self.weights[i, j]
        return x * weight if weight > 0 else weight
