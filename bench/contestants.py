"""All contestants: fastsgd, its peers and the limits."""

from __future__ import annotations

import numpy as np

import fastsgd

from .interface import Contestant, Run, Visit
from .limits import LIMITS
from .peers import PEERS
from .workloads import Task


def prepare_fastsgd(task: Task) -> Run:
    """The whole call, always of whole epochs."""
    n, d = task.X.shape
    zeros = np.zeros(d), 0.0

    def run(batches: int) -> Visit:
        model = fastsgd.fit(
            task.X,
            task.y,
            batch_size=task.batch_size,
            epochs=task.epochs,
            lr=task.lr,
            shuffle=True,
            epoch_loss="running",
            init=zeros,
            check_finite=False,
        )
        return Visit(n * task.epochs, (model.w, model.b))

    return run


CONTESTANTS = {
    "fastsgd": Contestant("fastsgd", "fastsgd", "fastsgd", prepare_fastsgd),
    **PEERS,
    **LIMITS,
}
