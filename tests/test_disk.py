"""Machine code on disk is that of its key, whole, or not there."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from types import ModuleType

import pytest
from interpreted_mode import needs_jit
from numba.core.caching import IndexDataCacheFile
from scripts import output_of

import fastsgd
from fastsgd.kernels.disk import Files


def kept_where_two_save_at_once(files, replaced, monkeypatch):
    """Return what both find who save while the other is in the middle of it."""
    original = replaced[0].__dict__[replaced[1]]

    def save_in_between(*paths):
        monkeypatch.setattr(*replaced, original)
        files[1].save("absolute", "code of absolute")
        return original(*paths)

    monkeypatch.setattr(*replaced, save_in_between)
    files[0].save("squared", "code of squared")
    return [file.load(key) for file in files for key in ("squared", "absolute")]


def test_who_saves_at_the_same_time_finds_their_own(tmp_path, monkeypatch):
    files = [Files(str(tmp_path), "run-9.py311", "1") for _ in range(2)]
    found = kept_where_two_save_at_once(files, (Path, "replace"), monkeypatch)
    assert found == ["code of squared", "code of absolute"] * 2


def test_numbas_own_files_mix_them_up(tmp_path, monkeypatch):
    # Once this fails, there is no need for files of our own.
    files = [IndexDataCacheFile(str(tmp_path), "run", "1") for _ in range(2)]
    found = kept_where_two_save_at_once(files, (os, "replace"), monkeypatch)
    assert found[0] != "code of squared" or found[1] != "code of absolute"


@pytest.mark.parametrize("length", [0, 10, 40, -1])
def test_what_is_not_whole_is_not_there(tmp_path, length):
    files = Files(str(tmp_path), "run-9.py311", "1")
    files.save("key", "code")
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:length])
    assert files.load("key") is None
    files.save("key", "code")
    assert files.load("key") == "code"


def test_a_file_of_another_name_is_not_there(tmp_path):
    files = Files(str(tmp_path), "run-9.py311", "1")
    files.save("key", "code")
    (path,) = tmp_path.iterdir()
    files.save("other", "other code")
    (other,) = {*tmp_path.iterdir()} - {path}
    other.write_bytes(path.read_bytes())
    assert (files.load("key"), files.load("other")) == ("code", None)


def test_code_of_what_is_no_longer_there_is_not_there(tmp_path, monkeypatch):
    files = Files(str(tmp_path), "run-9.py311", "1")
    module = ModuleType("module_of_a_user")
    exec("def function(): pass", vars(module))
    monkeypatch.setitem(sys.modules, module.__name__, module)
    files.save("key", module.function)
    assert files.load("key") is module.function
    monkeypatch.delitem(sys.modules, module.__name__)
    assert files.load("key") is None


def test_a_new_version_removes_what_nobody_will_ask_for(tmp_path):
    old, new = (
        Files(str(tmp_path), f"run-{line}.py311", version)
        for line, version in ((9, "1"), (10, "2"))
    )
    other = Files(str(tmp_path), "run_longer-9.py311", "1")
    for files in (old, other):
        files.save("key", "old")
    assert new.load("key") is None
    new.save("key", "new")
    assert [files.load("key") for files in (old, new, other)] == [None, "new", "old"]


def test_what_was_never_finished_is_removed_once_nobody_writes_to_it(tmp_path):
    files = Files(str(tmp_path), "run-9.py311", "1")
    files.save("key", "code")
    (path,) = tmp_path.iterdir()
    old, new = (path.with_name(f"{path.name}.{name}") for name in ("old", "new"))
    for unfinished in (old, new):
        unfinished.write_bytes(b"")
    os.utime(old, (0, 0))
    files.save("other key", "code")
    assert not old.exists()
    assert new.exists()
    assert files.load("key") == "code"


# It edits the sources that it is given, and prints the weights of fits with the losses.
EDITS_AND_FITS = """
import os, sys, fastsgd
for given in sys.argv[1:]:
    if os.path.isfile(given):
        with open(given, "a") as source:
            source.write("# edited")
    else:
        one_step = dict(init=([0.0], 0.0), lr=0.25, epochs=1)
        print(fastsgd.fit([[1.0]], [1.0], loss=given, **one_step).w[0])
