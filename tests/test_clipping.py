"""Gradients that are too long are shortened, where it is asked for."""

from __future__ import annotations

import math

import numpy as np
import pytest
from noisy_rows import data

import fastsgd


def test_clip_norm_shortens_the_mean_data_gradient_of_w_and_b_together():
    X, y = data(600)
    penalty = fastsgd.penalties.L2(0.5)
    start = np.array([5.0, -5.0, 5.0]), 3.0
    for batch_size in (10, 600):  # within a chunk, and carried from one to the next
        rows = slice(0, batch_size)
        residual = X[rows] @ start[0] + start[1] - y[rows]
        g = np.append(X[rows].T @ residual, residual.sum()) / batch_size
        for clip_norm in (0.25, 2 * np.linalg.norm(g)):
            clipped = g * min(1.0, clip_norm / np.linalg.norm(g))
            model = fastsgd.fit(
                X[rows],
                y[rows],
                penalty=penalty,
                clip_norm=clip_norm,
                batch_size=batch_size,
                lr=0.1,
                epochs=1,
                init=start,
            )
            w = start[0] - 0.1 * (clipped[:3] + 0.5 * start[0])
            np.testing.assert_allclose(model.w, w, rtol=1e-12)
            np.testing.assert_allclose(model.b, start[1] - 0.1 * clipped[3], rtol=1e-12)


@pytest.mark.parametrize(
    ("size", "clip_norm", "dtype", "rtol"),
    [
        (1e160, 0.5, np.float64, 1e-12),
        (1.5e308, 0.5, np.float64, 1e-12),
        (1e-165, 1e-170, np.float64, 1e-12),
        (1e30, 0.5, np.float32, 1e-6),
        (1e-25, 1e-30, np.float32, 1e-6),
    ],
)
def test_gradients_whose_squares_over_or_underflow_are_shortened_as_well(
    size, clip_norm, dtype, rtol
):
    # The derivatives are 1: each row is its own gradient.
    model = fastsgd.fit(
        (np.array([[3.0, -3.0, 1.0]]) / 3 * size).astype(dtype),
        [-1.0],
        loss="absolute",
        clip_norm=clip_norm,
        lr=1.0,
        epochs=1,
        init=(np.zeros(3), 0.0),
        fit_intercept=False,
    )
    direction = np.array([3.0, -3.0, 1.0]) / np.sqrt(19)
    np.testing.assert_allclose(model.w, -clip_norm * direction, rtol=rtol)


def test_outputs_of_one_loss_are_clipped_together():
    X, y = data()
    two = np.column_stack([y, 3 * y])
    start = np.ones((3, 2)), np.ones(2)
    g = fastsgd.gradient(X, two, *start, reduction="mean")
    norm = np.sqrt((g.w**2).sum() + (g.b**2).sum())
    model = fastsgd.fit(X, two, clip_norm=0.5, batch_size=300, lr=0.1, epochs=1, init=start)
    np.testing.assert_allclose(model.w, start[0] - 0.1 * g.w * 0.5 / norm, rtol=1e-12)
    np.testing.assert_allclose(model.b, start[1] - 0.1 * g.b * 0.5 / norm, rtol=1e-12)


def test_wrong_clip_norms_are_refused():
    with pytest.raises(ValueError, match="clip_norm: expected a positive, finite number, got 0"):
        fastsgd.fit(*data(), clip_norm=0)


def test_an_intercept_that_is_not_learned_does_not_count_for_the_norm():
    options = {"init": ([0.0], 0.0), "fit_intercept": False, "clip_norm": 1.0, "lr": 1.0}
    model = fastsgd.fit([[1.0]], [10.0], epochs=1, **options)
    np.testing.assert_allclose(model.w, [1.0], rtol=1e-12)


def test_a_gradient_of_b_whose_square_overflows_is_shortened_as_well():
    options = {"init": ([0.0], 0.0), "lr": 1.0, "epochs": 1, "clip_norm": 0.5}
    model = fastsgd.fit([[1.0]], [-1e200], **options, epoch_loss=None)
    np.testing.assert_allclose([*model.w, model.b], [-0.5 / math.sqrt(2)] * 2, rtol=1e-12)


@pytest.mark.parametrize("size", [1e-159, 1e-157])
def test_gradients_whose_squares_are_subnormal_are_shortened_exactly(size):
    X, y = np.array([[3.0, 4.0]]), np.array([-size])
    options = {"fit_intercept": False, "lr": 1.0, "epochs": 1, "init": (np.zeros(2), 0.0)}
    model = fastsgd.fit(X, y, clip_norm=size / 100, **options)
    np.testing.assert_allclose(model.w, np.array([-0.6, -0.8]) * size / 100, rtol=1e-12)
