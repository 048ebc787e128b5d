"""Losses and penalties of the user's own: what they are, and what is refused."""

from __future__ import annotations

import gc
import math
import pickle
import statistics
import sys
import weakref

import numpy as np
import pytest
from interpreted_mode import needs_jit
from numba import cloudpickle, njit
from numba.core import event

import fastsgd
from fastsgd import losses, penalties

DELTA = 1.35


def huber_value(p, t):
    r = abs(p - t)
    return r * r / 2 if r <= DELTA else DELTA * (r - DELTA / 2)


def huber_derivative(p, t):
    r = p - t
    return r if abs(r) <= DELTA else math.copysign(DELTA, r)


def half_square(w):
    return 0.05 * w * w


def half_square_slope(w):
    return 0.1 * w


def data(n=200):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 3))
    return X, X @ [1.0, -2.0, 0.5] + rng.standard_t(2, size=n)


def test_a_custom_huber_is_huber():
    X, y = data()
    mine = losses.custom(huber_value, huber_derivative)
    options = {"seed": 0, "epoch_loss": "full"}
    ours = fastsgd.fit(X, y, loss=losses.Huber(delta=DELTA), **options)
    for dtype in ("float64", "float32"):
        custom = fastsgd.fit(X.astype(dtype), y, loss=mine, **options)
        assert custom.w.dtype == dtype
        # The same arithmetic, but for what rounds where X is float32.
        tolerance = 1e-13 if dtype == "float64" else 1e-5
        np.testing.assert_allclose(custom.w, ours.w, rtol=tolerance)
        np.testing.assert_allclose(custom.history.loss, ours.history.loss, rtol=tolerance)


def test_a_custom_penalty_is_the_penalty():
    X, y = data()
    mine = penalties.custom(half_square, half_square_slope)
    ours, custom = (fastsgd.fit(X, y, penalty=p, seed=0) for p in (penalties.L2(0.1), mine))
    np.testing.assert_allclose(custom.w, ours.w, rtol=1e-13)
    np.testing.assert_allclose(custom.history.penalty, ours.history.penalty, rtol=1e-13)


def test_a_custom_loss_for_two_classes_sees_signs_and_k_classes_one_versus_rest():
    X, y = data()
    mine = losses.custom(
        lambda p, t: max(0.0, 1 - t * p),
        lambda p, t: -t if t * p < 1 else 0.0,
        kind="binary",
    )
    for labels in (np.where(y > 0, "up", "down"), np.digitize(y, [-1, 1])):
        ours, custom = (
            fastsgd.fit(X, labels, loss=loss, seed=0, lr=0.01) for loss in ("hinge", mine)
        )
        np.testing.assert_allclose(custom.w, ours.w, rtol=1e-12)
        np.testing.assert_array_equal(custom.predict(X), ours.predict(X))


@pytest.mark.parametrize(
    ("value", "derivative", "where"),
    [
        (lambda p, t: (p - t) ** 2, lambda p, t: p - t, "prediction=-10, target=-2"),
        (lambda p, t: abs(p - t), lambda p, t: 1.0 if p > t else 0.0, "prediction=-10"),
        # Right but at one point, a kink, where 2 lies outside of the slopes -1 and 1.
        (
            lambda p, t: abs(p - t),
            lambda p, t: 2.0 if p == t else math.copysign(1, p - t),
            "prediction=-2, target=-2",
        ),
        (lambda p, t: p * p / 2, lambda p, t: p * 1.001, "prediction=-10"),
        (lambda p, t: 1e-7 * (p - t) ** 2, lambda p, t: -2e-7 * (p - t), "prediction=-10"),
    ],
)
def test_a_wrong_derivative_is_refused_and_the_place_is_named(value, derivative, where):
    with pytest.raises(ValueError, match=f"derivative: at {where}"):
        losses.custom(value, derivative)


@pytest.mark.parametrize("scale", [1e-4, 1.0, 1e4, 1e5])
def test_a_right_derivative_passes_whatever_its_scale(scale):
    def welsch(p, t):
        return 1 - math.exp(-(((p - t) / scale) ** 2) / 2)

    def slope(p, t):
        return (p - t) / scale**2 * (1 - welsch(p, t))

    losses.custom(welsch, slope)
    losses.custom(lambda p, t: scale * (p - t) ** 2, lambda p, t: 2 * scale * (p - t))


