"""Threads that share a large batch: the same bits, sooner, and nothing left behind."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from numba import njit
from scripts import output_of

import fastsgd
from fastsgd.kernels import atomic
from fastsgd.kernels.jit import OPTIONS
from fastsgd.kernels.team import OFFERED, STOPPED, TAKEN

COUNTS = 200_000


@njit(nogil=True)
def count(cells, turns):
    for _ in range(turns):
        atomic.add(cells, 0, 1)
        while True:
            number = atomic.read(cells, 8)
            if atomic.replace(cells, 8, number, number + 2):
                break


def test_no_change_of_a_number_is_lost():
    cells = np.zeros(16, np.int64)
    count(cells, 0)
    with ThreadPoolExecutor(3) as pool:
        for future in [pool.submit(count, cells, COUNTS) for _ in range(3)]:
            future.result()
    assert cells[[0, 8]].tolist() == [3 * COUNTS, 6 * COUNTS]


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(6000, 30))
    return X, X @ rng.normal(size=30) + rng.normal(size=6000)


@pytest.fixture(autouse=True)
def every_part_is_worthwhile(monkeypatch):
    monkeypatch.setattr("fastsgd.team.WORTHWHILE", 0)


# Parts of one chunk and of two, the last of them short or not.
@pytest.mark.parametrize("batch_size", [257, 1000, 4096, 6000])
def test_bits_do_not_depend_on_the_number_of_threads(data, batch_size):
    options = {"batch_size": batch_size, "seed": 0, "epochs": 5}
    alone = fastsgd.fit(*data, **options)
    for n_threads in (2, 3, 8, None):
        model = fastsgd.fit(*data, **options, n_threads=n_threads)
        assert model.w.tobytes() == alone.w.tobytes()
        assert model.b.tobytes() == alone.b.tobytes()
        assert model.history.data_loss == alone.history.data_loss


# Gathered row by row, in passes over the rows, and by blocks.
@pytest.mark.parametrize(("repeated", "loss"), [(1, "squared"), (1, "log_cosh"), (5, "squared")])
def test_bits_do_not_depend_on_threads_and_stretches(data, monkeypatch, repeated, loss):
    X, y = np.tile(data[0], repeated) / repeated, data[1]
    alone = fastsgd.fit(X, y, batch_size=1000, seed=0, loss=loss)
    monkeypatch.setattr("fastsgd.stretches.STRETCH", X.shape[1] * 64)
    model = fastsgd.fit(X, y, batch_size=1000, seed=0, loss=loss, n_threads=2)
    assert model.w.tobytes() == alone.w.tobytes()


def test_classes_are_shared_as_well(data):
    X, y = data
    options = {"loss": "softmax", "batch_size": 1000, "seed": 0, "validation": 0.2}
    models = [fastsgd.fit(X, np.digitize(y, [-3, 3]), **options, n_threads=n) for n in (1, 2)]
    assert models[0].w.tobytes() == models[1].w.tobytes()
    assert models[0].history.validation_loss == models[1].history.validation_loss


def test_many_fits_at_once_share_nothing(data):
    def fit(seed):
        return fastsgd.fit(*data, batch_size=600, epochs=20, seed=seed, n_threads=2).w.tobytes()

    one_by_one = [fit(seed) for seed in range(6)]
    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(fit, range(6))) == one_by_one


def test_every_kernel_gathers_a_part_by_the_same_machine_code(tmp_path):
    # Compiled into each, it would add up in an order of each: rarely seen, but wrong.
    script = """
import numpy as np
import fastsgd, fastsgd.team
from fastsgd.kernels.epoch import run
from fastsgd.kernels.parts import gather_part
from fastsgd.kernels.team import assist

fastsgd.team.WORTHWHILE = 0
X = np.random.default_rng(0).normal(size=(600, 3))
for n_threads in 1, 2:
    fastsgd.fit(X, X[:, 0], batch_size=600, n_threads=n_threads)
