"""What is a cliff, and what sizes there are."""

from __future__ import annotations

import pytest

from .limits import LIMITS
from .sizes import VALUES, Size, cliff, largest_cliff, row, sizes


def costs(fastsgd: float, limits: float = 1.0) -> dict[str, float]:
    return {"fastsgd": fastsgd, **dict.fromkeys(LIMITS, limits)}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (costs(1), costs(3), 3),
        (costs(3), costs(1), 3),  # the smaller size is the slow one
        (costs(1), costs(3, 2), 1.5),  # the limits show a part of it
        (costs(3, 2), costs(1, 1), 1.5),
        (costs(1, 2), costs(3, 1), 3),  # that they fall is no reason to rise
    ],
)
def test_a_cliff_is_what_the_limits_do_not_show(before, after, expected) -> None:
    assert cliff(before, after) == pytest.approx(expected)


def test_a_step_from_one_number_of_features_to_another_is_none() -> None:
    found = {Size(100, 1): costs(1), Size(200, 1): costs(2), Size(100, 9): costs(90)}
    assert "from 100 to 200 rows of 1," in largest_cliff(found)


def test_sizes_reach_from_a_thousand_values_to_a_hundred_million() -> None:
    found = sizes(VALUES[-1])
    assert found[0] == Size(1000, 1)
    assert found[-1] == Size(10_000, 10_000)


def test_long_times_are_written_out() -> None:
    line = row(Size(100, 10), costs(12_345e-9, 1e-9))
    assert line.startswith("| 100x10 | 12,345 | 1.00 |")
    assert line.endswith("| - | 1,234 |")
