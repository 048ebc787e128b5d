"""Models predict, evaluate, and survive a trip to disk."""

from __future__ import annotations

import errno
import io
import json
import os
import pickle
import sys
import zipfile
from contextlib import suppress
from dataclasses import replace

import numpy as np
import pytest
from noisy_rows import data
from numpy_reference import squared_loss

import fastsgd


@pytest.fixture(params=[(), (1,), (3,)], ids=["one output", "a column", "three outputs"])
def fitted(request, program_data):
    X, y = program_data
    targets = y.reshape(1000, *[1] * len(request.param)) * np.ones(request.param)
    return X, targets, fastsgd.fit(X, targets, seed=0, epoch_loss="full")


def test_predictions_are_linear(fitted):
    X, _, model = fitted
    np.testing.assert_allclose(model.predict(X), X @ model.w + model.b, rtol=1e-13)


def test_evaluation_is_the_mean_loss(fitted):
    X, y, model = fitted
    weights = np.random.default_rng(0).uniform(0, 2, 1000)
    for sample_weight in (None, weights):
        expected = squared_loss(X, y, model.w, model.b, sample_weight)
        assert model.evaluate(X, y, sample_weight) == pytest.approx(expected, rel=1e-12)
    assert model.evaluate(X, y) == pytest.approx(model.history.loss[-1], rel=1e-14)


def test_a_saved_model_comes_back(fitted, tmp_path):
    X, _, model = fitted
    path = tmp_path / "any name"
    model.save(path)
    loaded = fastsgd.load(path)
    for name in ("w", "b"):
        mine, other = (np.asarray(getattr(m, name)) for m in (model, loaded))
        np.testing.assert_array_equal(mine, other)
        assert mine.dtype == other.dtype
        assert mine.shape == other.shape
    assert (loaded.loss, loaded.seed, loaded.history) == (model.loss, model.seed, model.history)
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))


def test_a_saved_model_keeps_how_its_intercept_is_learned(fitted, tmp_path):
    X, y, model = fitted
    damped = replace(model, state=model.state._replace(b_scale=0.01))
    damped.save(tmp_path / "model")
    loaded = fastsgd.load(tmp_path / "model")
    whole, one, other = (fastsgd.fit(X, y, resume=m).b for m in (model, damped, loaded))
    np.testing.assert_array_equal(one, other)
    assert not np.array_equal(one, whole)


def test_the_loss_of_a_saved_model_may_be_named(program_data, tmp_path):
    fastsgd.fit(*program_data, loss="huber", epochs=0).save(tmp_path / "model")
    assert fastsgd.load(tmp_path / "model", loss="huber").loss == fastsgd.losses.Huber()
    for other in ("absolute", fastsgd.losses.Huber(9.0)):
        with pytest.raises(ValueError, match=r"loss: the model was fitted with Huber\(.*\), got"):
            fastsgd.load(tmp_path / "model", loss=other)
    with pytest.raises(ValueError, match="loss: 'hubert' is not known"):
        fastsgd.load(tmp_path / "model", loss="hubert")


@pytest.mark.parametrize("failure", [OSError, KeyboardInterrupt])
def test_a_save_that_fails_leaves_what_was_there(program_data, tmp_path, monkeypatch, failure):
    path = tmp_path / "model"
    first = fastsgd.fit(*program_data, seed=0)
    first.save(path)

    def stop_half_way(self, content):
        with self.open("wb") as file:
            file.write(content[:10])
        raise failure

    monkeypatch.setattr("pathlib.Path.write_bytes", stop_half_way)
    with pytest.raises(failure):
        fastsgd.fit(*program_data, seed=1).save(path)
    np.testing.assert_array_equal(fastsgd.load(path).w, first.w)
    assert [file.name for file in tmp_path.iterdir()] == ["model"]


def test_the_largest_seed_comes_back(tmp_path):
    fastsgd.fit([[1.0]], [1.0], seed=2**64 - 1).save(tmp_path / "model")
    assert fastsgd.load(tmp_path / "model").seed == 2**64 - 1


