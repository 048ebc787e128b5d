"""What the first fit of a process takes, with nothing compiled before and with all of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import fastsgd

# The longest to compile of those that are usual.
HEAVY = {"loss": "logistic", "penalty": "l1", "optimizer": "adam"}


def cold_start() -> dict[str, float]:
    """Measure each part once, in processes of their own; return the seconds."""
    with TemporaryDirectory() as cache:
        _, default = _first_fit(cache)
        imported, warm = _first_fit(cache)
    with TemporaryDirectory() as cache:
        _, heavy = _first_fit(cache, **HEAVY)
    return {"import": imported, "default": default, "heavy": heavy, "warm": warm}


def _first_fit(cache: str, **options: str) -> tuple[float, float]:
    """Return how long a new process takes to import fastsgd after numba, and to fit once."""
    places = {"PYTHONPATH": str(Path(fastsgd.__file__).parent.parent), "NUMBA_CACHE_DIR": cache}
    # -P: the modules of bench/ do not hide others of the same name.
    command = [sys.executable, "-P", str(Path(__file__).with_name("first_fit.py"))]
    printed = subprocess.check_output(
        [*command, json.dumps(options)], env={**os.environ, **places}, text=True
    )
    imported, fitted = json.loads(printed)
    return imported, fitted
