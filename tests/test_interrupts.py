"""Ctrl-C is never lost, and nobody else's handling of it is disturbed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from interpreted_mode import needs_jit
from reports import failed
from scripts import output_of

import fastsgd
from fastsgd.descent import Descent, run
from fastsgd.kernels.jit import _in_peace


class Presses:
    """Presses Ctrl-C in its finalizer, where Python forgets a KeyboardInterrupt."""

    def __del__(self):
        os.kill(os.getpid(), signal.SIGINT)
        for _ in range(100):  # so that the signal is handled before the finalizer ends
            pass


@pytest.mark.usefixtures("handler")
def test_ctrl_c_in_a_finalizer_is_not_lost(program_data, monkeypatch):
    monkeypatch.setattr("tqdm.auto.tqdm.update", lambda bar, n: Presses() and None)
    with pytest.raises(fastsgd.Interrupted) as caught:
        fastsgd.fit(*program_data, epochs=10_000, progress=True, seed=0)
    model = caught.value.model
    assert len(model.history.loss) <= 1
    np.testing.assert_array_equal(model.w, fastsgd.fit(*program_data, epochs=1, seed=0).w)


@pytest.mark.usefixtures("handler")
def test_ctrl_c_where_numba_calls_python_is_not_lost():
    with pytest.raises(KeyboardInterrupt):
        _in_peace(lambda: Presses() and None)()


@pytest.mark.usefixtures("handler")
def test_a_handler_of_the_users_own_is_left_alone(program_data, monkeypatch):
    pressed = []
    monkeypatch.setattr("tqdm.auto.tqdm.update", lambda bar, n: Presses() and None)
    signal.signal(signal.SIGINT, lambda *_: pressed.append(1))
    stop = {"epochs": 10_000, "callback": lambda model, epoch: epoch == 2}
    fastsgd.fit(*program_data, progress=True, **stop)
    assert len(pressed) == 3


@pytest.mark.usefixtures("handler")
def test_ctrl_c_before_another_error_is_not_left_to_a_later_fit(program_data, monkeypatch):
    def fails(*given):
        os.kill(os.getpid(), signal.SIGINT)
        raise RuntimeError("something else")

    monkeypatch.setattr("fastsgd.descent.run", fails)
    with pytest.raises(fastsgd.Interrupted) as caught:
        fastsgd.fit(*program_data, epochs=10_000, seed=0)
    monkeypatch.undo()
    assert type(caught.value.__context__.__context__) is RuntimeError
    fastsgd.fit(*program_data, epochs=10_000, lr=1e-3, seed=0)


@pytest.mark.usefixtures("handler")
def test_epochs_that_run_together_are_in_the_history_of_a_fit_that_is_interrupted(
    program_data, monkeypatch
):
    def press_meanwhile(*given):
        os.kill(os.getpid(), signal.SIGINT)
        return run(*given)

    monkeypatch.setattr("fastsgd.descent.run", press_meanwhile)
    with pytest.raises(fastsgd.Interrupted) as caught:
        fastsgd.fit(*program_data, epochs=10_000, seed=0)
    monkeypatch.undo()
    model = caught.value.model
    epochs = len(model.history.loss)
    assert 1 < epochs < 10_000
    np.testing.assert_array_equal(model.w, fastsgd.fit(*program_data, epochs=epochs, seed=0).w)


@pytest.mark.usefixtures("handler")
def test_ctrl_c_at_the_moment_it_begins_to_be_held_is_not_lost(program_data, monkeypatch):
    former = signal.signal

    def set_and_press(number, handler):
        before = former(number, handler)
        if handler is not signal.default_int_handler:
            monkeypatch.setattr(signal, "signal", former)
            os.kill(os.getpid(), signal.SIGINT)
        return before

    monkeypatch.setattr(signal, "signal", set_and_press)
    with pytest.raises(fastsgd.Interrupted):
        fastsgd.fit(*program_data, epochs=10_000, seed=0)


@pytest.mark.usefixtures("handler")
def test_a_fit_inside_a_fit_does_not_lose_ctrl_c(program_data, monkeypatch):
    def prepared(*arguments):
        if inside:
            os.kill(os.getpid(), signal.SIGINT)
        return Descent(*arguments)

    def lr(step):
        if step == 100:
            inside.append(step)
            fastsgd.fit(*program_data, epochs=10_000, seed=0)
        return 1e-3

    inside = []
    monkeypatch.setattr("fastsgd.training.Descent", prepared)
    with pytest.raises(KeyboardInterrupt):
        fastsgd.fit(*program_data, lr=lr, epochs=10_000, seed=0)


FORKED = """
import os, signal, sys, threading, time
import numpy as np, fastsgd
signal.signal(signal.SIGINT, signal.default_int_handler)
X = np.random.default_rng(0).normal(size=(20000, 50))
def fork():
    time.sleep(0.2)
    child = os.fork()
    if child == 0:
        try:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(1)
        except KeyboardInterrupt:
            os._exit(7)
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
thread = threading.Thread(target=fork)
fastsgd.fit(X, X[:, 0], lr=1e-4, epochs=1)
thread.start()
fastsgd.fit(X, X[:, 0], lr=1e-4, epochs=10**9, callback=lambda *_: not thread.is_alive())
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes do not fork here")
def test_ctrl_c_reaches_a_process_that_another_thread_forks_during_a_fit():
    assert output_of(FORKED).split() == ["7"]


