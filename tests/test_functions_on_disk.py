"""Losses are found on disk by what their functions do, whatever the process and its modules."""

from __future__ import annotations

from pathlib import Path

from interpreted_mode import needs_jit
from scripts import output_of

import fastsgd

# A user's script: the loss is in a module of its own, which the test edits.
SCRIPT = """
import fastsgd
from my_loss import value, derivative
from fastsgd.kernels.epoch import run
loss = fastsgd.losses.custom(value, derivative)
model = fastsgd.fit([[1.0]], [1.0], loss=loss, init=([0.0], 0.0), lr=0.25, epochs=1)
print(model.w[0], sum(run.stats.cache_hits.values()), sum(run.stats.cache_misses.values()))
"""


MODULE = """
SCALE = {scale}
def value(p, t):
    return {factor} * SCALE * (p - t) ** 2 / 2
def derivative(p, t):
    return {factor} * SCALE * (p - t)
"""


@needs_jit
def test_next_process_finds_a_custom_loss_and_an_edited_one_is_never_stale(tmp_path):
    def run(scale, factor, script=SCRIPT, name="my_loss"):
        (tmp_path / f"{name}.py").write_text(MODULE.format(scale=scale, factor=factor))
        output = output_of(
            "import sys; sys.path.insert(0, '.')" + script.replace("my_loss", name),
            cwd=tmp_path,
            NUMBA_CACHE_DIR=tmp_path / "cache",
            PYTHONDONTWRITEBYTECODE=1,
            PYTHONPATH=Path(fastsgd.__file__).parent.parent,
        )
        w, hits, misses = output.split()
        return float(w), int(hits), int(misses)

    assert run(1.0, 1.0) == (0.25, 0, 1)
    assert run(1.0, 1.0) == (0.25, 1, 0)
    (tmp_path / "my_loss.py").unlink()
    assert run(1.0, 1.0, name="the_new_name_of_the_module") == (0.25, 1, 0)
    assert run(1.0, 2.0) == (0.5, 0, 1)  # another constant in the code
    in_main = (
        "\n"
        + MODULE.format(scale=2.0, factor=1.0)
        + SCRIPT.replace("from my_loss import value, derivative", "")
    )
    assert run(1.0, 1.0, in_main) == (0.5, 0, 1)  # functions of the script itself
    assert run(1.0, 1.0, in_main) == (0.5, 1, 0)


SETS = """
from numba import njit
from fastsgd.losses import custom
flags = {"contract", "reassoc", "nsz"}
square = njit(fastmath=flags)(lambda x: x * x / 2)
print(type(custom(lambda p, t: square(p - t), lambda p, t: p - t)).__name__, *flags)
"""


@needs_jit
def test_a_loss_has_the_same_name_in_every_process():
    outputs = [output_of(SETS, PYTHONHASHSEED=seed).split() for seed in ("1", "2")]
    assert outputs[0][0] == outputs[1][0]
    assert outputs[0][1:] != outputs[1][1:]  # the order of a set is another in each


CALLS_ITSELF = """
from numba import njit
import fastsgd
@njit
def power(x, n):
    return x * power(x, n - 1) if n > 0 else 1.0
loss = fastsgd.losses.custom(lambda p, t: power(p - t, 2) / 2, lambda p, t: power(p - t, 1))
print(fastsgd.fit([[1.0]], [0.0], loss=loss, init=([1.0], 0.0), epochs=0).evaluate([[1.0]], [0.0]))
"""


@needs_jit
def test_what_calls_itself_runs_in_the_next_process_as_well(tmp_path):
    for _ in range(2):
        assert output_of(CALLS_ITSELF, NUMBA_CACHE_DIR=tmp_path) == "0.5\n"
