"""The command line: what it prints, what it refuses, and what it leaves on the disk."""

from __future__ import annotations

import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
import zipfile

import numpy as np
import pytest

import fastsgd
from fastsgd.__main__ import main
from fastsgd.cli import explain, plot, program
from fastsgd.cli.autograd import param_grad
from fastsgd.cli.table import table

PROGRAM = ["--dtype", "float64"]
NUMBER = r"[-+]?\d+\.\d+(?:e[-+]\d+)?"


def printed(capsys, *arguments):
    """Run a command that succeeds; return what it printed."""
    assert main(list(arguments)) == 0
    return capsys.readouterr().out


def refused(capsys, *arguments, status=2):
    """Run a command that does not succeed; return its line on stderr."""
    assert main(list(arguments)) == status
    message = capsys.readouterr().err
    assert message.startswith("fastsgd: ")
    assert message.count("\n") == 1
    return message


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


@pytest.mark.parametrize(
    "option", ["n 0", "noise -1", "batch-size 0", "lr -1", "epochs -1", "seed -1"]
)
def test_a_bad_option_is_refused_by_its_name(capsys, option):
    name, value = option.split()
    message = refused(capsys, *PROGRAM, f"--{name}", value)
    assert message.startswith(f"fastsgd: error: {name.replace('-', '_')}: expected ")


def test_a_fit_that_diverges_ends_with_status_1(capsys):
    assert "Try an lr smaller than 1e+30" in refused(capsys, *PROGRAM, "--lr", "1e30", status=1)


def test_the_module_runs_as_a_process_of_its_own():
    process = subprocess.run(
        [sys.executable, "-m", "fastsgd"], capture_output=True, check=True, encoding="utf-8"
    )
    assert process.stderr == ""
    assert "1000 rows of 2 features, float32" in process.stdout
    assert len(losses_in(process.stdout)) == 3


@pytest.mark.parametrize(("w", "feature"), [(["2", "-3.4"], 1), (["2"], 0)])
def test_plot_is_an_svg_of_the_data_and_the_losses(capsys, tmp_path, w, feature):
    path = tmp_path / "plot.svg"
    assert f"The plot is in {path}" in printed(
        capsys, *PROGRAM, "--n", "50", "--w", *w, "--plot", str(path)
    )
    root = ElementTree.parse(path).getroot()
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    # Matplotlib writes each text that it draws into a comment too.
    assert f"features[:, {feature}]" in path.read_text(encoding="utf-8")


def test_plot_shows_the_line_that_was_learned():
    X, y = np.array([[5.0, 0.0], [6.0, 1.0], [7.0, 3.0]]), np.array([1.0, 2.0, 3.0])
    model = fastsgd.fit(X, y, lr=1e-3, epoch_loss="full", seed=0)
    figure = plot.blank_figure()
    plot.draw(figure, X, y, model)
    scatter, losses = figure.axes
    assert scatter.collections[0].get_offsets().tolist() == [[0, 1], [1, 2], [3, 3]]
    assert scatter.lines[0].get_xdata().tolist() == [0, 3]
    assert scatter.lines[0].get_ydata() == pytest.approx([model.b, model.b + 3 * model.w[1]])
    assert list(losses.lines[0].get_xdata()) == [1, 2, 3]
    assert tuple(losses.lines[0].get_ydata()) == model.history.data_loss


def test_plot_is_refused_under_the_name_of_another_format(capsys, tmp_path):
    message = refused(capsys, *PROGRAM, "--plot", str(tmp_path / "plot.png"))
    assert "--plot: expected a name that ends in .svg" in message


