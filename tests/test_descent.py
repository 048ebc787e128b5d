"""A fit that cannot go on says so, and loses nothing."""

from __future__ import annotations

import os
import pickle
import re
import signal
import threading
import time
from contextlib import nullcontext

import numpy as np
import pytest
from noisy_rows import data
from numpy_reference import squared_loss
from scipy import sparse

import fastsgd
from fastsgd.schedules import Adaptive


def test_divergence_names_the_epoch_the_loss_before_it_and_what_to_try(program_data):
    X, y = program_data
    with pytest.raises(fastsgd.DivergenceError) as caught:
        fastsgd.fit(X, y, lr=2.5, batch_size=1000, epochs=10_000, seed=0)
    model = caught.value.model
    epoch = len(model.history.loss)
    assert str(caught.value).startswith(f"after {epoch} whole epochs the next did not stay finite")
    assert f"before it was {model.history.loss[-1]:.6g}" in str(caught.value)
    assert "lr smaller than 2.5" in str(caught.value)
    # The model is that of the last finite epoch end: one epoch more is too much.
    with pytest.warns(fastsgd.DivergenceWarning):
        again = fastsgd.fit(X, y, lr=2.5, batch_size=1000, epochs=epoch, seed=0)
    np.testing.assert_array_equal(model.w, again.w)
    with pytest.raises(fastsgd.DivergenceError):
        fastsgd.fit(X, y, lr=2.5, batch_size=1000, epochs=epoch + 1, seed=0)


def test_divergence_in_the_first_epoch_returns_the_initial_model(program_data):
    X, y = program_data
    loss = squared_loss(X, y, np.array([1.0, 2.0]), 3.0)
    with pytest.raises(
        ValueError, match=f"the first epoch did not stay finite; .* before it was {loss:.6g}"
    ) as caught:
        fastsgd.fit(X, y, lr=1e6, init=([1.0, 2.0], 3.0))
    assert (caught.value.model.w.tolist(), caught.value.model.b) == ([1.0, 2.0], 3.0)


def test_a_penalty_that_overflows_is_not_passed_on():
    # Of each epoch by itself, of which one call runs several.
    X, y = np.zeros((4, 1)), np.zeros(4)
    with pytest.raises(fastsgd.DivergenceError, match="the first epoch did not stay finite"):
        fastsgd.fit(X, y, penalty="l2", lr=1e-9, epochs=3, init=([1e200], 0.0))


@pytest.mark.parametrize("optimizer", ["adagrad", "rmsprop", "adam", "adamw"])
def test_squares_of_gradients_that_overflow_are_not_remembered_in_silence(optimizer):
    # All weights would stay where they are from then on, and be finite.
    X, y = np.full((4, 3), 1e10, np.float32), np.zeros(4)
    options = {"optimizer": optimizer, "init": ([1.0, 0.0, 0.0], 0.0)}
    with pytest.raises(
        fastsgd.DivergenceError, match=r"first epoch did not stay finite; .* X reaches from 1e\+10"
    ):
        fastsgd.fit(X, y, lr=1e-3, **options)
    fastsgd.fit(X.astype(np.float64), y, lr=1e-3, **options)


@pytest.mark.parametrize("epoch_loss", ["running", "full", None])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_the_check_left_out_is_seen_by_the_fit(program_data, bad, epoch_loss):
    X, y = program_data[0].copy(), program_data[1]
    X[500, 1] = bad
    with pytest.raises(fastsgd.DivergenceError):
        fastsgd.fit(X, y, check_finite=False, epoch_loss=epoch_loss)


def test_what_the_check_left_out_is_named(program_data):
    X = program_data[0].copy()
    X[500, 1] = np.nan
    with pytest.raises(fastsgd.DivergenceError, match="X holds NaN or infinity: with check_finite"):
        fastsgd.fit(X, program_data[1], check_finite=False)