@pytest.mark.parametrize("at_kink", [-1.0, -0.5, 0.0, 1.0])
def test_at_a_kink_any_slope_between_the_sides_passes(at_kink):
    def derivative(p, t):
        return at_kink if p == t else math.copysign(1.0, p - t)

    losses.custom(lambda p, t: abs(p - t), derivative)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"value": lambda p, t: math.log(t) * p}, "value: at prediction=-10, target=-2 it raised"),
        ({"value": lambda p, t: np.log(t) * p}, "value: at prediction=-10, target=-2 it is nan"),
        ({"value": lambda p, t: p, "derivative": lambda p, t: math.inf}, "derivative: .* is inf"),
        ({"kind": "ranking"}, "kind: expected one of 'regression', 'binary', got 'ranking'"),
    ],
)
def test_what_no_loss_can_be_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        losses.custom(**{"value": huber_value, "derivative": huber_derivative, **arguments})


def test_targets_say_what_the_derivative_is_checked_with():
    def value(p, t):
        return math.exp(p) - t * p + math.lgamma(t + 1)

    loss = losses.custom(value, lambda p, t: math.exp(p) - t, targets=[0, 1, 5])
    X = data()[0]
    counts = np.random.default_rng(0).poisson(np.exp(X[:, 0] / 2))
    model = fastsgd.fit(X, counts, loss=loss, seed=0)
    np.testing.assert_allclose(
        model.w, fastsgd.fit(X, counts, loss="poisson", seed=0).w, rtol=1e-12
    )


def test_what_is_not_a_function_is_refused():
    with pytest.raises(TypeError, match="derivative: expected a function, got 'slope'"):
        losses.custom(huber_value, "slope")
    with pytest.raises(TypeError, match="value: expected a function, got None"):
        penalties.custom(None, half_square_slope)
    with pytest.raises(TypeError, match="penalty: expected a name, or a value"):
        fastsgd.fit(*data(), penalty=losses.custom(huber_value, huber_derivative))


def test_functions_that_numba_cannot_compile_are_named():
    def value(p, t):
        return statistics.fmean([(p - t) ** 2 / 2])

    loss = losses.custom(value, lambda p, t: p - t)
    refuses_in_each_call(loss)


@pytest.mark.parametrize(
    ("derivative", "message"),
    [
        (lambda p, t: 2 * (p - t) if abs(p) < 100 else None, "<lambda> returns .*float64"),
        (
            lambda p, t: 2 * (p - t) if p < 1e5 else 1j,
            "<lambda> returns complex128; expected a number on every",
        ),
        (np.frompyfunc(lambda p, t: 2 * (p - t), 2, 1), "numba cannot compile"),
    ],
)
def test_functions_that_do_not_return_numbers_alone_are_named(derivative, message):
    X, y = data()
    loss = losses.custom(lambda p, t: (p - t) ** 2, derivative)
    with pytest.raises(TypeError, match=f"loss: .*{message}"):
        fastsgd.fit(X, y, loss=loss)


def test_functions_that_make_arrays_are_named():
    def where(p, t):
        return np.where(p > t, p - t, t - p)

    loss = losses.custom(where, lambda p, t: math.copysign(1.0, p - t))
    refuses_in_each_call(loss, "where; .* no arrays or lists. Numba says: .*where")


@needs_jit
def test_what_numba_cannot_compile_is_not_tried_again():
    X, y = data()
    loss = losses.custom(
        lambda p, t: np.where(p > t, p - t, t - p), lambda p, t: math.copysign(1.0, p - t)
    )
    with event.install_recorder("numba:compile") as recorder, pytest.raises(TypeError):
        fastsgd.fit(X, y, loss=loss, epochs=5)
    begun = [
        each.data["dispatcher"].py_func.__name__ for _, each in recorder.buffer if each.is_start
    ]
    assert begun.count("run") == 1


