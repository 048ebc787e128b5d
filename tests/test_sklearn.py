"""The estimators take the steps of scikit-learn's own, a row or a mini-batch at a time."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
import sklearn.linear_model as theirs
from interpreted_mode import passed
from numba import config
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import ShuffleSplit, StratifiedShuffleSplit
from tolerances import ROUNDING

import fastsgd
from fastsgd import optimizers
from fastsgd.sklearn import SGDClassifier, SGDRegressor
from fastsgd.sklearn.translation import CLASSIFICATION_LOSSES, REGRESSION_LOSSES

RNG = np.random.default_rng(0)
# Small enough for scikit-learn's steps to stay far from where it clips derivatives.
X = 0.25 * RNG.normal(size=(90, 4))
SCORE = X @ [4.0, -8.0, 2.0, 0.0] + RNG.normal(scale=0.3, size=90)
TARGETS = {
    "numbers": SCORE,
    "two classes": np.where(SCORE > 0.5, "yes", "no"),
    "three classes": np.digitize(SCORE, [-1.0, 1.0]) + 5,
}
RATES = ("constant", "optimal", "invscaling", "adaptive")
# Both see the rows in the same order, and stop when told to.
PLAIN = {"shuffle": False, "tol": None, "alpha": 0.05, "max_iter": 3}
OWN = {"batch_size", "optimizer", "clip_norm", "n_threads"}


def ours(y, **options):
    """Return our estimator, for numbers or for labels."""
    return (SGDRegressor if y.dtype.kind == "f" else SGDClassifier)(**options)


def pair(y, **options):
    """Return scikit-learn's estimator and ours, for numbers or for labels."""
    our = ours(y, **options)
    return getattr(theirs, type(our).__name__)(**options), our


def assert_alike(their, our):
    """Compare all that was learned."""
    for name in ("coef_", "intercept_"):
        expected, got = getattr(their, name), getattr(our, name)
        assert got.shape == expected.shape
        assert got.dtype == expected.dtype
        np.testing.assert_allclose(got, expected, rtol=ROUNDING, atol=ROUNDING)
    assert our.n_iter_ == their.n_iter_


CASES = [("numbers", loss) for loss in REGRESSION_LOSSES] + [
    (kind, loss) for kind in ("two classes", "three classes") for loss in CLASSIFICATION_LOSSES
]
COMPILED = [("numbers", "squared_error"), ("two classes", "hinge"), ("three classes", "log_loss")]


@pytest.mark.parametrize(("kind", "loss"), CASES if config.DISABLE_JIT else COMPILED)
def test_parameters_after_each_epoch_are_scikit_learns(kind, loss):
    y = TARGETS[kind]
    for learning_rate in RATES:
        for penalty in (None, "l2"):
            for epochs in (1, 2, 3):
                options = {"loss": loss, "penalty": penalty, "learning_rate": learning_rate}
                options |= {"max_iter": epochs, "epsilon": 0.6}
                their, our = pair(y, **PLAIN | options)
                assert_alike(their.fit(X, y), our.fit(X, y))
                assert our.t_ == their.t_
                assert np.abs(their.coef_).max() > 1e-3


def test_parameters_of_all_losses_in_interpreted_mode():
    assert passed(__file__, "parameters_after") == len(CASES)


VARIANTS = {
    "averaged": {"average": True},
    "averaged later": {"average": 100},
    "averaged too late": {"average": 1000},
    "through zero": {"fit_intercept": False},
    "power": {"learning_rate": "invscaling", "power_t": 0.1},
}


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("kind", TARGETS)
def test_variants_are_scikit_learns(kind, variant):
    their, our = pair(TARGETS[kind], **PLAIN | VARIANTS[variant])
    weights = np.random.default_rng(1).uniform(0, 2, size=90)
    for one in (their, our):
        one.fit(X, TARGETS[kind], sample_weight=weights)
    assert_alike(their, our)


@pytest.mark.parametrize("kind", ["two classes", "three classes"])
@pytest.mark.parametrize("is_balanced", [True, False])
def test_weights_of_classes_are_scikit_learns(kind, is_balanced):
    y = TARGETS[kind]
    by_label = dict(zip(np.unique(y), (0.2, 2.0, 3.0), strict=False))
    their, our = pair(y, **PLAIN, class_weight="balanced" if is_balanced else by_label)
    assert_alike(their.fit(X, y), our.fit(X, y))


