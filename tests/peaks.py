"""The memory that fits take."""

from __future__ import annotations

import tracemalloc

import fastsgd


def peak_of(work):
    """Return what a function returns, and the most memory that it took."""
    tracemalloc.start()
    done = work()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return done, peak


def fit_and_peak(X, y, **options):
    """Return the model of a fit whose kernels are compiled, and the most memory that it took."""
    return peak_of(lambda: fastsgd.fit(X, y, **options))
