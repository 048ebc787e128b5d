"""Bad input is refused with the argument's name, what was given and what would do."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.sparse import csr_array

import fastsgd

X = np.arange(6.0).reshape(3, 2)
y = np.arange(3.0)

BAD_INPUT = {
    "one dimension": (
        {"X": y},
        ValueError,
        "X: expected 2 dimensions .* (3,); np.asarray(X).reshape(1, -1) makes one row",
    ),
    "three dimensions": ({"X": X[None]}, ValueError, "X: expected 2 dimensions"),
    "no rows": ({"X": X[:0], "y": y[:0]}, ValueError, "X: expected at least one row"),
    "no features": ({"X": X[:, :0]}, ValueError, "X: expected at least one row and one feature"),
    "ragged rows": ({"X": [[1.0], [1.0, 2.0]]}, ValueError, "X: cannot be made an array"),
    "objects": (
        {"X": X.astype(object)},
        TypeError,
        "X: .* real numbers, got ndarray of dtype object; np.asarray(..., dtype=float) makes them",
    ),
    "strings": (
        {"X": X.astype(str)},
        TypeError,
        "X: .* real numbers, got ndarray of dtype <U32",
    ),
    "dates": (
        {"X": X.astype("M8[s]")},
        TypeError,
        "X: .* real numbers, .* datetime64",
    ),
    "complex": ({"X": X + 0j}, TypeError, "X: expected an array of real numbers, .* complex128"),
    "complex sparse": ({"X": csr_array(X + 0j)}, TypeError, "X: .* csr_array of dtype complex128"),
    "lazy": ({"X": pl.LazyFrame(X)}, TypeError, "X: LazyFrame holds no data .* X.collect()"),
    "complex y": ({"y": y + 0j}, TypeError, "y: expected an array of real numbers, .* complex128"),
    "sparse y": ({"y": csr_array(X[:, :1])}, TypeError, "y: sparse input .* y.toarray()"),
    "masked rows": ({"X": list(np.ma.array(X))}, TypeError, "X: masked arrays .* X.filled"),
    "huge integers": ({"X": [[10**400, 1.5]]}, (TypeError, ValueError), "X: "),
    "masked": ({"X": np.ma.array(X)}, TypeError, "X: masked arrays .* X.filled"),
    "lengths that differ": ({"y": y[:2]}, ValueError, "y: expected one entry for each of the 3"),
    "y of three dimensions": ({"y": y[:, None, None]}, ValueError, "y: expected shape"),
    "y without outputs": ({"y": np.ones((3, 0))}, ValueError, "y: expected at least one output"),
    "NaN": ({"X": [[1, 2], [3, np.nan], [5, 6]]}, ValueError, "X: row 1, column 1 is nan"),
    "infinity": ({"X": [[1, 2], [-np.inf, 4], [5, 6]]}, ValueError, "X: row 1, column 0 is -inf"),
    "NaN in y": ({"y": [0, 1, np.nan]}, ValueError, "y: row 2 is nan"),
    "NaN in outputs": ({"y": [[0, 1], [0, np.nan], [1, 1]]}, ValueError, "y: row 1, column 1"),
    "y too large": (
        {"X": X.astype("f4"), "y": [0, 1e300, 0]},
        ValueError,
        "y: row 1 is inf as float32",
    ),
    "negative weight": ({"sample_weight": [1, -2, 1]}, ValueError, "sample_weight: row 1 is -2"),
    "infinite weight": ({"sample_weight": [1, 1, np.inf]}, ValueError, "sample_weight: row 2 is"),
    "weights' shape": ({"sample_weight": [1, 1]}, ValueError, "sample_weight: expected shape (3,)"),
    "tiny negative weight": (
        {"X": X.astype("f4"), "sample_weight": [1, -1e-60, 1]},
        ValueError,
        "sample_weight: row 1 is -1e-60",
    ),
    "a generator": ({"X": (x for x in X)}, TypeError, "X: expected an array .* got generator"),
    "batch_size 0": ({"batch_size": 0}, ValueError, "batch_size: .* at least 1, got 0"),
    "batch_size 2.5": ({"batch_size": 2.5}, TypeError, "batch_size: expected an integer .* 2.5"),
    "batch_size True": ({"batch_size": True}, TypeError, "batch_size: expected an integer"),
    "lr 0": ({"lr": 0}, ValueError, "lr: expected a positive, finite number, got 0"),
    "lr -1": ({"lr": -1}, ValueError, "lr: expected a positive"),
    "lr nan": ({"lr": np.nan}, ValueError, "lr: expected a positive, finite number, got nan"),
    "lr inf": ({"lr": np.inf}, ValueError, "lr: expected a positive"),
    "lr of text": ({"lr": "optimum"}, ValueError, "lr: 'optimum' .* nearest name is 'optimal'"),
    "lr as a string": (
        {"lr": "0.1"},
        TypeError,
        "lr: expected a number or a name, got a number as a string, '0.1'",
    ),
    "lr True": ({"lr": True}, TypeError, "lr: expected a positive, finite number, got True"),
    "lr of an array": (
        {"lr": np.array([0.1])},
        TypeError,
        "lr: expected a number, a name, a value",
    ),
    "labels without a loss for them": (
        {"y": ["a", "b", "c"]},
        TypeError,
        "y: expected an array of real numbers .* a loss for classes, such as loss='logistic'",
    ),
    "numbers of y that are objects": (
        {"y": y.astype(object)},
        TypeError,
        "y: .* real numbers, got ndarray of dtype object; np.asarray(..., dtype=float) makes them",
    ),
    "weights of classes as those of rows": (
        {"sample_weight": "balanced"},
        TypeError,
        "sample_weight: .* class_weight='balanced' is what weighs classes",
    ),
    "a frame of other things": (
        {"X": pd.DataFrame({"a": [1, 2, 3], "b": ["x", "y", "z"]})},
        TypeError,
        "X: expected an array of real numbers, .* hold other things: 'b'; leave them out",
    ),
    "a parameter as a name": (
        {"optimizer": "momentum"},
        ValueError,
        "optimizer: 'momentum' .* fastsgd.optimizers.SGD(momentum=0.9) is a value that does it",
    ),
    "n_threads as elsewhere": (
        {"n_threads": -1},
        ValueError,
        "n_threads: expected an integer of at least 1, got -1; None is one thread on each",
    ),
    "weights of classes of numbers": (
        {"class_weight": "balanced"},
        ValueError,
        "class_weight: there are no classes for the loss .* one for classes, such as 'logistic'",
    ),
    "a loss as scikit-learn calls it": (
        {"loss": "log_loss"},
        ValueError,
        "loss: 'log_loss' is not known; the nearest name is 'logistic'",
    ),
    "penalty by another name": (
        {"penalty": "ridge"},
        ValueError,
        "penalty: 'ridge' is not known; the nearest name is 'l2'",
    ),
    "functions as a loss": (
        {"loss": lambda p, t: (p - t) ** 2},
        TypeError,
        "loss: expected a name, or a value .* fastsgd.losses.custom makes one of functions",
    ),
    "seed": (
        {"seed": np.random.RandomState(0)},
        TypeError,
        "seed: expected an integer from 0 to 2**64 - 1, a numpy.random.Generator or None, got",
    ),
    "average 0.5": (
        {"average": 0.5},
        TypeError,
        "average: expected True, False or the number of a step, an integer of at least 1, got 0.5",
    ),
    "lr above all floats": ({"lr": 10**400}, ValueError, "lr: expected a positive, finite"),
    "lr below float32": (
        {"X": X.astype("f4"), "lr": 1e-40},
        ValueError,
        "lr: expected a number from 1.2e-38 to 3.4e+38, the range of float32, got 1e-40",
    ),
    "eps below float32": (
        {"X": X.astype("f4"), "optimizer": fastsgd.optimizers.Adam(eps=1e-50)},
        ValueError,
        "optimizer's eps: expected a number from 1.2e-38 to 3.4e+38, the range of float32, ",
    ),
    "lr of a schedule below float32": (
        {"X": X.astype("f4"), "lr": fastsgd.schedules.InvScaling(1e-50)},
        ValueError,
        "lr: expected a number from 1.2e-38 to 3.4e+38, the range of float32, got 1e-50",
    ),
    "alpha above float32": (
        {"X": X.astype("f4"), "penalty": fastsgd.penalties.L1([1.0, 1e39])},
        ValueError,
        "penalty's alpha: expected a number from 1.2e-38 to 3.4e+38, the range of float32, got 1e",
    ),
    "delta above float32": (
        {"X": X.astype("f4"), "loss": fastsgd.losses.Huber(1e40)},
        ValueError,
        "loss's delta: expected a number from 1.2e-38 to 3.4e+38, the range of float32, got 1e+40",
    ),
    "delta below float32": (
        {"X": X.astype("f4"), "loss": fastsgd.losses.Huber(1e-50)},
        ValueError,
        "loss's delta: expected a number",
    ),
    "average 2**70": ({"average": 2**70}, ValueError, "average: expected an integer from 1 to"),
    "lr above float32": ({"X": X.astype("f4"), "lr": 1e42}, ValueError, "lr: expected a number"),
    "callback": ({"callback": 3}, TypeError, "callback: expected a function of (model, epoch)"),
    "progress": ({"progress": "no"}, TypeError, "progress: expected True or False, got 'no'"),
    "epochs -1": ({"epochs": -1}, ValueError, "epochs: expected an integer of at least 0, got -1"),
    "epochs 1.5": ({"epochs": 1.5}, TypeError, "epochs: expected an integer"),
    "unknown loss": ({"loss": "sqared"}, ValueError, "loss: 'sqared' .* nearest .* 'squared'"),
    "penalty of a number": (
        {"penalty": 0.5},
        TypeError,
        "penalty: expected a name, .* got 0.5; fastsgd.penalties.L2(0.5) has that strength",
    ),
    "penalty beyond all floats": ({"penalty": 10**400}, TypeError, "penalty: expected a name"),
    "lr of a class": (
        {"lr": fastsgd.schedules.Cosine},
        TypeError,
        "lr: expected a number, .* a class; Cosine(...) is a value of it",
    ),
    "loss of no kind": ({"loss": 3}, TypeError, "loss: expected a name, or a value"),
    "loss of a subclass": (
        {"loss": type("Squared", (fastsgd.losses.Squared,), {"__slots__": ()})()},
        TypeError,
        "loss: expected a name, or a value such as fastsgd.losses.Squared(), got Squared() of the "
        "subclass Squared, which kernels might take for its parent",
    ),
    "optimizer of a subclass": (
        {"optimizer": type("Mine", (fastsgd.optimizers.Adam,), {"__slots__": ()})()},
        TypeError,
        "optimizer: expected a name, or a value",
    ),
    "schedule of a subclass": (
        {"lr": type("Mine", (fastsgd.schedules.Constant,), {"__slots__": ()})(0.1)},
        TypeError,
        "lr: expected a name, or a value",
    ),
    "loss class": (
        {"loss": fastsgd.losses.Huber},
        TypeError,
        "loss: expected a name, or a value .* a class; Huber(...) is a value of it",
    ),
    "shuffle": ({"shuffle": "no"}, ValueError, "one of True, False, 'block', got 'no'"),
    "drop_last": ({"drop_last": 1}, TypeError, "drop_last: expected True or False"),
    "epoch_loss": ({"epoch_loss": "mean"}, ValueError, "epoch_loss: expected one of 'running', "),
    "seed -1": ({"seed": -1}, ValueError, "seed: expected an integer from 0"),
    "seed 2**64": ({"seed": 2**64}, ValueError, "seed: expected an integer from 0"),
    "seed 'a'": ({"seed": "a"}, TypeError, "seed: expected an integer from 0"),
    "init": ({"init": 5}, TypeError, "init: expected a Model, a pair"),
    "init's shape": ({"init": ([1.0], 0.0)}, ValueError, "init's w: expected shape (2,)"),
    "init's b": ({"init": ([1, 2], [0.0])}, ValueError, "init's b: expected shape ()"),
    "init above float32": (
        {"X": X.astype("f4"), "init": ([1e300, 0], 0.0)},
        ValueError,
        "init's w: expected finite float32s, got",
    ),
    "init's NaN": ({"init": ([1, np.nan], 0.0)}, ValueError, "init's w: expected finite"),
}


@pytest.mark.parametrize("case", BAD_INPUT)
def test_bad_input_is_refused(case):
    arguments, error, message = BAD_INPUT[case]
    pattern = ".*".join(re.escape(part) for part in message.split(" .* "))
    with pytest.raises(error, match=pattern):
        fastsgd.fit(**{"X": X, "y": y, **arguments})


@given(
    shape=hnp.array_shapes(min_dims=2, max_dims=2, max_side=70),
    dtype=st.sampled_from(["float32", "float64"]),
    bad=st.sampled_from([np.nan, np.inf, -np.inf]),
    data=st.data(),
)
def test_the_first_bad_number_is_named(shape, dtype, bad, data):
    array = np.full(shape, np.finfo(dtype).max, dtype)
    rows = data.draw(st.integers(0, shape[0] - 1)), data.draw(st.integers(0, shape[1] - 1))
    array[rows] = bad
    array.flat[np.ravel_multi_index(rows, shape) + 1 :] = np.nan
    with pytest.raises(ValueError, match=f"X: row {rows[0]}, column {rows[1]} is {bad} "):
        fastsgd.fit(array, np.zeros(shape[0]), epochs=0)


def test_the_largest_and_smallest_numbers_are_finite():
    for dtype in ("float32", "float64"):
        info = np.finfo(dtype)
        extremes = np.array([[info.max, info.min, info.tiny, info.smallest_subnormal]], dtype)
        fastsgd.fit(extremes, [0.0], epochs=0)


def test_the_search_for_nan_reaches_the_last_stretch(monkeypatch):
    monkeypatch.setattr("fastsgd.checks.STRETCH", 7)
    array = np.zeros((10, 5))
    array[9, 4] = np.nan
    with pytest.raises(ValueError, match="row 9, column 4"):
        fastsgd.fit(array, np.zeros(10))


@pytest.mark.parametrize(
    ("argument", "given"),
    [("penalty", -0.5), ("lr", fastsgd.losses.Huber), ("loss", dict)],
)
def test_an_error_does_not_say_that_what_would_fail_as_well_would_do(argument, given):
    with pytest.raises(TypeError, match=re.escape(f"got {given!r}") + "$"):
        fastsgd.fit(X, y, **{argument: given})


@pytest.mark.parametrize("wrap", [list, pd.Series, np.asarray])
def test_what_an_error_says_would_do_does(wrap):
    X = wrap([1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="X: ") as caught:
        fastsgd.fit(X, y)
    hint = re.search("; (.*) makes one row of it, and (.*) one feature", str(caught.value))
    for expression, shape in zip(hint.groups(), [(1, 3), (3, 1)], strict=True):
        assert eval(expression).shape == shape
    labels = pd.DataFrame({"label": ["a", "b", "a"]})
    with pytest.raises(ValueError, match=r"y: .*; np.ravel\(y\) makes it so"):
        fastsgd.fit([[1.0], [2.0], [3.0]], labels, loss="hinge")


@pytest.mark.parametrize("loss", ["squared", "logistic"])
@pytest.mark.parametrize("error", [TypeError, RuntimeError])
@pytest.mark.parametrize("name", ["X", "y", "sample_weight"])
def test_what_fails_to_become_an_array_is_named(name, error, loss):
    class Tensor:
        def __array__(self, *arguments, **options):
            raise error("call detach() first")

    arguments = {"X": np.ones((3, 1)), "y": [0, 1, 0], name: Tensor()}
    with pytest.raises(TypeError, match=f"{name}: cannot be made an array: call detach"):
        fastsgd.fit(**arguments, loss=loss)


@pytest.mark.parametrize(
    "name",
    ["validation", "init", "callback", "lr", "resume", "epochs", "shuffle", "loss", "average"],
)
@pytest.mark.parametrize("kind", [np.asarray, pd.DataFrame, np.ndarray.tolist])
def test_a_table_in_the_wrong_place_does_not_fill_the_screen(name, kind):
    table = kind(np.zeros((300, 2)))
    with pytest.raises((TypeError, ValueError)) as caught:
        fastsgd.fit(X, y, **{name: table})
    assert re.match(
        f"{name}: expected .*(of shape \\(300, 2\\)|0.0, ...|300 things)", str(caught.value)
    )
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("name", ["batch_size", "epochs", "lr", "tol", "seed"])
def test_integers_that_python_does_not_print_are_refused_by_name(name):
    with pytest.raises(ValueError, match=f"{name}: .*, got int that Python does not print"):
        fastsgd.fit(X, y, **{name: -(10**5000)})
