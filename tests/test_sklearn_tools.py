"""The estimators in the hands of scikit-learn's tools, on data that it ships."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris, load_wine
from sklearn.ensemble import BaggingRegressor, StackingClassifier
from sklearn.feature_selection import SelectFromModel
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_val_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, StandardScaler
from sklearn.utils import estimator_html_repr, get_tags
from tolerances import ROUNDING

import fastsgd
from fastsgd.sklearn import SGDClassifier, SGDRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def classifier(**options):
    """Return a classifier of few epochs."""
    common = {"loss": "log_loss", "batch_size": 8, "learning_rate": "constant", "eta0": 0.1}
    return SGDClassifier(**common | {"max_iter": 50, "random_state": 0} | options)


# The four features that tell most: with as many, kernels are those of other tests.
def diabetes():
    X, y = load_diabetes(return_X_y=True)
    return X[:, [2, 3, 6, 8]], y


def breast_cancer():
    X, y = load_breast_cancer(return_X_y=True)
    return X[:, [20, 21, 24, 27]], y


def test_pipeline_on_digits():
    X, y = load_digits(return_X_y=True)
    scores = cross_val_score(make_pipeline(MinMaxScaler(), classifier()), X, y, cv=3)
    assert scores.min() > 0.9


@pytest.mark.filterwarnings("ignore:One or more of the test scores are non-finite")
def test_grid_search_survives_a_rate_that_diverges():
    X, y = diabetes()
    model = make_pipeline(StandardScaler(), SGDRegressor(batch_size=8, random_state=0))
    grid = {"sgdregressor__eta0": [0.01, 1e3], "sgdregressor__optimizer": ["sgd"]}
    grid["sgdregressor__optimizer"].append(fastsgd.optimizers.Adagrad())
    search = GridSearchCV(model, grid, cv=3)
    with pytest.warns(sklearn.exceptions.FitFailedWarning, match="DivergenceError"):
        search.fit(X, y)
    assert search.best_params_["sgdregressor__eta0"] == 0.01
    assert search.best_score_ > 0.4


def test_column_transformer_takes_frames():
    data = load_wine(as_frame=True)
    frame = data.data.assign(colour=np.where(data.data["hue"] > 1, "red", "brown"))
    columns = ColumnTransformer(
        [
            ("numbers", StandardScaler(), list(data.data.columns)),
            ("words", OneHotEncoder(), ["colour"]),
        ],
        sparse_threshold=0,
    )
    model = make_pipeline(columns.set_output(transform="default"), classifier())
    assert model.fit(frame, data.target).score(frame, data.target) > 0.95


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
def test_names_of_features_are_kept_and_compared(frame):
    X, y = load_iris(return_X_y=True)
    names = ["a", "b", "c", "d"]
    table = frame(dict(zip(names, X.T, strict=True)))
    model = classifier().fit(table, y)
    assert model.feature_names_in_.tolist() == names
    np.testing.assert_array_equal(model.coef_, classifier().fit(X, y).coef_)
    assert model.score(table, y) > 0.8
    with pytest.warns(UserWarning, match="X does not have valid feature names"):
        model.predict(X)
    with pytest.raises(ValueError, match="feature names should match"):
        model.partial_fit(frame(dict(zip("abce", X.T, strict=True))), y)


def test_output_of_steps_before_as_frames():
    X, y = load_iris(return_X_y=True, as_frame=True)
    model = make_pipeline(StandardScaler(), classifier()).set_output(transform="pandas")
    model.fit(X, y)
    assert model[-1].feature_names_in_.tolist() == list(X.columns)


def test_calibration_and_stacking():
    X, y = breast_cancer()
    scaled = StandardScaler().fit_transform(X)
    calibrated = CalibratedClassifierCV(classifier(loss="hinge"), cv=3).fit(scaled, y)
    assert calibrated.score(scaled, y) > 0.95
    np.testing.assert_allclose(calibrated.predict_proba(scaled).sum(axis=1), 1)
    three = [(name, classifier()) for name in ("one", "two", "three")]
    stacked = StackingClassifier(three, final_estimator=classifier())
    assert stacked.fit(scaled, y).score(scaled, y) > 0.95


def test_one_versus_rest_by_scikit_learn_is_ours():
    X, y = load_iris(return_X_y=True)
    options = {"shuffle": False, "tol": None, "max_iter": 20}
    outside = OneVsRestClassifier(classifier(**options)).fit(X, y)
    inside = classifier(**options).fit(X, y)
    coef = np.vstack([one.coef_ for one in outside.estimators_])
    np.testing.assert_allclose(inside.coef_, coef, rtol=ROUNDING)
    assert (
        MultiOutputClassifier(classifier())
        .fit(X, np.column_stack([y, y > 0]))
        .score(X, np.column_stack([y, y > 0]))
    )


def test_features_are_selected_by_l1():
    options = {"batch_size": 64, "learning_rate": "adaptive", "max_iter": 200}
    selector = classifier(penalty="l1", alpha=0.2, **options)
    X, y = load_breast_cancer(return_X_y=True)
    model = make_pipeline(StandardScaler(), SelectFromModel(selector), classifier()).fit(X, y)
    chosen = model[1].get_support().sum()
    assert 0 < chosen < 20
    assert model.score(X, y) > 0.93


def test_regressors_in_bags_and_behind_a_transformed_target():
    X, y = diabetes()
    model = SGDRegressor(batch_size=8, eta0=0.02, random_state=0)
    bag = BaggingRegressor(make_pipeline(StandardScaler(), model), 3, random_state=0)
    assert bag.fit(X, y).score(X, y) > 0.45
    behind = TransformedTargetRegressor(
        make_pipeline(StandardScaler(), model), transformer=StandardScaler()
    )
    assert behind.fit(X, y).score(X, y) > 0.45


def test_weights_are_routed():
    X, y = load_iris(return_X_y=True)
    weights = np.where(y == 2, 1.0, 0.0)
    weights[:2] = 1.0
    with sklearn.config_context(enable_metadata_routing=True):
        model = classifier().set_fit_request(sample_weight=True)
        model.set_score_request(sample_weight=True)
        assert cross_val_predict(model, X, y, params={"sample_weight": weights}).shape == (150,)
        search = GridSearchCV(model, {"alpha": [1e-4]}, cv=3).fit(X, y, sample_weight=weights)
        assert search.best_score_ > 0.95
        partial = classifier().set_partial_fit_request(classes=True)
        assert partial.get_metadata_routing().partial_fit.requests["classes"] is True


def test_weights_can_be_made_sparse_and_dense_again():
    X, y = load_iris(return_X_y=True)
    model = classifier(penalty="l1", alpha=0.1).fit(X, y)
    before = model.coef_.copy(), model.predict(X)
    assert hasattr(model.sparsify().coef_, "tocsr")
    np.testing.assert_array_equal(model.predict(X), before[1])
    np.testing.assert_array_equal(model.densify().coef_, before[0])
    model.partial_fit(X, y)


def test_pages_show_parameters_that_were_changed():
    html = estimator_html_repr(classifier(optimizer=fastsgd.optimizers.Adam(0.8)))
    assert "SGDClassifier" in html
    assert "Adam(beta1=0.8" in html
    assert repr(SGDRegressor(batch_size=32)) == "SGDRegressor(batch_size=32)"


def test_tags_say_what_the_estimators_take():
    assert get_tags(SGDRegressor()).target_tags.multi_output
    assert get_tags(SGDClassifier()).classifier_tags.multi_class