class Bomb:
    def __reduce__(self):
        return pytest.fail, ("unpickled",)


def test_load_never_unpickles(tmp_path):
    path = tmp_path / "bomb.npz"
    bomb = np.array([Bomb()], dtype=object)
    np.savez(path, about=bomb, w=bomb, b=bomb, data_loss=bomb, penalty=bomb, seconds=bomb)
    with pytest.raises(ValueError, match="is not a saved model"):
        fastsgd.load(path)
    path.write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(ValueError, match="is not a saved model"):
        fastsgd.load(path)


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("w", np.array(["a", "b"])),
        ("w", np.array([1.0, np.nan])),
        ("w", np.ones((2, 2, 2))),
        ("w", np.ones((2, 3))),
        ("b", np.float32(1)),
        ("data_loss", np.array(["x"])),
        ("data_loss", np.ones(7)),
        ("seconds", np.ones((3, 1))),
        ("seconds", np.array(["1", "2", "3"])),
        ("penalty", np.ones(3) * 1j),
        ("slots_b", np.ones((1, 1, 1))),
        ("averages_w", np.ones((2, 1))),
        ("pace", -np.ones(1)),
        ("pace", np.zeros(1)),
        ("classes", np.array([0, 1])),
        ("w", np.ones((0, 2))),
        ("about", "[" * 100_000),
        ("about", '{"format": "fastsgd model 2"}'),
    ],
)
def test_load_refuses_what_is_not_a_model(program_data, tmp_path, part, value):
    path = tmp_path / "model.npz"
    fastsgd.fit(*program_data).save(path)
    with np.load(path) as archive:
        parts = {**archive, part: value}
    np.savez(path, **parts)
    with pytest.raises(ValueError, match="is not a saved model"):
        fastsgd.load(path)


@pytest.mark.parametrize(
    "classes", [None, [0, 1], [0, 2, 1], [0, 1, 1], [0.0, 1.0, np.nan], [1j, 2j, 3j]]
)
def test_load_refuses_classes_that_do_not_go_with_the_model(tmp_path, classes):
    path = tmp_path / "model.npz"
    fastsgd.fit(np.arange(6.0)[:, None], [5, 6, 7] * 2, loss="logistic", epochs=0).save(path)
    with np.load(path) as archive:
        parts = {**archive, "classes": np.asarray(classes)}
    if classes is None:
        del parts["classes"]
    np.savez(path, **parts)
    with pytest.raises(ValueError, match="is not a saved model"):
        fastsgd.load(path)


def test_a_file_keeps_its_permissions_and_a_pipe_stays_one(program_data, tmp_path):
    model = fastsgd.fit(*program_data, seed=0)
    path, pipe = tmp_path / "model", tmp_path / "pipe"
    path.touch(mode=0o600)
    model.save(path)
    assert path.stat().st_mode & 0o777 == 0o600
    os.mkfifo(pipe)
    # Which waits for no one who writes.
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    model.save(pipe)
    assert pipe.is_fifo()
    assert os.read(reader, 2**16) == path.read_bytes()
    os.close(reader)


def test_load_survives_every_damage_to_a_byte(program_data, tmp_path):
    path = tmp_path / "model.npz"
    model = fastsgd.fit(*program_data, seed=0)
    model.save(path)
    whole = bytearray(path.read_bytes())
    for place in range(0, len(whole), 7):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << place % 8
        path.write_bytes(damaged)
        with suppress(ValueError):
            np.testing.assert_array_equal(fastsgd.load(path).w, model.w)


def test_a_path_may_be_bytes_or_a_link(program_data, tmp_path):
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_bytes(b"")
    link.symlink_to(target)
    model = fastsgd.fit(*program_data, seed=0)
    model.save(os.fsencode(link))
    assert link.is_symlink()
    np.testing.assert_array_equal(fastsgd.load(os.fsencode(target)).w, model.w)


