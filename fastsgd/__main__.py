"""The command line: ``python -m fastsgd``, or ``fastsgd``."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from .cli import explain, fit_file, program, stdout
from .cli.report import NOTHING_SAVED
from .errors import DivergenceError, DivergenceWarning, Interrupted
from .version import __version__

DIVERGED, REFUSED, INTERRUPTED = 1, 2, 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; return the status with which the process ends.

    Parameters
    ----------
    argv : sequence of str, optional
        The arguments; those of the process by default.

    Returns
    -------
    int
        0, or 1 if the fit diverged, 2 if what was asked for cannot be done, 130 after Ctrl-C.
    """
    try:
        _run(list(sys.argv[1:] if argv is None else argv))
        stdout.flush()  # at the end of the process an error of it could not be told
    except DivergenceError as error:
        return _end(f"the fit diverged; {NOTHING_SAVED}: {error}", DIVERGED)
    except DivergenceWarning as error:
        return _end(f"{NOTHING_SAVED}: {error}", DIVERGED)
    except BrokenPipeError:  # whoever read what is printed has read enough
        stdout.discard()
        return 0
    except (ValueError, TypeError, OSError, ImportError, MemoryError) as error:
        return _end(f"error: {error}", REFUSED)
    except Interrupted:
        return _end(f"interrupted; {NOTHING_SAVED}", INTERRUPTED)
    except KeyboardInterrupt as error:
        return _end(f"interrupted; {str(error) or NOTHING_SAVED}", INTERRUPTED)
    return 0


def _run(arguments: list[str]) -> None:
    if not arguments or arguments[0].startswith("-"):
        program.run(**_options(_program_parser(), arguments))
    elif arguments[0] == "explain":
        explain.run(**_options(_explain_parser(), arguments[1:]))
    elif arguments[0] == "fit":
        fit_file.run(**_options(_fit_parser(), arguments[1:]))
    else:
        raise ValueError(
            f"there is no command {arguments[0]!r}; expected 'explain', 'fit', or options alone"
        )


def _options(parser: argparse.ArgumentParser, arguments: list[str]) -> dict[str, Any]:
    try:
        options = vars(parser.parse_args(arguments))
    except SystemExit as end:
        if not end.code:  # after --help or --version, of which an error is told as of all reports
            stdout.flush()
        raise
    for name, given in options.items():
        if given == []:  # what Python 3.11 makes of "--name=--"
            raise ValueError(f"--{name.replace('_', '-')}: expected something, got '--'")
    return options


def _end(message: str, status: int) -> int:
    try:
        stdout.flush()
    except (OSError, ValueError):  # of which the latter says that it is closed
        stdout.discard()
    # Where it is closed or full, the status says it alone: `print` would take stdout for None.
    if sys.stderr is not None:
        with suppress(OSError):
            print(f"fastsgd: {message}", file=sys.stderr)
    return status


def _parser(prog: str, description: str, epilog: str | None = None) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=prog, description=description, epilog=epilog)
    parser.add_argument("--version", action="version", version=f"fastsgd {__version__}")
    # Python 3.14 has it but for infinity; before, -1e-3 is taken for an option as -inf is, and
    # nothing public helps.
    parser._negative_number_matcher = re.compile(r"-(\.?\d|inf|nan)", re.IGNORECASE)
    return parser


def _program_parser() -> argparse.ArgumentParser:
    parser = _parser(
        "fastsgd",
        "Linear regression from scratch: make data whose w and b are known, and learn "
        "them by mini-batch stochastic gradient descent.",
        "Other commands: 'fastsgd explain' says why the gradient of ten rows is one value, "
        "and 'fastsgd fit' fits the data in a file. Each has a --help of its own.",
    )
    parser.add_argument("--n", type=int, default=1000, help="rows (%(default)s)")
    parser.add_argument(
        "--w",
        type=float,
        nargs="+",
        default=program.TRUE_W,
        help=f"true weights, one a feature ({' '.join(map(str, program.TRUE_W))})",
    )
    parser.add_argument(
        "--b", type=float, default=program.TRUE_B, help="true intercept (%(default)s)"
    )
    parser.add_argument(
        "--noise",
        type=float,
        default=program.NOISE,
        help="standard deviation of what is added to the labels (%(default)s)",
    )
    _add_settings(parser)
    parser.add_argument(
        "--dtype", choices=("float32", "float64"), default="float32", help="(%(default)s)"
    )
    parser.add_argument(
        "--plot", metavar="FILE.svg", help="draw the data, the learned line and the losses"
    )
    return parser


def _explain_parser() -> argparse.ArgumentParser:
    parser = _parser(
        "fastsgd explain",
        "Why is param.grad one value for ten rows, and why is it divided by "
        "batch_size? The gradients of ten rows, and what becomes of them.",
    )
    parser.add_argument(
        "--lang", choices=tuple(explain.LANGUAGES), default="en", help="(%(default)s)"
    )
    return parser


def _fit_parser() -> argparse.ArgumentParser:
    parser = _parser(
        "fastsgd fit",
        "Fit a linear model to the numbers in a file by least squares, in mini-batch stochastic "
        "gradient descent. Classes, other losses and penalties are for fastsgd.fit in Python.",
    )
    parser.add_argument(
        "data",
        metavar="DATA",
        help="a .csv file, with or without a header; a .npy file with a table; or a .npz file "
        "with a table and an array of targets",
    )
    parser.add_argument(
        "--target",
        required=True,
        metavar="COLUMN",
        help="the name of a column, or its number: the first is 0, the last -1; for a .npz file, "
        "the name of the array of targets",
    )
    _add_settings(parser)
    parser.add_argument(
        "--dtype", choices=("float32", "float64"), help="(as the data; float64 for .csv)"
    )
    parser.add_argument("--out", metavar="MODEL.npz", help="save the model, for fastsgd.load")
    return parser


def _add_settings(parser: argparse.ArgumentParser) -> None:
    """Add the options of every fit; fastsgd.fit itself checks what is given."""
    parser.add_argument(
        "--batch-size", type=int, default=10, metavar="N", help="rows in a mini-batch (%(default)s)"
    )
    parser.add_argument("--lr", type=float, default=0.03, help="learning rate (%(default)s)")
    parser.add_argument(
        "--epochs",
        type=int,
        default=3,
        metavar="N",
        help="how often all rows are visited (%(default)s)",
    )
    parser.add_argument(
        "--seed", type=int, default=0, help="decides all that is random (%(default)s)"
    )


if __name__ == "__main__":
    sys.exit(main())
