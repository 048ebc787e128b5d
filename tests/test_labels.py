"""Labels of any type become classes, and come back as they were."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.utils.class_weight import compute_class_weight

import fastsgd
from fastsgd.labels import encoded, weights_of_classes

labels = st.one_of(
    hnp.arrays(
        st.sampled_from(["int8", "int64", "uint64", "float32", "float64"]),
        (20,),
        elements=st.integers(0, 100),
    ),
    hnp.arrays("int64", (20,), elements=st.integers(-(2**63), 2**63 - 1)),
    hnp.arrays("bool", (20,)),
    hnp.arrays("U3", (20,)),
)


@given(y=labels)
def test_classes_are_the_distinct_labels_in_order(y):
    expected, inverse = np.unique(y, return_inverse=True)
    if len(expected) < 2:
        with pytest.raises(ValueError, match="y: expected labels of at least 2 classes"):
            encoded(y, 20)
        return
    numbers, classes = encoded(y, 20)
    np.testing.assert_array_equal(classes, expected)
    assert classes.dtype == y.dtype
    np.testing.assert_array_equal(numbers, inverse)
    again, same = encoded(y[:1], 1, classes)
    np.testing.assert_array_equal(again, inverse[:1])
    np.testing.assert_array_equal(same, expected)


def data():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 4))
    return X, X @ [1.0, -2.0, 0.5, 0.0]


NAMES = {
    "strings": np.array(["no", "yes"]),
    "bools": np.array([False, True]),
    "signs": np.array([-1, 1]),
    "floats": np.array([0.25, 2.5], np.float32),
    "bytes of a byte": np.array([3, 250], np.uint8),
}


@pytest.mark.parametrize("kind", NAMES)
def test_predictions_are_labels_as_they_were(kind):
    X, score = data()
    y = NAMES[kind][(score > 0).astype(int)]
    model = fastsgd.fit(X, y, loss="logistic", lr=0.5, epochs=20, seed=0)
    reference = fastsgd.fit(X, score > 0, loss="logistic", lr=0.5, epochs=20, seed=0)
    np.testing.assert_array_equal(model.w, reference.w)
    predicted = model.predict(X)
    assert predicted.dtype == y.dtype
    assert (predicted == y).mean() > 0.95
    np.testing.assert_array_equal(predicted == NAMES[kind][1], model.decision_function(X) > 0)


@pytest.mark.parametrize(
    "wrap",
    [
        list,
        lambda y: y.astype(object),
        pd.Series,
        lambda y: pd.Series(y, dtype="category"),
        lambda y: pd.Series(y, dtype="string"),
    ],
)
def test_containers_of_strings(wrap):
    X, score = data()
    y = np.where(score > 0, "yes", "no")
    model = fastsgd.fit(X, wrap(y), loss="hinge", seed=0)
    assert model.classes.tolist() == ["no", "yes"]
    np.testing.assert_array_equal(model.w, fastsgd.fit(X, y, loss="hinge", seed=0).w)


# In passes over the rows, and row by row: in test_combinations the latter are clipped as well.
@pytest.mark.parametrize(("loss", "clip_norm"), [("logistic", 0.5), ("hinge", None)])
def test_one_versus_rest_is_k_fits_in_the_same_order_of_rows(loss, clip_norm):
    X, score = data()
    y = np.array(["a", "b", "c"])[np.digitize(score, [-1, 1])]
    rng = np.random.default_rng(1)
    start = rng.normal(size=(4, 3)), rng.normal(size=3)
    weights = rng.uniform(0, 2, (300, 3))
    options = {"loss": loss, "seed": 3, "epoch_loss": "full", "penalty": "l2"}
    options["clip_norm"] = clip_norm
    both = fastsgd.fit(X, y, init=start, sample_weight=weights, **options)
    losses = []
    for j, name in enumerate("abc"):
        alone = fastsgd.fit(
            X, y == name, init=(start[0][:, j], start[1][j]), sample_weight=weights[:, j], **options
        )
        np.testing.assert_allclose(both.w[:, j], alone.w, rtol=1e-12)
        np.testing.assert_allclose(both.b[j], alone.b, rtol=1e-12)
        losses.append(alone.history.data_loss)
    np.testing.assert_allclose(both.history.data_loss, np.sum(losses, axis=0), rtol=1e-12)
    scores = both.decision_function(X)
    np.testing.assert_array_equal(both.predict(X), np.array(["a", "b", "c"])[scores.argmax(axis=1)])


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def test_probabilities_are_their_definitions():
    X, score = data()
    two, three = score > 0, np.digitize(score, [-1, 1])
    for loss, of_scores in {
        "logistic": sigmoid,
        "modified_huber": lambda s: (np.clip(s, -1, 1) + 1) / 2,
    }.items():
        model = fastsgd.fit(X, two, loss=loss, penalty="l2", seed=0)
        p = of_scores(model.decision_function(X))
        np.testing.assert_allclose(model.predict_proba(X), np.column_stack([1 - p, p]), atol=1e-15)
        model = fastsgd.fit(X, three, loss=loss, penalty="l2", seed=0)
        p = of_scores(model.decision_function(X))
        np.testing.assert_allclose(model.predict_proba(X), p / p.sum(axis=1, keepdims=True))
    model = fastsgd.fit(X, three, loss="softmax", seed=0)
    p = np.exp(model.decision_function(X))
    np.testing.assert_allclose(model.predict_proba(X), p / p.sum(axis=1, keepdims=True))


def test_probabilities_are_accurate_and_add_up_far_out():
    model = fastsgd.fit([[0.0], [1.0]], [0, 1], loss="logistic", init=([1.0], 0.0), epochs=0)
    p = model.predict_proba([[-700.0], [700.0], [1e300]])
    np.testing.assert_allclose(p[:2, [1, 0]].diagonal(), np.exp(-700.0), rtol=1e-12)
    np.testing.assert_array_equal(p.sum(axis=1), 1)
    X = np.ones((6, 1), np.float32)
    for scores in ([-110.0, -150.0, -200.0], [-60.0, -140.0, -200.0]):
        start = np.array([scores]), np.zeros(3)
        sure = fastsgd.fit(X, [0, 1, 2] * 2, loss="logistic", init=start, epochs=0)
        expected = np.exp([0, scores[1] - scores[0]])
        # Of a float32 of 140, half of the last digit is 7.6e-6.
        np.testing.assert_allclose(sure.predict_proba(X[:1])[0, :2], expected, rtol=1e-5)
    # One-versus-rest, no class may claim a row at all.
    three = fastsgd.fit(
        [[0.0], [1.0], [2.0]],
        [0, 1, 2],
        loss="modified_huber",
        init=(np.zeros((1, 3)), [-5.0] * 3),
        epochs=0,
    )
    np.testing.assert_allclose(three.predict_proba([[0.0]]), [[1 / 3] * 3])


def test_a_loss_without_probabilities_says_so():
    X, score = data()
    for model in (fastsgd.fit(X, score > 0, loss="hinge"), fastsgd.fit(X, score)):
        with pytest.raises(ValueError, match=r"loss: .* has no probabilities; 'logistic'"):
            model.predict_proba(X)


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("loss", ["hinge", "softmax"])
@pytest.mark.parametrize("weights", [None, np.linspace(0.5, 2, 300)])
def test_class_weights_are_sample_weights(classes, loss, weights):
    X, score = data()
    y = np.digitize(score, [0.5] if classes == 2 else [-1, 1])
    by_hand = compute_class_weight("balanced", classes=np.arange(classes), y=y)
    rows = np.ones(300) if weights is None else weights
    if loss == "hinge" and classes == 3:  # one-versus-rest, those of a class's own rows alone
        table = rows[:, None] * np.where(y[:, None] == np.arange(3), by_hand, 1.0)
    else:
        table = rows * by_hand[y]
    options = {"loss": loss, "seed": 0}
    expected = fastsgd.fit(X, y, sample_weight=table, **options)
    for class_weight in ("balanced", dict(enumerate(by_hand))):
        model = fastsgd.fit(X, y, sample_weight=weights, class_weight=class_weight, **options)
        np.testing.assert_allclose(model.w, expected.w, rtol=1e-12)
        np.testing.assert_allclose(model.history.loss, expected.history.loss, rtol=1e-12)


def test_a_class_that_is_left_out_of_the_weights_counts_once():
    numbers, classes = encoded(["a", "b", "b"], 3)
    np.testing.assert_array_equal(weights_of_classes({"b": 3}, numbers, classes), [1, 3])


X3 = np.zeros((3, 3))


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"y": [1, 1, 1]}, ValueError, "y: expected labels of at least 2 classes, got 1 alone"),
        ({"y": ["a", "b"]}, ValueError, r"y: expected shape \(3,\), one label for each row"),
        ({"y": [["a"], ["b"], ["a"]]}, ValueError, r"\(3, 1\); np.ravel\(y\) makes it so"),
        ({"y": np.eye(3)}, ValueError, r"\(3, 3\); .* np.argmax\(y, axis=1\) makes labels"),
        ({"y": [0.5, 1.5, 2.25]}, ValueError, "y: expected labels of classes, got 3 numbers such"),
        ({"y": [0.0, 1.0, np.nan]}, ValueError, "y: row 2 is nan; expected finite labels"),
        ({"y": ["a", "b", None]}, TypeError, "y: expected numbers or strings as labels, got None"),
        ({"y": ["a", 1, 2.0]}, TypeError, "y: .* labels"),
        ({"y": [[0], [1, 2], [0]]}, ValueError, "y: cannot be made an array: "),
        (
            {"y": np.ma.array([0, 1, 0], mask=[0, 0, 1])},
            TypeError,
            r"y: masked arrays .* y.filled",
        ),
        (
            {"y": np.array([2**53, 2**53 + 1, 1.0], dtype=object)},
            ValueError,
            "y: 9007199254740993 would be the label 9007199254740992.0 beside the others",
        ),
        (
            {"y": [2**63 + 1, 2**63 + 2, -1]},
            ValueError,
            "y: 9223372036854775809 would be the label 9.2233",
        ),
        ({"y": ["a", "a\0", "b"]}, ValueError, "y: expected no label that ends with a NUL"),
        ({"class_weight": "even"}, TypeError, "class_weight: expected 'balanced' or a dict"),
        (
            {"class_weight": {2: 1.0}},
            ValueError,
            r"class_weight: 2 is not among the classes \[0, 1",
        ),
        (
            {"class_weight": {0: 1e300}, "sample_weight": [1e300] * 3},
            ValueError,
            "class_weight: expected weights that are finite, times those of the rows",
        ),
        ({"class_weight": {0: -1.0}}, ValueError, r"class_weight\[0\]: expected a finite number"),
        (
            {"loss": "squared", "class_weight": {0: 1}},
            ValueError,
            "class_weight: there are no clas",
        ),
        (
            {"sample_weight": np.ones((3, 2))},
            ValueError,
            r"sample_weight: expected shape \(3,\), one",
        ),
        (
            {"loss": "softmax", "y": [0, 1, 2], "sample_weight": np.ones((3, 3))},
            ValueError,
            r"sample_weight: expected shape \(3,\), one",
        ),
    ],
)
def test_what_are_no_labels_is_refused(arguments, error, message):
    arguments = {"X": X3, "y": [0, 1, 0], "loss": "hinge", **arguments}
    with pytest.raises(error, match=message):
        fastsgd.fit(**arguments)


def test_labels_in_an_array_of_mxnet_are_told_what_would_do():
    class NDArray:
        def asnumpy(self):
            return np.array([0, 1, 0])

    with pytest.raises(TypeError, match=r"y: NDArray is not .*; y.asnumpy\(\) makes it one"):
        fastsgd.fit(X3, NDArray(), loss="hinge")


def test_labels_that_the_model_does_not_know_are_refused():
    model = fastsgd.fit(X3, ["a", "b", "a"], loss="hinge")
    with pytest.raises(ValueError, match="y: row 1 is 'c', which is not among the classes"):
        model.evaluate(X3[:2], ["a", "c"])
    with pytest.raises(ValueError, match="y: expected labels like 'a', got 1"):
        model.evaluate(X3[:2], [1, 2])
    assert model.evaluate(X3[:1], ["a"]) > 0


def test_models_of_classes_survive_a_trip_to_disk(tmp_path):
    X, score = data()
    for y in (np.where(score > 0, "up", "down"), np.digitize(score, [-1, 1])):
        model = fastsgd.fit(X, y, loss="logistic", optimizer="adam", average=True)
        model.save(tmp_path / "model")
        loaded = fastsgd.load(tmp_path / "model")
        np.testing.assert_array_equal(loaded.predict(X), model.predict(X))
        assert loaded.classes.dtype == model.classes.dtype
        assert repr(loaded) == repr(model)
    assert repr(model) == "Model(features=4, classes=3, loss=Logistic(), epochs=3)"


@pytest.mark.parametrize("dtype", [np.int8, np.int16, np.uint64])
def test_labels_of_any_integers(dtype):
    low, high = (np.iinfo(dtype).min, np.iinfo(dtype).max) if dtype == np.int8 else (3, 5)
    y = np.array([low, 4, high] * 5, dtype)
    model = fastsgd.fit(np.arange(45.0).reshape(15, 3), y, loss="logistic", lr=1e-3, seed=0)
    assert model.classes.dtype == dtype
    np.testing.assert_array_equal(model.classes, np.unique(y))


@pytest.mark.parametrize(
    ("labels", "dtype"),
    [
        ([3, 1, 1], np.int64),
        ([np.int16(3), np.int16(1), np.int16(1)], np.int16),
        ([True, False, True], np.bool_),
        ([3, 1.0, 1], np.float64),
    ],
)
def test_labels_that_are_objects_come_back_as_the_numbers_they_are(labels, dtype):
    y = np.array(labels, dtype=object)
    model = fastsgd.fit(X3, y, loss="logistic")
    assert model.predict(X3).dtype == dtype
    assert model.classes.tolist() == sorted(set(labels))


STRINGS = getattr(np.dtypes, "StringDType", None)


@pytest.mark.skipif(STRINGS is None, reason="numpy has strings of any length from version 2 on")
def test_strings_of_any_length_are_labels():
    y = np.array(["no", "yes", "no"], dtype=STRINGS())
    assert fastsgd.fit(X3, y, loss="hinge").classes.tolist() == ["no", "yes"]
    y = np.array(["no", "yes", None], dtype=STRINGS(na_object=None))
    with pytest.raises(TypeError, match="y: expected numbers or strings as labels, got NoneType"):
        fastsgd.fit(X3, y, loss="hinge")


def test_labels_of_narrow_floats():
    X = np.arange(4.0)[:, None]
    model = fastsgd.fit(X, np.array([1, 1, 2, 2], np.float16), loss="hinge", seed=0)
    assert model.classes.dtype == np.float16
    narrow = model.evaluate(X, np.array([1, 1, 2, 2], np.float16))
    assert narrow == model.evaluate(X, [1, 1, 2, 2])


def test_large_integers_of_other_types_are_the_same_labels():
    y = np.array([2**53, 2**53 + 1, 2**53 + 2] * 2)
    _, classes = encoded(y.astype(np.uint64), 6)
    np.testing.assert_array_equal(encoded(y, 6, classes)[0], [0, 1, 2] * 2)
    with pytest.raises(ValueError, match="y: row 0 is -1, which is not among the classes"):
        encoded(np.array([-1]), 1, classes)
    with pytest.raises(ValueError, match="row 1 is 9007199254740993, which is not among"):
        encoded(y[:2], 2, classes.astype(np.float64))


def test_no_model_of_a_fit_can_change_the_classes_of_another():
    model = fastsgd.fit([[0.0], [1.0]], [3, 5], loss="hinge")
    with pytest.raises(ValueError, match="read-only"):
        model.classes[0] = 9


def test_integers_beyond_64_bits_are_no_labels():
    with pytest.raises(ValueError, match=f"y: {2**70} is beyond .* such labels can be strings"):
        fastsgd.fit([[0.0], [1.0]], [1, 2**70], loss="logistic")


@pytest.mark.parametrize("label", [2**53 + 1, -(2**53) - 1, np.int64(2**53 + 1)])
def test_an_integer_that_is_another_one_beside_a_float_is_refused(label):
    with pytest.raises(ValueError, match=f"y: {label} would be the label"):
        fastsgd.fit([[0.0], [1.0]], [label, 0.5], loss="logistic")


def test_initial_parameters_of_other_classes_are_refused():
    X, score = data()
    y = np.where(score > 0, "up", "down")
    model = fastsgd.fit(X, y, loss="logistic", seed=0)
    same = fastsgd.fit(X, y, loss="hinge", init=model, epochs=0)
    np.testing.assert_array_equal(same.w, model.w)
    with pytest.raises(ValueError, match=r"init: .* \['left', 'right'\].* got .*'down', 'up'"):
        fastsgd.fit(X, np.where(score > 0, "left", "right"), loss="logistic", init=model)
    with pytest.raises(ValueError, match=r"init: expected a Model without classes, .*'down', 'up'"):
        fastsgd.fit(X, score, init=model)
    other = fastsgd.fit(X, score > 0, loss="logistic", init=(model.w, model.b), epochs=0)
    np.testing.assert_array_equal(other.w, model.w)


@pytest.mark.parametrize("loss", ["logistic", "softmax"])
def test_more_classes_than_float32_numbers_one_by_one_are_refused(loss):
    X, classes = np.ones((1, 1), np.float32), np.arange(2**24 + 1, dtype=np.int32)
    with pytest.raises(ValueError, match=r"^classes: expected at most 16777216 .* got 16777217$"):
        fastsgd.gradient(X, [0], [[0.0]], [0.0], loss=loss, classes=classes)


def test_a_score_of_0_stands_for_the_first_class():
    model = fastsgd.fit([[0.0], [1.0]], ["no", "yes"], loss="hinge", init=([0.0], 0.0), epochs=0)
    assert model.predict([[1.0]]) == ["no"]


def test_balanced_weights_of_rows_that_lack_a_class_are_those_of_the_others():
    options = {"loss": "hinge", "seed": 0}
    first = fastsgd.fit(X3, [0, 1, 2], **options)
    models = [
        fastsgd.fit(X3[:2], [0, 1], resume=first, class_weight=weights, **options)
        for weights in ("balanced", {0: 2 / 3, 1: 2 / 3})
    ]
    np.testing.assert_array_equal(models[0].w, models[1].w)


@pytest.mark.parametrize("sign", [1, -1])
def test_floats_that_are_near_large_integers_are_not_those_labels(sign):
    X = np.array([[-1.0], [1.0]])
    model = fastsgd.fit(X, sign * np.array([1, 2**53 + 1]), loss="logistic", epochs=0)
    with pytest.raises(ValueError, match=r"row 1 is .*, which is not among the classes"):
        model.evaluate(X, sign * np.array([1.0, 2.0**53]))


def test_numbers_of_which_only_some_are_fractions_are_no_labels():
    with pytest.raises(ValueError, match="y: expected labels of classes, got 3 numbers"):
        fastsgd.fit(np.eye(3), [0.0, 0.5, 1.0], loss="logistic")
