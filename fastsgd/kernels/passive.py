"""Passive-aggressive steps: how long the step of a row is depends on its own loss."""

from typing import Any, NamedTuple

from .methods import derivative, target, value, weigh


class PassiveAggressive(NamedTuple):
    """Targets of rows whose steps are long enough to make up for their losses, but no longer."""

    targets: Any
    falls: Any  # (n,): by how much the loss of a row falls in a whole step
    most: Any  # how much of a step may be taken

    def differentiate(
        self,
        weights: Any,
        order: Any,
        start: Any,
        stop: Any,
        b: Any,
        loss: Any,
        block: Any,
        derivative_sums: Any,
        loss_sums: Any,
    ) -> None:
        """Replace products of rows and weights by derivatives times the share of a step."""
        for j in range(b.size):
            for p in range(start, stop):
                i = order[p]
                y_hat, y = block.scores[j, p - start] + b[j], target(self.targets, i, j)
                height = value(loss, y_hat, y)
                share = min(self.most, height / self.falls[i])
                weighted = weigh(weights, i, j, share * derivative(loss, y_hat, y))
                block.scores[j, p - start] = weighted
                derivative_sums[j] += weighted
                loss_sums[j] += weigh(weights, i, j, height)
