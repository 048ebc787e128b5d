"""The gradient of every loss agrees with MXNet's autograd, for all that it may be used with."""

from __future__ import annotations

from itertools import product
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import config

import fastsgd
from fastsgd.losses import LOSSES

TOLERANCE = {"float32": 1e-5, "float64": 1e-12}
KINDS = [
    ("unweighted", "one output"),
    ("unweighted", "several outputs"),
    ("weighted", "one output"),
    ("weighted", "several outputs"),
    ("weighted by output", "several outputs"),
]
PRODUCT = [(loss, dtype, *kind) for loss, dtype, kind in product(LOSSES, TOLERANCE, KINDS)]
# All are run interpreted. Compiled, which takes a second each, are all kinds in both dtypes, and in
# float32 the losses of exponentials, whose functions are others there, and one of each sort; in
# float64, where all compiled losses take the steps that MXNet leads to, see test_combinations, they
# are those whose kernels other tests call as well.
NARROW = ["squared", "log_cosh", "poisson", "gamma", "tweedie", "logistic", "softmax", "hinge"]
WIDE = ["squared", "softmax", "poisson", "squared", "squared_hinge"]
PAIRS = [
    *((loss, "float32", *KINDS[i % len(KINDS)]) for i, loss in enumerate(NARROW)),
    *((loss, "float64", *kind) for loss, kind in zip(WIDE, KINDS, strict=True)),
]
assert {pair[1:] for pair in PAIRS} == {case[1:] for case in PRODUCT}


class Case(NamedTuple):
    X: np.ndarray
    y: np.ndarray  # numbers or labels, as we take them
    targets: np.ndarray  # (n, k): what they are for each output
    w: np.ndarray
    b: np.ndarray
    sample_weight: np.ndarray | None
    classes: list[str] | None


@st.composite
def cases(draw, loss, dtype, weights, outputs):
    """Return a case with one output, or with k; "one output" of softmax are two classes."""
    n, d, k = draw(st.integers(1, 40)), draw(st.integers(1, 20)), draw(st.integers(2, 4))
    by_output, one = weights == "weighted by output" and loss != "softmax", outputs == "one output"
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    if LOSSES[loss].kind == "regression":
        y = targets = rng.normal(scale=3, size=n if one else (n, k))
        if loss in ("poisson", "gamma", "tweedie"):
            y = targets = abs(y) + 0.01
        shape, classes = y.shape[1:], None
    else:
        classes = ["a", "b"] if one else list("abcd"[: max(k, 3)])
        y = rng.choice(classes, n)
        own = y[:, None] == np.array(classes)
        if loss == "softmax":
            targets = own * 1.0
        else:
            targets = np.where(own[:, 1:] if one else own, 1.0, -1.0)
        shape = targets.shape[1:] if loss == "softmax" or not one else ()
    s = None
    if weights != "unweighted":
        s = rng.uniform(0, 3, (n, *shape) if by_output else n) * rng.integers(0, 2, n).reshape(
            -1, *[1] * (len(shape) * by_output)
        )
    # The scores are of order 0.1 to 10.
    w = rng.normal(scale=draw(st.sampled_from([0.1, 1, 10])) / np.sqrt(d), size=(d, *shape))
    X, w, b = (a.astype(dtype) for a in (rng.normal(size=(n, d)), w, rng.normal(size=shape)))
    y = y.astype(dtype) if classes is None else y
    targets = targets.astype(dtype).reshape(n, -1)
    return Case(X, y, targets, w, b, None if s is None else s.astype(dtype), classes)


def uncertainty(reference, loss, case, tolerance):
    """Return how far each gradient entry may be off, for w and for b.

    That is what sums up from the rows where each derivative is known to the tolerance, and so is
    each prediction and target, relative to what they are the sum of.
    """
    wide = (np.asarray(a, np.float64) for a in (case.X, case.w, case.b, case.targets))
    X, w, b, targets = wide
    n, k = targets.shape
    w, b = w.reshape(-1, k), b.reshape(k)
    scores = X @ w + b
    off = tolerance * (abs(X) @ abs(w) + abs(b) + abs(targets))
    # With softmax, a derivative changes most if the other scores change the other way.
    signs = 2 * np.eye(k) - 1 if loss == "softmax" else np.ones((1, k))
    moves = np.concatenate([np.zeros((1, k)), signs, -signs])
    moved = (scores + moves[:, None] * off).reshape(-1, k)
    derivatives = reference.derivative(moved, np.tile(targets, (len(moves), 1)), loss)
    slopes, *others = derivatives.reshape(-1, n, k)
    changes = abs(np.subtract(others, slopes)).max(axis=0)
    s = np.ones((n, 1)) if case.sample_weight is None else case.sample_weight.reshape(n, -1)
    # MXNet takes the target from the probability, which rounds as numbers of that size do.
    sizes = abs(slopes) + targets if loss == "softmax" else abs(slopes)
    of_rows = s * (tolerance * sizes + changes)
    return abs(X).T @ of_rows, of_rows.sum(axis=0)


@pytest.fixture(scope="module")
def reference(mxnet):
    import mxnet_reference

    return mxnet_reference


@pytest.mark.parametrize(
    ("loss", "dtype", "weights", "outputs"), PRODUCT if config.DISABLE_JIT else PAIRS
)
@settings(max_examples=6 if config.DISABLE_JIT else 15)
@given(data=st.data())
def test_gradient_is_what_mxnet_leaves_in_grad(reference, loss, dtype, weights, outputs, data):
    case = data.draw(cases(loss, dtype, weights, outputs))
    X, y, targets, w, b, sample_weight, classes = case
    theirs = reference.gradient(X, targets, w, b, loss, sample_weight)
    ours = fastsgd.gradient(X, y, w, b, loss=loss, sample_weight=sample_weight, classes=classes)
    allowed = uncertainty(reference, loss, case, TOLERANCE[dtype])
    for mine, other, bound in zip(ours, theirs, allowed, strict=True):
        assert mine.dtype == dtype
        assert mine.shape == other.shape
        assert (abs(np.subtract(mine, other, dtype=float)) <= bound.reshape(mine.shape)).all()
