"""The stdout of the process: there may be none, it may be closed, or no file of the system's."""

from __future__ import annotations

import os
import sys
from contextlib import suppress


def flush() -> None:
    """Write all that was printed, now, while an error can be told."""
    print(end="", flush=True)  # which does without a stdout, where there is none


def discard() -> None:
    """Let what stdout does not take, nor ever will, go nowhere."""
    # Only for a file of the system's does the process try again at its end.
    with suppress(AttributeError, OSError, ValueError):
        place = sys.stdout.fileno()
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, place)
        os.close(nowhere)
