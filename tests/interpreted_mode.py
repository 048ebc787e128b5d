"""With and without compilation."""

from __future__ import annotations

import pytest
from numba import config

needs_jit = pytest.mark.skipif(
    bool(config.DISABLE_JIT), reason="nothing is compiled without the JIT"
)
