"""With and without compilation.

Tests that would compile too many kernels run without it, in a process of their own.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest
from numba import config

needs_jit = pytest.mark.skipif(
    bool(config.DISABLE_JIT), reason="nothing is compiled without the JIT"
)


def passed(file: str, selection: str) -> int:
    """Return how many tests of a file passed in interpreted mode, those that `-k` selects.

    Fails if one of them does not.
    """
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1"}
    options = ["-k", selection, "-n0", "-p", "no:cacheprovider"]
    command = [sys.executable, "-m", "pytest", file, *options]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout
    match = re.search(r"(\d+) passed", result.stdout)
    assert match, result.stdout
    return int(match[1])
