"""Vowpal Wabbit as a peer: what it reads, and what of its work is timed."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from scipy.sparse import csr_array

from .interface import Run, Visit
from .workloads import ALPHA, Array, Task

# Of the file it learns from. Text is slow to write, and a short cache flatters it, if anything.
VALUES = 500_000

# The number of the feature "Constant", which it adds to every row.
CONSTANT = 11650396


def prepare_vowpal_wabbit(task: Task) -> Run:
    """Passes over its binary cache, in the order of the file, with a step a row, in float32.

    Opening a workspace, with its table of a million weights, takes 2 or 3 ms. That cannot be left
    out of a run, as a workspace can make its passes only once. So the cache holds many rows,
    whatever the workload, and a run makes as many passes as its time allows: these are then one
    or two hundredths of it. Weights are read one by one, which is no part of a run.
    """
    from vowpalwabbit import Workspace

    folder = tempfile.TemporaryDirectory()
    rows = max(1, VALUES * task.X.shape[0] // task.X.size)
    text, cache = Path(folder.name, "rows.txt"), Path(folder.name, "rows.cache")
    _write(task, rows, text)
    common = ["--cache_file", str(cache), "-b", "20", "--holdout_off", "--quiet"]
    Workspace(arg_list=[*common, "--data", str(text), "--noop"]).finish()
    text.unlink()
    # Its squared loss has no factor 1/2, and its learning rate decays unless told otherwise.
    lr = task.lr / 2 if task.loss == "squared" else task.lr
    rate = ["--learning_rate", str(lr), "--power_t", "0"]
    if task.penalty is not None:
        rate += [f"--{task.penalty}", str(ALPHA)]
    learning = [*common, "--sgd", "--loss_function", task.loss, *rate]

    def run(batches: int) -> Visit:
        # The folder lives as long as this function refers to it.
        assert Path(folder.name).exists()
        passes = max(1, task.epochs * batches * task.batch_size // rows)
        workspace = Workspace(arg_list=[*learning, "--passes", str(passes)])

        def parameters() -> tuple[Array, Array]:
            w = [workspace.get_weight(feature) for feature in range(task.X.shape[1])]
            return np.array(w), np.array(workspace.get_weight(CONSTANT))

        return Visit(rows * passes, parameters)

    return run


def _write(task: Task, rows: int, path: Path) -> None:
    """Write so many rows in Vowpal Wabbit's format, from the first again after the last."""
    X = csr_array(task.X[:rows])
    with path.open("w") as file:
        for i in range(rows):
            row = slice(*X.indptr[[i % X.shape[0], i % X.shape[0] + 1]])
            pairs = zip(X.indices[row].tolist(), X.data[row].tolist(), strict=True)
            entries = " ".join(f"{feature}:{value:.9g}" for feature, value in pairs)
            file.write(f"{task.y[i % X.shape[0]].item():.9g} | {entries}\n")