def test_plot_without_matplotlib_names_the_extra(capsys, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    message = refused(capsys, *PROGRAM, "--plot", str(tmp_path / "plot.svg"))
    assert "pip install 'fastsgd[plot]'" in message
    assert not list(tmp_path.iterdir())


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


@pytest.fixture(scope="module")
def examples():
    """Return a table whose middle column is the target."""
    rng = np.random.default_rng(5)
    X = rng.normal(size=(200, 2))
    y = X @ [2, -3.4] + 4.2 + rng.normal(scale=0.01, size=200)
    return np.column_stack([X[:, 0], y, X[:, 1]])


def write_csv(path, rows, header=None):
    lines = [",".join(map(repr, row)) for row in rows.tolist()]
    path.write_text("\n".join([*([header] if header else []), *lines, ""]), encoding="utf-8")
    return str(path)


@pytest.fixture
def files(examples, tmp_path):
    """Return the same examples in files of every kind, with the target in each."""
    np.save(tmp_path / "table.npy", examples)
    np.savez(tmp_path / "arrays.npz", rows=examples[:, [0, 2]], price=examples[:, 1])
    headed = write_csv(tmp_path / "headed.csv", examples, 'size,"price",built in')
    plain = write_csv(tmp_path / "plain.csv", examples)
    return [
        (headed, "price"),
        (headed, "1"),
        (plain, "1"),
        (plain, "-2"),
        (str(tmp_path / "table.npy"), "1"),
        (str(tmp_path / "arrays.npz"), "price"),
    ]


def test_equal_data_give_equal_models_from_every_kind_of_file(capsys, examples, files, tmp_path):
    expected = fastsgd.fit(
        examples[:, [0, 2]], examples[:, 1], epochs=5, batch_size=8, lr=0.05, seed=4
    )
    out = tmp_path / "model.npz"
    settings = ["--epochs", "5", "--batch-size", "8", "--lr", "0.05", "--seed", "4"]
    for data, target in files:
        report = printed(capsys, "fit", data, "--target", target, *settings, "--out", str(out))
        assert "200 rows of 2 features, float64" in report
        model = fastsgd.load(out)
        np.testing.assert_array_equal(model.w, expected.w)
        assert (model.b, model.seed) == (expected.b, 4)
        assert losses_in(report) == pytest.approx(model.history.data_loss, abs=1e-8)
        out.unlink()


def test_fit_prints_the_learned_parameters_by_the_names_of_the_columns(capsys, files):
    report = printed(capsys, "fit", *files[0][:1], "--target", "price", "--epochs", "40")
    learned = [numbers_in(report, label)[0] for label in ("w of size", "w of built in", "b ")]
    assert learned == pytest.approx([2, -3.4, 4.2], abs=0.01)


def test_fit_prints_no_more_than_twenty_weights(capsys, tmp_path):
    path = tmp_path / "wide.npy"
    np.save(path, np.random.default_rng(0).normal(size=(30, 26)))
    report = printed(capsys, "fit", str(path), "--target", "-1")
    assert len(re.findall("^w of ", report, re.MULTILINE)) == 20
    assert "and 5 more" in report


def test_fit_computes_in_the_dtype_of_the_data_unless_told(capsys, examples, tmp_path):
    path = tmp_path / "table.npy"
    np.save(path, examples.astype(np.float32))
    assert ", float32\n" in printed(capsys, "fit", str(path), "--target", "1")
    assert ", float64\n" in printed(capsys, "fit", str(path), "--target", "1", "--dtype", "float64")


def test_a_byte_order_mark_is_no_part_of_the_first_name(capsys, examples, tmp_path):
    path = write_csv(tmp_path / "marked.csv", examples, "\ufeffprice,age,size")
    assert "w of age" in printed(capsys, "fit", path, "--target", "price")


@pytest.mark.parametrize(
    ("text", "target", "said"),
    [
        ("a,b\n1,2\n", "c", "there is no column 'c'; the columns are 'a', 'b'"),
        ("1,2\n3,4\n", "a", "there is no column 'a'; expected 0 to 1"),
        ("a,a\n1,2\n", "a", "2 columns are called 'a'"),
        ("a,b\n1,2\n3,x\n", "a", "line 3, column 'b': 'x' is not a number"),
        ("0.5,,2\n4,5,6\n", "2", "line 1 is neither a row of numbers nor a header of names: '0.5'"),
        ("1,2\n3,1_0\n", "0", "line 2, column 1: '1_0' is not a number"),
        ("1,2\n3,\n", "0", "line 2, column 1: '' is not a number"),
        ("1,2\n3,4,5\n", "0", "line 2 has 3 cells, those before it 2"),
        ("a,b,c\n1,2\n", "a", "the header names 3 columns, but the rows have 2"),
        ("a,b\n", "a", "has no rows"),
        ("", "a", "has no rows"),
        ("1,2\n3,nan\n", "0", "X: row 1, column 0 is nan"),
        ("1\n2\n", "0", "X: expected at least one row and one feature"),
    ],
)
def test_fit_says_what_is_wrong_with_a_csv(capsys, tmp_path, text, target, said):
    path = tmp_path / "data.csv"
    path.write_text(text, encoding="utf-8")
    assert said in refused(capsys, "fit", str(path), "--target", target)


@pytest.mark.parametrize(
    ("name", "said"),
    [("none.csv", "No such file"), ("none.npz", "No such file"), ("data.txt", ".npy or .npz")],
)
def test_fit_says_which_file_it_cannot_read(capsys, tmp_path, name, said):
    message = refused(capsys, "fit", str(tmp_path / name), "--target", "0")
    assert said in message
    assert name in message


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"X": np.ones((3, 2))}, "no array 'y'; "),
        ({"X": np.ones((3, 2)), "Z": np.ones((3, 2)), "y": np.ones(3)}, "one array of 2 dim"),
        ({"X": np.ones((3, 2)), "y": np.ones((3, 2))}, "one target a row, got 'y' of shape (3, 2)"),
        ({"X": np.ones((3, 2)), "y": np.ones(4)}, "y: expected one entry for each of the 3 rows"),
    ],
)
def test_fit_says_what_is_wrong_with_an_archive(capsys, tmp_path, arrays, said):
    path = tmp_path / "data.npz"
    np.savez(path, **arrays)
    assert said in refused(capsys, "fit", str(path), "--target", "y")


