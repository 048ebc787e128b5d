"""The sources of the package, from which all machine code is made."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from functools import cache

PACKAGE = os.path.dirname(os.path.dirname(__file__))


def _paths() -> Iterator[str]:
    """Yield the paths of all sources, those too in packages that links lead to."""
    # Not by `os.walk`, or patterns of pathlib, which take longer than all else that is done here.
    left, known = [PACKAGE], set()
    while left:
        folder = left.pop()
        place = os.path.realpath(folder)
        if place in known:  # by a link that leads back
            continue
        known.add(place)
        with suppress(OSError), os.scandir(folder) as entries:  # of an archive there are none
            for entry in entries:
                if entry.name.endswith(".py"):
                    yield entry.path
                elif os.path.exists(os.path.join(entry.path, "__init__.py")):
                    left.append(entry.path)


def _stamps() -> dict[str, tuple[int, ...]]:
    """Return of each source what changes when somebody writes to it."""
    stamps: dict[str, tuple[int, ...]] = {}
    for path in _paths():
        with suppress(OSError):  # of a link to nothing, as editors make for locks
            now = os.stat(path)
            if stat.S_ISREG(now.st_mode):
                stamps[path] = now.st_mtime_ns, now.st_ctime_ns, now.st_size, now.st_ino
    return stamps


def hash_of_all() -> str | None:
    """Return a hash of what the sources say now, or None where nobody can tell.

    That is where they are no files of their own, or cannot be read: Python may have compiled them
    when they could.
    """
    texts = []
    for path in sorted(_stamps()):
        try:
            with open(path, "rb") as source:
                texts.append(source.read())
        except OSError:
            return None
    return hashlib.sha256(b"\0".join(texts)).hexdigest() if texts else None


IMPORTED = _stamps()


# To read them takes 2 of the 30 ms of an import, and the first fit has the time.
@cache
def hash_of_imported() -> str | None:
    """Return a hash of the sources that were imported, or None where nobody can tell them."""
    found = hash_of_all()
    return found if _stamps() == IMPORTED else None
