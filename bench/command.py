"""What the commands share: arguments that are refused before anything is measured, and tables."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable, Iterator
from pathlib import Path

from .workloads import WORKLOADS, chosen


def print_tables(module: str, description: str, tables: Callable[[bool], Iterator[str]]) -> int:
    """Run a command whose only option is --quick: print its tables, each line when it is made."""
    parser = ArgumentParser(prog=f"python -m {module}", description=description)
    parser.add_argument("--quick", action="store_true", help="only see that everything works")
    for line in tables(parser.parse_args().quick):
        print(line, flush=True)
    return 0


def writable(text: str) -> Path:
    """Return the path of a file, in a folder that there is."""
    path = Path(text)
    if not path.parent.is_dir():
        raise ArgumentTypeError(f"{text!r}: there is no folder {path.parent}; make it first")
    if path.is_dir():
        raise ArgumentTypeError(f"{text!r} is a folder; give a file in it")
    return path


def at_least(least: int) -> Callable[[str], int]:
    """Return what reads a number that is not smaller."""

    # argparse names it where text is none: "invalid integer value".
    def integer(text: str) -> int:
        if int(text) < least:
            raise ArgumentTypeError(f"{text} is too few: at least {least}")
        return int(text)

    return integer


def part_of_a_name(word: str) -> str:
    """Return a word that is in the name of a workload."""
    if not chosen([word]):
        names = ", ".join(map(repr, WORKLOADS))
        raise ArgumentTypeError(f"no workload has {word!r} in its name: there are {names}")
    return word
