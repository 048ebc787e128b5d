"""The estimators refuse what scikit-learn's refuse, in its words, and warn of what it warns of."""

from __future__ import annotations

import copy
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import sklearn.linear_model as theirs
from labelled_rows import CLASSES, LABELS, SCORE, X
from scipy.sparse import csr_array
from sklearn.exceptions import NotFittedError

import fastsgd.sklearn
from fastsgd.sklearn import SGDClassifier, SGDRegressor

WITH_HOLES = np.where(X > 2, np.nan, X)

REGRESSION = {
    "not fitted": lambda make: make().predict(X),
    "features": lambda make: make(tol=None).fit(X, SCORE).predict(X[:, :2]),
    "features of a part": lambda make: make().partial_fit(X, SCORE).partial_fit(X[:, :2], SCORE),
    "lengths": lambda make: make().fit(X, SCORE[:9]),
    "NaN": lambda make: make().fit(WITH_HOLES, SCORE),
    "infinity in y": lambda make: make().fit(X, np.where(SCORE > 0, np.inf, SCORE)),
    "NaN in prediction": lambda make: make(tol=None).fit(X, SCORE).predict(WITH_HOLES),
    "no rows": lambda make: make().fit(X[:0], SCORE[:0]),
    "loss": lambda make: make(loss="hinge").fit(X, SCORE),
    "penalty": lambda make: make(penalty="l3").fit(X, SCORE),
    "alpha": lambda make: make(alpha=-1.0).fit(X, SCORE),
    "eta0": lambda make: make(eta0=0.0).fit(X, SCORE),
    "max_iter": lambda make: make(max_iter=0).fit(X, SCORE),
    "tol": lambda make: make(tol=-1.0).partial_fit(X, SCORE),
    "no alpha": lambda make: make(alpha=0.0, learning_rate="optimal").fit(X, SCORE),
    "pa1": lambda make: make(learning_rate="pa1").fit(X, SCORE),
    "pa2 in a stream": lambda make: make(learning_rate="pa2").partial_fit(X, SCORE),
    "no l1_ratio": lambda make: make(penalty="elasticnet", l1_ratio=None).fit(X, SCORE),
    "all weights 0": lambda make: make(early_stopping=True).fit(
        X, SCORE, sample_weight=np.zeros(30)
    ),
    "held out": lambda make: make(early_stopping=True).partial_fit(X, SCORE),
    "weights": lambda make: make().fit(X, SCORE, sample_weight=np.ones(9)),
    "coef_init": lambda make: make().fit(X, SCORE, coef_init=np.ones(2)),
    "intercept_init": lambda make: make().fit(X, SCORE, intercept_init=np.ones(2)),
    "intercept_init of one row": lambda make: make().fit(X, SCORE, intercept_init=np.ones((1, 1))),
    "words": lambda make: make().fit(X, LABELS),
    "other features, warm": lambda make: (
        make(warm_start=True, tol=None).fit(X, SCORE).fit(X[:, :2], SCORE)
    ),
}