@pytest.mark.usefixtures("handler")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_command_does_not_forget_ctrl_c_while_it_compiles(capsys, monkeypatch):
    def compiling(*arguments, **options):
        if options["epochs"] == 1:  # of the rows of zeros that are fitted to compile
            Presses()
        return fastsgd.fit(*arguments, **options)

    monkeypatch.setattr("fastsgd.cli.report.fit", compiling)
    message, _ = failed(capsys, "--n", "20", status=130)
    assert "interrupted; nothing was saved" in message


@pytest.fixture
def numba_that_is_interrupted(tmp_path):
    """Return a place for modules whose numba presses Ctrl-C while it is imported."""
    pressed = "import os, signal, time\nos.kill(os.getpid(), signal.SIGINT)\ntime.sleep(1)\n"
    (tmp_path / "numba.py").write_text(pressed)
    return f"{tmp_path}{os.pathsep}{Path(fastsgd.__file__).parent.parent}"


def run_from_the_start(place, *arguments):
    """Run Python in a process of its own; return its status, and what it wrote to stderr."""
    done = subprocess.run(
        [sys.executable, *arguments],
        env={**os.environ, "PYTHONPATH": place},
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    return done.returncode, done.stderr


def test_ctrl_c_ends_the_command_at_its_start_in_silence(numba_that_is_interrupted, tmp_path):
    at_once = -signal.SIGINT, ""
    assert run_from_the_start(numba_that_is_interrupted, "-m", "fastsgd") == at_once
    script = tmp_path / "bin" / "fastsgd"
    script.parent.mkdir()
    script.write_text("from fastsgd.__main__ import main\n")
    assert run_from_the_start(numba_that_is_interrupted, str(script)) == at_once


def test_ctrl_c_in_an_import_of_the_users_is_a_keyboard_interrupt(
    numba_that_is_interrupted, tmp_path
):
    code = (
        "import os, signal\n"
        "try:\n    import fastsgd\n"
        "except KeyboardInterrupt:\n"
        "    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler\n"
        "    os._exit(0)\n"
    )
    assert run_from_the_start(numba_that_is_interrupted, "-c", code) == (0, "")
    package = tmp_path / "users_fastsgd"
    package.mkdir()
    (package / "__init__.py").write_text(code)
    options = "-m", "users_fastsgd", "fastsgd"
    assert run_from_the_start(numba_that_is_interrupted, *options) == (0, "")


def pressed_after(calls):
    """Return a kernel that presses Ctrl-C at the end of that call."""
    made = []

    def pressing(*given):
        result = run(*given)
        made.append(1)
        if len(made) == calls:
            os.kill(os.getpid(), signal.SIGINT)
        return result

    return pressing


@pytest.mark.usefixtures("handler")
@pytest.mark.parametrize(("epochs", "calls"), [(3, 1), (10_000, 1)])
def test_the_model_of_a_fit_that_is_interrupted_knows_its_steps(
    program_data, monkeypatch, epochs, calls
):
    monkeypatch.setattr("fastsgd.descent.run", pressed_after(calls))
    with pytest.raises(fastsgd.Interrupted) as caught:
        fastsgd.fit(*program_data, epochs=epochs, seed=0)
    monkeypatch.undo()
    model = caught.value.model
    done = model.state.steps // 100
    assert model.state.steps == 100 * done > 0
    np.testing.assert_array_equal(model.w, fastsgd.fit(*program_data, epochs=done, seed=0).w)


@pytest.mark.usefixtures("handler")
def test_ctrl_c_waits_for_the_end_of_a_stretch_of_an_epoch_of_many_small_steps(monkeypatch):
    # Few numbers, but more steps than one stretch has: each multiplies w by the same.
    X, y = np.ones((3 * 2**18, 1)), np.zeros(3 * 2**18)
    options = {"lr": 1e-6, "batch_size": 1, "init": ([1.0], 0.0), "fit_intercept": False}
    monkeypatch.setattr("fastsgd.descent.run", pressed_after(2))
    with pytest.raises(fastsgd.Interrupted) as caught:
        fastsgd.fit(X, y, **options)
    model = caught.value.model
    assert model.state.steps == 2**19
    assert np.log(model.w[0]) / np.log1p(-1e-6) == pytest.approx(2**19, abs=0.1)


@pytest.mark.usefixtures("handler")
def test_ctrl_c_is_answered_while_epochs_are_gone_through_one_by_one(monkeypatch):
    # It diverges after thousands of epochs, which run together first.
    X, y = np.ones((2, 1)), np.zeros(2)
    options = {"batch_size": 2, "lr": 2.01, "fit_intercept": False, "init": ([1.0], 0.0)}
    monkeypatch.setattr("fastsgd.descent.run", pressed_after(3))
    with pytest.raises(fastsgd.Interrupted) as caught:
        fastsgd.fit(X, y, epochs=400_000, **options)
    assert len(caught.value.model.history.loss) == caught.value.model.state.steps == 2


@pytest.mark.usefixtures("handler")
def test_ctrl_c_ends_a_function_for_the_rates_at_once(program_data):
    asked = []

    def lr(step):
        asked.append(step)
        if len(asked) == 10:
            os.kill(os.getpid(), signal.SIGINT)
        return 0.1

    with pytest.raises(fastsgd.Interrupted):
        fastsgd.fit(*program_data, lr=lr, epochs=10_000)
    assert len(asked) == 10


# Presses Ctrl-C at a call or return early in a fit, in the next fit a little later, and so on.
AT_ANY_MOMENT = """
import gc, signal, sys, threading
import numpy as np
import fastsgd, fastsgd.team
signal.signal(signal.SIGINT, signal.default_int_handler)  # which is ignored in a job of a script
fastsgd.team.WORTHWHILE = 0
X = np.random.default_rng(0).normal(size=(600, 3))
def fit():
    return fastsgd.fit(X, X[:, 0], batch_size=300, n_threads=2, seed=0, lr=lambda t: 0.03)
fitted = fit()
w, at, left = fitted.w.tobytes(), 0, 0
gc.freeze()  # all that is there by now, which would be looked through each time
def press(frame, event, argument):
    global left
    left -= event in ("call", "return")
    if left == 0:
        sys.setprofile(None)
        signal.raise_signal(signal.SIGINT)
interrupted = 0
while left <= 0:
    at += 7
    left = at
    sys.setprofile(press)
    try:
        fitted = fit()
    except KeyboardInterrupt as interrupt:
        interrupted += isinstance(interrupt, fastsgd.Interrupted)
    finally:
        sys.setprofile(None)
    assert fitted.w.tobytes() == w
    gc.collect()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler, at
    assert threading.active_count() == 1, at
print(interrupted > 50)
"""


@needs_jit
def test_ctrl_c_at_any_moment_of_a_fit_leaves_no_thread_and_no_handler():
    assert output_of(AT_ANY_MOMENT, timeout=200) == "True\n"


@pytest.mark.usefixtures("handler")
def test_ctrl_c_after_the_last_epoch_does_not_lose_the_model(program_data, monkeypatch):
    best_model = Descent.best_model
    monkeypatch.setattr(Descent, "best_model", lambda self: press() or best_model(self))
    with pytest.raises(fastsgd.Interrupted) as caught:
        fastsgd.fit(*program_data, epochs=100_000, seed=0)
    assert len(caught.value.model.history.loss) == 100_000


def press():
    os.kill(os.getpid(), signal.SIGINT)
