"""Losses are told apart by what their functions do, in one process and on disk; never stale."""

from __future__ import annotations

import builtins
import copy
import functools
import math
import pickle
import sys
from collections import namedtuple
from types import FunctionType
from typing import NamedTuple

import numpy as np
import pytest
from interpreted_mode import needs_jit
from numba import float32, float64, njit
from numba.extending import overload, register_jitable

import fastsgd
from fastsgd import losses
from fastsgd.functions import fingerprint
from fastsgd.kernels.methods import derivative, value

DELTA = 1.35


@njit
def checked(x, limit):
    if x > limit:
        raise ValueError
    return x


def make(constant):
    return lambda x: constant * x


def test_fingerprints_tell_what_functions_do():
    def other_constant(x):
        return DELTA * x + 1

    def other_name(x):
        return np.sqrt(x)

    def other_function(x):
        return np.exp(x)

    assert fingerprint(make(2.0)) == fingerprint(make(2.0))
    functions = [make(2.0), make(3.0), make(2), other_constant, other_name, other_function]
    assert len({fingerprint(f) for f in functions}) == len(functions)


def test_what_a_try_protects_is_part_of_a_function():
    def both(p, t):
        try:
            a = checked(p, 1e6)
            b = checked(p, 20.0)
        except Exception:
            return 100.0
        return (a - t) * (b - t) / 2

    def first(p, t):
        try:
            a = checked(p, 1e6)
        except Exception:
            return 100.0
        else:
            b = checked(p, 20.0)
        return (a - t) * (b - t) / 2

    assert fingerprint(both) != fingerprint(first)


def test_what_is_put_into_a_module_is_part_of_a_function(monkeypatch):
    def value(p, t):
        return np.my_factor * (p - t) ** 2 / 2

    prints = []
    for factor in (2.0, 3.0, np.array([2.0]), (2.0, 3.0), (2.0, 4.0)):
        monkeypatch.setattr(np, "my_factor", factor, raising=False)
        prints.append(fingerprint(value))
        monkeypatch.setattr(np.linalg, "my_other", factor, raising=False)
        prints.append(fingerprint(lambda p, t: np.linalg.my_other * (p - t)))
    assert len({*prints, fingerprint(lambda p, t: (p - t) ** 2 / 2)}) == 11


def test_functions_that_are_put_into_a_module_are_part_of_one_that_calls_them(monkeypatch):
    prints = []
    numpys = np.exp, np.sinh, np.sinc, np.nan_to_num, np.float32, np.float64
    for function in (*numpys, math.exp, math.sinh, float32, float64):
        monkeypatch.setattr(np, "my_function", function, raising=False)
        prints.append(fingerprint(lambda p, t: np.my_function(p - t)))
    assert None not in prints
    assert len({*prints}) == 10


def test_what_cannot_be_compared_has_no_fingerprint():
    assert fingerprint(lambda x: pytest.approx(x)) is None
    assert fingerprint(make([1.0])) is None


@njit
def compiled_slope(loss):
    """Return the derivative at the prediction 1 of the target 0, as kernels see it."""
    return derivative(loss, 1.0, 0.0)


@njit
def compiled_value(loss):
    """Return the loss of the prediction 1 of the target 0, as kernels see it."""
    return value(loss, 1.0, 0.0)


def squared_times(factor):
    return losses.custom(
        lambda p, t: factor * (p - t) ** 2 / 2,
        lambda p, t: factor * (p - t),
    )


def test_losses_made_in_a_loop_keep_the_numbers_of_their_turn():
    made = []
    for factor in (1.0, 3.0):
        made.append(
            losses.custom(
                lambda p, t: factor * (p - t) ** 2 / 2,  # noqa: B023
                lambda p, t: factor * (p - t),  # noqa: B023
            )
        )
    assert [compiled_slope(loss) for loss in made] == [1.0, 3.0]
    assert [loss.derivative(1.0, 0.0) for loss in made] == [1.0, 3.0]
    assert made == [squared_times(1.0), squared_times(3.0)]


