"""The memory that fits take."""

from __future__ import annotations

import tracemalloc

import fastsgd


def fit_and_peak(X, y, **options):
    """Return the model of a fit whose kernels are compiled, and the most memory that it took."""
    tracemalloc.start()
    model = fastsgd.fit(X, y, **options)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return model, peak