CLASSIFICATION = {
    "not fitted": lambda make: make(loss="log_loss").predict_proba(X),
    "one class": lambda make: make().fit(X, np.ones(30)),
    "one class in the stream": lambda make: make().partial_fit(X, np.ones(30), classes=[1]),
    "no weights held out but others": lambda make: make(early_stopping=True, random_state=0).fit(
        X, LABELS, sample_weight=np.arange(30) == 0
    ),
    "more of coef_init": lambda make: make().fit(X, LABELS, coef_init=np.ones(4)),
    "no weights held out": lambda make: make(early_stopping=True, random_state=0).fit(
        X, LABELS, sample_weight=np.zeros(30)
    ),
    "one row of a class to hold out": lambda make: make(early_stopping=True).fit(
        X, np.append(LABELS[:29], "zero")
    ),
    "no probabilities": lambda make: make().predict_proba,
    "no logarithms of them": lambda make: make(loss="huber").predict_log_proba,
    "no classes": lambda make: make().partial_fit(X, LABELS),
    "other classes": lambda make: (
        make().partial_fit(X, LABELS, classes=["no", "yes"]).partial_fit(X, LABELS, ["a", "b"])
    ),
    "balanced": lambda make: make(class_weight="balanced").partial_fit(X, LABELS, ["no", "yes"]),
    "pa1": lambda make: make(loss="log_loss", learning_rate="pa1").fit(X, LABELS),
    "pa2": lambda make: make(loss="huber", learning_rate="pa2").fit(X, LABELS),
    "class_weight": lambda make: make(class_weight={"maybe": 2.0}).fit(X, LABELS),
    "class_weight of another kind": lambda make: make(class_weight="even").fit(X, LABELS),
    "unknown class": lambda make: make().partial_fit(X, LABELS, classes=["maybe", "yes"]),
    "unknown class later": lambda make: (
        make().partial_fit(X, LABELS, ["no", "yes"]).partial_fit(X, np.full(30, "zero"))
    ),
    "words among numbers": lambda make: make().partial_fit(X, LABELS.astype(object), [0, 1]),
    "coef_init": lambda make: make().fit(X, LABELS, coef_init=np.ones(2)),
    "coef_init of three classes": lambda make: make().fit(X, CLASSES, coef_init=np.ones((3, 2))),
    "intercept_init": lambda make: make().fit(X, LABELS, intercept_init=np.ones((1, 1))),
    "other features, warm": lambda make: (
        make(warm_start=True).fit(X, CLASSES).fit(X[:, :2], CLASSES)
    ),
}


def told(action, make):
    """Return the kind of the error, and what it says but for the name of the class."""
    with pytest.raises((ValueError, TypeError, AttributeError)) as caught:
        action(make)
    return type(caught.value), str(caught.value)


@pytest.mark.parametrize("case", REGRESSION)
def test_a_regressor_refuses_in_the_words_of_scikit_learn(case):
    expected = told(REGRESSION[case], theirs.SGDRegressor)
    assert told(REGRESSION[case], SGDRegressor) == expected


@pytest.mark.parametrize("case", CLASSIFICATION)
def test_a_classifier_refuses_in_the_words_of_scikit_learn(case):
    expected = told(CLASSIFICATION[case], theirs.SGDClassifier)
    assert told(CLASSIFICATION[case], SGDClassifier) == expected