def refuses_in_each_call(loss, message="value; "):
    X, y = data()
    for call in (
        lambda: fastsgd.fit(X, y, loss=loss),
        lambda: fastsgd.gradient(X, y, np.zeros(3), 0.0, loss=loss),
        lambda: fastsgd.fit(X, y, loss=loss, epochs=0).evaluate(X, y),
    ):
        with pytest.raises(TypeError, match=f"(?s)loss: numba cannot compile {message}"):
            call()


def test_functions_may_call_compiled_ones_and_close_over_numbers():
    @njit
    def square(x):
        return x * x

    half = 0.5
    loss = losses.custom(lambda p, t: half * square(p - t), lambda p, t: p - t)
    X, y = data()
    np.testing.assert_allclose(
        fastsgd.fit(X, y, loss=loss, seed=0).w, fastsgd.fit(X, y, seed=0).w, rtol=1e-13
    )


def test_a_saved_model_holds_the_name_of_a_custom_loss(tmp_path):
    X, y = data()
    loss = losses.custom(huber_value, huber_derivative)
    model = fastsgd.fit(X, y, loss=loss, seed=0)
    model.save(tmp_path / "model")
    loaded = fastsgd.load(tmp_path / "model", loss=loss)
    assert loaded.evaluate(X, y) == model.evaluate(X, y)
    for other in (None, "huber", losses.custom(lambda p, t: p, lambda p, t: 1.0)):
        with pytest.raises(ValueError, match=r"loss: .* 'huber_value'"):
            fastsgd.load(tmp_path / "model", loss=other)


@pytest.mark.parametrize("values", [None, np.array(["1"]), np.array([1j])])
def test_a_saved_model_whose_custom_loss_is_damaged_is_refused(tmp_path, values):
    path, loss = tmp_path / "model.npz", losses.custom(huber_value, huber_derivative)
    fastsgd.fit(*data(), loss=loss, seed=0).save(path)
    with np.load(path) as archive:
        arrays = dict(archive)
    del arrays["loss_values"]
    np.savez(path, **arrays, **({} if values is None else {"loss_values": values}))
    with pytest.raises(ValueError, match=r"is not a saved model: .*(_values|its loss)"):
        fastsgd.load(path, loss=loss)


def test_a_loss_of_that_name_that_is_another_one_is_refused(tmp_path):
    X, y = data()
    loss = losses.custom(lambda p, t: (p - t) ** 2, lambda p, t: 2 * (p - t))
    fastsgd.fit(X, y, loss=loss, epochs=0).save(tmp_path / "model")
    same = losses.custom(lambda p, t: p * p - 2 * p * t + t * t, lambda p, t: 2 * p - 2 * t)
    assert fastsgd.load(tmp_path / "model", loss=same).loss == same
    for other in (
        losses.custom(lambda p, t: (p - t) ** 2 / 2, lambda p, t: p - t),
        losses.custom(lambda p, t: (p - t) ** 2, lambda p, t: 2 * (p - t), kind="binary"),
    ):
        with pytest.raises(ValueError, match=r"loss: .*'<lambda>', with other values; expected"):
            fastsgd.load(tmp_path / "model", loss=other)


def test_a_small_loss_of_that_name_that_is_another_one_is_refused(tmp_path):
    X, y = data()
    loss, other = (
        losses.custom(lambda p, t, by=by: by * (p - t) ** 2, lambda p, t, by=by: 2 * by * (p - t))
        for by in (1e-12, 5e-12)
    )
    fastsgd.fit(X, y, loss=loss, epochs=0).save(tmp_path / "model")
    assert fastsgd.load(tmp_path / "model", loss=loss).loss == loss
    with pytest.raises(ValueError, match="with other values"):
        fastsgd.load(tmp_path / "model", loss=other)


def test_a_saved_loss_need_not_be_defined_everywhere(tmp_path):
    X, y = data()
    loss = losses.custom(lambda p, t: p - math.log(t), lambda p, t: 1.0, targets=[1.0, 3.0])
    fastsgd.fit(X, abs(y) + 1, loss=loss, epochs=0).save(tmp_path / "model")
    assert fastsgd.load(tmp_path / "model", loss=loss).loss == loss


