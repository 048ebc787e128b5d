"""Fits stop when they no longer improve, and keep what is best on rows held out."""

from __future__ import annotations

import numpy as np
import pytest
from noisy_rows import data
from scipy.sparse import csr_array

import fastsgd
from fastsgd import losses, schedules


def epochs_until_it_stops(history, tol, patience):
    """Return what the docstring of `tol` says of a history."""
    lowest, since = np.inf, 0
    for epoch, loss in enumerate(history):
        since = 0 if loss < lowest - tol else since + 1
        lowest = min(lowest, loss)
        if since == patience:
            return epoch + 1
    return len(history)


@pytest.mark.parametrize("epoch_loss", ["running", "full"])
@pytest.mark.parametrize(("tol", "patience"), [(1e-3, 1), (1e-3, 4), (0.0, 2), (1.0, 3)])
def test_tol_stops_a_fit_that_no_longer_improves(epoch_loss, tol, patience):
    X, y = data()
    options = {"epoch_loss": epoch_loss, "penalty": "l2", "seed": 0, "lr": 0.003, "epochs": 300}
    whole = fastsgd.fit(X, y, **options)
    model = fastsgd.fit(X, y, tol=tol, patience=patience, **options)
    expected = epochs_until_it_stops(whole.history.loss, tol, patience)
    assert len(model.history.loss) == expected < 300
    np.testing.assert_array_equal(model.history.loss, whole.history.loss[:expected])
    again = fastsgd.fit(X, y, **{**options, "epochs": expected})
    np.testing.assert_array_equal(model.w, again.w)


def test_tol_watches_the_rows_held_out_if_there_are_any():
    X, y = data()
    options = {"validation": data(80), "seed": 0, "lr": 0.003, "epochs": 300, "epoch_loss": None}
    whole = fastsgd.fit(X, y, **options)
    model = fastsgd.fit(X, y, tol=1e-3, patience=2, **options)
    expected = epochs_until_it_stops(whole.history.validation_loss, 1e-3, 2)
    assert len(model.history.validation_loss) == expected < 300
    assert model.history.loss == ()


# How far an output may be from what it is alone: kernels for several outputs may round otherwise,
# in each of at most 60 * 20 steps.
OTHERWISE_ROUNDED = 1e-12


def test_an_output_that_has_stopped_is_frozen_and_the_others_go_on():
    X, score = data()
    y = np.digitize(score, [-2, 2])
    options = {"loss": "logistic", "lr": 0.05, "epochs": 60, "seed": 0, "tol": 1e-3, "patience": 2}
    start = np.zeros((3, 3)), np.zeros(3)
    model = fastsgd.fit(X, y, init=start, **options)
    lengths = []
    for j in range(3):
        alone = fastsgd.fit(X, y == j, init=(start[0][:, j], 0.0), **options)
        lengths.append(len(alone.history.loss))
        np.testing.assert_allclose(model.w[:, j], alone.w, rtol=OTHERWISE_ROUNDED)
        np.testing.assert_allclose(model.b[j], alone.b, rtol=OTHERWISE_ROUNDED)
    assert len(set(lengths)) > 1
    assert len(model.history.loss) == max(lengths) < 60


def test_a_frozen_output_keeps_its_average_and_what_its_optimizer_remembers():
    X, score = data()
    y = np.digitize(score, [-2, 2])
    options = {"loss": "logistic", "lr": 0.05, "epochs": 60, "seed": 0, "tol": 1e-3, "patience": 2}
    options |= {"optimizer": "adam", "average": True, "init": (np.zeros((3, 3)), np.zeros(3))}
    model = fastsgd.fit(X, y, **options)
    options["init"] = np.zeros(3), 0.0
    for j in range(3):
        alone = fastsgd.fit(X, y == j, **options)
        np.testing.assert_allclose(model.w[:, j], alone.w, rtol=OTHERWISE_ROUNDED)


