"""All contestants: fastsgd, its peers and the limits."""

from __future__ import annotations

import numpy as np

import fastsgd
from fastsgd.penalties import L1, L2

from .interface import Contestant, Run, Visit
from .limits import LIMITS
from .peers import PEERS
from .workloads import ALPHA, Task


def prepare_fastsgd(task: Task) -> Run:
    """The whole call, always of whole epochs."""
    n, d = task.X.shape
    zeros = np.zeros(d), 0.0
    penalties = {None: None, "l2": L2(ALPHA), "l1": L1(ALPHA)}
    penalty = penalties[task.penalty]

    def run(batches: int) -> Visit:
        model = fastsgd.fit(
            task.X,
            task.y,
            batch_size=task.batch_size,
            epochs=task.epochs,
            lr=task.lr,
            shuffle=True,
            epoch_loss="running",
            loss=task.loss,
            penalty=penalty,
            init=zeros,
            check_finite=False,
        )
        return Visit(n * task.epochs, (model.w, model.b))

    return run


CONTESTANTS = {
    "fastsgd": Contestant("fastsgd", "fastsgd", "fastsgd", prepare_fastsgd, reads_sparse=True),
    **PEERS,
    **LIMITS,
}
