"""What will not do is refused at once, with what would do."""

from __future__ import annotations

import os
import subprocess
import sys
from argparse import ArgumentParser, ArgumentTypeError
from pathlib import Path

import pytest

from .command import at_least, drawable, end_with, parsed, part_of_a_name, print_tables, writable
from .report import QUICK


def test_a_file_is_written_into_a_folder_that_there_is(tmp_path: Path) -> None:
    assert writable(str(tmp_path / "new.json")) == tmp_path / "new.json"
    assert writable("new.json") == Path("new.json")
    with pytest.raises(ArgumentTypeError, match=r"new.json': there is no folder .*nowhere; make"):
        writable(str(tmp_path / "nowhere" / "new.json"))
    with pytest.raises(ArgumentTypeError, match="is a folder; give a file in it"):
        writable(str(tmp_path))
    with pytest.raises(ArgumentTypeError, match="'' is a folder"):
        writable("")


@pytest.mark.parametrize("name", ["table.txt", "table"])
def test_a_picture_is_in_a_format_that_there_is(name: str) -> None:
    assert drawable("new.svg") == Path("new.svg")
    assert drawable("new.PNG") == Path("new.PNG")
    with pytest.raises(ArgumentTypeError, match=rf"'{name}' does not end in \.svg, or .*\.png"):
        drawable(name)


def test_a_picture_does_not_overwrite_what_was_measured(capsys, monkeypatch) -> None:
    monkeypatch.setattr(sys, "argv", ["bench", "--json", "./some.svg", "--svg", "some.svg"])
    with pytest.raises(SystemExit):
        parsed(ArgumentParser(), "benchmark")
    assert "--json and --svg are the same file, some.svg; give two" in capsys.readouterr().err


def test_a_number_is_not_too_small() -> None:
    assert at_least(2)("2") == 2
    with pytest.raises(ArgumentTypeError, match="1 is too few: at least 2"):
        at_least(2)("1")


def test_what_is_no_number_is_called_so(capsys) -> None:
    parser = ArgumentParser()
    parser.add_argument("--turns", type=at_least(2))
    with pytest.raises(SystemExit):
        parser.parse_args(["--turns", "x"])
    assert "argument --turns: invalid integer value: 'x'" in capsys.readouterr().err


def test_a_workload_is_named_in_part() -> None:
    assert part_of_a_name("original") == "original"
    with pytest.raises(ArgumentTypeError, match="no workload has 'nosuch' in its name: there are"):
        part_of_a_name("nosuch")


@pytest.mark.parametrize(("options", "note"), [(["--quick"], f"{QUICK}\n\n"), ([], "")])
def test_a_quick_run_says_that_its_numbers_mean_nothing(capsys, monkeypatch, options, note) -> None:
    monkeypatch.setattr(sys, "argv", ["bench.some", *options])
    assert print_tables("bench.some", "", lambda quick: iter([f"| {quick} |"])) == 0
    assert capsys.readouterr().out == f"{note}| {bool(options)} |\n"


def test_what_is_not_installed_is_named() -> None:
    code = "import sys; sys.modules.update(scipy=None, matplotlib=None); import bench"
    root = Path(__file__).parent.parent
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr == (
        "bench needs matplotlib, scipy, not installed here: pip install '.[bench]'\n"
    )


@pytest.mark.parametrize("is_known_late", [False, True])
def test_who_has_read_enough_sees_no_traceback(is_known_late) -> None:
    # What is printed last may be found to be unread at the end of the process alone.
    flush = "" if is_known_late else ", flush=True"
    code = f"from bench.command import end_with; end_with(lambda: print('x' * 10{flush}) or 0)"
    root = Path(__file__).parent.parent
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, stdout=write, stderr=subprocess.PIPE, text=True
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (1, "")


@pytest.mark.parametrize("status", [0, 1])
def test_a_command_ends_with_the_status_that_it_returns(status) -> None:
    with pytest.raises(SystemExit) as ended:
        end_with(lambda: status)
    assert ended.value.code == status
