"""Kernels specialise on types, are found again by the next process, and are never stale."""

from __future__ import annotations

import ast
import copy
import os
import pickle
import re
import shutil
from importlib import import_module
from inspect import isfunction
from pathlib import Path
from pkgutil import walk_packages
from typing import NamedTuple

import numpy as np
import pytest
from interpreted_mode import needs_jit
from numba import njit
from numba.misc.firstlinefinder import get_func_body_first_lineno
from scripts import output_of

import fastsgd
import fastsgd.sklearn
from fastsgd.kernels.callee import call, callee
from fastsgd.kernels.epoch import run
from fastsgd.kernels.jit import OPTIONS, apart, by_type, entry
from fastsgd.kernels.prefetch import prefetch_bytes

FIT = """
import sys; sys.path.insert(0, sys.argv[1])
import fastsgd
from fastsgd.kernels.epoch import run
model = fastsgd.fit([[1.0]], [1.0], init=([0.0], 0.0), lr=0.25, epochs=1)
print(model.w[0], sum(run.stats.cache_hits.values()), sum(run.stats.cache_misses.values()))
"""


def fit_in_a_new_process(folder, cache):
    """Return the learned weight, and how often `run` was found on disk and not found."""
    w, hits, misses = output_of(FIT, folder, cwd=cache, NUMBA_CACHE_DIR=cache).split()
    return float(w), int(hits), int(misses)


@pytest.fixture
def copy_of_the_package(tmp_path):
    source = Path(fastsgd.__file__).parent
    ignore = shutil.ignore_patterns("__pycache__")
    return Path(shutil.copytree(source, tmp_path / "copy" / "fastsgd", ignore=ignore))


@needs_jit
def test_next_process_finds_the_kernel_and_an_edited_loss_is_never_stale(
    copy_of_the_package, tmp_path
):
    cache = tmp_path / "cache"
    cache.mkdir()
    folder = copy_of_the_package.parent
    assert fit_in_a_new_process(folder, cache) == (0.25, 0, 1)
    assert fit_in_a_new_process(folder, cache) == (0.25, 1, 0)
    losses = copy_of_the_package / "losses" / "regression.py"
    text = losses.read_text()
    assert text.count("return y_hat - y") == 1
    losses.write_text(text.replace("return y_hat - y", "return 2 * (y_hat - y)"))
    assert fit_in_a_new_process(folder, cache) == (0.5, 0, 1)


IMPORT = """
import gc, sys, numba
numba.njit = None
meanwhile = []

def note(phase, info):
    meanwhile.append("fastsgd.losses" in sys.modules)

gc.callbacks.append(note)
import fastsgd
gc.callbacks.remove(note)
print(any(meanwhile), gc.isenabled(), gc.get_freeze_count())
"""


def test_importing_prepares_no_kernel_and_collects_no_garbage():
    assert output_of(IMPORT).split() == ["False", "True", "0"]


def test_what_was_frozen_stays_so_after_importing():
    script = "import gc, numba; gc.freeze(); import fastsgd; print(gc.get_freeze_count() > 10_000)"
    assert output_of(script) == "True\n"


def test_copies_of_a_kernel_are_the_kernel():
    assert copy.deepcopy(run) is run
    assert pickle.loads(pickle.dumps(run)) is run


class Line(NamedTuple):
    slope: float

    def height(self, x):
        return self.slope * x


class Constant(NamedTuple):
    def height(self, x):
        return 7.0


@by_type
def height(shape, x):
    return shape.height(x)


@njit(**OPTIONS)
def total_height(shape, n):
    total = 0.0
    for x in range(n):
        total += height(shape, x)
    return total


def test_no_two_named_tuples_look_alike_to_the_compiler():
    # In one process, numba tells their classes apart by no more than these.
    known = named_tuples_of(fastsgd)
    assert len({(cls.__name__, cls._fields) for cls in known}) == len(known) > 50


def test_no_function_imports_a_module_of_the_package():
    # A child that is forked while another thread imports what a fit needs would wait for ever, and
    # of sources that are edited meanwhile, new and old ones would run together.
    paths = [*Path(fastsgd.__file__).parent.rglob("*.py")]
    functions = [
        (path, node)
        for path in paths
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef)
    ]
    assert len(functions) > 500
    for path, function in functions:
        for node in ast.walk(function):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names.append("fastsgd" if node.level > 0 else node.module)
            assert not any(name.startswith("fastsgd") for name in names), (path, function.name)


def test_numba_finds_the_first_line_of_all_methods():
    # Debug information, as profilers ask for, would end with an error.
    known = named_tuples_of(fastsgd.kernels)
    methods = [method for cls in known for method in vars(cls).values() if isfunction(method)]
    ours = [method for method in methods if method.__module__.startswith("fastsgd")]
    assert len(ours) > 50
    for method in ours:
        assert get_func_body_first_lineno(method) > method.__code__.co_firstlineno


def named_tuples_of(package):
    """Return the classes of all modules of a package, those too that are imported late."""
    found = walk_packages(package.__path__, f"{package.__name__}.")
    modules = [import_module(module.name) for module in found]
    return set(filter(is_named_tuple, (thing for m in modules for thing in vars(m).values())))


def is_named_tuple(thing):
    return isinstance(thing, type) and issubclass(thing, tuple) and hasattr(thing, "_fields")


def test_a_method_is_picked_by_type_and_its_numbers_are_not_compiled_in():
    assert total_height(Line(2.0), 4) == 12
    assert total_height(Line(3.0), 4) == 18
    assert total_height(Constant(), 4) == 28
    assert height(Line(2.0), 4) == 8


