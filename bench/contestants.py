"""All contestants: fastsgd, its peers and the limits."""

from __future__ import annotations

from typing import Any

import numpy as np

import fastsgd
from fastsgd.penalties import L1, L2

from .interface import Contestant, Run, Visit
from .limits import LIMITS
from .peers import PEERS
from .workloads import ALPHA, Task


def prepare_fastsgd(task: Task, **others: Any) -> Run:
    """The whole call, always of whole epochs; `others` are arguments that no peer is given."""
    n, d = task.X.shape
    zeros: Any = (np.zeros(d), 0.0)
    if task.loss == "softmax":
        k = int(task.y.max()) + 1
        zeros = (np.zeros((d, k)), np.zeros(k))
    penalties = {None: None, "l2": L2(ALPHA), "l1": L1(ALPHA)}
    options: dict[str, Any] = {
        "batch_size": task.batch_size,
        "epochs": task.epochs,
        "lr": task.lr,
        "shuffle": True,
        "epoch_loss": "running",
        "loss": task.loss,
        "penalty": penalties[task.penalty],
        "init": zeros,
        "check_finite": task.check_finite,
        **others,
    }

    def run(batches: int) -> Visit:
        model = fastsgd.fit(task.X, task.y, **options)
        return Visit(n * task.epochs, lambda: (model.w, model.b))

    return run


CONTESTANTS = {
    "fastsgd": Contestant("fastsgd", "fastsgd", "fastsgd", prepare_fastsgd, reads_sparse=True),
    **PEERS,
    **LIMITS,
}
