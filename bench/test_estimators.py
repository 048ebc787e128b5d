"""What the estimators are timed as can be read."""

from __future__ import annotations

import numpy as np

from .estimators import line_of_times


def test_a_ratio_is_within_a_pass_and_large_times_are_written_out() -> None:
    taken = np.array([[2.5, 0.5], [2.7, 0.1], [9.0, 0.045]])
    assert line_of_times("some", taken) == "| some | 2,700 | 27.0 |"
