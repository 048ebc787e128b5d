"""The estimators take the steps of scikit-learn's own, a row or a mini-batch at a time."""

from __future__ import annotations

import pickle
import re

import numpy as np
import pytest
import sklearn.linear_model as theirs
from numba import config
from sklearn.base import clone
from sklearn_pairs import PLAIN, RATES, SCORE, TARGETS, X, assert_alike, ours, pair
from tolerances import ROUNDING

import fastsgd
from fastsgd import optimizers
from fastsgd.sklearn import SGDClassifier, SGDRegressor
from fastsgd.sklearn.translation import CLASSIFICATION_LOSSES, REGRESSION_LOSSES

OWN = {"batch_size", "optimizer", "clip_norm", "n_threads"}


CASES = [("numbers", loss) for loss in REGRESSION_LOSSES] + [
    (kind, loss) for kind in ("two classes", "three classes") for loss in CLASSIFICATION_LOSSES
]
COMPILED = [("numbers", "squared_error"), ("two classes", "hinge"), ("three classes", "log_loss")]


# An interpreted step takes as long as thousands of compiled ones.
ROWS = slice(30 if config.DISABLE_JIT else None)


@pytest.mark.parametrize(("kind", "loss"), CASES if config.DISABLE_JIT else COMPILED)
def test_parameters_after_each_epoch_are_scikit_learns(kind, loss):
    rows, y = X[ROWS], TARGETS[kind][ROWS]
    for learning_rate in RATES:
        for penalty in (None, "l2", "l1", "elasticnet"):
            for epochs in (1, 2, 3):
                options = {"loss": loss, "penalty": penalty, "learning_rate": learning_rate}
                options |= {"max_iter": epochs, "epsilon": 0.6}
                their, our = pair(y, **PLAIN | options)
                assert_alike(their.fit(rows, y), our.fit(rows, y))
                assert our.t_ == their.t_
                np.testing.assert_array_equal(our.coef_ == 0, their.coef_ == 0)
                # So strong is L1 that a perceptron learns nothing.
                assert np.abs(their.coef_).max() > 1e-3 or penalty == "l1"


VARIANTS = {
    "averaged": {"average": True},
    "averaged later": {"average": 100},
    "averaged too late": {"average": 1000},
    "through zero": {"fit_intercept": False},
    "power": {"learning_rate": "invscaling", "power_t": 0.1},
}


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("kind", TARGETS if config.DISABLE_JIT else ["numbers"])
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
    given = {}

    def seen(*_, **kwargs):
        given.update(kwargs)
        raise InterruptedError

    monkeypatch.setattr("fastsgd.training.fit", seen)
    own = {"n_threads": 2, "shuffle": "block", "clip_norm": 3.0, "batch_size": 7}
    with pytest.raises(InterruptedError):
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


PROBABLE = ["log_loss", "modified_huber"]  # the losses of probabilities


@pytest.mark.parametrize("loss", PROBABLE if config.DISABLE_JIT else PROBABLE[:1])
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


@pytest.mark.parametrize("kind", ["numbers", "three classes"])
def test_copies_by_pickle_go_on_as_the_original(kind):
    y, options = TARGETS[kind], {"average": True, "batch_size": 8, "penalty": None}
    options |= {} if kind == "numbers" else {"loss": "log_loss"}
    model = ours(y, optimizer=optimizers.Adam(0.8), random_state=0, **options)
    assert clone(model).get_params() == model.get_params()
    copy = pickle.loads(pickle.dumps(model.fit(X, y)))
    np.testing.assert_array_equal(copy.predict(X), model.predict(X))
    one, other = (m.partial_fit(X, y).coef_ for m in (model, copy))
    np.testing.assert_array_equal(one, other)


@pytest.mark.filterwarnings("ignore:Maximum number of iteration")
@pytest.mark.parametrize(
    "more",
    [
        {},
        {"early_stopping": True, "tol": 0.1, "max_iter": 99},
        {"tol": 1e9, "n_iter_no_change": 2, "max_iter": 3},  # in the last epoch
    ],
)
def test_what_is_printed_is_what_scikit_learn_prints(capsys, more):
    printed = []
    for one in pair(SCORE, **PLAIN | {"penalty": None, "random_state": 0, "verbose": 1} | more):
        one.fit(X * [1, 0, 1, 1], SCORE)  # of which one weight stays 0
        printed.append(re.sub(r"[\d.]+ seconds", "", capsys.readouterr().out))
    assert printed[0] == printed[1]
    assert len(printed[0].splitlines()) == 3 * one.n_iter_ + (1 if more else 0)


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


def test_weights_of_classes_are_those_of_their_rows_in_softmax():
    y = TARGETS["three classes"]
    options = PLAIN | {"loss": "log_loss", "multi_class": "multinomial", "batch_size": 8}
    by_label = dict(zip(np.unique(y), (0.2, 2.0, 3.0), strict=True))
    one = SGDClassifier(**options, class_weight=by_label).fit(X, y)
    other = SGDClassifier(**options).fit(X, y, sample_weight=[by_label[label] for label in y])
    np.testing.assert_allclose(one.coef_, other.coef_, rtol=ROUNDING)
