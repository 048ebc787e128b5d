"""The command line: the program, what it prints and what it refuses, and `explain`."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys

import numpy as np
import pytest
from reports import (
    failed,
    losses_in,
    needs_full_device,
    needs_small_pipes,
    numbers_in,
    printed,
    process,
    refused,
    shrink,
    without_times,
)

import fastsgd
from fastsgd.__main__ import main
from fastsgd.cli import explain, program
from fastsgd.cli.autograd import param_grad
from fastsgd.cli.report import fit_aloud
from fastsgd.cli.table import table

PROGRAM = ["--dtype", "float64"]


def test_program_prints_a_loss_that_falls_after_each_epoch(capsys):
    losses = losses_in(printed(capsys, *PROGRAM))
    assert len(losses) == 3
    assert losses[0] > losses[1] > losses[2] > 0


def test_program_learns_what_least_squares_finds(capsys):
    report = printed(capsys, *PROGRAM, "--seed", "3")
    rng = np.random.default_rng(3)
    X, y = program.synthetic_data(
        rng, 1000, program.TRUE_W, program.TRUE_B, program.NOISE, "float64"
    )
    design = np.column_stack([X, np.ones(len(y))])
    best = np.linalg.lstsq(design, y, rcond=None)[0]
    learned = [numbers_in(report, label)[1] for label in ("w[0]", "w[1]", "b ")]
    assert learned == pytest.approx(best, abs=0.002)
    # The seed decides the fit as it does the data, and each loss is that of all the rows.
    model = fastsgd.fit(X, y, seed=rng, epoch_loss="full")
    assert losses_in(report) == pytest.approx(model.history.data_loss, abs=1e-8)
    assert losses_in(report)[-1] == pytest.approx(model.evaluate(X, y), abs=1e-8)


def test_program_prints_true_and_learned_parameters_with_their_errors(capsys):
    report = printed(capsys, *PROGRAM)
    for label, true in (("w[0]", 2.0), ("w[1]", -3.4), ("b ", 4.2)):
        shown, learned, error = numbers_in(report, label)
        assert shown == true
        # Errors have three digits, learned parameters six decimals.
        assert learned - true == pytest.approx(error, rel=5e-3, abs=1e-6)


def test_program_prints_the_times_of_fit_and_compilation_apart(capsys):
    report = printed(capsys, *PROGRAM)
    assert re.search(r"^fit +[\d.]+ ms$", report, re.MULTILINE)
    assert re.search(r"^compilation +[\d.]+ m?s$", report, re.MULTILINE)


def test_same_seed_prints_the_same_and_another_seed_does_not(capsys):
    one, again, other = (
        without_times(printed(capsys, *PROGRAM, "--seed", seed)) for seed in ("1", "1", "2")
    )
    assert one == again
    assert losses_in(one) != losses_in(other)


def test_program_takes_its_options(capsys):
    report = printed(
        capsys,
        *("--n", "400", "--w", "-1.5", "2", "-0.25", "--b", "-7", "--noise", "0"),
        *("--batch-size", "5", "--lr", "0.1", "--epochs", "6", "--seed", "9", *PROGRAM),
    )
    assert "400 rows of 3 features, float64" in report
    assert "mini-batches of 5, lr 0.1, 6 epochs, seed 9" in report
    assert len(losses_in(report)) == 6
    # Without noise there is nothing that the fit could miss.
    for label, true in (("w[0]", -1.5), ("w[1]", 2.0), ("w[2]", -0.25), ("b ", -7.0)):
        shown, learned, _ = numbers_in(report, label)
        assert (shown, learned) == (true, pytest.approx(true, abs=1e-5))


def test_a_negative_number_may_have_an_exponent(capsys):
    report = printed(capsys, *PROGRAM, "--w", "-1e-3", "2", "--b", "-1.5E1")
    for label, true in (("w[0]", -1e-3), ("w[1]", 2.0), ("b ", -15.0)):
        assert numbers_in(report, label)[0] == true
    assert "lr: expected " in refused(capsys, "--lr", "-1e-3")


@pytest.mark.parametrize("value", ["-inf", "-Infinity", "-nan"])
def test_a_negative_number_that_is_not_finite_is_refused_by_its_name(capsys, value):
    message = refused(capsys, *PROGRAM, "--b", value)
    assert f"w, b: expected finite numbers, got 2.0 -3.4 and {float(value)}" in message


@pytest.mark.parametrize("options", ["--b 1e300", "--noise 1e300", "--w -2 1e39"])
def test_labels_that_the_dtype_does_not_hold_are_refused(capsys, options):
    message = refused(capsys, *options.split())
    assert "w, b, noise: expected numbers whose labels are finite in float32" in message
    assert options.split()[-1].replace("e", "e+") in message


def test_labels_that_no_dtype_holds_are_refused(capsys):
    message = refused(capsys, *PROGRAM, "--w", "1.7e308", "-1.7e308")
    assert "finite in float64" in message


@pytest.mark.parametrize("command", ["Fit", "nonsense", ""])
def test_a_command_that_there_is_not_is_answered_with_those_that_there_are(capsys, command):
    message = refused(capsys, command, "data.csv")
    assert f"there is no command {command!r}; expected 'explain', 'fit'" in message


@pytest.mark.parametrize("command", [[], ["explain"], ["fit"]])
def test_every_command_tells_the_version(capsys, command):
    with pytest.raises(SystemExit) as end:
        main([*command, "--version"])
    assert end.value.code == 0
    assert capsys.readouterr().out == f"fastsgd {fastsgd.__version__}\n"


@pytest.mark.parametrize(
    "option", ["n 0", "noise -1", "batch-size 0", "lr -1", "epochs -1", "seed -1"]
)
def test_a_bad_option_is_refused_by_its_name(capsys, option):
    name, value = option.split()
    message = refused(capsys, *PROGRAM, f"--{name}", value)
    assert message.startswith(f"fastsgd: error: {name.replace('-', '_')}: expected ")


@pytest.mark.parametrize("n", [10**14, 10**20])
def test_more_rows_than_memory_holds_are_refused(capsys, n):
    message = refused(capsys, "--n", str(n))
    assert f"n: {n} rows of 2 features do not fit in memory; expected fewer" in message


def test_a_rate_that_is_none_in_the_dtype_of_the_fit_is_refused_before_anything_is_printed(capsys):
    assert "lr: " in refused(capsys, "--lr", "1e-300", "--dtype", "float32")


def test_a_fit_that_diverges_ends_with_status_1(capsys):
    message, _ = failed(capsys, *PROGRAM, "--lr", "1e30", status=1)
    assert "Try an lr smaller than 1e+30" in message


def test_a_fit_that_diverged_to_finite_numbers_ends_with_status_1_as_well():
    options = ["--lr", "5", "--batch-size", "1000", "--epochs", "60", "--dtype", "float64"]
    status, message = process(*options, stdout=subprocess.DEVNULL)
    assert status == 1
    assert message.startswith("fastsgd: nothing was saved: the fit diverged: in its last epoch ")
    assert message.count("\n") == 1


def test_the_module_runs_as_a_process_of_its_own():
    process = subprocess.run(
        [sys.executable, "-m", "fastsgd"], capture_output=True, check=True, encoding="utf-8"
    )
    assert process.stderr == ""
    assert "1000 rows of 2 features, float32" in process.stdout
    assert len(losses_in(process.stdout)) == 3


@pytest.mark.parametrize("command", [["--help"], ["fit", "--help"], ["--version"], ["explain"]])
def test_a_text_that_nobody_reads_is_no_error(command):
    reader, writer = os.pipe()
    os.close(reader)
    assert process(*command, stdout=writer) == (0, "")
    os.close(writer)


@needs_full_device
@pytest.mark.parametrize("command", [[], ["explain"], ["--help"]])
def test_a_report_that_finds_no_place_is_an_error(command):
    with open("/dev/full", "w") as full:
        status, message = process(*command, stdout=full)
    assert status == 2
    assert message.startswith("fastsgd: error: ")
    assert message.count("\n") == 1


@pytest.mark.parametrize(("options", "status"), [(["--n", "20"], 0), (["--n", "0"], 2)])
def test_a_command_does_without_stdout(monkeypatch, options, status):
    monkeypatch.setattr(sys, "stdout", None)
    assert main(options) == status


def closed():
    text = io.StringIO()
    text.close()
    return text


@pytest.mark.parametrize(
    "stdout", [None, io.StringIO(), closed()], ids=["none", "no file", "closed"]
)
def test_an_error_is_told_whatever_stdout_is(capsys, monkeypatch, stdout):
    monkeypatch.setattr(sys, "stdout", stdout)
    assert main(["--n", "0"]) == 2
    assert capsys.readouterr().err.startswith("fastsgd: error: n: expected ")


@pytest.mark.parametrize("name", ["target", "out"])
def test_an_option_of_nothing_but_dashes_is_refused(capsys, name):
    options = {"target": "y"} | {name: "--"}
    named = [f"--{option}={given}" for option, given in options.items()]
    # Python 3.11 takes it for nothing, and 3.13 for a name: there the data are what is missing.
    message, _ = failed(capsys, "fit", "no.csv", *named, status=2)
    assert "'--'" in message or "'no.csv'" in message


class Full(io.StringIO):
    def write(self, text):
        raise OSError(28, "No space left on device")


@pytest.mark.parametrize("stderr", [None, Full()], ids=["none", "full"])
def test_the_status_tells_where_stderr_cannot(capsys, monkeypatch, stderr):
    monkeypatch.setattr(sys, "stderr", stderr)
    assert main(["--n", "0"]) == 2
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("error", [BrokenPipeError, OSError])
def test_a_stdout_that_is_no_file_may_fail(capsys, monkeypatch, error):
    class Failing(io.StringIO):
        def flush(self):
            raise error

    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", Failing())
        assert main(["explain"]) == (0 if error is BrokenPipeError else 2)
    assert "Traceback" not in capsys.readouterr().err


@needs_small_pipes
def test_an_interrupt_ends_a_process_whose_report_waits_for_a_reader():
    reader, writer = os.pipe()
    os.write(writer, bytes(shrink(writer)))
    command = """
