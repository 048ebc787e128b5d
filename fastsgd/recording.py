"""What is written down of the epochs of a fit."""

from __future__ import annotations

from itertools import repeat

from .model import History

# Of an epoch: data loss, penalty, seconds and validation loss, if there is one.
Epoch = tuple[float, float, float, float | None]


class Record:
    """The history of a fit under way: that before it, and the epochs since.

    An epoch enters it in one step, as Ctrl-C may come between any two.
    """

    def __init__(self, before: History, has_losses: bool, is_validated: bool) -> None:
        self.before, self.has_losses, self.is_validated = before, has_losses, is_validated
        self.epochs: list[Epoch] = []

    @property
    def count(self) -> int:
        """Return how many epochs there are, those before included."""
        return len(self.before.seconds) + len(self.epochs)

    @property
    def first_loss(self) -> float:
        """Return the data loss of the first epoch since."""
        return self.epochs[0][0]

    @property
    def last_loss(self) -> float:
        """Return the data loss of the last epoch since, or 0 where there is none."""
        return self.epochs[-1][0] if self.epochs else 0.0

    @property
    def highest_loss(self) -> float:
        """Return the highest data loss of the epochs since, or 0 where there is none."""
        return max((epoch[0] for epoch in self.epochs), default=0.0)

    def add(
        self,
        data_losses: list[float],
        of_weights: list[float],
        seconds: float,
        validation_loss: float | None,
    ) -> None:
        """Write down some epochs, each of which took so many seconds."""
        self.epochs.extend(zip(data_losses, of_weights, repeat(seconds), repeat(validation_loss)))

    def history(self) -> History:
        """Return the history so far."""
        before = self.before
        if not self.epochs:
            return before
        losses, of_weights, seconds, held = zip(*self.epochs, strict=True)
        return History(
            before.data_loss + (losses if self.has_losses else ()),
            before.penalty + of_weights,
            before.seconds + seconds,
            before.validation_loss + (held if self.is_validated else ()),
        )
