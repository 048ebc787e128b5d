"""Machine code on disk, each piece in a file that is named by all that decides it.

Numba numbers such files, and an index tells which is whose. It writes both one after the other: of
two processes that compile at once, or where one is killed in between, the index may name the code
of another loss, which runs in silence from then on. Here there is no index.
"""

from __future__ import annotations

import hashlib
import pickle
from contextlib import suppress
from glob import escape
from pathlib import Path
from time import time
from typing import Any
from uuid import uuid4

from numba.core.serialize import dumps

# Bytes of a hash of the name and of what follows them: a file that is damaged, not whole, or
# another one's, is none.
CHECK = hashlib.sha256().digest_size

# Seconds after which nobody writes to a file any more.
LONG_AGO = 3600


class Files:
    """The files of the machine code of one kernel."""

    def __init__(self, folder: str, kernel: str, version: Any) -> None:
        self._folder, self._version = Path(folder), version
        # By the version of the sources, so that those of others can be told and removed. In these
        # the kernel may stand on another line, of which numba puts the number in its name.
        self._prefix = f"{kernel}.{_hash(version)[:8]}"
        name, _, rest = kernel.rpartition("-")
        self._versions = f"{escape(name)}-*.{escape(rest.partition('.')[2])}.*"

    def load(self, key: Any) -> Any:
        """Return the machine code of that key, or None."""
        path = self._path(key)
        try:
            content = path.read_bytes()
            check, data = content[:CHECK], content[CHECK:]
            return pickle.loads(data) if check == _check(path, data) else None
        # Not there, or of something of the user's that is no longer where it was.
        except (OSError, ImportError, AttributeError):
            return None

    def save(self, key: Any, code: Any) -> None:
        """Keep the machine code of a key, where that can be written."""
        data, path = dumps(code), self._path(key)
        unfinished = path.with_name(f"{path.name}.{uuid4().hex}")
        try:
            unfinished.write_bytes(_check(path, data) + data)
            unfinished.replace(path)
        except OSError:  # a disk that is full, or a folder of somebody else's
            with suppress(OSError):
                unfinished.unlink()
        self._remove_others()

    def _path(self, key: Any) -> Path:
        return self._folder / f"{self._prefix}.{_hash((self._version, key))[:32]}.nbc"

    def _remove_others(self) -> None:
        """Remove machine code of other versions of the sources, and what was never finished."""
        for file in self._folder.glob(self._versions):
            with suppress(OSError):
                is_left = file.suffix != ".nbc" and time() - file.stat().st_mtime > LONG_AGO
                if is_left or not file.name.startswith(f"{self._prefix}."):
                    file.unlink()


def _check(path: Path, data: bytes) -> bytes:
    return hashlib.sha256(path.name.encode() + data).digest()


def _hash(thing: Any) -> str:
    return hashlib.sha256(repr(thing).encode()).hexdigest()