print(len(gather_part.overloads), len(run.overloads), len(assist.overloads))
"""
    assert output_of(script, NUMBA_CACHE_DIR=tmp_path) == "1 2 1\n"


def threads():
    return [thread.name for thread in threading.enumerate() if "fastsgd" in thread.name]


def test_one_thread_starts_no_other_and_none_is_left(data):
    seen = []

    def callback(model, epoch):
        seen.append(len(threads()))

    fastsgd.fit(*data, batch_size=1000, epochs=2, callback=callback)
    assert seen == [0, 0]
    fastsgd.fit(*data, batch_size=256, epochs=2, n_threads=2, callback=callback)
    assert seen[2:] == [0, 0]  # a small batch is not shared
    fastsgd.fit(*data, batch_size=1000, epochs=2, n_threads=2, callback=callback)
    assert seen[4:] == [1, 1]
    assert threads() == []


def test_a_fit_that_fails_leaves_no_thread(data):
    X, y = data
    with pytest.raises(fastsgd.DivergenceError):
        fastsgd.fit(X, y, lr=1e9, batch_size=1000, epochs=50, n_threads=2)
    assert threads() == []


def value(y_hat, y):
    if y_hat > 1e3:
        raise ValueError("too far")
    return (y_hat - y) ** 2 / 2


def derivative(y_hat, y):
    if y == 777:
        raise ValueError("that row")
    return y_hat - y


RAISING = fastsgd.losses.custom(value, derivative)


def test_a_loss_that_raises_stops_all_threads(data):
    X, y = data
    for _ in range(5):
        with pytest.raises(ValueError, match="too far"):
            fastsgd.fit(X, y, loss=RAISING, lr=1e3, batch_size=3000, epochs=50, n_threads=2)
    assert threads() == []


@pytest.mark.parametrize("n_threads", [1, 2])
def test_the_model_of_a_loss_that_raises_is_that_of_the_epoch_before(data, n_threads):
    X, y = data
    bad = y.copy()
    options = {"loss": RAISING, "batch_size": 2000, "seed": 0, "n_threads": n_threads}

    def spoil(model, epoch):
        bad[4500] = 777 if epoch == 1 else bad[4500]

    with pytest.raises(ValueError, match="that row") as caught:
        fastsgd.fit(X, bad, epochs=4, callback=spoil, **options)
    expected = fastsgd.fit(X, y, epochs=2, **options)
    assert caught.value.model.w.tobytes() == expected.w.tobytes()
    assert caught.value.model.state.steps == expected.state.steps


def test_an_interpreter_that_ends_fits_without_threads(data, monkeypatch):
    alone = fastsgd.fit(*data, batch_size=1000, seed=0)

    def refuse(*_):  # as an import that Team needs does then
        raise RuntimeError("can't register atexit after shutdown")

    monkeypatch.setattr("fastsgd.team.Team", refuse)
    model = fastsgd.fit(*data, batch_size=1000, seed=0, n_threads=2)
    assert model.w.tobytes() == alone.w.tobytes()


def test_a_thread_that_cannot_begin_is_done_without(data, monkeypatch):
    begin, begun = threading.Thread.start, []

    def start(thread):
        if "fastsgd" in thread.name:
            begun.append(thread)
            if len(begun) == 2:
                raise RuntimeError("can't start new thread")
        begin(thread)

    monkeypatch.setattr(threading.Thread, "start", start)
    alone, model = (fastsgd.fit(*data, batch_size=1000, seed=0, n_threads=n) for n in (1, 3))
    assert len(begun) >= 2
    assert model.w.tobytes() == alone.w.tobytes()
    assert threads() == []


FORK = """
import os, sys, warnings
import numpy as np
import fastsgd, fastsgd.team
warnings.simplefilter("ignore")
fastsgd.team.WORTHWHILE = 0
X = np.random.default_rng(0).normal(size=(600, 3))
child = None
def fork(model, epoch):
    global child
    if epoch == 0:
        child = os.fork()
model = fastsgd.fit(X, X[:, 0], batch_size=600, seed=0, epochs=3, n_threads=2, callback=fork)
if child == 0:
    os._exit(len(model.history.seconds))
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), len(model.history.seconds))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks")
def test_a_process_that_is_forked_between_epochs_goes_on_without_the_threads():
    assert output_of(FORK, timeout=100) == "3 3\n"


FORK_IN_RATES = """
import os, time, warnings
import numpy as np
import fastsgd, fastsgd.team
warnings.simplefilter("ignore")
fastsgd.team.WORTHWHILE = 0
X = np.random.default_rng(0).normal(size=(1800, 3))
parent, child = os.getpid(), None
def lr(t):
    global child
    if t == 1 and child is None:
        time.sleep(0.1)  # by then the other thread assists
        child = os.fork()
    return 0.03
model = fastsgd.fit(X, X[:, 0], batch_size=600, seed=0, epochs=2, n_threads=2, lr=lr)
if os.getpid() != parent:
    os._exit(len(model.history.seconds))
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), len(model.history.seconds))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks")
def test_a_process_that_is_forked_by_a_function_for_rates_goes_on_without_the_threads():
    assert output_of(FORK_IN_RATES, timeout=100) == "2 2\n"


def test_n_threads_is_checked(data):
    with pytest.raises(ValueError, match="n_threads: expected an integer of at least 1, got 0"):
        fastsgd.fit(*data, n_threads=0)


@njit(**OPTIONS)
def take(cells):
    """Take a part that is offered, as a thread does; tell whether there was one."""
    number = atomic.read(cells, TAKEN)
    return number < atomic.read(cells, OFFERED) and atomic.replace(cells, TAKEN, number, number + 1)


def test_the_model_is_that_of_the_epoch_before_where_another_thread_fails(data, monkeypatch):
    X, y = data
    options = {"batch_size": 2000, "seed": 0}

    def fail(data, order, parameters, loss, shared):
        while shared.cells[STOPPED] == 0:
            if take(shared.cells):
                raise ValueError("this thread")

    take(np.zeros(64, np.int64))  # compiled before
    monkeypatch.setattr("fastsgd.team.assist", fail)
    with pytest.raises(ValueError, match="this thread") as caught:
        fastsgd.fit(X, y, epochs=3000, n_threads=2, **options)
    model = caught.value.model
    expected = fastsgd.fit(X, y, epochs=len(model.history.loss), n_threads=1, **options)
    assert model.w.tobytes() == expected.w.tobytes()
    assert model.state.steps == expected.state.steps