@apart
def write_doubled_height(shape, x, out):
    out[0] = 2 * height(shape, x)
    if out[0] < 0:
        raise ValueError("a height below 0")


@entry
def in_one_kernel(called, shape, x, out):
    call(called, (shape, x, out))
    return out[0] + 1


@entry
def in_another(called, shape, x, out):
    call(called, (shape, x, out))
    first = out[0]
    call(called, (shape, x + 1, out))
    return first + out[0]


def called_by(kernel, shape, x):
    out = np.zeros(1)
    return kernel(callee(write_doubled_height, shape, x, out), shape, x, out)


@pytest.mark.parametrize("kernel", [in_one_kernel, in_another])
def test_what_a_callee_raises_reaches_python(kernel):
    with pytest.raises(ValueError, match="a height below 0"):
        called_by(kernel, Line(-1.0), 3)


@needs_jit
def test_a_callee_of_other_types_is_refused():
    out = np.zeros(1)
    called = callee(write_doubled_height, Line(1.0), 3, out)
    with pytest.raises(TypeError, match="compiled for other types"):
        in_one_kernel(called, Constant(), 3, out)
    with pytest.raises(TypeError, match="compiled for other types"):
        in_another(called, Line(1.0), 3.0, out)


KERNELS = """
import sys; sys.path.insert(0, sys.argv[1])
from test_jit import Constant, Line, called_by, in_another, in_one_kernel, write_doubled_height
for kernel in in_one_kernel, in_another:
    print(*(called_by(kernel, shape, 3) for shape in (Line(0.5), Line(2), Constant())))
    print(sum(kernel.stats.cache_hits.values()))
print(sum(write_doubled_height.stats.cache_hits.values()))
"""


@needs_jit
def test_kernels_call_one_by_address_and_all_are_found_on_disk(tmp_path):
    for hits in "0", "3":
        output = output_of(KERNELS, Path(__file__).parent, NUMBA_CACHE_DIR=tmp_path)
        # 2 * 0.5 * 3 + 1, 2 * 2 * 3 + 1, 2 * 7 + 1; 2 * (0.5 * 3 + 0.5 * 4), and so on.
        assert output.split("\n") == ["4.0 13.0 15.0", hits, "7.0 28.0 28.0", hits, hits, ""]


FORKED = """
import multiprocessing, threading, time
import numpy as np, fastsgd
from fastsgd.kernels import epoch
X = np.ones((20, 3))
def fit(seed):
    return float(fastsgd.fit(X, X[:, 0], seed=seed).b)
thread = threading.Thread(target=fit, args=(0,))
thread.start()
while not epoch.run.is_compiling and thread.is_alive():
    time.sleep(0.001)
with multiprocessing.get_context("fork").Pool(1) as pool:
    print(pool.apply_async(fit, (0,)).get(200) == fit(0))
"""


@needs_jit
@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes do not fork here")
def test_a_process_that_is_forked_while_another_thread_compiles_compiles_as_well(tmp_path):
    assert output_of(FORKED, timeout=300, NUMBA_CACHE_DIR=tmp_path).split() == ["True"]


INTERRUPTED = """
import os, signal, sys, threading, time
import numpy as np, fastsgd
from fastsgd.kernels import epoch
signal.signal(signal.SIGINT, signal.default_int_handler)
X = np.ones((20, 3))
thread = threading.Thread(target=fastsgd.fit, args=(X, X[:, 0]))
thread.start()
while not epoch.run.is_compiling and thread.is_alive():
    time.sleep(0.001)
# What another handler raises before a fork, Python prints and drops; the fork goes on.
signal.signal(signal.SIGTERM, lambda *_: sys.exit(3))
threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGTERM)).start()
threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
try:
    if os.fork() == 0:
        signal.alarm(200)
        fastsgd.fit(X, X[:, 0])
        os._exit(7)
    time.sleep(60)
    print("not interrupted")
except KeyboardInterrupt:
    print("interrupted")
print(os.waitstatus_to_exitcode(os.wait()[1]))
"""


@needs_jit
@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes do not fork here")
def test_ctrl_c_while_a_fork_waits_is_not_lost_and_the_child_compiles(tmp_path):
    output = output_of(INTERRUPTED, timeout=300, NUMBA_CACHE_DIR=tmp_path)
    assert output.split() == ["interrupted", "7"]


@njit(**OPTIONS)
def touch_all(array):
    prefetch_bytes(array, 0, array.nbytes)


@needs_jit
def test_prefetch_reaches_the_machine_code():
    touch_all(np.ones((3, 50)))
    (assembly,) = touch_all.inspect_asm().values()
    assert re.search(r"\n\s+(prefetch\w*|prfm)\s", assembly)


INTERPRETED = """
import numpy as np, fastsgd
rng = np.random.default_rng(0)
X = rng.normal(size=(37, 3))
y = np.column_stack([X.sum(axis=1), -X.sum(axis=1)])
with np.errstate(over="ignore"):  # integers of 64 bits are meant to wrap around
    model = fastsgd.fit(X, y, sample_weight=np.arange(37), seed=0, epoch_loss="full")
    gradient = fastsgd.gradient(X, y, model.w, model.b, sample_weight=np.arange(37))
print(*model.w.ravel(), *model.b, *model.history.loss, *gradient.w.ravel(), *gradient.b)
"""


def test_interpreted_and_compiled_kernels_agree():
    outputs = [output_of(INTERPRETED, NUMBA_DISABLE_JIT=disable).split() for disable in (0, 1)]
    # They add up in different orders; the gradients are sums of 37 terms of order 10.
    np.testing.assert_allclose(*np.array(outputs, float), rtol=1e-11, atol=1e-11)
