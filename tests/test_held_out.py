"""Rows that are held out are drawn fairly, counted once, and choose the best model."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from noisy_rows import data

import fastsgd


@given(
    share=st.floats(0.05, 0.9),
    sizes=st.lists(st.integers(1, 60), min_size=2, max_size=5),
    seed=st.integers(0, 2**64 - 1),
)
def test_held_out_rows_are_of_each_class_alike(share, sizes, seed):
    y = np.repeat(np.arange(len(sizes)), sizes)
    # The feature tells which rows were seen: only their weights move. Rows of any size have as many
    # features, as kernels are compiled for each shape that registers hold.
    X = np.eye(len(y), 300)
    start = np.zeros((300, len(sizes))) if len(sizes) > 2 else np.zeros(300)
    b = np.zeros(len(sizes)) if len(sizes) > 2 else 0.0
    try:
        model = fastsgd.fit(
            X,
            y,
            loss="perceptron",
            validation=share,
            seed=seed,
            init=(start, b),
            epochs=1,
            fit_intercept=False,
        )
    except ValueError as error:  # so few rows that none is held out
        assert str(error).startswith("validation:")  # noqa: PT017
        assert all(share * size < 1 or size == 1 for size in sizes)
        return
    last = model.state.parameters.w
    seen = (last[:, : len(y)] != 0).any(axis=0)
    for c, size in enumerate(sizes):
        held = size - seen[y == c].sum()
        assert held <= max(size - 1, 0)
        assert abs(held - share * size) <= 1 or held == size - 1


def test_the_share_held_out_is_drawn_from_the_seed_and_never_learned_from():
    X, y = np.eye(100, 300), np.ones(100)
    options = {"init": (np.zeros(300), 0.0), "epochs": 2, "fit_intercept": False}
    seen = [
        fastsgd.fit(X, y, validation=0.25, seed=seed, **options).state.parameters.w[0] != 0
        for seed in (0, 0, 1)
    ]
    assert [s.sum() for s in seen] == [75, 75, 75]
    np.testing.assert_array_equal(seen[0], seen[1])
    assert (seen[0] != seen[2]).any()


def test_the_held_out_loss_is_the_data_loss_on_other_rows_and_the_best_model_is_returned():
    X, y = data()
    held = data(90)
    weights = np.random.default_rng(0).uniform(0, 2, 200)
    seen = []
    model = fastsgd.fit(
        X,
        y,
        sample_weight=weights,
        validation=held,
        lr=0.3,
        batch_size=2,
        epochs=20,
        seed=0,
        callback=lambda m, e: seen.append(m),
    )
    of_epochs = [m.evaluate(*held) for m in seen]
    np.testing.assert_allclose(model.history.validation_loss, of_epochs, rtol=1e-12)
    best = int(np.argmin(of_epochs))
    assert best != 19
    np.testing.assert_array_equal(model.w, seen[best].w)
    assert model.b == seen[best].b
    without = fastsgd.fit(X, y, sample_weight=weights, lr=0.3, batch_size=2, epochs=20, seed=0)
    np.testing.assert_array_equal(seen[-1].w, without.w)


def test_a_share_held_out_is_measured_on_its_rows_alone():
    X, y = np.eye(12), np.arange(1.0, 13)
    options = {"validation": 0.25, "seed": 0, "fit_intercept": False, "epochs": 1}
    model = fastsgd.fit(X, y, init=(np.zeros(12), 0.0), **options)
    held_out = model.w == 0  # the features of rows that were never visited
    assert held_out.sum() == 3
    np.testing.assert_allclose(model.history.validation_loss, (y[held_out] ** 2).mean() / 2)


@pytest.mark.parametrize(("loss", "outputs"), [("squared", ()), ("softmax", (3,))])
def test_rows_of_a_share_held_out_keep_their_weights(loss, outputs):
    X, y, weights = np.eye(12, 300), np.arange(12) % 3, np.arange(1.0, 13)
    options = {"validation": 0.25, "seed": 0, "fit_intercept": False, "epochs": 1}
    start = np.zeros((300, *outputs)), np.zeros(outputs)
    y = y if outputs else y + 1.0
    model = fastsgd.fit(X, y, loss=loss, sample_weight=weights, init=start, **options)
    held_out = (model.w[:12].reshape(12, -1) == 0).all(axis=1)
    of_rows = np.full(12, np.log(3)) if outputs else y**2 / 2
    expected = (weights * of_rows)[held_out].mean()
    np.testing.assert_allclose(model.history.validation_loss, expected, rtol=1e-14)


def test_a_callback_cannot_change_the_best_model():
    X, y = data()
    options = {"validation": 0.3, "epochs": 3, "seed": 0}

    def change(model, _):
        model.state.best.w[...] = 7

    model = fastsgd.fit(X, y, callback=change, **options)
    np.testing.assert_array_equal(model.w, fastsgd.fit(X, y, **options).w)


def test_validation_with_labels_and_with_several_outputs():
    X, score = data()
    y = np.where(score > 0, "up", "down")
    model = fastsgd.fit(X, y, loss="logistic", validation=(X[:50], y[:50]), epochs=4, seed=0)
    assert min(model.history.validation_loss) == model.evaluate(X[:50], y[:50])
    two = np.column_stack([score, -score])
    model = fastsgd.fit(X, two, validation=(X[:50], two[:50]), epochs=4, seed=0)
    assert min(model.history.validation_loss) == model.evaluate(X[:50], two[:50])
    with pytest.raises(ValueError, match="validation: y: row 0 is 'left', which is not among"):
        fastsgd.fit(X, y, loss="logistic", validation=(X[:1], ["left"]))


@pytest.mark.parametrize("loss", ["logistic", "softmax"])
def test_other_rows_to_validate_on_have_the_class_weights_of_the_fit(loss):
    X, score = data()
    y = np.digitize(score, [-2, 2])
    held = X[:50], np.digitize(score[:50] + 1, [-2, 2])
    by_hand = 200 / (3 * np.bincount(y))
    weights = by_hand[held[1]]
    if loss == "logistic":  # one-versus-rest, those of a class's own rows alone
        weights = np.where(held[1][:, None] == np.arange(3), by_hand, 1.0)
    for class_weight in ("balanced", dict(enumerate(by_hand))):
        options = {"loss": loss, "class_weight": class_weight, "epochs": 1, "seed": 0}
        model = fastsgd.fit(X, y, validation=held, **options)
        expected = model.evaluate(*held, sample_weight=weights)
        np.testing.assert_allclose(model.history.validation_loss, expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("validation", "error", "message"),
    [
        (0.0, ValueError, "validation: expected a number above 0 and below 1"),
        (1, ValueError, r"validation: .* above 0 and below 1, .* or \(X, y\), got 1"),
        ("tenth", TypeError, "validation: expected a number above 0"),
        (np.ones((2, 3)), TypeError, r"validation: .* or \(X, y\), got ndarray of shape \(2, 3\)"),
        ((np.ones((2, 3)),), TypeError, r"validation: expected a share of the rows, or \(X, y\)"),
        ((np.ones((2, 2)), np.ones(2)), ValueError, r"validation: .* 3\) and \(n,\), got \(n, 2\)"),
        ((np.ones((2, 3)), np.ones((2, 1))), ValueError, r"validation: .* and \(n,\), got .* 1\)$"),
        ((np.ones(3), np.ones(2)), ValueError, "validation: X: expected 2 dimensions"),
        ((np.ones((2, 3)), np.ones(3)), ValueError, "validation: y: expected one entry for each"),
        (0.001, ValueError, "validation: 0.001 of 200 rows leaves 200 to learn from and 0 to"),
    ],
)
def test_wrong_validations_are_refused(validation, error, message):
    with pytest.raises(error, match=message):
        fastsgd.fit(*data(), validation=validation)


@pytest.mark.parametrize("epoch_loss", ["running", None])
def test_a_held_out_loss_that_overflows_is_not_passed_on(epoch_loss):
    X, y = data()
    message = r"validation: after 1 whole epoch the .* is inf.* reaches from 1e\+200 to 1e\+200"
    with pytest.raises(fastsgd.DivergenceError, match=message):
        fastsgd.fit(X, y, validation=(np.full((1, 3), 1e200), [0.0]), epoch_loss=epoch_loss)


def test_of_equally_good_epochs_the_first_one_has_the_best_model():
    # The labels of the rows held out are told by far: their loss is 0 after each epoch.
    X, y = [[-1.0], [1.0]], [0, 1]
    options = {"loss": "hinge", "validation": ([[-99.0], [99.0]], y), "seed": 0}
    options |= {"init": ([0.5], 0.0), "lr": 0.1, "batch_size": 2}
    first = fastsgd.fit(X, y, epochs=1, **options)
    model = fastsgd.fit(X, y, epochs=3, **options)
    assert model.history.validation_loss == (0.0, 0.0, 0.0)
    assert model.state.parameters.w[0, 0] != model.w[0] == first.w[0]


def test_as_many_rows_are_held_out_as_are_nearest_to_the_share():  # 0.29 * 100 is 28.999...
    options = {"init": (np.zeros(300), 0.0), "epochs": 1, "fit_intercept": False, "seed": 0}
    model = fastsgd.fit(np.eye(100, 300), np.ones(100), validation=0.29, **options)
    assert (model.state.parameters.w[0, :100] == 0).sum() == 29


def test_rows_to_validate_on_are_of_the_dtype_of_those_of_the_fit():
    X, y = data()
    narrow, options = X.astype(np.float32), {"epochs": 2, "seed": 0}
    one, other = (fastsgd.fit(narrow, y, validation=(held, y), **options) for held in (X, narrow))
    assert one.history.validation_loss == other.history.validation_loss


def test_each_class_has_its_own_best_epoch():
    X, score = data()
    y = np.digitize(score, [-2, 2])
    held = data(90)[0], np.digitize(data(90)[1], [-2, 2])
    seen = []
    options = {"loss": "logistic", "lr": 2.0, "batch_size": 2, "epochs": 20, "seed": 0}
    options["callback"] = lambda model, epoch: seen.append((model.w, model.b))
    model = fastsgd.fit(X, y, validation=held, **options)
    signs = np.where(held[1][:, None] == np.arange(3), 1.0, -1.0)
    losses = [np.logaddexp(0, -signs * (held[0] @ w + b)).mean(axis=0) for w, b in seen]
    best = np.argmin(losses, axis=0)
    assert len(set(best)) == 3
    for j, epoch in enumerate(best):
        np.testing.assert_array_equal(model.w[:, j], seen[epoch][0][:, j])


def held_out(y, share, seed):
    """Return which rows are held out: each has a feature of its own, which does not move then."""
    n, d, k = len(y), 300, len(np.unique(y))
    start = (np.zeros((d, k)), np.zeros(k)) if k > 2 else (np.zeros(d), 0.0)
    options = {"loss": "perceptron", "init": start, "epochs": 1, "fit_intercept": False}
    model = fastsgd.fit(np.eye(n, d), y, validation=share, seed=seed, **options)
    return (model.state.parameters.w[:, :n] == 0).all(axis=0)


def test_many_small_classes_give_their_share_together():
    y = np.repeat(np.arange(60), 4)  # of each class, 0.4 rows
    held = np.array([held_out(y, 0.1, seed) for seed in range(20)])
    assert (held.sum(axis=1) == 24).all()
    of_classes = held.reshape(20, 60, 4).sum(axis=2)
    assert of_classes.max() == 1
    # Of 20 draws with a chance of 0.4, more than 19 or fewer than 1 have one of 2e-5.
    assert 0 < of_classes.sum(axis=0).min() <= of_classes.sum(axis=0).max() < 20


@pytest.mark.parametrize("seed", range(8))
def test_few_rows_of_several_classes_never_leave_none_to_validate_on(seed):
    y = np.arange(8) % 4  # of each class 0.4 rows, and of all 1.6
    assert held_out(y, 0.2, seed).sum() in (1, 2)


def test_the_rows_of_a_class_that_are_held_out_are_drawn_from_the_seed():
    y = np.arange(100) % 2
    one, same, other = (held_out(y, 0.2, seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()


def test_each_of_many_rows_held_out_counts_once():
    n = 150_000
    options = {"validation": 0.5, "init": ([0.0], 0.0), "fit_intercept": False, "epochs": 1}
    model = fastsgd.fit(np.zeros((n, 1)), np.ones(n), batch_size=100, **options)
    np.testing.assert_allclose(model.history.validation_loss, 0.5, rtol=1e-12)


@pytest.mark.parametrize("of", ["the rows to learn from", "those held out"])
def test_rows_that_all_count_for_nothing_are_refused_on_either_side(of):
    X, y = data(20)
    # Which rows are learned from shows where the gradient is not 0.
    seen = fastsgd.fit(
        np.eye(20, 300), np.ones(20), validation=0.5, seed=0, epochs=1, init=(np.zeros(300), 0.0)
    )
    held = seen.w[:20] == 0
    weights = held if of == "the rows to learn from" else ~held
    message = f"sample_weight: expected at least one above 0 as a float64 of {of}, got none"
    with pytest.raises(ValueError, match=message):
        fastsgd.fit(X, y, sample_weight=weights, validation=0.5, seed=0)


@pytest.mark.parametrize("loss", ["logistic", "softmax"])
def test_rows_held_out_of_classes_that_count_for_nothing_are_refused(loss):
    X, y = np.ones((6, 1)), np.array(list("aabbbb"))
    others = X[:2], y[:2]
    with pytest.raises(ValueError, match="class_weight: expected at least one above 0"):
        fastsgd.fit(X, y, loss=loss, class_weight={"a": 0}, validation=others)


def test_rows_held_out_judge_the_averages():
    (X, y), (rows, numbers), seen = data(), data(90), []
    options = {"average": True, "lr": 0.3, "batch_size": 2, "epochs": 5, "seed": 0}
    options["callback"] = lambda model, epoch: seen.append(model)
    model = fastsgd.fit(X, y, validation=(rows, numbers), **options)
    losses = [((rows @ m.w + m.b - numbers) ** 2).mean() / 2 for m in seen]
    np.testing.assert_allclose(model.history.validation_loss, losses, rtol=1e-12)
    np.testing.assert_array_equal(model.w, seen[np.argmin(losses)].w)
