"""Files that commands write."""

from __future__ import annotations

import os
from pathlib import Path


def check(option: str, path: str) -> None:
    """Refuse a file that cannot be written, before anything takes long."""
    file, folder = Path(path), Path(path).parent
    if not folder.is_dir():
        raise FileNotFoundError(f"{option}: there is no folder {str(folder)!r}")
    if file.is_dir():
        raise IsADirectoryError(f"{option}: {path!r} is a folder")
    # Either will do: to write to a file that is there, or to put another one in its place.
    if not (os.access(file, os.W_OK) or os.access(folder, os.W_OK)):
        raise PermissionError(f"{option}: nothing may be written in the folder {str(folder)!r}")