OWN = {
    "flat weights": (
        lambda: with_attribute("coef_", np.zeros(9)),
        r"coef_: expected shape \(3, 3\), got \(9,\)",
    ),
    "batch_size": (lambda: SGDRegressor(batch_size=0).fit(X, SCORE), "'batch_size' .* int in"),
    "optimizer": (lambda: SGDRegressor(optimizer="newton").fit(X, SCORE), "'optimizer' param"),
    "clip_norm": (lambda: SGDRegressor(clip_norm=0.0).fit(X, SCORE), "'clip_norm' parameter"),
    "n_threads": (lambda: SGDRegressor(n_threads=0).fit(X, SCORE), "'n_threads' parameter"),
    "shuffle": (lambda: SGDRegressor(shuffle="no").fit(X, SCORE), "'shuffle' parameter"),
    "multi_class": (lambda: SGDClassifier(multi_class="all").fit(X, LABELS), "'multi_class' p"),
    "multinomial": (
        lambda: SGDClassifier(multi_class="multinomial").fit(X, LABELS),
        "multi_class='multinomial' only works with loss 'log_loss'",
    ),
    "negative weights": (
        lambda: SGDRegressor().fit(X, SCORE, sample_weight=-np.ones(30)),
        "Negative values in data passed to `sample_weight`",
    ),
    "numbers": (lambda: SGDClassifier().fit(X, SCORE), "Unknown label type: continuous"),
    "one row of a class": (
        lambda: SGDClassifier(early_stopping=True).fit(X, np.arange(30) < 1),
        "The least populated classes in y have only 1 member",
    ),
    "another optimizer": (
        lambda: SGDRegressor().fit(X, SCORE).set_params(optimizer="adam").partial_fit(X, SCORE),
        "^partial_fit: optimizer: expected SGD, as in the model, got Adam",
    ),
    "a rate that is set later": (
        lambda: later(learning_rate="inv_scaling"),
        "The 'learning_rate' parameter .* Got 'inv_scaling' instead",
    ),
    "a loss that is set later": (lambda: later(loss="bad"), "The 'loss' parameter .* Got 'bad'"),
    "a size that is set later": (lambda: later(batch_size=0), "The 'batch_size' parameter"),
    "a loss beside weights that were set": (
        lambda: with_set_weights(loss="bad"),
        "The 'loss' parameter of SGDRegressor .* Got 'bad'",
    ),
    "softmax later": (
        lambda: later(multi_class="multinomial"),
        "multi_class='multinomial' only works with loss 'log_loss'",
    ),
    "elastic net later": (lambda: later(penalty="elasticnet", l1_ratio=None), "l1_ratio must be"),
    "eta0 below float32": (
        lambda: SGDRegressor(eta0=1e-40).fit(X.astype("f4"), SCORE),
        "eta0: expected a number from 1.2e-38",
    ),
    "epsilon of huber": (
        lambda: SGDRegressor("huber", epsilon=0.0).fit(X, SCORE),
        "epsilon: expected a positive, finite number, got 0.0",
    ),
    "class weights": (
        lambda: SGDClassifier(class_weight={"yes": -1.0}).fit(X, LABELS),
        "class_weight: expected finite weights of at least 0, got {'yes': -1.0}",
    ),
    "infinite class weights": (
        lambda: SGDClassifier(class_weight={"no": np.inf}).fit(X, LABELS),
        "class_weight: expected finite weights of at least 0, got {'no': inf}",
    ),
    "an integer between classes that are floats": (
        lambda: SGDClassifier().partial_fit(X, np.full(30, 2**53 + 1), [2.0**53, 2.0**53 + 2]),
        "classes should include all valid labels that can be in y",
    ),
    "no classes at all": (
        lambda: SGDClassifier().partial_fit(X, LABELS, classes=[]),
        "The number of classes has to be greater than one; got 0 class",
    ),
    "intercepts": (
        lambda: with_attribute("intercept_", 0.0),
        r"intercept_: expected shape \(3,\), got \(\)",
    ),
    "transposed weights": (
        lambda: with_attribute("coef_", np.zeros((2, 3)).T),
        r"coef_: expected shape \(3, 3\), got \(3, 2\)",
    ),
    "more intercepts": (lambda: with_attribute("intercept_", np.zeros(5)), "intercept_: expected"),
    "sparse weights": (
        lambda: with_attribute("coef_", csr_array((3, 3))),
        r"coef_: expected an array, got a sparse one; call densify\(\) first",
    ),
    "weights that are not finite": (
        lambda: with_attribute("coef_", np.full((3, 3), np.nan)),
        r"coef_: expected finite float64s, got \[\[nan",
    ),
    "initial weights that are not finite": (
        lambda: SGDRegressor().fit(X, SCORE, coef_init=[np.nan, 1.0, 1.0]),
        r"coef_init: expected finite float64s, got \[nan  1.  1.\]",
    ),
    "initial weights beyond float32": (
        lambda: SGDRegressor().fit(X.astype("f4"), SCORE, coef_init=[1e300, 1.0, 1.0]),
        r"coef_init: expected finite float32s, got \[inf  1.  1.\]",
    ),
    "initial intercepts that are not finite": (
        lambda: SGDRegressor().fit(X, SCORE, intercept_init=-np.inf),
        "intercept_init: expected finite float64s, got -inf",
    ),
    "initial weights that are words": (
        lambda: SGDRegressor().fit(X, SCORE, coef_init="zeros"),
        "coef_init: cannot be made an array: could not convert string to float: 'zeros'",
    ),
    "sparse weights, warm": (
        lambda: SGDRegressor(warm_start=True).fit(X, SCORE).sparsify().fit(X, SCORE),
        r"coef_init: expected an array, got a sparse one; call densify\(\) first",
    ),
    "probabilities": (
        lambda: (
            SGDClassifier("log_loss", multi_class="multinomial")
            .fit(X, CLASSES)
            .predict_proba(np.array([[1e308, -1e308, 1e308]]))
        ),
        "X: what is predicted overflows",
    ),
}


