"""MXNet, where it is installed: the last one there is, 1.9.1, was written for an older numpy."""

from __future__ import annotations

import warnings
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np

from ..arrays import Array


def import_mxnet() -> Any:
    """Return the module mxnet, or None where it is not installed."""
    if find_spec("mxnet") is None:
        return None
    # MXNet reads np.bool, which numpy 1.24 took away and numpy 2 gave another meaning. Looked up
    # among the variables, as numpy 1 warns where that attribute is asked for.
    names = vars(np)
    former = names.get("bool")
    names["bool"] = bool
    try:
        with warnings.catch_warnings():
            # It asks for other things that numpy no longer has, and can do without them.
            warnings.simplefilter("ignore")
            return import_module("mxnet")
    finally:
        if former is None:
            del names["bool"]
        else:
            names["bool"] = former


def param_grad(mxnet: Any, X: Array, y: Array, w: Array, b: float) -> tuple[Array, Array]:
    """Return what MXNet's ``w.grad`` and ``b.grad`` hold after ``backward()`` on squared losses."""
    with warnings.catch_warnings():
        # It looks for sparse arrays in a module that scipy has deprecated.
        warnings.simplefilter("ignore")
        features, labels, weights, intercept = (
            mxnet.nd.array(part, dtype=X.dtype) for part in (X, y, w, [b])
        )
    weights.attach_grad()
    intercept.attach_grad()
    with mxnet.autograd.record():
        losses = (mxnet.nd.dot(features, weights) + intercept - labels) ** 2 / 2
    losses.backward()
    return weights.grad.asnumpy(), intercept.grad.asnumpy()
