"""What an estimator learns from, and what of it is held out."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from sklearn.base import is_classifier
from sklearn.model_selection import ShuffleSplit, StratifiedShuffleSplit

from ..arrays import Array
from ..order import index_dtype


class Examples(NamedTuple):
    """Checked rows, as `fastsgd.fit` takes them."""

    X: Any
    targets: Array
    sample_weight: Array | None
    kept: Array | None = None  # the numbers of those to learn from; None for all

    @property
    def n(self) -> int:
        """How many there are to learn from."""
        return len(self.targets) if self.kept is None else self.kept.size

    def without(self, held: Array) -> Examples:
        """Return the same rows, of which some are not to be learned from."""
        is_held = np.zeros(len(self.targets), np.bool_)
        is_held[held] = True
        return self._replace(kept=np.flatnonzero(~is_held).astype(index_dtype(is_held.size)))

    def at(self, places: Array) -> Examples:
        """Return a copy of some of the rows."""
        weights = None if self.sample_weight is None else self.sample_weight[places]
        return Examples(self.X[places], self.targets[places], weights)


def drawn(estimator: Any, y: Array, sample_weight: Array | None) -> Array:
    """Return the places of the rows that are held out.

    `y` are labels as the user knows them, as errors tell of which there are too few.
    """
    splitter = StratifiedShuffleSplit if is_classifier(estimator) else ShuffleSplit
    halves = splitter(test_size=estimator.validation_fraction, random_state=estimator.random_state)
    train, held = next(halves.split(np.zeros((len(y), 1)), y))
    for name, rows in (("validation", held), ("training", train)):
        if sample_weight is not None and not sample_weight[rows].any():
            raise ValueError(
                f"The sample weights for {name} set are all zero, consider using a different "
                "random state."
            )
    return np.asarray(held)
