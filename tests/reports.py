"""What commands print, read."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from fastsgd.__main__ import main

NUMBER = r"[-+]?\d+\.\d+(?:e[-+]\d+)?"


def printed(capsys, *arguments):
    """Run a command that succeeds; return what it printed."""
    assert main(list(arguments)) == 0
    return capsys.readouterr().out


def refused(capsys, *arguments):
    """Run a command that is refused before it prints anything; return its line on stderr."""
    message, report = failed(capsys, *arguments, status=2)
    assert report == ""
    return message


def failed(capsys, *arguments, status):
    """Run a command that does not succeed; return its line on stderr, and what it printed."""
    assert main(list(arguments)) == status
    shown = capsys.readouterr()
    assert shown.err.startswith("fastsgd: ")
    assert shown.err.count("\n") == 1
    return shown.err, shown.out


def process(*arguments, stdout, **environment):
    """Run a command in a process of its own; return its status and what it says on stderr."""
    done = subprocess.run(
        [sys.executable, "-m", "fastsgd", *arguments],
        stdout=stdout,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        # Whether output is buffered decides when an error of stdout is met.
        env=os.environ | {"PYTHONUNBUFFERED": ""} | environment,
    )
    return done.returncode, done.stderr


needs_full_device = pytest.mark.skipif(
    not os.path.exists("/dev/full"), reason="there is no device that is always full"
)

needs_small_pipes = pytest.mark.skipif(
    sys.platform != "linux", reason="the size of a pipe is set in Linux alone"
)

needs_to_be_no_root = pytest.mark.skipif(
    getattr(os, "geteuid", int)() == 0, reason="root may write everywhere, or this is no POSIX"
)


def shrink(pipe):
    """Let a pipe hold as little as it can; return how many bytes that is."""
    import fcntl

    return fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, 1)


def losses_in(report):
    """Return the losses by epoch."""
    lines = re.findall(rf"^ *(\d+)  +({NUMBER})$", report, re.MULTILINE)
    assert [int(epoch) for epoch, _ in lines] == list(range(1, len(lines) + 1))
    return [float(loss) for _, loss in lines]


def numbers_in(report, label):
    """Return the numbers in the line that begins with a label."""
    (line,) = (line for line in report.splitlines() if line.startswith(label))
    return [float(number) for number in re.findall(NUMBER, line[len(label) :])]


def without_times(report):
    return re.sub(r"(fit|compilation) +[\d.]+ m?s", "", report)