def test_a_loss_that_nobody_asked_for_stops_no_fit():
    X, y = np.zeros((1, 1), np.float32), np.full(1, 1e30, np.float32)
    model = fastsgd.fit(X, y, lr=1e-20, epoch_loss=None)
    assert np.isfinite(model.b)


@pytest.mark.parametrize("epoch_loss", ["running", "full"])
def test_a_loss_that_overflows_is_not_passed_on(epoch_loss):
    # The squared error is above the largest float32, though no parameter is.
    X, y = np.zeros((1, 1), np.float32), np.full(1, 1e30, np.float32)
    with pytest.raises(fastsgd.DivergenceError):
        fastsgd.fit(X, y, lr=1e-20, epoch_loss=epoch_loss)


@pytest.mark.parametrize("epoch_loss", ["running", "full", None])
def test_a_last_step_to_infinity_is_seen(epoch_loss):
    # The loss before the only step is finite, and so says nothing of it.
    X, y = np.full((1, 1), 1e10, np.float32), np.full(1, 1e10, np.float32)
    with pytest.raises(fastsgd.DivergenceError):
        fastsgd.fit(X, y, init=([0.0], 0.0), lr=1e30, epochs=1, epoch_loss=epoch_loss)


def test_gradient_predictions_and_evaluation_do_not_overflow_in_silence():
    X, y = np.full((2, 2), 1e30, np.float32), np.zeros(2, np.float32)
    with pytest.raises(ValueError, match="overflows float32"):
        fastsgd.gradient(X, y, [1.0, 1.0], 0.0)
    model = fastsgd.fit(X, y, init=([1e9, 1e9], 0.0), epochs=0)
    with pytest.raises(ValueError, match="overflow float32"):
        model.predict(X)
    with pytest.raises(ValueError, match="overflows float32"):
        model.evaluate(X, y)


