"""Convex problems on real data end at their optimum, as batch solvers find it.

The measure is the excess: how far the objective of a fit lies above the optimum, relative to what
there was to win, which is the objective at w = 0 with the best b, minus the optimum. Objectives
are evaluated here, by formulas of their own.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import pytest
from scipy import sparse
from scipy.optimize import linprog, minimize
from scipy.special import expit, logsumexp, softmax
from sklearn import datasets
from sklearn import linear_model as batch
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, SVR
from sklearn.utils.class_weight import compute_sample_weight

import fastsgd
from fastsgd import losses
from fastsgd.optimizers import SGD, AdamW
from fastsgd.penalties import L1, L2, ElasticNet
from fastsgd.schedules import Cosine

LARGEST_EXCESS = 1e-3


# Each smooth loss: its value and slope, of predictions and targets of shape (n, k). Softmax has
# one value a row, and targets of 1 for the class of the row and 0 for others.
SMOOTH = {
    "squared": (lambda f, y: (f - y) ** 2 / 2, lambda f, y: f - y),
    "huber": (
        lambda f, y: np.where(abs(f - y) < 1, (f - y) ** 2 / 2, abs(f - y) - 0.5),
        lambda f, y: np.clip(f - y, -1, 1),
    ),
    "squared_epsilon_insensitive": (
        lambda f, y: np.maximum(abs(f - y) - 0.3, 0) ** 2,
        lambda f, y: 2 * np.sign(f - y) * np.maximum(abs(f - y) - 0.3, 0),
    ),
    "log_cosh": (
        lambda f, y: np.logaddexp(f - y, y - f) - np.log(2),
        lambda f, y: np.tanh(f - y),
    ),
    "poisson": (lambda f, y: np.exp(f) - y * f, lambda f, y: np.exp(f) - y),
    "gamma": (lambda f, y: f + y * np.exp(-f), lambda f, y: 1 - y * np.exp(-f)),
    "tweedie": (
        lambda f, y: 2 * np.exp(f / 2) + 2 * y * np.exp(-f / 2),
        lambda f, y: np.exp(f / 2) - y * np.exp(-f / 2),
    ),
    "logistic": (lambda f, y: np.logaddexp(0, -y * f), lambda f, y: -y * expit(-y * f)),
    "squared_hinge": (
        lambda f, y: np.maximum(1 - y * f, 0) ** 2,
        lambda f, y: -2 * y * np.maximum(1 - y * f, 0),
    ),
    "modified_huber": (
        lambda f, y: np.where(y * f < -1, -4 * y * f, np.maximum(1 - y * f, 0) ** 2),
        lambda f, y: -2 * y * np.clip(1 - y * f, 0, 2),
    ),
    "softmax": (
        lambda f, y: logsumexp(f, axis=1, keepdims=True) - (y * f).sum(axis=1, keepdims=True),
        lambda f, y: softmax(f, axis=1) - y,
    ),
}

# Each piecewise linear loss: the slopes and offsets of the lines of which it is the maximum.
LINEAR = {
    "absolute": lambda y: [(1, -y), (-1, y)],
    "epsilon_insensitive": lambda y: [(1, -y - 0.3), (-1, y - 0.3), (0, 0)],
    "quantile": lambda y: [(0.2, -0.2 * y), (-0.8, 0.8 * y)],
    "hinge": lambda y: [(-y, 1), (0, 0)],
}

OURS: dict[str, Any] = {
    "huber": losses.Huber(delta=1.0),
    "epsilon_insensitive": losses.EpsilonInsensitive(epsilon=0.3),
    "squared_epsilon_insensitive": losses.SquaredEpsilonInsensitive(epsilon=0.3),
    "quantile": losses.Quantile(q=0.8),
    "tweedie": losses.Tweedie(power=1.5),
}


def values(loss, f, y):
    if loss in SMOOTH:
        return SMOOTH[loss][0](f, y)
    return np.max([slope * f + offset for slope, offset in LINEAR[loss](y)], axis=0)


class Task(NamedTuple):
    """A problem in full: minimise ``mean(s * loss) + l1 * sum(|w|) + l2 / 2 * sum(w**2)``."""

    loss: str
    X: Any
    Y: Any
    s: Any
    l1: float
    l2: float

    def objective(self, w, b):
        data = (self.s * values(self.loss, self.X @ w + b, self.Y)).sum() / len(self.X)
        return data + self.l1 * abs(w).sum() + self.l2 / 2 * (w**2).sum()


def with_signs(task):
    """Return the features of p, whose weights are ``p[:d] - p[d:]`` if there is an L1 norm.

    Of two numbers that are at least 0, that norm is smooth, and where both end at this bound, the
    weight is exactly 0.
    """
    return np.hstack([task.X, -task.X]) if task.l1 else task.X


def without_signs(task, p):
    d = task.X.shape[1]
    return p[:d] - p[d:] if task.l1 else p


def descend(task):
    """Return the optimum for a smooth loss, by L-BFGS-B."""
    X, (n, k) = with_signs(task), task.Y.shape
    value, slope = SMOOTH[task.loss]

    def function(flat):
        p, b = np.split(flat.reshape(-1, k), [-1])
        w, f = without_signs(task, p), X @ p + b
        by_f = task.s * slope(f, task.Y) / n
        by_w = task.l2 * w
        by_p = X.T @ by_f + task.l1 + (np.vstack([by_w, -by_w]) if task.l1 else by_w)
        objective = (task.s * value(f, task.Y)).sum() / n
        objective += task.l1 * p.sum() + task.l2 / 2 * (w**2).sum()
        return objective, np.vstack([by_p, by_f.sum(axis=0)]).ravel()

    lowest = 0 if task.l1 else None
    found = minimize(
        function,
        np.zeros((X.shape[1] + 1) * k),
        jac=True,
        method="L-BFGS-B",
        bounds=[(lowest, None)] * (X.shape[1] * k) + [(None, None)] * k,
        options={"maxiter": 50_000, "maxfun": 50_000, "ftol": 1e-13, "gtol": 1e-7, "maxcor": 30},
    )
    p, b = np.split(found.x.reshape(-1, k), [-1])
    return without_signs(task, p), b[0]


def program(task):
    """Return the optimum for a piecewise linear loss without L2, by linear programming."""
    X = np.hstack([with_signs(task), np.ones((len(task.X), 1))])
    n, d = X.shape
    w, b = [], []
    for y, s in zip(task.Y.T, np.broadcast_to(task.s, task.Y.shape).T, strict=True):
        # The loss of each row is a variable that is at least slope * f + offset for each line.
        lines = [np.broadcast_arrays(*line, y) for line in LINEAR[task.loss](y)]
        below = [sparse.hstack([slope[:, None] * X, -sparse.eye(n)]) for slope, _, _ in lines]
        lowest = 0 if task.l1 else None
        found = linprog(
            np.r_[np.full(d - 1, task.l1), 0, s / n],
            sparse.vstack(below).tocsc(),
            -np.concatenate([offset for _, offset, _ in lines]),
            bounds=[(lowest, None)] * (d - 1) + [(None, None)] * (1 + n),
        )
        w.append(without_signs(task, found.x[: d - 1]))
        b.append(found.x[d - 1])
    return np.stack(w, axis=1), np.array(b)


def scikit(estimator: Callable[[Task], Any]):
    """Return a solver that fits an estimator of scikit-learn to each output, or all for softmax."""

    def solve(task):
        multinomial = task.loss == "softmax"
        targets = task.Y.argmax(axis=1)[:, None] if multinomial else task.Y
        w, b = [], []
        for y, s in zip(targets.T, np.broadcast_to(task.s, targets.shape).T, strict=True):
            # Lasso and ElasticNet divide by the sum of the weights; so none where all are 1.
            weights = {} if (s == 1).all() else {"sample_weight": s}
            fitted = estimator(task).fit(task.X, y, **weights)
            w.append(np.atleast_2d(fitted.coef_))
            b.append(np.atleast_1d(fitted.intercept_))
        return np.concatenate(w).T, np.concatenate(b)

    return solve


# The strengths in scikit-learn's terms: its sums over n rows, or its means, weighed by C or alpha.
ols = scikit(lambda t: batch.LinearRegression())
ridge = scikit(lambda t: batch.Ridge(alpha=len(t.X) * t.l2))
lasso = scikit(lambda t: batch.Lasso(alpha=t.l1, tol=1e-12))
elastic_net = scikit(
    lambda t: batch.ElasticNet(alpha=t.l1 + t.l2, l1_ratio=t.l1 / (t.l1 + t.l2), tol=1e-12)
)
quantile = scikit(lambda t: batch.QuantileRegressor(quantile=0.8, alpha=t.l1))
poisson = scikit(lambda t: batch.PoissonRegressor(alpha=t.l2, tol=1e-7, max_iter=10_000))
gamma = scikit(lambda t: batch.GammaRegressor(alpha=t.l2, tol=1e-7, max_iter=10_000))
tweedie = scikit(
    lambda t: batch.TweedieRegressor(power=1.5, link="log", alpha=t.l2, tol=1e-7, max_iter=10_000)
)
logistic = scikit(
    lambda t: batch.LogisticRegression(
        C=1 / (len(t.X) * t.l2) if t.l2 else np.inf, tol=1e-7, max_iter=10_000
    )
)
svc = scikit(lambda t: SVC(kernel="linear", C=1 / (len(t.X) * t.l2), tol=1e-6))
svr = scikit(lambda t: SVR(kernel="linear", C=1 / (len(t.X) * t.l2), epsilon=0.3, tol=1e-6))


@cache
def data(name):
    """Return features, and targets or labels, of a set of data, scaled."""
    name, _, part = name.partition("/")
    loaded = getattr(datasets, f"load_{name}")()
    X, y = StandardScaler().fit_transform(loaded.data), loaded.target
    if part == "positive":
        return X, y / y.mean()
    if name == "digits":
        # Some pixels are 0 in nearly all images, which a standard deviation of 1 would blow up.
        return loaded.data / 16, y
    if name in ("diabetes", "linnerud"):
        y = StandardScaler().fit_transform(y.reshape(len(y), -1)).reshape(y.shape)
        # Few enough for the kernel of mini-batches to take them as one.
        return (X[:250, :4], y[:250]) if part == "few" else (X, y)
    labels = loaded.target_names[y]
    if part == "means":
        return X[:, :10], labels
    return X, labels


class Problem(NamedTuple):
    """A line of the table: what is fitted, how, and who finds the optimum."""

    data: str
    loss: str
    solver: Callable[[Task], Any]
    l1: float = 0
    l2: float = 0
    weights: str | None = None
    lr: float = 0.01
    epochs: int = 1000

    def __str__(self):
        terms = [f"l1={self.l1}"] * bool(self.l1) + [f"l2={self.l2}"] * bool(self.l2)
        return "-".join([self.data, self.loss, *terms, *[self.weights] * bool(self.weights)])

    def keywords(self):
        """Return the weights as `fit` takes them."""
        if self.weights == "sample_weight":
            y = data(self.data)[1]
            return {"sample_weight": np.random.default_rng(0).uniform(0, 3, len(y))}
        return {self.weights: "balanced"} if self.weights else {}

    def task(self):
        X, y = data(self.data)
        s = np.ones((len(y), 1))
        if y.dtype.kind == "f":
            Y = y.reshape(len(y), -1)
        else:
            classes = np.unique(y)
            own = y[:, None] == (classes[1:] if classes.size == 2 else classes)
            Y = own * 1.0 if self.loss == "softmax" else np.where(own, 1.0, -1.0)
        if self.weights == "sample_weight":
            s = self.keywords()["sample_weight"][:, None]
        elif self.weights:
            s = compute_sample_weight("balanced", y)[:, None]
            # One-versus-rest, the rows of other classes weigh 1.
            s = np.where(own, s, 1.0) if Y.shape[1] > 1 and self.loss != "softmax" else s
        return Task(self.loss, X, Y, s, self.l1, self.l2)

    def penalty(self):
        if self.l1 and self.l2:
            return ElasticNet(self.l1 + self.l2, l1_ratio=self.l1 / (self.l1 + self.l2))
        return L1(self.l1) if self.l1 else L2(self.l2) if self.l2 else None


PROBLEMS = [
    Problem("diabetes", "squared", ols),
    Problem("linnerud", "squared", ols),
    Problem("diabetes", "squared", ridge, l2=0.1, weights="sample_weight"),
    Problem("diabetes", "squared", lasso, l1=0.05),
    Problem("diabetes", "squared", elastic_net, l1=0.05, l2=0.1),
    Problem("linnerud", "squared", elastic_net, l1=0.1, l2=0.1),
    Problem("diabetes", "absolute", program),
    Problem("diabetes", "huber", descend),
    Problem("diabetes", "epsilon_insensitive", svr, l2=0.1),
    Problem("diabetes", "squared_epsilon_insensitive", descend),
    Problem("diabetes", "quantile", quantile, l1=0.02),
    Problem("diabetes", "log_cosh", descend),
    Problem("diabetes/positive", "poisson", poisson),
    Problem("diabetes/positive", "gamma", gamma, l2=0.01),
    Problem("diabetes/positive", "tweedie", tweedie, l2=0.01),
    Problem("breast_cancer/means", "logistic", logistic, lr=1),
    Problem("breast_cancer", "logistic", logistic, l2=0.01, weights="class_weight"),
    Problem("wine", "logistic", logistic, l2=0.01, weights="class_weight"),
    Problem("wine", "logistic", descend, l1=0.01, l2=0.01),
    Problem("breast_cancer", "hinge", svc, l2=0.01),
    Problem("wine", "hinge", program, l1=0.02),
    Problem("breast_cancer", "squared_hinge", descend, l1=0.02),
    Problem("digits", "squared_hinge", descend, l2=0.01, epochs=200),
    Problem("breast_cancer", "modified_huber", descend, l1=0.02, l2=0.02),
    Problem("digits", "softmax", logistic, l2=0.01, epochs=200),
    Problem("wine", "softmax", descend, l1=0.01),
]


def excess(task, w, b, optimum):
    """Return by how much (w, b) falls short of the optimum, relative to what there was to win."""
    lowest = task.objective(*optimum)
    nothing = task._replace(X=task.X[:, :0], l1=0, l2=0)
    _, best_b = descend(nothing) if task.loss in SMOOTH else program(nothing)
    return (task.objective(w, b) - lowest) / (task.objective(0 * w, best_b) - lowest)


def fitted(problem, **changes):
    """Return w and b of a fit, of shapes (d, k) and (k,)."""
    X, y = data(problem.data)
    settings = {
        # A velocity that outlives several epochs evens out the noise of mini-batches, so that
        # weights can be exactly 0. Small data make at least five mini-batches.
        "optimizer": SGD(momentum=0.98),
        "lr": Cosine(problem.lr),
        "epochs": problem.epochs,
        "batch_size": min(64, -(-len(X) // 5)),
        **problem.keywords(),
        **changes,
    }
    model = fastsgd.fit(
        X,
        y,
        loss=OURS.get(problem.loss, problem.loss),
        penalty=problem.penalty(),
        epoch_loss=None,
        seed=0,
        **settings,
    )
    return model.w.reshape(X.shape[1], -1), np.atleast_1d(model.b)


@pytest.mark.parametrize("problem", PROBLEMS, ids=str)
def test_fit_reaches_the_optimum(problem):
    task = problem.task()
    optimum = problem.solver(task)
    w, b = fitted(problem)
    # The batch solver must not miss the optimum by more, either.
    assert abs(excess(task, w, b, optimum)) <= LARGEST_EXCESS
    if problem.l1:
        zeros = optimum[0] == 0
        assert zeros.any()
        # Not all of them: the noise of mini-batches, at whatever learning rate, moves a weight
        # away from 0 where the gradient is nearly as large as l1.
        assert np.mean(w[zeros] == 0) > 0.5


def test_every_loss_is_in_the_table():
    # But the perceptron's, with which w = 0 is an optimum: there is nothing to win.
    assert {problem.loss for problem in PROBLEMS} == {*losses.LOSSES} - {"perceptron"}


def test_perceptron_separates_what_can_be_separated():
    X, labels = data("iris")
    is_setosa = labels == "setosa"
    model = fastsgd.fit(X, is_setosa, loss="perceptron", epochs=100, epoch_loss=None, seed=0)
    # Its loss is exactly 0, and not because w is.
    assert (((X @ model.w + model.b) > 0) == is_setosa).all()


@pytest.mark.parametrize(
    ("optimizer", "lr"),
    [
        ("sgd", 0.05),
        (SGD(momentum=0.9), 0.01),
        (SGD(momentum=0.9, nesterov=True), 0.01),
        ("adagrad", 0.3),
        ("rmsprop", 0.01),
        ("adam", 0.01),
        (AdamW(weight_decay=0), 0.01),
    ],
    ids=str,
)
def test_optimizers_end_at_the_optimum_of_the_same_lasso(optimizer, lr):
    """A threshold that is not the optimizer's own stride has another fixed point."""
    problem = Problem("diabetes/few", "squared", lasso, l1=0.05)
    task = problem.task()
    optimum = problem.solver(task)
    for batch_size in (64, len(task.X)):
        w, b = fitted(problem, optimizer=optimizer, lr=Cosine(lr), batch_size=batch_size)
        assert abs(excess(task, w, b, optimum)) <= LARGEST_EXCESS
    # Without the noise of mini-batches, zeros are exactly those of the optimum.
    np.testing.assert_array_equal(w == 0, optimum[0] == 0)