def test_arrays_may_change_once_a_loss_is_made():
    factors = np.array([2.0])

    def make():
        return losses.custom(
            lambda p, t: factors[0] * (p - t) ** 2 / 2, lambda p, t: factors[0] * (p - t)
        )

    before = make()
    factors[0] = 5.0
    after = make()
    assert [compiled_slope(loss) for loss in (before, after)] == [2.0, 5.0]


class Scales(NamedTuple):
    first: float
    second: float


def test_numbers_are_known_by_the_names_of_their_fields():
    def make(scales):
        return losses.custom(
            lambda p, t: scales.first * (p - t) ** 2 / 2, lambda p, t: scales.first * (p - t)
        )

    swapped = namedtuple("Scales", "second first")
    assert compiled_slope(make(Scales(1.0, 3.0))) == 1.0
    assert compiled_slope(make(swapped(1.0, 3.0))) == 3.0


FACTOR = 1.0


def scaled(p, t):
    return FACTOR * (p - t) ** 2 / 2


def scaled_slope(p, t):
    return FACTOR * (p - t)


@njit
def times_factor(x):
    return FACTOR * x


def test_compiled_functions_are_read_anew(monkeypatch):
    def make():
        return losses.custom(
            lambda p, t: times_factor(p - t) * (p - t) / 2, lambda p, t: times_factor(p - t)
        )

    assert compiled_slope(make()) == 1.0
    monkeypatch.setitem(globals(), "FACTOR", 7.0)
    assert compiled_slope(make()) == 7.0
    assert compiled_slope(losses.custom(njit(scaled), njit(scaled_slope))) == 7.0


def test_compiled_functions_may_call_themselves():
    @njit
    def power(x, n):
        return x * power(x, n - 1) if n > 0 else 1.0

    loss = losses.custom(lambda p, t: power(p - t, 2) / 2, lambda p, t: power(p - t, 1))
    assert compiled_slope(loss) == 1.0


@njit
def even(x, n):
    return x if n <= 0 else odd(x, n - 1)


@njit
def odd(x, n):
    return x if n <= 0 else even(x, n - 1)


@needs_jit
def test_compiled_functions_may_call_each_other():
    loss = losses.custom(lambda p, t: even(p - t, 3) * (p - t) / 2, lambda p, t: even(p - t, 3))
    assert compiled_slope(loss) == 1.0


def test_a_loss_whose_functions_do_something_else_by_now_is_not_unpickled(monkeypatch):
    loss = losses.custom(scaled, scaled_slope)
    pickled = pickle.dumps(loss)
    assert pickle.loads(pickled) == loss
    monkeypatch.setitem(globals(), "FACTOR", 3.0)
    with pytest.raises(ValueError, match=r"loss: what the functions of custom\(scaled\) refer to"):
        pickle.loads(pickled)


def test_functions_that_are_defined_again_can_be_pickled(monkeypatch):
    losses.custom(scaled, scaled_slope)
    for function in (scaled, scaled_slope):
        again = FunctionType(function.__code__, globals(), function.__name__)
        again.__module__ = __name__
        monkeypatch.setitem(globals(), function.__name__, again)
    loss = losses.custom(globals()["scaled"], globals()["scaled_slope"])
    assert pickle.loads(pickle.dumps(loss)) == loss


def test_what_numba_cannot_hold_is_left_to_it():
    loss = losses.custom(
        lambda p, t: (p - t) ** 2 / 2 if sys.version_info[0] > 2 else 0.0, lambda p, t: p - t
    )
    assert loss.derivative(1.0, 0.0) == 1.0
    assert fingerprint(lambda p: np.finfo(p).eps, np.finfo(float)) is None