"""


@needs_jit
@pytest.mark.skipif(sys.platform == "win32", reason="not everybody may make links there")
def test_machine_code_of_sources_that_are_edited_meanwhile_is_not_kept(tmp_path):
    package, ignore = tmp_path / "fastsgd", shutil.ignore_patterns("__pycache__")
    shutil.copytree(Path(fastsgd.__file__).parent, package, ignore=ignore)
    # As some editors mark a file that is being edited, and some installers put a folder elsewhere.
    (package / "losses" / ".#regression.py").symlink_to("nobody@nowhere")
    (package / "losses").rename(tmp_path / "losses")
    (package / "losses").symlink_to(tmp_path / "losses")
    (package / "losses" / "back").symlink_to(package)
    (package / "loop.py").symlink_to("loop.py")
    (package / "folder.py").mkdir()
    code = tmp_path / "code"
    places = {"PYTHONPATH": tmp_path, "NUMBA_CACHE_DIR": code}
    edited = package / "losses" / "regression.py"
    assert output_of(EDITS_AND_FITS, edited, "squared", cwd=tmp_path, **places) == "0.25\n"
    assert files_in(code) == []
    output_of(EDITS_AND_FITS, "absolute", cwd=tmp_path, **places)
    of_absolute = files_in(code)
    output_of(EDITS_AND_FITS, "absolute", edited, "squared", cwd=tmp_path, **places)
    assert files_in(code) == of_absolute != []


@needs_jit
def test_machine_code_of_a_package_in_a_zip_is_not_kept(tmp_path):
    package = Path(fastsgd.__file__).parent
    path = shutil.make_archive(tmp_path / "all", "zip", package.parent, package.name)
    # Where numba keeps what comes from a zip.
    places = {"PYTHONPATH": path, "NUMBA_CACHE_DIR": "", "XDG_CACHE_HOME": tmp_path / "code"}
    assert output_of(EDITS_AND_FITS, "squared", cwd=tmp_path, **places) == "0.25\n"
    assert files_in(tmp_path / "code") == []


def files_in(folder):
    return [path for path in folder.rglob("*") if path.is_file()]


FIT = """
import resource, signal, fastsgd
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
print(fastsgd.fit([[1.0]], [1.0], init=([0.0], 0.0), lr=0.25, epochs=1).w[0])
"""


@needs_jit
@pytest.mark.skipif(sys.platform == "win32", reason="there are no such limits")
@needs_jit
def test_other_versions_of_libraries_compile_anew(tmp_path):
    def found(change, folder):
        script = (
            f"import llvmlite, numba, numpy\n{change}\n"
            "from fastsgd.kernels.finite import is_finite\n"
            "print(is_finite(numpy.ones(3)), sum(is_finite.stats.cache_hits.values()))"
        )
        return output_of(script, NUMBA_CACHE_DIR=folder).split()

    first = tmp_path / "first"
    assert [found("", first) for _ in range(2)] == [["True", "0"], ["True", "1"]]
    for library in ("numba", "llvmlite", "numpy"):
        # Each begins with the files of these versions, which those of others replace.
        folder = shutil.copytree(first, tmp_path / library)
        assert found(f"{library}.__version__ += '9'", folder) == ["True", "0"]


def test_a_full_disk_does_not_stop_a_fit(tmp_path):
    folder = Path(fastsgd.__file__).parents[1]
    assert float(output_of(FIT, cwd=folder, NUMBA_CACHE_DIR=tmp_path)) == 0.25
    assert files_in(tmp_path) == []
