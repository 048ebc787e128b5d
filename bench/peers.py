"""The peers: the same epochs by other libraries, each written as its users would write it.

A new one is a function that takes a task and returns a run, and a line in `PEERS`.
"""

from __future__ import annotations

import random
from functools import lru_cache, partial
from typing import Any

import numpy as np

from fastsgd.cli.autograd import import_mxnet

from .interface import Contestant, Run, Visit, random_order, visited_rows
from .vowpal_wabbit import prepare_vowpal_wabbit
from .workloads import ALPHA, Array, Task


def prepare_mxnet(task: Task) -> Run:
    """The original loop, word for word where it matters."""
    mxnet = import_mxnet()
    nd, autograd = mxnet.nd, mxnet.autograd
    dtype, batch_size, lr = task.X.dtype, task.batch_size, task.lr
    n, d = task.X.shape
    features = nd.array(task.X, dtype=dtype)
    labels = nd.array(task.y, dtype=dtype)

    def linreg(X: Any, w: Any, b: Any) -> Any:
        return nd.dot(X, w) + b

    def squared_loss(y_hat: Any, y: Any) -> Any:
        return (y_hat - y.reshape(y_hat.shape)) ** 2 / 2

    def run(batches: int) -> Visit:
        visited = visited_rows(task, batches)
        w, b = nd.zeros((d, 1), dtype=dtype), nd.zeros(1, dtype=dtype)
        w.attach_grad()
        b.attach_grad()
        for _ in range(task.epochs):
            # The same as shuffling the indices where all are drawn.
            indices = random.sample(range(n), visited)
            for first in range(0, visited, batch_size):
                j = nd.array(indices[first : first + batch_size])
                X, y = features.take(j), labels.take(j)
                with autograd.record():
                    l = squared_loss(linreg(X, w, b), y)  # noqa: E741
                l.backward()
                for param in (w, b):
                    param[:] = param - lr * param.grad / batch_size
        learned = w.asnumpy().ravel(), b.asnumpy()  # waits for them
        return Visit(visited * task.epochs, lambda: learned)

    return run


def prepare_torch(task: Task, threads: int = 1) -> Run:
    """A loop over mini-batches, with gradients by autograd."""
    import torch
    from torch.nn.functional import cross_entropy

    def half_mean_square(y_hat: Any, y: Any) -> Any:
        return ((y_hat - y) ** 2).mean() / 2

    models: dict[str, tuple[Any, Any]] = {
        "squared": (torch.addmv, half_mean_square),
        "softmax": (torch.addmm, cross_entropy),
    }
    predict, loss = models[task.loss]
    outputs = (int(task.y.max()) + 1,) if task.loss == "softmax" else ()
    n, d = task.X.shape
    X, y = torch.from_numpy(task.X), torch.from_numpy(task.y)

    def run(batches: int) -> Visit:
        torch.set_num_threads(threads)
        visited = visited_rows(task, batches)
        w = torch.zeros(d, *outputs, dtype=X.dtype, requires_grad=True)
        b = torch.zeros(outputs or 1, dtype=X.dtype, requires_grad=True)
        for _ in range(task.epochs):
            order = torch.randperm(n) if visited == n else torch.randint(n, (visited,))
            for rows in order.split(task.batch_size):
                y_hat = predict(b, X.index_select(0, rows), w)
                w_grad, b_grad = torch.autograd.grad(loss(y_hat, y.index_select(0, rows)), (w, b))
                with torch.no_grad():
                    w.sub_(w_grad, alpha=task.lr)
                    b.sub_(b_grad, alpha=task.lr)
        return Visit(visited * task.epochs, lambda: (w.detach().numpy(), b.detach().numpy()))

    return run


