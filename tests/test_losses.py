"""Each loss is what its definition says, and its derivative is the slope of its value."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastsgd.losses import LOSSES, Squared, named_loss

numbers = st.floats(-100, 100)


@given(y_hat=numbers, y=numbers)
def test_squared_is_half_the_squared_error(y_hat, y):
    assert Squared().value(y_hat, y) == pytest.approx((y_hat - y) ** 2 / 2, rel=1e-15)


@pytest.mark.parametrize("name", LOSSES)
@given(y_hat=numbers, y=numbers)
def test_derivative_is_the_slope_of_the_value(name, y_hat, y):
    loss = LOSSES[name]()
    h = 1e-5
    slope = (loss.value(y_hat + h, y) - loss.value(y_hat - h, y)) / (2 * h)
    # A central difference of values up to 2e4, which round at 4e-12, over 2e-5.
    assert loss.derivative(y_hat, y) == pytest.approx(slope, rel=1e-7, abs=1e-6)


def test_a_name_stands_for_the_default():
    assert named_loss("squared") == Squared()
    assert named_loss(Squared()) == Squared()


def test_losses_work_on_arrays():
    y_hat, y = np.array([1.0, 2.0]), np.array([0.0, 4.0])
    np.testing.assert_array_equal(Squared().value(y_hat, y), [0.5, 2.0])