def test_what_may_not_be_written_is_left(program_data, tmp_path, monkeypatch):
    path, model = tmp_path / "model", fastsgd.fit(*program_data, seed=0)
    path.write_bytes(b"of somebody else")
    monkeypatch.setattr("os.access", lambda *_: False)  # as root may write to all files
    with pytest.raises(PermissionError, match="model"):
        model.save(path)
    assert path.read_bytes() == b"of somebody else"


def test_a_folder_and_a_link_to_itself_are_no_file_to_save_to(program_data, tmp_path):
    model, link = fastsgd.fit(*program_data, seed=0), tmp_path / "link"
    with pytest.raises(IsADirectoryError):
        model.save(f"{tmp_path}/folder/")
    link.symlink_to(link)
    with pytest.raises(OSError, match="symbolic links"):
        model.save(link)
    assert link.is_symlink()


def test_what_cannot_be_read_is_no_fault_of_the_file(program_data, tmp_path, monkeypatch):
    path = tmp_path / "model"
    fastsgd.fit(*program_data, seed=0).save(path)

    def fail(*_, **__):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr("numpy.load", fail)
    with pytest.raises(OSError, match="Input/output"):
        fastsgd.load(path)


def test_a_model_that_no_memory_holds_is_not_said_to_be_none(tmp_path):
    path, header = tmp_path / "model.npz", io.BytesIO()
    fastsgd.fit([[1.0]], [1.0], epochs=0).save(path)
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    huge = {"descr": "<f8", "fortran_order": False, "shape": (10**15,)}
    np.lib.format.write_array_header_1_0(header, huge)
    with zipfile.ZipFile(path, "w") as archive:
        for name, part in (parts | {"w.npy": header.getvalue()}).items():
            archive.writestr(name, part)
    with pytest.raises(MemoryError):
        fastsgd.load(path)


def test_load_refuses_other_files(tmp_path):
    path = tmp_path / "file"
    for content in (b"", b"text", b"PK\x03\x04"):
        path.write_bytes(content)
        with pytest.raises(ValueError, match="is not a saved model"):
            fastsgd.load(path)
    for save in (np.save, np.savez):
        with path.open("wb") as file:
            save(file, np.ones(3))
        with pytest.raises(ValueError, match="is not a saved model"):
            fastsgd.load(path)
    with pytest.raises(FileNotFoundError):
        fastsgd.load(tmp_path / "nothing")
    with pytest.raises(TypeError, match="path"):
        fastsgd.load(3)


def test_what_cannot_be_written_is_named_as_it_was_given(program_data, tmp_path):
    model = fastsgd.fit(*program_data, seed=0)
    for path, error in (
        ("", FileNotFoundError),
        (tmp_path / "nowhere" / "model", FileNotFoundError),
        (tmp_path, IsADirectoryError),
    ):
        with pytest.raises(error) as caught:
            model.save(path)
        assert caught.value.filename == str(path)
    with pytest.raises(TypeError, match="path: expected the path of a file, got 3"):
        model.save(3)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda m: m.predict(np.ones((4, 3))), "X: expected 2 features, as the model has, got 3"),
        (lambda m: m.predict([[np.nan, 0.0]]), "X: row 0, column 0 is nan"),
        (lambda m: m.evaluate(np.ones((4, 3)), np.ones(4)), "X: expected 2 features"),
        (lambda m: m.evaluate(np.ones((4, 2)), np.ones((4, 2))), "y: expected shape (4,), got"),
        (lambda m: m.evaluate(np.ones((4, 2)), np.ones((4, 1))), "(4, 1); np.reshape(y, (4,))"),
    ],
)
def test_wrong_input_is_refused(program_data, call, message):
    model = fastsgd.fit(*program_data)
    with pytest.raises(ValueError, match=message.replace("(", r"\(").replace(")", r"\)")):
        call(model)


def test_repr_says_what_it_is(program_data):
    X, y = program_data
    assert repr(fastsgd.fit(X, y)) == "Model(features=2, loss=Squared(), epochs=3)"
    several = fastsgd.fit(X, np.column_stack([y, y]), epochs=1)
    assert repr(several) == "Model(features=2, outputs=2, loss=Squared(), epochs=1)"