@pytest.mark.parametrize("kind", TARGETS)
def test_fits_begin_at_given_parameters_or_at_those_before(kind):
    y = TARGETS[kind]
    their, our = pair(y, **PLAIN, warm_start=True)
    shape = (3, 4) if kind == "three classes" else (4,)
    start = np.linspace(-1, 1, num=int(np.prod(shape))).reshape(shape), np.ones(shape[:-1] or 1)
    before = [part.copy() for part in start]
    our.fit(X, y, *start)
    np.testing.assert_array_equal(start[0], before[0])
    # They learn in the arrays that they are given.
    assert_alike(their.fit(X, y, *before), our)
    assert_alike(their.fit(X, y), our.fit(X, y))


@pytest.mark.parametrize("learning_rate", RATES)
@pytest.mark.parametrize("kind", TARGETS)
def test_fits_stop_when_scikit_learns_do(kind, learning_rate):
    y = TARGETS[kind]
    options = {"tol": 1e-2, "max_iter": 500, "penalty": None, "n_iter_no_change": 3}
    their, our = pair(y, **PLAIN | options, learning_rate=learning_rate)
    assert_alike(their.fit(X, y), our.fit(X, y))
    assert 3 < our.n_iter_ < 500
    assert len(our.loss_curve_) == our.n_iter_


@pytest.mark.parametrize("learning_rate", ["invscaling", "adaptive"])
@pytest.mark.parametrize("kind", ["numbers", "two classes"])
def test_early_stopping_is_scikit_learns(kind, learning_rate):
    y = TARGETS[kind]
    # With a penalty, they score weights that lack a factor.
    options = {"tol": 1e-3, "max_iter": 500, "early_stopping": True, "random_state": 3}
    options |= {"penalty": None}
    their, our = pair(y, **PLAIN | options, learning_rate=learning_rate)
    weights = np.random.default_rng(1).uniform(0, 2, size=90)
    for one in (their, our):
        one.fit(X, y, sample_weight=weights)
    assert_alike(their, our)
    assert our.n_iter_ < 500


@pytest.mark.parametrize("seed", [1, np.random.RandomState(1)])
@pytest.mark.parametrize("kind", TARGETS)
def test_rows_held_out_are_those_that_a_splitter_with_the_random_state_holds_out(kind, seed):
    y = TARGETS[kind]
    splitter = ShuffleSplit if kind == "numbers" else StratifiedShuffleSplit
    train, _ = next(splitter(test_size=0.1, random_state=copy.deepcopy(seed)).split(X, y))
    model = ours(y, **PLAIN, early_stopping=True, random_state=copy.deepcopy(seed)).fit(X, y)
    alone = ours(y, **PLAIN).fit(X[np.sort(train)], y[np.sort(train)])
    np.testing.assert_array_equal(model.coef_, alone.coef_)


def test_early_stopping_stops_all_classes_by_the_score_of_the_estimator():
    y = TARGETS["three classes"]

    class Unimproved(SGDClassifier):
        scores = (0.1, 0.2, 0.3, 0.3, 0.3)

        def score(self, X, y, sample_weight=None):
            assert set(y) == {0, 1, 2}
            self.seen = [*getattr(self, "seen", []), self.predict(X)]
            return self.scores[len(self.seen) - 1]

    model = Unimproved(early_stopping=True, n_iter_no_change=2, random_state=0, tol=0.05)
    assert model.fit(X, y).n_iter_ == 5
    model.set_params(tol=None, max_iter=7)
    assert model.fit(X, y).n_iter_ == 7


@pytest.mark.parametrize("eta0", [1e-6, *(1e-6 * 5**k for k in range(1, 7)), 5e-6, 2.5e-5, 1e-2])
def test_an_adaptive_rate_ends_where_scikit_learns_does(eta0):
    # What 1e-6 * 5**k leaves after k divisions is 1e-6, or just above it.
    options = PLAIN | {"learning_rate": "adaptive", "eta0": eta0, "n_iter_no_change": 1}
    their, our = pair(SCORE, **options | {"tol": 1e9, "max_iter": 99})
    assert our.fit(X, SCORE).n_iter_ == their.fit(X, SCORE).n_iter_


