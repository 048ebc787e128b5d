"""Scripts that run in processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys


def output_of(script, *arguments, cwd=None, timeout=None, **environment):
    """Run Python code with these arguments and variables; return what it prints."""
    return subprocess.check_output(
        [sys.executable, "-c", script, *map(str, arguments)],
        text=True,
        cwd=cwd,
        timeout=timeout,
        env=os.environ | {name: str(value) for name, value in environment.items()},
    )