def later(**parameters):
    """Set parameters of a classifier that has begun, and go on."""
    model = SGDClassifier(learning_rate="constant").partial_fit(X, CLASSES, classes=[0, 1, 2])
    return model.set_params(**parameters).partial_fit(X, CLASSES)


@pytest.mark.parametrize("alpha", [-1.0, np.array([1.0, 2.0])])
def test_what_was_set_between_parts_is_refused_in_each(alpha):
    model = SGDRegressor().partial_fit(X, SCORE).partial_fit(X, SCORE).set_params(alpha=alpha)
    for _ in range(2):
        with pytest.raises(ValueError, match="The 'alpha' parameter of SGDRegressor must be"):
            model.partial_fit(X, SCORE)


def with_set_weights(**parameters):
    """Set the weights of a regressor that has not begun, and go on."""
    model = SGDRegressor(**parameters)
    model.coef_ = np.zeros(3)
    return model.partial_fit(X, SCORE)


def with_attribute(name, value):
    """Set an attribute of such a classifier, and go on."""
    model = SGDClassifier(learning_rate="constant").partial_fit(X, CLASSES, classes=[0, 1, 2])
    setattr(model, name, value)
    return model.partial_fit(X, CLASSES)


def test_the_model_of_an_error_knows_the_labels():
    model = SGDClassifier("squared_error", learning_rate="constant", eta0=1e300, batch_size=4)
    with pytest.raises(fastsgd.DivergenceError) as caught:
        model.fit(X, LABELS)
    assert set(caught.value.model.predict(X)) <= {"no", "yes"}
    with pytest.raises(fastsgd.DivergenceError) as caught:
        model.partial_fit(X, CLASSES, classes=[0, 1, 5, 2])
    assert caught.value.model.classes.tolist() == [0, 1, 2, 5]


def test_so_does_that_of_a_fit_that_was_interrupted(monkeypatch):
    def interrupted(self, most, report):
        raise KeyboardInterrupt

    monkeypatch.setattr("fastsgd.descent.Descent.run_epochs", interrupted)
    with pytest.raises(fastsgd.Interrupted) as caught:
        SGDClassifier().fit(X, LABELS)
    assert caught.value.model.classes.tolist() == ["no", "yes"]


def test_one_intercept_may_be_set_to_a_number():
    model = SGDRegressor(learning_rate="constant").partial_fit(X, SCORE)
    model.intercept_ = 0.5
    assert model.partial_fit(X, SCORE).intercept_.shape == (1,)


def test_a_first_part_that_is_refused_leaves_nothing_behind():
    model = SGDClassifier(random_state=0)
    with pytest.raises(ValueError, match="NaN"):
        model.partial_fit(WITH_HOLES, CLASSES > 0, classes=[False, True])
    with pytest.raises(NotFittedError):
        model.predict(X)
    assert model.partial_fit(X, CLASSES, classes=[0, 1, 2]).coef_.shape == (3, 3)


@pytest.mark.parametrize("is_part", [False, True])
def test_a_fit_that_fails_leaves_the_estimator_as_it_was(is_part):
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    model = SGDRegressor(learning_rate="constant", random_state=0).fit(frame, SCORE)
    before, copied = {**vars(model)}, copy.deepcopy(model)
    learn = model.partial_fit if is_part else model.fit
    with pytest.raises(fastsgd.DivergenceError):
        learn(frame * 1e200, SCORE)
    with pytest.raises(ValueError, match=r"NaN|feature names"):
        learn(frame.rename(columns=str.upper), np.full(30, np.nan))
    assert vars(model).keys() == before.keys()
    assert all(vars(model)[name] is value for name, value in before.items())
    np.testing.assert_array_equal(model.coef_, copied.coef_)
    assert model.loss_curve_ == copied.loss_curve_
    model.predict(frame)