OTHER_WAYS = {
    "plain": {},
    "Adam, averaged": {"optimizer": "adam", "average": 3},
    "momentum, float32": {"optimizer": optimizers.SGD(0.9)},
    "elastic net": {"penalty": "elasticnet"},
}
# Each way with one kind of targets, and the plain one with all.
STREAMS = [
    *zip(["two classes", "three classes", "numbers", "numbers"], OTHER_WAYS, strict=True),
    ("numbers", "plain"),
    ("three classes", "plain"),
]


@pytest.mark.parametrize(("kind", "way"), STREAMS)
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
    orders = []
    for _ in range(2):
        model = SGDRegressor(loss="epsilon_insensitive", random_state=3)
        curve = [model.partial_fit(X, y).coef_ for _ in range(2)]
        orders.append(curve)
    np.testing.assert_array_equal(orders[0], orders[1])
    again = SGDRegressor(loss="epsilon_insensitive", random_state=3).partial_fit(X, y)
    np.testing.assert_array_equal(again.coef_, orders[0][0])
    kept = SGDRegressor(loss="epsilon_insensitive", random_state=3, max_iter=1, tol=None)
    kept.fit(X, y, coef_init=again.coef_, intercept_init=again.intercept_)
    assert not np.array_equal(kept.coef_, orders[0][1])


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


@pytest.mark.parametrize("kind", ["numbers", "three classes"])
def test_mini_batches_are_those_of_fit(kind):
    y = TARGETS[kind]
    options = {"batch_size": 16, "optimizer": "adam", "clip_norm": 0.5, "max_iter": 4}
    options |= {"learning_rate": "constant", "loss": "huber", "epsilon": 0.3}
    our = ours(y, **PLAIN | options).fit(X, y)
    k = len(our.intercept_)
    numbers = y if kind == "numbers" else np.where(y[:, None] == our.classes_[-k:], 1.0, -1.0)
    expected = [
        fastsgd.fit(
            X,
            column,
            loss=fastsgd.losses.Huber(0.3),
            penalty=fastsgd.penalties.L2(0.05),
            optimizer="adam",
            batch_size=16,
            lr=0.01,
            epochs=4,
            clip_norm=0.5,
            shuffle=False,
            init=(np.zeros(4), 0.0),
        )
        for column in numbers.reshape(90, -1).T
    ]
    coef = np.array([model.w for model in expected]).reshape(our.coef_.shape)
    np.testing.assert_allclose(our.coef_, coef, rtol=ROUNDING)
    np.testing.assert_allclose(our.intercept_, [model.b for model in expected], rtol=ROUNDING)


def test_own_parameters_reach_fit(monkeypatch):
    given, fit = {}, fastsgd.training.fit

    def seen(*args, **kwargs):
        given.update(kwargs)
        return fit(*args, **kwargs)

    monkeypatch.setattr("fastsgd.training.fit", seen)
    own = {"n_threads": 2, "shuffle": "block", "clip_norm": 3.0, "batch_size": 7}
    SGDRegressor(**own, optimizer="adam").fit(X, SCORE)
    assert {name: given[name] for name in own} == own
    assert given["optimizer"] == "adam"


def test_several_targets_are_learned_as_each_alone():
    y = np.column_stack([SCORE, -SCORE, X[:, 0]])
    model = SGDRegressor(**PLAIN).fit(X, y)
    alone = [SGDRegressor(**PLAIN).fit(X, column) for column in y.T]
    np.testing.assert_allclose(model.coef_, [one.coef_ for one in alone], rtol=ROUNDING)
    np.testing.assert_allclose(model.predict(X)[:, 1], alone[1].predict(X), rtol=ROUNDING)
    assert SGDRegressor(**PLAIN).fit(X, y[:, :1]).predict(X).shape == (90, 1)
    parts = SGDRegressor(**PLAIN | {"max_iter": 1}).fit(X, y)
    stream = SGDRegressor(**PLAIN).partial_fit(X[:40], y[:40]).partial_fit(X[40:], y[40:])
    np.testing.assert_array_equal(stream.coef_, parts.coef_)


