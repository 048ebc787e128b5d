"""What code of the user's sees of a fit that calls it, and what it leaves where it raises."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

import fastsgd
from fastsgd.evaluation import mean_losses


def test_callback_sees_each_epoch_and_may_stop(program_data):
    seen = []

    def callback(model, epoch):
        seen.append((epoch, len(model.history.loss), model))
        return epoch == 1

    model = fastsgd.fit(*program_data, seed=0, epochs=9, callback=callback)
    assert [(epoch, losses) for epoch, losses, _ in seen] == [(0, 1), (1, 2)]
    np.testing.assert_array_equal(seen[1][2].w, model.w)
    first = fastsgd.fit(*program_data, seed=0, epochs=1)  # whenever it is looked at
    np.testing.assert_array_equal(seen[0][2].w, first.w)
    assert len(model.history.seconds) == 2


def test_a_callback_may_stop_with_the_true_of_numpy(program_data):
    model = fastsgd.fit(*program_data, callback=lambda model, epoch: np.abs(model.w).max() < 1e9)
    assert len(model.history.loss) == 1


def test_what_a_callback_returns_stops_only_if_it_is_true(program_data):
    model = fastsgd.fit(*program_data, callback=lambda model, epoch: "go on")
    assert len(model.history.loss) == 3


def test_a_callback_cannot_change_the_fit(program_data):
    def callback(model, epoch):
        model.w[:] = 1e6

    plain, vandalised = (fastsgd.fit(*program_data, seed=0, callback=c) for c in (None, callback))
    np.testing.assert_array_equal(plain.w, vandalised.w)


class Surprise(Exception):
    """An error of the user's."""


def test_what_a_callback_raises_holds_the_model(program_data):
    def callback(model, epoch):
        if epoch == 1:
            raise Surprise("full disk")

    with pytest.raises(Surprise, match="full disk") as caught:
        fastsgd.fit(*program_data, seed=0, epochs=9, callback=callback)
    model = caught.value.model
    np.testing.assert_array_equal(model.w, fastsgd.fit(*program_data, seed=0, epochs=2).w)
    assert "is in its .model" in caught.value.__notes__[0]
    more = fastsgd.fit(*program_data, resume=model, epochs=1)
    np.testing.assert_array_equal(more.w, fastsgd.fit(*program_data, seed=0, epochs=3).w)


def test_what_a_learning_rate_raises_holds_the_model(program_data):
    def rate(t):
        if t == 250:
            raise Surprise
        return 0.03

    options = {"seed": 0, "epochs": 9, "epoch_loss": "full"}  # an epoch at a time
    with pytest.raises(Surprise) as caught:
        fastsgd.fit(*program_data, lr=rate, **options)
    model = caught.value.model
    np.testing.assert_array_equal(model.w, fastsgd.fit(*program_data, seed=0, epochs=2).w)
    with pytest.raises(ValueError, match="lr: in step 250 it is -1") as caught:
        fastsgd.fit(*program_data, lr=lambda t: -1 if t == 250 else 0.03, **options)
    np.testing.assert_array_equal(model.w, caught.value.model.w)


def test_the_model_of_an_error_while_a_loss_is_measured_is_that_of_the_epoch_before(
    program_data, monkeypatch
):
    calls = []

    def measure(*given):
        calls.append(given)
        if len(calls) == 3:
            raise Surprise  # as the handler of a signal may
        return mean_losses(*given)

    monkeypatch.setattr("fastsgd.descent.mean_losses", measure)
    with pytest.raises(Surprise) as caught:
        fastsgd.fit(*program_data, seed=0, epochs=9, epoch_loss="full")
    model, expected = caught.value.model, fastsgd.fit(*program_data, seed=0, epochs=2)
    np.testing.assert_array_equal(model.w, expected.w)
    assert len(model.history.loss) == 2
    assert model.state.steps == expected.state.steps


@dataclass(frozen=True)
class Frozen(Exception):
    """An error that takes no attributes."""


class Puzzling(Exception):
    """An error whose model is something else."""

    @property
    def model(self):
        raise RuntimeError("no model yet")


@pytest.mark.parametrize("kind", [Frozen, Puzzling])
def test_an_error_that_takes_no_model_is_passed_on_as_it_is(program_data, kind):
    def callback(model, epoch):
        raise kind

    with pytest.raises(kind):
        fastsgd.fit(*program_data, callback=callback)


def test_an_error_that_has_a_model_keeps_it(program_data):
    def callback(model, epoch):
        fastsgd.fit(*program_data, lr=1e6, init=([1.0, 2.0], 3.0))

    with pytest.raises(fastsgd.DivergenceError) as caught:
        fastsgd.fit(*program_data, callback=callback)
    assert caught.value.model.w.tolist() == [1.0, 2.0]