def test_there_must_be_a_loss_to_watch():
    with pytest.raises(ValueError, match="tol: there is no loss to watch"):
        fastsgd.fit(*data(), tol=0.0, epoch_loss=None)


def test_a_log_link_that_overflows_is_a_divergence():
    X, y = np.array([[1.0, 0.0, 0.0], [1000.0, 0.0, 0.0]]), np.array([1.0, 1.0])
    for loss in ("poisson", losses.Tweedie(1.5)):
        with pytest.raises(fastsgd.DivergenceError):
            fastsgd.fit(X, y, loss=loss, init=(np.ones(3), 0.0), epoch_loss=None)


@pytest.mark.parametrize("loss", ["poisson", "squared", "softmax"])
def test_a_row_of_weight_0_counts_for_nothing_though_its_loss_overflows(loss):
    X, score = data()
    y = np.digitize(score, [-2, 2])
    options = {"loss": loss, "validation": 0.25, "seed": 0, "lr": 1e-3, "epoch_loss": "full"}
    options |= {"init": (np.ones((3, 3)), np.zeros(3)) if loss == "softmax" else (np.ones(3), 0.0)}
    models = []
    for outlier in (1.5e308, 1.0):
        X[:20] = outlier
        models.append(fastsgd.fit(X, y, sample_weight=np.arange(200) >= 20, **options))
    np.testing.assert_array_equal(models[0].w, models[1].w)
    assert models[0].history.loss == models[1].history.loss
    assert models[0].history.validation_loss == models[1].history.validation_loss
    X[0] = 1.5e308
    gradient = fastsgd.gradient(
        X, y, *options["init"], loss=loss, sample_weight=np.arange(200) >= 20
    )
    assert np.isfinite(gradient.w).all()


def test_a_rate_below_the_smallest_ends_a_fit_only_where_it_would_be_divided():
    X, y = data()
    lr = schedules.Adaptive(lr=1e-7, tol=0.0)
    assert len(fastsgd.fit(X, y, lr=lr, epochs=20, seed=0).history.loss) == 20
    lr = schedules.Adaptive(lr=1e-7, tol=1e9, patience=3)
    assert len(fastsgd.fit(X, y, lr=lr, epochs=20, seed=0).history.loss) == 4


def test_an_adaptive_rate_begins_anew_where_a_fit_that_tol_stopped_goes_on():
    X, y = data()
    paces = []
    options = {
        "lr": schedules.Adaptive(0.1, 5.0, 1e9, 2, smallest=0.0),
        "tol": 0.01,
        "seed": 0,
        "callback": lambda model, epoch: paces.append(float(model.state.memory.pace[0])),
    }
    model = fastsgd.fit(X, y, patience=6, epochs=40, **options)
    assert paces[-1] == 0 < paces[-2] < 0.1
    paces.clear()
    fastsgd.fit(X, y, patience=20, epochs=4, resume=model, **options)
    # As in the first epochs of a fit: the lowest loss, and two in which it does not improve.
    np.testing.assert_allclose(paces, [1, 1, 0.2, 0.2])


def test_an_output_of_weight_0_counts_for_nothing_though_its_loss_overflows():
    X, y = data()
    y = np.column_stack([y, y])
    weights = np.ones(y.shape)
    weights[:20, 1] = 0
    options = {"seed": 0, "lr": 1e-3, "epoch_loss": "full", "init": (np.ones((3, 2)), np.zeros(2))}
    models = []
    for outlier in (1.5e308, 1.0):
        y[:20, 1] = outlier
        models.append(fastsgd.fit(X, y, sample_weight=weights, **options))
    np.testing.assert_array_equal(models[0].w, models[1].w)
    assert models[0].history.loss == models[1].history.loss


