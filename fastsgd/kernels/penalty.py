"""The value of a penalty."""

from __future__ import annotations

from typing import Any

import numpy as np

from .jit import entry
from .methods import value


@entry
def add_penalties(penalty: Any, w: Any, sums: Any) -> None:
    """Add the penalty on the weights of each output to `sums`, in float64."""
    for j in range(w.shape[0]):
        for f in range(w.shape[1]):
            sums[j] += value(penalty, np.float64(w[j, f]), f)
