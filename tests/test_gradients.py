"""`gradient` has the three reductions, and they fit together."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import fastsgd


@st.composite
def problems(draw):
    n, d = draw(st.integers(1, 600)), draw(st.integers(1, 9))
    outputs = draw(st.sampled_from([(), (1,), (3,)]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    shapes = (n, d), (n, *outputs), (d, *outputs), outputs
    weights = rng.uniform(0, 2, n) if draw(st.booleans()) else None
    return [rng.normal(size=shape) for shape in shapes], weights


@given(problem=problems())
def test_reductions_fit_together(problem):
    (X, y, w, b), weights = problem
    n = len(X)
    each, total, mean = (
        fastsgd.gradient(X, y, w, b, sample_weight=weights, reduction=reduction)
        for reduction in ("none", "sum", "mean")
    )
    assert each.w.shape == (n, *w.shape)
    assert np.shape(each.b) == (n, *b.shape)
    assert total.w.shape == mean.w.shape == w.shape
    assert np.shape(total.b) == np.shape(mean.b) == b.shape
    # Sums of up to 600 terms of order 10, which round at 1e-15 each.
    np.testing.assert_allclose(each.w.sum(axis=0), total.w, rtol=1e-12, atol=1e-11)
    np.testing.assert_allclose(each.b.sum(axis=0), total.b, rtol=1e-12, atol=1e-11)
    np.testing.assert_allclose(total.w / n, mean.w, rtol=1e-15)
    np.testing.assert_allclose(total.b / n, mean.b, rtol=1e-15)


@given(problem=problems())
def test_gradient_is_the_slope_of_the_loss(problem):
    (X, y, w, b), weights = problem
    residual = X @ w + b - y
    if weights is not None:
        residual = residual * weights.reshape(-1, *[1] * (y.ndim - 1))
    ours = fastsgd.gradient(X, y, w, b, sample_weight=weights)
    np.testing.assert_allclose(ours.w, X.T @ residual, rtol=1e-12, atol=1e-11)
    np.testing.assert_allclose(ours.b, residual.sum(axis=0), rtol=1e-12, atol=1e-11)


def test_more_rows_than_one_stretch():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(150_001, 2)), rng.normal(size=150_001)
    ours = fastsgd.gradient(X, y, [1.0, -1.0], 0.5)
    residual = X @ [1.0, -1.0] + 0.5 - y
    np.testing.assert_allclose(ours.w, X.T @ residual, rtol=1e-10)
    each = fastsgd.gradient(X, y, [1.0, -1.0], 0.5, reduction="none")
    np.testing.assert_allclose(each.w, X * residual[:, None], rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"classes": [1, 2]}, "classes: there are none for the loss"),
        ({"reduction": "max"}, "reduction: expected one of 'none', 'sum', 'mean', got 'max'"),
        ({"w": [1.0]}, "^w: expected shape \\(2,\\), to go with X and y, got \\(1,\\)"),
        ({"b": [1.0]}, "^b: expected shape \\(\\), to go with X and y, got \\(1,\\)"),
        ({"w": [np.inf, 0]}, "^w: expected finite float64s, got"),
        ({"X": [[1, np.nan]]}, "X: row 0, column 1 is nan"),
        ({"loss": "hinges"}, "loss: 'hinges' is not known; the nearest name is 'hinge'"),
    ],
)
def test_wrong_input_is_refused(changes, message):
    arguments = {"X": [[1.0, 2.0]], "y": [1.0], "w": [1.0, 2.0], "b": 0.0, **changes}
    with pytest.raises(ValueError, match=message):
        fastsgd.gradient(**arguments)


@pytest.mark.parametrize("y", [["b", "b"], ["a", "b"]])
def test_what_names_the_labels_that_a_batch_lacks_is_said(y):
    X, w = [[1.0], [2.0]], [[1.0, 2.0, 3.0]]
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - of the note
        fastsgd.gradient(X, y, w, np.zeros(3), loss="softmax")
    assert "classes=..." in caught.value.__notes__[0]
    fastsgd.gradient(X, y, w, np.zeros(3), loss="softmax", classes=["a", "b", "c"])


def test_one_class_alone_is_refused():
    with pytest.raises(ValueError, match=r"classes: expected at least 2 labels, got \['a'\]"):
        fastsgd.gradient([[1.0]], ["a"], [1.0], 0.0, loss="logistic", classes=["a"])


@pytest.mark.parametrize("reduction", ["none", "sum", "mean"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_gradients_are_of_the_dtype_of_X(dtype, reduction):
    X = np.ones((2, 1), dtype)
    gradient = fastsgd.gradient(X, [0.0, 0.0], [1.0], 0.0, reduction=reduction)
    assert gradient.w.dtype == gradient.b.dtype == dtype


def test_losses_that_sum_up_to_no_number_are_no_error():
    X, y = np.array([[1.0], [-1.0]], np.float32), [1e37, 1e37]
    gradient = fastsgd.gradient(X, y, [80.0], 0.0, loss="poisson")  # of inf and -inf
    np.testing.assert_allclose(gradient.w, [np.exp(80.0)], rtol=1e-4)  # the targets cancel


@pytest.mark.parametrize("reduction", ["none", "sum"])
@pytest.mark.parametrize("loss", ["quantile", "hinge"])
def test_a_prediction_that_is_infinity_less_infinity_is_an_error(loss, reduction):
    X, w = np.array([[3e38, 3e38]] * 2, np.float32), [2.0, -2.0]
    with pytest.raises(ValueError, match="a prediction overflows float32"):
        fastsgd.gradient(X, [0, 1], w, 0.0, loss=loss, reduction=reduction)