def test_a_model_with_a_custom_loss_can_be_pickled():
    X, y = data()
    model = fastsgd.fit(X, y, loss=losses.custom(huber_value, huber_derivative), seed=0)
    again = pickle.loads(pickle.dumps(model))
    assert again.evaluate(X, y) == model.evaluate(X, y)


def test_a_model_can_be_pickled_after_a_copy_by_value_has_come_back():
    X, y = data()
    model = fastsgd.fit(X, y, loss=losses.custom(huber_value, huber_derivative), seed=0)
    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    try:
        copy = cloudpickle.loads(cloudpickle.dumps(model))
    finally:
        cloudpickle.unregister_pickle_by_value(sys.modules[__name__])
    assert copy.loss == model.loss
    assert pickle.loads(pickle.dumps(model)).loss == model.loss


def test_nothing_of_a_module_but_what_a_function_uses_stays_in_memory():
    module = {"scale": 3.0, "unused": np.ones(3)}
    code = "value, slope = lambda p, t: scale * (p - t) ** 2, lambda p, t: 2 * scale * (p - t)"
    exec(code, module)
    unused = weakref.ref(module["unused"])
    loss = losses.custom(module["value"], module["slope"])
    assert fastsgd.fit(*data(), loss=loss).loss == loss
    del module["unused"], loss
    gc.collect()
    assert unused() is None


def test_what_is_no_plain_function_is_refused():
    class Callable:
        def __call__(self, p, t):
            return p - t

    for function in (Callable(), Callable().__call__, "squared"):
        with pytest.raises(TypeError, match=r"value: expected a function, .*; def or lambda"):
            fastsgd.losses.custom(function, lambda p, t: p - t)


def test_parameters_that_have_to_be_named_are_refused():
    def scaled(p, t, *, scale=1.0):
        return scale * (p - t) ** 2 / 2

    with pytest.raises(TypeError, match=r"value: expected a .* places, got scaled with .*scale"):
        losses.custom(scaled, lambda p, t: p - t)
    with pytest.raises(TypeError, match=r"derivative: expected .*scale"):
        penalties.custom(half_square, njit(lambda w, *, scale=0.1: scale * w))


def test_parameters_beyond_may_have_defaults():
    loss = losses.custom(lambda p, t, by=0.5: by * (p - t) ** 2, lambda p, t, by=1.0: by * (p - t))
    X, y = data()
    ours, custom = (fastsgd.fit(X, y, seed=0, loss=one) for one in ("squared", loss))
    np.testing.assert_allclose(custom.w, ours.w, rtol=1e-13)


@pytest.mark.parametrize("targets", [1.0, [], [[1.0]], [1.0, math.inf]])
def test_targets_have_to_be_some_numbers(targets):
    with pytest.raises(ValueError, match="targets: expected at least one number in a sequence"):
        losses.custom(huber_value, huber_derivative, targets=targets)


def test_resuming_with_another_loss_of_that_name_says_which_is_meant():
    X, y = data()
    loss, other = (
        losses.custom(lambda p, t, by=by: by * (p - t) ** 2, lambda p, t, by=by: 2 * by * (p - t))
        for by in (1.0, 2.0)
    )
    model = fastsgd.fit(X, y, loss=loss, epochs=0)
    with pytest.raises(ValueError, match=r"another one of that name: give loss=model\.loss"):
        fastsgd.fit(X, y, loss=other, resume=model)
    assert fastsgd.fit(X, y, loss=model.loss, resume=model, epochs=0).loss == loss


def halved(p, t, weight=None):
    """Return half the squared error, written in ways that kernels do without."""

    def square(r):
        return r * r

    if weight is None:  # of a type for which the rest would not compile
        return square(p - t) / 2
    return square(p - t) * weight[0]


def test_functions_may_be_written_in_any_way_that_numba_has():
    X, y = data()
    squared = fastsgd.fit(X, y, seed=0)
    mine = fastsgd.fit(X, y, loss=losses.custom(halved, lambda p, t: p - t), seed=0)
    np.testing.assert_allclose(mine.history.loss, squared.history.loss, rtol=1e-12)