def test_fit_says_that_an_archive_is_damaged_or_holds_other_things(capsys, tmp_path):
    path = tmp_path / "data.npz"
    np.savez_compressed(path, X=np.arange(600.0).reshape(300, 2), y=np.ones(300))
    damaged = bytearray(path.read_bytes())
    damaged[100:120] = bytes(20)
    path.write_bytes(damaged)
    message = "nothing that numpy reads without unpickling"
    assert message in refused(capsys, "fit", str(path), "--target", "y")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("y.txt", "1 2 3")
    assert "'y.txt' is not an array" in refused(capsys, "fit", str(path), "--target", "y.txt")


@pytest.mark.parametrize(("name", "target"), [("data.npy", "0"), ("data.npz", "y")])
def test_an_object_array_is_refused_and_not_unpickled(capsys, monkeypatch, tmp_path, name, target):
    path = tmp_path / name
    objects = np.array([[None, 1.0]], dtype=object)
    if name == "data.npy":
        np.save(path, objects, allow_pickle=True)
    else:
        np.savez(path, X=objects, y=np.ones(1))
    unpickled = []
    monkeypatch.setattr("pickle.load", lambda *arguments, **options: unpickled.append(arguments))
    assert "Object arrays cannot be loaded" in refused(capsys, "fit", str(path), "--target", target)
    assert not unpickled


def test_a_folder_is_no_place_for_a_model(capsys, files, tmp_path):
    assert main(["fit", files[0][0], "--target", "price", "--out", str(tmp_path)]) == 2
    shown = capsys.readouterr()
    assert "is a folder" in shown.err
    assert shown.out == ""


@pytest.mark.parametrize("option", [["--lr", "-1"], ["--batch-size", "0"], ["--epochs", "-1"]])
def test_bad_options_are_refused_before_anything_is_printed(capsys, option):
    assert main(option) == 2
    shown = capsys.readouterr()
    assert f"{option[0][2:].replace('-', '_')}: expected" in shown.err
    assert shown.out == ""


def test_a_folder_that_is_not_there_is_refused_before_the_fit(capsys, files, tmp_path):
    out = tmp_path / "nowhere" / "model.npz"
    assert main(["fit", files[0][0], "--target", "price", "--out", str(out)]) == 2
    shown = capsys.readouterr()
    assert "nowhere" in shown.err
    assert shown.out == ""


def test_an_interrupt_ends_with_status_130(capsys, files, monkeypatch, tmp_path):
    def interrupt(*arguments, **options):
        raise fastsgd.Interrupted(None)

    monkeypatch.setattr("fastsgd.cli.report.fit", interrupt)
    before = sorted(tmp_path.iterdir())
    message = refused(capsys, "fit", files[0][0], "--target", "price", status=130)
    assert "interrupted; nothing was saved" in message
    assert sorted(tmp_path.iterdir()) == before


def test_an_interrupt_before_the_first_epoch_leaves_nothing_to_save(
    capsys, files, monkeypatch, tmp_path
):
    def interrupt(*arguments, **options):
        if options.get("epochs") == 1:  # of the rows of zeros that are fitted to compile
            raise fastsgd.Interrupted(None)
        return fastsgd.fit(*arguments, **options)

    monkeypatch.setattr("fastsgd.cli.report.fit", interrupt)
    out = tmp_path / "model.npz"
    options = ["--target", "price", "--out", str(out)]
    message = refused(capsys, "fit", files[0][0], *options, status=130)
    assert "interrupted; nothing was saved" in message
    assert not out.exists()


def test_an_interrupt_saves_what_was_learned_where_it_was_to_be_saved(
    capsys, files, monkeypatch, tmp_path
):
    model = fastsgd.fit([[1.0, 2.0]], [1.0], seed=0)

    def interrupt(*arguments, **options):
        if "callback" in options:
            raise fastsgd.Interrupted(model)
        return fastsgd.fit(*arguments, **options)

    monkeypatch.setattr("fastsgd.cli.report.fit", interrupt)
    out = str(tmp_path / "model.npz")
    message = refused(capsys, "fit", files[0][0], "--target", "price", "--out", out, status=130)
    assert f"interrupted; the model so far is in {out}" in message
    np.testing.assert_array_equal(fastsgd.load(out).w, model.w)
