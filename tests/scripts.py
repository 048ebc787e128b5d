"""Scripts and tests that run in processes of their own."""

from __future__ import annotations

import os
import re
import subprocess
import sys


def output_of(script, *arguments, cwd=None, timeout=None, **variables):
    """Run Python code with these arguments and environment variables; return what it prints."""
    return subprocess.check_output(
        [sys.executable, "-c", script, *map(str, arguments)],
        text=True,
        cwd=cwd,
        timeout=timeout,
        env=_environment(variables),
    )


def number_passed(*selection, **variables) -> int:
    """Return how many of the tests that pytest selects passed; fail if one did not."""
    options = ["-n0", "-p", "no:cacheprovider"]
    result = subprocess.run(
        [sys.executable, "-m", "pytest", *map(str, selection), *options],
        env=_environment(variables),
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout
    match = re.search(r"(\d+) passed", result.stdout)
    assert match, result.stdout
    return int(match[1])


def _environment(variables):
    return os.environ | {name: str(value) for name, value in variables.items()}
