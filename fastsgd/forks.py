"""Processes that are forked while numba compiles on another thread.

A child has but the thread that forked it: where another one held numba's lock, nothing would ever
be compiled there. So forks wait for that lock.
"""

from __future__ import annotations

import _thread
import os
import signal
import threading
import time

from numba.core.compiler_lock import global_compiler_lock

_pressed = False


def _wait() -> None:
    """Take the lock; note Ctrl-C, as what is raised before a fork is dropped."""
    global _pressed
    raised = None
    while True:
        try:
            global_compiler_lock.acquire()
        except KeyboardInterrupt:
            _pressed = True
        except BaseException as error:  # of the handler of another signal
            raised = error
        else:
            break
    if raised is not None:  # Python prints it, and that it is dropped; the fork goes on
        raise raised


def _go_on() -> None:
    """Give the lock back; pass Ctrl-C on after the fork, as it would be dropped here as well."""
    global _pressed
    global_compiler_lock.release()
    if _pressed:
        _pressed = False
        _thread.start_new_thread(_press_again, ())


def _press_again() -> None:
    time.sleep(0.01)
    main = threading.main_thread().ident
    assert main is not None
    signal.pthread_kill(main, signal.SIGINT)  # which wakes a thread that waits for something


def _begin() -> None:
    """Give the lock back in the child, at which nobody has pressed Ctrl-C."""
    global _pressed
    global_compiler_lock.release()
    _pressed = False


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_wait, after_in_parent=_go_on, after_in_child=_begin)
