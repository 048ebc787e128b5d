"""When garbage is not collected."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def kept() -> Iterator[None]:
    """Collect no garbage: many objects that are made at once, and stay, set that off in vain."""
    was_enabled = gc.isenabled()
    try:  # from here on, as the handler of a signal may raise anywhere
        gc.disable()
        yield
    finally:
        if was_enabled:
            gc.enable()
