"""What the commands share: arguments that are refused before anything is measured, and tables."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

from matplotlib.figure import Figure

from fastsgd.cli import stdout

from .report import QUICK
from .workloads import WORKLOADS, chosen


def end_with(main: Callable[[], int]) -> NoReturn:
    """Run a command, and end the process with the status that it returns."""
    try:
        status = main()
        stdout.flush()  # at the end of the process an error of it could not be caught
    except BrokenPipeError:  # whoever read what is printed has read enough
        stdout.discard()
        status = 1  # as not all was measured
    sys.exit(status)


def print_tables(module: str, description: str, tables: Callable[[bool], Iterator[str]]) -> int:
    """Run a command whose only option is --quick: print its tables, each line when it is made."""
    parser = ArgumentParser(prog=f"python -m {module}", description=description)
    parser.add_argument("--quick", action="store_true", help="only see that everything works")
    is_quick = parser.parse_args().quick
    if is_quick:
        print(f"{QUICK}\n")
    for line in tables(is_quick):
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


def drawable(text: str) -> Path:
    """Return the path of a picture, in a format that matplotlib knows by the end of its name."""
    path, formats = writable(text), Figure().canvas.get_supported_filetypes()
    if path.suffix.lower().removeprefix(".") not in formats:
        raise ArgumentTypeError(f"{text!r} does not end in .svg, or .{', .'.join(formats)}")
    return path


def parsed(parser: ArgumentParser, stem: str) -> Namespace:
    """Return the options of a command that writes what it measured, and a picture of it."""
    parser.add_argument("--json", type=writable, default=f"{stem}.json", metavar="FILE")
    parser.add_argument("--svg", type=drawable, default=f"{stem}.svg", metavar="FILE")
    options = parser.parse_args()
    if options.json.resolve() == options.svg.resolve():
        parser.error(f"--json and --svg are the same file, {options.json}; give two")
    return options


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
