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


# Once enabled, the collector would look through all that was made: 1.5 of the 30 ms of an import.
@contextmanager
def made_to_stay() -> Iterator[None]:
    """Collect no garbage, and count what is made meanwhile among what was there long before."""
    with kept():
        yield
        if gc.get_freeze_count() == 0:  # what somebody froze stays frozen
            gc.freeze()
            gc.unfreeze()
