"""What the tests share."""

from __future__ import annotations

import gc
import os
import signal

import numpy as np
import pytest
from hypothesis import settings

from fastsgd.cli.autograd import import_mxnet

# Kernels are compiled the first time they are called: no deadline on one example.
settings.register_profile("fastsgd", deadline=None, max_examples=25)
settings.load_profile("fastsgd")

# What the compiler makes stays. The suite takes 0.9 times as long where that is looked through less
# often.
gc.set_threshold(50_000, 50, 1000)

# Where the newest numpy is tested, MXNet cannot be had; CI has it elsewhere, and fails without.
MISSING = (
    "MXNet is not installed (its last release needs numpy below 2): nothing was checked against "
    "its autograd"
)


@pytest.fixture(scope="session")
def mxnet():
    """Return the module; without it, fail where CI is set, and say loudly what was not checked."""
    module = import_mxnet()
    if module is None:
        if os.environ.get("CI"):
            pytest.fail(MISSING)
        pytest.skip(MISSING)
    return module


def pytest_terminal_summary(terminalreporter):
    """End with a warning that cannot be overlooked where MXNet was missing."""
    skipped = [r for r in terminalreporter.stats.get("skipped", []) if MISSING in str(r.longrepr)]
    if skipped:
        terminalreporter.section("MXNet IS MISSING", red=True, bold=True)
        terminalreporter.line(f"{MISSING}, and {len(skipped)} tests did not run.", red=True)


def pytest_sessionfinish():
    """Collect garbage once more, and leave what the compiler has made to the operating system.

    Python would look through all of it again and again as it ends, for ten seconds.
    """
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def program_data():
    """Return X and y of the original program: 1000 rows of 2 features."""
    return make_program_data(0)


def make_program_data(seed: int):
    """Return features and labels as the original program makes them, in float64."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(1000, 2))
    return X, X @ [2, -3.4] + 4.2 + rng.normal(scale=0.01, size=1000)


@pytest.fixture
def handler():
    """Have SIGINT handled as Python does at its start, and as before afterwards."""
    former = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield signal.default_int_handler
    signal.signal(signal.SIGINT, former)
