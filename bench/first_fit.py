"""What a process of its own runs: it imports fastsgd, fits once, and prints what both took."""

from __future__ import annotations

import argparse
import json
from contextlib import suppress
from time import perf_counter
from typing import Any

import numba  # noqa: F401
import numpy as np


def json_object(text: str) -> dict[str, Any]:
    """Return what the text stands for."""
    with suppress(ValueError):
        if isinstance(found := json.loads(text), dict):
            return found
    raise argparse.ArgumentTypeError(f"{text!r} is no JSON object, which '{{}}' would be")


parser = argparse.ArgumentParser(prog="first_fit.py", description=__doc__)
parser.add_argument("arguments", type=json_object, help="those of the fit, as JSON: '{}'")
arguments = parser.parse_args().arguments

began = perf_counter()
import fastsgd  # noqa: E402

imported = perf_counter() - began

X = np.random.default_rng(0).standard_normal((1000, 2))
y = np.sign(X[:, 0])
began = perf_counter()
fastsgd.fit(X, y, **arguments)
print(json.dumps([imported, perf_counter() - began]))