@needs_jit
def test_what_else_numba_is_told_of_a_function_is_part_of_it():
    def half(x):
        part = x / 2
        return part

    def make(function):
        return losses.custom(lambda p, t: (p - t) ** 2 / 4, lambda p, t: function(p - t))

    plain, narrow = make(njit(half)), make(njit(locals={"part": float32})(half))
    single = make(njit(["float32(float32)"])(half))
    assert len({type(loss) for loss in (plain, narrow, single)}) == 3
    assert [compiled_slope(loss) for loss in (plain, narrow, single)] == [0.5] * 3


def test_a_wrapper_is_not_what_it_wraps():
    def tripled(function):
        @functools.wraps(function)
        def triple(p, t):
            return 3.0 * function(p, t)

        return triple

    value, slope = njit(scaled), njit(scaled_slope)
    assert compiled_slope(losses.custom(value, slope)) == 1.0
    assert compiled_slope(losses.custom(tripled(value), tripled(slope))) == 3.0


def test_the_same_functions_of_other_names_are_known_by_these():
    def other_value(p, t):
        return FACTOR * (p - t) ** 2 / 2

    mine = [losses.custom(value, scaled_slope) for value in (scaled, other_value)]
    assert [loss.name for loss in mine] == ["scaled", "other_value"]


def test_what_numba_is_told_to_put_in_the_place_of_a_function_is_not_known():
    def doubled(x):
        return 2 * x

    overload(doubled)(lambda x: lambda x: 2 * x)
    assert fingerprint(lambda p, t: doubled(p - t)) is None


def test_what_numba_is_told_to_put_in_the_place_of_pythons_own_functions_is_not_known():
    def slope(p, t):
        return math.cbrt(p - t)

    assert fingerprint(slope) is not None
    overload(math.cbrt)(lambda x: lambda x: x)
    assert fingerprint(slope) is None


def test_a_function_that_goes_by_the_name_of_another_is_not_known():
    @register_jitable
    @functools.wraps(math.exp)
    def exp(x):
        return 2 * x

    assert fingerprint(lambda p, t: exp(p - t)) is None


def test_copies_of_a_loss_are_that_loss():
    loss = squared_times(2.0)
    assert copy.deepcopy(loss) is loss
    assert copy.copy(loss) is loss


def test_the_same_functions_after_a_global_has_changed_are_another_loss(monkeypatch):
    one = losses.custom(scaled, scaled_slope)
    assert (compiled_slope(one), compiled_value(one)) == (1.0, 0.5)
    monkeypatch.setitem(globals(), "FACTOR", 5.0)
    five = losses.custom(scaled, scaled_slope)
    assert (compiled_slope(five), compiled_value(five)) == (5.0, 2.5)


def test_a_name_that_python_has_as_well_is_part_of_a_function():
    losses = []
    for factor in (1.0, 5.0):
        names = {"pow": factor}
        exec("def value(p, t): return pow * (p - t) ** 2 / 2", names)
        exec("def slope(p, t): return pow * (p - t)", names)
        losses.append(fastsgd.losses.custom(names["value"], names["slope"]))
    assert losses[0] != losses[1]
    assert losses[1].value(3.0, 1.0) == 10.0


class Rounded(float):
    """A number that does not print what it is."""

    def __repr__(self):
        return "1"


def test_numbers_that_print_as_they_like_are_told_apart():
    half, double = (squared_times(Rounded(factor)) for factor in (0.5, 2.0))
    assert half != double
    assert (half.value(1.0, 0.0), double.value(1.0, 0.0)) == (0.25, 1.0)


def test_what_is_put_among_the_names_of_python_is_part_of_a_function(monkeypatch):
    made = []
    for factor in (1.0, 2.0):
        monkeypatch.setattr(builtins, "my_factor", factor, raising=False)
        made.append(
            losses.custom(
                lambda p, t: my_factor * (p - t) ** 2 / 2,  # noqa: F821
                lambda p, t: my_factor * (p - t),  # noqa: F821
            )
        )
    assert made[0] != made[1]
    assert [compiled_slope(loss) for loss in made] == [1.0, 2.0]
