"""Rows, and numbers and labels that go with them."""

from __future__ import annotations

import numpy as np

X = np.random.default_rng(0).normal(size=(30, 3))
SCORE = X @ [1.0, -2.0, 0.5]
LABELS = np.where(SCORE > 0, "yes", "no")
CLASSES = np.digitize(SCORE, [-1.0, 1.0])
