"""Arguments of the commands, which are refused before anything is measured and not after it."""

from __future__ import annotations

from argparse import ArgumentTypeError
from collections.abc import Callable
from pathlib import Path

from .workloads import WORKLOADS, chosen


def writable(text: str) -> Path:
    """Return the path of a file, in a folder that there is."""
    path = Path(text)
    if not path.parent.is_dir():
        raise ArgumentTypeError(f"{text}: there is no folder {path.parent}; make it first")
    if path.is_dir():
        raise ArgumentTypeError(f"{text} is a folder; give a file in it")
    return path


def at_least(least: int) -> Callable[[str], int]:
    """Return what reads a number that is not smaller."""

    def number(text: str) -> int:
        if int(text) < least:
            raise ArgumentTypeError(f"{text} is too few: at least {least}")
        return int(text)

    return number


def part_of_a_name(word: str) -> str:
    """Return a word that is in the name of a workload."""
    if not chosen([word]):
        names = ", ".join(map(repr, WORKLOADS))
        raise ArgumentTypeError(f"no workload has {word!r} in its name: there are {names}")
    return word