def test_subclasses_may_have_properties_and_attributes_that_are_none():
    class Own(SGDRegressor):
        @property
        def coef_(self):
            return self.own

        @coef_.setter
        def coef_(self, values):
            self.own = values

    expected = SGDRegressor(random_state=0).fit(X, SCORE).coef_
    np.testing.assert_array_equal(Own(random_state=0).fit(X, SCORE).coef_, expected)
    model = SGDRegressor(random_state=0)
    model.coef_ = None
    expected = SGDRegressor(random_state=0).partial_fit(X, SCORE).coef_
    np.testing.assert_array_equal(model.partial_fit(X, SCORE).coef_, expected)


@pytest.mark.parametrize("case", OWN)
def test_what_scikit_learn_does_not_know_is_refused_as_clearly(case):
    action, message = OWN[case]
    with pytest.raises(ValueError, match=message):
        action()


def test_a_fit_that_blows_up_says_so_and_leaves_the_one_before():
    model = SGDRegressor(batch_size=2, random_state=0).fit(X, SCORE)
    before = model.coef_.copy()
    for attempt in (model.fit, model.partial_fit):
        with pytest.raises(
            fastsgd.DivergenceError, match=r"under-/overflow occurred at epoch #1\."
        ):
            attempt(1e3 * np.tile(X, (9, 1)), np.tile(SCORE, 9))
    np.testing.assert_array_equal(model.coef_, before)


@pytest.mark.parametrize("batch_size", [1, 2])
def test_the_model_of_an_error_can_be_saved(tmp_path, batch_size):
    path = tmp_path / "model.npz"
    options = {"loss": "squared_error", "learning_rate": "constant", "eta0": 1e200, "tol": None}
    with pytest.raises(fastsgd.DivergenceError) as caught:
        SGDClassifier(batch_size=batch_size, random_state=0, **options).fit(X, LABELS)
    saved = caught.value.model
    saved.save(path)
    loaded = fastsgd.load(path)
    assert loaded.loss == saved.loss
    np.testing.assert_array_equal(loaded.w, saved.w)
    code, said = in_a_new_process(
        f"import sys; sys.modules['sklearn'] = None; import fastsgd; fastsgd.load({str(path)!r})"
    )
    assert code == 1
    assert said.splitlines()[-1].startswith("ImportError: fastsgd.sklearn needs scikit-learn")


def in_a_new_process(code):
    """Return what a program wrote as it ended."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    return done.returncode, done.stderr


def test_scikit_learn_is_imported_by_its_face_alone():
    code, said = in_a_new_process("import fastsgd, sys; sys.exit('sklearn' in sys.modules)")
    assert (code, said) == (0, "")
    code, said = in_a_new_process(
        "import sys; sys.modules['sklearn'] = None; import fastsgd.sklearn"
    )
    assert code == 1
    assert "pip install 'fastsgd[sklearn]' brings it" in said


def test_not_fitted_is_told_from_what_is():
    for model in (SGDRegressor(), SGDClassifier()):
        with pytest.raises(NotFittedError):
            model.predict(X)
        with pytest.raises(NotFittedError):
            model.sparsify()


def test_a_classifier_does_not_stop_early_in_parts():
    with pytest.raises(ValueError, match="early_stopping should be False with partial_fit"):
        SGDClassifier(early_stopping=True).partial_fit(X, LABELS, classes=["no", "yes"])


@pytest.mark.parametrize("t", [0.5, 2.0**63, np.nan, "1"])
def test_a_number_of_a_step_that_is_none_is_refused(t):
    model = SGDRegressor().partial_fit(X, SCORE)
    model.t_ = t
    with pytest.raises((TypeError, ValueError), match="t_: expected a number from 1 to"):
        model.partial_fit(X, SCORE)