def test_it_is_the_lowest_loss_before_that_counts_where_losses_rise_and_fall():
    X, y = data()
    options = {"lr": 0.3, "batch_size": 2, "epochs": 99, "seed": 0, "epoch_loss": "full"}
    losses = fastsgd.fit(X, y, **options).history.loss
    expected = epochs_until_it_stops(losses, 0.0, 4)
    last = np.flatnonzero(np.diff(losses[:expected]) < 0)[-1] + 1
    assert last + 4 > expected - 1  # it fell among the last four, but not below the lowest
    assert len(fastsgd.fit(X, y, tol=0.0, patience=4, **options).history.loss) == expected


def test_an_adaptive_rate_that_has_ended_the_fit_stays_so_where_tol_is_another():
    X, y = data()
    lr = schedules.Adaptive(0.01, tol=9.0, patience=1, smallest=0.005)
    options = {"lr": lr, "seed": 0, "epochs": 9}
    first = fastsgd.fit(X, y, tol=0.0, patience=50, **options)
    assert len(first.history.loss) == 2
    with pytest.warns(UserWarning, match="stopped"):
        more = fastsgd.fit(X, y, tol=0.0, patience=60, resume=first, **options)
    assert len(more.history.loss) == 2


def test_a_rate_that_was_divided_stays_so_where_tol_is_another():
    X, y = data()
    options = {"lr": schedules.Adaptive(0.1, tol=9.0, patience=2), "seed": 0}
    whole = fastsgd.fit(X, y, epochs=8, **options)
    first = fastsgd.fit(X, y, tol=0.0, patience=50, epochs=4, **options)
    assert first.state.memory.pace[0] < 1
    more = fastsgd.fit(X, y, tol=0.0, patience=60, epochs=4, resume=first, **options)
    np.testing.assert_array_equal(more.w, whole.w)


def test_all_that_tol_stopped_goes_on_with_another_patience():
    X, score = data()
    y = np.digitize(score, [-2, 2])
    options = {"loss": "logistic", "lr": 0.05, "batch_size": 2, "seed": 0, "tol": 1e-3}
    first = fastsgd.fit(X, y, patience=2, epochs=60, **options)
    assert len(first.history.loss) < 60
    assert len(set(first.state.stopped)) > 1
    more = fastsgd.fit(X, y, patience=50, resume=first, epochs=1, **options)
    assert (more.w != first.w).any(axis=0).all()


def test_what_an_adaptive_rate_stopped_is_watched_anew_with_another_rate():
    X, y = data()
    options = {"tol": 1e9, "patience": 4, "seed": 0, "epochs": 20}
    rate = schedules.Adaptive(0.01, tol=1e9, patience=1, smallest=0.005)
    first = fastsgd.fit(X, y, lr=rate, **options)
    assert len(first.history.loss) == 2
    slower = schedules.Adaptive(0.01, tol=1e9, patience=9, smallest=0.005)
    for lr in (0.01, slower):
        # As in a fit of its own: the lowest loss, and four epochs in which it does not improve.
        assert len(fastsgd.fit(X, y, lr=lr, resume=first, **options).history.loss) == 2 + 5


def test_what_tol_stopped_stays_so_with_another_rate():
    X, y = data()
    options = {"tol": 1e9, "patience": 1, "seed": 0, "epochs": 9}
    first = fastsgd.fit(X, y, lr=schedules.Adaptive(0.01, patience=9), **options)
    with pytest.warns(UserWarning, match="what tol has stopped goes on with another tol or pat"):
        more = fastsgd.fit(X, y, lr=0.02, resume=first, **options)
    assert len(more.history.loss) == len(first.history.loss) == 2


@pytest.mark.parametrize("form", [np.asarray, csr_array])
def test_averages_do_not_change_what_tol_watches(form):
    X, y = data()
    options = {"penalty": "l2", "seed": 0, "lr": 0.003, "epochs": 300, "tol": 1e-3}
    alone, averaged = (fastsgd.fit(form(X), y, average=a, **options) for a in (False, True))
    # The losses are those before each step, of weights that take the same steps; on sparse rows
    # these are made up for in another way, and round otherwise.
    np.testing.assert_allclose(averaged.history.loss, alone.history.loss, rtol=1e-12)
    assert len(alone.history.loss) < 300