import os, signal, threading
from fastsgd.cli.report import Report
signal.signal(signal.SIGINT, signal.default_int_handler)
threading.Timer(0.25, os.kill, (os.getpid(), signal.SIGINT)).start()
Report().say("rows")
"""
    # Output that is buffered is tried again at the end of the process.
    environment = os.environ | {"PYTHONUNBUFFERED": ""}
    done = subprocess.run(
        [sys.executable, "-c", command],
        stdout=writer,
        stderr=subprocess.PIPE,
        timeout=30,
        env=environment,
    )
    os.close(reader)
    os.close(writer)
    assert done.stderr.endswith(b"KeyboardInterrupt\n")


@pytest.mark.parametrize(("lang", "words"), [("en", explain.ENGLISH), ("zh", explain.CHINESE)])
def test_explain_prints_ten_gradients_their_sum_mean_and_the_step(capsys, lang, words):
    report = printed(capsys, "explain", "--lang", lang)
    rows = np.array([numbers_in(report, f"{words.row} {i} ") for i in range(10)])
    assert rows.shape == (10, 4)
    total, mean = numbers_in(report, f"{words.sum} "), numbers_in(report, words.mean)
    assert total == pytest.approx(rows.sum(axis=0), abs=1e-3)
    assert mean == pytest.approx(np.divide(total, 10), abs=1e-4)
    before, after = numbers_in(report, f"{words.param}  "), numbers_in(report, words.step)
    assert after == pytest.approx(np.subtract(before, 0.03 * np.array(mean[1:])), abs=2e-4)


@pytest.mark.parametrize(("lang", "stop"), [("en", "."), ("zh", "。")])
def test_explain_answers_in_three_sentences(capsys, lang, stop):
    report = printed(capsys, "explain", "--lang", lang)
    answer = explain.LANGUAGES[lang].answer
    assert len(answer) == 3
    assert report.endswith("\n\n".join(answer) + "\n")
    for sentence in answer:
        assert len(re.findall(rf"{re.escape(stop)}(?:\s|$)", sentence)) == 1
        assert sentence.endswith(stop)


def test_explain_shows_what_mxnet_holds(mxnet, capsys):
    batch = explain.first_batch()
    held = param_grad(mxnet, *batch)
    ours = fastsgd.gradient(*batch, reduction="sum")
    np.testing.assert_allclose(held[0], ours.w, rtol=1e-12)
    np.testing.assert_allclose(held[1], [ours.b], rtol=1e-12)
    report = printed(capsys, "explain")
    shown = numbers_in(report, explain.ENGLISH.param_grad)
    assert shown == pytest.approx([*held[0], *held[1]], abs=5e-5)
    assert shown == numbers_in(report, f"{explain.ENGLISH.sum} ")[1:]


def test_explain_without_the_module_says_so(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "mxnet", None)
    report = printed(capsys, "explain")
    assert explain.ENGLISH.no_mxnet in report
    assert explain.ENGLISH.param_grad not in report


def test_columns_are_in_line_where_characters_are_wide():
    # Each Chinese character takes the place of two others.
    assert table([["", "损失"], ["样本 0", "1.5"], ["sum", "-12.25"]]).splitlines() == [
        "          损失",
        "样本 0     1.5",
        "sum     -12.25",
    ]


def test_each_label_has_a_noise_of_its_own():
    rng = np.random.default_rng(0)
    X, y = program.synthetic_data(rng, 10_000, [2.0, -3.4], 4.2, 0.5, "float64")
    noise = y - X @ [2.0, -3.4] - 4.2
    # Of 10,000, the mean and the deviation are known to 1 %.
    assert abs(noise.mean()) < 0.03
    assert abs(noise.std() - 0.5) < 0.03


def test_small_losses_are_printed_with_all_their_digits():
    said, X, y = [], np.zeros((4, 1)), np.full(4, 2e-4)  # of a loss of 2e-8
    fit_aloud(X, y, said.append, batch_size=4, lr=1e-9, epochs=1, seed=0)
    assert float(said[0].split()[-1]) == 2e-8
    assert "e-08" in said[0]