@pytest.mark.parametrize(("name", "value"), [("intercept", -1.0), ("steps", -1)])
def test_load_refuses_a_state_that_no_fit_has(program_data, tmp_path, name, value):
    path = tmp_path / "model.npz"
    fastsgd.fit(*program_data).save(path)
    with np.load(path) as archive:
        about = json.loads(str(archive["about"]))
        about["state"][name] = value
        parts = {**archive, "about": json.dumps(about)}
    np.savez(path, **parts)
    with pytest.raises(ValueError, match=f"is not a saved model: {name}: expected"):
        fastsgd.load(path)


@pytest.mark.parametrize("outputs", [(), (2,)])
def test_scores_are_of_the_dtype_of_X(outputs):
    X = np.ones((3, 2))
    model = fastsgd.fit(X, np.ones((3, *outputs)), seed=0)
    for dtype in (np.float32, np.float64):
        assert model.decision_function(X.astype(dtype)).dtype == dtype


def test_means_that_overflow_are_not_returned():
    model = fastsgd.fit([[0.0], [1.0]], [1.0, 2.0], loss="poisson", init=([1.0], 0.0), epochs=0)
    with pytest.raises(ValueError, match="X: its predictions with these weights overflow float64"):
        model.predict([[1000.0]])
    assert np.isfinite(model.decision_function([[1000.0]])).all()


def save_altered(path, about=None, **parts):
    """Save a model, and change its description and some of its parts in the file."""
    options = {"optimizer": "adam", "average": True, "validation": 0.2, "seed": 0}
    fastsgd.fit(*data(), **options).save(path)
    with np.load(path) as archive:
        there = dict(archive)
    described = json.loads(str(there["about"])) | (about or {})
    np.savez(path, **there | parts | {"about": json.dumps(described)})


def test_load_never_imports_what_a_file_names(tmp_path, monkeypatch):
    (tmp_path / "harm.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    save_altered(tmp_path / "model.npz", {"loss": "harm.Loss"})
    with pytest.raises(ValueError, match=r"there is no loss 'harm\.Loss'"):
        fastsgd.load(tmp_path / "model.npz")
    assert "harm" not in sys.modules


def test_a_loss_of_the_estimators_that_there_is_not_is_refused(tmp_path):
    save_altered(tmp_path / "model.npz", {"loss": "fastsgd.sklearn.nothing.Loss"})
    with pytest.raises(ValueError, match=r"there is no loss 'fastsgd\.sklearn\.nothing\.Loss'"):
        fastsgd.load(tmp_path / "model.npz")


def test_load_refuses_other_formats(tmp_path):
    save_altered(tmp_path / "model.npz", {"format": "fastsgd model 2"})
    with pytest.raises(ValueError, match="its format is 'fastsgd model 2', expected"):
        fastsgd.load(tmp_path / "model.npz")


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("state_w", np.full((1, 3), np.nan), "state_w is not finite"),
        ("state_b", np.full(1, np.inf), "state_b is not finite"),
        ("slots_w", np.full((2, 1, 3), np.nan), "slots_w is not finite"),
        ("averages_w", np.full((1, 3), np.nan), "averages_w is not finite"),
        ("best_b", np.full(1, np.nan), "best_b is not finite"),
        ("pace", np.full(1, np.nan), "pace is not finite"),
        ("stopped", np.zeros(2, np.int64), "stopped has shape"),
        ("slots_w", np.zeros((2, 1, 3), np.float32), "slots_w has shape"),
        ("pace", np.ones(1, np.float32), "pace has shape"),
        ("penalty", np.zeros(2), "the history has the shapes"),
    ],
)
def test_load_refuses_parts_that_no_fit_leaves(tmp_path, name, value, message):
    save_altered(tmp_path / "model.npz", **{name: value})
    with pytest.raises(ValueError, match=message):
        fastsgd.load(tmp_path / "model.npz")
