"""What a process of its own runs: it imports fastsgd, fits once, and prints what both took."""

from __future__ import annotations

import json
import sys
from time import perf_counter

import numba  # noqa: F401
import numpy as np

began = perf_counter()
import fastsgd  # noqa: E402

imported = perf_counter() - began

X = np.random.default_rng(0).standard_normal((1000, 2))
y = np.sign(X[:, 0])
began = perf_counter()
fastsgd.fit(X, y, **json.loads(sys.argv[1]))
print(json.dumps([imported, perf_counter() - began]))
