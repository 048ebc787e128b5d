"""Parts of streams, and fits that go on, are one fit, and scikit-learn's."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import sklearn.linear_model as theirs
from numba import config
from peaks import peak_of
from scipy import sparse
from sklearn.base import clone
from sklearn.model_selection import ShuffleSplit
from sklearn_pairs import PLAIN, SCORE, TARGETS, X, assert_alike, ours, pair
from tolerances import ROUNDING

import fastsgd
from fastsgd import optimizers
from fastsgd.sklearn import SGDClassifier, SGDRegressor

OTHER_WAYS = {
    "plain": {},
    "Adam, averaged": {"optimizer": "adam", "average": 3},
    "momentum, float32": {"optimizer": optimizers.SGD(0.9)},
    "elastic net": {"penalty": "elasticnet"},
}


# The plain way with each kind of targets, and each other one with one of them.
COMPILED = [(kind, "plain") for kind in TARGETS]
STREAMS = [
    *COMPILED,
    ("three classes", "Adam, averaged"),
    ("numbers", "momentum, float32"),
    ("numbers", "elastic net"),
]


@pytest.mark.parametrize(("kind", "way"), STREAMS if config.DISABLE_JIT else COMPILED)
def test_a_stream_of_chunks_is_one_epoch_to_the_bit(kind, way):
    y = TARGETS[kind]
    rows = X.astype(np.float32) if way.endswith("float32") else X
    weights = np.random.default_rng(1).uniform(0, 2, size=90)
    options = PLAIN | {"max_iter": 1, "batch_size": 8, "learning_rate": "invscaling"}
    whole = ours(y, **options | OTHER_WAYS[way]).fit(rows, y, sample_weight=weights)
    stream = clone(whole)
    first = {} if kind == "numbers" else {"classes": np.unique(y)}
    for part in (slice(0, 8), slice(8, 48), slice(48, 90)):
        stream.partial_fit(rows[part], y[part], sample_weight=weights[part], **first)
    np.testing.assert_array_equal(stream.coef_, whole.coef_)
    np.testing.assert_array_equal(stream.intercept_, whole.intercept_)
    assert stream.coef_.dtype == rows.dtype
    assert stream.t_ == whole.t_ == 13
    assert len(stream.loss_curve_) == 3


@pytest.mark.parametrize("kind", TARGETS)
def test_partial_fits_are_scikit_learns(kind):
    y = TARGETS[kind]
    options = PLAIN | {"tol": 1e-3, "learning_rate": "adaptive"}
    their, our = pair(y, **options)
    more = {} if kind == "numbers" else {"classes": np.unique(y)}
    for one in (their, our):
        for part in (slice(0, 7), slice(7, 90), slice(0, 90)):
            one.partial_fit(X[part], y[part], **more)
        assert one.n_iter_ == 1
    assert_alike(their, our)
    assert our.t_ == their.t_
    for one in (their, our):
        one.set_params(tol=None).fit(X, y).partial_fit(X, y)
    assert_alike(their, our)


def test_partial_fit_goes_on_from_what_the_user_set():
    y = TARGETS["three classes"]
    their, our = pair(y, **PLAIN)
    for one in (their, our):
        one.fit(X, y)
        one.coef_, one.intercept_ = np.ones((3, 4)), np.zeros(3)
        one.partial_fit(X, y)
    assert_alike(their, our)


@pytest.mark.parametrize("kind", ["numbers", "two classes", "three classes"])
def test_the_first_part_begins_with_what_the_user_set(kind):
    y = TARGETS[kind]
    k, d = len(np.unique(y)) if kind == "three classes" else 1, X.shape[1]
    options = {"learning_rate": "constant", "eta0": 0.01, "shuffle": False}
    for one in (both := pair(y, **options)):
        one.coef_, one.intercept_ = np.full((k, d), 0.5), np.full(k, -0.5)
        if kind == "numbers":
            one.coef_ = one.coef_[0]
        else:
            one.classes_ = np.unique(y)
        one.partial_fit(X, y)
    np.testing.assert_allclose(both[1].coef_, both[0].coef_, rtol=ROUNDING)
    np.testing.assert_allclose(both[1].intercept_, both[0].intercept_, rtol=ROUNDING)


@pytest.mark.parametrize("average", [True, 10_000])
def test_what_the_user_set_goes_on_where_there_are_averages(average):
    model = SGDRegressor(learning_rate="constant", eta0=1e-9, average=average, random_state=0)
    model.partial_fit(X, TARGETS["numbers"]).coef_[:] = 5.0
    np.testing.assert_allclose(model.partial_fit(X, TARGETS["numbers"]).coef_, 5.0, rtol=1e-5)


OWING = {"penalty": "l1", "alpha": 0.1, "learning_rate": "constant", "eta0": 0.01}


@pytest.mark.parametrize("options", [{"average": True}, OWING])
@pytest.mark.parametrize("attribute", ["coef_", "intercept_"])
def test_the_same_numbers_in_another_form_change_nothing(attribute, options):
    single, y = X.astype(np.float32), TARGETS["numbers"]
    first = SGDRegressor(random_state=0, **options).partial_fit(single, y)
    models = [copy.deepcopy(first) for _ in range(3)]
    setattr(models[1], attribute, getattr(first, attribute).tolist())
    rounded_to_it = getattr(first, attribute).astype(float) * (1 + 1e-12)
    setattr(models[2], attribute, rounded_to_it)
    for model in models:
        np.testing.assert_array_equal(
            model.partial_fit(single, y).coef_, models[0].coef_, strict=True
        )


@pytest.mark.parametrize("options", [*OTHER_WAYS.values(), OWING], ids=[*OTHER_WAYS, "owing"])
def test_weights_are_set_by_writing_into_them_as_by_other_ones(options):
    models = [SGDRegressor(random_state=0, **options).partial_fit(X, SCORE) for _ in range(2)]
    before = [model.coef_ for model in models]
    models[0].coef_[1:] *= -2
    models[1].coef_ = models[1].coef_ * [1, -2, -2, -2]
    models[0].intercept_ += 1
    models[1].intercept_ = models[1].intercept_ + 1
    written = models[0].coef_.copy()
    for model in models:
        model.partial_fit(X, SCORE)
    np.testing.assert_array_equal(models[0].coef_, models[1].coef_)
    assert not np.array_equal(models[0].coef_, written)
    np.testing.assert_array_equal(before[0], written)  # the next part has arrays of its own


@pytest.mark.parametrize("options", [*OTHER_WAYS.values(), OWING], ids=[*OTHER_WAYS, "owing"])
@pytest.mark.parametrize("number", [np.nan, np.inf])
def test_no_part_begins_with_what_is_no_number(number, options):
    model = SGDRegressor(random_state=0, **options).partial_fit(X, SCORE)
    model.coef_[2] = number
    with pytest.raises(ValueError, match="coef_: expected finite"):
        model.partial_fit(X, SCORE)
    model.coef_[2] = 0
    assert np.isfinite(model.partial_fit(X, SCORE).coef_).all()


@pytest.mark.filterwarnings("ignore:Setting the shape:DeprecationWarning")
@pytest.mark.parametrize("average", [False, True])
def test_the_shape_of_weights_is_checked_whosever_memory_they_are(average):
    targets = np.column_stack([SCORE, -SCORE, SCORE])
    model = SGDRegressor(random_state=0, average=average).partial_fit(X, targets)
    right, model.coef_ = model.coef_, model.coef_.reshape(4, 3)
    with pytest.raises(ValueError, match=r"coef_: expected shape \(3, 4\), got \(4, 3\)"):
        model.partial_fit(X, targets)
    right.shape = 12  # which is nobody's array any more
    model.coef_ = right.reshape(3, 4)
    alike = SGDRegressor(random_state=0, average=average).partial_fit(X, targets)
    for one in (model, alike):
        one.partial_fit(X, targets)
    np.testing.assert_array_equal(model.coef_, alike.coef_)


def test_parts_of_wide_rows_copy_their_weights_once():
    d = 2**20
    rows = sparse.random(20, d, density=1e-5, format="csr", random_state=0)
    model, y = SGDRegressor(random_state=0), np.ones(20)
    model.partial_fit(rows, y).partial_fit(rows, y)
    _, peak = peak_of(lambda: model.partial_fit(rows, y))
    assert peak < 1.1 * 8 * d


def test_parts_of_one_target_may_have_one_dimension_or_two():
    y = TARGETS["numbers"]
    parts = [SGDRegressor(random_state=0).partial_fit(X, y) for _ in range(2)]
    parts[1].partial_fit(X, y[:, None])
    np.testing.assert_array_equal(parts[0].partial_fit(X, y).coef_, parts[1].coef_)
    column = SGDRegressor(random_state=0).partial_fit(X, y[:, None]).partial_fit(X, y)
    np.testing.assert_array_equal(column.coef_, parts[1].coef_[None])


@pytest.mark.parametrize("penalty", ["l2", None])
def test_parts_of_other_numbers_of_targets_are_refused(penalty):
    y = TARGETS["numbers"]
    for first, second, message in (
        (np.column_stack([y, -y]), y, r"expected \(n, 2\), as in the model, got \(n,\)"),
        (y, np.column_stack([y, -y]), r"expected \(n,\), as in the model, got \(n, 2\)"),
    ):
        model = SGDRegressor(penalty=penalty, random_state=0).partial_fit(X, first)
        before = model.coef_
        with pytest.raises(ValueError, match=f"partial_fit: shape of y: {message}"):
            model.partial_fit(X, second)
        assert model.coef_ is before


def test_copies_do_not_share_their_losses():
    model = SGDRegressor(random_state=0).partial_fit(X, TARGETS["numbers"])
    copy.copy(model).partial_fit(X, TARGETS["numbers"])
    assert len(model.loss_curve_) == 1


@pytest.mark.parametrize("dtypes", [("u8", "i8"), ("i8", "u8")])
def test_large_labels_of_signed_and_unsigned_integers_are_told_apart(dtypes):
    labels = np.array([2**53, 2**53 + 1])
    y = labels[(X[:, 0] > 0).astype(int)]
    model, alike = (SGDClassifier(random_state=0) for _ in range(2))
    model.partial_fit(X, y.astype(dtypes[0]), classes=labels.astype(dtypes[1]))
    alike.partial_fit(X, y, classes=labels)
    np.testing.assert_array_equal(model.coef_, alike.coef_)


def test_each_part_of_a_stream_has_an_order_of_its_own_that_the_seed_repeats():
    y = TARGETS["numbers"]
    # At a constant rate, it is the order alone by which a step differs from that of another part.
    options = {"learning_rate": "constant", "random_state": 3}
    orders = []
    for _ in range(2):
        model = SGDRegressor(**options)
        curve = [model.partial_fit(X, y).coef_ for _ in range(2)]
        orders.append(curve)
    np.testing.assert_array_equal(orders[0], orders[1])
    again = SGDRegressor(**options).partial_fit(X, y)
    np.testing.assert_array_equal(again.coef_, orders[0][0])
    kept = SGDRegressor(**options, max_iter=1, tol=None)
    kept.fit(X, y, coef_init=again.coef_, intercept_init=again.intercept_)
    assert not np.allclose(kept.coef_, orders[0][1], rtol=1e-6)


def test_the_optimal_rate_falls_with_the_rows_seen():
    options = PLAIN | {"loss": "huber", "learning_rate": "optimal", "penalty": None}
    for batch_size, rows in ((8, 8), (1000, 90)):
        model = SGDRegressor(**options, batch_size=batch_size).fit(X, SCORE)
        typical = 0.05**-0.25
        expected = fastsgd.fit(
            X,
            SCORE,
            loss=fastsgd.losses.Huber(0.1),
            lr=lambda t, rows=rows, typical=typical: 1 / (1 / typical + 0.05 * t * rows),
            batch_size=batch_size,
            epochs=3,
            shuffle=False,
            init=(np.zeros(4), 0.0),
        )
        np.testing.assert_allclose(model.coef_, expected.w, rtol=ROUNDING)


@pytest.mark.parametrize("sizes", [(8, 8, 8, 1, 1), (1, 1, 1, 1, 20, 20), (3, 20, 5)])
def test_it_does_so_in_parts_of_any_sizes(sizes):
    # One feature and one row again and again: each step takes the same share of the error.
    model = SGDRegressor("squared_error", learning_rate="optimal", alpha=0.05, penalty=None)
    model.set_params(batch_size=8, fit_intercept=False)
    w, seen = 0.0, 0
    for size in sizes:
        model.partial_fit(np.full((size, 1), 0.1), np.full(size, 2.0))
        batch_size = min(size, 8)
        for step in range(-(-size // batch_size)):
            rate = 1 / (0.05**0.25 + 0.05 * (seen + step * batch_size))
            w -= rate * 0.1 * (0.1 * w - 2.0)
        seen += size
    np.testing.assert_allclose(model.coef_, w, rtol=1e-12)  # some 40 roundings


@pytest.mark.parametrize("learning_rate", ["optimal", "invscaling"])
def test_the_first_part_begins_with_the_step_that_the_user_set(learning_rate):
    their, our = pair(SCORE, **PLAIN | {"learning_rate": learning_rate, "eta0": 0.1})
    for one in (their, our):
        one.t_ = 100.0
        one.partial_fit(X, SCORE)
    assert our.t_ == their.t_ == 190
    np.testing.assert_allclose(our.coef_, their.coef_, rtol=ROUNDING)


@pytest.mark.parametrize("size", [20, 3])
def test_it_is_that_of_the_rows_of_as_many_steps_as_the_user_set(size):
    model = SGDRegressor("squared_error", learning_rate="optimal", alpha=0.05, penalty=None)
    model.set_params(batch_size=8, fit_intercept=False)
    w = float(model.partial_fit([[0.1]] * 8, [2.0] * 8).coef_[0])
    model.t_ = 101.0
    model.partial_fit(np.full((size, 1), 0.1), np.full(size, 2.0))
    for first in range(0, size, 8):
        rate = 1 / (0.05**0.25 + 0.05 * (100 * min(size, 8) + first))
        w -= rate * 0.1 * (0.1 * w - 2.0)
    np.testing.assert_allclose(model.coef_, w, rtol=1e-12)


def test_the_optimal_rate_goes_on_from_the_rows_that_were_learned_from():
    options = PLAIN | {"learning_rate": "optimal", "max_iter": 2, "tol": None, "random_state": 1}
    train, _ = next(ShuffleSplit(test_size=0.1, random_state=1).split(X))
    model = ours(SCORE, **options, early_stopping=True).fit(X, SCORE)
    alone = ours(SCORE, **options).fit(X[np.sort(train)], SCORE[np.sort(train)])
    np.testing.assert_array_equal(model.coef_, alone.coef_)
    for one in (model.set_params(early_stopping=False), alone):
        one.partial_fit(X, SCORE)
    np.testing.assert_array_equal(model.coef_, alone.coef_)


def test_the_optimal_rate_goes_on_from_the_epochs_that_a_fit_took():
    options = {"learning_rate": "optimal", "tol": 1e9, "n_iter_no_change": 1, "max_iter": 9}
    their, our = pair(SCORE, **PLAIN | options)
    for one in (their, our):
        one.fit(X, SCORE).partial_fit(X, SCORE)
    assert our.t_ == their.t_ == 3 * 90 + 1
    assert_alike(their, our)


def test_an_intercept_alone_that_the_user_set_goes_on_where_there_are_averages():
    model = SGDRegressor(learning_rate="constant", eta0=1e-9, average=True, random_state=0)
    model.partial_fit(X, SCORE).intercept_[:] = 5.0
    np.testing.assert_allclose(model.partial_fit(X, SCORE).intercept_, 5.0, rtol=1e-5)


@pytest.mark.parametrize("average", [False, True])
@pytest.mark.parametrize("name", ["SGDRegressor", "SGDClassifier"])
def test_the_number_of_the_step_may_be_set(name, average):
    rows = np.random.default_rng(0).normal(size=(50, 3))
    y, classes = rows[:, 0], {}
    if name == "SGDClassifier":
        y, classes = y > 0, {"classes": [False, True]}
    options = {"shuffle": False, "average": average}
    ours, same = (
        getattr(module, name)(**options).partial_fit(rows, y, **classes)
        for module in (fastsgd.sklearn, theirs)
    )
    ours.t_ = same.t_ = 1e4
    for _ in range(2):
        for model in (ours, same):
            model.partial_fit(rows, y)
    assert ours.t_ == same.t_
    np.testing.assert_allclose(ours.coef_, same.coef_, rtol=ROUNDING)


@pytest.mark.parametrize("kind", ["numbers", "two classes"])
def test_what_was_averaged_goes_on_where_nothing_is_averaged_any_more(kind):
    y = TARGETS[kind]
    their, our = pair(y, **PLAIN | {"average": True, "learning_rate": "constant"})
    for one in (their, our):
        one.fit(X, y).set_params(average=False, eta0=1e-12).partial_fit(X, y)
    assert_alike(their, our)


def test_another_random_state_decides_the_orders_from_then_on():
    options = {"learning_rate": "constant", "penalty": None, "eta0": 0.1}
    first = SGDRegressor(**options, random_state=0).partial_fit(X, SCORE)
    learned = [
        copy.deepcopy(first).set_params(random_state=seed).partial_fit(X, SCORE).coef_
        for seed in (0, 0, 5, 5, 1)
    ]
    np.testing.assert_array_equal(learned[0], learned[1])
    np.testing.assert_array_equal(learned[2], learned[3])
    assert len({coef.tobytes() for coef in learned}) == 3


@pytest.mark.parametrize("change", ["coef_", "alpha"])
def test_what_was_due_does_not_outlive_its_penalty_or_weights(change):
    # Parts of scikit-learn's estimators begin with nothing due.
    their, our = pair(SCORE, penalty="l1", alpha=1.0, learning_rate="constant", shuffle=False)
    for one in (their, our):
        one.partial_fit(X, SCORE)
        assert not one.coef_.any()
        if change == "coef_":
            one.coef_ = np.array([2.0, 1.0, -1.0, 3.0])
        else:
            one.set_params(alpha=1e-6)
        one.partial_fit(X, SCORE)
    np.testing.assert_allclose(our.coef_, their.coef_, rtol=ROUNDING, atol=ROUNDING)
    assert our.coef_.any()
