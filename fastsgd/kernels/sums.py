"""Sums of weights that are held as a product with a scale, for their averages.

A weight after step u is ``s[u] * W[u]``: s is the same for all weights, and W changes only where a
feature occurs. With ``S[v]`` for the sum of the scales before W[v] becomes W[v + 1],

    ``sum_u s[u] * W[u] = S[t] * W[t] + sum_v S[v] * (W[v] - W[v + 1])``

So a step touches what it changes alone.

Source: W. Xu, Towards optimal one pass large scale learning with averaged stochastic gradient
descent, arXiv:1107.2490 (2011).
"""

from typing import Any, NamedTuple

import numpy as np

from .lapses import take_in


class NotSummed(NamedTuple):
    """No averages are kept."""

    def note_change(self, j: Any, f: Any, before: Any, after: Any) -> None:
        """Do nothing."""
        return

    def note_scale(self, scale: Any, j: Any, t: Any) -> None:
        """Do nothing."""
        return

    def take_sums(self, w: Any, j: Any, t: Any) -> None:
        """Do nothing."""
        return


# Epochs take 0.4 times as long as by `Averaging`, and 0.2 as by `DecayingInAverage`.
class Summed(NamedTuple):
    """The weights count for their averages, from step `first` on."""

    means: Any  # (k, d), float64
    first: Any
    pace: Any  # (k,): 0 for outputs that have stopped
    changes: Any  # (k, d), float64: the sum of the changes, each times the scales before it
    scales: Any  # (k,): the sum of the scales since step `since`
    since: Any  # (k,): up to which step the means are those of all weights

    def note_change(self, j: Any, f: Any, before: Any, after: Any) -> None:
        """Take in what a step has changed of a weight."""
        # Of float32, the difference as it is: sums go by what the weights are, rounded as they are.
        self.changes[j, f] += self.scales[j] * (np.float64(before) - np.float64(after))

    def note_scale(self, scale: Any, j: Any, t: Any) -> None:
        """Take in the scale after step t."""
        if t >= self.first:
            self.scales[j] += scale[j]

    def take_sums(self, w: Any, j: Any, t: Any) -> None:
        """Take the weights of output j after all steps before t into their averages."""
        if self.pace[j] > 0:
            scales, since = self.scales[j], self.since[j]
            for f in range(w.size):
                total = scales * np.float64(w[f]) + self.changes[j, f]
                take_in(self.means, j, f, self.first, since, t, total)
                self.changes[j, f] = 0
            self.scales[j], self.since[j] = 0, t
