"""Files that commands write, and the reports beside them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from .report import NOTHING_SAVED, Report


class ReportBesideFile(Report):
    """Text on stdout, which is less than the file that the command writes as well.

    For the file's sake an error of stdout is kept until `end`, and nothing is printed after it;
    an error of the file is raised after all is printed.
    """

    def __init__(self, option: str, content: str, path: str) -> None:
        _check(option, path)
        self._option, self._content, self._path = option, content, path
        self._is_saved = False
        self._error: OSError | UnicodeEncodeError | None = None

    def say(self, text: str) -> None:
        """Print a text at once, unless stdout has failed before."""
        if self._error is not None:
            return
        try:
            super().say(text)
        except (OSError, UnicodeEncodeError) as error:
            self._error = error
        except KeyboardInterrupt:
            raise KeyboardInterrupt(
                f"the {self._where}" if self._is_saved else NOTHING_SAVED
            ) from None

    def interrupted(self, save: Callable[[str], object]) -> KeyboardInterrupt:
        """Save what there is so far; return what to raise in place of `Interrupted`."""
        self._save(save)
        return KeyboardInterrupt(f"the {self._content} so far is in {self._path}")

    def end(self, text: str, save: Callable[[str], object]) -> None:
        """Save, print the last text and where the file is; then raise what went wrong."""
        try:
            self._save(save)
        finally:
            self.say(text)
        self.say(f"\nThe {self._where}")
        # Whoever closes a pipe has read enough.
        if self._error is not None and not isinstance(self._error, BrokenPipeError):
            raise OSError(f"stdout: {self._error}. The {self._where}") from self._error

    @property
    def _where(self) -> str:
        return f"{self._content} is in {self._path}"

    def _save(self, save: Callable[[str], object]) -> None:
        try:
            save(self._path)
        except OSError as error:  # of another kind if the file is a closed pipe, as stdout may be
            raise OSError(f"{self._option}: the {self._content} is not saved: {error}") from error
        except KeyboardInterrupt:  # before it was put in its place, or after
            raise KeyboardInterrupt(
                f"{self._path} is as it was, or holds the {self._content}"
            ) from None
        self._is_saved = True


def _check(option: str, path: str) -> None:
    """Refuse a file that cannot be written, before anything takes long."""
    if not path:
        raise FileNotFoundError(f"{option}: expected the name of a file, got ''")
    given, file = Path(path), Path(os.path.realpath(path))
    try:
        given.lstat()
    except (FileNotFoundError, NotADirectoryError):  # of which the folder is to blame, if anything
        pass
    except OSError as error:  # a name that is too long, or a folder that may not be entered
        raise OSError(f"{option}: {error}") from error
    if given.is_dir():
        raise IsADirectoryError(f"{option}: {path!r} is a folder")
    if os.path.basename(path) in ("", os.curdir):  # which `Path` would take for the name of a file
        raise FileNotFoundError(f"{option}: there is no folder {path!r}")
    if file.is_symlink():
        raise OSError(f"{option}: {path!r} is a link that leads back to itself")
    if given.exists() and not os.access(given, os.W_OK):
        raise PermissionError(f"{option}: {path!r} may not be written")
    if given.exists() and not given.is_file():  # a device or a pipe, which is not replaced
        return
    folder = file.parent  # where a link leads, as that is where the file is replaced
    if not folder.is_dir():
        raise FileNotFoundError(f"{option}: there is no folder {str(folder)!r}")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise PermissionError(f"{option}: nothing may be written in the folder {str(folder)!r}")
