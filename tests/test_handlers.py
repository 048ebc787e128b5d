"""Handlers of signals are as before after a fit, and what others raise is passed on."""

from __future__ import annotations

import gc
import os
import signal
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import fastsgd
from fastsgd.descent import run


def test_the_handler_is_as_before_after_a_fit(program_data, handler):
    fastsgd.fit(*program_data)
    assert signal.getsignal(signal.SIGINT) is handler
    with pytest.raises(fastsgd.DivergenceError):
        fastsgd.fit(*program_data, lr=1e6, epochs=10_000)
    assert signal.getsignal(signal.SIGINT) is handler
    inside = []

    def callback(model, epoch):
        inside.append(signal.getsignal(signal.SIGINT))
        return epoch == 2

    fastsgd.fit(*program_data, epochs=10_000, callback=callback)
    assert inside == [handler] * 3
    assert signal.getsignal(signal.SIGINT) is handler


def test_a_fit_in_another_thread_works(program_data):
    models = []
    thread = threading.Thread(target=lambda: models.append(fastsgd.fit(*program_data, seed=0)))
    thread.start()
    thread.join()
    np.testing.assert_array_equal(models[0].w, fastsgd.fit(*program_data, seed=0).w)


class Timeout(Exception):
    """What the handler of another signal raises."""


def raise_timeout(*_):
    raise Timeout


def model_at_timeout(X, y):
    """Return the model of a fit that an exception of a handler ends after a tenth of a second."""
    fastsgd.fit(X, y, seed=0)
    former = signal.signal(signal.SIGALRM, raise_timeout)
    signal.setitimer(signal.ITIMER_REAL, 0.1)
    try:
        fastsgd.fit(X, y, epochs=200_000, seed=0)  # of which that is a small part
    except Timeout as error:
        return error.model
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, former)


def test_what_the_handler_of_another_signal_raises_is_passed_on(program_data):
    X, y = program_data[0].copy(), program_data[1]
    rows = weakref.ref(X)
    gc.disable()
    try:
        model = model_at_timeout(X, y)
        del X
        assert rows() is None
    finally:
        gc.enable()
    epochs = len(model.history.loss)
    np.testing.assert_array_equal(model.w, fastsgd.fit(*program_data, epochs=epochs, seed=0).w)


def test_the_handler_comes_back_though_that_of_another_signal_raises(
    program_data, handler, monkeypatch
):
    former = signal.signal

    def raises_once(number, new):
        if new is handler:
            monkeypatch.setattr(signal, "signal", former)
            raise Timeout
        return former(number, new)

    monkeypatch.setattr(signal, "signal", raises_once)
    with pytest.raises(Timeout):
        fastsgd.fit(*program_data, epochs=10_000, seed=0)
    assert signal.getsignal(signal.SIGINT) is handler


@pytest.mark.usefixtures("handler")
def test_a_fit_in_another_thread_leaves_ctrl_c_to_the_main_one(program_data, monkeypatch):
    others = []

    def pressing(*given):
        if threading.current_thread() is threading.main_thread() and not others:
            os.kill(os.getpid(), signal.SIGINT)
            with ThreadPoolExecutor(1) as pool:
                others.append(pool.submit(fastsgd.fit, *program_data, seed=0).result())
        return run(*given)

    monkeypatch.setattr("fastsgd.descent.run", pressing)
    with pytest.raises(fastsgd.Interrupted):
        fastsgd.fit(*program_data, epochs=10_000, seed=0)
    assert len(others) == 1
