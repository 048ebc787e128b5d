"""Ctrl-C while an epoch runs: never lost, and answered where nothing is half done."""

from __future__ import annotations

import os
import re
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_pressed = False
_holder = 0  # the thread that holds Ctrl-C back, or did so last


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
    if not _is_handled_by(former):
        return False
    signal.signal(signal.SIGINT, handler)
    return True


def _is_handled_by(handler: Any) -> bool:
    """Tell whether Ctrl-C is handled so, and this is the thread that may change it."""
    is_main = threading.current_thread() is threading.main_thread()
    return is_main and signal.getsignal(signal.SIGINT) is handler


@contextmanager
def held() -> Iterator[None]:
    """Hold Ctrl-C back until `answer` is called, or until the end.

    Python raises KeyboardInterrupt wherever it happens to be, and forgets it if that is a
    finalizer that runs while garbage is collected: such a fit would not stop. A handler of the
    user's own is left alone, and so are threads beside the main one, which get no signals.
    """
    global _pressed, _holder
    if not _is_handled_by(signal.default_int_handler):
        yield
        return
    # Before the handler is there, as Ctrl-C may be pressed as soon as it is.
    _pressed, _holder = False, threading.get_ident()
    try:
        _replace(signal.default_int_handler, _note)
        yield
    finally:
        try:
            _replace(_note, signal.default_int_handler)
        finally:  # once more, as the handler of another signal may raise before that is done
            _replace(_note, signal.default_int_handler)
            answer()  # after another error as well: a later fit would be interrupted


def _let_through() -> None:
    """Let Ctrl-C through in a process that was forked by a thread beside the one that holds it."""
    global _pressed
    if threading.get_ident() != _holder and signal.getsignal(signal.SIGINT) is _note:
        _pressed = False
        signal.signal(signal.SIGINT, signal.default_int_handler)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_let_through)


class released:
    """Within `held`, let Ctrl-C through at once: for code of the user's.

    No generator, as one that Ctrl-C leaves half way would hold Ctrl-C back when it is collected.
    """

    def __enter__(self) -> None:
        self.was_held = _replace(_note, signal.default_int_handler)
        if self.was_held:
            try:
                answer()
            except KeyboardInterrupt:
                self.__exit__()
                raise

    def __exit__(self, *_: object) -> None:
        if self.was_held:
            _replace(signal.default_int_handler, _note)


def _is_own_command() -> bool:
    """Tell whether Python was called to run this package."""
    program = Path(*sys.argv[:1]).stem
    # Python's documentation says that this stands there while the module of `-m` is looked for.
    if program == "-m":
        (program, *_) = *sys.orig_argv[-len(sys.argv) :], ""  # the module, or "-m" and it in one
    return re.fullmatch(r"(-\w*m)?fastsgd(\.__main__)?", program) is not None


@contextmanager
def ending_the_command() -> Iterator[None]:
    """Let Ctrl-C end the process in silence, where the package is imported by its own command.

    That has nothing to lose yet, and no code of its own runs before the package is imported, which
    could catch a KeyboardInterrupt.
    """
    if not (_is_own_command() and _replace(signal.default_int_handler, signal.SIG_DFL)):
        yield
        return
    try:
        yield
    finally:
        _replace(signal.SIG_DFL, signal.default_int_handler)