def prepare_jax(task: Task) -> Run:
    """An epoch that is compiled as a whole: `lax.scan` over the mini-batches."""
    import jax

    jax.config.update("jax_enable_x64", True)
    n, d = task.X.shape
    X, y = jax.device_put(task.X), jax.device_put(task.y)
    zeros = jax.numpy.zeros(d, X.dtype), jax.numpy.zeros((), X.dtype)
    rng = np.random.default_rng(0)

    def loss(parameters: Any, X: Any, y: Any) -> Any:
        w, b = parameters
        return ((X @ w + b - y) ** 2).mean() / 2

    def step(X: Any, y: Any, parameters: Any, rows: Any) -> Any:
        gradient = jax.grad(loss)(parameters, X[rows], y[rows])
        moved = jax.tree.map(lambda value, slope: value - task.lr * slope, parameters, gradient)
        return moved, None

    @jax.jit
    def epoch(X: Any, y: Any, parameters: Any, order: Any) -> Any:
        whole = len(order) - len(order) % task.batch_size
        batches = order[:whole].reshape(-1, task.batch_size)
        parameters, _ = jax.lax.scan(partial(step, X, y), parameters, batches)
        # A scan takes mini-batches of one size.
        return step(X, y, parameters, order[whole:])[0] if whole < len(order) else parameters

    def run(batches: int) -> Visit:
        visited = visited_rows(task, batches)
        parameters = zeros
        for _ in range(task.epochs):
            # On a CPU, numpy's order is made several times faster than JAX's, which sorts.
            order = random_order(rng, n, visited).astype(np.int32)
            parameters = epoch(X, y, parameters, order)
        w, b = map(np.asarray, parameters)  # waits for them
        return Visit(visited * task.epochs, lambda: (w, b))

    return run


def prepare_numpy(task: Task) -> Run:
    """A plain loop over mini-batches."""
    X, y, batch_size, lr = task.X, task.y, task.batch_size, task.lr
    n, d = X.shape
    rng = np.random.default_rng(0)

    def run(batches: int) -> Visit:
        visited = visited_rows(task, batches)
        w, b = np.zeros(d, X.dtype), np.zeros(1, X.dtype)
        for _ in range(task.epochs):
            order = random_order(rng, n, visited)
            for first in range(0, visited, batch_size):
                rows = order[first : first + batch_size]
                features = X.take(rows, axis=0)
                residuals = features @ w + b - y.take(rows)
                w -= lr / rows.size * (residuals @ features)
                b -= lr / rows.size * residuals.sum()
        return Visit(visited * task.epochs, lambda: (w, b))

    return run


def prepare_sklearn(task: Task) -> Run:
    """`SGDRegressor` or `SGDClassifier`, which take a step a row: they have no mini-batches."""
    from sklearn import get_config, set_config
    from sklearn.linear_model import SGDClassifier, SGDRegressor

    settings = "assume_finite", "skip_parameter_validation"
    wanted = dict.fromkeys(settings, not task.check_finite)
    former = {name: get_config()[name] for name in settings}
    kind: Any = partial(SGDClassifier, loss="log_loss") if task.loss == "logistic" else SGDRegressor
    learner = kind(
        penalty=task.penalty,
        alpha=ALPHA,
        learning_rate="constant",
        eta0=task.lr,
        max_iter=task.epochs,
        tol=None,
        shuffle=True,
    )

    @lru_cache(maxsize=1)
    def first(rows: int) -> tuple[Any, Array]:
        return task.X[:rows], task.y[:rows]  # a copy of sparse rows, which is made once

    def run(batches: int) -> Visit:
        visited = visited_rows(task, batches)
        # Not in a context, which takes several times as long and would be timed.
        set_config(**wanted)
        try:
            learner.fit(*first(visited))
        finally:
            set_config(**former)
        return Visit(visited * task.epochs, lambda: (learner.coef_.ravel(), learner.intercept_))

    return run


PEERS = {
    "mxnet": Contestant("MXNet", "mxnet", "mxnet", prepare_mxnet),
    "torch": Contestant("PyTorch", "torch", "torch", prepare_torch),
    "jax": Contestant("JAX", "jax", "jax", prepare_jax),
    "numpy": Contestant("numpy loop", "numpy", "numpy", prepare_numpy),
    "sklearn": Contestant("scikit-learn", "sklearn", "scikit-learn", prepare_sklearn, True),
    "vw": Contestant("Vowpal Wabbit", "vowpalwabbit", "vowpalwabbit", prepare_vowpal_wabbit, True),
}
