"""Ctrl-C while an epoch runs: never lost, and answered where nothing is half done."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_pressed = False


def answer() -> None:
    """Raise KeyboardInterrupt if Ctrl-C was pressed while it was held back."""
    global _pressed
    if _pressed and threading.current_thread() is threading.main_thread():
        _pressed = False
        raise KeyboardInterrupt


def _note(*_: Any) -> None:
    global _pressed
    _pressed = True


def _replace(former: Any, handler: Any) -> bool:
    """Handle Ctrl-C by `handler` where `former` has done so; return whether that was so."""
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or signal.getsignal(signal.SIGINT) is not former:
        return False
    signal.signal(signal.SIGINT, handler)
    return True


@contextmanager
def held() -> Iterator[None]:
    """Hold Ctrl-C back until `answer` is called, or until the end.

    Python raises KeyboardInterrupt wherever it happens to be, and forgets it if that is a
    finalizer that runs while garbage is collected: such a fit would not stop. A handler of the
    user's own is left alone, and so are threads beside the main one, which get no signals.
    """
    global _pressed
    if not _replace(signal.default_int_handler, _note):
        yield
        return
    _pressed = False
    try:
        yield
    finally:
        _replace(_note, signal.default_int_handler)
    answer()


@contextmanager
def released() -> Iterator[None]:
    """Within `held`, let Ctrl-C through at once: for code of the user's."""
    if not _replace(_note, signal.default_int_handler):
        yield
        return
    try:
        answer()
        yield
    finally:
        _replace(signal.default_int_handler, _note)
