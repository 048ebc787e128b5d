"""With and without compilation.

Tests that would compile too many kernels run without it, in a process of their own.
"""

from __future__ import annotations

import pytest
from numba import config
from scripts import number_passed

needs_jit = pytest.mark.skipif(
    bool(config.DISABLE_JIT), reason="nothing is compiled without the JIT"
)


def passed(file: str, selection: str) -> int:
    """Return how many tests of a file passed in interpreted mode, those that `-k` selects.

    Fails if one of them does not.
    """
    return number_passed(file, selection, NUMBA_DISABLE_JIT=1)