@pytest.fixture(scope="module")
def long_data():
    """Return data of which an epoch takes several stretches."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((2**18, 80), dtype=np.float32)
    return X, X @ np.ones(80, np.float32)


@pytest.fixture
def ctrl_c():
    """Have SIGINT raise KeyboardInterrupt, even where the shell started us with it ignored."""
    former = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, former)


def interrupt_soon():
    """Send SIGINT, as Ctrl-C does, in the middle of what comes next."""
    threading.Timer(0.25, os.kill, (os.getpid(), signal.SIGINT)).start()


OPTIONS = {"lr": 1e-6, "epochs": 10_000, "shuffle": False}


@pytest.mark.usefixtures("ctrl_c")
@pytest.mark.parametrize("parts", [64, 1])
def test_ctrl_c_leaves_the_model_after_the_last_whole_mini_batch(long_data, parts):
    X, y = long_data
    batch_size = len(X) // parts
    start = np.zeros(80), 0.0
    fastsgd.fit(X, y, init=start, batch_size=batch_size, **OPTIONS | {"epochs": 1})
    interrupt_soon()
    with pytest.raises(fastsgd.Interrupted) as caught:
        fastsgd.fit(X, y, init=start, batch_size=batch_size, **OPTIONS)
    model = caught.value.model
    assert isinstance(caught.value, KeyboardInterrupt)
    replay = {"batch_size": batch_size, "lr": 1e-6, "shuffle": False}
    w = fastsgd.fit(X, y, init=start, epochs=len(model.history.loss), **replay)
    ends = [w, *(fastsgd.fit(X[:m], y[:m], init=w, epochs=1, **replay) for m in _ends(X, parts))]
    assert any((model.w == end.w).all() and model.b == end.b for end in ends)


def _ends(X, parts):
    return [len(X) // parts * (i + 1) for i in range(parts)]


def test_both_errors_travel_between_processes(program_data):
    model = fastsgd.fit(*program_data)
    for error in (fastsgd.DivergenceError("too far", model), fastsgd.Interrupted(model)):
        error.add_note("in the third fold")
        copy = pickle.loads(pickle.dumps(error))
        assert (type(copy), str(copy)) == (type(error), str(error))
        assert copy.__notes__ == error.__notes__
        np.testing.assert_array_equal(copy.model.w, model.w)


def test_ctrl_c_in_a_callback_keeps_the_epoch(program_data):
    def callback(model, epoch):
        if epoch == 1:
            raise KeyboardInterrupt

    with pytest.raises(fastsgd.Interrupted) as caught:
        fastsgd.fit(*program_data, seed=0, epochs=9, callback=callback)
    two = fastsgd.fit(*program_data, seed=0, epochs=2)
    np.testing.assert_array_equal(caught.value.model.w, two.w)
    assert len(caught.value.model.history.loss) == 2


def test_other_threads_run_while_kernels_do(long_data):
    X, y = long_data
    done = threading.Event()
    counts = []

    def count():
        n = 0
        while not done.is_set():
            n += 1
            time.sleep(0.0005)
        counts.append(n)

    thread = threading.Thread(target=count)
    thread.start()
    began = time.perf_counter()
    fastsgd.fit(X, y, lr=1e-6, epochs=20, batch_size=1024)
    elapsed = time.perf_counter() - began
    done.set()
    thread.join()
    # A kernel that kept the lock would let the thread run once a stretch, 60 times in all; left
    # alone it would wake 2000 times a second at most.
    assert counts[0] > min(200, 0.2 * elapsed / 0.0005)


DIVERGING = [
    {},
    {"optimizer": fastsgd.optimizers.SGD(momentum=0.5)},
    {"epoch_loss": "full", "average": True},
    {"epoch_loss": None},
    {"sample_weight": np.full(200, 0.5), "penalty": "l2"},
    {"callback": lambda model, epoch: epoch == 50},
    {"resume": None},
    {"epochs": 1, "batch_size": 4},  # which has no epoch before it
]


@pytest.mark.parametrize("options", DIVERGING)
def test_a_fit_that_diverged_to_finite_numbers_warns_once(options):
    X, y = data()
    if "resume" in options:
        options = {"resume": fastsgd.fit(X, y, seed=0)}
    options = {"lr": 5.0, "batch_size": 200, "epochs": 60, "seed": 0, **options}
    message = (
        r"the data loss .*e\+.* before its first step \d.* lr smaller than 5, .* X reaches from -"
    )
    with pytest.warns(fastsgd.DivergenceWarning, match=message) as caught:
        model = fastsgd.fit(X, y, **options)
    assert [warning.filename for warning in caught] == [__file__]
    assert np.isfinite(model.w).all()


HEALTHY = [
    {},
    {"factor_y": 1e9},  # a loss of 1e18, which falls
    {"factor_y": 1e9, "resume": True},  # of a model for targets of order 1
    {"sample_weight": np.full(1000, 1e13), "lr": 1e-14},
    {"factor_X": 1e9, "loss": "perceptron", "epochs": 30},  # steps have a bounded length
    {"factor_X": 1e9, "loss": "hinge", "epochs": 30},
    {"factor_X": 1e9, "loss": "logistic", "optimizer": "adam", "penalty": "l2", "epochs": 30},
    {"lr": lambda step: 5.0 if step < 20 else 0.5, "epochs": 1},  # only the first steps were bad
]


def test_of_squares_of_margins_a_loss_is_compared_with_that_before_the_first_step():
    X, y = data()
    message = r"last epoch .*e\+.* before its first step \d"
    with pytest.warns(fastsgd.DivergenceWarning, match=message):
        fastsgd.fit(30 * X, y > 0, loss="squared_hinge", epochs=1, seed=0)


def test_of_other_losses_for_classes_it_is_compared_with_that_of_the_first_epoch():
    X, _ = data()
    y = np.random.default_rng(0).random(200) < 0.5  # which no weights tell apart
    options = {"loss": "hinge", "lr": lambda t: 2.0**t, "batch_size": 200, "epochs": 60, "seed": 0}
    with pytest.warns(fastsgd.DivergenceWarning, match=r"last epoch .*e\+.* in its first \d"):
        fastsgd.fit(X, y, **options)


@pytest.mark.parametrize("options", HEALTHY)
def test_other_fits_do_not_warn(options):
    (X, y), options = data(1000), {"seed": 0, **options}
    if options.pop("resume", False):
        options["resume"] = fastsgd.fit(X, y, seed=0)
    X, y = options.pop("factor_X", 1) * X, options.pop("factor_y", 1) * y
    fastsgd.fit(X, y > 0 if options.get("loss") else y, **options)


def test_the_best_model_of_a_fit_that_diverged_later_is_good(program_data):
    X, y = program_data
    options = {"lr": lambda step: 0.5 if step < 20 else 5.0, "batch_size": 1000, "epochs": 80}
    with pytest.warns(fastsgd.DivergenceWarning):
        fastsgd.fit(X, y, **options, seed=0)
    assert fastsgd.fit(X, y, **options, seed=0, validation=(X, y)).evaluate(X, y) < 0.01


def test_the_model_of_a_loss_that_raises_is_that_of_the_epoch_before_where_many_run_together():
    def derivative(p, t):
        if p > 11:
            raise ValueError("above 11")
        return p - t

    X, y = np.ones((4, 1)), np.full(4, 20.0)
    options = {"lr": 0.1, "batch_size": 4, "init": ([0.0], 0.0), "seed": 0}
    square = lambda p, t: (p - t) ** 2 / 2  # noqa: E731 - as users write it
    loss = fastsgd.losses.custom(square, derivative, targets=(20.0,))
    with pytest.raises(ValueError, match="above 11") as caught:
        fastsgd.fit(X, y, loss=loss, epochs=100, **options)
    model = caught.value.model
    epochs = len(model.history.loss)
    assert epochs > 1
    assert model.predict(X[:1])[0] > 11
    expected = fastsgd.fit(X, y, epochs=epochs, **options)
    np.testing.assert_allclose(model.w, expected.w, rtol=1e-12)
    assert model.state.steps == expected.state.steps == epochs


def test_the_loss_before_a_divergence_is_that_of_the_rows_that_are_learned_from():
    X, y = np.eye(4), 1e3 * np.arange(1.0, 5)
    options = {"batch_size": 1, "validation": 0.5, "seed": 0, "fit_intercept": False}
    options |= {"init": (np.zeros(4), 0.0), "epochs": 1}
    is_seen = fastsgd.fit(X, y, **options).w != 0
    assert is_seen.sum() == 2
    loss = (y[is_seen] ** 2).mean() / 2
    with pytest.raises(fastsgd.DivergenceError, match=re.escape(f"before it was {loss:.6g}.")):
        fastsgd.fit(X, y, lr=1e306, **options)


def test_what_init_becomes_during_a_fit_does_not_count(program_data):
    w = np.array([1.0, 2.0])

    def spoil(step):
        w[0] = 55
        return 1e300

    with pytest.raises(fastsgd.DivergenceError) as caught:
        fastsgd.fit(*program_data, init=(w, 3.0), lr=spoil)
    assert caught.value.model.w.tolist() == [1.0, 2.0]


def test_the_rate_that_a_divergence_names_is_the_one_that_was_adapted():
    X, y = np.ones((1, 1)), np.ones(1)
    adaptive = Adaptive(1e3, factor=10.0, tol=1e308, patience=1, smallest=0.0)
    with pytest.raises(fastsgd.DivergenceError, match="lr smaller than 100,"):
        fastsgd.fit(X, y, lr=adaptive, init=([1.0], 1e150), epochs=3, fit_intercept=False)


def test_a_fit_that_is_interrupted_where_it_has_just_diverged_leaves_a_finite_model(
    program_data, monkeypatch
):
    def interrupt(self):
        raise KeyboardInterrupt

    monkeypatch.setattr("fastsgd.descent.Descent._diverged", interrupt)
    with pytest.raises(fastsgd.Interrupted) as caught:
        fastsgd.fit(*program_data, lr=1e6, init=([1.0, 2.0], 3.0))
    assert (caught.value.model.w.tolist(), caught.value.model.b) == ([1.0, 2.0], 3.0)


def test_divergence_on_sparse_rows_that_hold_no_number_is_told():
    X = sparse.csr_array((2, 1))
    with pytest.raises(fastsgd.DivergenceError, match="X reaches from 0 to 0, y from"):
        fastsgd.fit(X, [1e300, 1e300], lr=1e300)


def test_a_divergence_names_the_highest_rate_and_the_weights():
    X, y = data()
    with pytest.raises(fastsgd.DivergenceError, match=r"smaller than 100000, .*y from [^;]*$"):
        fastsgd.fit(X, y, seed=0, lr=lambda t: 1e5 / (1 + t), epochs=9)
    weights = np.full(200, 365.0)
    with pytest.raises(fastsgd.DivergenceError, match=r"weights, .* reach to 365"):
        fastsgd.fit(X, y, seed=0, sample_weight=weights, epochs=9)


def test_a_divergence_without_a_step_names_no_rate():
    with pytest.raises(fastsgd.DivergenceError, match=r"Scale the data down: X reaches from 1 to"):
        fastsgd.fit(
            np.ones((1, 3)), [1.0], loss="poisson", lr=lambda t: 0.0, init=([800.0, 0.0, 0.0], 0.0)
        )


def test_weights_of_0_alone_are_refused_but_those_of_the_classes_of_a_chunk():
    X, y = data(1000)
    labels = y > 0
    with pytest.raises(ValueError, match=r"^sample_weight: .* one above 0 as a float64, got none"):
        fastsgd.fit(X, labels, loss="logistic", sample_weight=np.zeros(1000))
    model = fastsgd.fit(X, labels, loss="logistic", class_weight={False: 0, True: 1}, seed=0)
    chunk = X[~labels], labels[~labels]
    options = {"loss": "logistic", "class_weight": {False: 0, True: 1}, "resume": model}
    np.testing.assert_array_equal(fastsgd.fit(*chunk, **options).w, model.w)


def test_averages_that_diverged_are_warned_of_though_the_weights_have_come_back():
    X = 1.6 * np.random.default_rng(0).normal(size=(400, 4))
    options = {"lr": lambda t: 1 / (1 + t) ** 0.25, "epochs": 40, "batch_size": 1, "seed": 0}
    with pytest.warns(fastsgd.DivergenceWarning, match=r"averages, .* lr smaller than 1,"):
        model = fastsgd.fit(X, X @ np.arange(4.0) + 1, average=True, **options)
    assert model.history.loss[-1] < 1


def test_a_last_step_of_the_intercept_to_infinity_is_seen():
    X, y = np.zeros((1, 1), np.float32), np.full(1, 1e10, np.float32)
    with pytest.raises(fastsgd.DivergenceError):
        fastsgd.fit(X, y, init=([0.0], 0.0), lr=1e30, epochs=1)


def test_the_square_of_a_gradient_of_b_that_overflows_is_not_remembered_in_silence():
    X, y = np.zeros((1, 3)), np.full(1, 1e200)
    with pytest.raises(fastsgd.DivergenceError):
        fastsgd.fit(X, y, optimizer="adagrad", init=(np.zeros(3), 0.0), epoch_loss=None)


@pytest.mark.parametrize("growth", [9e5, 1.1e6])
def test_a_loss_above_1e12_is_that_of_a_fit_which_diverged_where_it_grew_a_million_times(growth):
    # A step multiplies the error by the root of that. The loss before the first one is 5e15.
    options = {"lr": 1 + growth**0.5, "epochs": 2, "init": ([0.0], 0.0), "fit_intercept": False}
    is_told = growth > 1e6
    with pytest.warns(fastsgd.DivergenceWarning) if is_told else nullcontext():
        model = fastsgd.fit(np.ones((1, 1)), [1e8], **options)
    np.testing.assert_allclose(model.history.loss, [5e15, growth * 5e15])