def test_multinomial_is_softmax():
    y = TARGETS["three classes"]
    options = {"loss": "log_loss", "multi_class": "multinomial", "learning_rate": "constant"}
    model = SGDClassifier(**PLAIN | options, batch_size=8).fit(X, y)
    start = np.zeros((4, 3)), np.zeros(3)
    expected = fastsgd.fit(
        X, y, loss="softmax", penalty=fastsgd.penalties.L2(0.05), batch_size=8, lr=0.01, epochs=3,
        shuffle=False, init=start,
    )  # fmt: skip
    np.testing.assert_array_equal(model.coef_.T, expected.w)
    np.testing.assert_allclose(model.predict_proba(X), expected.predict_proba(X), rtol=1e-12)
    np.testing.assert_array_equal(model.predict(X), expected.predict(X))
    two = SGDClassifier(**PLAIN | options).fit(X, y > 5)
    alone = clone(two).set_params(multi_class="ovr").fit(X, y > 5)
    np.testing.assert_array_equal(two.coef_, alone.coef_)


@pytest.mark.parametrize("loss", ["log_loss", "modified_huber"])
@pytest.mark.parametrize("kind", ["two classes", "three classes"])
def test_probabilities_are_scikit_learns(kind, loss):
    their, our = pair(TARGETS[kind], **PLAIN, loss=loss)
    assert_alike(their.fit(X, TARGETS[kind]), our.fit(X, TARGETS[kind]))
    rows = np.vstack([X, 100 * X])
    for method in ("predict_proba", "decision_function"):
        expected, got = (getattr(one, method)(rows) for one in (their, our))
        np.testing.assert_allclose(got, expected, rtol=ROUNDING, atol=ROUNDING)
    np.testing.assert_array_equal(our.predict(rows), their.predict(rows))
    near = X[:5] / 10
    np.testing.assert_allclose(our.predict_log_proba(near), np.log(our.predict_proba(near)))


def test_float32_stays_and_other_numbers_become_float64():
    for dtype, expected in ((np.float32, np.float32), (np.int64, np.float64)):
        model = SGDClassifier(max_iter=2, tol=None).fit((8 * X).astype(dtype), SCORE > 0)
        assert model.coef_.dtype == model.intercept_.dtype == expected
        more = model.partial_fit(8 * X, SCORE > 0)
        assert more.coef_.dtype == expected


@pytest.mark.parametrize("kind", TARGETS)
def test_copies_by_pickle_go_on_as_the_original(kind):
    y = TARGETS[kind]
    model = ours(y, optimizer=optimizers.Adam(0.8), average=True, random_state=0)
    assert clone(model).get_params() == model.get_params()
    copy = pickle.loads(pickle.dumps(model.fit(X, y)))
    np.testing.assert_array_equal(copy.predict(X), model.predict(X))
    one, other = (m.partial_fit(X, y).coef_ for m in (model, copy))
    np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("more", [{}, {"early_stopping": True, "tol": 0.1, "max_iter": 99}])
def test_what_is_printed_is_what_scikit_learn_prints(capsys, more):
    printed = []
    for one in pair(SCORE, **PLAIN | {"penalty": None, "random_state": 0, "verbose": 1} | more):
        one.fit(X, SCORE)
        lines = capsys.readouterr().out.splitlines()
        printed.append([line for line in lines if "seconds" not in line])
    assert printed[0] == printed[1]
    assert len(printed[0]) == 2 * one.n_iter_


def test_constructor_parameters_and_defaults_are_scikit_learns():
    for our, their, own in (
        (SGDRegressor, theirs.SGDRegressor, OWN),
        (SGDClassifier, theirs.SGDClassifier, OWN | {"multi_class"}),
    ):
        given, expected = our().get_params(), their().get_params()
        assert set(given) - set(expected) == own
        assert {name: given[name] for name in expected} == expected
        methods = {name for name in dir(their) if not name.startswith("_")}
        assert methods - {"loss_functions"} <= set(dir(our))


@pytest.mark.parametrize("dtype", [object, str, bool, float, np.int32])
def test_labels_are_told_in_scikit_learns_types(dtype):
    y = (TARGETS["two classes"] if dtype is object else SCORE > 0).astype(dtype)
    their, our = pair(TARGETS["two classes"], **PLAIN)
    assert our.fit(X, y).classes_.dtype == their.fit(X, y).classes_.dtype
    np.testing.assert_array_equal(our.predict(X), their.predict(X))


