"""`python -m bench`: measure, print the table, write JSON and the picture."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from .command import end_with, parsed, part_of_a_name
from .contestants import CONTESTANTS
from .picture import draw
from .report import report
from .results import Results


def main() -> int:
    """Run it all; return what pytest returned."""
    parser = _parser()
    options = parsed(parser, "benchmark")
    missing = [name for name in options.require if _version(parser, name) is None]
    if missing:
        parser.error(f"--require: absent here: {', '.join(missing)}")
    options.json.unlink(missing_ok=True)
    # None of the options of the tests: measurements are made one by one.
    arguments = [str(Path(__file__).parent), "-o", "addopts=-q", f"--benchmark-json={options.json}"]
    if options.quick:
        arguments.append("--quick")
    if options.workloads:
        arguments += ["--workloads", *options.workloads]
    code = pytest.main(arguments)
    if options.json.exists() and options.json.stat().st_size:
        results = Results(options.json)
        if code:
            print("\nNot all went well, see above: what was not measured is missing below, or `-`.")
        print(f"\n{report(results)}\n\nwrote {options.json}")
        if results.turns:
            draw(results, options.svg)
            print(f"wrote {options.svg}")
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="only see that everything works, in two minutes"
    )
    parser.add_argument(
        "--require",
        type=lambda names: names.split(","),
        default=[],
        metavar="PEER,...",
        help=f"fail if one of these is absent: {', '.join(CONTESTANTS)}",
    )
    parser.add_argument(
        "--workloads",
        nargs="+",
        type=part_of_a_name,
        default=[],
        metavar="WORD",
        help="only those named so, in part",
    )
    return parser


def _version(parser: argparse.ArgumentParser, name: str) -> str | None:
    if name not in CONTESTANTS:
        parser.error(f"--require: {name!r} is none of {', '.join(CONTESTANTS)}")
    return CONTESTANTS[name].version()


if __name__ == "__main__":
    end_with(main)