@pytest.mark.parametrize("eta0", [1e-6, 5e-6, 1e-2])
def test_an_adaptive_rate_ends_where_scikit_learns_does_by_a_score(eta0):
    options = PLAIN | {"learning_rate": "adaptive", "eta0": eta0, "n_iter_no_change": 1}
    options |= {"early_stopping": True, "random_state": 0}
    their, our = pair(SCORE, **options | {"tol": 1e9, "max_iter": 99})
    assert our.fit(X, SCORE).n_iter_ == their.fit(X, SCORE).n_iter_


def test_a_score_has_to_be_above_the_best_before():
    class Worse(SGDClassifier):
        scores = (0.3, 0.1, 0.2, 0.25)

        def score(self, X, y, sample_weight=None):
            self.seen = getattr(self, "seen", 0) + 1
            return self.scores[self.seen - 1]

    model = Worse(early_stopping=True, n_iter_no_change=2, random_state=0, tol=0.05)
    assert model.fit(X, TARGETS["two classes"]).n_iter_ == 3


def test_the_optimal_rate_goes_on_from_the_rows_that_were_learned_from():
    options = PLAIN | {"learning_rate": "optimal", "max_iter": 2, "tol": None, "random_state": 1}
    train, _ = next(ShuffleSplit(test_size=0.1, random_state=1).split(X))
    model = ours(SCORE, **options, early_stopping=True).fit(X, SCORE)
    alone = ours(SCORE, **options).fit(X[np.sort(train)], SCORE[np.sort(train)])
    np.testing.assert_array_equal(model.coef_, alone.coef_)
    for one in (model.set_params(early_stopping=False), alone):
        one.partial_fit(X, SCORE)
    np.testing.assert_array_equal(model.coef_, alone.coef_)


def test_a_score_that_stays_the_same_does_not_end_a_fit_whose_tol_is_0():
    epochs = []
    for kind in (theirs.SGDClassifier, SGDClassifier):
        same = type("Same", (kind,), {"score": lambda *_: 0.5})
        model = same(early_stopping=True, n_iter_no_change=2, tol=0.0, max_iter=9, random_state=0)
        with pytest.warns(ConvergenceWarning, match="Maximum number of iteration reached"):
            epochs.append(model.fit(X, TARGETS["two classes"]).n_iter_)
    assert epochs == [9, 9]


def test_the_optimal_rate_goes_on_from_the_epochs_that_a_fit_took():
    options = {"learning_rate": "optimal", "tol": 1e9, "n_iter_no_change": 1, "max_iter": 9}
    their, our = pair(SCORE, **PLAIN | options)
    for one in (their, our):
        one.fit(X, SCORE).partial_fit(X, SCORE)
    assert our.t_ == their.t_ == 3 * 90 + 1
    assert_alike(their, our)


def test_an_intercept_alone_that_the_user_set_goes_on_where_there_are_averages():
    model = SGDRegressor(learning_rate="constant", eta0=1e-9, average=True, random_state=0)
    model.partial_fit(X, SCORE).intercept_ = np.array([5.0])
    np.testing.assert_allclose(model.partial_fit(X, SCORE).intercept_, 5.0, rtol=1e-5)


def test_a_fit_that_ends_one_epoch_before_the_last_one_does_not_warn():
    options = {"tol": 1e9, "n_iter_no_change": 1, "random_state": 0}
    model = SGDRegressor(max_iter=3, **options).fit(X, SCORE)  # where warnings are errors
    assert model.n_iter_ == 2


@pytest.mark.parametrize("kind", ["numbers", "three classes"])
def test_given_parameters_come_before_those_of_a_warm_start(kind):
    y = TARGETS[kind]
    first = ours(y, **PLAIN).fit(X, y)
    given = {"coef_init": first.coef_ + 1, "intercept_init": first.intercept_ + 1}
    cold, warm = ours(y, **PLAIN), ours(y, **PLAIN, warm_start=True).fit(X, y)
    for one in (cold, warm):
        one.fit(X, y, **given)
    np.testing.assert_array_equal(warm.coef_, cold.coef_)
    np.testing.assert_array_equal(warm.intercept_, cold.intercept_)


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
